"""How far is it, and how long does it take, by mode and time of day?

One interface for every source of travel. Places are indices into `Problem.places`. A day has
slices; a slice has one duration for each pair of places. `arrival_s` says how a leg crosses from
one slice into the next: who leaves later never arrives earlier (Ichoua et al. 2003).
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeVar

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
    notes: tuple[str, ...] = ()

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
    """Travel by coordinates alone: any part of the matrix on demand, none of it kept.

    Lines on the unit sphere, to the seventh power of the chord: right to a metre up to 3,000 km.
    Only operations that IEEE 754 makes exact are used, in one order, so that a leg and a matrix
    agree on every machine.
    """

    def __init__(
        self,
        lat_deg: Sequence[float],
        lon_deg: Sequence[float],
        paces: Mapping[str, Pace],
        notes: tuple[str, ...] = (),
    ):
        lat, lon = np.radians(np.asarray(lat_deg)), np.radians(np.asarray(lon_deg))
        self._unit = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        self._points = _points_of(self._unit)
        self.paces = dict(paces)
        self.notes = notes

    @classmethod
    def _of(
        cls, unit: NDArray[np.float64], paces: Mapping[str, Pace], notes: tuple[str, ...]
    ) -> "GreatCircle":
        """Return the travel between points of the unit sphere."""
        travel = cls([], [], paces, notes)
        travel._unit, travel._points = unit, _points_of(unit)
        return travel

    def __reduce__(self) -> tuple[object, ...]:
        # Another machine's sine may end on another digit: it gets the points, not the degrees.
        return GreatCircle._of, (self._unit, self.paces, self.notes)

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return tuple(self.paces)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self.paces[mode].starts_s

    def followed_by(self, lat_deg: Sequence[float], lon_deg: Sequence[float]) -> "GreatCircle":
        """Return the travel of these places, then others."""
        more = GreatCircle(lat_deg, lon_deg, self.paces)
        unit = np.concatenate([self._unit, more._unit], axis=1)
        return GreatCircle._of(unit, self.paces, self.notes)

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg: what `matrix` does, for one pair and many times quicker."""
        pace = self.paces[mode]
        (x, y, z), (u, v, w) = self._points[origin], self._points[destination]
        x, y, z = x - u, y - v, z - w
        c2 = x * x + y * y + z * z
        arc_m = EARTH_RADIUS_M * math.sqrt(c2) * _arc_by_chord(c2)
        metres = round(arc_m * pace.road_factor)
        if metres == 0:
            return Leg(0, (0,) * len(pace.speed_kmh))
        seconds = (round(metres * 3.6 / speed) + pace.stop_s for speed in pace.speed_kmh)
        return Leg(metres, tuple(seconds))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        pace = self.paces[mode]
        a, b = self._unit[:, np.asarray(origins)], self._unit[:, np.asarray(destinations)]
        c2 = np.zeros((a.shape[1], b.shape[1]))
        for ours, theirs in zip(a, b, strict=True):
            along = ours[:, None] - theirs
            c2 += along * along
        arc_m = EARTH_RADIUS_M * np.sqrt(c2) * _arc_by_chord(c2)
        metres = np.rint(arc_m * pace.road_factor).astype(np.int32)
        seconds = np.empty((len(pace.speed_kmh), *metres.shape), np.int32)
        for k, speed in enumerate(pace.speed_kmh):
            seconds[k] = np.rint(metres * 3.6 / speed)
            seconds[k] += pace.stop_s
        seconds[:, metres == 0] = 0
        return metres, seconds


def _points_of(unit: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """Return the columns as tuples, which one leg reads quicker than an array."""
    return list(zip(*unit.tolist(), strict=True))


Number = TypeVar("Number", float, NDArray[np.float64])


def _arc_by_chord(c2: Number) -> Number:
    """Return 2 asin(c/2) / c of a chord's square: the series to c^6."""
    return 1.0 + c2 * (1 / 24 + c2 * (3 / 640 + c2 * (5 / 7168)))
