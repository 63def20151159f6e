"""A planned day in its middle: what was done is gone, and the rest of the plan still holds."""

from dataclasses import replace
from typing import Any

import pytest

from routing.check import check
from routing.city import city_day
from routing.city_first_trips import first_trips
from routing.city_under_way import MOVE_COST, announce, hold_back, under_way
from routing.evaluate import Evaluation, evaluate
from routing.plan import Draft
from routing.problem import Break, CurrentTrip, Problem
from tests.routing_street import EIGHT, draft, order, street, tour, van
from tests.routing_world import EVERY, random_problem

HOUR_S = 3600


def still_to_come(found: Evaluation, now_s: int) -> dict[str, tuple[int, int]]:
    """Return when each door is opened after `now_s`, and with what exposure."""
    stops = [stop for route in found.routes for trip in route.trips for stop in trip.stops]
    return {s.order: (s.starts_s, s.exposure_s) for s in stops if s.starts_s > now_s}


def assert_rest_holds(problem: Problem, plan: Draft, now_s: int) -> tuple[Problem, Draft]:
    """Assert that the rest of a plan happens as it would have, metre by metre."""
    before = evaluate(problem, plan)
    rest, left = under_way(problem, plan, now_s)
    check(rest)
    after = evaluate(rest, left)
    assert after.feasible
    assert still_to_come(after, now_s) == still_to_come(before, now_s)
    driven = [sum(vehicle.driven_m for vehicle in p.vehicles) for p in (problem, rest)]
    assert driven[1] + after.totals.distance_m == driven[0] + before.totals.distance_m
    return rest, left


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("clock_h", [8.9, 9.5, 10.4, 12.1])
def test_the_rest_of_a_plan_happens_as_it_would_have(seed: int, clock_h: float) -> None:
    """Without doors that open late: a wait at the depot is reckoned from the present pace."""
    rules = replace(EVERY, current=False, picking=False, windows=False)
    problem = random_problem(seed, features=rules)
    now_s = int(clock_h * HOUR_S)
    rest, left = assert_rest_holds(problem, first_trips(problem), now_s)
    assert_rest_holds(rest, left, now_s + 900)


@pytest.mark.parametrize("scenario", ["shifts", "rush-hour", "lockers"])
def test_the_rest_of_a_city_day_happens_as_it_would_have(scenario: str) -> None:
    problem = city_day(orders=50, seed=1, scenario=scenario)
    plan = first_trips(problem)
    for clock_h in (14, 15.7, 17.2):
        assert_rest_holds(problem, plan, int(clock_h * HOUR_S))


def planned(**changes: Any) -> tuple[Problem, Draft]:
    """Return two trips of a van that starts at 8:00 and stands 60 s at every door.

    Out to km 2 at 8:03:20, to km 3 at 8:06:00, home at 8:12:00; after ten minutes, at 8:22:00, out
    to km 4 at 8:28:40, home at 8:36:20.
    """
    doors = [order(k, km, service_s=60) for k, km in enumerate((2, 3, 4))]
    vehicle = van(max_trips=2, reload_s=600, fixed_cost=500, **changes)
    return street(*doors, vehicles=(vehicle,)), draft(tour(0, 1), tour(2))


@pytest.mark.parametrize(
    ("after_s", "place", "free_s", "aboard", "locked", "driven_m"),
    [
        (0, "km2", 200, ("o0", "o1"), ("o0",), 2000),
        (199, "km2", 200, ("o0", "o1"), ("o0",), 2000),
        (200, "km2", 260, ("o1",), (), 2000),
        (259, "km2", 260, ("o1",), (), 2000),
        (260, "km3", 360, ("o1",), ("o1",), 3000),
        (420, "km0", 720, (), (), 6000),
        (719, "km0", 720, (), (), 6000),
    ],
)
def test_a_begun_leg_is_driven_to_its_end(
    *, after_s: int, place: str, free_s: int, aboard: tuple[str], locked: tuple[str], driven_m: int
) -> None:
    rest, _ = under_way(*planned(), EIGHT + after_s)
    vehicle = rest.vehicles[0]
    assert vehicle.current == CurrentTrip(
        departed_s=EIGHT,
        place=place,
        free_s=EIGHT + free_s,
        aboard=aboard,
        locked=locked,
        stops_made=2 - len(aboard),
    )
    assert (vehicle.driven_m, vehicle.max_trips) == (driven_m, 1)


def test_a_vehicle_that_is_back_reloads_and_has_been_paid_for() -> None:
    rest, left = under_way(*planned(), EIGHT + 720)
    vehicle = rest.vehicles[0]
    assert vehicle.current is not None  # the next trip leaves at 1320 s: it is being loaded
    assert vehicle.current.aboard == ("o2",)
    assert vehicle.current.locked == ()
    assert (vehicle.current.free_s, vehicle.fixed_cost) == (EIGHT + 1320, 0)
    assert evaluate(rest, left).routes[0].trips[0].stops[0].starts_s == EIGHT + 1720


def test_a_trip_that_is_not_yet_loaded_is_only_known() -> None:
    problem, plan = planned()
    waits = (plan[0][0], plan[0][1]._replace(not_before_s=EIGHT + 3600))
    rest, left = under_way(problem, (waits,), EIGHT + 3600 - 601)
    assert rest.vehicles[0].current is None
    assert rest.vehicles[0].start_s == EIGHT + 1320
    assert [o.id for o in rest.orders] == ["o2"]
    assert (rest.orders[0].known_vehicle, rest.orders[0].move_cost) == ("van", MOVE_COST)
    assert left[0][0].not_before_s == EIGHT + 3600
    loading, _ = under_way(problem, (waits,), EIGHT + 3600 - 600)
    assert loading.vehicles[0].current is not None


def test_a_break_that_has_begun_is_finished_and_a_later_one_still_to_come() -> None:
    """After the door at km 2, at 8:04:20, the driver rests until 8:19:20."""
    rest_s = Break(earliest_s=EIGHT + 210, latest_s=EIGHT + 3000, duration_s=900)
    problem, plan = planned(breaks=(rest_s,))
    resting, _ = under_way(problem, plan, EIGHT + 300)
    current = resting.vehicles[0].current
    assert current is not None
    assert (current.place, current.free_s) == ("km2", EIGHT + 260 + 900)
    assert resting.vehicles[0].breaks == ()
    assert_rest_holds(problem, plan, EIGHT + 199)
    early, _ = under_way(problem, plan, EIGHT + 199)
    assert len(early.vehicles[0].breaks) == 1


def test_what_was_left_out_stays_until_its_last_hour() -> None:
    doors = (order(0, 2, latest_s=EIGHT + 900), order(1, 3))
    problem, nobody = street(*doors), draft()
    assert [o.id for o in under_way(problem, nobody, EIGHT + 899)[0].orders] == ["o0", "o1"]
    rest, _ = under_way(problem, nobody, EIGHT + 900)
    assert [o.id for o in rest.orders] == ["o1"]
    assert rest.orders[0].known_vehicle is None


def test_news_comes_after_all_others_and_is_promised_from_now_on() -> None:
    day = city_day(orders=60, seed=1)
    known, news = hold_back(day, 10)
    assert len(known.orders) == 50
    rest, left = under_way(known, first_trips(known), 16 * HOUR_S)
    full = announce(rest, news)
    check(full)
    assert full.orders[: len(rest.orders)] == rest.orders
    assert evaluate(full, left).feasible
    for before, after in zip(news, full.orders[-10:], strict=True):
        assert after.ready_s == 16 * HOUR_S
        assert after.due_s - after.ready_s == before.due_s - before.ready_s
