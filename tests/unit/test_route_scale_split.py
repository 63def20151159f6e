"""Which parts a large city is split into."""

from dataclasses import replace

import numpy as np
import pytest

from routing.city import SCENARIOS, city_day
from routing.problem import CurrentTrip, Load, Place, Problem
from routing.scale.assign import assign_depots, can_carry, tied
from routing.scale.split import split
from routing.scale.where import cut, positions, sectors
from tests.routing_split_world import ORDER, VAN, doors, ring, street
from tests.routing_world import random_problem


def check_complete(problem: Problem, most: int) -> None:
    parts = split(problem, most=most)
    assert sorted(k for part in parts for k in part.orders) == list(range(len(problem.orders)))
    assert sorted(k for part in parts for k in part.vehicles) == list(range(len(problem.vehicles)))


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_every_order_and_vehicle_of_a_city_is_in_exactly_one_part(scenario: str) -> None:
    check_complete(city_day(orders=300, seed=1, scenario=scenario), most=40)


@pytest.mark.parametrize("seed", range(20))
def test_every_order_and_vehicle_of_any_problem_is_in_exactly_one_part(seed: int) -> None:
    check_complete(random_problem(seed, orders=30), most=4)


def test_parts_are_small_and_have_vehicles_in_proportion() -> None:
    problem = city_day(orders=2000, seed=1)
    parts = split(problem, most=200)
    assert max(len(part.orders) for part in parts) <= 260  # sectors weigh orders by their load
    rates = [len(part.orders) / len(part.vehicles) for part in parts]
    assert max(rates) < 2 * 2000 / len(problem.vehicles)


def test_a_split_does_not_depend_on_chance() -> None:
    problem = city_day(orders=300, seed=1)
    assert split(problem, most=40) == split(problem, most=40)


def test_a_depot_of_its_own_is_cut_into_sectors_around_it() -> None:
    """Eight orders on a circle, two vehicles: two half circles of four neighbours each."""
    parts = split(ring(8, vehicles=2), most=4)
    assert [len(part.vehicles) for part in parts] == [1, 1]
    for part in parts:
        assert len(part.orders) == 4
        gaps = np.diff(sorted(part.orders), append=min(part.orders) + 8)
        assert sorted(gaps) == [1, 1, 1, 5]


def test_there_are_no_more_sectors_than_vehicles() -> None:
    assert len(split(ring(8, vehicles=1), most=2)) == 1


def test_a_vehicle_goes_where_its_orders_are_and_takes_what_is_aboard() -> None:
    problem = ring(8, vehicles=2)
    trip = CurrentTrip(departed_s=0, place="p1", free_s=0, aboard=("o1", "o2", "o5"))
    van = replace(problem.vehicles[0], current=trip)
    pinned = replace(problem.orders[6], only_vehicle="v1")
    orders = (*problem.orders[:6], pinned, problem.orders[7])
    parts = split(replace(problem, vehicles=(van, problem.vehicles[1]), orders=orders), most=4)
    (with_van,) = [part for part in parts if 0 in part.vehicles]
    (with_pin,) = [part for part in parts if 1 in part.vehicles]
    assert {1, 2, 5} <= set(with_van.orders)
    assert 6 in with_pin.orders


def test_an_order_comes_from_its_nearest_depot() -> None:
    vans = [replace(VAN, id=f"v{k}", depot=depot) for k, depot in enumerate(["west", "east"] * 2)]
    problem = street([2000, 9000], doors(2), vans)
    assert assign_depots(problem, {}) == [0, 1]


def test_where_the_nearest_depot_is_full_those_go_elsewhere_to_which_it_matters_least() -> None:
    """West's two vans carry 0.9 x 2 x 2,000 = 3,600 g: three of four orders of a kilogram.

    The way from east is longer by 10,000 - 2 x 1,000 = 8,000 s for the first, by 6,000, 4,000 and
    2,000 s for the others: the last goes there.
    """
    vans = [replace(VAN, id=f"v{k}", depot=depot) for k, depot in enumerate(["west", "east"] * 2)]
    problem = street([1000, 2000, 3000, 4000], doors(4), vans)
    assert assign_depots(problem, {}) == [0, 0, 0, 1]


