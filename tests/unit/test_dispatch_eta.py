"""When a vehicle will be where: medians by hand, intervals by how often they are right."""

import random
from dataclasses import replace
from datetime import datetime
from math import exp, sqrt

import pytest

from routing.dispatch.eta import COMMON, Expected, Spread, expected, paces_of
from routing.dispatch.geofence import Ground
from routing.dispatch.learning import Ratio, TimeBook
from routing.dispatch.state import CityState, Disruption, Visited
from schemas.disruptions import BreakdownDetails, DelayDetails
from tests.dispatch_streets import NINE, VAN, minute, order, point, position, stop, street, vehicle

# From the depot at minute 0: A at 6,000 m from 10 to 13, B at 9,000 m from 18 to 21, back at 36.
A, B = order("a", 6000), order("b", 9000)
PLAN = (
    stop("load", -10, 0, place=0),
    stop("deliver", 10, 13, place=1, order_id="a"),
    stop("deliver", 18, 21, place=2, order_id="b"),
    stop("return", 36, 36, place=3),
)
EXACT = Ratio(q10=1.0, q50=1.0, q90=1.0, mean=1.0)
SURE = TimeBook(legs={"van": EXACT}, stops=EXACT)


def minutes(at: datetime) -> float:
    return round((at - NINE).total_seconds() / 60, 2)


def arrivals(state: CityState, book: TimeBook = SURE) -> dict[str, float]:
    return {one.order_id: minutes(one.arrives_at) for one in expected(state, book)}


def at_door(order_id: str, arrived_min: float, left_min: float | None = None) -> Visited:
    return Visited(
        vehicle_id=VAN,
        order_id=order_id,
        depot_id=None,
        arrived_at=minute(arrived_min),
        left_at=None if left_min is None else minute(left_min),
        source="position",
    )


def test_before_it_leaves_the_plan_holds() -> None:
    waiting = [replace(each, stage="loaded", departed_at=None) for each in (A, B)]
    state = street(*waiting, stops=PLAN, now_min=-5)
    assert arrivals(state) == {"a": 10, "b": 18}
    assert [one.is_next for one in expected(state, SURE)] == [False, False]


def test_a_departure_that_is_late_moves_all_that_follows() -> None:
    waiting = [replace(each, stage="loaded", departed_at=None) for each in (A, B)]
    assert arrivals(street(*waiting, stops=PLAN, now_min=7)) == {"a": 17, "b": 25}


def test_the_pace_is_that_of_the_plans_legs() -> None:
    # 6,000 m in 600 s, 3,000 m in 300 s, 9,000 m in 900 s.
    state = street(A, B, stops=PLAN, now_min=0)
    assert paces_of(state, Ground.of(state)) == {"van": pytest.approx(0.1, abs=1e-6)}


def test_a_fix_says_what_is_left_of_the_way() -> None:
    # At minute 12 it is 3,000 m before A: 300 s; then 3 minutes there, and 5 to B.
    state = street(A, B, stops=PLAN, now_min=12, vehicles=(vehicle(position=position(12, 3000)),))
    assert arrivals(state) == {"a": 17, "b": 25}
    assert [one.is_next for one in expected(state, SURE)] == [True, False]


def test_since_the_fix_it_has_driven_on() -> None:
    state = street(A, B, stops=PLAN, now_min=14, vehicles=(vehicle(position=position(12, 3000)),))
    assert arrivals(state)["a"] == 17


def test_an_old_fix_gives_way_to_the_plan() -> None:
    fresh = vehicle(position=position(-1, 0))
    assert arrivals(street(A, B, stops=PLAN, now_min=9, vehicles=(fresh,)))["a"] == 9
    old = vehicle(position=position(-1.1, 0))
    assert arrivals(street(A, B, stops=PLAN, now_min=9, vehicles=(old,)))["a"] == 10


def test_without_fixes_what_is_overdue_comes_any_moment() -> None:
    assert arrivals(street(A, B, stops=PLAN, now_min=15))["a"] == 15


def test_at_a_door_the_rest_of_the_stop_passes_first() -> None:
    state = street(A, B, stops=PLAN, now_min=15, visits=(at_door("a", 14),))
    # It came at 14, 3 minutes are planned, 5 are the way.
    assert arrivals(state) == {"b": 22}
    assert not expected(state, SURE)[0].is_next


def test_a_stop_that_takes_too_long_ends_any_moment() -> None:
    assert arrivals(street(A, B, stops=PLAN, now_min=30, visits=(at_door("a", 14),))) == {"b": 35}


