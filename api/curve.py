"""What is known of a consignment's temperature, when, and from which logger?

Its own box's logger comes first; a place where it stood fills only what that one left open, and is
labelled so. Sources are never joined. What nobody measured is a gap: unknown, not fine.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from schemas.curve import Curve
from schemas.ids import ConsignmentId, LoggerId, PlaceId
from schemas.reading import Zone

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

# A logger is silent after three missed records: one lost advert is no news.
_MISSED_RECORDS: Final = 3
_SHORTEST_GAP_MS: Final = 60_000
# EN 12830 asks for a record every 5 minutes in transport under 24 h: for a logger of which neither
# a registered interval nor enough readings tell better.
_UNKNOWN_INTERVAL_MS: Final = 300_000
_READINGS_TO_LEARN_FROM: Final = 4

SMALLEST_BUDGET: Final = 4  # first, last, lowest and highest


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whose thermometer a segment comes from."""

    kind: Literal["box", "place"]
    logger_id: LoggerId
    place_id: PlaceId | None = None
    place_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time in ms UTC; `until_ms` None: still open."""

    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What one logger recorded while bound to a box or a place."""

    source: Source
    record_interval_s: int | None  # as registered
    curve: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Readings of one source without a gap. `readings` counts them before any were left out."""

    source: Source
    gap_limit_ms: int
    readings: int
    t_ms: Int64s
    temperature_c: Float64s


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits a consignment was opened under, inclusive; None: no limit on that side."""

    policy_id: str
    version: int
    lower_c: float | None
    upper_c: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentCurve:
    """All that is known of one consignment, in order of time.

    `life` runs from its first binding or stay until it was closed, `seen` is the part of it that
    was asked for; None: none.
    """

    consignment_id: ConsignmentId
    zone: Zone
    policy: Policy
    life: Window | None
    seen: Window | None
    segments: tuple[Segment, ...]
    gaps: tuple[Window, ...]


class Verdict(StrEnum):
    """Where a temperature lies. A stretch without readings is unknown, never fine."""

    IN_RANGE = "in_range"
    TOO_WARM = "too_warm"
    TOO_COLD = "too_cold"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest reading of a consignment."""

    source: Source
    measured_at_ms: int
    temperature_c: float
    verdict: Verdict  # UNKNOWN once the reading is older than its logger's gap limit


def gap_limit_ms(measured_at_ms: Int64s, *, record_interval_s: int | None) -> int:
    """Return how far apart two readings of a logger may lie without a gap between them.

    Three record intervals and at least a minute. The interval is the registered one, else the
    median between its readings, else 5 minutes.
    """
    if record_interval_s:
        interval_ms = record_interval_s * 1000
    elif len(measured_at_ms) >= _READINGS_TO_LEARN_FROM:
        interval_ms = int(np.median(np.diff(measured_at_ms)))
    else:
        interval_ms = _UNKNOWN_INTERVAL_MS
    return max(_MISSED_RECORDS * interval_ms, _SHORTEST_GAP_MS)


def segments_of(recording: Recording) -> list[Segment]:
    """Split a recording at its gaps."""
    return _split(recording.source, recording.curve, _limit_of(recording))


def holes(life: Window, segments: Iterable[Segment], *, now_ms: int) -> list[Window]:
    """Return the stretches of a life that no segment covers, longer than its neighbours' limits.

    A hole that reaches the present is open: of what lies ahead nobody can say that it is missing.
    """
    ended_ms = life.until_ms if life.until_ms is not None and life.until_ms < now_ms else None
    end_ms = now_ms if ended_ms is None else ended_ms
    found = []
    covered_ms, limit_ms = life.from_ms, 0
    for segment in sorted(segments, key=_begin):
        begin_ms, last_ms = _begin(segment), int(segment.t_ms[-1])
        if begin_ms - covered_ms > max(limit_ms, segment.gap_limit_ms):
            found.append(Window(from_ms=covered_ms, until_ms=begin_ms))
        if last_ms >= covered_ms:
            covered_ms, limit_ms = last_ms, segment.gap_limit_ms
    if end_ms - covered_ms > limit_ms:
        found.append(Window(from_ms=covered_ms, until_ms=ended_ms))
    return found


def fill(open_stretches: Iterable[Window], places: Sequence[Recording]) -> list[Segment]:
    """Return what the places' loggers recorded strictly inside the open stretches."""
    stretches = list(open_stretches)
    return [
        segment
        for place in places
        for limit_ms in [_limit_of(place)]
        for stretch in stretches
        for segment in _split(place.source, _inside(place.curve, stretch), limit_ms)
    ]


def assemble(
    life: Window, own: Sequence[Recording], places: Sequence[Recording], *, now_ms: int
) -> tuple[tuple[Segment, ...], tuple[Window, ...]]:
    """Return a consignment's segments in order of time, and the gaps that remain."""
    boxed = [segment for recording in own for segment in segments_of(recording)]
    filled = fill(holes(life, boxed, now_ms=now_ms), places)
    segments = sorted([*boxed, *filled], key=_begin)
    return tuple(segments), tuple(holes(life, segments, now_ms=now_ms))