def test_hours_fill_a_depot_as_compartments_do() -> None:
    """Two hours of work at each depot, nine tenths of it dealt out: 6,480 s.

    An order at 1,000 m takes 3,000 s at its door and 2 x 1,000 / 8 s of the way: 3,250 s from west,
    so that only one of the two fits.
    """
    vans = [
        replace(VAN, id=depot, depot=depot, end_s=7200, capacity=Load(chilled_g=9000))
        for depot in ("west", "east")
    ]
    long = [replace(order, service_s=3000) for order in doors(2)]
    problem = street([1000, 1000], long, vans)
    assert assign_depots(problem, {}) == [0, 1]


def test_an_order_goes_to_a_depot_whose_vehicles_can_carry_it() -> None:
    vans = [
        replace(VAN, id="v0", depot="west"),
        replace(VAN, id="v1", depot="east", capacity=Load(frozen_g=5000)),
    ]
    frozen = replace(ORDER, load=Load(frozen_g=1000))
    assert assign_depots(street([1000], [frozen], vans), {}) == [1]


def test_a_vehicle_that_starts_no_more_trips_can_load_nothing() -> None:
    assert can_carry(VAN, ORDER)
    assert not can_carry(replace(VAN, max_trips=0), ORDER)


def test_an_order_is_tied_to_whom_it_is_pinned_known_or_loaded() -> None:
    trip = CurrentTrip(departed_s=0, place="west", free_s=0, aboard=("o2",))
    vans = [replace(VAN, id="v0"), replace(VAN, id="v1", current=trip)]
    pinned, known, loaded, free = doors(4)
    orders = [
        replace(pinned, only_vehicle="v0"),
        replace(known, known_vehicle="v1", move_cost=1),
        loaded,
        replace(free, known_vehicle="v0", move_cost=0),
    ]
    assert tied(street([1, 2, 3, 4], orders, vans)) == {0: 0, 1: 1, 2: 1}


def test_groups_are_compact_and_no_heavier_than_asked() -> None:
    """Two villages far apart, six houses each: cut between them at any angle."""
    village = np.array([[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]], float)
    points = np.concatenate([village, village + 100])
    for angle in (0.0, 0.3, 1.2):
        groups = cut(points, [1] * 12, most=6, angle=angle)
        assert sorted(sorted(group.tolist()) for group in groups) == [
            [0, 1, 2, 3, 4, 5],
            [6, 7, 8, 9, 10, 11],
        ]


def test_what_is_too_heavy_by_itself_is_a_group_by_itself() -> None:
    points = np.array([[0, 0], [1, 0], [2, 0]], float)
    groups = cut(points, [1, 9, 1], most=3, angle=0.0)
    assert sorted(group.tolist() for group in groups) == [[0], [1], [2]]


def test_sectors_begin_at_a_wide_gap() -> None:
    """Points at 350, 10 and 20 degrees are neighbours across 0; those at 170 and 190 are others."""
    angles = np.radians([350, 10, 20, 170, 190])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    dealt = sectors(points, np.zeros(2), [1, 1, 1, 1.5, 1.5], 2).tolist()
    assert dealt[0] == dealt[1] == dealt[2]
    assert dealt[3] == dealt[4] != dealt[0]


def test_a_degree_of_latitude_is_111_195_m() -> None:
    """A 360th of the circumference of a sphere of the mean radius, 6,371,008.8 m."""
    problem = city_day(orders=2, seed=1)
    places = (
        Place(id="a", lat_deg=30.0, lon_deg=120.0),
        Place(id="b", lat_deg=31.0, lon_deg=120.0),
    )
    a, b = positions(replace(problem, places=places))
    assert np.hypot(*(b - a)) == pytest.approx(111_195, abs=1)


def test_places_without_coordinates_are_near_where_their_ways_are_short() -> None:
    """On a street, ways from its two ends order the doors as the street does."""
    problem = street([5000, 5100, 800], doors(3), [VAN])
    points = positions(problem)
    near = np.hypot(*(points[2] - points[3]))
    assert near < np.hypot(*(points[2] - points[4]))
    assert near < np.hypot(*(points[2] - points[0]))
