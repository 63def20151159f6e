"""Which temperature held when, as far as it was measured and is judged?

A reading holds until the next one: not across a gap, not while judging is suspended. The last one
holds for nothing yet; once its life has ended, until that end. All that is counted (time beyond a
limit, degree minutes, means, MKT, budgets) is counted in these times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from gateway.rules.suspension import Span, overlap_ms
from schemas.segments import Segment

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SourceKind = Literal["box", "place"]

# Readings come from a database's single floats: its 8.3 is 8.30000019, which is not beyond 8.3.
_STEPS_PER_C: Final = 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """How far a curve is looked at, whether its life is over then, and what is not judged."""

    until_ms: int
    ended: bool
    suspended: Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The judged readings of one kind of source, columns of equal length n > 0.

    Where two loggers measured at once, the warmer counts for upper limits and the colder for lower
    ones; else both columns are the same array.
    """

    source: SourceKind
    t_ms: Int64s
    held_ms: Int64s
    warmest_c: Float64s
    coldest_c: Float64s
    after_gap: Int64s  # indices of the first readings after gaps
    until_ms: int
    ended: bool
    silent: bool  # at `until_ms` nothing had been heard for longer than the gap limit
    silent_from_ms: int  # when it is or will be, if nothing more is heard

    def moment_ms(self, index: int) -> int:
        """Return when a reading was measured; of index n, the end of what is looked at."""
        return int(self.t_ms[index]) if index < len(self.t_ms) else self.until_ms


@dataclass(frozen=True, slots=True)
class _Stretch:
    t_ms: Int64s
    warmest_c: Float64s
    coldest_c: Float64s
    gap_limit_ms: int

    def take(self, rows: Bools) -> "_Stretch":
        warmest_c = self.warmest_c[rows]
        same = self.coldest_c is self.warmest_c
        coldest_c = warmest_c if same else self.coldest_c[rows]
        return _Stretch(self.t_ms[rows], warmest_c, coldest_c, self.gap_limit_ms)


def track_of(source: SourceKind, segments: Sequence[Segment], horizon: Horizon) -> Track | None:
    """Return the track of segments in order of time; None where no reading is judged."""
    if not segments:
        return None
    stretches = _without_overlaps(segments)
    whole = stretches[0] if len(stretches) == 1 else _concatenated(stretches)
    silent_from_ms = _silent_from_ms(whole, horizon.suspended)
    silent = silent_from_ms <= horizon.until_ms
    after_gap = _after_gaps(stretches)
    held_ms = np.empty_like(whole.t_ms)
    np.subtract(whole.t_ms[1:], whole.t_ms[:-1], out=held_ms[:-1])
    held_ms[-1] = 0 if silent else horizon.until_ms - whole.t_ms[-1]
    held_ms[after_gap - 1] = 0
    if horizon.suspended:
        judged = _suspend(whole.t_ms, held_ms, horizon.suspended)
        whole, held_ms = whole.take(judged), held_ms[judged]
        after_gap = _renumbered(after_gap, judged)
    if len(held_ms) == 0:
        return None
    if not horizon.ended:
        held_ms[-1] = 0  # the next judged reading says for how long it held
    return Track(
        source=source,
        t_ms=whole.t_ms,
        held_ms=held_ms,
        warmest_c=whole.warmest_c,
        coldest_c=whole.coldest_c,
        after_gap=after_gap,
        until_ms=horizon.until_ms,
        ended=horizon.ended,
        silent=silent,
        silent_from_ms=silent_from_ms,
    )


def _silent_from_ms(whole: _Stretch, suspended: Sequence[Span]) -> int:
    """Return when the last reading is older than its logger's gap limit, suspensions left out."""
    last_ms = int(whole.t_ms[-1])
    from_ms = last_ms + whole.gap_limit_ms + 1
    for begin, end in suspended:
        if begin < from_ms and end > last_ms:
            from_ms += end - max(begin, last_ms)
    return from_ms


def _without_overlaps(segments: Sequence[Segment]) -> list[_Stretch]:
    """Put together what was measured at once, so that each stretch begins after the one before."""
    groups: list[list[Segment]] = []
    last_ms = -1
    for segment in segments:
        if groups and segment.t_ms[0] <= last_ms:
            groups[-1].append(segment)
        else:
            groups.append([segment])
        last_ms = max(last_ms, int(segment.t_ms[-1]))
    return [_envelope(g) if len(g) > 1 else _alone(g[0]) for g in groups]


def _alone(segment: Segment) -> _Stretch:
    temperature_c = _rounded(segment.temperature_c)
    return _Stretch(segment.t_ms, temperature_c, temperature_c, segment.gap_limit_ms)


def _envelope(segments: Sequence[Segment]) -> _Stretch:
    t_ms = np.unique(np.concatenate([s.t_ms for s in segments]))
    columns = np.full((len(segments), len(t_ms)), np.nan)
    for column, segment in zip(columns, segments, strict=True):
        reading = np.searchsorted(segment.t_ms, t_ms, side="right") - 1
        measures = (reading >= 0) & (t_ms <= segment.t_ms[-1])
        column[measures] = segment.temperature_c[reading[measures]]
    columns = _rounded(columns)
    last = max(segments, key=lambda s: int(s.t_ms[-1]))
    return _Stretch(t_ms, np.fmax.reduce(columns), np.fmin.reduce(columns), last.gap_limit_ms)


def _rounded(temperature_c: Float64s) -> Float64s:
    return np.rint(temperature_c * _STEPS_PER_C) / _STEPS_PER_C


def _concatenated(stretches: Sequence[_Stretch]) -> _Stretch:
    warmest_c = np.concatenate([s.warmest_c for s in stretches])
    if all(s.coldest_c is s.warmest_c for s in stretches):
        coldest_c = warmest_c
    else:
        coldest_c = np.concatenate([s.coldest_c for s in stretches])
    t_ms = np.concatenate([s.t_ms for s in stretches])
    return _Stretch(t_ms, warmest_c, coldest_c, stretches[-1].gap_limit_ms)


def _after_gaps(stretches: Sequence[_Stretch]) -> Int64s:
    """Return the indices of first readings after gaps, by the rule of `schemas.segments.holes`."""
    begins, begin = [], 0
    for before, after in pairwise(stretches):
        begin += len(before.t_ms)
        apart_ms = after.t_ms[0] - before.t_ms[-1]
        if apart_ms > max(before.gap_limit_ms, after.gap_limit_ms):
            begins.append(begin)
    return np.array(begins, dtype=np.int64)


def _suspend(t_ms: Int64s, held_ms: Int64s, suspended: Sequence[Span]) -> Bools:
    """Take suspended time off what was held, in place; return which readings are judged."""
    judged = np.ones(len(t_ms), dtype=np.bool_)
    until_ms = t_ms + held_ms
    for begin, end in suspended:
        first, after = np.searchsorted(t_ms, (begin, end))
        judged[first:after] = False
        if first > 0:
            before = first - 1
            held_ms[before] -= overlap_ms([(begin, end)], int(t_ms[before]), int(until_ms[before]))
    return judged


def _renumbered(after_gap: Int64s, judged: Bools) -> Int64s:
    """Return the indices of first judged readings after gaps, among the judged ones."""
    if len(after_gap) == 0:
        return after_gap
    counted: Int64s = np.cumsum(judged)
    indices = np.unique(counted[after_gap - 1])
    renumbered: Int64s = indices[(indices > 0) & (indices < counted[-1])]
    return renumbered
