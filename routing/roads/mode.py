"""How far do places lie apart for one mode?

Whoever brings goods walks from the road to the door: the way between a place and its edge counts
its seconds at both ends of a leg, and no metres. A place beyond the map's bounds has legs of the
great circle; one within them without a road in reach can't be reached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from routing.roads.graph import UNUSABLE, Bools, ModeGraph, mode_graph, unpacked
from routing.roads.network import Floats, Ints, Network
from routing.roads.rows import Row, Rows
from routing.roads.rules import WALK_KMH
from routing.roads.snapping import NO_EDGE, Snapper, is_on_map
from routing.roads.ways import Stands, costs_from, costs_to, horizons, stands
from routing.travel import UNREACHABLE_S, GreatCircle, IntArray, Pace
from routing.travel_values import FALLBACK_KMH, RoadRule

_AT_ONCE: Final = 64
_WORTH_HORIZONS: Final = 16
"""So many rows make up for the two searches that it takes to know how far to look."""

_FEWER: Final = 4
"""From many places to few it is searched from the few: if it's so many times fewer searches. What
is found is no row, and isn't kept."""

_STRAIGHT: Final = "straight"


@dataclass(frozen=True)
class Spots:
    """Places as one mode finds them: degrees north and east, and where they meet its roads."""

    degrees: Floats
    stands: Stands
    walk_ms: Ints
    beyond: Bools
    cut_off: Bools

    def followed_by(self, more: "Spots") -> "Spots":
        """Return these places, then others."""
        return Spots(
            degrees=np.concatenate([self.degrees, more.degrees], axis=1),
            stands=self.stands.followed_by(more.stands),
            walk_ms=np.concatenate([self.walk_ms, more.walk_ms]),
            beyond=np.concatenate([self.beyond, more.beyond]),
            cut_off=np.concatenate([self.cut_off, more.cut_off]),
        )


class Roads:
    """The roads that one mode may use."""

    def __init__(self, network: Network, rule: RoadRule):
        self.rule = rule
        self.graph: ModeGraph = mode_graph(network, rule.kind, rule.most_kmh)
        self._snapper = Snapper(self.graph)

    def find(self, degrees: Floats) -> Spots:
        """Find places on these roads. `degrees` has a row of latitudes and one of longitudes."""
        snaps = self._snapper.snap(*degrees, reach_m=self.rule.reach_m)
        off_road = snaps.edge == NO_EDGE
        beyond = off_road & ~is_on_map(self.graph.network, *degrees)
        return Spots(
            degrees=degrees,
            stands=stands(self.graph, snaps),
            walk_ms=np.ceil(snaps.walk_m * 3600 / WALK_KMH).astype(np.int64),
            beyond=beyond,
            cut_off=off_road & ~beyond,
        )


