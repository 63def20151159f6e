"""Where do distances and durations come from, and what if that place is closed?

The values here are the `travel` part of a problem's document (docs/travel.md), told apart by
`source`. `open_travel` makes the Travel. A source that fails gives way to the great circle, and a
sentence says so: to `report` at once, and in the notes of the Travel (`routing.travel.notes_of`).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from routing.problem import Place
from routing.travel import (
    UNREACHABLE_S,
    GreatCircle,
    IntArray,
    Matrices,
    ModeMatrix,
    Pace,
    Travel,
)
from routing.weather import Weather, Weathered

Positive = Annotated[float, msgspec.Meta(gt=0, le=1000)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]
Starts = Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1)]
Factors = Annotated[
    tuple[Annotated[float, msgspec.Meta(ge=0.1, le=10)], ...], msgspec.Meta(min_length=1)
]
Cells = tuple[tuple[int | None, ...], ...]

RoadKind = Literal["van", "tricycle", "bicycle", "foot"]
"""Whose rules of the road a mode follows; `routing.roads.rules` has them."""


class _Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen value that refuses fields it doesn't know."""


class MatrixRows(_Value, frozen=True):
    """One mode: metres, and seconds by slice of the day, as rows. `None`: there is no way."""

    distance_m: Cells
    duration_s: tuple[Cells, ...]
    starts_s: Starts = (0,)


class PaceRule(_Value, frozen=True):
    """One mode where only coordinates are known; `speed_kmh` has one number a slice."""

    speed_kmh: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1)]
    starts_s: Starts = (0,)
    road_factor: Annotated[float, msgspec.Meta(ge=1, le=10)] = 1.3
    stop_s: Seconds = 0


class RoadRule(_Value, frozen=True):
    """One mode on the roads of a map.

    Its seconds are times `factors`, one a slice. `most_kmh` bounds its speed. A place that is
    further than `reach_m` from every road it may use is out of its reach.
    """

    kind: RoadKind = "van"
    starts_s: Starts = (0,)
    factors: Factors = (1.0,)
    most_kmh: Positive | None = None
    reach_m: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 500
    fallback_kmh: Positive | None = None


class ServerRule(_Value, frozen=True):
    """One mode of a server: its profile there. Its seconds are times `factors`, one a slice."""

    profile: str = "driving"
    starts_s: Starts = (0,)
    factors: Factors = (1.0,)
    fallback_kmh: Positive = 20


class MatricesSource(_Value, frozen=True, tag_field="source", tag="matrices"):
    """Numbers, as they stand."""

    modes: dict[str, MatrixRows]
    weather: Weather = "dry"


class GreatCircleSource(_Value, frozen=True, tag_field="source", tag="great_circle"):
    """Coordinates alone."""

    modes: dict[str, PaceRule]
    weather: Weather = "dry"


class OsmSource(_Value, frozen=True, tag_field="source", tag="osm"):
    """A map: an OpenStreetMap extract (.osm.pbf), by its path from the document's folder."""

    file: str
    modes: dict[str, RoadRule]
    weather: Weather = "dry"


class OsrmSource(_Value, frozen=True, tag_field="source", tag="osrm"):
    """An OSRM server, such as `http://127.0.0.1:5000`. `timeout_s` bounds each of its answers."""

    url: str
    modes: dict[str, ServerRule]
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10
    most_cells: Annotated[int, msgspec.Meta(ge=2)] = 10_000
    weather: Weather = "dry"


TravelSource = MatricesSource | GreatCircleSource | OsmSource | OsrmSource


Report = Callable[[str], None]
"""Takes a sentence for whoever waits."""

FALLBACK_KMH: Final[Mapping[RoadKind, float]] = {
    "van": 25.0,
    "tricycle": 18.0,
    "bicycle": 14.0,
    "foot": 5.0,
}
"""Speeds on the great circle times its road factor, where a map fails. Our assumptions."""


