"""How fast is it on the day that comes?

Seconds count on past midnight, and the slices of a source's day do not: the last one would hold for
all of the next morning. Where the day that comes is planned at night, its slices begin again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from routing.travel import IntArray, Leg, Travel, notes_of

DAY_S: Final = 86_400


@dataclass(frozen=True)
class Repeated:
    """Travel whose day begins again at 24:00."""

    day: Travel

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return self.day.modes

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the plan should know of its source."""
        return notes_of(self.day)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        first = self._first(mode)
        return (*first, *(DAY_S + start_s for start_s in first)) if len(first) > 1 else first

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        leg = self.day.leg(mode, origin, destination)
        return Leg(leg.distance_m, tuple(leg.durations_s[k] for k in self._slices(mode)))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        metres, seconds = self.day.matrix(mode, origins, destinations)
        return metres, seconds[self._slices(mode)]

    def _first(self, mode: str) -> tuple[int, ...]:
        return tuple(start_s for start_s in self.day.starts_s(mode) if start_s < DAY_S)

    def _slices(self, mode: str) -> list[int]:
        """Return for each slice that of the source which it is."""
        count = len(self._first(mode))
        return [k % count for k in range(len(self.starts_s(mode)))]
