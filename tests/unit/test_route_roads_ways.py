"""Ways on maps that fit in the head.

Seconds are rounded up, and degrees are not metres to the last digit: so the sums end on about half
a second.
"""

import pytest

from routing.roads.network import Way
from routing.travel import UNREACHABLE_S
from routing.travel_values import RoadRule
from tests.road_maps import TEN_M_S, network, places, van_on

ONE_WAY = {**TEN_M_S, "oneway": "yes"}
KILOMETRE = network({1: (0, 0), 2: (1000, 0)}, Way([1, 2], TEN_M_S))
RING = {1: (0, 0), 2: (1000, 0), 3: (1000, 1000), 4: (0, 1000)}


def test_two_places_on_one_edge_are_as_far_apart_as_they_stand():
    # 205 m and 700 m along a kilometre: 495 m at 10 m/s, either way.
    travel = van_on(KILOMETRE, (205, 0), (700, 0))
    assert travel.leg("van", 0, 1) == (495, (50,))
    assert travel.leg("van", 1, 0) == (495, (50,))


def test_the_way_to_the_road_and_from_it_is_walked():
    # 50 m at 5 km/h are 36 s; with 49.5 s of driving 85.5 s. Nobody drives the 50 m.
    travel = van_on(KILOMETRE, (205, 50), (700, 0))
    assert travel.leg("van", 0, 1) == (495, (86,))
    assert travel.leg("van", 1, 0) == (495, (86,))


def test_staying_costs_nothing_far_from_the_road_either():
    travel = van_on(KILOMETRE, (200, 50), (200, 50))
    assert travel.leg("van", 0, 0) == (0, (0,))
    assert travel.leg("van", 0, 1) == (0, (0,))


@pytest.mark.parametrize(
    "ways",
    [
        [Way([1, 2, 3, 4, 1], ONE_WAY)],
        [Way([1, 2, 3], ONE_WAY), Way([3, 4, 1], ONE_WAY)],
        [Way([a, b], ONE_WAY) for a, b in ((1, 2), (2, 3), (3, 4), (4, 1))],
    ],
    ids=["one edge", "two edges", "four edges"],
)
def test_against_a_one_way_ring_it_is_once_round(ways):
    # Four kilometres round, however the ring is cut into edges.
    travel = van_on(network(RING, *ways), (205, 0), (700, 0))
    assert travel.leg("van", 0, 1) == (495, (50,))
    assert travel.leg("van", 1, 0) == (3505, (351,))


def test_a_one_way_street_drawn_backwards_leads_the_other_way():
    backwards = {**TEN_M_S, "oneway": "-1"}
    travel = van_on(network(RING, Way([1, 2, 3, 4, 1], backwards)), (205, 0), (700, 0))
    assert travel.leg("van", 0, 1) == (3505, (351,))
    assert travel.leg("van", 1, 0) == (495, (50,))


def test_who_walks_is_not_bound_by_one_way_streets():
    # 495 m at 5 km/h, either way: 356.4 s.
    roads = network(RING, Way([1, 2, 3, 4, 1], ONE_WAY))
    travel = van_on(roads, (205, 0), (700, 0), rule=RoadRule(kind="foot"))
    assert travel.leg("van", 1, 0) == (495, (357,))


def test_a_place_at_a_corner_leaves_by_every_street_of_it():
    # From the corner 1 a two-way street leads 295 m south: no need to go round the ring.
    roads = network({**RING, 5: (0, -295)}, Way([1, 2, 3, 4, 1], ONE_WAY), Way([1, 5], TEN_M_S))
    travel = van_on(roads, (0, 0), (0, -295))
    assert travel.leg("van", 0, 1) == (295, (30,))
    assert travel.leg("van", 1, 0) == (295, (30,))


DETOUR = network(
    {1: (0, 0), 2: (1000, 0), 3: (0, 300), 4: (1000, 300)},
    Way([1, 2], {"highway": "residential", "maxspeed": "18"}),  # 80 %: 4 m/s
    Way([1, 3, 4, 2], TEN_M_S),
)


def test_the_quickest_way_is_driven_and_its_metres_are_counted():
    # Straight on 1,000 m at 4 m/s and 5 m at 10 are 250.5 s; round 1,595 m at 10 m/s are 159.5 s.
    assert van_on(DETOUR, (0, 0), (1000, 5)).leg("van", 0, 1) == (1595, (160,))


def test_who_is_slow_anyway_takes_the_shortest():
    # 995 m at 5 km/h: 716.4 s.
    travel = van_on(DETOUR, (0, 0), (995, 0), rule=RoadRule(kind="foot"))
    assert travel.leg("van", 0, 1) == (995, (717,))


def test_a_place_in_the_middle_of_an_edge_leaves_by_its_better_end():
    # 800 m along the slow street, to 295 m up from its end: on by 200 m at 4 m/s (50 s) and 295 m
    # at 10 m/s (29.5 s). 200 m along: back by 200 m (50 s), then 300 + 1,000 + 5 m (130.5 s); on
    # would be 200 s and 29.5 s.
    travel = van_on(DETOUR, (800, 0), (1000, 295), (200, 0))
    assert travel.leg("van", 0, 1) == (495, (80,))
    assert travel.leg("van", 2, 1) == (1505, (181,))


