"""What streets does a made-up city have?

A bent grid: every eighth street is a main road, every fourth a secondary one, between them side
streets, of which some are missing and some are one-way, in turn one way and the other. A river
winds through from west to east, and seven main roads cross it. All of it follows from the seed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.roads.network import Floats, Network, Point, Way, cut_at_junctions

CENTRE_LAT_DEG: Final = 30.27  # of Hangzhou; no real street is in it
CENTRE_LON_DEG: Final = 120.15
M_PER_DEG: Final = 111_195.0  # of latitude, on a sphere of the mean radius

WIDTH_M: Final = 16_400.0
STREETS: Final = 113
"""Each way, the outermost counted: 112 blocks of 146 m, as in the inner cities of the plain."""

_MAIN_EVERY: Final = 8
_SECONDARY_EVERY: Final = 4
_BRIDGE_EVERY: Final = 16
_BEND_M: Final = 260.0
_JITTER_M: Final = 18.0
_MISSING: Final = 0.14  # of the blocks of side streets
_ONE_WAY: Final = 0.3  # of the side streets
_RIVER_SHARE: Final = 0.46  # of the width, from the south
_RIVER_SWING_M: Final = 900.0
_RIVER_HALF_M: Final = 130.0

_MAIN: Final = {"highway": "primary", "maxspeed": "50"}
_SECONDARY: Final = {"highway": "secondary", "maxspeed": "40"}
_SIDE: Final = {"highway": "residential", "maxspeed": "30"}

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class _Grid:
    """Crossings in metres east and north of the middle, (row, column), and who is in the water."""

    east_m: Floats
    north_m: Floats
    wet: Bools


def made_up_streets(seed: int) -> Network:
    """Draw a city of 16 km each way."""
    random = np.random.default_rng([seed, 0x57EE])
    grid = _draw_grid(random)
    return cut_at_junctions(_streets(grid, random), _points(grid))


def _draw_grid(random: np.random.Generator) -> _Grid:
    """Bend a grid by two slow waves each way, and shift each crossing a little."""
    line = np.linspace(-WIDTH_M / 2, WIDTH_M / 2, STREETS)
    east, north = np.meshgrid(line, line)
    turn = random.uniform(0, 2 * math.pi, 4)
    east_m = east + _waves(north, turn[0]) + _waves(east, turn[1]) * 0.5
    north_m = north + _waves(east, turn[2]) + _waves(north, turn[3]) * 0.5
    east_m = east_m + random.normal(0, _JITTER_M, east.shape)
    north_m = north_m + random.normal(0, _JITTER_M, north.shape)
    river_m = _river_m(east_m, random.uniform(0, 2 * math.pi))
    return _Grid(east_m, north_m, np.abs(north_m - river_m) < _RIVER_HALF_M)


def _waves(along_m: Floats, turn: float) -> Floats:
    bend: Floats = _BEND_M * np.sin(along_m * (2 * math.pi / 9_000) + turn)
    return bend


def _river_m(east_m: Floats, turn: float) -> Floats:
    """Return how far north the river's middle is, by how far east."""
    middle_m = (_RIVER_SHARE - 0.5) * WIDTH_M
    swing_m: Floats = middle_m + _RIVER_SWING_M * np.sin(east_m * (2 * math.pi / 12_000) + turn)
    return swing_m


def _streets(grid: _Grid, random: np.random.Generator) -> Iterator[Way]:
    """Yield the streets from west to east, then those from south to north, and the bridges."""
    numbers = np.arange(STREETS * STREETS).reshape(STREETS, STREETS)
    for lines in (numbers, numbers.T):
        for number, line in enumerate(lines.tolist()):
            yield from _street(line, number, grid, random)
    for number in range(_MAIN_EVERY, STREETS - 1, _BRIDGE_EVERY):
        yield from _bridges(numbers.T[number].tolist(), grid)


def _street(
    nodes: list[int], number: int, grid: _Grid, random: np.random.Generator
) -> Iterator[Way]:
    """Yield what there is of one street: without what is missing, and what lies in the river."""
    missing = random.random(STREETS) < _MISSING
    is_one_way = random.random() < _ONE_WAY
    tags = dict(_tags(number))
    if tags["highway"] != "residential":
        missing[:] = False
    elif is_one_way:
        tags["oneway"] = "yes" if number % 4 < 2 else "-1"
    for piece in _pieces(nodes, missing, grid):
        if len(piece) > 1:
            yield Way(piece, tags)


def _tags(number: int) -> Mapping[str, str]:
    if number % _MAIN_EVERY == 0:
        return _MAIN
    return _SECONDARY if number % _SECONDARY_EVERY == 0 else _SIDE


def _pieces(nodes: list[int], missing: Bools, grid: _Grid) -> Iterator[list[int]]:
    """Cut a street where the block after a crossing is missing, and in the river."""
    piece: list[int] = []
    for node, ends in zip(nodes, missing.tolist(), strict=True):
        if not grid.wet.flat[node]:
            piece.append(node)
        if ends or grid.wet.flat[node]:
            yield piece
            piece = []
    yield piece


def _bridges(nodes: list[int], grid: _Grid) -> Iterator[Way]:
    """Join the two banks."""
    for k, node in enumerate(nodes[:-1]):
        if grid.wet.flat[node] or not grid.wet.flat[nodes[k + 1]]:
            continue
        other = next((n for n in nodes[k + 1 :] if not grid.wet.flat[n]), None)
        if other is not None:
            yield Way([node, other], {**_MAIN, "bridge": "yes"})


def _points(grid: _Grid) -> dict[int, Point]:
    narrow = math.cos(math.radians(CENTRE_LAT_DEG))
    lat_deg = CENTRE_LAT_DEG + grid.north_m / M_PER_DEG
    lon_deg = CENTRE_LON_DEG + grid.east_m / (M_PER_DEG * narrow)
    pairs = zip(np.round(lat_deg, 6).flat, np.round(lon_deg, 6).flat, strict=True)
    return {node: (float(lat), float(lon)) for node, (lat, lon) in enumerate(pairs)}
