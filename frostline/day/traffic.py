"""How long does a drive really take, and which way does it go?

Drivers take the way that is quickest on free roads, around those that are closed: the way that a
plan has in mind. How long it takes differs from the plan's belief: each street has its own slowness
for the day, each quarter its own for each hour, the day one for all. All of it is drawn from the
seed, whoever drives when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array  # type: ignore[import-untyped]  # scipy has no types
from scipy.sparse.csgraph import dijkstra  # type: ignore[import-untyped]  # likewise

from frostline.day.city import ROAD_KINDS, City
from frostline.day.scenarios import HOUR_S, Scenario
from frostline.day.weather import slowness
from routing.problem import Place
from routing.roads.graph import ModeGraph, unpacked
from routing.roads.travel import road_travel
from routing.slices import Sliced, Traffic
from routing.travel import Travel
from routing.travel_values import RoadRule

# Times the seconds on free roads, by the clock's hour, for a van (docs/day.md).
_BY_HOUR: Final[Mapping[int, float]] = {
    7: 1.35,
    8: 1.65,
    9: 1.45,
    10: 1.25,
    11: 1.25,
    12: 1.2,
    13: 1.2,
    14: 1.25,
    15: 1.3,
    16: 1.4,
    17: 1.65,
    18: 1.6,
    19: 1.3,
    20: 1.15,
}
_SHARE_OF_TRAFFIC: Final = {"van": 1.0, "tricycle": 0.35, "ebike": 0.25}
_HOURS: Final = 24
_QUARTER_DEG: Final = 0.03  # about 3 km

# Standard deviations of the logarithm.
_STREET_SD: Final = 0.20
_QUARTER_SD: Final = 0.12
_DAY_SD: Final = 0.05

Ints = NDArray[np.int64]


class Drive(NamedTuple):
    """A way: its edges' points to pass with metres and seconds on free roads, each to the next."""

    nodes: tuple[int, ...]
    edges: tuple[int, ...]
    metres: tuple[float, ...]
    free_s: tuple[float, ...]


def hourly(scenario: Scenario, mode: str) -> tuple[float, ...]:
    """Return what everybody knows of the traffic: a factor for each hour of the day."""
    share = _SHARE_OF_TRAFFIC[mode] * scenario.traffic_percent / 100
    return tuple(round(1 + (_BY_HOUR.get(h, 1.0) - 1) * share, 3) for h in range(_HOURS))


def believed_travel(city: City, scenario: Scenario, places: Sequence[Place]) -> Travel:
    """Return travel as a dispatcher believes it: free roads, and the usual traffic by the hour."""
    rules = {mode: RoadRule(kind=kind) for mode, kind in ROAD_KINDS.items()}
    free = road_travel(city.network, rules, places)
    starts_s = tuple(h * HOUR_S for h in range(_HOURS))
    traffic = {mode: Traffic(starts_s, hourly(scenario, mode)) for mode in rules}
    return Sliced(free, traffic)


@dataclass(frozen=True)
class _Arcs:
    """One mode's arcs: the matrix, and the edge of each pair of junctions."""

    matrix: csr_array
    edge_of: Mapping[tuple[int, int], int]
    cost_of: Mapping[tuple[int, int], float]


