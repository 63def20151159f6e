"""Where limits and quotes are at their edges, the search still says what the evaluator says."""

from dataclasses import replace

import numpy as np
import pytest

from routing.engine import Budget, Progress
from routing.evaluate import evaluate
from routing.plan import Draft
from routing.problem import CurrentTrip, Depot, Problem
from routing.search import search
from routing.search.anneal import settle_rows
from routing.search.facts import build, picks
from routing.search.layout import CLOSED_S
from routing.search.state import allocate, load
from routing.travel import UNREACHABLE_S, Matrices, ModeMatrix
from tests.routing_street import EIGHT, draft, order, street, tour, van

H = 3600


def silent(progress: Progress) -> None:
    del progress


def found(problem: Problem, *, iterations: int = 100, start: Draft | None = None) -> Draft:
    budget = Budget(iterations=iterations)
    return search(problem, budget=budget, seed=0, start=start, report=silent).draft


@pytest.mark.parametrize("day", range(12))
def test_picking_is_limited_on_every_day_that_a_shift_may_have(day: int) -> None:
    """The depot picks nothing from midnight until one; an order that is ready then leaves at one.

    Shifts may last until second 1,000,000, in the twelfth day.
    """
    ready_s, until_s = day * 24 * H, min(1_000_000, (day + 1) * 24 * H)
    depot = Depot(id="depot", place="km0", orders_per_hour=(0, *[1] * 23))
    late = order(0, 1, ready_s=ready_s, due_s=until_s, latest_s=until_s)
    problem = street(late, vehicles=(van(start_s=0, end_s=until_s),), depots=(depot,))
    [route] = evaluate(problem, found(problem)).routes
    assert route.trips[0].departs_s == ready_s + H


def test_what_is_aboard_is_brought_though_its_goods_are_of_another_depot() -> None:
    """What was loaded is not held against stock again: it may have been handed over."""
    depots = (Depot(id="depot", place="km0"), Depot(id="other", place="km20"))
    current = CurrentTrip(departed_s=EIGHT, place="km1", free_s=EIGHT, aboard=("o0",))
    problem = street(
        order(0, 2, depots=("other",)), vehicles=(van(current=current),), depots=depots
    )
    assert evaluate(problem, draft(tour(0))).feasible
    assert found(problem) == draft(tour(0))


@pytest.mark.parametrize("pin", [{"skills": frozenset({"stairs"})}, {"only_vehicle": "other"}])
def test_what_is_aboard_still_needs_its_skills_and_keeps_its_pin(pin: dict[str, object]) -> None:
    current = CurrentTrip(departed_s=EIGHT, place="km1", free_s=EIGHT, aboard=("o0",))
    vans = (van(current=current), van("other"))
    problem = street(order(0, 2, **pin), vehicles=vans)
    assert not evaluate(problem, (*draft(tour(0)), ())).feasible
    assert not any(tour.visits for tours in found(problem) for tour in tours)


def test_an_order_that_lets_a_late_trip_leave_later_is_quoted_at_its_price() -> None:
    """o0 is late already, at 1 fen a minute, and waits ten minutes for o1: that costs 10 fen.

    To bring o1 first would be too late for o0, and there is one trip: to drop it costs 2,000 fen.
    """
    late = order(0, 1, due_s=EIGHT, latest_s=EIGHT + 800, late_cost_per_min=1)
    next_one = order(1, 10, ready_s=EIGHT + 600, drop_cost=2000)
    problem = street(late, next_one)
    assert found(problem, iterations=0, start=draft(tour(0))) == draft(tour(0, 1))


def test_a_day_on_roads_that_are_closed_is_walked_to_its_end() -> None:
    """Six closed legs there and back add up to more than any slice of the day begins at."""
    metres = np.full((7, 7), 1000, np.int32)
    seconds = np.full((7, 7), UNREACHABLE_S, np.int32)
    np.fill_diagonal(seconds, 0)
    seconds[:, 6] = seconds[6, :] = 0
    ways = ModeMatrix(metres, np.stack([seconds] * 2), (0, EIGHT))
    by_mode = dict.fromkeys(("trike", "van"), ways)
    orders = tuple(order(k, k + 1) for k in range(6))
    problem = street(*orders, vehicles=(van(mode="trike"), van("other")))
    places = problem.places[:7]
    problem = replace(problem, places=places, travel=Matrices(by_mode))
    arrays = build(problem)
    state = allocate(arrays.facts, picks(problem), longest=6, seed=0)
    load(problem, arrays, state, (*draft(tour(0, 1, 2, 3, 4)), ()))
    settle_rows(arrays.facts, state)
    assert state.day["bad"].max() >= 5
    assert state.row["ends_s"].max() == EIGHT + 6 * CLOSED_S
