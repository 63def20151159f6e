"""Cities, addresses, depots, stock, lockers, vehicles and shifts, over HTTP and a real database."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api_world import T0, World, iso, minutes
from tests.intake_world import CITY, depot, locker, policy, put_city, shift, square, vehicle


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty, at a fixed time."""
    wiped_world.fixed_now = T0
    return wiped_world


@pytest.fixture
def fleet(world: World) -> World:
    """Put a city with a depot, a van and its shift."""
    put_city(world)
    world.put("/depots/depot-1", depot(), status=201)
    world.put("/vehicles/van-1", vehicle(), status=201)
    world.put("/shifts/shift-1", shift(), status=201)
    return world


# Cities ------------------------------------------------------------------------------------------


def test_a_city_is_put_with_its_policy_and_read_again(world: World) -> None:
    put = put_city(world)
    assert put["loaded_at"] == "2026-11-21T02:00:00Z"
    # Deliveries are made from 8:00 to 23:00 unless the policy says otherwise.
    assert (put["policy"]["opens_s"], put["policy"]["closes_s"]) == (28_800, 82_800)
    assert world.get(f"/cities/{CITY}") == put
    assert [city["city_id"] for city in world.get("/cities")] == [CITY]


def test_a_city_that_is_put_again_has_the_newest_policy(world: World) -> None:
    put_city(world)
    put_city(world, status=200, closes_s=72_000)
    assert world.get(f"/cities/{CITY}")["policy"]["closes_s"] == 72_000


def unclosed() -> dict[str, Any]:
    feature = square("centre", 121.40)
    feature["geometry"]["coordinates"][0].pop()
    return feature


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tiers": []}, "at least 1 item"),
        ({"tiers": [{"hours": 2, "levels": ["gold"], "areas": ["north"]}]}, "the area north"),
        ({"opens_s": 80_000, "closes_s": 70_000}, "opens_s must come before closes_s"),
        ({"areas": {"type": "FeatureCollection", "features": []}}, "at least 1 item"),
        ({"areas": {"type": "FeatureCollection", "features": [unclosed()]}}, "repeat its first"),
        # Latitude and longitude the other way round: there is no 121 degrees north.
        (
            {"areas": {"type": "FeatureCollection", "features": [square("x", 31.2, 121.4)]}},
            "longitude, latitude",
        ),
    ],
)
def test_a_policy_that_could_not_hold_is_refused(
    world: World, changes: dict[str, Any], said: str
) -> None:
    assert said in put_city(world, status=422, **changes)["detail"]


def test_a_typing_error_in_a_policy_is_refused(world: World) -> None:
    body = {"name": "x", "time_zone": "Asia/Shanghai", "policy": policy() | {"closes": 1}}
    assert "policy.closes" in world.put(f"/cities/{CITY}", body, status=422)["detail"]


def test_addresses_are_added_and_put_right(world: World) -> None:
    put_city(world)
    path = f"/cities/{CITY}/addresses"
    one = {"address": "12 Xinzha  Road", "lat_deg": 31.25, "lon_deg": 121.45}
    two = {"address": "8 Yan'an Road", "lat_deg": 31.22, "lon_deg": 121.47}
    assert world.put(path, {"addresses": [one, two]})["known"] == 2
    moved = one | {"address": "12 XINZHA Road", "lat_deg": 31.26}
    assert world.put(path, {"addresses": [moved]}) == {"city_id": CITY, "given": 1, "known": 2}
    assert world.get(path)[0] == moved | {"address": "12 xinzha road"}
    assert [a["address"] for a in world.get(path, after="12 xinzha road")] == ["8 yan'an road"]


