"""What `solve` owes, whatever the problem: rules kept, nothing worse, the same again."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.check import ImpossibleProblem
from routing.evaluate import evaluate
from routing.solve import Means, solve
from tests.routing_world import random_draft, random_problem

SEEDS = st.integers(0, 10_000)
FEW = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@FEW
@given(SEEDS)
def test_no_plan_breaks_a_rule(seed: int) -> None:
    problem = random_problem(seed)
    plan = solve(problem, iterations=200, seed=seed)
    evaluation = evaluate(problem, plan.draft)
    assert evaluation.violations == ()
    assert evaluation.cost == plan.cost
    served = {stop.order for route in plan.routes for trip in route.trips for stop in trip.stops}
    unserved = {order.order for order in plan.unserved}
    assert served | unserved == {order.id for order in problem.orders}
    assert not served & unserved


@pytest.mark.parametrize("seed", range(4))
def test_no_plan_of_the_complete_model_breaks_a_rule(seed: int) -> None:
    problem = random_problem(seed, orders=8)
    plan = solve(problem, iterations=20, seed=seed, means=Means(engine="constraint"))
    assert evaluate(problem, plan.draft).violations == ()


@FEW
@given(SEEDS)
def test_the_best_total_never_rises(seed: int) -> None:
    heard: list[int | None] = []
    plan = solve(
        random_problem(seed),
        iterations=300,
        seed=seed,
        progress=lambda news: heard.append(news.total),
    )
    totals = [total for total in heard if total is not None]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] >= plan.cost.total


@FEW
@given(SEEDS)
def test_a_warm_start_never_ends_worse(seed: int) -> None:
    problem = random_problem(seed)
    first = solve(problem, iterations=100, seed=seed)
    again = solve(problem, iterations=30, seed=seed + 1, start=first.draft)
    assert again.cost.total <= first.cost.total


@FEW
@given(SEEDS)
def test_a_start_that_breaks_rules_is_mended(seed: int) -> None:
    problem = random_problem(seed)
    plan = solve(problem, iterations=30, seed=seed, start=random_draft(problem, seed))
    assert evaluate(problem, plan.draft).violations == ()


def test_the_same_seed_and_iterations_give_the_same_plan() -> None:
    problem = random_problem(5, orders=20)
    assert solve(problem, iterations=500, seed=3) == solve(problem, iterations=500, seed=3)


def test_four_times_the_iterations_is_not_worse_over_ten_seeds() -> None:
    problem = random_problem(1, orders=30)
    short = [solve(problem, iterations=150, seed=seed).cost.total for seed in range(10)]
    long = [solve(problem, iterations=600, seed=seed).cost.total for seed in range(10)]
    assert sum(long) <= sum(short)


def test_a_time_limit_alone_ends_the_search() -> None:
    plan = solve(random_problem(2), time_limit_s=0.2)
    assert plan.iterations > 0


def test_no_orders_are_a_plan() -> None:
    problem = random_problem(3, orders=2)
    vehicles = tuple(replace(vehicle, current=None) for vehicle in problem.vehicles)
    plan = solve(replace(problem, orders=(), vehicles=vehicles), iterations=10)
    assert plan.routes == ()
    assert plan.cost.total == 0


def test_a_problem_that_contradicts_itself_is_refused() -> None:
    problem = random_problem(3)
    nowhere = replace(problem.orders[1], place="nowhere")
    orders = (problem.orders[0], nowhere, *problem.orders[2:])
    with pytest.raises(ImpossibleProblem, match=r"orders\[1\].place"):
        solve(replace(problem, orders=orders), iterations=10)


def test_more_orders_than_allowed_are_refused_with_the_reason() -> None:
    with pytest.raises(ImpossibleProblem, match="at most 11"):
        solve(random_problem(3), iterations=10, means=Means(max_orders=11))
