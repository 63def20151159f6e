"""How much slower is the day's traffic than free roads?

A map and a server know free roads. Each slice of the day multiplies their seconds by a factor of
its own; the way taken stays the same at any hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from routing.travel import IntArray, Leg, Travel, notes_of, slowed_matrix_s, slowed_s


class Traffic(NamedTuple):
    """When each slice begins, and what its seconds are multiplied by."""

    starts_s: tuple[int, ...]
    factors: tuple[float, ...]


@dataclass(frozen=True)
class Sliced:
    """Travel on free roads, which has one slice, with a day's traffic by mode."""

    free: Travel
    traffic: Mapping[str, Traffic]

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return self.free.modes

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the plan should know of its source."""
        return notes_of(self.free)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self.traffic[mode].starts_s

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        distance_m, (free_s,) = self.free.leg(mode, origin, destination)
        factors = self.traffic[mode].factors
        return Leg(distance_m, tuple(slowed_s(free_s, factor) for factor in factors))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        metres, seconds = self.free.matrix(mode, origins, destinations)
        factors = self.traffic[mode].factors
        return metres, np.stack([slowed_matrix_s(seconds[0], factor) for factor in factors])