def test_a_door_that_was_left_is_done() -> None:
    van = vehicle(position=position(16, 6000))
    state = street(A, B, stops=PLAN, now_min=16, visits=(at_door("a", 12, 16),), vehicles=(van,))
    assert arrivals(state) == {"b": 21}
    assert expected(state, SURE)[0].is_next


def test_who_rests_where_all_is_done_comes_when_the_plan_says() -> None:
    """A is served and gone; by its fix the van could be at B in 5 minutes, by the plan at 40."""
    van = vehicle(position=position(16, 6000))
    resting = (PLAN[0], replace(PLAN[2], arrives_at=minute(40), leaves_at=minute(43)), PLAN[3])
    state = street(B, stops=resting, now_min=16, visits=(at_door("a", 12),), vehicles=(van,))
    assert arrivals(state) == {"b": 40}
    gone = replace(state, visits=(at_door("a", 12, 16),))
    assert arrivals(gone)["b"] < 40


def test_a_driver_who_goes_to_b_first_is_believed() -> None:
    state = street(A, B, stops=PLAN, now_min=16, visits=(at_door("b", 15),))
    # 2 minutes are left of 3 at B; back to A are 3,000 m at the pace of the plan's legs.
    assert arrivals(state) == {"a": 23}


def test_what_is_delivered_is_not_expected() -> None:
    done = replace(A, stage="delivered", delivered_at=minute(12))
    assert list(arrivals(street(done, B, stops=PLAN, now_min=13))) == ["b"]


def test_a_door_that_opens_later_is_waited_for() -> None:
    window = replace(A, not_before=minute(30))
    # There at 10, open at 30, 3 minutes, 5 to B.
    waiting = stop("deliver", 10, 33, place=1, order_id="a")
    plan = (PLAN[0], waiting, stop("deliver", 38, 41, place=2, order_id="b"), PLAN[3])
    van = vehicle(position=position(4, 0))
    state = street(window, B, stops=plan, now_min=4, vehicles=(van,))
    assert arrivals(state) == {"a": 14, "b": 38}


def test_the_next_trip_leaves_when_the_vehicle_is_back_and_loaded() -> None:
    c = order("c", 6000, stage="waiting", aboard=None, departed_at=None)
    second = (
        stop("load", 36, 46, place=0, trip=2),
        stop("deliver", 56, 59, place=1, order_id="c", trip=2),
    )
    van = vehicle(position=position(30, 9000))  # 12 minutes late at B
    state = street(
        B,
        c,
        stops=(*PLAN[2:], *second),
        now_min=30,
        vehicles=(van,),
        visits=(at_door("a", 10, 13),),
    )
    # B at 30 to 33, back at 48, 10 minutes to load, 10 to C.
    assert arrivals(state) == {"b": 30, "c": 68}


def disruption(kind: str, details: object, *, until_min: float | None = None) -> Disruption:
    return Disruption(
        id="x",
        kind=kind,
        vehicle_id=VAN,
        details=details,
        from_at=minute(10),
        until_at=None if until_min is None else minute(until_min),
        recorded_at=minute(10),
    )


def test_what_was_said_to_be_lost_is_added() -> None:
    van = vehicle(position=position(12, 3000))
    late = disruption("delay", DelayDetails(delay_s=1200))  # until minute 30
    state = street(A, B, stops=PLAN, now_min=12, vehicles=(van,), disruptions=(late,))
    assert arrivals(state)["a"] == 35


def test_nothing_is_expected_of_a_vehicle_that_broke_down() -> None:
    broken = disruption("breakdown", BreakdownDetails())
    state = street(A, B, stops=PLAN, now_min=12, disruptions=(broken,))
    assert arrivals(state) == {}
    mended = disruption("breakdown", BreakdownDetails(), until_min=12)
    assert arrivals(replace(state, disruptions=(mended,))) == {"a": 12, "b": 20}


def test_a_vehicle_that_stands_until_a_time_goes_on_then() -> None:
    van = vehicle(position=position(12, 3000))
    broken = disruption("breakdown", BreakdownDetails(), until_min=30)
    state = street(A, B, stops=PLAN, now_min=12, vehicles=(van,), disruptions=(broken,))
    assert arrivals(state)["a"] == 35


