"""How does a city travel right now: by which source, in which weather, around what is closed?

A dispatcher is given a `TravelOf`: the places of a problem and the disruptions that hold become
distances and durations. Without a file the source is the great circle at each mode's usual pace.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, radians
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from routing.dispatch.state import Disruption
from routing.problem import Place
from routing.travel import (
    EARTH_RADIUS_M,
    UNREACHABLE_S,
    IntArray,
    Leg,
    Pace,
    Travel,
    notes_of,
)
from routing.travel_places import coordinates, great_circle
from routing.travel_sources import open_travel, with_places
from routing.travel_values import TravelSource
from routing.weather import Weathered
from schemas.disruptions import RoadClosedDetails, WeatherDetails

PACES: Final[Mapping[str, Pace]] = {
    "van": Pace(speed_kmh=(25.0,), road_factor=1.35, stop_s=40),
    "tricycle": Pace(speed_kmh=(20.0,), road_factor=1.3, stop_s=20),
    "ebike": Pace(speed_kmh=(20.0,), road_factor=1.25, stop_s=15),
}
"""Our assumptions for a Chinese city, as in `routing.city_fleet`."""
_MOST_PLACES: Final = 5_000  # kept; beyond, a file's ways are begun anew


class TravelOf(Protocol):
    """Makes the travel of a problem's places, in the order given."""

    def __call__(self, places: Sequence[Place], disruptions: Sequence[Disruption]) -> Travel:
        """Heed the weather and the closed roads among `disruptions`, all of which hold."""


def great_circle_of(places: Sequence[Place], disruptions: Sequence[Disruption]) -> Travel:
    """Travel by coordinates alone."""
    return disrupted(great_circle(places, PACES), places, disruptions)


def travel_of_file(path: Path) -> TravelOf:
    """Return what travels as a file says: the `travel` of a problem (docs/travel.md).

    Ways of places that were asked for before are kept. Raises OSError, msgspec.ValidationError and
    UnusableTravel for a file that can't be used.
    """
    source: TravelSource = msgspec.json.decode(path.read_bytes(), type=TravelSource)
    known = _Known(source, path.parent)

    def travel_of(places: Sequence[Place], disruptions: Sequence[Disruption]) -> Travel:
        return disrupted(known.travel(places), places, disruptions)

    return travel_of


class _Known:
    """All places that were asked for until now, and the ways between them."""

    def __init__(self, source: TravelSource, folder: Path) -> None:
        self._source, self._folder = source, folder
        self._places: dict[tuple[float | None, float | None], int] = {}
        self._travel = open_travel(source, (), folder=folder)

    def travel(self, places: Sequence[Place]) -> Travel:
        """Return the ways between some places; those that are new cost a search each."""
        if len(self._places) > _MOST_PLACES:
            self._places, self._travel = {}, open_travel(self._source, (), folder=self._folder)
        points = [(place.lat_deg, place.lon_deg) for place in places]
        new = {
            point: place
            for point, place in zip(points, places, strict=True)
            if point not in self._places
        }
        if new:
            self._travel = with_places(self._travel, tuple(new.values()))
            for point in new:
                self._places[point] = len(self._places)
        return Chosen(self._travel, [self._places[point] for point in points])


class Chosen:
    """Some places of a travel, in another order."""

    def __init__(self, travel: Travel, numbers: Sequence[int]) -> None:
        self._travel = travel
        self._numbers = np.asarray(numbers, np.int64)

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return self._travel.modes

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the plan should know of its source."""
        return notes_of(self._travel)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self._travel.starts_s(mode)

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        numbers = self._numbers
        return self._travel.leg(mode, int(numbers[origin]), int(numbers[destination]))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        numbers = self._numbers
        return self._travel.matrix(
            mode,
            numbers[np.asarray(origins, np.int64)].tolist(),
            numbers[np.asarray(destinations, np.int64)].tolist(),
        )


def disrupted(travel: Travel, places: Sequence[Place], disruptions: Iterable[Disruption]) -> Travel:
    """Return a travel with the slowest weather and the closed roads of some disruptions."""
    told = [disruption.details for disruption in disruptions]
    closed = [details for details in told if isinstance(details, RoadClosedDetails)]
    speeds = [details.speed_percent for details in told if isinstance(details, WeatherDetails)]
    slowest = min(speeds, default=100)
    if slowest != 100:
        travel = Weathered(travel, 100 / slowest)
    return Detoured(travel, places, closed) if closed else travel


@dataclass(frozen=True)
class _Disc:
    """A closed neighbourhood, in metres on the map's plane."""

    x_m: float
    y_m: float
    radius_m: float


class Detoured:
    """Travel around closed neighbourhoods, where the source knows no roads to close.

    A leg whose straight line passes one of them goes around it: half its circumference instead of
    its diameter. A place within can be reached as before: it is its road that is driven around.
    """

    def __init__(
        self, open_: Travel, places: Sequence[Place], closed: Iterable[RoadClosedDetails]
    ) -> None:
        self._open = open_
        lat_deg, lon_deg = (np.asarray(column) for column in coordinates(places))
        metres_per_degree = EARTH_RADIUS_M * pi / 180
        shrink = cos(radians(float(lat_deg.mean()))) if len(lat_deg) else 1.0
        self._x_m: NDArray[np.float64] = lon_deg * metres_per_degree * shrink
        self._y_m: NDArray[np.float64] = lat_deg * metres_per_degree
        self._discs = [
            _Disc(c.lon_deg * metres_per_degree * shrink, c.lat_deg * metres_per_degree, c.radius_m)
            for c in closed
        ]

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return self._open.modes

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the plan should know of its source."""
        return notes_of(self._open)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self._open.starts_s(mode)

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        metres, seconds = self.matrix(mode, [origin], [destination])
        return Leg(int(metres[0, 0]), tuple(int(slice_s[0, 0]) for slice_s in seconds))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        metres, seconds = self._open.matrix(mode, origins, destinations)
        more_m = np.zeros(metres.shape, np.int64)
        for disc in self._discs:
            passes = self._passes(disc, np.asarray(origins), np.asarray(destinations))
            more_m += np.where(passes, round((pi - 2) * disc.radius_m), 0)
        longer_m = metres + more_m
        share = longer_m / np.maximum(metres, 1)
        longer_s = np.minimum(np.ceil(seconds * share), UNREACHABLE_S)
        return longer_m.astype(np.int32), longer_s.astype(np.int32)

    def _passes(
        self, disc: _Disc, origins: NDArray[np.int64], destinations: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Say which straight lines come nearer to a disc's centre than its radius."""
        ax, ay = self._x_m[origins][:, None] - disc.x_m, self._y_m[origins][:, None] - disc.y_m
        bx, by = self._x_m[destinations] - disc.x_m, self._y_m[destinations] - disc.y_m
        dx, dy = bx - ax, by - ay
        length2 = np.maximum(dx * dx + dy * dy, 1e-9)
        along = np.clip(-(ax * dx + ay * dy) / length2, 0.0, 1.0)
        away2 = (ax + along * dx) ** 2 + (ay + along * dy) ** 2
        passes: NDArray[np.bool_] = (away2 < disc.radius_m**2) & (length2 > 1.0)
        return passes
