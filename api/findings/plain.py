"""What was found of a box, in a member's words?

When it was too warm or too cold, how warm and for how long; when nobody measured. What several
limits say of one stretch is said once. A forecast is nothing to worry a member with: it is said
that the box is watched.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from api.chart import View, clock
from api.curve import ConsignmentCurve, Policy, Verdict
from api.findings.found import Findings, FoundExcursion
from api.order_curve import ms_of
from api.words import degrees_under, duration_words
from schemas.events import Side
from schemas.segments import Window

Mood = Literal["too_warm", "too_cold", "watch", "quiet"]

_MOST_LINES: Final = 3
_VERDICTS: Final[Mapping[Side, Verdict]] = {"upper": Verdict.TOO_WARM, "lower": Verdict.TOO_COLD}
_MOODS: Final[Mapping[Side, Mood]] = {"upper": "too_warm", "lower": "too_cold"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line below a box's chart; `mood` colours it."""

    mood: Mood
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time beyond the limits on one side; `until_ms` None: it goes on."""

    side: Side
    from_ms: int
    until_ms: int | None
    extreme_c: float
    is_lost: bool  # the thermometer fell silent in it
    inside: bool  # the box's own thermometer says so


def notes_of(curve: ConsignmentCurve, found: Findings, view: View) -> tuple[Note, ...]:
    """Return what a member is told of a box."""
    stretches = stretches_of(found.excursions)
    lines = [
        _excursion_note(_as_measured(stretch, curve), curve.policy, view)
        for stretch in stretches[-_MOST_LINES:]
    ]
    if len(stretches) > _MOST_LINES:
        more = view.words.excursions_more.format(count=len(stretches) - _MOST_LINES)
        lines.append(Note(mood="quiet", words=more))
    if _is_watched(curve, found, stretches):
        lines.append(Note(mood="watch", words=view.words.watched))
    lines += [Note(mood="quiet", words=words) for words in _gap_words(curve, view)]
    return tuple(lines)


def stretches_of(excursions: Iterable[FoundExcursion]) -> list[Stretch]:
    """Return excursions as stretches in order of time, those that overlap on one side as one."""
    merged: list[Stretch] = []
    for stretch in sorted(map(_stretch, excursions), key=lambda s: (s.side, s.from_ms)):
        before = merged[-1] if merged else None
        if before is not None and before.side == stretch.side and _meets(before, stretch):
            merged[-1] = _joined(before, stretch)
        else:
            merged.append(stretch)
    return sorted(merged, key=lambda stretch: stretch.from_ms)


def _stretch(excursion: FoundExcursion) -> Stretch:
    until = excursion.until_at
    return Stretch(
        side=excursion.side,
        from_ms=ms_of(excursion.from_at),
        until_ms=None if until is None else ms_of(until),
        extreme_c=excursion.extreme_c,
        is_lost=excursion.state == "lost",
        inside=excursion.source == "box",
    )


def _meets(before: Stretch, stretch: Stretch) -> bool:
    return before.until_ms is None or stretch.from_ms <= before.until_ms


def _joined(before: Stretch, stretch: Stretch) -> Stretch:
    ends = (before.until_ms, stretch.until_ms)
    furthest = max if stretch.side == "upper" else min
    return replace(
        before,
        until_ms=None if None in ends else max(end for end in ends if end is not None),
        extreme_c=furthest(before.extreme_c, stretch.extreme_c),
        is_lost=before.is_lost or stretch.is_lost,
        inside=before.inside or stretch.inside,
    )


def _is_watched(curve: ConsignmentCurve, found: Findings, stretches: Sequence[Stretch]) -> bool:
    is_open = curve.life is not None and curve.life.until_ms is None
    goes_on = any(stretch.until_ms is None for stretch in stretches)
    return is_open and not goes_on and found.forecast is not None and found.forecast.at_risk


def _as_measured(stretch: Stretch, curve: ConsignmentCurve) -> Stretch:
    """Return a stretch that goes on with how far it has come: it was found at its beginning."""
    if stretch.until_ms is not None:
        return stretch
    kind = "box" if stretch.inside else "place"
    furthest = max if stretch.side == "upper" else min
    extreme_c = stretch.extreme_c
    for segment in curve.segments:
        since = segment.temperature_c[segment.t_ms >= stretch.from_ms]
        if segment.source.kind == kind and len(since):
            extreme_c = furthest(extreme_c, float(furthest(since)))
    return replace(stretch, extreme_c=extreme_c)


def _excursion_note(stretch: Stretch, policy: Policy, view: View) -> Note:
    said = _excursion_words(stretch, policy, view)
    elsewhere = "" if stretch.inside else view.words.excursion_elsewhere
    return Note(mood=_MOODS[stretch.side], words=said + elsewhere)


def _excursion_words(stretch: Stretch, policy: Policy, view: View) -> str:
    words = view.words
    phrase = words.excursion_over
    if stretch.is_lost:
        phrase = words.excursion_lost
    elif stretch.until_ms is None:
        phrase = words.excursion_open
    until_ms = view.now_ms if stretch.until_ms is None else stretch.until_ms
    return phrase.format(
        verdict=words.verdicts[_VERDICTS[stretch.side]],
        start=clock(stretch.from_ms, view),
        end=clock(until_ms, view),
        duration=duration_words((until_ms - stretch.from_ms) / 1000, words),
        extreme=words.extremes[stretch.side].format(c=degrees_under(stretch.extreme_c, policy)),
    )


def _gap_words(curve: ConsignmentCurve, view: View) -> Iterator[str]:
    if not curve.segments:
        return
    if len(curve.gaps) > _MOST_LINES:
        yield view.words.gaps_many.format(count=len(curve.gaps))
        return
    for gap in curve.gaps:
        yield _one_gap(gap, view)


def _one_gap(gap: Window, view: View) -> str:
    start = clock(gap.from_ms, view)
    if gap.until_ms is None:
        return view.words.gap_open.format(start=start)
    return view.words.gap_over.format(start=start, end=clock(gap.until_ms, view))
