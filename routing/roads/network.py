"""What does a map come to: which edges between which junctions?

A way is cut wherever another way meets it. So an edge has two ends and one set of tags, and its
bends are only geometry. Nothing here knows modes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.travel import EARTH_RADIUS_M

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Point = tuple[float, float]
"""Latitude and longitude in degrees."""


class Way(NamedTuple):
    """A way of the map: its nodes in order, and what is said of it."""

    nodes: Sequence[int]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Network:
    """Edges. Edge e has the points `first[e]` to `first[e + 1] - 1`, from `tail[e]` to `head[e]`.

    `tags[kind_of[e]]` is what the map says of it; `before_m` is how far along its edge a point is.
    """

    lat_deg: Floats
    lon_deg: Floats
    before_m: Floats
    first: Ints
    tail: Ints
    head: Ints
    tag_of: Ints
    tags: tuple[Mapping[str, str], ...]
    junctions: int

    @property
    def edges(self) -> int:
        """Return how many edges there are."""
        return len(self.tail)

    @property
    def length_m(self) -> Floats:
        """Return the length of each edge."""
        return self.before_m[self.first[1:] - 1]


def cut_at_junctions(ways: Iterable[Way], point_of: Mapping[int, Point]) -> Network:
    """Make the network of some ways. `point_of` has every node of theirs."""
    ways = [way for way in ways if len(way.nodes) > 1]
    uses = Counter(node for way in ways for node in way.nodes)
    number_of_tags: dict[tuple[tuple[str, str], ...], int] = {}
    number_of_node: dict[int, int] = {}
    points: list[Point] = []
    first, tail, head, tag_of = [0], [], [], []
    for way in ways:
        key = tuple(sorted(way.tags.items()))
        tag = number_of_tags.setdefault(key, len(number_of_tags))
        for nodes in _pieces(way.nodes, uses):
            points.extend(point_of[node] for node in nodes)
            first.append(len(points))
            tail.append(number_of_node.setdefault(nodes[0], len(number_of_node)))
            head.append(number_of_node.setdefault(nodes[-1], len(number_of_node)))
            tag_of.append(tag)
    lat_deg, lon_deg = np.array(points, np.float64).reshape(-1, 2).T.copy()
    starts = np.array(first, np.int64)
    return Network(
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        before_m=_before_m(lat_deg, lon_deg, starts),
        first=starts,
        tail=np.array(tail, np.int64),
        head=np.array(head, np.int64),
        tag_of=np.array(tag_of, np.int64),
        tags=tuple(dict(key) for key in number_of_tags),
        junctions=len(number_of_node),
    )


def _pieces(nodes: Sequence[int], uses: Mapping[int, int]) -> Iterator[Sequence[int]]:
    """Cut a way at its inner nodes that are used more than once."""
    start = 0
    for k in range(1, len(nodes)):
        if k == len(nodes) - 1 or uses[nodes[k]] > 1:
            yield nodes[start : k + 1]
            start = k


def _before_m(lat_deg: Floats, lon_deg: Floats, first: Ints) -> Floats:
    """Return how far each point is from its edge's first, in metres along the edge."""
    steps = np.concatenate([[0.0], haversine_m(lat_deg, lon_deg)]) if len(lat_deg) else lat_deg
    walked = np.cumsum(steps)
    before_m: Floats = walked - np.repeat(walked[first[:-1]], np.diff(first))
    return before_m


def haversine_m(lat_deg: Floats, lon_deg: Floats) -> Floats:
    """Return the great circle from each point to the next, in metres."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    across = np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.sin(np.diff(lat) / 2) ** 2 + across))
    return metres
