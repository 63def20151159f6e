"""What is kept of a day's ways is what would be searched anew."""

import numpy as np
import pytest

from frostline.day.run import travel_of
from frostline.day.scenarios import SCENARIOS
from frostline.day.truth import World
from routing.problem import Place


@pytest.fixture(scope="module")
def world() -> World:
    return World(1, 12, SCENARIOS["normal"])


def places_of(world: World) -> list[Place]:
    """Return two depots, four homes, and a place where a vehicle was seen."""
    homes = [order.body["delivery"] for order in world.orders]
    spots = [(depot.spot.lat_deg, depot.spot.lon_deg) for depot in world.city.depots[:2]]
    spots += [(home["lat_deg"], home["lon_deg"]) for home in homes if "lat_deg" in home][:4]
    (south, west), (north, east) = spots[0], spots[-1]
    spots.append(((south + north) / 2 + 0.0011, (west + east) / 2 - 0.0007))
    return [Place(id=str(k), lat_deg=lat, lon_deg=lon) for k, (lat, lon) in enumerate(spots)]


def test_kept_ways_are_those_that_a_search_finds(world: World) -> None:
    """Between fixed places, and from where a vehicle was seen, by every mode and hour."""
    places = places_of(world)
    kept = travel_of(world, world.city_setup())(places, ())
    searched = world.believed_travel(places)
    everywhere, fixed = list(range(len(places))), list(range(len(places) - 1))
    assert set(kept.modes) == set(searched.modes)
    for mode in kept.modes:
        assert kept.starts_s(mode) == searched.starts_s(mode)
        for found, expected in zip(
            kept.matrix(mode, everywhere, fixed),
            searched.matrix(mode, everywhere, fixed),
            strict=True,
        ):
            np.testing.assert_array_equal(found, expected)


def test_to_where_a_vehicle_was_seen_the_way_back_stands_for_the_way(world: World) -> None:
    """A leg and the matrix agree, and both directions are as long."""
    places = places_of(world)
    kept = travel_of(world, world.city_setup())(places, ())
    seen = len(places) - 1
    for home in range(seen):
        assert kept.leg("van", home, seen) == kept.leg("van", seen, home)
        metres, _ = kept.matrix("van", [home], [seen])
        assert int(metres[0, 0]) == kept.leg("van", home, seen).distance_m > 0
