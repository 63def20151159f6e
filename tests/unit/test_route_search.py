"""What the search returns breaks no rule, never gets worse, and can be had again."""

from dataclasses import replace
from itertools import pairwise

import pytest

from routing.engine import Budget, Progress
from routing.evaluate import Judge, evaluate
from routing.plan import Draft
from routing.problem import CurrentTrip, Problem
from routing.search import compile_ahead, search, search_with_pool
from tests.routing_street import EIGHT, order, street, van
from tests.routing_world import random_draft, random_problem

ITERATIONS = 300


def silent(progress: Progress) -> None:
    del progress


def found(problem: Problem, *, start: Draft | None = None, seed: int = 0) -> Draft:
    budget = Budget(iterations=ITERATIONS)
    return search(problem, budget=budget, seed=seed, start=start, report=silent).draft


def total(problem: Problem, draft: Draft) -> int:
    verdict = evaluate(problem, draft)
    assert verdict.violations == ()
    return verdict.cost.total


@pytest.mark.parametrize("seed", range(30))
def test_no_rule_is_broken_from_nothing_or_from_a_start_that_breaks_some(seed: int) -> None:
    problem = random_problem(seed, orders=4 + seed % 14)
    total(problem, found(problem, seed=seed))
    total(problem, found(problem, start=random_draft(problem, seed), seed=seed))


@pytest.mark.parametrize("seed", range(10))
def test_a_warm_start_never_ends_worse(seed: int) -> None:
    problem = random_problem(seed, orders=16)
    start = found(problem, seed=seed)
    assert total(problem, found(problem, start=start, seed=seed + 1)) <= total(problem, start)


@pytest.mark.parametrize("seed", range(5))
def test_reported_totals_never_rise_and_end_with_the_answers(seed: int) -> None:
    problem, totals = random_problem(seed, orders=18), []

    def note(progress: Progress) -> None:
        if progress.total is not None:
            totals.append(progress.total)

    answer = search(problem, budget=Budget(iterations=3000), seed=seed, start=None, report=note)
    assert all(later <= earlier for earlier, later in pairwise(totals))
    assert totals[-1] == total(problem, answer.draft)


def test_iterations_alone_decide_the_answer() -> None:
    problem = random_problem(7, orders=20)
    assert found(problem, seed=3) == found(problem, seed=3)


def test_what_is_locked_stays_first_and_what_is_aboard_stays_aboard() -> None:
    """The van at km 1 has four orders aboard; it must bring o2 first, though o0 is on its way."""
    orders = [order(k, km) for k, km in enumerate((2, 3, 4, 5, 1))]
    current = CurrentTrip(
        departed_s=EIGHT,
        place="km1",
        free_s=EIGHT,
        aboard=("o0", "o1", "o2", "o3"),
        locked=("o2",),
    )
    problem = street(*orders, vehicles=(van(current=current), van("van1")))
    draft = found(problem)
    total(problem, draft)
    first = [visit.order for visit in draft[0][0].visits]
    assert first[0] == 2
    assert set(first) == {0, 1, 2, 3}


def test_an_order_that_costs_more_to_bring_than_to_drop_is_dropped() -> None:
    """An empty van drives 20 km to bring it: at 100 fen a km 2,000 fen."""
    far = order(0, 10)
    cheap, dear = (
        street(replace(far, drop_cost=drop), vehicles=(van(cost_per_km=100, cost_per_h=0),))
        for drop in (1999, 2001)
    )
    assert not any(tour.visits for tour in found(cheap)[0])
    assert any(tour.visits for tour in found(dear)[0])


def test_a_trip_is_put_off_until_its_depot_can_pick_it() -> None:
    """From 8:00 the depot picks nothing for an hour; the order leaves at 9:00."""
    limits = tuple(0 if hour == 8 else 1 for hour in range(24))
    problem = street(order(0, 1), vehicles=(van(),))
    depots = tuple(replace(depot, orders_per_hour=limits) for depot in problem.depots)
    problem = replace(problem, depots=depots)
    [route] = evaluate(problem, found(problem)).routes
    assert route.trips[0].departs_s == EIGHT + 3600


def test_a_plan_without_orders_or_vehicles_is_empty() -> None:
    problem = random_problem(0, orders=4)
    idle = replace(problem, orders=(), vehicles=problem.vehicles[1:])
    assert not any(tour.visits for tours in found(idle) for tour in tours)
    assert found(replace(problem, vehicles=())) == ()


def test_pooled_days_cost_what_they_say() -> None:
    problem = random_problem(11, orders=16)
    budget = Budget(iterations=3000)
    _, columns = search_with_pool(problem, budget=budget, seed=0, start=None, report=silent)
    judge = Judge(problem)
    assert columns
    for column in columns:
        day = judge.day(problem.vehicles[column.vehicle], column.tours)
        assert day.violations == []
        assert day.cost().total == column.total


def test_compiling_ahead_is_safe_to_repeat() -> None:
    compile_ahead()
    compile_ahead()
