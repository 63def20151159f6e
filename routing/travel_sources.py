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
from routing.slices import Sliced, Traffic
from routing.travel import (
    UNREACHABLE_S,
    GreatCircle,
    IntArray,
    Matrices,
    ModeMatrix,
    Pace,
    Travel,
    notes_of,
)
from routing.travel_places import coordinates, great_circle
from routing.travel_values import (
    FALLBACK_KMH,
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
    "with_places",
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
    if not source.modes:
        raise UnusableTravel("travel.modes", "names no mode")
    _check_weather(source)
    travel = _open(source, places, folder or Path())
    if report is not None:
        for note in notes_of(travel):
            report(note)
    return travel if source.weather == "dry" else Weathered(travel, source.weather)


def with_places(travel: Travel, places: Sequence[Place]) -> Travel:
    """Return the travel of the places that it knows and then more, keeping what was computed.

    `UnusableTravel` is raised for numbers, of which a new place has none.
    """
    _check_places(places)
    if isinstance(travel, Weathered):
        return Weathered(with_places(travel.clear, places), travel.weather)
    if isinstance(travel, Sliced):
        return Sliced(with_places(travel.free, places), travel.traffic)
    if isinstance(travel, GreatCircle):
        return travel.followed_by(*coordinates(places))
    if not isinstance(travel, Matrices):
        from routing.roads.travel import RoadTravel  # noqa: PLC0415  # it's loaded already

        if isinstance(travel, RoadTravel):
            return travel.with_places(places)
    raise UnusableTravel("travel.source", "has numbers for its own places only")


def _open(source: TravelSource, places: Sequence[Place], folder: Path) -> Travel:
    if isinstance(source, MatricesSource):
        return Matrices({name: _matrix(name, rows, places) for name, rows in source.modes.items()})
    _check_places(places)
    if isinstance(source, GreatCircleSource):
        return great_circle(places, {name: _pace(name, r) for name, r in source.modes.items()})
    traffic = {name: _traffic(name, rule) for name, rule in source.modes.items()}
    free = (
        _on_map(source, places, folder) if isinstance(source, OsmSource) else _asked(source, places)
    )
    return Sliced(free, traffic)


def _on_map(source: OsmSource, places: Sequence[Place], folder: Path) -> Travel:
    """Return travel by a map, or what stands in for it."""
    # SciPy takes its time to load; a document of numbers needs none of it.
    from routing.roads.cache import network_of  # noqa: PLC0415
    from routing.roads.reading import UnreadableMap  # noqa: PLC0415
    from routing.roads.travel import road_travel  # noqa: PLC0415

    try:
        return road_travel(network_of(folder / source.file), source.modes, places)
    except UnreadableMap as failure:
        speeds = {
            name: rule.fallback_kmh or FALLBACK_KMH[rule.kind]
            for name, rule in source.modes.items()
        }
        return _instead(places, speeds, f"the map {source.file} can't be read: {failure}")


def _asked(source: OsrmSource, places: Sequence[Place]) -> Travel:
    """Return travel by a server, or what stands in for it."""
    from routing.osrm import ServerFailed, server_travel  # noqa: PLC0415  # not for a map

    try:
        return server_travel(source, places)
    except ServerFailed as failure:
        speeds = {name: rule.fallback_kmh for name, rule in source.modes.items()}
        return _instead(places, speeds, f"the OSRM server {source.url} failed: {failure}")


def _instead(places: Sequence[Place], kmh: Mapping[str, float], what_failed: str) -> Travel:
    """Return the great circle on free roads, and say why."""
    paces = {name: Pace((speed,)) for name, speed in kmh.items()}
    factor = Pace((1.0,)).road_factor
    note = f"{what_failed}; all legs are great circles times {factor:g} instead"
    return great_circle(places, paces, (note,))


def _traffic(mode: str, rule: RoadRule | ServerRule) -> Traffic:
    _check_slices(f"travel.modes.{mode}", rule.starts_s, "factors", len(rule.factors))
    return Traffic(rule.starts_s, rule.factors)


def _check_weather(source: TravelSource) -> None:
    """Refuse the weather of a mode that isn't there: a slip of the pen would be a dry day."""
    for mode in source.weather if isinstance(source.weather, dict) else ():
        if mode not in source.modes:
            reason = f"is no mode here; known are {', '.join(source.modes)}"
            raise UnusableTravel(f"travel.weather.{mode}", reason)


def _check_places(places: Sequence[Place]) -> None:
    for k, place in enumerate(places):
        if place.lat_deg is None or place.lon_deg is None:
            raise UnusableTravel(f"places[{k}]", "has no coordinates; only matrices do without")


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
