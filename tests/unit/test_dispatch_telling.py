"""Streams and webhooks hear of each answer, each version, each box in question and each step."""

from dataclasses import replace
from datetime import timedelta

from routing.dispatch.blinding import without_forecasts
from routing.dispatch.decision import (
    Change,
    Decision,
    Milestone,
    NewPlan,
    NewPromise,
    Offer,
    Option,
    Rescue,
)
from routing.dispatch.state import Box, BoxForecast, FailedPlace, PlannedStop
from routing.dispatch.telling import with_events
from routing.plan import Cost
from tests.living_city import at, city_state

CITY = city_state(orders=2)
DUE_AT = at("18:30")


def told(decision: Decision) -> list[tuple[str, str | None, dict[str, object]]]:
    return [(event.type, event.order_id, event.data) for event in with_events(CITY, decision).told]


def promise(state: str) -> NewPromise:
    is_promised = state == "promised"
    plain = NewPromise(
        order_id="order-1",
        state="promised",
        due_at=DUE_AT if is_promised else None,
        not_before=None,
        depot_id="depot-1" if is_promised else None,
        alternates=(),
        offers=() if is_promised else (Offer(due_at=DUE_AT, depot_id="depot-1"),),
        reason="So it is.",
    )
    return plain if is_promised else replace(plain, state="offered")


def stop(vehicle_id: str, order_id: str) -> PlannedStop:
    return PlannedStop(
        vehicle_id=vehicle_id,
        trip=1,
        position=1,
        kind="deliver",
        order_id=order_id,
        depot_id=None,
        to_locker=False,
        arrives_at=DUE_AT,
        earliest_at=DUE_AT,
        latest_at=DUE_AT,
        leaves_at=DUE_AT,
        locked=False,
    )


def test_nothing_is_told_of_nothing() -> None:
    assert told(Decision(now=CITY.now)) == []


def test_a_promise_is_told_with_its_time() -> None:
    ((kind, order_id, data),) = told(Decision(now=CITY.now, promises=(promise("promised"),)))
    assert (kind, order_id) == ("frostline.order.promised", "order-1")
    assert (data["due_at"], data["depot_id"]) == ("2026-07-01T18:30:00+08:00", "depot-1")


def test_an_offer_is_told_with_what_can_be_had() -> None:
    ((kind, _, data),) = told(Decision(now=CITY.now, promises=(promise("offered"),)))
    assert kind == "frostline.order.offered"
    assert data["offers"] == [
        {
            "due_at": "2026-07-01T18:30:00+08:00",
            "window_from": None,
            "locker_id": None,
            "depot_id": "depot-1",
        }
    ]


def test_a_version_names_the_vehicles_that_drive_otherwise() -> None:
    stays, goes, comes = stop("van-1", "a"), stop("van-2", "b"), stop("van-3", "b")
    state = replace(CITY, plan=replace(CITY.plan, version=4, stops=(stays, goes)))
    later = replace(stays, arrives_at=DUE_AT + timedelta(minutes=1))
    moved = Change(
        order_id="b",
        what="moved",
        from_vehicle="van-2",
        to_vehicle="van-3",
        from_at=DUE_AT,
        to_at=DUE_AT,
        why="It is nearer.",
    )
    done = replace(moved, order_id="c", what="done")
    plan = NewPlan(
        base=4,
        reason="late",
        why={},
        engine="search",
        seed=1,
        iterations=50,
        problem_sha256=b"",
        cost=Cost(),
        pins_cost=0,
        took_ms=1,
        stops=(later, comes),
        unserved=(),
        changes=(moved, done),
    )
    (event,) = with_events(state, Decision(now=CITY.now, plan=plan)).told
    assert event.data == {
        "city_id": "shanghai",
        "version": 5,
        "reason": "late",
        "changed": 1,  # what is done is no change to a driver
        "unserved": 0,
        "vehicle_ids": ["van-2", "van-3"],  # the first only comes a minute later
    }


def test_a_rescue_is_told_with_what_was_chosen_of_how_many() -> None:
    keep = Option(action="keep", vehicle_id="van-1", arrives_at=DUE_AT, cost=0, spoil_chance=0.9)
    relay = replace(keep, action="relay", vehicle_id="van-9", cost=1500, spoil_chance=0.1)
    rescue = Rescue(
        order_id="order-1",
        consignment_id="order-1.chilled",
        cause="forecast",
        options=(keep, relay),
        chosen="relay",
        why="It is cheaper.",
    )
    ((kind, _, data),) = told(Decision(now=CITY.now, rescues=(rescue,)))
    assert kind == "frostline.rescue.decided"
    assert (data["cost"], data["spoil_chance"], data["compared"]) == (1500, 0.1, 2)


def test_a_step_that_was_seen_is_told_as_people_s_are() -> None:
    step = Milestone(order_id="order-1", milestone="arriving", at=CITY.now)
    ((kind, order_id, data),) = told(Decision(now=CITY.now, milestones=(step,)))
    assert (kind, order_id, data["step"]) == ("frostline.order.milestone", "order-1", "arriving")


def test_without_the_loop_nothing_that_a_logger_told_is_known() -> None:
    forecast = BoxForecast(
        made_at=CITY.now,
        leaves_at_q10=CITY.now,
        leaves_at_q50=None,
        leaves_at_q90=None,
        chance_within_40_min=0.9,
        at_risk=True,
    )
    box = Box(
        id="order-1.chilled",
        zone="chilled",
        goods_value=100,
        packed_at=at("16:00"),
        box_material="eps",
        pack_kind="ice",
        pack_kg=1.0,
        product_kg=3.0,
        spoil_cost=150,
        forecast=forecast,
        left_at=CITY.now,
        has_left_range=True,
    )
    orders = tuple(replace(order, boxes=(box,)) for order in CITY.orders)
    heard = replace(
        CITY, orders=orders, failed_places=(FailedPlace(place_id="van-1.chilled", since=CITY.now),)
    )
    blind = without_forecasts(heard)
    known = replace(box, forecast=None, left_at=None, has_left_range=False)
    assert {each for order in blind.orders for each in order.boxes} == {known}
    assert blind.failed_places == ()