def test_the_interval_of_one_leg_is_the_books() -> None:
    # 300 s are left of a leg whose eight in ten take 0.8 to 1.5 times as long.
    book = TimeBook(legs={"van": Ratio(q10=0.8, q50=1.0, q90=1.5, mean=1.0)}, stops=EXACT)
    van = vehicle(position=position(12, 3000))
    [a, b] = expected(street(A, B, stops=PLAN, now_min=12, vehicles=(van,)), book)
    assert interval(a) == (16, 17, 19.5)
    # B: two legs of 300 s: 150 s each; 0.3 of the variance is common:
    # sqrt(0.3 * 300^2 + 0.7 * (150^2 + 150^2)) = 241.9 s = 4.03 min.
    assert interval(b)[2] == pytest.approx(25 + 4.03, abs=0.01)


def interval(one: Expected) -> tuple[float, float, float]:
    return minutes(one.earliest_at), minutes(one.arrives_at), minutes(one.latest_at)


def test_nobody_is_expected_in_the_past() -> None:
    book = TimeBook(legs={"van": Ratio(q10=0.1, q50=1.0, q90=4.0, mean=1.0)}, stops=EXACT)
    state = street(A, B, stops=PLAN, now_min=15)
    assert all(one.earliest_at >= state.now for one in expected(state, book))


def test_a_wait_takes_up_what_is_late() -> None:
    spread = Spread()
    spread.add(600, Ratio(q10=0.9, q50=1.0, q90=1.5, mean=1.0))
    assert spread.ends_s() == (pytest.approx(60), pytest.approx(300))
    spread.absorb(150)
    assert spread.ends_s()[1] == pytest.approx(150)
    spread.absorb(150)
    assert spread.ends_s() == (0, 0)


@pytest.mark.parametrize("legs", [1, 4, 10])
def test_eight_in_ten_come_within_the_interval(legs: int) -> None:
    """Days with lognormal legs, whose logarithms share COMMON of their variance."""
    seed = random.Random(legs)
    # 0.9 of a normal distribution lie below 1.2816 deviations: q90 / q50 = exp(1.2816 * 0.2).
    sigma, at_90 = 0.2, 1.2816
    mean = exp(sigma * sigma / 2)
    ratio = Ratio(q10=exp(-at_90 * sigma), q50=1.0, q90=exp(at_90 * sigma), mean=mean)
    spread = Spread()
    for _ in range(legs):
        spread.add(600 * mean, ratio)
    early_s, late_s = spread.ends_s()
    within = 0
    for _ in range(4000):
        common = seed.gauss(0, 1) * sqrt(COMMON)
        own = (seed.gauss(0, 1) * sqrt(1 - COMMON) for _ in range(legs))
        total_s = sum(600 * exp(sigma * (common + each)) for each in own)
        mean_s = 600 * mean * legs
        within += mean_s - early_s <= total_s <= mean_s + late_s
    assert 0.75 <= within / 4000 <= 0.85


def test_a_place_of_meeting_is_driven_to_as_well() -> None:
    van = vehicle(position=position(4, 0))
    state = street(A, B, stops=(PLAN[0], MEET, *PLAN[2:]), now_min=4, vehicles=(van,))
    # 3,000 m to the meeting. Its planned legs: 3,000 m in 15 minutes, 6,000 m in 2, 9,000 in 15:
    # the median is the 0.1 s a metre of the last. There at 9, a minute, then 2 minutes to B.
    assert arrivals(state) == {"b": 12}


def test_who_gave_a_box_away_goes_on() -> None:
    given = replace(A, aboard="van-2")
    van = vehicle(position=position(4, 3000))
    state = street(given, B, stops=(PLAN[0], MEET, *PLAN[2:]), now_min=4, vehicles=(van,))
    assert arrivals(state) == {"b": 14}  # 6,000 m are left


def test_who_takes_a_box_meets_first_and_then_brings_it() -> None:
    stops = (MEET, stop("deliver", 21, 24, place=2, order_id="a"))
    van = vehicle(position=position(4, 0))
    before = street(replace(A, aboard="van-2"), B, stops=stops, now_min=4, vehicles=(van,))
    # B is out with another van: this one has not left. It meets at 15, has the box at 16.
    assert arrivals(before) == {"a": 21}
    # With the box, 3,000 m are left at the pace of the plan: 3,000 m in 5 minutes.
    van = vehicle(position=position(16, 3000))
    after = street(A, B, stops=stops, now_min=16, vehicles=(van,))
    assert arrivals(after) == {"a": 21}


MEET = stop("meet", 15, 16, place=1, order_id="a", lat_deg=point(3000)[0], lon_deg=point(3000)[1])
