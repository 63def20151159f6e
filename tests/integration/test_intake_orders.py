"""Orders with a delivery: what is refused, what is written, and what is promised at once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from api.intake import examples, fleet_examples
from tests.api_world import T0, World, iso, minutes
from tests.conftest import WaitUntil
from tests.intake_world import (
    CITY,
    HOME,
    SUBURB_HOME,
    answer,
    dispatcher,
    locker,
    order,
    policy,
    put_city,
    square,
)

OUTSIDE = {"lat_deg": 31.35, "lon_deg": 121.45}


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api with a city, at a fixed time."""
    wiped_world.fixed_now = T0
    put_city(wiped_world)
    return wiped_world


def send(
    world: World, body: dict[str, Any], *, status: int = 202, key: str = "", wait_s: float = 0
) -> Any:
    headers = {"Idempotency-Key": key or f"key-{body['order_id']}"}
    return world.post(f"/orders?wait_s={wait_s}", body, status=status, **headers)


def refused(world: World, status: int, *, level: str = "gold", **delivery: Any) -> str:
    detail: str = send(world, order(level=level, **delivery), status=status)["detail"]
    assert world.sql("SELECT order_id FROM orders") == []
    return detail


def test_an_order_is_not_placed_in_the_future(world: World) -> None:
    early = order() | {"placed_at": iso(T0 + minutes(5.1))}
    problem = send(world, early, status=422)
    assert problem["type"] == "urn:frostline:problem:still-to-come"
    assert problem["detail"].startswith("placed_at is 2026-11-21T02:05:06+00:00, and it is only")
    assert [fault["where"] for fault in problem["errors"]] == ["body.placed_at"]
    assert world.sql("SELECT order_id FROM orders") == []
    send(world, early | {"placed_at": iso(T0 + minutes(5))})


# What is written ---------------------------------------------------------------------------------


def test_an_order_is_written_as_requested_with_its_area_and_tier(world: World) -> None:
    made = send(world, order(level="diamond"))
    assert made["delivery"] == {
        "city_id": CITY,
        **HOME,
        "address": None,
        "area": "centre",
        "tier_h": 2,
        "frozen_g": 0,
        "chilled_g": 3500,
        "ambient_g": 0,
        "service_s": 180,
        "wish": "fastest",
        "window_from": None,
        "window_until": None,
        "locker_id": None,
        "requested_at": "2026-11-21T02:00:00Z",
    }
    assert made["promise"]["state"] == "requested"
    assert [c["goods_value"] for c in made["consignments"]] == [12_800]
    assert world.sql("SELECT order_id, tier_h, area FROM deliveries") == [("order-1", 2, "centre")]


@pytest.mark.parametrize(
    ("level", "home", "tier_h", "area"),
    [
        ("diamond", HOME, 2, "centre"),
        ("diamond", SUBURB_HOME, 4, "suburb"),  # two hours are promised in the centre only
        ("gold", HOME, 4, "centre"),
        ("silver", SUBURB_HOME, 6, "suburb"),
    ],
)
def test_the_tier_follows_from_level_and_area(
    world: World, level: str, home: dict[str, float], tier_h: int, area: str
) -> None:
    made = send(world, order(level=level, **home))["delivery"]
    assert (made["tier_h"], made["area"]) == (tier_h, area)


def test_an_address_is_looked_up_however_it_is_spelled(world: World) -> None:
    given = {"address": "12 Xinzha Road", **SUBURB_HOME}
    world.put(f"/cities/{CITY}/addresses", {"addresses": [given]})
    made = send(world, order(lat_deg=None, lon_deg=None, address=" 12  XINZHA road"))
    assert {name: made["delivery"][name] for name in SUBURB_HOME} == SUBURB_HOME


def test_coordinates_go_before_an_address(world: World) -> None:
    made = send(world, order(address="nobody knows it"))["delivery"]
    assert (made["lat_deg"], made["address"]) == (HOME["lat_deg"], "nobody knows it")


