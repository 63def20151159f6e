"""Where do distances and durations come from, and what if that place is closed?

`open_travel` makes the Travel of what a document says (`routing.travel_values`). A source that
fails gives way to the great circle, and a sentence says so: to `report` at once, and in the notes
of the Travel (`routing.travel.notes_of`).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

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
from routing.travel_values import (
    Cells,
    GreatCircleSource,
    MatricesSource,
    MatrixRows,
    OsmSource,
    OsrmSource,
    PaceRule,
    RoadRule,
    ServerRule,
    TravelSource,
)
from routing.weather import Weathered

__all__ = [
    "GreatCircleSource",
    "MatricesSource",
    "MatrixRows",
    "OsmSource",
    "OsrmSource",
    "PaceRule",
    "RoadRule",
    "ServerRule",
    "TravelSource",
    "UnusableTravel",
    "open_travel",
]

Report = Callable[[str], None]
"""Takes a sentence for whoever waits."""


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
