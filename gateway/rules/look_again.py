"""When may time alone change a judgement, though no reading comes?

When a logger becomes silent, when what is unknown becomes too much, when a suspension ends, when
the life ends. Limits and budgets are broken and closed by readings only.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.rules.figures import Elapsed
from gateway.rules.suspension import Span
from gateway.rules.track import Track
from schemas.segments import Segment, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a life stands at `as_of_ms`, as far as its future needs it."""

    life: Window
    as_of_ms: int
    segments: Sequence[Segment]
    tracks: Sequence[Track]
    suspended: Sequence[Span]
    elapsed: Elapsed
    largest_unknown_share: float


def look_again_ms(standing: Standing) -> int | None:
    """Return the earliest such moment after `as_of_ms`, None where there is none."""
    if standing.life.until_ms is not None and standing.life.until_ms <= standing.as_of_ms:
        return None
    return min((at for at in _moments_ms(standing) if at > standing.as_of_ms), default=None)


def _moments_ms(standing: Standing) -> Iterator[int]:
    yield standing.life.from_ms
    if standing.life.until_ms is not None:
        yield standing.life.until_ms
    yield from (end for _, end in standing.suspended)
    yield from (track.silent_from_ms for track in standing.tracks)
    gap_from_ms = max(
        (int(s.t_ms[-1]) + s.gap_limit_ms + 1 for s in standing.segments),
        default=standing.life.from_ms + 1,
    )
    yield gap_from_ms
    yield from _unknown_share_ms(standing, grows=gap_from_ms <= standing.as_of_ms)


def _unknown_share_ms(standing: Standing, *, grows: bool) -> Iterator[int]:
    """Say when a gap that goes on becomes too large a share of the life, or an old one small."""
    share, unknown_ms = standing.largest_unknown_share, standing.elapsed.unknown_ms
    judged_ms = standing.elapsed.life_ms - standing.elapsed.suspended_ms
    missing_ms = share * judged_ms - unknown_ms
    if grows and share < 1 and missing_ms >= 0:
        yield standing.as_of_ms + int(missing_ms / (1 - share)) + 1
    elif not grows and share > 0 and missing_ms < 0:
        yield standing.as_of_ms + math.ceil(-missing_ms / share)
