"""Which edge does a place stand at?

At the nearest point of the nearest edge that its mode may use. Metres are measured on a plane that
touches the map in its middle: over a city that is right to a thousandth.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial import KDTree  # type: ignore[import-untyped]  # scipy has no types

from routing.roads.graph import Bools, ModeGraph
from routing.roads.network import Floats, Ints, Network
from routing.travel import EARTH_RADIUS_M

NO_EDGE: Final = -1

_PIECE_M: Final = 50.0
"""The longest stretch that is looked up by its middle alone."""


@dataclass(frozen=True)
class Snaps:
    """Of each place: its edge or `NO_EDGE`, how far along it (0 to 1), and the metres to it."""

    edge: Ints
    along: Floats
    walk_m: Floats


class Snapper:
    """The edges of one mode's graph, ready for places."""

    def __init__(self, graph: ModeGraph):
        self._plane = _Plane(graph.network)
        self._stretches = _Stretches(graph, self._plane)

    def snap(self, lat_deg: Floats, lon_deg: Floats, *, reach_m: float) -> Snaps:
        """Find the nearest edge of each place, no further than `reach_m`."""
        spots = self._plane.xy(lat_deg, lon_deg)
        found = [self._stretches.nearest(spot, reach_m) for spot in spots]
        edge, along, walk_m = np.array(found, np.float64).reshape(-1, 3).T
        return Snaps(edge.astype(np.int64), along, walk_m)


def is_on_map(network: Network, lat_deg: Floats, lon_deg: Floats) -> Bools:
    """Say of each place whether it lies between the network's outermost points."""
    inside: Bools = np.zeros(len(lat_deg), bool)
    if network.edges:
        inside = (network.lat_deg.min() <= lat_deg) & (lat_deg <= network.lat_deg.max())
        inside &= (network.lon_deg.min() <= lon_deg) & (lon_deg <= network.lon_deg.max())
    return inside


class _Plane:
    """Degrees to metres east and north of a map's middle."""

    def __init__(self, network: Network):
        lat_deg, lon_deg = network.lat_deg, network.lon_deg
        self._lat_deg = (lat_deg.min() + lat_deg.max()) / 2 if len(lat_deg) else 0.0
        self._lon_deg = (lon_deg.min() + lon_deg.max()) / 2 if len(lon_deg) else 0.0

    def xy(self, lat_deg: Floats, lon_deg: Floats) -> Floats:
        """Return metres east and north, a row a point."""
        narrow = np.cos(np.radians(self._lat_deg))
        east = np.radians(lon_deg - self._lon_deg) * narrow
        north = np.radians(lat_deg - self._lat_deg)
        metres: Floats = EARTH_RADIUS_M * np.stack([east, north], axis=1)
        return metres


class _Stretches:
    """The straight stretches that edges are made of."""

    def __init__(self, graph: ModeGraph, plane: _Plane):
        network = graph.network
        points = np.diff(network.first)
        edge_of_point = np.repeat(np.arange(network.edges), points)
        usable = np.zeros(network.edges, bool)
        usable[graph.edges] = True
        starts = np.flatnonzero(usable[edge_of_point[:-1]] & (np.diff(edge_of_point) == 0))
        xy = plane.xy(network.lat_deg, network.lon_deg)
        self._a, self._b = xy[starts], xy[starts + 1]
        self._edge = edge_of_point[starts]
        self._before_m, self._after_m = network.before_m[starts], network.before_m[starts + 1]
        self._length_m = network.length_m
        self._piece_of, middles = self._pieces()
        self._tree = KDTree(middles) if len(middles) else None

    def _pieces(self) -> tuple[Ints, Floats]:
        """Return the stretch of each piece, and its middle."""
        way = self._b - self._a
        count = np.maximum(1, np.ceil(np.hypot(way[:, 0], way[:, 1]) / _PIECE_M)).astype(np.int64)
        stretch = np.repeat(np.arange(len(count)), count)
        number = np.arange(len(stretch)) - np.repeat(np.cumsum(count) - count, count)
        share = (number + 0.5) / count[stretch]
        return stretch, self._a[stretch] + way[stretch] * share[:, None]

    def nearest(self, spot: Floats, reach_m: float) -> tuple[int, float, float]:
        """Return edge, share along it and metres to it."""
        nowhere = NO_EDGE, 0.0, 0.0
        if self._tree is None:
            return nowhere
        # No point of a piece is further from its middle than half a piece.
        to_middle_m, _ = self._tree.query(spot)
        if to_middle_m > reach_m + _PIECE_M / 2:
            return nowhere
        near = self._piece_of[self._tree.query_ball_point(spot, to_middle_m + _PIECE_M / 2)]
        share, distance_m = _project(spot, self._a[near], self._b[near])
        best = np.lexsort((near, distance_m))[0]
        if distance_m[best] > reach_m:
            return nowhere
        return (*self._on_edge(int(near[best]), float(share[best])), float(distance_m[best]))

    def _on_edge(self, stretch: int, share: float) -> tuple[int, float]:
        """Return the edge of a stretch, and how far along the edge a share of the stretch is."""
        edge = int(self._edge[stretch])
        before_m, after_m = self._before_m[stretch], self._after_m[stretch]
        way_m = before_m + share * (after_m - before_m)
        return edge, float(way_m / max(self._length_m[edge], 1e-9))


def _project(spot: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return how far along each stretch a-b its point nearest to the spot is, and how far away."""
    way = b - a
    length2 = np.maximum((way * way).sum(axis=1), 1e-12)
    share = np.clip(((spot - a) * way).sum(axis=1) / length2, 0, 1)
    off = a + way * share[:, None] - spot
    return share, np.hypot(off[:, 0], off[:, 1])
