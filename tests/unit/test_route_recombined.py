"""A search that recombines days keeps its budget, and what every engine owes."""

from dataclasses import replace
from time import perf_counter

from routing.engine import Budget, Progress
from routing.evaluate import evaluate
from routing.recombined import search_and_recombine
from routing.search import compile_ahead, search
from tests.routing_world import random_problem


def silent(progress: Progress) -> None:
    del progress


def test_a_number_of_iterations_is_what_is_made_and_gives_the_search_s_plan() -> None:
    problem, budget = random_problem(7, orders=20), Budget(iterations=500)
    found = search_and_recombine(problem, budget=budget, seed=1, start=None, report=silent)
    assert found.iterations == 500
    assert found == search(problem, budget=budget, seed=1, start=None, report=silent)


def test_no_time_at_all_is_not_the_usual_time() -> None:
    compile_ahead()
    problem, began_s = random_problem(7, orders=6), perf_counter()
    budget = Budget(time_limit_s=0.0)
    found = search_and_recombine(problem, budget=budget, seed=1, start=None, report=silent)
    assert perf_counter() - began_s < 5
    assert evaluate(problem, found.draft).feasible


def test_days_are_recombined_within_the_time_and_break_no_rule() -> None:
    problem, told = random_problem(7, orders=20), list[str]()
    found = search_and_recombine(
        problem,
        budget=Budget(time_limit_s=1.0),
        seed=1,
        start=None,
        report=lambda news: told.append(news.phase),
    )
    assert evaluate(problem, found.draft).feasible
    assert told.index("recombining") < len(told) - 1


def test_without_orders_or_vehicles_there_is_nothing_to_recombine() -> None:
    problem, budget = random_problem(7, orders=4), Budget(time_limit_s=0.1)
    idle = replace(problem, orders=(), vehicles=problem.vehicles[1:])
    for empty in (idle, replace(problem, vehicles=())):
        found = search_and_recombine(empty, budget=budget, seed=1, start=None, report=silent)
        assert not any(tour.visits for tours in found.draft for tour in tours)
