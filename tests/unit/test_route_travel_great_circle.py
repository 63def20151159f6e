import pickle
import resource
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.travel import GreatCircle, Pace

# Degrees of a few landmarks.
PARIS, LONDON = (48.8566, 2.3522), (51.5074, -0.1278)
BEIJING, SHANGHAI = (39.9042, 116.4074), (31.2304, 121.4737)
BUND, PUDONG_AIRPORT = (31.2400, 121.4900), (31.1443, 121.8083)


def straight(*points, **pace):
    pace = {"speed_kmh": (36.0,), "road_factor": 1.0, **pace}
    lats, lons = zip(*points, strict=True)
    return GreatCircle(lats, lons, {"van": Pace(**pace)})


@pytest.mark.parametrize(
    ("here", "there", "metres"),
    [
        # One degree of a meridian of the mean sphere: 6,371,008.8 m * pi / 180 = 111,195.08 m.
        ((0.0, 0.0), (1.0, 0.0), 111_195),
        # A degree of longitude at 60 degrees, by 2 R asin(cos(60) sin(0.5)) worked in 20 digits
        # with `bc -l`: 55,597.01 m.
        ((60.0, 0.0), (60.0, 1.0), 55_597),
    ],
)
def test_metres_are_those_of_the_mean_sphere(here, there, metres):
    assert straight(here, there).leg("van", 0, 1).distance_m == metres


@pytest.mark.parametrize(
    ("here", "there", "kilometres"),
    [
        # Great circles as published, to the kilometre: Paris to London 343 or 344 km, Beijing to
        # Shanghai 1,068 km.
        (PARIS, LONDON, 343.5),
        (BEIJING, SHANGHAI, 1067.5),
    ],
)
def test_cities_are_as_far_apart_as_published(here, there, kilometres):
    metres = straight(here, there).leg("van", 0, 1).distance_m
    assert metres / 1000 == pytest.approx(kilometres, rel=0.002)


def haversine_m(here, there):
    """Use the textbook's formula, another way than the program's."""
    (p, a), (q, b) = np.radians(here), np.radians(there)
    h = np.sin((q - p) / 2) ** 2 + np.cos(p) * np.cos(q) * np.sin((b - a) / 2) ** 2
    return 2 * 6_371_008.8 * np.arcsin(np.sqrt(h))


latitudes = st.floats(-85, 85)
longitudes = st.floats(-180, 180)


@given(latitudes, longitudes, st.floats(-8, 8), st.floats(-8, 8))
def test_within_a_country_it_is_the_haversine_to_a_metre(lat, lon, north, east):
    here, there = (lat, lon), (lat + north / 2, lon + east)
    assert abs(straight(here, there).leg("van", 0, 1).distance_m - haversine_m(here, there)) <= 1


@given(
    st.lists(st.tuples(latitudes, longitudes), min_size=1, max_size=6),
    st.lists(st.floats(1, 120), min_size=1, max_size=3),
    st.floats(1, 3),
    st.integers(0, 600),
)
def test_a_leg_is_the_matrix_to_the_unit(points, speeds, road_factor, stop_s):
    travel = straight(*points, speed_kmh=tuple(speeds), road_factor=road_factor, stop_s=stop_s)
    every = range(len(points))
    metres, seconds = travel.matrix("van", every, every)
    for i in every:
        for j in every:
            leg = travel.leg("van", i, j)
            assert leg.distance_m == metres[i, j]
            assert leg.durations_s == tuple(seconds[:, i, j])


def test_seconds_are_the_metres_at_the_speed_and_the_stop():
    # 111,195 m * 1.2 = 133,434 m; at 36 km/h, ten metres a second, 13,343 s, and 60 s at the stop.
    travel = straight((0.0, 0.0), (1.0, 0.0), road_factor=1.2, stop_s=60)
    assert travel.leg("van", 0, 1) == (133_434, (13_403,))


def test_staying_costs_nothing_not_even_a_stop():
    travel = straight((31.0, 121.0), (31.0, 121.0), stop_s=60)
    assert travel.leg("van", 0, 1) == (0, (0,))


def test_each_slice_has_its_speed():
    # 55.597 km at 60 km/h: 3,336 s; at 30: 6,672 s.
    travel = straight((60.0, 0.0), (60.0, 1.0), speed_kmh=(60, 30), starts_s=(0, 28_800))
    assert travel.leg("van", 0, 1).durations_s == (3336, 6672)


def test_more_places_come_after_those_that_are_known():
    travel = straight(PARIS, LONDON)
    more = travel.followed_by(*zip(BUND, PUDONG_AIRPORT, strict=True))
    both = straight(PARIS, LONDON, BUND, PUDONG_AIRPORT)
    for ours, theirs in zip(
        more.matrix("van", range(4), range(4)), both.matrix("van", range(4), range(4)), strict=True
    ):
        assert np.array_equal(ours, theirs)


def test_a_worker_gets_the_same_legs_in_few_bytes():
    rng = np.random.default_rng(6)
    points = np.stack([rng.uniform(31, 31.4, 1000), rng.uniform(121, 121.6, 1000)], axis=1)
    travel = straight(*points.tolist())
    sent = pickle.dumps(travel)
    assert len(sent) < 25 * 1000  # three numbers a place, of eight bytes
    there = pickle.loads(sent)  # noqa: S301 (our own bytes)
    assert there.leg("van", 3, 7) == travel.leg("van", 3, 7)
    assert np.array_equal(
        there.matrix("van", [3], range(1000))[0], travel.matrix("van", [3], range(1000))[0]
    )


def test_twenty_thousand_places_need_no_matrix_of_them_all():
    rng = np.random.default_rng(4)
    points = np.stack([rng.uniform(31, 31.4, 20_000), rng.uniform(121, 121.6, 20_000)], axis=1)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    travel = straight(*points.tolist())
    travel.matrix("van", range(0, 20_000, 40), range(500))
    travel.leg("van", 19_999, 0)
    # 20,000 x 20,000 numbers of four bytes would be 1.6 GB; here are a few MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 200_000


def test_a_thousand_by_a_thousand_takes_a_fraction_of_a_second():
    rng = np.random.default_rng(5)
    points = np.stack([rng.uniform(31, 31.4, 1000), rng.uniform(121, 121.6, 1000)], axis=1)
    travel = straight(*points.tolist())
    took_s = []
    for _ in range(5):
        started_s = time.process_time()
        travel.matrix("van", range(1000), range(1000))
        took_s.append(time.process_time() - started_s)
    assert min(took_s) < 0.1
