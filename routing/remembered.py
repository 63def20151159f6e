"""Which legs were asked for before?

A leg of a composed source (traffic, weather, closed roads) costs as much as walking several stops,
and judging asks for the same ones again and again.
"""

from collections.abc import Sequence

from routing.travel import IntArray, Leg, Travel, notes_of


class RememberedTravel:
    """A source of travel that is asked for each leg only once."""

    def __init__(self, travel: Travel) -> None:
        self._travel = travel
        self._legs: dict[tuple[str, int, int], Leg] = {}
        self._starts_s = {mode: travel.starts_s(mode) for mode in travel.modes}

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return self._travel.modes

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the plan should know of its source."""
        return notes_of(self._travel)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self._starts_s[mode]

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        key = mode, origin, destination
        leg = self._legs.get(key)
        if leg is None:
            leg = self._legs[key] = self._travel.leg(*key)
        return leg

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        return self._travel.matrix(mode, origins, destinations)


def remembered(travel: Travel) -> Travel:
    """Return a source that remembers: the one given, if it does."""
    return travel if isinstance(travel, RememberedTravel) else RememberedTravel(travel)
