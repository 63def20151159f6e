"""A day is cut into spans that touch: driving, waiting, serving, resting.

The street's van drives a kilometre in 100 s.
"""

from dataclasses import replace
from itertools import pairwise

import pytest

from routing.evaluate import evaluate
from routing.plan import Draft
from routing.problem import Break, CurrentTrip, Problem
from routing.timeline import rests, spans
from tests.routing_street import EIGHT, draft, order, street, tour, van
from tests.routing_world import random_draft, random_problem

Told = list[tuple[str, int, int]]


def told(problem: Problem, plan: Draft) -> list[Told]:
    """Return what the only vehicle does on each trip, in seconds after eight."""
    [vehicle], [route] = problem.vehicles, evaluate(problem, plan).routes
    return [
        [(span.doing, span.from_s - EIGHT, span.to_s - EIGHT) for span in trip]
        for trip in spans(vehicle, route)
    ]


def test_a_trip_is_driven_served_and_driven_home() -> None:
    problem = street(order(0, 2, service_s=60), order(1, 3, service_s=30))
    assert told(problem, draft(tour(0, 1))) == [
        [
            ("driving", 0, 200),
            ("serving", 200, 260),
            ("driving", 260, 360),
            ("serving", 360, 390),
            ("driving", 390, 690),
        ]
    ]


def test_a_wait_holds_the_break_that_fits_into_it() -> None:
    """The second door opens 1000 s after the arrival at 300 s; the rest is due from 400 s on."""
    rest = Break(earliest_s=EIGHT + 400, latest_s=EIGHT + 900, duration_s=300)
    problem = street(
        order(0, 2), order(1, 3, not_before_s=EIGHT + 1300), vehicles=(van(breaks=(rest,)),)
    )
    assert told(problem, draft(tour(0, 1))) == [
        [
            ("driving", 0, 200),
            ("driving", 200, 300),
            ("waiting", 300, 400),
            ("resting", 400, 700),
            ("waiting", 700, 1300),
            ("driving", 1300, 1600),
        ]
    ]


def test_a_break_between_trips_belongs_to_none_of_them() -> None:
    rest = Break(earliest_s=EIGHT + 401, latest_s=EIGHT + 3600, duration_s=500)
    vehicle = van(max_trips=2, breaks=(rest,))
    problem = street(order(0, 2), order(1, 1, ready_s=EIGHT + 600), vehicles=(vehicle,))
    plan = draft(tour(0), tour(1))
    assert told(problem, plan) == [
        [("driving", 0, 200), ("driving", 200, 400)],
        [("driving", 901, 1001), ("driving", 1001, 1101)],
    ]
    [route] = evaluate(problem, plan).routes
    assert [(span.from_s, span.to_s) for span in rests(vehicle, route)] == [
        (EIGHT + 401, EIGHT + 901)
    ]


def test_a_trip_under_way_begins_where_it_is_now() -> None:
    current = CurrentTrip(departed_s=EIGHT, place="km5", free_s=EIGHT + 600, aboard=("o0",))
    vehicle = replace(van(max_trips=0), current=current)
    problem = street(order(0, 6), vehicles=(vehicle,), now_s=EIGHT + 500)
    assert told(problem, draft(tour(0))) == [[("driving", 600, 700), ("driving", 700, 1300)]]


@pytest.mark.parametrize("seed", range(10))
def test_spans_touch_and_fill_every_trip(seed: int) -> None:
    problem = random_problem(seed)
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    for route in evaluate(problem, random_draft(problem, seed)).routes:
        vehicle = vehicles[route.vehicle]
        for trip, parts in zip(route.trips, spans(vehicle, route), strict=True):
            for before, after in pairwise(parts):
                assert before.to_s == after.from_s
            assert all(part.from_s < part.to_s for part in parts)
            if parts:
                assert parts[-1].to_s == trip.ends_s
            served = {part.stop.order for part in parts if part.stop}
            assert served <= {stop.order for stop in trip.stops}
