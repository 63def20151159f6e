import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.problem import Place
from routing.slices import Sliced, Traffic
from routing.travel import UNREACHABLE_S, Matrices, ModeMatrix, arrival_s, notes_of, slowed_s
from routing.travel_sources import TravelSource, UnusableTravel, open_travel, with_places
from routing.weather import Weathered, factor_of

A, B = Place(id="a", lat_deg=60.0, lon_deg=0.0), Place(id="b", lat_deg=60.0, lon_deg=1.0)
FAR_M = 55_597  # of them: see the test of the great circle


def read(text: str) -> TravelSource:
    return msgspec.json.decode(text.encode(), type=TravelSource)


def test_numbers_are_taken_as_they_stand():
    source = read(
        '{"source": "matrices", "modes": {"van": {"distance_m": [[0, 900], [800, 0]],'
        ' "duration_s": [[[0, 90], [80, 0]], [[0, 120], [110, 0]]], "starts_s": [0, 28800]}}}'
    )
    travel = open_travel(source, [Place(id="a"), Place(id="b")])
    assert travel.modes == ("van",)
    assert travel.starts_s("van") == (0, 28_800)
    assert travel.leg("van", 0, 1) == (900, (90, 120))
    assert travel.leg("van", 1, 0) == (800, (80, 110))


def test_null_is_no_way():
    source = read(
        '{"source": "matrices", "modes": {"van": {"distance_m": [[0, null], [800, 0]],'
        ' "duration_s": [[[0, null], [80, 0]]]}}}'
    )
    travel = open_travel(source, [Place(id="a"), Place(id="b")])
    assert travel.leg("van", 0, 1) == (0, (UNREACHABLE_S,))


def one_mode(distance_m="[[0]]", duration_s="[[[0]]]", starts_s="[0]"):
    return (
        f'{{"source": "matrices", "modes": {{"van": {{"distance_m": {distance_m},'
        f' "duration_s": {duration_s}, "starts_s": {starts_s}}}}}}}'
    )


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (one_mode(distance_m="[]"), "travel.modes.van.distance_m"),
        (one_mode(distance_m="[[0, 1]]"), "travel.modes.van.distance_m[0]"),
        (one_mode(duration_s="[[[-1]]]"), "travel.modes.van.duration_s[0][0]"),
        (one_mode(duration_s="[[[10000001]]]"), "travel.modes.van.duration_s[0][0]"),
        (one_mode(duration_s="[[[0]], [[0]]]"), "travel.modes.van.duration_s"),
        (one_mode(starts_s="[60]"), "travel.modes.van.starts_s"),
        (one_mode(duration_s="[[[0]], [[0]]]", starts_s="[0, 0]"), "travel.modes.van.starts_s"),
        ('{"source": "matrices", "modes": {}}', "travel.modes"),
        ('{"source": "great_circle", "modes": {"van": {"speed_kmh": [30]}}}', "places[0]"),
        ('{"source": "osm", "file": "x.osm.pbf", "modes": {"van": {}}}', "places[0]"),
        (one_mode()[:-1] + ', "weather": {"vna": "rain"}}', "travel.weather.vna"),
    ],
)
def test_what_can_not_be_is_refused_by_its_place_in_the_document(document, where):
    with pytest.raises(UnusableTravel) as refused:
        open_travel(read(document), [Place(id="a")])
    assert refused.value.where == where


def test_speeds_and_slices_are_as_many():
    source = read('{"source": "great_circle", "modes": {"van": {"speed_kmh": [30, 20]}}}')
    with pytest.raises(UnusableTravel, match="2 slices; starts_s has 1"):
        open_travel(source, [A, B])


def test_a_field_that_is_none_is_refused():
    with pytest.raises(msgspec.ValidationError, match="speed"):
        read('{"source": "great_circle", "modes": {"van": {"speed": [30]}}}')


@pytest.mark.parametrize(
    ("weather", "seconds"),
    [
        # 55,597 m at 60 km/h are 3,335.8, so 3,336 s in the dry.
        ('"dry"', 3336),
        ('"rain"', 3837),  # 3,336 * 1.15 = 3,836.4
        ('"storm"', 4671),  # 3,336 * 1.4 = 4,670.4
        ('"snow"', 5338),  # 3,336 * 1.6 = 5,337.6
        ("1.5", 5004),
        ('{"van": 2, "foot": "snow"}', 6672),
        ('{"foot": "snow"}', 3336),
    ],
)
def test_weather_multiplies_seconds_and_leaves_metres(weather, seconds):
    source = read(
        '{"source": "great_circle", "modes": {"van": {"speed_kmh": [60], "road_factor": 1},'
        f' "foot": {{"speed_kmh": [5]}}}}, "weather": {weather}}}'
    )
    travel = open_travel(source, [A, B])
    assert travel.leg("van", 0, 1) == (FAR_M, (seconds,))
    assert travel.matrix("van", [0], [1])[1].tolist() == [[[seconds]]]


def test_no_weather_makes_a_way_nor_an_exact_product_longer():
    # 100 * 1.1 is 110.00000000000001 as floats go; a second more would be wrong.
    assert slowed_s(100, 1.1) == 110
    assert slowed_s(UNREACHABLE_S, 0.5) == UNREACHABLE_S
    assert slowed_s(UNREACHABLE_S - 1, 1.6) == UNREACHABLE_S


