"""What was found of a box, and what its member gets, in plain words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.chart import View
from api.compensation.plain import paybacks_of, state_of
from api.compensation.resources import Trigger
from api.curve import ConsignmentCurve, Policy
from api.findings.found import Findings, Forecast, FoundExcursion
from api.findings.plain import notes_of, stretches_of
from api.journey import Known, tell
from api.order_curve import ms_of
from api.resources import Order
from api.words import ENGLISH, Language, duration_words
from schemas.ids import ConsignmentId, LoggerId, OrderId
from schemas.reading import Zone
from schemas.segments import Segment, Source, Window

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
VIEW = View(now_ms=ms_of(NOW), zone=ZoneInfo("Asia/Shanghai"), language=Language.ENGLISH)


def ago(count: float) -> datetime:
    return NOW - timedelta(minutes=count)


def excursion(from_min: float, until_min: float | None, **changes: Any) -> FoundExcursion:
    """Return an excursion from so many minutes ago until so many; None: it goes on."""
    values = {
        "excursion_id": 1,
        "revision": 1,
        "subject_kind": "consignment",
        "subject_id": "order-1.chilled",
        "order_id": "order-1",
        "place_id": None,
        "limit": "too-warm",
        "side": "upper",
        "severity": "critical",
        "source": "box",
        "state": "open" if until_min is None else "closed",
        "from_at": ago(from_min),
        "until_at": None if until_min is None else ago(until_min),
        "extreme_c": 7.24,
        "degree_minutes": 54.1,
        "duration_s": 60,
        "found_at": NOW,
        "found_late": False,
    }
    return FoundExcursion(**(values | changes))


def forecast(*, at_risk: bool = True) -> Forecast:
    return Forecast(
        consignment_id="order-1.chilled",
        made_at=NOW,
        leaves_in_s_q10=600,
        leaves_in_s_q50=900,
        leaves_in_s_q90=None,
        chance_within_40_min=0.7,
        side="upper",
        at_risk=at_risk,
        spoil_cost=None,
    )


def curve(
    *gaps: Window, closed: bool = False, newest_c: float = 2.0, kind: Any = "box"
) -> ConsignmentCurve:
    life = Window(from_ms=ms_of(ago(120)), until_ms=VIEW.now_ms if closed else None)
    segment = Segment(
        source=Source(kind=kind, logger_id=LoggerId("C4:A5:E3:00:00:01")),
        gap_limit_ms=90_000,
        readings=1,
        t_ms=np.array([VIEW.now_ms], dtype=np.int64),
        temperature_c=np.array([newest_c]),
    )
    return ConsignmentCurve(
        consignment_id=ConsignmentId("order-1.chilled"),
        zone=Zone.CHILLED,
        policy=Policy(policy_id="chilled", version=1, lower_c=0.0, upper_c=4.0),
        life=life,
        seen=life,
        segments=(segment,),
        gaps=gaps,
    )


def said(*excursions: FoundExcursion, box: ConsignmentCurve | None = None) -> list[str]:
    found = Findings(excursions=excursions)
    return [note.words.replace("\u00a0", " ") for note in notes_of(box or curve(), found, VIEW)]


# Excursions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "words"),
    [
        # 80 minutes before 12:00 is 10:40, 45 before is 11:15.
        (excursion(80, 45), "Too warm from 10:40 to 11:15 (35 min), up to 7.2 °C."),
        (excursion(80, None), "Too warm since 10:40 (1 h 20 min), up to 7.2 °C."),
        (
            excursion(80, 45, state="lost"),
            "Too warm from 10:40, up to 7.2 °C; then the thermometer fell silent.",
        ),
        (
            excursion(80, 45, side="lower", extreme_c=-1.26, state="closed_by_operator"),
            "Too cold from 10:40 to 11:15 (35 min), down to −1.3 °C.",
        ),
        (
            excursion(80, 45, source="place"),
            "Too warm from 10:40 to 11:15 (35 min), up to 7.2 °C." + ENGLISH.excursion_elsewhere,
        ),
    ],
)
def test_an_excursion_is_said_with_when_how_warm_and_how_long(
    found: FoundExcursion, words: str
) -> None:
    assert said(found) == [words]


@pytest.mark.parametrize(
    ("found", "box", "words"),
    [
        (excursion(80, None), curve(newest_c=12.0), "since 10:40 (1 h 20 min), up to 12.0 °C."),
        (excursion(80, None), curve(newest_c=7.0), "up to 7.2 °C."),  # it was worse before
        (excursion(80, None), curve(newest_c=12.0, kind="place"), "up to 7.2 °C."),
        (excursion(80, 45), curve(newest_c=12.0), "up to 7.2 °C."),
        (excursion(80, None, side="lower", extreme_c=-1.2), curve(newest_c=-3.0), "to −3.0 °C."),
        (excursion(80, None, extreme_c=4.04), curve(newest_c=4.02), "up to 4.04 °C."),
    ],
)
def test_an_excursion_that_goes_on_is_said_as_far_as_it_has_come(
    found: FoundExcursion, box: ConsignmentCurve, words: str
) -> None:
    (line,) = said(found, box=box)
    assert line.endswith(words)


def test_in_chinese_it_is_said_too() -> None:
    view = View(now_ms=VIEW.now_ms, zone=VIEW.zone, language=Language.CHINESE)
    (note,) = notes_of(curve(), Findings(excursions=(excursion(80, 45),)), view)
    assert note.words == "10:40 至 11:15（35 分钟）温度偏高，最高 7.2\u00a0°C。"
    assert note.mood == "too_warm"


def test_what_two_limits_say_of_one_stretch_is_said_once() -> None:
    warning = excursion(80, 40, extreme_c=9.0, severity="warning")
    critical = excursion(70, 45, extreme_c=8.5)
    assert said(warning, critical) == ["Too warm from 10:40 to 11:20 (40 min), up to 9.0 °C."]


@pytest.mark.parametrize(("until_min", "stretches"), [(60, 1), (60.001, 2)])
def test_stretches_that_touch_are_one(until_min: float, stretches: int) -> None:
    found = [excursion(80, until_min), excursion(60, 40)]
    assert len(stretches_of(found)) == stretches


def test_too_warm_and_too_cold_are_never_one() -> None:
    found = [excursion(80, 40), excursion(70, 50, side="lower", extreme_c=-1.0)]
    assert [s.side for s in stretches_of(found)] == ["upper", "lower"]


def test_only_the_newest_stretches_are_told_one_by_one() -> None:
    words = said(*(excursion(90 - 20 * n, 85 - 20 * n) for n in range(4)))
    assert words[0].startswith("Too warm from 10:50")
    assert words[3:] == ["Earlier times outside the range: 1."]


spans = st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30), st.booleans()), max_size=8)


@given(spans)
def test_merging_loses_no_minute_and_adds_none(
    drawn: Sequence[tuple[int, int, bool]],
) -> None:
    found = [
        excursion(200 - start, 200 - start - length, side="upper" if warm else "lower")
        for start, length, warm in drawn
    ]
    merged = stretches_of(found)
    for side in ("upper", "lower"):
        told = {
            minute
            for s in merged
            if s.side == side and s.until_ms is not None
            for minute in range(s.from_ms, s.until_ms, 60_000)
        }
        real = {
            minute
            for e in found
            if e.side == side and e.until_at is not None
            for minute in range(ms_of(e.from_at), ms_of(e.until_at), 60_000)
        }
        assert told == real


# Watched, unknown --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "closed", "watched"),
    [
        (Findings(forecast=forecast()), False, True),
        (Findings(forecast=forecast(at_risk=False)), False, False),
        (Findings(forecast=forecast()), True, False),
        (Findings(forecast=forecast(), excursions=(excursion(20, None),)), False, False),
        (Findings(forecast=forecast(), excursions=(excursion(20, 10),)), False, True),
    ],
)
def test_a_box_is_watched_while_it_is_at_risk_and_not_yet_too_warm(
    found: Findings, closed: bool, watched: bool
) -> None:
    notes = notes_of(curve(closed=closed), found, VIEW)
    assert ("watch" in [note.mood for note in notes]) is watched


def test_an_unknown_stretch_is_said_with_its_times() -> None:
    over = Window(from_ms=ms_of(ago(80)), until_ms=ms_of(ago(45)))
    lasting = Window(from_ms=ms_of(ago(30)), until_ms=None)
    assert said(box=curve(over, lasting)) == [
        "No readings from 10:40 to 11:15: there the temperature is unknown.",
        "No readings since 11:30: there the temperature is unknown.",
    ]
    assert said(box=curve(*[over] * 4)) == [ENGLISH.gaps_many.format(count=4)]


@pytest.mark.parametrize(
    ("duration_s", "words"),
    [
        (0, "1 min"),
        (89, "1 min"),
        (91, "2 min"),
        (3_569, "59 min"),
        (3_571, "1 h 0 min"),
        (7_500, "2 h 5 min"),
    ],
)
def test_durations_are_said_to_the_minute(duration_s: float, words: str) -> None:
    assert duration_words(duration_s, ENGLISH) == words


# Compensation ------------------------------------------------------------------------------------


def trigger(**changes: Any) -> Trigger:
    values = {
        "trigger_id": 1,
        "order_id": "order-1",
        "consignment_id": None,
        "cause": "spoiled:order-1.chilled",
        "triggered_at": NOW,
        "revision": 1,
        "decided_at": NOW,
        "decided_by": "rules",
        "outcome": "approved",
        "amount": 19_250,
        "delta": 19_250,
        "currency": "CNY",
        "rulebook_id": "fresh-promise",
        "rulebook_version": 1,
        "clause": "1.1",
        "reason": "…",
        "needs_review": False,
        "found_late": False,
        "evidence_sha256": "0" * 64,
    }
    return Trigger.model_validate(values | changes)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "decided"),
        ({"amount": 1}, "decided"),
        ({"needs_review": True}, "review"),
        ({"outcome": "could_not_determine", "amount": 0, "needs_review": True}, "review"),
        ({"outcome": "blocked", "amount": 0, "delta": 0, "decided_by": "a desk"}, "rejected"),
        ({"outcome": "blocked", "amount": 0, "delta": 0}, None),
        ({"outcome": "already_compensated", "amount": 0, "delta": 0}, None),
        ({"outcome": "withdrawn", "amount": 0, "delta": -19_250, "revision": 2}, "corrected"),
        ({"outcome": "withdrawn", "amount": 0, "delta": 0, "revision": 2}, None),
    ],
)
def test_a_compensation_is_told_by_what_it_means_for_the_member(
    changes: dict[str, Any], state: str | None
) -> None:
    assert state_of(trigger(**changes)) == state


@pytest.mark.parametrize(
    ("language", "gets"),
    [
        (Language.ENGLISH, "You get 192.50 yuan."),
        (Language.CHINESE, "赔付192.50元。"),
    ],
)
def test_an_amount_is_said_in_its_currency_with_its_clause(language: Language, gets: str) -> None:
    texts = {("fresh-promise", 1): {language.value: {"clauses": {"1.1": "So it is."}}}}
    (payback,) = paybacks_of([trigger()], {}, texts, language)
    assert payback.words == gets
    assert payback.clause is not None
    assert "1.1" in payback.clause
    assert payback.clause.endswith("So it is.")
    (bare,) = paybacks_of([trigger()], {}, {}, language)
    assert bare.clause is None


@pytest.mark.parametrize(
    ("language", "consignment_id", "cause"),
    [
        (Language.ENGLISH, "order-1.chilled", "Chilled · Goods outside the right temperature"),
        (Language.CHINESE, "order-1.chilled", "冷藏：商品温度异常"),
        (Language.ENGLISH, None, "Goods outside the right temperature"),
    ],
)
def test_a_compensation_says_which_box_it_is_for(
    language: Language, consignment_id: str | None, cause: str
) -> None:
    boxes = {"order-1.chilled": Zone.CHILLED, "order-1.frozen": Zone.FROZEN}
    (payback,) = paybacks_of([trigger(consignment_id=consignment_id)], boxes, {}, language)
    assert payback.cause == cause


# Arrival -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrives_min", "words"),
    [
        (0, "Expected at 13:00"),
        (1, "Expected at 13:01, later than we promised. We are sorry."),
    ],
)
def test_an_arrival_after_the_promise_is_said_with_regret(arrives_min: int, words: str) -> None:
    due = NOW + timedelta(hours=1)  # 13:00 in Shanghai
    order = Order(
        order_id=OrderId("order-1"),
        member_id="m-1",
        member_level="gold",
        time_zone="Asia/Shanghai",
        placed_at=NOW,
        due_at=due,
        currency="CNY",
        delivery_fee=0,
        milestones=(),
        consignments=(),
    )
    arrives = due + timedelta(minutes=arrives_min)
    known = Known(findings={}, triggers=(), texts={}, arrives_at=arrives)
    assert tell(order, [], VIEW, known).expected == words
