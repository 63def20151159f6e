"""A leg is driven at the pace of each slice of the day that it lies in.

On the street: 10 m/s until 8:20 (1200 s), 5 m/s until 8:40 (2400 s), then 20 m/s.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.evaluate import evaluate
from routing.travel import Leg, arrival_s
from tests.routing_street import EIGHT, draft, order, street, tour

PACES = {0: 10.0, EIGHT + 1200: 5.0, EIGHT + 2400: 20.0}


@pytest.mark.parametrize(
    ("leaves_s", "arrives_s"),
    [
        (0, 1000),  # 10 km at 10 m/s
        (200, 1200),  # just within the first slice
        (400, 1600),  # 8 km until 1200 s, the other 2 km at 5 m/s
        (1200, 2600),  # 6 km by 2400 s at 5 m/s, 4 km at 20 m/s
        (1199, 2599),  # 10 m, then 6 km, then 3,990 m in 199.5 s
        (2400, 2900),  # 10 km at 20 m/s
    ],
)
def test_a_leg_crosses_into_the_next_slice(leaves_s: int, arrives_s: int) -> None:
    """To a second, for parts of a leg are counted in whole millionths, rounded to be later."""
    leg = Leg(10_000, (1000, 2000, 500))
    arrived_s = arrival_s(EIGHT + leaves_s, leg, tuple(PACES)) - EIGHT
    assert arrives_s <= arrived_s <= arrives_s + 1


def test_a_leg_crosses_two_boundaries() -> None:
    """From 1100 s, 17 km: 1 km by 1200 s, 6 km by 2400 s, 10 km at 20 m/s in 500 s."""
    leg = Leg(17_000, (1700, 3400, 850))
    assert arrival_s(EIGHT + 1100, leg, tuple(PACES)) - EIGHT in {2900, 2901}


def test_a_day_is_driven_through_its_slices() -> None:
    """Out at 10 m/s (1000 s), 100 s there, and back from 1100 s on.

    1 km by 1200 s, 6 km by 2400 s, and 3 km at 20 m/s in 150 s.
    """
    problem = street(order(0, 10, service_s=100), paces=PACES)
    [route] = evaluate(problem, draft(tour(0))).routes
    assert route.trips[0].stops[0].starts_s == EIGHT + 1000
    assert route.trips[0].ends_s - EIGHT in {2550, 2551}


def test_the_wait_at_the_depot_is_as_long_as_the_door_would_have_been_closed() -> None:
    """Leaving at 8:00 the van would be there at 500 s, 1000 s too early. So it leaves at 1000 s.

    2 km by 1200 s, 3 km at 5 m/s: it arrives at 1800 s, for the pace has fallen.
    """
    problem = street(order(0, 5, not_before_s=EIGHT + 1500), paces=PACES)
    [trip] = evaluate(problem, draft(tour(0))).routes[0].trips
    assert trip.departs_s == EIGHT + 1000
    assert trip.stops[0].starts_s - EIGHT in {1800, 1801}


def test_a_way_of_nothing_takes_no_time() -> None:
    assert arrival_s(EIGHT, Leg(0, (0, 0, 0)), tuple(PACES)) == EIGHT


@st.composite
def legs(draw: st.DrawFn) -> tuple[Leg, tuple[int, ...]]:
    starts_s = (0, *sorted(draw(st.sets(st.integers(1, 86_400), max_size=5))))
    durations_s = draw(
        st.lists(st.integers(0, 40_000), min_size=len(starts_s), max_size=len(starts_s))
    )
    return Leg(1, tuple(durations_s)), starts_s


@settings(deadline=None)
@given(legs(), st.integers(0, 100_000), st.integers(0, 3600))
def test_who_leaves_later_never_arrives_earlier(
    leg: tuple[Leg, tuple[int, ...]], departs_s: int, wait_s: int
) -> None:
    assert arrival_s(departs_s, *leg) <= arrival_s(departs_s + wait_s, *leg)


@settings(deadline=None)
@given(legs(), st.integers(0, 100_000))
def test_no_leg_is_faster_than_its_fastest_pace_or_slower_than_its_slowest(
    leg: tuple[Leg, tuple[int, ...]], departs_s: int
) -> None:
    """A second more for each boundary that is crossed, by rounding."""
    took_s = arrival_s(departs_s, *leg) - departs_s
    durations_s = leg[0].durations_s
    assert min(durations_s) <= took_s <= max(durations_s) + len(durations_s)
