"""Where are a city's homes, depots and lockers, on its roads?

Drawn on any network: made up, or of a map. Everything stands at a junction that every mode reaches,
a few metres beside it. Homes lie in clusters, seven in ten; depots far from each other.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial import KDTree  # type: ignore[import-untyped]  # scipy has no types

from routing.problem import DepotKind
from routing.roads.graph import ModeGraph, mode_graph
from routing.roads.network import Floats, Ints, Network
from routing.travel import EARTH_RADIUS_M
from routing.travel_values import RoadKind

CITY_ID: Final = "day-city"
TIME_ZONE: Final = "Asia/Shanghai"
PICKING_S: Final = 1200
"""From an order to its boxes in the cold room, as depots promise it. Truth is `drivers`'s."""

ROAD_KINDS: Final[dict[str, RoadKind]] = {"van": "van", "tricycle": "tricycle", "ebike": "bicycle"}

_KINDS: Final[tuple[DepotKind, ...]] = (
    "central",
    "front_warehouse",
    "front_warehouse",
    "store",
    "satellite",
)
_CLUSTERED: Final = 0.7
_CLUSTER_SIGMA_M: Final = 700.0
_CLUSTERS: Final = 14
_LOCKERS: Final = 6
_LOCKER_COMPARTMENTS: Final = 16
_BESIDE_M: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place: its junction, and where it stands beside it."""

    node: int
    lat_deg: float
    lon_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """A depot and its spot."""

    id: str
    kind: DepotKind
    spot: Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Locker:
    """A locker and its spot."""

    id: str
    compartments: int
    spot: Spot


@dataclass(frozen=True)
class City:
    """Roads by mode, and what stands on them."""

    network: Network
    graphs: dict[str, ModeGraph]
    lat_deg: Floats
    lon_deg: Floats
    """Of all junctions."""
    usable: Ints
    """The junctions that every mode reaches."""
    homes: tuple[Spot, ...]
    depots: tuple[Depot, ...]
    lockers: tuple[Locker, ...]

    def nearest_node(self, lat_deg: float, lon_deg: float) -> int:
        """Return the junction next to a place."""
        narrow = math.cos(math.radians(lat_deg))
        north = self.lat_deg[self.usable] - lat_deg
        east = (self.lon_deg[self.usable] - lon_deg) * narrow
        return int(self.usable[np.argmin(north * north + east * east)])


def draw_city(network: Network, *, homes: int, seed: int) -> City:
    """Put homes, depots and lockers on a network."""
    random = np.random.default_rng([seed, 0xC17])
    graphs = {mode: mode_graph(network, kind) for mode, kind in ROAD_KINDS.items()}
    lat_deg, lon_deg = _junctions(network)
    usable = _reached_by_all(network, graphs)
    xy_m = _metres(lat_deg[usable], lon_deg[usable])
    spots = [
        Spot(node=int(node), lat_deg=float(lat_deg[node]), lon_deg=float(lon_deg[node]))
        for node in usable
    ]
    clusters = _spread(random, xy_m, _CLUSTERS)
    at_home = _homes(random, xy_m, clusters, homes)
    inner = [int(k) for k in _spread(random, xy_m, len(_KINDS), within=0.34)]
    return City(
        network=network,
        graphs=graphs,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        usable=usable,
        homes=tuple(_beside(random, spots[int(k)]) for k in at_home),
        depots=tuple(
            Depot(id=f"depot-{n + 1}", kind=kind, spot=spots[k])
            for n, (k, kind) in enumerate(zip(inner, _KINDS, strict=True))
        ),
        lockers=tuple(
            Locker(id=f"locker-{n + 1}", compartments=_LOCKER_COMPARTMENTS, spot=spots[int(k)])
            for n, k in enumerate(clusters[:_LOCKERS])
        ),
    )


def _junctions(network: Network) -> tuple[Floats, Floats]:
    """Return the places of the junctions."""
    lat_deg, lon_deg = np.zeros(network.junctions), np.zeros(network.junctions)
    first, last = network.first[:-1], network.first[1:] - 1
    for node, point in ((network.tail, first), (network.head, last)):
        lat_deg[node], lon_deg[node] = network.lat_deg[point], network.lon_deg[point]
    return lat_deg, lon_deg


def _reached_by_all(network: Network, graphs: dict[str, ModeGraph]) -> Ints:
    reached = [
        np.union1d(network.tail[graph.edges], network.head[graph.edges])
        for graph in graphs.values()
    ]
    common = reached[0]
    for nodes in reached[1:]:
        common = np.intersect1d(common, nodes)
    return common


def _metres(lat_deg: Floats, lon_deg: Floats) -> Floats:
    """Return metres from the middle, a row a place."""
    middle = float(np.median(lat_deg)), float(np.median(lon_deg))
    narrow = math.cos(math.radians(middle[0]))
    north, east = np.radians(lat_deg - middle[0]), np.radians(lon_deg - middle[1]) * narrow
    metres: Floats = EARTH_RADIUS_M * np.stack([east, north], axis=1)
    return metres


def _spread(random: np.random.Generator, xy_m: Floats, count: int, within: float = 0.46) -> Ints:
    """Choose places far from each other, of forty a place that are drawn; the first is inmost."""
    half_m = within * (xy_m.max(axis=0) - xy_m.min(axis=0))
    inner = np.flatnonzero((np.abs(xy_m) < half_m).all(axis=1))
    drawn = random.choice(inner, min(len(inner), 40 * count), replace=False)
    chosen = [int(drawn[(xy_m[drawn] ** 2).sum(axis=1).argmin()])]
    way = ((xy_m[drawn] - xy_m[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count:
        chosen.append(int(drawn[int((way * random.uniform(0.5, 1.0, len(way))).argmax())]))
        way = np.minimum(way, ((xy_m[drawn] - xy_m[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen, np.int64)


def _homes(random: np.random.Generator, xy_m: Floats, clusters: Ints, count: int) -> Ints:
    """Draw junctions: near a cluster's middle, or anywhere."""
    centre = xy_m[clusters[random.integers(0, len(clusters), count)]]
    near = centre + random.normal(0, _CLUSTER_SIGMA_M, (count, 2))
    anywhere = xy_m[random.integers(0, len(xy_m), count)]
    wanted = np.where(random.random(count)[:, None] < _CLUSTERED, near, anywhere)
    nearest: Ints = KDTree(xy_m).query(wanted)[1].astype(np.int64)
    return nearest


def _beside(random: np.random.Generator, spot: Spot) -> Spot:
    north, east = random.uniform(-_BESIDE_M, _BESIDE_M, 2) / 111_195
    return Spot(
        node=spot.node,
        lat_deg=round(spot.lat_deg + north, 6),
        lon_deg=round(spot.lon_deg + east, 6),
    )