# What stands and drives --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "missing"),
    [
        (
            "/cities/nowhere/addresses",
            {"addresses": [{"address": "a", "lat_deg": 1, "lon_deg": 1}]},
            "city nowhere",
        ),
        ("/depots/d", depot(city_id="nowhere"), "city nowhere"),
        ("/depots/nowhere/stock/frozen", {"available_g": 1}, "depot nowhere"),
        ("/lockers/l", locker(city_id="nowhere"), "city nowhere"),
        ("/lockers/l", locker(place_id="nowhere"), "place nowhere"),
        ("/vehicles/v", vehicle(depot_id="nowhere"), "depot nowhere"),
        ("/vehicles/v", vehicle(frozen_place_id="nowhere"), "place nowhere"),
        ("/shifts/s", shift(vehicle_id="nowhere"), "vehicle nowhere"),
    ],
)
def test_what_a_thing_names_must_be_there(
    fleet: World, path: str, body: dict[str, Any], missing: str
) -> None:
    assert fleet.put(path, body, status=404)["detail"] == f"There is no {missing}."


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/depots/d", depot(lat_deg=0, lon_deg=0), "0,0"),
        ("/depots/d", depot(lat_deg=91), "latitude"),
        ("/depots/d", depot(orders_per_hour=[5] * 23), "at least 24 items"),
        ("/lockers/l", locker(compartments=-1), "greater than or equal to 0"),
        ("/vehicles/v", vehicle(chilled_g=0), "carries something"),
        ("/vehicles/v", vehicle(kind="train"), "'van'"),
        ("/vehicles/v", vehicle(colour="red"), "colour"),
        ("/shifts/s", shift(drivers=[]), "at least 1 item"),
        ("/shifts/s", shift(drivers=["a", "b", "c"]), "at most 2 items"),
        ("/shifts/s", shift(drivers=["a", "a"]), "two persons"),
        ("/shifts/s", shift(until_at=iso(T0)), "until_at must come after from_at"),
        ("/shifts/s", shift(until_at="2099-01-01T00:00:00Z"), "7 days at most"),
        ("/vehicles/v", vehicle(cost_per_km=100_001), "less than or equal to 100000"),
        ("/vehicles/v", vehicle(door_s=601), "less than or equal to 600"),
        ("/depots/d", depot(orders_per_hour=[10_001] * 24), "less than or equal to 10000"),
    ],
)
def test_what_could_not_be_is_refused(
    fleet: World, path: str, body: dict[str, Any], said: str
) -> None:
    assert said in fleet.put(path, body, status=422)["detail"]


def test_things_are_put_again_and_read_again(fleet: World) -> None:
    assert fleet.put("/depots/depot-1", depot(name="New"))["name"] == "New"
    van = fleet.put("/vehicles/van-1", vehicle(door_s=90))
    assert (van["city_id"], van["door_s"], van["role"]) == (CITY, 90, "regular")
    assert fleet.get("/vehicles/van-1") == van
    assert fleet.get("/vehicles", city_id=CITY) == [van]
    box = fleet.put("/lockers/locker-1", locker(), status=201)
    assert fleet.get("/lockers", city_id=CITY) == [fleet.get("/lockers/locker-1")] == [box]
    assert [d["name"] for d in fleet.get("/depots", city_id=CITY)] == ["New"]
    (day,) = fleet.get("/shifts", city_id=CITY)
    assert day == fleet.get("/shifts/shift-1")
    assert fleet.get("/vehicles", city_id="elsewhere") == []


def test_a_shift_keeps_its_breaks(fleet: World) -> None:
    rest = {
        "earliest_at": "2026-11-21T04:00:00Z",
        "latest_at": "2026-11-21T06:00:00Z",
        "duration_s": 1800,
    }
    fleet.put("/shifts/shift-1", shift(breaks=[rest]))
    assert fleet.get("/shifts/shift-1")["breaks"] == [rest]
    late = rest | {"latest_at": "2026-11-21T10:00:01Z"}  # the shift ends at 10:00
    said = fleet.put("/shifts/shift-1", shift(breaks=[late]), status=422)["detail"]
    assert "a break begins between" in said


def test_a_vehicle_has_one_shift_at_a_time(fleet: World) -> None:
    ends = T0 + timedelta(hours=8)
    after = shift(from_at=iso(ends), until_at=iso(ends + minutes(60)))
    fleet.put("/shifts/shift-2", after, status=201)
    overlapping = after | {"from_at": iso(ends - minutes(1))}
    problem = fleet.put("/shifts/shift-2", overlapping, status=409)
    assert problem["type"] == "urn:frostline:problem:shift-overlaps"
    fleet.put("/shifts/shift-1", shift(cancelled_at=iso(T0)))
    fleet.put("/shifts/shift-2", overlapping)


def test_stock_is_what_was_counted_last(fleet: World) -> None:
    path = "/depots/depot-1/stock/chilled"
    fleet.put(path, {"available_g": 5000})
    fleet.put(path, {"available_g": 9000, "counted_at": iso(T0 - minutes(1))})  # older news
    (stock,) = fleet.get("/depots/depot-1")["stock"]
    assert stock == {
        "zone": "chilled",
        "available_g": 5000,
        "counted_at": "2026-11-21T02:00:00Z",
    }
    fleet.put(path, {"available_g": 0, "counted_at": iso(T0 + minutes(1))})
    assert fleet.get("/depots/depot-1")["stock"][0]["available_g"] == 0


@pytest.mark.parametrize(
    "path", ["/cities/x", "/depots/x", "/lockers/x", "/vehicles/x", "/shifts/x"]
)
def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    assert world.client.get(path).status_code == 404


def test_a_fleet_is_written_by_who_may(world: World) -> None:
    reader = world.bearer("dispatch:read")
    body = {"name": "x", "time_zone": "Asia/Shanghai", "policy": policy()}
    assert world.client.put("/cities/x", json=body, headers=reader).status_code == 403
    assert world.client.get("/cities", headers=reader).status_code == 200
