"""What does the quickest way from one place to many cost?

A place stands on an edge. Whoever leaves it drives the rest of the edge to one of its ends, and
whoever comes drives the edge's first part from one of them; two places on one edge may need neither
end. A place at an end of its edge stands at the junction. All costs are `routing.roads.graph`'s.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.sparse import csr_array  # type: ignore[import-untyped]  # scipy has no types
from scipy.sparse.csgraph import dijkstra  # type: ignore[import-untyped]  # likewise

from routing.roads.graph import UNUSABLE, ModeGraph, packed, unpacked
from routing.roads.network import Floats, Ints
from routing.roads.snapping import NO_EDGE, Snaps

_AT_END: Final = 1e-9
_MOST_BYTES: Final = 1 << 26
"""Of what one call of Dijkstra returns: a number for each junction and each of its sources."""


@dataclass(frozen=True)
class Stands:
    """Places on edges. All fields have a row a place; the ends' have two columns: tail, head.

    `leave` is the cost from the place to an end, `reach` that from an end to the place; `behind`
    the cost of the edge's part before the place as it is drawn, `ahead` that of the part after it
    against the drawing: their differences are the ways between two places of one edge.
    """

    edge: Ints
    end: Ints
    leave: Floats
    reach: Floats
    behind: Floats
    ahead: Floats

    def __len__(self) -> int:
        return len(self.edge)

    def turned(self) -> "Stands":
        """Return the same places where every way is driven backwards."""
        return replace(self, leave=self.reach, reach=self.leave)

    def part(self, indices: Ints) -> "Stands":
        """Return some of the places."""
        return Stands(
            edge=self.edge[indices],
            end=self.end[indices],
            leave=self.leave[indices],
            reach=self.reach[indices],
            behind=self.behind[indices],
            ahead=self.ahead[indices],
        )

    def followed_by(self, more: "Stands") -> "Stands":
        """Return these places, then others."""
        return Stands(
            edge=np.concatenate([self.edge, more.edge]),
            end=np.concatenate([self.end, more.end]),
            leave=np.concatenate([self.leave, more.leave]),
            reach=np.concatenate([self.reach, more.reach]),
            behind=np.concatenate([self.behind, more.behind]),
            ahead=np.concatenate([self.ahead, more.ahead]),
        )


def stands(graph: ModeGraph, snaps: Snaps) -> Stands:
    """Return what it costs to leave and reach each place."""
    on_road = snaps.edge != NO_EDGE
    edge = np.where(on_road, snaps.edge, 0)
    if not graph.edges.size:
        return _nowhere(snaps.edge)
    along, against = graph.along[edge], graph.against[edge]
    behind, rest = _split(along, snaps.along)
    ahead, back = _split(against, 1 - snaps.along)
    leave, reach = np.stack([back, rest], axis=1), np.stack([behind, ahead], axis=1)
    at_end = np.stack([snaps.along < _AT_END, snaps.along > 1 - _AT_END], axis=1)
    off_road = ~on_road[:, None]
    return Stands(
        edge=snaps.edge,
        end=np.stack([graph.network.tail[edge], graph.network.head[edge]], axis=1),
        leave=np.where(off_road, UNUSABLE, np.where(at_end, 0, leave)),
        reach=np.where(off_road, UNUSABLE, np.where(at_end, 0, reach)),
        behind=behind,
        ahead=ahead,
    )


def _nowhere(edge: Ints) -> Stands:
    """Return places on a map without roads."""
    lone, pair = np.full(len(edge), UNUSABLE), np.full((len(edge), 2), UNUSABLE)
    return Stands(edge, np.zeros((len(edge), 2), np.int64), pair, pair, lone, lone)


def _split(cost: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Split costs into a first share and the rest; their sum is the whole, to the unit."""
    usable = np.isfinite(cost)
    whole = np.where(usable, cost, 0)
    ms, metres = unpacked(whole)
    first = packed(ms * share, metres * share)
    return np.where(usable, first, UNUSABLE), np.where(usable, whole - first, UNUSABLE)


