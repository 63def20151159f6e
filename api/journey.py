"""How far is an order, and how are its goods, in a member's words?

From an order and its curves to what the page shows: values in, words out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from api import chart
from api.chart import View
from api.compensation.plain import Payback, Texts, paybacks_of
from api.compensation.resources import Trigger
from api.curve import ConsignmentCurve, Newest, Verdict, extremes_of, newest_of, thin, verdict_of
from api.findings.found import NOTHING_FOUND, Findings
from api.findings.plain import Note, notes_of
from api.order_curve import ms_of, time_of
from api.resources import Order
from api.words import Words, age_words, degrees_under, range_words

STEPS: Final = ("placed", "packed", "departed", "arrived", "delivered")

_CHART_POINTS: Final = 400  # a phone is about 400 px wide
_ENDS: Final = frozenset({"delivered", "cancelled"})
_OUT: Final = frozenset({Verdict.TOO_WARM, Verdict.TOO_COLD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A milestone of the journey."""

    name: str
    words: str
    reached: str | None  # time of day
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the page says of one consignment."""

    consignment_id: str
    zone: str
    zone_words: str
    range_words: str
    verdict: str
    verdict_words: str
    temperature: str | None
    measured_at_ms: int | None
    measured_at: str | None
    age: str | None
    measured_by: str
    lowest: str | None
    highest: str | None
    notes: tuple[Note, ...]
    readings: int
    is_open: bool
    chart: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What the page says of an order."""

    order_id: str
    mood: str  # fine, warn, wait or done: colours the headline, which says it in words
    headline: str
    due: str | None
    expected: str | None
    steps: tuple[Step, ...]
    paybacks: tuple[Payback, ...]
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an order besides itself and its curves."""

    findings: Mapping[str, Findings]  # by consignment
    triggers: Sequence[Trigger]
    texts: Texts
    arrives_at: datetime | None  # as estimated last
    went_back_by: str | None = None  # `refused` or `returned`, once no box travels any more


NOTHING_KNOWN: Final = Known(findings={}, triggers=(), texts={}, arrives_at=None)


def tell(
    order: Order, curves: Sequence[ConsignmentCurve], view: View, known: Known = NOTHING_KNOWN
) -> Journey:
    """Return what the page shows of an order."""
    reached: dict[str, datetime] = {m.milestone: m.at for m in order.milestones}
    newest = [newest_of(curve, now_ms=view.now_ms) for curve in curves]
    mood, headline = _end(curves, reached, known, view) or _headline(newest, reached, known, view)
    return Journey(
        order_id=order.order_id,
        mood=mood,
        headline=headline,
        due=_due(order, reached, known, view),
        expected=_expected(order, reached, known, view),
        steps=_steps(reached, view),
        paybacks=paybacks_of(
            known.triggers,
            {curve.consignment_id: curve.zone for curve in curves},
            known.texts,
            view.language,
        ),
        cards=tuple(
            _card(
                curve,
                latest,
                known.findings.get(curve.consignment_id, NOTHING_FOUND),
                replace(view, prefix=f"c{index}"),
            )
            for index, (curve, latest) in enumerate(zip(curves, newest, strict=True))
        ),
    )


def local_time(at: datetime, view: View) -> str:
    """Write a time of the member's zone, with its date unless it is today."""
    return chart.clock(ms_of(at), view)


def zone_words(zone: ZoneInfo) -> str:
    """Name a time zone as people know it."""
    return zone.key.replace("_", " ")


def _due(order: Order, reached: Mapping[str, datetime], known: Known, view: View) -> str | None:
    if order.due_at is None or _is_over(reached, known):
        return None
    is_late = "arrived" not in reached and view.now_ms > ms_of(order.due_at)
    phrase = view.words.overdue if is_late else view.words.due
    return phrase.format(time=local_time(order.due_at, view))


def _expected(
    order: Order, reached: Mapping[str, datetime], known: Known, view: View
) -> str | None:
    if known.arrives_at is None or _is_over(reached, known):
        return None
    if ms_of(known.arrives_at) <= view.now_ms:  # it did not come true
        return None
    is_late = order.due_at is not None and known.arrives_at > order.due_at
    phrase = view.words.expected_late if is_late else view.words.expected
    return phrase.format(time=local_time(known.arrives_at, view))


