"""The compiled walk and the evaluator agree: to the second, and to the cost unit."""

import pytest

from routing.evaluate import evaluate
from routing.plan import Draft
from routing.problem import Problem
from routing.search.anneal import settle_rows
from routing.search.facts import Arrays, build, picks
from routing.search.layout import ARRIVE_S, LEAVE_S, PLAN, START_S, State
from routing.search.state import allocate, load
from tests.routing_world import EVERY, PLAIN, Features, random_draft, random_problem

WALKED = {"promise", "cold", "range", "shift", "break", "picking"}
"""The rules that depend on times and ways. The others are kept by never offering such a place."""


def walked(problem: Problem, draft: Draft) -> tuple[Arrays, State]:
    trips = [sum(bool(tour.visits) for tour in tours) for tours in draft]
    arrays = build(problem, trips=trips)
    state = allocate(arrays.facts, picks(problem), longest=len(problem.orders), seed=0)
    load(problem, arrays, state, draft)
    settle_rows(arrays.facts, state)
    return arrays, state


@pytest.mark.parametrize("features", [EVERY, PLAIN], ids=["every rule", "plain"])
@pytest.mark.parametrize("first", range(0, 300, 50))
def test_a_day_costs_and_breaks_what_the_evaluator_says(features: Features, first: int) -> None:
    feasible = 0
    for seed in range(first, first + 50):
        problem = random_problem(seed, orders=2 + seed % 14, features=features)
        draft = random_draft(problem, seed)
        _, state = walked(problem, draft)
        verdict = evaluate(problem, draft)
        broken = WALKED & {violation.reason for violation in verdict.violations}
        assert state.now["current_u"][0] == verdict.cost.total
        assert (state.day["bad"].sum() > 0 or state.now["over"][0] > 0) == bool(broken)
        feasible += not broken
    assert 0 < feasible < 50


@pytest.mark.parametrize("seed", range(40))
def test_every_stop_is_served_when_the_evaluator_says(seed: int) -> None:
    problem = random_problem(seed, orders=10)
    draft = random_draft(problem, seed)
    arrays, state = walked(problem, draft)
    walks = {problem.vehicles[at].id: k for k, at in enumerate(arrays.vehicles)}
    for route in evaluate(problem, draft).routes:
        rows = state.trips[PLAN, walks[route.vehicle]]
        for row, trip in zip(rows.tolist(), route.trips, strict=False):
            stops = range(1, len(trip.stops) + 1)
            assert [stop.arrives_s for stop in trip.stops] == [
                state.spot[ARRIVE_S, row, q] for q in stops
            ]
            assert [stop.starts_s for stop in trip.stops] == [
                state.spot[START_S, row, q] for q in stops
            ]
            assert all(
                state.spot[LEAVE_S, row, q] >= stop.leaves_s for q, stop in enumerate(trip.stops, 1)
            )
            assert state.row["ends_s"][row] == trip.ends_s