def test_without_delivery_an_order_is_what_it_was(world: World) -> None:
    made = world.order("order-1", "chilled")
    assert "delivery" not in made
    assert "promise" not in made
    assert world.client.get("/orders/order-1/promise").status_code == 404


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        ({"lat_deg": 0, "lon_deg": 0}, "0,0"),
        ({"lon_deg": None}, "give both lat_deg and lon_deg"),
        ({"lat_deg": None, "lon_deg": None}, "give lat_deg and lon_deg, or an address"),
        ({"lat_deg": 91}, "a latitude is"),
        ({"wish": "window"}, "needs window_from and window_until"),
        ({"window_from": iso(T0)}, "belong to the wish window"),
        (
            {"wish": "window", "window_from": iso(T0), "window_until": iso(T0)},
            "window_until must come after window_from",
        ),
        ({"wish": "locker"}, "needs locker_id"),
        ({"wish": "soon"}, "'fastest'"),
        ({"chilled_g": 0}, "give its weight as chilled_g"),
        ({"frozen_g": 100}, "no consignment is frozen"),
        ({"chilled_g": -1}, "greater than or equal to 0"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_malformed_delivery_is_told_where(
    world: World, delivery: dict[str, Any], said: str
) -> None:
    assert said in refused(world, 422, **delivery)


def test_an_order_is_due_by_its_promise_or_by_a_given_time(world: World) -> None:
    problem = send(world, order() | {"due_at": iso(T0 + minutes(60))}, status=422)
    assert "leave due_at out" in problem["detail"]


def test_a_place_outside_the_areas_is_refused(world: World) -> None:
    assert refused(world, 409, **OUTSIDE) == (
        "31.35, 121.45 lies outside the areas where shanghai delivers."
    )


def test_a_hole_in_an_area_is_outside(world: World) -> None:
    area = square("centre", 121.40)
    hole = [[121.44, 31.24], [121.46, 31.24], [121.46, 31.26], [121.44, 31.26], [121.44, 31.24]]
    area["geometry"]["coordinates"].append(hole)
    put_city(
        world,
        status=200,
        tiers=[{"hours": 4, "levels": ["gold"]}],
        areas={"type": "FeatureCollection", "features": [area]},
    )
    assert "outside" in refused(world, 409)
    send(world, order(lat_deg=31.21))


def test_a_level_without_a_tier_is_refused(world: World) -> None:
    assert "no tier for the level bronze in centre" in refused(world, 409, level="bronze")


def test_what_a_delivery_names_must_be_there(world: World) -> None:
    assert refused(world, 404, city_id="nowhere") == "There is no city nowhere."
    nowhere = {"lat_deg": None, "lon_deg": None, "address": "1 Nowhere"}
    assert "that reads 1 Nowhere" in refused(world, 404, **nowhere)
    assert "locker in shanghai named l-9" in refused(world, 404, wish="locker", locker_id="l-9")


def window(from_h: float, until_h: float) -> dict[str, Any]:
    """Return a wish in hours of Shanghai; T0 is 10:00 there."""
    begins, ends = (T0 + timedelta(hours=h - 10) for h in (from_h, until_h))
    return {"wish": "window", "window_from": iso(begins), "window_until": iso(ends)}


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ((7, 9.5), "is over"),
        ((14, 15.9), "The shortest window is 7200 s"),
        ((21.5, 23.5), "leaves the opening hours, 08:00 to 23:00 in Asia/Shanghai"),
        ((31.9, 34), "leaves the opening hours"),  # 7:54 of the next morning
        ((22, 25), "goes over midnight"),
    ],
)
def test_an_impossible_window_is_refused(
    world: World, hours: tuple[float, float], said: str
) -> None:
    assert said in refused(world, 409, **window(*hours))


@pytest.mark.parametrize("hours", [(14, 16), (21, 23), (32, 34), (9, 11)])
def test_a_possible_window_is_requested(world: World, hours: tuple[float, float]) -> None:
    made = send(world, order(**window(*hours)))["delivery"]
    assert made["wish"] == "window"


def test_an_order_has_the_time_zone_of_its_city_unless_it_says_another(world: World) -> None:
    body = {"name": "Lon", "time_zone": "Europe/London", "policy": policy()}
    world.put("/cities/lon", body, status=201)
    zones = [
        send(world, order(order_id, city_id="lon") | more)["time_zone"]
        for order_id, more in (("o-1", {}), ("o-2", {"time_zone": "Asia/Tokyo"}))
    ]
    assert zones == ["Europe/London", "Asia/Tokyo"]


def test_an_order_to_a_locker_goes_where_the_locker_is(world: World) -> None:
    world.put("/lockers/l-1", locker(**SUBURB_HOME), status=201)
    nowhere = {"lat_deg": None, "lon_deg": None}
    made = send(world, order(wish="locker", locker_id="l-1", **nowhere))["delivery"]
    assert (made["lon_deg"], made["area"]) == (SUBURB_HOME["lon_deg"], "suburb")


def test_who_lives_outside_may_fetch_from_a_locker(world: World) -> None:
    world.put("/lockers/l-1", locker(), status=201)
    send(world, order(wish="locker", locker_id="l-1", **OUTSIDE))


@pytest.mark.parametrize("change", [{"closed_at": iso(T0)}, {"compartments": 0}])
def test_a_locker_that_takes_nothing_is_refused(world: World, change: dict[str, Any]) -> None:
    world.put("/lockers/l-1", locker(**change), status=201)
    assert "The locker l-1" in refused(world, 409, wish="locker", locker_id="l-1")


# The answer --------------------------------------------------------------------------------------


def test_with_no_dispatcher_the_answer_says_so_at_once(world: World) -> None:
    headers = {"Idempotency-Key": "key-1"}
    answered = world.client.post("/orders?wait_s=10", json=order(), headers=headers)
    assert answered.status_code == 202
    assert answered.headers["Location"] == "/orders/order-1/promise"
    assert "No dispatcher runs for shanghai" in answered.json()["promise"]["reason"]
    assert answered.elapsed < timedelta(seconds=5)