def _is_over(reached: Mapping[str, datetime], known: Known) -> bool:
    return known.went_back_by is not None or not _ENDS.isdisjoint(reached)


def _end(
    curves: Sequence[ConsignmentCurve],
    reached: Mapping[str, datetime],
    known: Known,
    view: View,
) -> tuple[str, str] | None:
    """Return the mood and headline of a journey that is over; None: it goes on."""
    words = view.words
    if "cancelled" in reached:
        return "wait", words.cancelled.format(time=local_time(reached["cancelled"], view))
    if "delivered" in reached:
        fine = all(_always_in_range(curve) for curve in curves) and not _boxes_once_out(known)
        return ("done", words.delivered_in_range) if fine else ("wait", words.delivered_otherwise)
    if known.went_back_by is not None:
        return "wait", words.went_back[known.went_back_by]
    return None


def _headline(
    newest: Sequence[Newest | None],
    reached: Mapping[str, datetime],
    known: Known,
    view: View,
) -> tuple[str, str]:
    """Return the mood and headline of a journey that goes on: the worst that holds."""
    words, total = view.words, len(newest)
    verdicts = [latest.verdict for latest in newest if latest is not None]
    out = sum(verdict in _OUT for verdict in verdicts)
    heard = sum(verdict is not Verdict.UNKNOWN for verdict in verdicts)
    if out:
        return "warn", words.some_out.format(count=out, total=total)
    if not verdicts:
        return "wait", words.packed_waiting if "packed" in reached else words.nothing_yet
    if heard < total:
        return "wait", words.some_unknown.format(count=total - heard, total=total)
    if once_out := _boxes_once_out(known):
        return "warn", words.some_were_out.format(count=once_out, total=total)
    return "fine", words.all_in_range


def _boxes_once_out(known: Known) -> int:
    return sum(bool(found.excursions) for found in known.findings.values())


def _always_in_range(curve: ConsignmentCurve) -> bool:
    extremes = extremes_of(curve)
    return extremes is not None and all(
        verdict_of(c, curve.policy) is Verdict.IN_RANGE for c in extremes
    )


def _steps(reached: Mapping[str, datetime], view: View) -> tuple[Step, ...]:
    done = [name for name in STEPS if name in reached]
    current = done[-1] if done else None
    return tuple(
        Step(
            name=name,
            words=view.words.milestones[name],
            reached=local_time(reached[name], view) if name in reached else None,
            is_current=name == current,
        )
        for name in STEPS
    )


def _card(curve: ConsignmentCurve, latest: Newest | None, found: Findings, view: View) -> Card:
    words = view.words
    extremes = extremes_of(curve)
    verdict = latest.verdict if latest else Verdict.UNKNOWN
    return Card(
        consignment_id=curve.consignment_id,
        zone=curve.zone,
        zone_words=words.zones[curve.zone],
        range_words=range_words(curve.policy, words),
        verdict=verdict,
        verdict_words=words.verdicts[verdict] if latest else words.waiting,
        temperature=degrees_under(latest.temperature_c, curve.policy) if latest else None,
        measured_at_ms=latest.measured_at_ms if latest else None,
        measured_at=time_of(latest.measured_at_ms).isoformat() if latest else None,
        age=age_words((view.now_ms - latest.measured_at_ms) / 1000, words) if latest else None,
        measured_by=_measured_by(curve, latest, words),
        lowest=degrees_under(extremes[0], curve.policy) if extremes else None,
        highest=degrees_under(extremes[1], curve.policy) if extremes else None,
        notes=(*notes_of(curve, found, view), *_place_note(curve, words)),
        readings=sum(segment.readings for segment in curve.segments),
        is_open=curve.life is None or curve.life.until_ms is None,
        chart=chart.draw(thin(curve, points=_CHART_POINTS), view),
    )


def _measured_by(curve: ConsignmentCurve, latest: Newest | None, words: Words) -> str:
    if latest is None:
        return words.waiting_long if curve.life else words.nothing_yet
    if latest.source.place_name is None:
        return words.measured_by_box
    return words.measured_by_place.format(place=latest.source.place_name)


def _place_note(curve: ConsignmentCurve, words: Words) -> list[Note]:
    places = sorted({s.source.place_name for s in curve.segments if s.source.place_name})
    if not places:
        return []
    return [Note(mood="quiet", words=words.place_note.format(places=", ".join(places)))]
