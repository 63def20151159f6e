"""Which stretches of a box's life were measured, by which logger, and which were not?

A box's own logger comes first; a place where it stood fills only what that one left open, and is
labelled so. Sources are never joined. What nobody measured is a gap: unknown, not fine. The judge
decides on the same stretches that a member is shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from schemas.curve import Curve
from schemas.ids import LoggerId, PlaceId

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

# A logger is silent after three missed records: one lost advert is no news.
_MISSED_RECORDS: Final = 3
_SHORTEST_GAP_MS: Final = 60_000
# EN 12830 asks for a record every 5 minutes in transport under 24 h: for a logger of which neither
# a registered interval nor enough readings tell better.
_UNKNOWN_INTERVAL_MS: Final = 300_000
_READINGS_TO_LEARN_FROM: Final = 4


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
    ended_ms = life.until_ms if life.until_ms is not None and life.until_ms <= now_ms else None
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


def _inside(curve: Curve, stretch: Window) -> Curve:
    at = curve.measured_at_ms
    rows = at > stretch.from_ms
    if stretch.until_ms is not None:
        rows &= at < stretch.until_ms
    return curve.take(rows)