class ModeRows:
    """The matrix of one mode, a row at a time. Seconds are before any slice's factor."""

    def __init__(self, roads: Roads, spots: Spots, rows: Rows):
        self.roads, self.spots, self.rows = roads, spots, rows
        kmh = roads.rule.fallback_kmh or FALLBACK_KMH[roads.rule.kind]
        self._straight = GreatCircle(
            spots.degrees[0].tolist(), spots.degrees[1].tolist(), {_STRAIGHT: Pace((kmh,))}
        )
        self._all = np.arange(len(spots.walk_ms))
        self._searched = 0
        self._horizons: Floats | None = None

    def row(self, origin: int) -> Row:
        """Return the way from one place to each."""
        kept = self.rows.get(origin)
        if kept is not None:
            return kept
        self._search([origin])
        return self.row(origin)

    def block(self, origins: Sequence[int], destinations: Ints) -> tuple[IntArray, IntArray]:
        """Return metres and seconds."""
        unknown = sum(self.rows.get(int(origin)) is None for origin in origins)
        if len(destinations) * _FEWER < unknown:
            return self._columns(np.asarray(origins, np.int64), destinations)
        metres = np.empty((len(origins), len(destinations)), np.int32)
        seconds = np.empty_like(metres)
        for start in range(0, len(origins), _AT_ONCE):
            wanted = [int(origin) for origin in origins[start : start + _AT_ONCE]]
            missing = [origin for origin in wanted if self.rows.get(origin) is None]
            found = self._search(missing) if missing else {}
            for k, origin in enumerate(wanted, start):
                row = found.get(origin) or self.row(origin)
                metres[k], seconds[k] = row.metres[destinations], row.seconds[destinations]
        return metres, seconds

    def extended(self, degrees: Floats) -> "ModeRows":
        """Return the rows of more places. Those that are kept only gain columns."""
        spots = self.spots.followed_by(self.roads.find(degrees))
        longer = ModeRows(self.roads, spots, Rows(self.rows.most_bytes))
        kept = self.rows.items()
        known = np.array([origin for origin, _ in kept], np.int64)
        columns = longer._columns(known, longer._all[len(self._all) :])
        for (origin, row), metres, seconds in zip(kept, *columns, strict=True):
            longer.rows.put(
                origin,
                Row(np.concatenate([row.metres, metres]), np.concatenate([row.seconds, seconds])),
            )
        return longer

    def _search(self, origins: Sequence[int]) -> dict[int, Row]:
        """Compute rows, and keep them."""
        chosen = np.array(list(dict.fromkeys(origins)), np.int64)
        within = self._horizon(chosen)
        places = self.spots.stands
        costs = costs_from(self.roads.graph, places.part(chosen), places, within=within)
        metres, seconds = self._legs(chosen, self._all, costs)
        rows = {
            int(origin): Row(metres[k].copy(), seconds[k].copy()) for k, origin in enumerate(chosen)
        }
        for origin, row in rows.items():
            self.rows.put(origin, row)
        return rows

    def _horizon(self, origins: Ints) -> float:
        """Return how far to look from some places, once there have been enough of them."""
        self._searched += len(origins)
        if self._searched < _WORTH_HORIZONS:
            return UNUSABLE
        if self._horizons is None:
            places, degrees = self.spots.stands, self.spots.degrees
            off = np.abs(degrees - np.median(degrees, axis=1)[:, None]).sum(axis=0)
            off[places.edge == NO_EDGE] = UNUSABLE
            self._horizons = horizons(self.roads.graph, places, int(off.argmin()))
        return float(self._horizons[origins].max(initial=0))

    def _columns(self, origins: Ints, destinations: Ints) -> tuple[IntArray, IntArray]:
        """Compute legs to a few places by searching from their end."""
        places = self.spots.stands
        costs = np.empty((len(origins), len(destinations)))
        for k in range(len(destinations) if len(origins) else 0):
            end = places.part(destinations[k : k + 1])
            costs[:, k] = costs_to(self.roads.graph, places.part(origins), end)
        return self._legs(origins, destinations, costs)

    def _legs(self, origins: Ints, destinations: Ints, costs: Floats) -> tuple[IntArray, IntArray]:
        """Return metres and seconds of costs, with the walks, or of the great circle."""
        spots = self.spots
        has_way = np.isfinite(costs)
        ms, way_m = unpacked(np.where(has_way, costs, 0))
        ms += spots.walk_ms[origins][:, None] + spots.walk_ms[destinations]
        seconds = np.where(has_way, np.minimum(-(-ms // 1000), UNREACHABLE_S), UNREACHABLE_S)
        metres = np.rint(way_m)
        beyond = spots.beyond[origins][:, None] | spots.beyond[destinations]
        if beyond.any():
            beyond &= ~(spots.cut_off[origins][:, None] | spots.cut_off[destinations])
            straight = self._straight.matrix(_STRAIGHT, origins.tolist(), destinations.tolist())
            metres = np.where(beyond, straight[0], metres)
            seconds = np.where(beyond, straight[1][0], seconds)
        start, end = spots.degrees[:, origins], spots.degrees[:, destinations]
        moves = (start[:, :, None] != end[:, None, :]).any(axis=0)
        return (metres * moves).astype(np.int32), (seconds * moves).astype(np.int32)
