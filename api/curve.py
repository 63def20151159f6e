"""What is known of a consignment's temperature, when, and from which logger?

Its own box's logger comes first; a place where it stood fills only what that one left open, and is
labelled so. Sources are never joined. What nobody measured is a gap: unknown, not fine.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from schemas.ids import ConsignmentId
from schemas.reading import Zone
from schemas.segments import Float64s, Int64s, Segment, Source, Window

SMALLEST_BUDGET: Final = 4  # first, last, lowest and highest


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
    excursions: tuple[Window, ...] = ()  # as the gateway found them


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


def _last(segment: Segment) -> int:
    return int(segment.t_ms[-1])


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
