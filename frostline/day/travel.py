"""How does a day's dispatcher believe that the city is driven?

Free roads and the usual traffic by the hour, as `traffic.believed_travel`, with what is asked again
and again kept: the ways between homes, depots and lockers are searched once for the day, those from
where a vehicle is once for each place that it is seen at.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """The free ways between all places of a problem."""

    metres: IntArray
    seconds: IntArray


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
        table = self._table(mode)
        return Leg(
            int(table.metres[origin, destination]), (int(table.seconds[origin, destination]),)
        )

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        table = self._table(mode)
        cells = np.ix_(np.asarray(origins, np.int64), np.asarray(destinations, np.int64))
        return table.metres[cells], table.seconds[cells][None]

    def _table(self, mode: str) -> _Table:
        table = self._tables.get(mode)
        if table is None:
            table = self._tables[mode] = self._make(mode)
        return table

    def _make(self, mode: str) -> _Table:
        """Join what is kept. To where a vehicle was seen, the way back stands for the way."""
        ways = self._by_mode[mode]
        safe = np.maximum(self._fixed, 0)
        metres = ways.metres[np.ix_(safe, safe)]
        seconds = ways.seconds[np.ix_(safe, safe)]
        for here in np.flatnonzero(self._fixed < 0).tolist():
            row = ways.row_from(self._places[here])
            for table, found in ((metres, row.metres), (seconds, row.seconds)):
                table[here] = table[:, here] = found[safe]
        self._between_seen(mode, metres, seconds)
        return _Table(metres, seconds)

    def _between_seen(self, mode: str, metres: IntArray, seconds: IntArray) -> None:
        """Let great circles stand for ways between two places where vehicles were seen."""
        seen = np.flatnonzero(self._fixed < 0)
        if len(seen):
            straight_m, straight_s = self._straight.matrix(mode, seen.tolist(), seen.tolist())
            metres[np.ix_(seen, seen)] = straight_m
            seconds[np.ix_(seen, seen)] = straight_s[0]
