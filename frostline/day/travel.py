"""How does a day's dispatcher believe that the city is driven?

Free roads and the usual traffic by the hour, as `traffic.believed_travel`, with what is asked again
and again kept: the ways between homes, depots and lockers are searched once for the day, those from
where a vehicle is once for each place that it is seen at.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.dispatch.state import Disruption
from routing.dispatch.travelling import PACES, disrupted
from routing.problem import Place
from routing.roads.mode import ModeRows, Roads, Spots
from routing.roads.network import Network
from routing.roads.rows import Row, Rows
from routing.slices import Sliced, Traffic
from routing.travel import IntArray, Leg, Travel
from routing.travel_places import coordinates, great_circle
from routing.travel_values import RoadRule

_MOST_SEEN: Final = 4000  # rows of places where vehicles were seen
_ROWS_BYTES: Final = 1 << 28

LatLon = tuple[float, float]
Index = NDArray[np.int64]


class DayTravel:
    """Makes travel for a dispatcher's problems (routing.dispatch.travelling.TravelOf)."""

    def __init__(
        self,
        network: Network,
        rules: Mapping[str, RoadRule],
        traffic: Mapping[str, Traffic],
        fixed: Sequence[LatLon],
    ) -> None:
        degrees = np.array(fixed, np.float64).T
        self._by_mode = {mode: _ModeWays(network, rule, degrees) for mode, rule in rules.items()}
        self._traffic = traffic
        self._number = {place: number for number, place in enumerate(fixed)}

    def __call__(self, places: Sequence[Place], disruptions: Sequence[Disruption]) -> Travel:
        """Return the travel of these places, in the weather and around what is closed."""
        free = _Picked(self._by_mode, self._number, places)
        return disrupted(Sliced(free, self._traffic), places, disruptions)


class _ModeWays:
    """One mode's ways between fixed places, and from others."""

    def __init__(self, network: Network, rule: RoadRule, degrees: NDArray[np.float64]) -> None:
        self._roads = Roads(network, rule)
        self._fixed: Spots = self._roads.find(degrees)
        everywhere = np.arange(degrees.shape[1])
        rows = ModeRows(self._roads, self._fixed, Rows(_ROWS_BYTES))
        self.metres, self.seconds = rows.block(everywhere.tolist(), everywhere)
        self._seen: OrderedDict[LatLon, Row] = OrderedDict()

    def row_from(self, place: LatLon) -> Row:
        """Return the ways from any place to the fixed ones."""
        row = self._seen.get(place)
        if row is None:
            spots = self._fixed.followed_by(self._roads.find(np.array([[place[0]], [place[1]]])))
            size = self.metres.shape[0]
            found = ModeRows(self._roads, spots, Rows(_ROWS_BYTES)).row(size)
            row = self._seen[place] = Row(found.metres[:size], found.seconds[:size])
            if len(self._seen) > _MOST_SEEN:
                self._seen.popitem(last=False)
        return row


@dataclass(frozen=True)
class _Table:
    """One mode's free ways between the places of a problem.

    Those of places where vehicles were seen are `found` when they are asked for: a van is not asked
    how it would drive from where a courier is.
    """

    metres: IntArray
    seconds: IntArray
    found: set[int] = field(default_factory=set)


class _Picked:
    """The travel of a problem's places, on free roads."""

    def __init__(
        self,
        by_mode: Mapping[str, _ModeWays],
        number: Mapping[LatLon, int],
        places: Sequence[Place],
    ) -> None:
        self._by_mode = by_mode
        lat_deg, lon_deg = coordinates(places)
        self._places = list(zip(lat_deg, lon_deg, strict=True))
        self._straight = great_circle(places, PACES)
        fixed = [number.get(place, -1) for place in self._places]
        self._fixed: Index = np.array(fixed, np.int64)
        self._seen = set(np.flatnonzero(self._fixed < 0).tolist())
        self._tables: dict[str, _Table] = {}

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return tuple(self._by_mode)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return nothing: each place is on the map."""
        return ()

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return the one slice of free roads."""
        del mode
        return (0,)

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        table = self._table(mode, (origin, destination))
        return Leg(
            int(table.metres[origin, destination]), (int(table.seconds[origin, destination]),)
        )

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        table = self._table(mode, (*origins, *destinations))
        cells = np.ix_(np.asarray(origins, np.int64), np.asarray(destinations, np.int64))
        return table.metres[cells], table.seconds[cells][None]

    def _table(self, mode: str, asked: Iterable[int]) -> _Table:
        table = self._tables.get(mode)
        if table is None:
            table = self._tables[mode] = self._make(mode)
        for place in self._seen.intersection(asked) - table.found:
            self._find(mode, table, place)
        return table

    def _make(self, mode: str) -> _Table:
        """Return what is kept: the ways between fixed places."""
        ways = self._by_mode[mode]
        safe = np.maximum(self._fixed, 0)
        return _Table(ways.metres[np.ix_(safe, safe)], ways.seconds[np.ix_(safe, safe)])

    def _find(self, mode: str, table: _Table, here: int) -> None:
        """Add where a vehicle was seen. The way back from there stands for the way.

        Great circles stand for the ways between two such places.
        """
        row = self._by_mode[mode].row_from(self._places[here])
        safe = np.maximum(self._fixed, 0)
        table.found.add(here)
        seen = sorted(table.found)
        straight_m, straight_s = self._straight.matrix(mode, [here], seen)
        for whole, found, straight in (
            (table.metres, row.metres, straight_m[0]),
            (table.seconds, row.seconds, straight_s[0, 0]),
        ):
            whole[here] = whole[:, here] = found[safe]
            whole[here, seen] = whole[seen, here] = straight
