"""An order and a real dispatcher: the promise comes with the answer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_world import World, iso
from tests.conftest import WaitUntil
from tests.dispatcher_process import dispatching, zone_where_it_is_ten
from tests.intake_world import CITY, depot, order, policy, shift, vehicle


@pytest.fixture
def city(world: World) -> World:
    """Put a city in the middle of its day, with a depot, a van and its shift."""
    now = world.clock()
    body = {"name": "Here", "time_zone": zone_where_it_is_ten(now), "policy": policy()}
    world.put(f"/cities/{CITY}", body, status=201)
    world.put("/depots/depot-1", depot(lat_deg=31.24, lon_deg=121.44), status=201)
    world.put("/vehicles/van-1", vehicle(max_trips=4), status=201)
    on_duty = {"from_at": iso(now - timedelta(hours=1)), "until_at": iso(now + timedelta(hours=9))}
    world.put("/shifts/shift-1", shift(**on_duty), status=201)
    return world


@pytest.fixture
def dispatched(city: World, wait_until: WaitUntil, tmp_path: Path) -> Iterator[World]:
    """Run the city's dispatcher, as its own process."""
    with dispatching(city, CITY, wait_until, tmp_path / "dispatch.log"):
        yield city


def send(world: World, body: dict[str, Any]) -> Any:
    headers = {"Idempotency-Key": f"key-{body['order_id']}"}
    body |= {"placed_at": iso(world.clock())}
    return world.post("/orders?wait_s=10", body, status=201, **headers)


def test_an_order_is_promised_within_its_tier_by_a_real_dispatcher(dispatched: World) -> None:
    promise = send(dispatched, order())["promise"]
    assert promise["state"] == "promised"
    assert promise["depot_id"] == "depot-1"
    due_at = datetime.fromisoformat(promise["due_at"])
    assert due_at - datetime.now(UTC) <= timedelta(hours=4)
    assert dispatched.get("/orders/order-1/promise") == promise


def test_what_no_vehicle_can_carry_is_not_promised(dispatched: World) -> None:
    promise = send(dispatched, order(chilled_g=90_001))["promise"]  # the van carries 90 kg
    assert promise["state"] == "impossible"
    assert promise["due_at"] is None
    assert promise["reason"]


def test_a_cancelled_order_leaves_the_plan(dispatched: World, wait_until: WaitUntil) -> None:
    def planned() -> list[Any]:
        return dispatched.sql(
            "SELECT order_id FROM plan_stops WHERE to_version IS NULL AND kind = 'deliver'"
        )

    send(dispatched, order())
    wait_until(lambda: planned() == [("order-1",)], timeout_s=30, what="the plan")
    cancelled = {"at": iso(dispatched.clock())}
    dispatched.put("/orders/order-1/milestones/cancelled", cancelled)
    wait_until(lambda: planned() == [], timeout_s=30, what="the plan without it")