def verdict_of(temperature_c: float, policy: Policy) -> Verdict:
    """Compare with the limits, which are themselves in range."""
    if policy.upper_c is not None and temperature_c > policy.upper_c:
        return Verdict.TOO_WARM
    if policy.lower_c is not None and temperature_c < policy.lower_c:
        return Verdict.TOO_COLD
    return Verdict.IN_RANGE


def newest_of(curve: ConsignmentCurve, *, now_ms: int) -> Newest | None:
    """Return the newest reading; once the consignment is closed it does not grow stale."""
    if not curve.segments:
        return None
    segment = max(curve.segments, key=_last)
    at_ms, temperature_c = int(segment.t_ms[-1]), float(segment.temperature_c[-1])
    is_open = curve.life is not None and curve.life.until_ms is None
    stale = is_open and now_ms - at_ms > segment.gap_limit_ms
    return Newest(
        source=segment.source,
        measured_at_ms=at_ms,
        temperature_c=temperature_c,
        verdict=Verdict.UNKNOWN if stale else verdict_of(temperature_c, curve.policy),
    )


def extremes_of(curve: ConsignmentCurve) -> tuple[float, float] | None:
    """Return the lowest and the highest temperature, by any source."""
    if not curve.segments:
        return None
    lowest = min(float(segment.temperature_c.min()) for segment in curve.segments)
    highest = max(float(segment.temperature_c.max()) for segment in curve.segments)
    return lowest, highest


def thin(curve: ConsignmentCurve, *, points: int) -> ConsignmentCurve:
    """Leave out points so that about `points` remain, shared among the segments by their length.

    Each segment keeps at least its first, last, lowest and highest.
    """
    total = sum(len(segment.t_ms) for segment in curve.segments)
    if total <= points:
        return curve
    thinned = tuple(
        _thin_segment(segment, max(SMALLEST_BUDGET, points * len(segment.t_ms) // total))
        for segment in curve.segments
    )
    return replace(curve, segments=thinned)


def downsample(values: Float64s, *, points: int) -> Int64s:
    """Return indices, ascending, of at most `points` values that keep the line's shape.

    The first and the last are kept; what lies between is cut into equal buckets, and each keeps its
    lowest and its highest. `points` is at least 4.
    """
    if points < SMALLEST_BUDGET:
        raise ValueError(f"points must be at least {SMALLEST_BUDGET}")
    count = len(values)
    if count <= points:
        return np.arange(count)
    inner = values[1:-1]
    buckets = (points - 2) // 2
    starts = np.arange(buckets) * len(inner) // buckets
    bucket = np.repeat(np.arange(buckets), np.diff(np.append(starts, len(inner))))
    lowest = _first_equal(inner, np.minimum.reduceat(inner, starts), bucket)
    highest = _first_equal(inner, np.maximum.reduceat(inner, starts), bucket)
    return np.unique(np.concatenate(([0], lowest + 1, highest + 1, [count - 1])))


def cut(curve: ConsignmentCurve, window: Window) -> ConsignmentCurve:
    """Keep the points inside a window, its ends included; the gaps are left out."""
    kept = (_cut_segment(segment, window) for segment in curve.segments)
    return replace(curve, segments=tuple(s for s in kept if len(s.t_ms)), gaps=())


def _limit_of(recording: Recording) -> int:
    at = recording.curve.measured_at_ms
    return gap_limit_ms(at, record_interval_s=recording.record_interval_s)


def _split(source: Source, curve: Curve, limit_ms: int) -> list[Segment]:
    at = curve.measured_at_ms
    if len(at) == 0:
        return []
    bounds = [0, *(np.flatnonzero(np.diff(at) > limit_ms) + 1).tolist(), len(at)]
    return [
        Segment(
            source=source,
            gap_limit_ms=limit_ms,
            readings=end - start,
            t_ms=at[start:end],
            temperature_c=curve.temperature_c[start:end],
        )
        for start, end in pairwise(bounds)
    ]


def _begin(segment: Segment) -> int:
    return int(segment.t_ms[0])


def _last(segment: Segment) -> int:
    return int(segment.t_ms[-1])


def _inside(curve: Curve, stretch: Window) -> Curve:
    at = curve.measured_at_ms
    rows = at > stretch.from_ms
    if stretch.until_ms is not None:
        rows &= at < stretch.until_ms
    return curve.take(rows)


def _cut_segment(segment: Segment, window: Window) -> Segment:
    rows = segment.t_ms >= window.from_ms
    if window.until_ms is not None:
        rows &= segment.t_ms <= window.until_ms
    return replace(segment, t_ms=segment.t_ms[rows], temperature_c=segment.temperature_c[rows])


def _thin_segment(segment: Segment, points: int) -> Segment:
    kept = downsample(segment.temperature_c, points=points)
    return replace(segment, t_ms=segment.t_ms[kept], temperature_c=segment.temperature_c[kept])


def _first_equal(values: Float64s, wanted: Float64s, bucket: Int64s) -> Int64s:
    """Return for each bucket the index of its first value equal to the one wanted there."""
    hits = np.flatnonzero(values == wanted[bucket])
    _, first = np.unique(bucket[hits], return_index=True)
    return hits[first]