def test_two_places_on_a_slow_edge_may_be_quicker_round_it():
    # From 48 m to 950 m along: 902 m at 4 m/s are 225.5 s; back 48 m (12 s), round 1,600 m (160 s),
    # and 50 m (12.5 s) are 184.5 s and 1,698 m.
    travel = van_on(DETOUR, (48, 0), (950, 0))
    assert travel.leg("van", 0, 1) == (1698, (185,))


def test_bends_are_part_of_the_way():
    roads = network(
        {1: (0, 0), 2: (300, 0), 3: (300, 400), 4: (900, 400)}, Way([1, 2, 3, 4], TEN_M_S)
    )
    # 300 - 105, 400, and 500 m: 1,095 m.
    assert van_on(roads, (105, 0), (800, 400)).leg("van", 0, 1) == (1095, (110,))


ISLAND = network(
    {**RING, 5: (3000, 0), 6: (3600, 0), 7: (4000, 0), 8: (5000, 5000), 9: (5000, 5001)},
    Way([1, 2, 3, 4, 1], TEN_M_S),
    Way([5, 6], TEN_M_S),
    # Only so that the map reaches beyond the island; no van may use it.
    Way([8, 9], {"highway": "steps"}),
)


def test_an_island_can_not_be_reached():
    travel = van_on(ISLAND, (500, 0), (3300, 0))
    assert travel.leg("van", 0, 1) == (0, (UNREACHABLE_S,))
    assert travel.leg("van", 1, 0) == (0, (UNREACHABLE_S,))
    assert travel.notes == ("van: p1 is unreachable, without a road within 500 m",)


def test_a_place_near_an_island_goes_by_the_nearest_road_that_leads_on():
    # 2,300 m on foot from the ring's corner at 5 km/h are 1,656 s; 495 m to the corner 49.5 s.
    rule = RoadRule(kind="van", reach_m=2301)
    travel = van_on(ISLAND, (505, 0), (3300, 0), rule=rule)
    assert travel.leg("van", 0, 1) == (495, (1706,))
    assert travel.notes == ()


def test_the_reach_is_a_limit_on_both_sides():
    assert van_on(KILOMETRE, (0, 0), (1000, 0), (500, 400)).notes == ()
    flat = RoadRule(kind="van", reach_m=400)
    inside = network(
        {1: (0, 0), 2: (1000, 0), 3: (0, 900)},
        Way([1, 2], TEN_M_S),
        Way([1, 3], {"highway": "steps"}),
    )
    assert van_on(inside, (500, 399.9), rule=flat).notes == ()
    assert "p0 is unreachable" in van_on(inside, (500, 400.1), rule=flat).notes[0]


def test_a_street_that_leads_out_of_the_map_is_not_where_a_place_stands():
    # The one-way stub from corner 2 can't be left again: a place on it belongs to corner 2.
    roads = network({**RING, 5: (2000, 0)}, Way([1, 2, 3, 4, 1], TEN_M_S), Way([2, 5], ONE_WAY))
    travel = van_on(roads, (1100, 0), (505, 0))
    # 100 m on foot: 72 s; 495 m by van: 49.5 s.
    assert travel.leg("van", 1, 0) == (495, (122,))
    assert travel.leg("van", 0, 1) == (495, (122,))


def test_beyond_the_map_legs_are_great_circles_and_it_says_so():
    travel = van_on(KILOMETRE, (5, 0), (1000, 0), (21_000, 0))
    # 20 km * 1.3 at 25 km/h: 26,000 m and 3,744 s.
    assert travel.leg("van", 1, 2) == (26_000, (3744,))
    assert travel.leg("van", 2, 1) == (26_000, (3744,))
    assert travel.leg("van", 0, 1) == (995, (100,))
    assert travel.notes == ("van: p2 is beyond the map; legs there are great circles",)


def test_many_names_are_cut_short():
    travel = van_on(KILOMETRE, *[(21_000 + k, 0) for k in range(5)])
    assert travel.notes[0].startswith("van: p0, p1, p2 and 2 more are beyond the map")


def test_a_map_without_roads_for_a_mode_reaches_nothing():
    steps = network({1: (0, 0), 2: (1000, 0)}, Way([1, 2], {"highway": "steps"}))
    travel = van_on(steps, (0, 0), (1000, 0))
    assert travel.leg("van", 0, 1).durations_s == (UNREACHABLE_S,)


def test_a_map_without_any_road_is_all_beyond():
    travel = van_on(network({}), (0, 0), (1000, 0))
    assert travel.leg("van", 0, 1) == (1300, (187,))  # 1,300 m at 25 km/h: 187.2 s


def test_no_places_are_no_error():
    assert van_on(KILOMETRE).matrix("van", [], [])[0].shape == (0, 0)
    more = van_on(KILOMETRE).with_places(places((205, 0), (700, 0)))
    assert more.leg("van", 0, 1) == (495, (50,))
