"""Travel by road.

A row, the ways from one place to all others, is one run of Dijkstra. It is computed when it's first
asked for, so only places that something starts from cost anything, and kept while there's room.
Seconds are those of free roads; `routing.slices` has the day's traffic.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from routing.problem import Place
from routing.roads.graph import Bools
from routing.roads.mode import ModeRows, Roads
from routing.roads.network import Network
from routing.roads.rows import Rows
from routing.travel import IntArray, Leg
from routing.travel_places import coordinates, names_of
from routing.travel_values import RoadRule

ROWS_BYTES: Final = 1 << 30
"""For the rows of all modes. 5,000 places keep all rows of five modes in it, and 20,000 places a
third of the rows of one."""


class RoadTravel:
    """Ways between places on a network. Satisfies `routing.travel.Travel`."""

    def __init__(self, by_mode: Mapping[str, ModeRows], places: Sequence[Place]):
        self._by_mode = dict(by_mode)
        self._places = tuple(places)

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return tuple(self._by_mode)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say which places aren't on the map, and which can't be reached."""
        return tuple(
            note for mode, rows in self._by_mode.items() for note in self._notes_of(mode, rows)
        )

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return the one slice of free roads."""
        del mode
        return (0,)

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        row = self._by_mode[mode].row(origin)
        return Leg(int(row.metres[destination]), (int(row.seconds[destination]),))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        rows = self._by_mode[mode]
        metres, seconds = rows.block(origins, np.asarray(destinations, np.int64))
        return metres, seconds[None]

    def with_places(self, places: Sequence[Place]) -> "RoadTravel":
        """Return the travel of these places and then more.

        Each new place costs a search from its end for the rows that are kept, and one from its
        start when its own row is asked for.
        """
        degrees = np.array(coordinates(places))
        longer = {mode: rows.extended(degrees) for mode, rows in self._by_mode.items()}
        return RoadTravel(longer, (*self._places, *places))

    def _notes_of(self, mode: str, rows: ModeRows) -> list[str]:
        spots, reach_m = rows.spots, rows.roads.rule.reach_m
        notes = []
        if spots.beyond.any():
            names = self._names(spots.beyond)
            notes.append(f"{mode}: {names} beyond the map; legs there are great circles")
        if spots.cut_off.any():
            names = self._names(spots.cut_off)
            notes.append(f"{mode}: {names} unreachable, without a road within {reach_m:g} m")
        return notes

    def _names(self, chosen: Bools) -> str:
        return names_of([self._places[k].id for k in np.flatnonzero(chosen)])


def road_travel(
    network: Network,
    rules: Mapping[str, RoadRule],
    places: Sequence[Place],
    *,
    most_bytes: int = ROWS_BYTES,
) -> RoadTravel:
    """Put places on a network. They must have coordinates."""
    degrees = np.array(coordinates(places))
    by_mode = {}
    for mode, rule in rules.items():
        roads = Roads(network, rule)
        by_mode[mode] = ModeRows(roads, roads.find(degrees), Rows(most_bytes // len(rules)))
    return RoadTravel(by_mode, places)
