"""A dispatcher's words and a real dispatcher process: what is said changes the plan."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.events import PLAN_CHANGED
from tests.api_world import World, iso
from tests.conftest import WaitUntil
from tests.dispatcher_process import dispatching, zone_where_it_is_ten
from tests.intake_world import CITY, HOME, depot, order, policy, shift, vehicle
from tests.sse import stream

PLAN = f"/cities/{CITY}/plan"


@pytest.fixture
def city(world: World, wait_until: WaitUntil, tmp_path: Path) -> Iterator[World]:
    """Let a real dispatcher plan a city of one depot and two vans."""
    now = world.clock()
    body = {"name": "Here", "time_zone": zone_where_it_is_ten(now), "policy": policy()}
    world.put(f"/cities/{CITY}", body, status=201)
    world.put("/depots/depot-1", depot(), status=201)
    hours = {"from_at": iso(now - timedelta(hours=1)), "until_at": iso(now + timedelta(hours=9))}
    for number in (1, 2):
        van = vehicle(max_trips=4, cost_per_km=150, cost_per_h=4000)
        world.put(f"/vehicles/van-{number}", van, status=201)
        on_duty = shift(**hours, vehicle_id=f"van-{number}")
        world.put(f"/shifts/shift-{number}", on_duty, status=201)
    with dispatching(world, CITY, wait_until, tmp_path / "dispatch.log", batch_s="0"):
        yield world


def send(world: World, order_id: str, north_deg: float) -> None:
    """Order something so far north of the depot, and wait for its promise."""
    body = order(order_id, lat_deg=HOME["lat_deg"] + north_deg) | {"placed_at": iso(world.clock())}
    answer = world.post("/orders?wait_s=10", body, **{"Idempotency-Key": f"key-{order_id}"})
    assert answer["promise"]["state"] == "promised"


def brought_by(world: World, order_id: str) -> str:
    plan = world.get(PLAN)
    (vehicle_id,) = {
        trip["vehicle_id"]
        for trip in plan["trips"]
        for stop in trip["stops"]
        if stop["order_id"] == order_id
    }
    return str(vehicle_id)


def say(world: World, command_id: str, kind: str, **more: Any) -> Any:
    """Say it about the plan that stands; look again as often as another version was quicker."""
    while True:
        body = {"command_id": command_id, "kind": kind, **more}
        body["base_version"] = world.get(PLAN)["version"]
        answer = world.client.post(f"/cities/{CITY}/commands", json=body)
        if answer.status_code != 409 or not answer.json()["type"].endswith(":stale-plan"):
            return answer


def test_a_pin_moves_an_order_and_its_undoing_lets_it_go(city: World) -> None:
    send(city, "order-1", 0.01)
    send(city, "order-2", -0.01)
    other = {"van-1": "van-2", "van-2": "van-1"}[brought_by(city, "order-1")]
    pinned = say(city, "cmd-1", "pin", order_id="order-1", vehicle_id=other)
    assert pinned.status_code == 201, pinned.text
    outcome = pinned.json()["outcome"]
    assert outcome["accepted"]
    assert brought_by(city, "order-1") == other
    (pin,) = city.get(PLAN)["pins"]
    assert (pin["order_id"], pin["vehicle_id"], pin["price"]) == (
        "order-1",
        other,
        outcome["price"],
    )
    version = outcome["version"]
    (change,) = [
        change
        for change in city.get(f"{PLAN}/versions/{version}/changes")
        if change["order_id"] == "order-1"
    ]
    assert (change["what"], change["to_vehicle"]) == ("moved", other)
    undone = say(city, "cmd-2", "undo", undo_version=version)
    assert undone.status_code == 201, undone.text
    assert city.get(PLAN)["pins"] == []


def test_what_cannot_be_done_is_refused_with_the_dispatchers_reason(city: World) -> None:
    send(city, "order-1", 0.01)
    refused = say(city, "cmd-1", "release", order_id="order-1")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":command-refused")
    assert "neither pinned nor held" in refused.json()["detail"]


def test_a_vehicle_that_breaks_down_loses_its_orders_and_the_stream_tells(city: World) -> None:
    send(city, "order-1", 0.01)
    broken = brought_by(city, "order-1")
    other = {"van-1": "van-2", "van-2": "van-1"}[broken]
    with stream(city, f"/cities/{CITY}/stream") as said:
        ready = next(said)
        since = {"city_id": CITY, "from_at": iso(city.clock())}
        breakdown = {"kind": "breakdown", "vehicle_id": broken, "details": HOME}
        city.put("/disruptions/d-1", breakdown | since, status=201)
        told = (
            one.data["data"]
            for one in said
            if one.event == "event" and one.data["type"] == PLAN_CHANGED
        )
        # The plan may have been searched for another reason in between.
        version = next(plan["version"] for plan in told if brought_by(city, "order-1") == other)
    assert version > ready.data["version"]
