"""How far is it, and how long does it take, by mode and time of day?

One interface for every source of travel. Places are indices into `Problem.places`. A day has
slices; a slice has one duration for each pair of places. `arrival_s` says how a leg crosses from
one slice into the next: who leaves later never arrives earlier (Ichoua et al. 2003).
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int32]

UNREACHABLE_S: Final = 10_000_000
"""The duration of a leg that no road makes: longer than any day, short enough to add up."""

LEG_PARTS: Final = 1 << 20
"""A leg is counted in so many equal parts where it crosses from one slice into the next."""

FACTOR_PARTS: Final = 1000
"""Seconds are multiplied by whole thousandths, so that one leg and a matrix round alike."""


class Leg(NamedTuple):
    """From one place to another: metres, and seconds in each slice of the day."""

    distance_m: int
    durations_s: tuple[int, ...]


class Travel(Protocol):
    """A source of distances and durations; every answer of one source agrees with every other."""

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows, such as `van`."""

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice of the day begins; the first is 0."""

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return metres (origins x destinations) and seconds (slices x origins x destinations)."""


def arrival_s(departs_s: int, leg: Leg, starts_s: Sequence[int]) -> int:
    """Return when a leg ends that begins at `departs_s`.

    In each slice the leg's share is driven at that slice's pace. Shares are counted in `LEG_PARTS`.
    """
    if len(starts_s) == 1:
        return departs_s + leg.durations_s[0]
    k = bisect_right(starts_s, departs_s) - 1
    now_s, left = departs_s, LEG_PARTS
    while True:
        duration_s = leg.durations_s[k]
        ends_s = now_s - (-left * duration_s // LEG_PARTS)
        if k + 1 == len(starts_s) or ends_s <= starts_s[k + 1]:
            return ends_s
        left -= (starts_s[k + 1] - now_s) * LEG_PARTS // duration_s
        now_s = starts_s[k + 1]
        k += 1


def slowed_s(duration_s: int, factor: float) -> int:
    """Return a duration times `factor`, rounded up. No factor makes a way where there is none."""
    if duration_s >= UNREACHABLE_S:
        return UNREACHABLE_S
    slowed = -(-duration_s * round(factor * FACTOR_PARTS) // FACTOR_PARTS)
    return min(slowed, UNREACHABLE_S)


def slowed_matrix_s(duration_s: IntArray, factor: float) -> IntArray:
    """Return what `slowed_s` makes of each element."""
    parts = round(factor * FACTOR_PARTS)
    slowed = -(-duration_s.astype(np.int64) * parts // FACTOR_PARTS)
    slowed[duration_s >= UNREACHABLE_S] = UNREACHABLE_S
    return np.minimum(slowed, UNREACHABLE_S).astype(np.int32)


def notes_of(travel: Travel) -> tuple[str, ...]:
    """Return the sentences that a reader of the plan should see: what failed, what stands in."""
    notes: tuple[str, ...] = getattr(travel, "notes", ())
    return notes


@dataclass(frozen=True)
class ModeMatrix:
    """One mode's metres (places x places) and seconds (slices x places x places)."""

    distance_m: IntArray
    duration_s: IntArray
    starts_s: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Matrices:
    """Travel that is given as numbers."""

    by_mode: Mapping[str, ModeMatrix]

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return tuple(self.by_mode)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self.by_mode[mode].starts_s

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        matrix = self.by_mode[mode]
        return Leg(
            int(matrix.distance_m[origin, destination]),
            tuple(int(slice_s[origin, destination]) for slice_s in matrix.duration_s),
        )

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        matrix = self.by_mode[mode]
        pairs = np.ix_(np.asarray(origins), np.asarray(destinations))
        return matrix.distance_m[pairs], matrix.duration_s[:, pairs[0], pairs[1]]


EARTH_RADIUS_M: Final = 6_371_008.8  # mean radius, IUGG


@dataclass(frozen=True)
class Pace:
    """How a mode moves where only coordinates are known.

    Metres are the great circle's times `road_factor`; each leg costs `stop_s` besides driving.
    """

    speed_kmh: tuple[float, ...]
    starts_s: tuple[int, ...] = (0,)
    road_factor: float = 1.3
    stop_s: int = 0


class GreatCircle:
    """Travel by coordinates alone: any part of the matrix on demand, none of it kept."""

    def __init__(
        self, lat_deg: Sequence[float], lon_deg: Sequence[float], paces: Mapping[str, Pace]
    ):
        lat, lon = np.radians(np.asarray(lat_deg)), np.radians(np.asarray(lon_deg))
        self._unit = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        self.paces = dict(paces)

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return tuple(self.paces)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self.paces[mode].starts_s

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        distance_m, duration_s = self.matrix(mode, [origin], [destination])
        return Leg(int(distance_m[0, 0]), tuple(duration_s[:, 0, 0].tolist()))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        pace = self.paces[mode]
        a, b = self._unit[:, np.asarray(origins)], self._unit[:, np.asarray(destinations)]
        straight_m = _great_circle_m(a[:, :, None] - b[:, None, :])
        metres = np.rint(straight_m * pace.road_factor).astype(np.int32)
        seconds = np.stack(
            [
                np.rint(metres * 3.6 / speed).astype(np.int32) + pace.stop_s
                for speed in pace.speed_kmh
            ]
        )
        return metres, np.where(metres == 0, 0, seconds)


def _great_circle_m(chord: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the arc over a chord of the unit sphere.

    The series of 2 asin(c/2) to c^7, right to a metre up to 3,000 km. Only exact operations of
    IEEE 754 are used, so that one leg and a whole matrix agree on every machine.
    """
    c2 = chord[0] * chord[0] + chord[1] * chord[1] + chord[2] * chord[2]
    series = 1.0 + c2 * (1 / 24 + c2 * (3 / 640 + c2 * (5 / 7168)))
    metres: NDArray[np.float64] = EARTH_RADIUS_M * np.sqrt(c2) * series
    return metres
