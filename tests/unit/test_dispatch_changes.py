"""What a version changes for each order, and the sentence that says why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from routing.dispatch.changes import TOLERANCE, changes_of, is_other_plan
from routing.dispatch.decision import Change
from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import Why, inserted, replan
from routing.dispatch.standing import Standing
from routing.dispatch.state import (
    CityState,
    Disruption,
    LivingPlan,
    Pin,
    PlannedStop,
    PlannedUnserved,
)
from schemas.disruptions import BreakdownDetails, DelayDetails, WeatherDetails
from tests.dispatch_streets import minute, order, stop, street, vehicle
from tests.living_city import WAYS, city_state, later, with_plan

BEFORE = (
    stop("load", -10, 0, place=0),
    stop("deliver", 10, 13, place=1, order_id="a"),
    stop("deliver", 20, 23, place=2, order_id="b"),
    stop("return", 40, 40, place=3),
)
WAITING: dict[str, Any] = {"stage": "waiting", "aboard": None, "departed_at": None}


def standing(*news: Disruption, **changes: Any) -> Standing:
    """Return what stands at 8:00: two orders, planned at 7:55."""
    state = street(
        order("a", 3000, **WAITING),
        order("b", 6000, **WAITING),
        stops=BEFORE,
        now_min=-60,
        disruptions=news,
        vehicles=(vehicle(), vehicle(id="van-2")),
    )
    plan = LivingPlan(version=1, made_at=minute(-65), stops=BEFORE)
    return stand(replace(state, plan=plan, **changes), WAYS)


def moved(k: int, **changes: Any) -> tuple[PlannedStop, ...]:
    """Return the plan with one stop changed."""
    return tuple(replace(s, **changes) if n == k else s for n, s in enumerate(BEFORE))


def news(
    kind: str, details: Any, vehicle_id: str | None = "van-1", at_min: int = -62
) -> Disruption:
    """Return something that was heard after the plan was made."""
    return Disruption(
        id="x",
        kind=kind,
        vehicle_id=vehicle_id,
        details=details,
        from_at=minute(at_min),
        until_at=None,
        recorded_at=minute(at_min),
    )


def one(found: tuple[Change, ...]) -> Change:
    """Return the only change."""
    (change,) = found
    return change


def test_the_same_plan_changes_nothing() -> None:
    assert changes_of(standing(), BEFORE, ()) == ()
    assert not is_other_plan(standing(), BEFORE, ())


@pytest.mark.parametrize(("seconds", "what"), [(179, None), (180, "delayed"), (-180, "earlier")])
def test_three_minutes_are_a_change(seconds: int, what: str | None) -> None:
    assert timedelta(minutes=3) == TOLERANCE
    there = BEFORE[1].arrives_at + timedelta(seconds=seconds)
    found = changes_of(standing(), moved(1, arrives_at=there), ())
    assert [change.what for change in found] == ([what] if what else [])


def test_another_vehicle_is_a_move_and_says_from_where() -> None:
    change = one(changes_of(standing(), moved(2, vehicle_id="van-2"), ()))
    assert (change.order_id, change.what) == ("b", "moved")
    assert (change.from_vehicle, change.to_vehicle) == ("van-1", "van-2")
    assert change.why == "It costs less this way, as things are now."


def test_who_comes_after_another_than_before_is_resequenced() -> None:
    swapped = (BEFORE[0], replace(BEFORE[1], position=2), replace(BEFORE[2], position=1))
    found = changes_of(standing(), swapped, ())
    assert {(change.order_id, change.what) for change in found} == {
        ("a", "resequenced"),
        ("b", "resequenced"),
    }


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        (news("breakdown", BreakdownDetails()), "van-1 broke down."),
        (news("delay", DelayDetails(delay_s=1200)), "van-1 loses 20 min."),
        (
            news("weather", WeatherDetails(weather="storm", speed_percent=70), None),
            "Storm: roads at 70 % of their speed.",
        ),
        (
            news("breakdown", BreakdownDetails(), "van-3"),
            "It costs less this way, as things are now.",
        ),
        (
            news("breakdown", BreakdownDetails(), at_min=-66),
            "It costs less this way, as things are now.",
        ),
    ],
)
def test_the_cause_is_what_was_heard_since_the_last_plan(heard: Disruption, why: str) -> None:
    """Of the order's own vehicles, or of the whole city."""
    change = one(changes_of(standing(heard), moved(2, vehicle_id="van-2"), ()))
    assert change.why == why


def test_a_pin_is_the_cause_of_its_move() -> None:
    pin = Pin(order_id="b", kind="pin", vehicle_id="van-2", hold_until=None, price=0, by="Li")
    change = one(changes_of(standing(pins=(pin,)), moved(2, vehicle_id="van-2"), ()))
    assert change.why == "Li pinned it to van-2."


def test_who_makes_room_is_told_for_whom() -> None:
    new = replace(BEFORE[1], order_id="c", position=2)
    rows = (*moved(2, arrives_at=minute(30), position=3), new)
    why = {change.order_id: change.why for change in changes_of(standing(), rows, ())}
    assert why["b"] == "It makes room for c."


def test_what_is_left_behind_has_its_reason() -> None:
    left = (PlannedUnserved(order_id="b", reason="shift", sentence="Too late.", remedy=""),)
    change = one(changes_of(standing(), (BEFORE[0], BEFORE[1], BEFORE[3]), left))
    assert (change.what, change.why, change.to_vehicle) == ("dropped", "Too late.", None)


def test_what_was_delivered_is_done() -> None:
    done = order("b", 6000, stage="delivered", delivered_at=minute(-61))
    state = replace(standing().state, orders=(order("a", 3000, **WAITING), done))
    found = changes_of(stand(state, WAYS), (BEFORE[0], BEFORE[1], BEFORE[3]), ())
    assert (one(found).what, one(found).why) == ("done", "Delivered at 07:59.")


def test_a_plan_is_not_made_twice() -> None:
    """The same state and seed give the same version; once written there is no other."""
    state: CityState = city_state(orders=20)
    why = Why(reason="orders", facts={"orders": 20})
    first = replan(stand(state, WAYS), why, seed=7, iterations=100)
    assert first is not None
    assert first == replan(stand(state, WAYS), why, seed=7, iterations=100)
    assert (first.base, first.reason, first.why) == (0, "orders", {"orders": 20})
    assert {change.what for change in first.changes} == {"planned"}
    assert inserted(stand(with_plan(state, first), WAYS), why) is None


def test_driven_as_planned_only_what_is_done_changes() -> None:
    """Minute by minute, with nothing new: the plan keeps its word."""
    state = city_state(orders=25)
    plan = replan(stand(state, WAYS), Why(reason="orders"), seed=1, iterations=200)
    for _ in range(12):
        state = with_plan(state, plan)
        state = later(state, state.now + timedelta(minutes=10))
        plan = inserted(stand(state, WAYS), Why(reason="progress"))
        assert {change.what for change in plan.changes if plan} <= {"done"} if plan else True
