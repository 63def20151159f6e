"""Ways on random maps, held against a plain search of the test's own."""

import heapq
import math
from collections import defaultdict
from itertools import combinations, pairwise
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.roads.network import Way
from routing.roads.travel import road_travel
from routing.travel_values import RoadRule
from tests.road_maps import network, places, van_on

WALK_M_S = 5 / 3.6
seeds = st.integers(0, 1_000_000)
FAR = RoadRule(kind="van", reach_m=5000)
few_examples = settings(max_examples=25, deadline=None)


def random_streets(seed: int):
    """Draw spots, and streets (from, to, metres a second, one way) that a ring holds together."""
    r = Random(seed)
    count = r.randint(3, 9)
    spots = {k: (r.uniform(0, 3000), r.uniform(0, 3000)) for k in range(count)}
    streets = [(k, (k + 1) % count, r.randint(2, 12), False) for k in range(count)]
    # No two between the same corners: a door would stand at both of them.
    others = [(a, b) for a, b in combinations(range(count), 2) if 1 < b - a < count - 1]
    for a, b in r.sample(others, r.randint(0, len(others))):
        ends = (a, b) if r.random() < 0.5 else (b, a)
        streets.append((*ends, r.randint(2, 12), r.random() < 0.6))
    doors = [(r.uniform(-200, 3200), r.uniform(-200, 3200)) for _ in range(r.randint(2, 6))]
    return spots, streets, doors


def map_of(spots, streets):
    # 80 % of the limit are driven: m/s * 3.6 / 0.8 = m/s * 4.5 km/h.
    ways = [
        Way(
            [a, b],
            {"highway": "residential", "maxspeed": f"{speed * 4.5}"}
            | ({"oneway": "yes"} if one_way else {}),
        )
        for a, b, speed, one_way in streets
    ]
    return network(spots, *ways)


def nearest_street(spots, streets, door):
    """Return the nearest street, how far along it the door is, and how far away."""
    found = []
    for k, (a, b, _, _) in enumerate(streets):
        (ax, ay), (bx, by) = spots[a], spots[b]
        length2 = (bx - ax) ** 2 + (by - ay) ** 2
        share = ((door[0] - ax) * (bx - ax) + (door[1] - ay) * (by - ay)) / length2
        share = min(1.0, max(0.0, share))
        off = math.dist(door, (ax + share * (bx - ax), ay + share * (by - ay)))
        found.append((off, k, share))
    return min(found)


def plain_seconds(spots, streets, doors, start):
    """Search from one door over streets that are split where doors are; return seconds to each."""
    stops, node_of, walk_s = defaultdict(list), {}, {}
    for door, spot in enumerate(doors):
        off, street, share = nearest_street(spots, streets, spot)
        walk_s[door] = off / WALK_M_S
        a, b, _, _ = streets[street]
        node_of[door] = a if share == 0 else b if share == 1 else ("door", door)
        stops[street].append((share, node_of[door]))
    arcs = defaultdict(list)
    for k, (a, b, speed, one_way) in enumerate(streets):
        length = math.dist(spots[a], spots[b])
        chain = sorted([(0.0, a), (1.0, b), *stops[k]], key=lambda stop: stop[0])
        for (s, x), (t, y) in pairwise(chain):
            arcs[x].append((y, (t - s) * length / speed))
            if not one_way:
                arcs[y].append((x, (t - s) * length / speed))
    best, queue, tie = {}, [(0.0, 0, node_of[start])], 0
    while queue:
        cost, _, node = heapq.heappop(queue)
        if node in best:
            continue
        best[node] = cost
        for other, more in arcs[node]:
            tie += 1
            heapq.heappush(queue, (cost + more, tie, other))
    return [
        0.0 if door == start else best[node_of[door]] + walk_s[start] + walk_s[door]
        for door in range(len(doors))
    ]


@given(seeds)
@few_examples
def test_seconds_are_those_of_a_plain_search(seed):
    spots, streets, doors = random_streets(seed)
    travel = van_on(map_of(spots, streets), *doors, rule=FAR)
    every = range(len(doors))
    _, seconds = travel.matrix("van", every, every)
    for origin in every:
        expected = plain_seconds(spots, streets, doors, origin)
        # Rounded up to the second, and each of at most 20 edges to the millisecond; the plane of
        # the map against the sphere makes less than 0.1 s here.
        excess = seconds[0, origin] - np.array(expected)
        assert excess.min() > -0.1
        assert excess.max() < 1.1


@given(seeds)
@few_examples
def test_more_places_are_what_they_would_have_been_from_the_start(seed):
    spots, streets, doors = random_streets(seed)
    roads = map_of(spots, streets)
    first = doors[:-2]
    grown = van_on(roads, *first, rule=FAR)
    grown.matrix("van", range(0, len(first), 2), range(len(first)))
    grown = grown.with_places(places(*doors)[-2:])
    fresh = van_on(roads, *doors, rule=FAR)
    every = range(len(doors))
    for ours, theirs in zip(
        grown.matrix("van", every, every), fresh.matrix("van", every, every), strict=True
    ):
        assert np.array_equal(ours, theirs)


@given(seeds)
@few_examples
def test_a_leg_is_the_matrix_whatever_is_kept(seed):
    spots, streets, doors = random_streets(seed)
    roads = map_of(spots, streets)
    kept = van_on(roads, *doors, rule=FAR)
    forgetful = road_travel(roads, {"van": FAR}, places(*doors), most_bytes=1)
    every = range(len(doors))
    metres, seconds = kept.matrix("van", every, every)
    again = forgetful.matrix("van", every, every)
    assert np.array_equal(metres, again[0])
    assert np.array_equal(seconds, again[1])
    for i in every:
        for j in reversed(every):
            leg = (metres[i, j], (seconds[0, i, j],))
            assert kept.leg("van", i, j) == forgetful.leg("van", i, j) == leg


@given(seeds)
@few_examples
def test_no_detour_over_a_third_place_is_quicker(seed):
    spots, streets, doors = random_streets(seed)
    travel = van_on(map_of(spots, streets), *doors, rule=FAR)
    every = range(len(doors))
    seconds = travel.matrix("van", every, every)[1][0]
    for k in every:
        assert (seconds <= seconds[:, k : k + 1] + seconds[k : k + 1]).all()


@given(seeds)
@few_examples
def test_many_rows_together_are_the_rows_one_by_one(seed):
    spots, streets, _ = random_streets(seed)
    r = Random(seed)
    doors = [(r.uniform(0, 1500), r.uniform(0, 1500)) for _ in range(20)]
    roads = map_of(spots, streets)
    every = range(len(doors))
    together = van_on(roads, *doors, rule=FAR).matrix("van", every, every)
    for origin in every:
        alone = van_on(roads, *doors, rule=FAR).matrix("van", [origin], every)
        assert np.array_equal(together[0][origin], alone[0][0])
        assert np.array_equal(together[1][:, origin], alone[1][:, 0])


@given(seeds)
@few_examples
def test_ways_to_one_place_are_a_column_of_the_matrix(seed):
    spots, streets, _ = random_streets(seed)
    r = Random(seed)
    doors = [(r.uniform(0, 3000), r.uniform(0, 3000)) for _ in range(8)]
    roads = map_of(spots, streets)
    every = range(len(doors))
    whole = van_on(roads, *doors, rule=FAR).matrix("van", every, every)
    column = van_on(roads, *doors, rule=FAR).matrix("van", every, [3])
    assert np.array_equal(column[0][:, 0], whole[0][:, 3])
    assert np.array_equal(column[1][:, :, 0], whole[1][:, :, 3])