def costs_from(
    graph: ModeGraph, origins: Stands, destinations: Stands, *, within: float = UNUSABLE
) -> Floats:
    """Return the cost from each origin to each destination; `UNUSABLE` where there's no way.

    Nobody looks further than `within`: no destination may cost more.
    """
    rows = [
        _through_ends(graph.arcs, origins.part(chunk), destinations, within)
        for chunk in _chunks(len(origins), graph.arcs.shape[0])
    ]
    through = np.concatenate(rows) if rows else np.zeros((0, len(destinations)))
    best: Floats = np.minimum(through, _on_one_edge(origins, destinations))
    return best


def costs_to(graph: ModeGraph, origins: Stands, destination: Stands) -> Floats:
    """Return the cost from each origin to one destination, by one search from its end."""
    through = _through_ends(graph.arcs_reversed, destination.turned(), origins.turned())[0]
    direct: Floats = _on_one_edge(origins, destination)[:, 0]
    best: Floats = np.minimum(through, direct)
    return best


def _chunks(origins: int, junctions: int) -> Iterator[Ints]:
    size = max(1, min(64, _MOST_BYTES // (8 * max(1, junctions))))
    for start in range(0, origins, size):
        yield np.arange(start, min(start + size, origins))


def horizons(graph: ModeGraph, places: Stands, middle: int) -> Floats:
    """Return within which cost each place reaches all others: over the one in the middle.

    With them the places of a city cost no search of the whole province that its map shows.
    """
    centre = places.part(np.array([middle]))
    out, back = costs_from(graph, centre, places)[0], costs_to(graph, places, centre)
    furthest = out[np.isfinite(out)].max(initial=0)
    return np.where(np.isfinite(back), back + furthest, 0)


def _through_ends(
    arcs: csr_array, origins: Stands, destinations: Stands, within: float = UNUSABLE
) -> Floats:
    """Return the costs of ways over at least one junction."""
    junctions, k = arcs.shape[0], len(origins)
    if not junctions:
        return np.full((k, len(destinations)), UNUSABLE)
    graph = _with_origins(arcs, origins)
    nodes = np.arange(junctions, junctions + k)
    cost = dijkstra(graph, directed=True, indices=nodes, limit=within)
    to_tail = cost[:, destinations.end[:, 0]] + destinations.reach[:, 0]
    to_head = cost[:, destinations.end[:, 1]] + destinations.reach[:, 1]
    best: Floats = np.minimum(to_tail, to_head)
    return best


def _with_origins(arcs: csr_array, origins: Stands) -> csr_array:
    """Add a node for each origin, with arcs to its edge's ends and none back."""
    junctions, k = arcs.shape[0], len(origins)
    usable = np.isfinite(origins.leave)
    added = usable.sum(axis=1)
    indptr = np.concatenate([arcs.indptr, arcs.indptr[-1] + np.cumsum(added)])
    indices = np.concatenate([arcs.indices, origins.end[usable]])
    data = np.concatenate([arcs.data, origins.leave[usable]])
    return csr_array((data, indices, indptr), shape=(junctions + k, junctions + k))


def _on_one_edge(origins: Stands, destinations: Stands) -> Floats:
    """Return the costs of ways that don't leave their edge."""
    shared = origins.edge[:, None] == destinations.edge[None, :]
    shared &= (origins.edge != NO_EDGE)[:, None]
    direct = np.full(shared.shape, UNUSABLE)
    rows, columns = np.nonzero(shared)
    direct[rows, columns] = np.minimum(
        _difference(destinations.behind[columns], origins.behind[rows]),
        _difference(destinations.ahead[columns], origins.ahead[rows]),
    )
    return direct


def _difference(to: Floats, since: Floats) -> Floats:
    """Return how much further `to` is than `since`, or `UNUSABLE` if it's behind it."""
    with np.errstate(invalid="ignore"):
        way = to - since
    return np.where(np.isfinite(way) & (way >= 0), way, UNUSABLE)
