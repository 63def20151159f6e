"""A large city's plan: a first one soon, then better ones, never a worse one."""

from dataclasses import replace

import pytest

from routing.city import SCENARIOS, city_day
from routing.engine import Budget, Engine, Found, Progress, Report
from routing.evaluate import evaluate
from routing.plan import Draft, Tour, Visit
from routing.problem import Problem
from routing.scale import SplitSearch
from routing.scale.crew import Alone
from routing.scale.polish import Solver
from routing.scale.shares import Purse
from routing.scale.view import Part
from routing.scale.whole import merge
from routing.search import search

CITY = city_day(orders=90, seed=1)
PARTS = [Part((0, 1, 2), (0,)), Part((3,), (1,)), Part((4, 5), (2,))]


def solver(problem: Problem, engine: Engine = search, *, iterations: int = 900) -> Solver:
    return Solver(
        problem=problem,
        crew=Alone(engine),
        purse=Purse(Budget(iterations=iterations)),
        seed=1,
        report=lambda _progress: None,
        most=30,
    )


def give_up(
    problem: Problem, *, budget: Budget, seed: int, start: Draft | None, report: Report
) -> Found:
    """Search nothing, and serve nobody."""
    del budget, seed, start, report
    return Found(draft=merge(problem, []), iterations=1)


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_a_city_s_plan_breaks_no_rule(scenario: str) -> None:
    problem = city_day(orders=90, seed=2, scenario=scenario)
    found = solver(problem).solve()
    assert evaluate(problem, found.draft).feasible
    assert found.iterations > 0


def test_a_number_of_iterations_gives_the_same_plan() -> None:
    first = solver(CITY).solve()
    assert solver(CITY).solve() == first


def test_the_first_plan_is_reported_before_it_is_polished_and_none_is_worse() -> None:
    told: list[Progress] = []
    planner = solver(CITY)
    planner.report = told.append
    found = planner.solve()
    phases = [progress.phase for progress in told]
    first = phases.index("first plan")
    assert phases[:first] == [f"part {k + 1} of {first}" for k in range(first)]
    assert phases[first + 1 : 2 * first + 1] == [
        f"part {k + 1} of {first}, in earnest" for k in range(first)
    ]
    assert phases[2 * first + 1].startswith("round 1, window 1")
    totals = [progress.total for progress in told if progress.total is not None]
    assert totals == sorted(totals, reverse=True)
    assert told[first].total == totals[0]
    judged = evaluate(CITY, found.draft)
    assert totals[-1] == judged.cost.total
    assert told[-1].late_s == judged.totals.late_s
    assert told[-1].unserved == 90 - sum(len(t.visits) for day in found.draft for t in day)


def test_polishing_is_worth_its_iterations() -> None:
    told: list[Progress] = []
    planner = solver(CITY, iterations=4000)
    planner.report = told.append
    planner.solve()
    totals = [progress.total for progress in told if progress.total is not None]
    assert totals[-1] < totals[0]


def test_a_warm_start_never_ends_worse_than_it_began() -> None:
    start = solver(CITY).solve().draft
    found = solver(CITY, iterations=200).solve(start)
    assert evaluate(CITY, found.draft).cost.total <= evaluate(CITY, start).cost.total


def test_a_window_s_answer_is_not_taken_if_the_plan_is_worse_with_it() -> None:
    start = solver(CITY).solve().draft
    assert solver(CITY, give_up).solve(start).draft == start


@pytest.mark.parametrize("phase", ["part 2 of ", "first plan", "round 1"])
def test_a_search_that_is_called_off_ends_with_what_it_has(phase: str) -> None:
    problem = city_day(orders=90, seed=1, scenario="replan")
    told: list[Progress] = []
    planner = solver(problem)
    planner.report = told.append
    planner.purse = Purse(
        Budget(
            iterations=900, called_off=lambda: any(news.phase.startswith(phase) for news in told)
        )
    )
    found = planner.solve()
    assert evaluate(problem, found.draft).feasible
    assert not [news for news in told if news.phase.startswith("round 2")]


def test_a_city_without_vehicles_serves_nobody() -> None:
    found = solver(replace(CITY, vehicles=())).solve()
    assert found.draft == ()


def test_a_city_without_orders_stands_still() -> None:
    found = solver(replace(CITY, orders=())).solve()
    assert not any(found.draft)


def test_a_start_that_breaks_a_rule_is_mended_first() -> None:
    """Everything at once in the first vehicle is too much for its compartments."""
    everything = Tour(tuple(Visit(k) for k in range(90)))
    start: Draft = ((everything,), *(() for _ in CITY.vehicles[1:]))
    assert not evaluate(CITY, start).feasible
    assert evaluate(CITY, solver(CITY).solve(start).draft).feasible


def test_a_split_search_is_an_engine() -> None:
    engine: Engine = SplitSearch(workers=1)
    told: list[Progress] = []
    found = engine(CITY, budget=Budget(iterations=600), seed=3, start=None, report=told.append)
    assert evaluate(CITY, found.draft).feasible
    assert {progress.engine for progress in told} == {"split"}


def test_seconds_are_dealt_by_turns() -> None:
    """Three parts and two hands take two turns: half of 60 s are 15 s each."""
    purse = Purse(Budget(time_limit_s=60.0), clock=lambda: 100.0)
    assert purse.deal(0.5, PARTS, 2) == [Budget(time_limit_s=15.0)] * 3
    assert purse.deal(0.5, PARTS, 2, most_s=4.0) == [Budget(time_limit_s=4.0)] * 3
    assert purse.deal(0.5, PARTS, 3) == [Budget(time_limit_s=30.0)] * 3


def test_only_what_is_left_is_dealt() -> None:
    now_s = 100.0
    purse = Purse(Budget(time_limit_s=60.0), clock=lambda: now_s)
    now_s = 140.0
    assert purse.elapsed_s == 40.0
    assert purse.deal(1.0, PARTS, 3) == [Budget(time_limit_s=20.0)] * 3
    assert not purse.spent
    now_s = 159.9
    assert purse.spent


def test_iterations_are_dealt_by_orders_until_none_are_left() -> None:
    """Half of 120 for six orders: ten an order. What is left is 60."""
    purse = Purse(Budget(iterations=120))
    expected = [Budget(iterations=count) for count in (30, 10, 20)]
    assert purse.deal(0.5, PARTS, 1, most_s=2.0) == expected
    assert purse.deal(1.0, PARTS, 2) == expected
    assert purse.spent


def test_a_budget_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="seconds or iterations"):
        Purse(Budget())
