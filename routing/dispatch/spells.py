"""How fast will it be when the weather changes?

A spell of weather lasts from one second of the day to another. `Spelled` cuts the day's slices
where spells begin and end, so that a trip that will be caught in a storm is planned to be, before
the storm is there, and one that leaves after it is not.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from routing.check_values import MAX_TIME_S
from routing.dispatch.state import CityState
from routing.dispatch.times import clock_of
from routing.travel import IntArray, Leg, Travel, notes_of, slowed_matrix_s, slowed_s
from schemas.disruptions import WeatherDetails

SLOWEST_PERCENT: Final = 10
"""Nothing is planned slower than a tenth of its usual speed: rather it waits."""


class Spell(NamedTuple):
    """From when until when, and what seconds are multiplied by."""

    from_s: int
    until_s: int
    factor: float


def spells_of(state: CityState) -> tuple[Spell, ...]:
    """Return the weather of now and of later that changes speeds. What has begun began at 0."""
    clock, found = clock_of(state), []
    for one in state.disruptions:
        details = one.details
        over = one.until_at is not None and one.until_at <= state.now
        if not isinstance(details, WeatherDetails) or details.speed_percent == 100 or over:
            continue
        from_s = 0 if one.from_at <= state.now else clock.second_of(one.from_at)
        until_s = MAX_TIME_S if one.until_at is None else clock.second_of(one.until_at)
        percent = max(SLOWEST_PERCENT, details.speed_percent)
        if from_s < min(until_s, MAX_TIME_S):
            found.append(Spell(from_s, until_s, 100 / percent))
    return tuple(sorted(found))


@dataclass(frozen=True)
class Spelled:
    """Travel whose weather changes. Where spells overlap the slowest one counts."""

    clear: Travel
    spells: tuple[Spell, ...]

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return self.clear.modes

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the plan should know of its source."""
        return notes_of(self.clear)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        bounds = {s for spell in self.spells for s in (spell.from_s, spell.until_s)}
        inner = {s for s in bounds if s < MAX_TIME_S}
        return tuple(sorted({*self.clear.starts_s(mode), *inner}))

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        leg = self.clear.leg(mode, origin, destination)
        seconds = (slowed_s(leg.durations_s[k], factor) for k, factor in self._slices(mode))
        return Leg(leg.distance_m, tuple(seconds))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        metres, seconds = self.clear.matrix(mode, origins, destinations)
        rows = [slowed_matrix_s(seconds[k], factor) for k, factor in self._slices(mode)]
        return metres, np.stack(rows)

    def _slices(self, mode: str) -> list[tuple[int, float]]:
        """Return for each slice that of the clear day it lies in, and its factor."""
        clear = self.clear.starts_s(mode)
        return [(bisect_right(clear, s) - 1, self._factor(s)) for s in self.starts_s(mode)]

    def _factor(self, at_s: int) -> float:
        return max((s.factor for s in self.spells if s.from_s <= at_s < s.until_s), default=1.0)