class Streets:
    """A city's roads on one day."""

    def __init__(self, city: City, scenario: Scenario, seed: int) -> None:
        self._city = city
        self._scenario = scenario
        self._by_hour = {mode: hourly(scenario, mode) for mode in ROAD_KINDS}
        self._arcs = {mode: _arcs_of(graph) for mode, graph in city.graphs.items()}
        self._closed: frozenset[int] = frozenset()
        self._drives: dict[tuple[str, int, int, frozenset[int]], Drive] = {}
        self._trees: dict[tuple[str, int, frozenset[int]], NDArray[np.int32]] = {}
        self._open: dict[tuple[str, frozenset[int]], csr_array] = {}
        random = np.random.default_rng([seed, 0x7AFF])
        quarter = _quarters(city)
        street = random.normal(0, _STREET_SD, city.network.edges)
        by_quarter = random.normal(0, _QUARTER_SD, (_HOURS, int(quarter.max()) + 1))
        day = random.normal(0, _DAY_SD)
        # Means of 1: a log-normal's is exp(sd²/2) of its median.
        bias = -(_STREET_SD**2 + _QUARTER_SD**2 + _DAY_SD**2) / 2
        noise = np.exp(street[None] + by_quarter[:, quarter] + day + bias)
        self._noise: list[list[float]] = noise.tolist()

    def close(self, edges: frozenset[int]) -> None:
        """Let nobody who sets off from now on use these edges, and only these."""
        self._closed = edges

    def edges_near(self, lat_deg: float, lon_deg: float, radius_m: float) -> frozenset[int]:
        """Return the edges with a point within so many metres."""
        network = self._city.network
        narrow = np.cos(np.radians(lat_deg))
        north_m = (network.lat_deg - lat_deg) * 111_195
        east_m = (network.lon_deg - lon_deg) * 111_195 * narrow
        points = np.flatnonzero(np.hypot(north_m, east_m) <= radius_m)
        edges = np.searchsorted(network.first, points, side="right") - 1
        return frozenset(int(edge) for edge in edges)

    def drive(self, mode: str, origin: int, destination: int) -> Drive:
        """Return the way; where closed roads leave none, as if they were open."""
        key = (mode, origin, destination, self._closed)
        found = self._drives.get(key)
        if found is None:
            found = self._find(mode, origin, destination, self._closed)
            if found is None:
                found = self._find(mode, origin, destination, frozenset())
            if found is None:
                raise ValueError(f"no way by {mode} from junction {origin} to {destination}")
            self._drives[key] = found
        return found

    def seconds(self, drive: Drive, mode: str, departs_s: float, pace: float) -> list[float]:
        """Return when each of the way's nodes is passed, the first at `departs_s`."""
        at_s, passed = departs_s, [departs_s]
        by_hour = self._by_hour[mode]
        for edge, free_s in zip(drive.edges, drive.free_s, strict=True):
            hour = int(at_s // HOUR_S) % _HOURS
            factor = by_hour[hour] * self._noise[hour][edge] * slowness(self._scenario, at_s)
            at_s += free_s * factor * pace
            passed.append(at_s)
        return passed

    def _find(
        self, mode: str, origin: int, destination: int, closed: frozenset[int]
    ) -> Drive | None:
        before = self._tree(mode, origin, closed)
        nodes = [destination]
        while nodes[-1] != origin:
            if before[nodes[-1]] < 0:
                return None
            nodes.append(int(before[nodes[-1]]))
        nodes.reverse()
        arcs = self._arcs[mode]
        pairs = list(pairwise(nodes))
        ms, metres = unpacked(np.array([arcs.cost_of[pair] for pair in pairs], np.float64))
        return Drive(
            nodes=tuple(nodes),
            edges=tuple(arcs.edge_of[pair] for pair in pairs),
            metres=tuple(metres.tolist()),
            free_s=tuple((ms / 1000).tolist()),
        )

    def _tree(self, mode: str, origin: int, closed: frozenset[int]) -> NDArray[np.int32]:
        """Return the junction before each on the way from the origin, below 0 where there's none.

        A search is for one origin: a vehicle leaves a place once or twice a day.
        """
        key = (mode, origin, closed)
        found = self._trees.get(key)
        if found is None:
            open_ = self._open_arcs(mode, closed)
            _, found = dijkstra(open_, directed=True, indices=origin, return_predecessors=True)
            self._trees[key] = found
        return found

    def _open_arcs(self, mode: str, closed: frozenset[int]) -> csr_array:
        if not closed:
            return self._arcs[mode].matrix
        if (mode, closed) not in self._open:
            self._open[mode, closed] = _without(self._arcs[mode], closed)
        return self._open[mode, closed]


def _arcs_of(graph: ModeGraph) -> _Arcs:
    network = graph.network
    edge_of: dict[tuple[int, int], int] = {}
    cost_of: dict[tuple[int, int], float] = {}
    for costs, tail, head in (
        (graph.along, network.tail, network.head),
        (graph.against, network.head, network.tail),
    ):
        usable = np.flatnonzero(np.isfinite(costs))
        rows = zip(
            usable.tolist(),
            tail[usable].tolist(),
            head[usable].tolist(),
            costs[usable].tolist(),
            strict=True,
        )
        for edge, u, v, cost in rows:
            if cost < cost_of.get((u, v), np.inf):
                edge_of[u, v], cost_of[u, v] = edge, cost
    return _Arcs(graph.arcs, edge_of, cost_of)


def _without(arcs: _Arcs, closed: frozenset[int]) -> csr_array:
    """Return the arcs without some edges. A parallel edge counts as closed with the quicker one."""
    pairs = [
        (pair, cost) for pair, cost in arcs.cost_of.items() if arcs.edge_of[pair] not in closed
    ]
    tail, head = np.array([pair for pair, _ in pairs], np.int64).reshape(-1, 2).T
    costs = np.array([cost for _, cost in pairs])
    return csr_array((costs, (tail, head)), shape=arcs.matrix.shape)


def _quarters(city: City) -> Ints:
    """Return the number of the quarter of each edge's tail: squares of some 3 km."""
    network = city.network
    lat_deg, lon_deg = city.lat_deg[network.tail], city.lon_deg[network.tail]
    row = ((lat_deg - lat_deg.min()) // _QUARTER_DEG).astype(np.int64)
    column = ((lon_deg - lon_deg.min()) // _QUARTER_DEG).astype(np.int64)
    quarter: Ints = row * (int(column.max()) + 1) + column
    return quarter
