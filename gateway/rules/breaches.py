"""From where to where is a limit broken? Indices of readings, before they become excursions.

Every comparison is made at a reading. Time is counted as `track` tells: until the next reading, not
in gaps, not while judging is suspended. So a gap neither opens nor closes anything, and a stretch
goes on behind it with what it had counted before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gateway.rules.track import Track

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """Readings `first` to `stop` (not included); n stands for the end of what is looked at."""

    first: int
    broken: int  # the reading by which the tolerated time was used up
    stop: int
    closed: bool  # by the reading `stop`
    closed_by_operator_ms: int | None = None


def running_sum(held_ms: Int64s) -> Int64s:
    """Return how much time was counted before each reading, and (n + 1) in all."""
    summed = np.zeros(len(held_ms) + 1, dtype=np.int64)
    np.cumsum(held_ms, out=summed[1:])
    return summed


def runs(mask: Bools) -> tuple[Int64s, Int64s]:
    """Return begins and ends (not included) of the stretches where a mask is true."""
    padded = np.zeros(len(mask) + 2, dtype=np.int8)
    padded[1:-1] = mask
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return edges[::2], edges[1::2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How long a stretch may last, how long a return must last, and when people ended one."""

    duration_ms: int
    verify_normal_ms: int
    closed_by_operator_ms: Sequence[int]


def consecutive_breaches(
    track: Track, beyond: Bools, normal: Bools, tolerance: Tolerance
) -> list[Breach]:
    """Return where readings were beyond for the tolerated duration or longer, in order.

    A stretch is broken by the first reading (itself beyond, or the first one back) until which that
    time was counted. It ends where readings are normal and remain so for `verify_normal_ms`.
    """
    counted_ms = running_sum(track.held_ms)
    begins, ends = runs(beyond)
    long = counted_ms[ends] - counted_ms[begins] >= tolerance.duration_ms
    if not long.any():
        return []
    returns = _verified_returns(counted_ms, normal, tolerance.verify_normal_ms)
    found: list[Breach] = []
    resume = 0
    for begin, end in zip(begins[long].tolist(), ends[long].tolist(), strict=True):
        while resume < end:
            first = max(begin, resume)
            used_up_ms = counted_ms[first] + tolerance.duration_ms
            if counted_ms[end] < used_up_ms:
                break
            broken = max(first, int(np.searchsorted(counted_ms, used_up_ms)))
            breach = breach_until_return(
                track, first, broken, returns, tolerance.closed_by_operator_ms
            )
            found.append(breach)
            resume = breach.stop
    return found


def cumulative_breaches(
    track: Track,
    beyond: Bools,
    *,
    allowed_ms: int,
    window_ms: int | None,
    closed_by_operator_ms: Sequence[int],
) -> list[Breach]:
    """Return where `allowed_ms` or more of the time before was beyond, in order.

    The time before is a window that ends at the reading, or all of it (None). A breach dates from
    the first reading beyond that it counts, and ends when enough of them have left the window: if
    there is none, only with the life.
    """
    within_ms = _counted_before(track, beyond, window_ms)
    found: list[Breach] = []
    resume = 0
    for begin, end in zip(
        *(edges.tolist() for edges in runs(within_ms >= allowed_ms)), strict=True
    ):
        since_ms = None if window_ms is None else track.moment_ms(begin) - window_ms
        first = _first_counted(track, beyond, resume, since_ms)
        returns = np.array([end] if end < len(within_ms) else [], dtype=np.int64)
        found.append(breach_until_return(track, first, begin, returns, closed_by_operator_ms))
        resume = end
    return found


def _verified_returns(counted_ms: Int64s, normal: Bools, verify_normal_ms: int) -> Int64s:
    begins, ends = runs(normal)
    if verify_normal_ms == 0:
        return begins
    return begins[counted_ms[ends] - counted_ms[begins] >= verify_normal_ms]


def breach_until_return(
    track: Track, first: int, broken: int, returns: Int64s, closed_by_operator_ms: Sequence[int]
) -> Breach:
    """Return a breach up to its first return, or to an operator's word before that."""
    following = int(np.searchsorted(returns, first, side="right"))
    closed = following < len(returns)
    stop = int(returns[following]) if closed else len(track.t_ms)
    for at_ms in sorted(closed_by_operator_ms):
        before_return = at_ms < track.moment_ms(stop) if closed else at_ms <= track.until_ms
        if track.moment_ms(broken) <= at_ms and before_return:
            stop = int(np.searchsorted(track.t_ms, at_ms, side="right"))
            return Breach(
                first=first, broken=broken, stop=stop, closed=False, closed_by_operator_ms=at_ms
            )
    return Breach(first=first, broken=broken, stop=stop, closed=closed)


def _counted_before(track: Track, beyond: Bools, window_ms: int | None) -> Int64s:
    """Return the time beyond before each reading, and before the end of a life that has ended."""
    counted_ms = running_sum(np.where(beyond, track.held_ms, 0))
    if track.silent or not track.ended:
        counted_ms = counted_ms[:-1]
    if window_ms is None:
        return counted_ms
    moments_ms = np.append(track.t_ms, track.until_ms)[: len(counted_ms)] - window_ms
    reading = np.searchsorted(track.t_ms, moments_ms, side="right") - 1
    held_ms = np.minimum(track.held_ms[reading], moments_ms - track.t_ms[reading])
    left_ms = counted_ms[reading] + np.where(beyond[reading], held_ms, 0)
    return counted_ms - np.where(reading >= 0, left_ms, 0)


def _first_counted(track: Track, beyond: Bools, resume: int, since_ms: int | None) -> int:
    counted = beyond[resume:]
    if since_ms is not None:
        counted = counted & ((track.t_ms + track.held_ms)[resume:] > since_ms)
    return resume + int(np.argmax(counted))
