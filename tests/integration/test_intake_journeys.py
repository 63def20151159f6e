"""Cancelled twice, cancelled after delivered, delivered before packed: a clear answer each."""

from typing import Any

import pytest

from tests.api_world import T0, World, iso, minutes
from tests.intake_world import order, put_city

CONTRADICTED = "urn:frostline:problem:journey-contradicted"


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api with an order to be delivered, at a fixed time."""
    wiped_world.fixed_now = T0
    put_city(wiped_world)
    headers = {"Idempotency-Key": "key-1"}
    wiped_world.post("/orders?wait_s=0", order(), status=202, **headers)
    wiped_world.fixed_now = T0 + minutes(120)
    return wiped_world


def say(world: World, milestone: str, after_min: float, *, status: int = 200) -> Any:
    body = {"at": iso(T0 + minutes(after_min))}
    return world.put(f"/orders/order-1/milestones/{milestone}", body, status=status)


def hand_over(world: World, step: str, after_min: float, *, status: int = 201) -> Any:
    body = {"step": step, "at": iso(T0 + minutes(after_min)), "person": "courier-12"}
    return world.post("/orders/order-1/handovers", body, status=status)


def told(world: World) -> list[str]:
    rows = world.sql(
        "SELECT data ->> 'step' FROM events WHERE type = 'frostline.order.milestone' "
        "ORDER BY event_id"
    )
    return [step for (step,) in rows]


def test_cancelling_again_changes_nothing_and_another_time_is_refused(world: World) -> None:
    first = say(world, "cancelled", 10)
    assert say(world, "cancelled", 10) == first
    assert told(world) == ["cancelled"]
    problem = say(world, "cancelled", 11, status=409)
    assert problem["detail"] == "The order was cancelled at 2026-11-21T02:10:00+00:00; that stands."


def test_a_delivered_order_is_not_cancelled(world: World) -> None:
    say(world, "packed", 10)
    say(world, "delivered", 60)
    problem = say(world, "cancelled", 61, status=409)
    assert problem["type"] == CONTRADICTED
    assert "it can't be cancelled any more" in problem["detail"]
    assert told(world) == ["packed", "delivered"]


def test_an_order_is_not_cancelled_before_it_was_packed(world: World) -> None:
    hand_over(world, "packed", 100)
    problem = say(world, "cancelled", 10, status=409)
    assert problem["type"] == CONTRADICTED
    assert "packed at 2026-11-21T03:40:00+00:00" in problem["detail"]
    say(world, "cancelled", 101)


def test_a_cancelled_order_is_not_delivered(world: World) -> None:
    say(world, "packed", 10)
    say(world, "cancelled", 20)
    assert say(world, "delivered", 60, status=409)["type"] == CONTRADICTED


def test_an_order_is_not_delivered_before_it_is_packed(world: World) -> None:
    problem = say(world, "delivered", 60, status=409)
    assert problem["detail"] == "Nobody has packed the order; say packed first, then delivered."
    assert hand_over(world, "signed", 60, status=409)["type"] == CONTRADICTED
    assert world.get("/orders/order-1/handovers") == []
    hand_over(world, "packed", 10)
    assert hand_over(world, "departed", 4, status=409)["type"] == CONTRADICTED
    hand_over(world, "departed", 20)
    hand_over(world, "signed", 60)
    assert told(world) == ["packed", "departed", "signed", "delivered"]


def test_what_was_loaded_was_packed(world: World) -> None:
    hand_over(world, "loaded", 10)
    hand_over(world, "signed", 60)
    assert told(world)[-1] == "delivered"


def test_an_order_that_others_deliver_needs_no_packing(world: World) -> None:
    world.order("order-2")
    world.put("/orders/order-2/milestones/delivered", {"at": iso(T0 + minutes(60))})


def test_a_cancelled_orders_goods_come_back(world: World) -> None:
    hand_over(world, "packed", 10)
    say(world, "cancelled", 20)
    hand_over(world, "returned", 60)
    assert told(world) == ["packed", "cancelled", "returned"]


@pytest.mark.parametrize("step", ["packed", "departed", "arrived"])
def test_a_cancelled_order_reaches_no_milestone_by_a_handover(world: World, step: str) -> None:
    say(world, "cancelled", 20)
    problem = hand_over(world, step, 25, status=409)
    assert problem["type"] == CONTRADICTED
    assert f"it can't be {step} after that" in problem["detail"]
    assert world.get("/orders/order-1/handovers") == []
    assert told(world) == ["cancelled"]
    for after_min, goes_on in enumerate(("loaded", "refused", "signed", "returned"), start=30):
        hand_over(world, goes_on, after_min)
    journey = [m["milestone"] for m in world.get("/orders/order-1")["milestones"]]
    assert journey == ["placed", "cancelled"]


def test_a_step_before_the_cancellation_may_be_said_after_it(world: World) -> None:
    say(world, "cancelled", 20)
    hand_over(world, "packed", 15)
    assert told(world) == ["cancelled", "packed"]


@pytest.mark.parametrize("step", ["packed", "loaded", "departed", "signed", "returned"])
def test_a_handover_does_not_come_before_its_time(world: World, step: str) -> None:
    world.fixed_now = T0 + minutes(20)
    hand_over(world, "packed", 10)
    problem = hand_over(world, step, 25.1, status=422)
    assert problem["type"] == "urn:frostline:problem:still-to-come"
    assert problem["detail"].startswith(
        "at is 2026-11-21T02:25:06+00:00, and it is only 2026-11-21T02:20:00+00:00; give the time"
    )
    assert [fault["where"] for fault in problem["errors"]] == ["body.at"]
    assert len(world.get("/orders/order-1/handovers")) == 1
    hand_over(world, step, 25)


@pytest.mark.parametrize("milestone", ["packed", "delivered", "cancelled"])
def test_a_milestone_is_not_reached_before_its_time(world: World, milestone: str) -> None:
    world.fixed_now = T0 + minutes(20)
    hand_over(world, "loaded", 10)
    problem = say(world, milestone, 10_000, status=422)
    assert problem["type"] == "urn:frostline:problem:still-to-come"
    say(world, milestone, 25)


def test_what_the_dispatcher_saw_stands_in_the_journey(world: World) -> None:
    hand_over(world, "packed", 10)
    hand_over(world, "departed", 20)
    for step, after_min in (("next_stop", 30), ("arriving", 35)):
        row = "INSERT INTO milestones (order_id, milestone, at) VALUES ('order-1', %s, %s)"
        world.sql(row, step, T0 + minutes(after_min))
    say(world, "delivered", 40)
    journey = [m["milestone"] for m in world.get("/orders/order-1")["milestones"]]
    assert journey == ["placed", "packed", "departed", "next_stop", "arriving", "delivered"]
    page = world.client.get(world.link("order-1"), headers={"Accept-Language": "en"})
    assert page.status_code == 200
