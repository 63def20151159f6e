"""Who brings an order whose depot has nobody left to carry it?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from routing.dispatch.problem_of import stand
from routing.dispatch.repicking import picked_elsewhere
from routing.dispatch.replanning import Why, replan
from routing.dispatch.state import CityState, PlannedStop, PlannedUnserved
from tests.living_city import WAYS, city_state

STATE = city_state(orders=12, seed=2)


def from_depot(state: CityState, depot_id: str) -> CityState:
    """Let all orders be packed at a depot."""
    orders = tuple(
        replace(order, depot_id=depot_id, alternates=(), stage="packed") for order in state.orders
    )
    return replace(state, orders=orders)


def without_fleet(state: CityState, depot_id: str) -> CityState:
    vehicles = tuple(vehicle for vehicle in state.vehicles if vehicle.depot_id != depot_id)
    return replace(state, vehicles=vehicles)


def test_an_order_comes_from_its_own_depot() -> None:
    depot = STATE.depots[0].id
    standing = stand(from_depot(STATE, depot), WAYS)
    assert {order.depots for order in standing.problem.orders} == {(depot,)}


def test_without_a_fleet_another_depot_picks_it_anew_from_now_on() -> None:
    depot = STATE.depots[0].id
    state = without_fleet(from_depot(STATE, depot), depot)
    standing = stand(state, WAYS)
    for order in standing.problem.orders:
        assert len(order.depots) > 1
        assert order.ready_s == standing.problem.now_s
    plan = replan(standing, Why(reason="orders"), seed=1, iterations=200)
    assert plan is not None
    told = {promise.order_id: promise for promise in picked_elsewhere(state, plan)}
    served = {stop.order_id for stop in plan.stops if stop.kind == "deliver"}
    assert set(told) == served
    assert served
    due_at = {order.id: order.due_at for order in state.orders}
    for order_id, promise in told.items():
        assert (promise.state, promise.due_at) == ("promised", due_at[order_id])
        assert promise.depot_id != depot


def test_nobody_is_told_of_what_stays_where_it_is() -> None:
    standing = stand(STATE, WAYS)
    plan = replan(standing, Why(reason="orders"), seed=1, iterations=200)
    depot_of = {vehicle.id: vehicle.depot_id for vehicle in STATE.vehicles}
    assert plan is not None
    own = {s.order_id: depot_of[s.vehicle_id] for s in plan.stops if s.kind == "deliver"}
    orders = tuple(replace(order, depot_id=own.get(order.id)) for order in STATE.orders)
    assert not list(picked_elsewhere(replace(STATE, orders=orders), plan))


def test_what_was_left_behind_may_come_from_any_depot() -> None:
    depot = STATE.depots[0].id
    state = from_depot(STATE, depot)
    left = PlannedUnserved(
        order_id=state.orders[0].id, reason="shift", sentence="Too late.", remedy="Staff it."
    )
    state = replace(state, plan=replace(state.plan, unserved=(left,)))
    for order in stand(state, WAYS).problem.orders:
        assert (len(order.depots) > 1) == (order.id == left.order_id)


@pytest.mark.parametrize(
    ("arrives_min", "leaves_min", "anew"),
    [(100, 60, True), (80, 60, False), (100, 10, False)],
    ids=["too late", "in time", "another depot can't pick it before it leaves"],
)
def test_what_is_planned_too_late_may_come_from_any_depot(
    arrives_min: int, leaves_min: int, *, anew: bool
) -> None:
    """Promised in 90 minutes, five of them at the door; depots pick for 15 or 20 minutes."""
    depot, now = STATE.depots[0].id, STATE.now
    state = from_depot(STATE, depot)
    one = replace(state.orders[0], due_at=now + timedelta(minutes=90), service_s=300)
    van = next(vehicle for vehicle in state.vehicles if vehicle.depot_id == depot)
    row = PlannedStop(
        vehicle_id=van.id,
        trip=1,
        position=0,
        kind="load",
        order_id=None,
        depot_id=depot,
        to_locker=False,
        arrives_at=now,
        earliest_at=now,
        latest_at=now,
        leaves_at=now + timedelta(minutes=leaves_min),
        locked=False,
    )
    door = replace(
        row,
        position=1,
        kind="deliver",
        order_id=one.id,
        depot_id=None,
        arrives_at=now + timedelta(minutes=arrives_min),
    )
    plan = replace(state.plan, stops=(row, door))
    state = replace(state, orders=(one, *state.orders[1:]), plan=plan)
    order = next(o for o in stand(state, WAYS).problem.orders if o.id == one.id)
    assert (len(order.depots) > 1) == anew
