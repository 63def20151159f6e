"""Ways go through the weather that holds, and around what is closed."""

from datetime import UTC, datetime
from math import pi
from pathlib import Path

import pytest

from routing.dispatch.state import Disruption
from routing.dispatch.travelling import great_circle_of, travel_of_file
from routing.problem import Place
from schemas.disruptions import RoadClosedDetails, WeatherDetails

NOON = datetime(2026, 1, 21, 12, tzinfo=UTC)
# On the equator, 2,224 m apart as the crow flies; by road a van's factor of 1.35 more.
WEST, EAST = Place(id="west", lat_deg=0.0, lon_deg=0.0), Place(id="east", lat_deg=0.0, lon_deg=0.02)
NORTH = Place(id="north", lat_deg=0.02, lon_deg=0.0)
PLACES = (WEST, EAST, NORTH)


def disruption(kind: str, details: object) -> Disruption:
    return Disruption(
        id=kind,
        kind=kind,
        vehicle_id=None,
        details=details,
        from_at=NOON,
        until_at=None,
        recorded_at=NOON,
    )


def test_a_storm_makes_every_way_longer_in_time_only() -> None:
    storm = disruption("weather", WeatherDetails(weather="storm", speed_percent=50))
    clear, slow = great_circle_of(PLACES, ()), great_circle_of(PLACES, (storm,))
    assert slow.leg("van", 0, 1).distance_m == clear.leg("van", 0, 1).distance_m
    assert slow.leg("van", 0, 1).durations_s == (2 * clear.leg("van", 0, 1).durations_s[0],)


def test_of_two_words_on_the_weather_the_slower_counts() -> None:
    """One storm that is reported twice is one storm."""
    told = [
        disruption("weather", WeatherDetails(weather="storm", speed_percent=percent))
        for percent in (80, 50, 50)
    ]
    clear, slow = great_circle_of(PLACES, ()), great_circle_of(PLACES, told)
    assert slow.leg("van", 0, 1).durations_s == (2 * clear.leg("van", 0, 1).durations_s[0],)


def test_a_way_goes_around_what_is_closed_and_others_stay() -> None:
    between = RoadClosedDetails(lat_deg=0.0, lon_deg=0.01, radius_m=300)
    clear = great_circle_of(PLACES, ())
    closed = great_circle_of(PLACES, (disruption("road_closed", between),))
    # Half the circumference of a circle of 300 m, instead of its diameter.
    more_m = round((pi - 2) * 300)
    assert closed.leg("van", 0, 1).distance_m == clear.leg("van", 0, 1).distance_m + more_m
    assert closed.leg("van", 0, 1).durations_s > clear.leg("van", 0, 1).durations_s
    assert closed.leg("van", 0, 2) == clear.leg("van", 0, 2)
    assert closed.leg("van", 1, 1).distance_m == 0


def test_a_leg_and_the_matrix_agree() -> None:
    between = RoadClosedDetails(lat_deg=0.01, lon_deg=0.01, radius_m=200)
    travel = great_circle_of(PLACES, (disruption("road_closed", between),))
    metres, seconds = travel.matrix("van", [0, 1, 2], [0, 1, 2])
    for a in range(3):
        for b in range(3):
            leg = travel.leg("van", a, b)
            assert (leg.distance_m, leg.durations_s[0]) == (metres[a, b], seconds[0, a, b])


def test_a_file_says_how_the_city_travels(tmp_path: Path) -> None:
    path = tmp_path / "travel.json"
    path.write_text('{"source": "great_circle", "modes": {"van": {"speed_kmh": [36.0]}}}')
    travel_of = travel_of_file(path)
    leg = travel_of(PLACES, ()).leg("van", 0, 1)
    assert leg.durations_s[0] == pytest.approx(leg.distance_m / 10, abs=1)
    # The same place is the same place, wherever it stands among others.
    again = travel_of((NORTH, EAST, Place(id="new", lat_deg=0.01, lon_deg=0.0), WEST), ())
    assert again.leg("van", 3, 1) == leg
    assert again.matrix("van", [3], [1, 3])[0].tolist() == [[leg.distance_m, 0]]


def test_a_file_that_is_none_says_where_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "travel.json"
    path.write_text('{"source": "by guess"}')
    with pytest.raises(ValueError, match="source"):
        travel_of_file(path)
