"""What does a mode pay on each edge, and from where to where can it go?

A cost is one whole number: milliseconds, and tenths of a metre below them (`packed`). It is exact
in a float up to 2^53, so a sum doesn't depend on the order of its parts: a way found from its start
and one found from its end are the same number, and of equally quick ways the shortest is taken.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array  # type: ignore[import-untyped]  # scipy has no types
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]  # likewise

from routing.roads.network import Floats, Ints, Network
from routing.roads.rules import speeds_of
from routing.travel_values import RoadKind

Bools = NDArray[np.bool_]

_METRES: Final = 1 << 25
"""Below it are tenths of a metre, up to 3,355 km; above it milliseconds, up to 74 hours."""

UNUSABLE: Final = np.inf


def packed(ms: Floats, metres: Floats) -> Floats:
    """Return costs of some milliseconds and metres."""
    return np.rint(ms) * _METRES + np.rint(metres * 10)


def unpacked(cost: Floats) -> tuple[Ints, Floats]:
    """Return the milliseconds and metres of finite costs."""
    whole = cost.astype(np.int64)
    return whole // _METRES, whole % _METRES / 10


@dataclass(frozen=True)
class ModeGraph:
    """One mode's roads: the edges of the largest part where everything reaches everything.

    `along` and `against` are the costs of edges either way, `UNUSABLE` where it's not allowed.
    """

    network: Network
    edges: Ints
    along: Floats
    against: Floats
    arcs: csr_array
    arcs_reversed: csr_array


def mode_graph(network: Network, kind: RoadKind, most_kmh: float | None = None) -> ModeGraph:
    """Make the graph of a mode. It has no edges if the network has none for it."""
    speeds = [speeds_of(tags, kind, most_kmh) for tags in network.tags]
    kmh = np.array(speeds, np.float64).reshape(-1, 2)[network.tag_of]
    along, against = _costs(network.length_m, kmh[:, 0]), _costs(network.length_m, kmh[:, 1])
    arcs = _arcs(network, along, against)
    usable = np.isfinite(along) | np.isfinite(against)
    in_core = _largest_part(network, arcs, usable)
    kept = usable & in_core[network.tail] & in_core[network.head]
    along, against = np.where(kept, along, UNUSABLE), np.where(kept, against, UNUSABLE)
    arcs = _arcs(network, along, against)
    return ModeGraph(
        network=network,
        edges=np.flatnonzero(kept),
        along=along,
        against=against,
        arcs=arcs,
        arcs_reversed=arcs.T.tocsr(),
    )


def _costs(length_m: Floats, kmh: Floats) -> Floats:
    """Return the cost of edges at some speeds. None is free, for a sparse graph has no zeros."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ms = np.maximum(length_m * 3600 / kmh, 1)
    return np.where(kmh > 0, packed(np.where(kmh > 0, ms, 0), length_m), UNUSABLE)


def _arcs(network: Network, along: Floats, against: Floats) -> csr_array:
    """Return the sparse graph: of several edges between two junctions the cheapest."""
    tail = np.concatenate([network.tail, network.head])
    head = np.concatenate([network.head, network.tail])
    cost = np.concatenate([along, against])
    order = np.lexsort((cost, head, tail))
    order = order[np.isfinite(cost[order])]
    tail, head, cost = tail[order], head[order], cost[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (np.diff(tail) != 0) | (np.diff(head) != 0)
    shape = (network.junctions, network.junctions)
    return csr_array((cost[is_first], (tail[is_first], head[is_first])), shape=shape)


def _largest_part(network: Network, arcs: csr_array, usable: Bools) -> Bools:
    """Say of each junction whether it's in the strongly connected part with the most metres."""
    if not network.edges:
        return np.zeros(network.junctions, bool)
    _, part = connected_components(arcs, directed=True, connection="strong")
    inside = usable & (part[network.tail] == part[network.head])
    metres = np.bincount(part[network.tail], weights=network.length_m * inside)
    in_largest: Bools = part == metres.argmax()
    return in_largest
