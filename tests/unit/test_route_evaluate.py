"""What vehicles share: depots that pick, orders that are served once, one sum of all costs."""

from dataclasses import fields, replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.evaluate import Evaluation, Judge, MalformedDraft, evaluate
from routing.plan import Cost, Draft, Tour, Visit
from routing.problem import Depot, Problem
from routing.travel import Matrices, ModeMatrix
from tests.routing_street import EIGHT, order, street, tour, van
from tests.routing_world import random_draft, random_problem

SEEDS = st.integers(0, 10_000)


def picking(**hours: int) -> Depot:
    """Return a depot that picks 9 orders an hour, but for hours such as `h8=1`."""
    per_hour = tuple(hours.get(f"h{hour}", 9) for hour in range(24))
    return Depot(id="depot", place="km0", orders_per_hour=per_hour)


def two_vans(*orders: Any, depot: Depot, **changes: Any) -> Problem:
    return street(*orders, vehicles=(van("a", **changes), van("b", **changes)), depots=(depot,))


def reasons(problem: Problem, draft: Draft) -> list[str]:
    return [violation.reason for violation in evaluate(problem, draft).violations]


@pytest.mark.parametrize(("limit", "broken"), [(3, []), (2, ["picking"])])
def test_no_more_orders_leave_in_an_hour_than_are_picked(limit: int, broken: list[str]) -> None:
    """Two by one van and one by the other, at eight."""
    problem = two_vans(order(0, 1), order(1, 2), order(2, 3), depot=picking(h8=limit))
    assert reasons(problem, ((tour(0, 1),), (tour(2),))) == broken


@pytest.mark.parametrize(("leaves_s", "broken"), [(3600, []), (3599, ["picking"])])
def test_an_hour_ends_with_its_last_second(leaves_s: int, broken: list[str]) -> None:
    problem = two_vans(order(0, 1), order(1, 2), depot=picking(h8=1, h9=1))
    later = tour(1, not_before_s=EIGHT + leaves_s)
    assert reasons(problem, ((tour(0),), (later,))) == broken


def test_the_hour_after_midnight_is_the_first_of_the_clock() -> None:
    """Hour 24 has the number of hour 0."""
    midnight = 24 * 3600
    for limit, broken in ((1, []), (0, ["picking"])):
        problem = two_vans(
            order(0, 1, due_s=2 * midnight, latest_s=2 * midnight),
            depot=picking(h0=limit),
            end_s=2 * midnight,
        )
        assert reasons(problem, ((tour(0, not_before_s=midnight),), ())) == broken


def test_each_depot_picks_for_itself() -> None:
    depots = picking(h8=1), replace(picking(h8=1), id="other")
    problem = street(
        order(0, 1),
        order(1, 2, depots=("other",)),
        vehicles=(van("a"), van("b", depot="other")),
        depots=depots,
    )
    assert reasons(problem, ((tour(0),), (tour(1),))) == []


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        ((), "0 vehicles in the draft, 2 in all"),
        (((tour(0),), (tour(0),)), "o0 is served twice"),
        (((tour(0, 0),), ()), "o0 is served twice"),
        (((tour(2),), ()), "no order 2 among 2"),
        (((tour(-1),), ()), "no order -1 among 2"),
        (((Tour((Visit(1, to_locker=True),)),), ()), "o1 has no locker"),
    ],
)
def test_a_draft_that_does_not_fit_its_problem_is_no_draft(draft: Draft, sentence: str) -> None:
    problem = two_vans(order(0, 1), order(1, 2), depot=picking())
    with pytest.raises(MalformedDraft, match=sentence):
        evaluate(problem, draft)


def test_vehicles_that_stay_home_are_in_no_route() -> None:
    problem = two_vans(order(0, 1), depot=picking())
    evaluation = evaluate(problem, ((), (tour(0),)))
    assert [route.vehicle for route in evaluation.routes] == ["b"]
    assert evaluation.totals.vehicles_used == 1


@settings(deadline=None)
@given(SEEDS)
def test_parts_and_days_add_up_to_the_total(seed: int) -> None:
    """The whole is each vehicle's day and each drop, and nothing else."""
    problem = random_problem(seed)
    draft = random_draft(problem, seed)
    judge = Judge(problem)
    evaluation = judge.evaluate(draft)
    served = {visit.order for tours in draft for tour in tours for visit in tour.visits}
    drops = sum(o.drop_cost for k, o in enumerate(problem.orders) if k not in served)
    days = [
        judge.day(vehicle, tours) for vehicle, tours in zip(problem.vehicles, draft, strict=True)
    ]
    assert evaluation.cost.total == sum(day.cost().total for day in days) + drops * 18_000
    parts = [getattr(evaluation.cost, part.name) for part in fields(Cost)]
    assert evaluation.cost.total == sum(parts)
    assert min(parts) >= 0


@settings(deadline=None)
@given(SEEDS)
def test_a_days_times_follow_one_another(seed: int) -> None:
    problem = random_problem(seed)
    for route in evaluate(problem, random_draft(problem, seed)).routes:
        before_s = 0
        for trip in route.trips:
            moments = [trip.departs_s]
            for stop in trip.stops:
                moments += [stop.arrives_s, stop.starts_s, stop.leaves_s]
            moments.append(trip.ends_s)
            assert moments == sorted(moments)
            assert before_s <= trip.departs_s
            before_s = trip.ends_s
        assert list(route.breaks_s) == sorted(route.breaks_s)


@settings(deadline=None)
@given(SEEDS, SEEDS)
def test_how_orders_vehicles_and_places_are_numbered_does_not_matter(seed: int, deal: int) -> None:
    problem = random_problem(seed)
    draft = random_draft(problem, seed)
    renumbered, same_draft = shuffled(problem, draft, Random(deal))
    assert told(evaluate(renumbered, same_draft)) == told(evaluate(problem, draft))


def told(evaluation: Evaluation) -> tuple[Any, ...]:
    """Return all that is said of a draft, whatever the order in which it is said."""
    return (
        evaluation.cost,
        evaluation.totals,
        sorted(map(repr, evaluation.routes)),
        sorted(map(repr, evaluation.violations)),
    )


def shuffled(problem: Problem, draft: Draft, r: Random) -> tuple[Problem, Draft]:
    """Deal orders, vehicles, depots and places new numbers."""
    orders, vehicles = list(range(len(problem.orders))), list(range(len(problem.vehicles)))
    places, depots = list(range(len(problem.places))), list(problem.depots)
    for cards in (orders, vehicles, places, depots):
        r.shuffle(cards)
    number = {old: new for new, old in enumerate(orders)}
    renumbered = replace(
        problem,
        orders=tuple(problem.orders[k] for k in orders),
        vehicles=tuple(problem.vehicles[k] for k in vehicles),
        depots=tuple(depots),
        places=tuple(problem.places[k] for k in places),
        travel=moved(problem.travel, places),
    )
    tours = [
        tuple(
            tour._replace(visits=tuple(v._replace(order=number[v.order]) for v in tour.visits))
            for tour in draft[k]
        )
        for k in vehicles
    ]
    return renumbered, tuple(tours)


def moved(travel: Any, places: list[int]) -> Matrices:
    def of(matrix: ModeMatrix) -> ModeMatrix:
        pairs = np.ix_(places, places)
        return ModeMatrix(
            matrix.distance_m[pairs], matrix.duration_s[:, pairs[0], pairs[1]], matrix.starts_s
        )

    return Matrices({mode: of(matrix) for mode, matrix in travel.by_mode.items()})
