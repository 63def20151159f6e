"""Who sends each order as it comes from the nearest depot breaks no rule, and moves nothing."""

from dataclasses import replace

import pytest

from routing.dispatch.greedy import as_version, first_come
from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import Why
from routing.dispatch.state import PlannedUnserved
from routing.evaluate import evaluate
from routing.plan import Draft, Tour, Visit
from routing.problem import Depot, Load, Order, Place, Problem, Vehicle
from routing.travel import GreatCircle, Pace
from tests.living_city import WAYS, city_state
from tests.routing_world import random_problem

EIGHT_S = 8 * 3600
# On the equator a degree of longitude is 111.2 km; at 36 km/h a hundredth takes 111 s.
PACE = {"van": Pace(speed_kmh=(36.0,), road_factor=1.0)}


def street(*homes: float, depots: tuple[float, ...] = (0.0,), vans: int = 1) -> Problem:
    """Return a street: homes and depots by their hundredths of a degree east."""
    places = [Place(id=f"D{k}", lat_deg=0.0, lon_deg=x / 100) for k, x in enumerate(depots)]
    places += [Place(id=f"P{k}", lat_deg=0.0, lon_deg=x / 100) for k, x in enumerate(homes)]
    orders = tuple(
        Order(
            id=f"order-{k}",
            place=f"P{k}",
            load=Load(chilled_g=1000),
            depots=tuple(f"depot-{n}" for n in range(len(depots))),
            ready_s=EIGHT_S + k,
            due_s=EIGHT_S + 7200,
            latest_s=EIGHT_S + 10_800,
            drop_cost=10_000,
            late_cost_per_min=10,
        )
        for k in range(len(homes))
    )
    return Problem(
        places=tuple(places),
        orders=orders,
        depots=tuple(Depot(id=f"depot-{n}", place=f"D{n}") for n in range(len(depots))),
        vehicles=tuple(
            Vehicle(
                id=f"van-{n}-{k}",
                depot=f"depot-{n}",
                mode="van",
                capacity=Load(chilled_g=3000),
                start_s=EIGHT_S,
                end_s=EIGHT_S + 36_000,
                max_trips=5,
            )
            for n in range(len(depots))
            for k in range(vans)
        ),
        travel=GreatCircle([0.0] * len(places), [p.lon_deg or 0.0 for p in places], PACE),
        now_s=EIGHT_S,
    )


def brought(draft: Draft) -> list[list[list[int]]]:
    return [[[visit.order for visit in tour.visits] for tour in tours] for tours in draft]


def test_an_order_goes_to_the_nearest_depot() -> None:
    problem = street(1.0, 9.0, depots=(0.0, 10.0))
    assert brought(first_come(problem, ((), ()))) == [[[0]], [[1]]]


def test_a_depot_that_can_not_bring_it_passes_it_on() -> None:
    problem = street(1.0, depots=(0.0, 10.0))
    small = replace(problem.vehicles[0], capacity=Load(chilled_g=500))
    problem = replace(problem, vehicles=(small, problem.vehicles[1]))
    assert brought(first_come(problem, ((), ()))) == [[], [[0]]]


def test_orders_come_one_after_the_other_as_they_were_placed() -> None:
    # The far one was placed first, so the van passes the near one twice.
    assert brought(first_come(street(5.0, 1.0), ((),))) == [[[0, 1]]]


def test_a_full_van_comes_back_for_the_fourth() -> None:
    # 1 kg each, and the compartment holds 3.
    assert brought(first_come(street(1.0, 1.1, 1.2, 1.3), ((),))) == [[[0, 1, 2], [3]]]


def test_a_free_van_is_there_first() -> None:
    # The second home lies on the other side: the first van would come by the first home.
    assert brought(first_come(street(5.0, -5.0, vans=2), ((), ()))) == [[[0]], [[1]]]


def test_what_has_a_place_keeps_it() -> None:
    start: Draft = ((Tour((Visit(0),)), Tour((Visit(1),))),)
    assert brought(first_come(street(5.0, 1.0, 2.0), start)) == [[[0], [1, 2]]]


def test_what_nobody_could_bring_is_not_asked_about_again() -> None:
    assert brought(first_come(street(5.0, 1.0), ((),), {"order-0"})) == [[[1]]]


@pytest.mark.parametrize("reason", ["progress", "breakdown"])
def test_it_is_asked_about_again_when_something_has_happened(reason: str) -> None:
    state = city_state(orders=6, seed=2)
    left = state.orders[0].id
    behind = PlannedUnserved(order_id=left, reason="shift", sentence="No.", remedy="Staff it.")
    state = replace(state, plan=replace(state.plan, unserved=(behind,)))
    plan = as_version(stand(state, WAYS), Why(reason=reason))
    assert plan is not None
    planned = {stop.order_id for stop in plan.stops if stop.kind == "deliver"}
    assert (left in planned) == (reason == "breakdown")
    assert len(planned) >= len(state.orders) - 1


@pytest.mark.parametrize("seed", range(30))
def test_no_rule_is_broken(seed: int) -> None:
    problem = random_problem(seed)
    start = tuple((Tour(()),) if vehicle.current else () for vehicle in problem.vehicles)
    allowed = evaluate(problem, start).feasible
    draft = first_come(problem, start)
    if allowed:  # a vehicle may have to bring what is aboard, whatever greed says
        assert evaluate(problem, draft).feasible
    assert all(after[: len(before)] for before, after in zip(start, draft, strict=True) if before)