def test_a_dispatcher_that_is_slow_is_waited_for_as_long_as_asked(world: World) -> None:
    with dispatcher(world):
        made = send(world, order(), wait_s=0.2)
    assert made["promise"]["reason"] == "The dispatcher has not answered yet; look again."


def test_another_citys_dispatcher_is_nobodys(world: World) -> None:
    with dispatcher(world, "suzhou"):
        made = send(world, order(), wait_s=0.2)
    assert "No dispatcher runs" in made["promise"]["reason"]


def test_the_answer_carries_the_promise_once_it_is_made(
    world: World, wait_until: WaitUntil
) -> None:
    due_at = T0 + timedelta(hours=4)
    with dispatcher(world) as connection, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(send, world, order(), status=201, wait_s=10)
        wait_until(lambda: world.sql("SELECT order_id FROM deliveries"), what="the order")
        answer(connection, "order-1", at=T0, due_at=due_at)
        promise = asked.result()["promise"]
    assert promise == {
        "order_id": "order-1",
        "city_id": CITY,
        "state": "promised",
        "due_at": "2026-11-21T06:00:00Z",
        "not_before": None,
        "depot_id": "depot-1",
        "alternates": [],
        "offers": [],
        "accepted_offer": None,
        "reason": "a test",
        "version": 7,
        "decided_at": "2026-11-21T02:00:00Z",
    }


def test_a_repeated_key_writes_nothing_and_says_what_was_promised_since(world: World) -> None:
    first = send(world, order(), key="key-1")
    with dispatcher(world) as connection:
        answer(connection, "order-1", at=T0, due_at=T0 + minutes(240))
    again = send(world, order(), key="key-1", status=201)
    assert again["promise"]["state"] == "promised"
    assert again == first | {"promise": again["promise"], "due_at": again["promise"]["due_at"]}
    assert world.sql("SELECT count(*) FROM events") == [(1,)]


def test_a_repeated_key_with_another_delivery_is_a_conflict(world: World) -> None:
    send(world, order(), key="key-1")
    problem = send(world, order(chilled_g=3600), key="key-1", status=409)
    assert problem["type"] == "urn:frostline:problem:key-reused"


def test_a_taken_order_id_is_a_conflict(world: World) -> None:
    send(world, order(), key="key-1")
    problem = send(world, order(), key="key-2", status=409)
    assert problem["type"] == "urn:frostline:problem:already-exists"


@pytest.mark.parametrize("wait_s", ["-1", "10.1", "nan", "soon"])
def test_nobody_waits_longer_than_ten_seconds(world: World, wait_s: str) -> None:
    headers = {"Idempotency-Key": "key-1"}
    answered = world.client.post(f"/orders?wait_s={wait_s}", json=order(), headers=headers)
    assert answered.status_code == 422


# Whatever is sent --------------------------------------------------------------------------------

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    1e308,
    "",
    "\u0000",
    "x" * 3000,
    "\ud800",
    "2026-11-21",
    "9999-12-31T23:59:59Z",
    [],
    [None],
    {"a": {}},
)


def put_junk(value: Any) -> Iterator[Any]:
    """Yield a document with junk in one place after the other, at any depth."""
    yield from JUNK
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: junk} for junk in put_junk(inner))
    if isinstance(value, list) and value:
        yield from ([junk, *value[1:]] for junk in put_junk(value[0]))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/cities/junk", {"policy": fleet_examples.POLICY}),
        ("PUT", "/cities/shanghai/addresses", fleet_examples.NEW_ADDRESSES),
        ("PUT", "/shifts/junk", {"breaks": fleet_examples.SHIFT_DETAILS["breaks"]}),
        ("POST", "/orders?wait_s=0", {"delivery": examples.NEW_DELIVERY}),
    ],
)
def test_whatever_is_sent_the_answer_is_no_fault(
    world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    usual = {
        "/cities/junk": fleet_examples.CITY_DETAILS,
        "/shifts/junk": fleet_examples.SHIFT_DETAILS,
    }
    base: dict[str, Any] = usual.get(path, {})
    if method == "POST":
        base = examples.NEW_DELIVERED_ORDER
    for number, junk in enumerate(put_junk(body)):
        if isinstance(junk, dict):
            content = json.dumps({**base, **junk}).encode()
            headers = {"Content-Type": "application/json", "Idempotency-Key": f"key-{number}"}
            answered = world.client.request(method, path, content=content, headers=headers)
            assert answered.status_code < 500, content


@pytest.mark.parametrize("odd", ["%00", "-1", "9" * 40, "a" * 300, "%F0%9F%A7%8A"])
@pytest.mark.parametrize(
    "path",
    [
        "/cities/shanghai/addresses?after=",
        "/depots?city_id=shanghai&after=",
        "/vehicles?city_id=",
        "/orders/order-1/promise?wait_s=",
    ],
)
def test_an_odd_parameter_is_no_fault(world: World, path: str, odd: str) -> None:
    send(world, order())
    assert world.client.get(path + odd).status_code < 500