@given(st.lists(st.integers(0, UNREACHABLE_S), min_size=4, max_size=4), st.floats(0.1, 10))
def test_weather_on_a_leg_is_weather_on_the_matrix(seconds, factor):
    square = np.array(seconds, np.int32).reshape(2, 2)
    travel = Weathered(Matrices({"van": ModeMatrix(square, square[None])}), factor)
    matrix = travel.matrix("van", [0, 1], [0, 1])[1]
    for i in (0, 1):
        for j in (0, 1):
            assert travel.leg("van", i, j).durations_s == (matrix[0, i, j],)
            assert matrix[0, i, j] >= min(UNREACHABLE_S, square[i, j] * round(factor, 3) - 1)


factors_of_a_day = st.lists(st.floats(0.1, 10), min_size=1, max_size=4)


@given(st.lists(st.integers(0, UNREACHABLE_S), min_size=4, max_size=4), factors_of_a_day)
def test_traffic_on_a_leg_is_traffic_on_the_matrix(seconds, factors):
    square = np.array(seconds, np.int32).reshape(2, 2)
    starts_s = tuple(3600 * k for k in range(len(factors)))
    free = Matrices({"van": ModeMatrix(square, square[None])})
    travel = Sliced(free, {"van": Traffic(starts_s, tuple(factors))})
    metres, slices = travel.matrix("van", [1, 0], [0, 1])
    assert metres.tolist() == square[::-1].tolist()
    for row, i in enumerate((1, 0)):
        for j in (0, 1):
            assert travel.leg("van", i, j).durations_s == tuple(slices[:, row, j])


def test_the_factor_of_a_mode_that_is_not_named_is_one():
    assert factor_of({"van": "snow"}, "foot") == 1.0


slices_of_a_day = st.lists(st.floats(0.1, 10), min_size=4, max_size=4)


@given(slices_of_a_day, st.integers(0, 30_000), st.integers(0, 40_000), st.integers(1, 3600))
def test_who_leaves_later_in_any_traffic_does_not_arrive_earlier(factors, free, departs, later):
    starts_s = (0, 9000, 18_000, 27_000)
    leg = (0, tuple(slowed_s(free, factor) for factor in factors))
    travel = Matrices(
        {
            "van": ModeMatrix(
                np.zeros((1, 1), np.int32),
                np.array(leg[1], np.int32).reshape(4, 1, 1),
                starts_s,
            )
        }
    )
    way = travel.leg("van", 0, 0)
    assert arrival_s(departs, way, starts_s) <= arrival_s(departs + later, way, starts_s)


def test_a_map_that_is_not_there_gives_way_to_the_great_circle_and_says_so(tmp_path):
    source = read(
        '{"source": "osm", "file": "gone.osm.pbf", "modes": {"van": {"fallback_kmh": 60,'
        ' "starts_s": [0, 28800], "factors": [1, 1.5]}}}'
    )
    said = []
    travel = open_travel(source, [A, B], folder=tmp_path, report=said.append)
    # 55,597 m * 1.3 = 72,276 m (72,276.1); at 60 km/h 4,337 s (4,336.6), and half as much again:
    # 6,506 s (6,505.5, rounded up).
    assert travel.leg("van", 0, 1) == (72_276, (4337, 6506))
    assert said == list(notes_of(travel))
    (note,) = said
    assert "gone.osm.pbf" in note
    assert "great circle" in note


@pytest.mark.parametrize("file", ["", "/dev/zero", "a\\u0000b", "x" * 5000])
def test_a_map_that_is_no_file_gives_way_too(tmp_path, file):
    source = read(f'{{"source": "osm", "file": "{file}", "modes": {{"van": {{}}}}}}')
    travel = open_travel(source, [A, B], folder=tmp_path)
    assert "can't be read" in notes_of(travel)[0]


@pytest.mark.parametrize("kmh", [0.9, 1000.1])
def test_a_speed_that_stands_in_has_bounds_too(kmh):
    source = f'{{"source": "osm", "file": "", "modes": {{"van": {{"fallback_kmh": {kmh}}}}}}}'
    with pytest.raises(msgspec.ValidationError, match="fallback_kmh"):
        read(source)


def test_a_damaged_map_gives_way_too(tmp_path):
    (tmp_path / "bad.osm.pbf").write_bytes(b"no map at all")
    source = read('{"source": "osm", "file": "bad.osm.pbf", "modes": {"trike": {"kind": "foot"}}}')
    travel = open_travel(source, [A, B], folder=tmp_path)
    assert "bad.osm.pbf is no OpenStreetMap extract" in notes_of(travel)[0]


def test_notes_are_seen_through_the_weather(tmp_path):
    source = read(
        '{"source": "osm", "file": "gone.osm.pbf", "modes": {"van": {}}, "weather": "rain"}'
    )
    assert len(notes_of(open_travel(source, [A, B], folder=tmp_path))) == 1


def test_more_places_are_those_of_a_longer_list():
    source = read(
        '{"source": "great_circle", "modes": {"van": {"speed_kmh": [60]}}, "weather": "snow"}'
    )
    more = with_places(open_travel(source, [A]), [B])
    assert more.leg("van", 0, 1) == open_travel(source, [A, B]).leg("van", 0, 1)


def test_numbers_take_no_more_places():
    travel = open_travel(read(one_mode()), [A])
    with pytest.raises(UnusableTravel):
        with_places(travel, [B])