class UnusableTravel(ValueError):
    """What the document says of travel can't be. `where` is the field, from `travel` on."""

    def __init__(self, where: str, reason: str):
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


def open_travel(
    source: TravelSource,
    places: Sequence[Place],
    *,
    folder: Path | None = None,
    report: Report | None = None,
) -> Travel:
    """Make the travel of `places`.

    A source that fails gives way to the great circle, and `report` is told. `UnusableTravel` is
    raised for what no source could serve, such as matrices of another size.
    """
    clear = _open(source, places, folder or Path())
    return clear if source.weather == "dry" else Weathered(clear, source.weather)


def _open(source: TravelSource, places: Sequence[Place], folder: Path) -> Travel:
    if not source.modes:
        raise UnusableTravel("travel.modes", "names no mode")
    if isinstance(source, MatricesSource):
        return Matrices({name: _matrix(name, rows, places) for name, rows in source.modes.items()})
    if isinstance(source, GreatCircleSource):
        return _great_circle(places, {name: _pace(name, r) for name, r in source.modes.items()})
    raise UnusableTravel("travel.source", "is not served yet")


def _matrix(mode: str, rows: MatrixRows, places: Sequence[Place]) -> ModeMatrix:
    where = f"travel.modes.{mode}"
    _check_slices(where, rows.starts_s, "duration_s", len(rows.duration_s))
    slices = [
        _cells(f"{where}.duration_s[{k}]", cells, len(places), UNREACHABLE_S)
        for k, cells in enumerate(rows.duration_s)
    ]
    metres = _cells(f"{where}.distance_m", rows.distance_m, len(places), 0)
    return ModeMatrix(metres, np.stack(slices), rows.starts_s)


def _cells(where: str, cells: Cells, size: int, missing: int) -> IntArray:
    """Return rows as an array; `None` becomes `missing`."""
    if len(cells) != size:
        raise UnusableTravel(where, f"has {len(cells)} rows; there are {size} places")
    matrix = np.empty((size, size), np.int32)
    for row, numbers in enumerate(cells):
        if len(numbers) != size:
            raise UnusableTravel(f"{where}[{row}]", f"has {len(numbers)} of {size} numbers")
        filled = [missing if number is None else number for number in numbers]
        if filled and not 0 <= min(filled) <= max(filled) <= UNREACHABLE_S:
            raise UnusableTravel(f"{where}[{row}]", f"goes beyond 0 to {UNREACHABLE_S}")
        matrix[row] = filled
    return matrix


def _pace(mode: str, rule: PaceRule) -> Pace:
    _check_slices(f"travel.modes.{mode}", rule.starts_s, "speed_kmh", len(rule.speed_kmh))
    return Pace(rule.speed_kmh, rule.starts_s, rule.road_factor, rule.stop_s)


def _check_slices(where: str, starts_s: tuple[int, ...], name: str, slices: int) -> None:
    if starts_s[0] != 0 or any(a >= b for a, b in pairwise(starts_s)):
        raise UnusableTravel(f"{where}.starts_s", "must begin at 0 and rise")
    if slices != len(starts_s):
        raise UnusableTravel(
            f"{where}.{name}", f"has {slices} slices; starts_s has {len(starts_s)}"
        )


def _great_circle(places: Sequence[Place], paces: Mapping[str, Pace]) -> GreatCircle:
    lat_deg, lon_deg = coordinates(places)
    return GreatCircle(lat_deg, lon_deg, paces)


def coordinates(places: Sequence[Place]) -> tuple[list[float], list[float]]:
    """Return latitudes and longitudes in degrees."""
    lat_deg, lon_deg = [], []
    for k, place in enumerate(places):
        if place.lat_deg is None or place.lon_deg is None:
            raise UnusableTravel(f"places[{k}]", "has no coordinates; only matrices do without")
        lat_deg.append(place.lat_deg)
        lon_deg.append(place.lon_deg)
    return lat_deg, lon_deg
