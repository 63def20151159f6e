"""A plan is searched for again when the world has changed, orders have come, or time has passed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from routing.dispatch.eta import Expected
from routing.dispatch.settings import DispatchSettings
from routing.dispatch.state import CityState, Disruption, LivingPlan, PlannedStop
from routing.dispatch.triggers import facts_of, reason_to_search
from schemas.disruptions import DelayDetails
from tests.living_city import at, city_state

SETTINGS = DispatchSettings(database_url="", city="shanghai", batch_s=20.0, replan_s=120.0)
CITY = city_state(orders=3, now="16:30")


def searched(**changes: Any) -> CityState:
    """Return a city whose plan was searched for ten seconds ago."""
    plan = LivingPlan(
        version=4, made_at=at("16:29"), searched_at=CITY.now - seconds(10), why=facts_of(CITY)
    )
    return replace(CITY, plan=replace(plan, **changes))


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def reason(state: CityState, *expected: Expected) -> str | None:
    why = reason_to_search(state, expected, SETTINGS)
    return why.reason if why else None


def delay(**changes: Any) -> Disruption:
    plain = Disruption(
        id="delay-1",
        kind="delay",
        vehicle_id="van-1",
        details=DelayDetails(delay_s=600),
        from_at=at("15:00"),
        until_at=at("20:00"),
        recorded_at=at("15:00"),
    )
    return replace(plain, **changes)


def test_nothing_new_is_no_reason() -> None:
    assert reason(searched()) is None


def test_a_city_with_promises_and_no_plan_is_planned_first() -> None:
    assert reason(CITY) == "first"
    requested = tuple(replace(order, stage="requested") for order in CITY.orders)
    assert reason(replace(CITY, orders=requested)) is None  # they are inserted, not searched with


@pytest.mark.parametrize(
    "changes",
    [
        {"recorded_at": CITY.now - seconds(5)},
        {"from_at": CITY.now - seconds(5)},
        {"until_at": CITY.now - seconds(5)},
    ],
    ids=["recorded", "begun", "over"],
)
def test_a_disruption_is_a_reason_when_it_is_said_begins_and_ends(changes: Any) -> None:
    assert reason(replace(searched(), disruptions=(delay(**changes),))) == "delay"


def test_a_disruption_that_was_planned_with_is_none() -> None:
    assert reason(searched_with(delay())) is None
    later = delay(from_at=CITY.now + seconds(60))  # and what is to come is not there yet
    assert reason(searched_with(later)) is None


def searched_with(one: Disruption) -> CityState:
    """Return a city whose plan was searched for with a disruption."""
    city = replace(CITY, disruptions=(one,))
    return replace(searched(why=facts_of(city)), disruptions=(one,))


def test_a_disruption_that_the_last_search_did_not_see_is_a_reason() -> None:
    assert reason(replace(searched(), disruptions=(delay(),))) == "delay"
    why = {"fleet": facts_of(CITY)["fleet"]}  # of a plan that did not say what it saw
    assert reason(replace(searched(why=why), disruptions=(delay(),))) is None


def test_another_fleet_is_a_reason_and_another_position_is_not() -> None:
    first, *others = CITY.vehicles
    shorter = replace(first, shifts=())
    assert reason(replace(searched(), vehicles=(shorter, *others))) == "fleet"
    moved = replace(first, position=None, gateway_id="edge-9")
    assert reason(replace(searched(), vehicles=(moved, *others))) is None


def test_a_planned_order_that_was_cancelled_is_a_reason() -> None:
    first, *others = CITY.orders
    cancelled = replace(CITY, orders=(replace(first, stage="ended"), *others))
    assert reason(replace(cancelled, plan=searched().plan)) is None
    assert reason(replace(cancelled, plan=searched(stops=(stop(first.id),)).plan)) == "cancelled"


@pytest.mark.parametrize(("ago_s", "expected"), [(19, None), (20, "orders")])
def test_orders_are_searched_with_when_some_have_come_together(
    ago_s: int, expected: str | None
) -> None:
    assert reason(searched(inserted_at=CITY.now - seconds(ago_s))) == expected


@pytest.mark.parametrize(("ago_s", "expected"), [(119, None), (120, "progress")])
def test_what_drifts_is_searched_again_from_time_to_time(ago_s: int, expected: str | None) -> None:
    assert reason(searched(searched_at=CITY.now - seconds(ago_s))) == expected


def test_an_order_that_will_be_late_and_was_not_planned_so_is_a_reason() -> None:
    order = replace(CITY.orders[0], due_at=at("17:00"))
    state = replace(searched(stops=(stop(order.id),)), orders=(order,))
    state = replace(state, plan=replace(state.plan, searched_at=CITY.now - seconds(20)))
    assert reason(state, coming(order.id, "17:00")) is None
    assert reason(state, coming(order.id, "17:01")) == "late"
    just_searched = replace(state.plan, searched_at=CITY.now - seconds(19))
    assert reason(replace(state, plan=just_searched), coming(order.id, "17:01")) is None


def test_an_order_that_was_late_at_the_last_search_already_is_none() -> None:
    one, two = (replace(order, due_at=at("17:00")) for order in CITY.orders[:2])
    stops = (stop(one.id), stop(two.id))
    state = replace(searched(stops=stops), orders=(one, two))
    late, later = coming(one.id, "17:10"), coming(one.id, "17:40")
    known = replace(state.plan, searched_at=CITY.now - seconds(60), why=facts_of(state, [late]))
    state = replace(state, plan=known)
    assert reason(state, late) is None
    assert reason(state, later) is None
    assert reason(state, later, coming(two.id, "17:01")) == "late"


def stop(order_id: str) -> PlannedStop:
    return PlannedStop(
        vehicle_id="van-1",
        trip=1,
        position=1,
        kind="deliver",
        order_id=order_id,
        depot_id=None,
        to_locker=False,
        arrives_at=at("16:50"),
        earliest_at=at("16:48"),
        latest_at=at("16:55"),
        leaves_at=at("16:53"),
        locked=False,
    )


def coming(order_id: str, clock: str) -> Expected:
    return Expected(
        order_id=order_id,
        vehicle_id="van-1",
        arrives_at=at(clock),
        earliest_at=at(clock),
        latest_at=at(clock),
        is_next=False,
    )
