"""What happens in a city, as it happens: server-sent events from a real server."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import psycopg
import pytest

from schemas.events import ORDER_PROMISED, PLAN_CHANGED
from tests.api_world import T0, World, iso, minutes
from tests.dispatch_rows import CITY, CityRows
from tests.sse import Said, stream

STREAM = f"/cities/{CITY}/stream"


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


@pytest.fixture
def city(world: World) -> CityRows:
    """Write a city of one van that was not seen yet."""
    city = CityRows(world)
    city.vehicle("van-1")
    return city


def next_event(said: Iterator[Said]) -> Said:
    return next(one for one in said if one.event == "event")


def test_a_new_plan_is_told(world: World, city: CityRows) -> None:
    city.plan(1)
    with stream(world, STREAM) as said:
        ready = next(said)
        assert (ready.event, ready.data["version"]) == ("ready", 1)
        city.tell(PLAN_CHANGED, {"city_id": CITY, "version": 2})
        told = next_event(said)
    assert told.data["type"] == PLAN_CHANGED
    assert told.data["data"] == {"city_id": CITY, "version": 2}


def test_what_is_told_of_its_orders_is_told_and_nothing_of_other_cities(
    world: World, city: CityRows
) -> None:
    CityRows(world, "suzhou").order("order-2")
    world.order("order-3")  # of no city
    city.order("order-1")
    with stream(world, STREAM) as said:
        next(said)
        for order_id in ("order-2", "order-3", "order-1"):
            world.put(f"/orders/{order_id}/milestones/packed", {"at": iso(T0)})
        told = next_event(said)
    assert (told.data["order_id"], told.data["data"]["step"]) == ("order-1", "packed")


def test_commands_and_disruptions_are_told(world: World, city: CityRows) -> None:
    city.order("order-1")
    with stream(world, STREAM) as said:
        next(said)
        failed = {"kind": "cooling_failed", "vehicle_id": "van-1", "from_at": iso(T0)}
        world.put("/disruptions/d-1", {"city_id": CITY, **failed}, status=201)
        assert next_event(said).data["type"] == "frostline.disruption.recorded"
        release = {"kind": "release", "order_id": "order-1", "base_version": 0}
        world.post(f"/cities/{CITY}/commands", {"command_id": "cmd-1", **release}, status=202)
        told = next_event(said).data
    assert (told["type"], told["data"]["command_id"]) == ("frostline.command.given", "cmd-1")


def test_positions_are_told_when_they_change(world: World, city: CityRows) -> None:
    begun = world.clock() - minutes(1)
    city.position("van-1", begun, 31.20, 121.45)
    with stream(world, STREAM) as said:
        first = next(one for one in said if one.event == "positions").data["vehicles"]
        city.position("van-1", begun + timedelta(seconds=30), 31.21, 121.46)
        second = next(one for one in said if one.event == "positions").data["vehicles"]
    assert [(v["vehicle_id"], v["lat_deg"]) for v in first] == [("van-1", 31.20)]
    assert [(v["vehicle_id"], v["lat_deg"]) for v in second] == [("van-1", 31.21)]


def test_who_comes_back_is_told_what_he_missed(world: World, city: CityRows) -> None:
    with stream(world, STREAM) as said:
        next(said)
        city.tell(PLAN_CHANGED, {"city_id": CITY, "version": 1})
        last = next_event(said).id
    for version in (2, 3):
        city.tell(PLAN_CHANGED, {"city_id": CITY, "version": version})
    with stream(world, STREAM, **{"Last-Event-ID": last}) as said:
        assert [next_event(said).data["data"]["version"] for _ in range(2)] == [2, 3]


def test_a_position_of_another_database_asks_for_a_reload(world: World, city: CityRows) -> None:
    city.plan(1)
    with stream(world, STREAM, **{"Last-Event-ID": "4000000000000-1"}) as said:
        assert [next(said).event, next(said).event] == ["ready", "reload"]


def test_hundreds_of_promises_in_one_moment_close_no_stream(world: World, city: CityRows) -> None:
    """A queue of an order's stream holds 64; a plan tells an event an order."""
    with stream(world, STREAM) as said:
        next(said)
        with psycopg.connect(world.settings.database_url) as writer:
            writer.execute(
                "INSERT INTO events (at, type, order_id, data) "
                "SELECT %s, %s, 'order-' || n, jsonb_build_object('city_id', %s::text, 'n', n) "
                "FROM generate_series(1, 700) n",
                (T0, ORDER_PROMISED, city.city_id),
            )
            writer.execute("NOTIFY frostline")
        numbers = [next_event(said).data["data"]["n"] for _ in range(700)]
    assert numbers == list(range(1, 701))


def test_a_stream_needs_a_token_and_a_city(world: World, city: CityRows) -> None:
    url = f"{world.settings.public_url}{STREAM}"
    assert httpx.get(url, trust_env=False).status_code == 401
    assert world.client.get(STREAM, headers=world.bearer("orders:read")).status_code == 403
    assert world.client.get(f"/cities/not-{city.city_id}/stream").status_code == 404


@pytest.mark.usefixtures("city")
def test_a_stream_ends_with_its_token(world: World) -> None:
    token = world.token("dispatch:read", expires_at=world.clock() + timedelta(seconds=2))
    with stream(world, STREAM, Authorization=f"Bearer {token}") as said:
        assert [next(said).event, next(said).event] == ["ready", "end"]
