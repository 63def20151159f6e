"""How far is an order, and how are its goods, in a member's words?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from api.chart import View
from api.curve import ConsignmentCurve, Policy, Verdict
from api.findings.found import Findings, FoundExcursion
from api.journey import NOTHING_KNOWN, Journey, Known, tell
from api.order_curve import ms_of
from api.resources import Order, ReachedMilestone
from api.words import CHINESE, ENGLISH, Language, age_words, degrees, degrees_under, range_words
from schemas.ids import ConsignmentId, LoggerId, OrderId
from schemas.reading import Zone
from schemas.segments import Segment, Source, Window

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
VIEW = View(now_ms=ms_of(NOW), zone=ZoneInfo("Asia/Shanghai"), language=Language.ENGLISH)
CHILLED = Policy(policy_id="chilled", version=1, lower_c=0.0, upper_c=4.0)


def curve(*temperatures_c: float, age_s: int = 10, closed: bool = False) -> ConsignmentCurve:
    last = ms_of(NOW) - age_s * 1000
    segments = ()
    if temperatures_c:
        count = len(temperatures_c)
        segments = (
            Segment(
                source=Source(kind="box", logger_id=LoggerId("C4:A5:E3:00:00:01")),
                gap_limit_ms=90_000,
                readings=count,
                t_ms=np.arange(last - 30_000 * (count - 1), last + 1, 30_000, dtype=np.int64),
                temperature_c=np.array(temperatures_c, dtype=np.float64),
            ),
        )
    life = Window(from_ms=last - 3_600_000, until_ms=ms_of(NOW) if closed else None)
    return ConsignmentCurve(
        consignment_id=ConsignmentId("order-1.chilled"),
        zone=Zone.CHILLED,
        policy=CHILLED,
        life=life,
        seen=life,
        segments=segments,
        gaps=(),
    )


def journey(
    *curves: ConsignmentCurve,
    reached: tuple[str, ...] = ("placed",),
    known: Known = NOTHING_KNOWN,
    due_min: float = 60,
) -> Journey:
    milestones = [
        {"milestone": name, "at": NOW - timedelta(minutes=60 - 10 * index)}
        for index, name in enumerate(reached)
    ]
    order = Order(
        order_id=OrderId("order-1"),
        member_id="m-1",
        member_level="gold",
        time_zone="Asia/Shanghai",
        placed_at=NOW - timedelta(hours=1),
        due_at=NOW + timedelta(minutes=due_min),
        currency="CNY",
        delivery_fee=600,
        milestones=tuple(ReachedMilestone.model_validate(m) for m in milestones),
        consignments=(),
    )
    return tell(order, curves, VIEW, known)


def once_out(**changes: Any) -> Known:
    """Return what is known of an order whose box was too warm half an hour ago."""
    excursion = FoundExcursion(
        excursion_id=1,
        revision=1,
        subject_kind="consignment",
        subject_id="order-1.chilled",
        order_id="order-1",
        place_id=None,
        limit="too-warm",
        side="upper",
        severity="critical",
        source="box",
        state="closed",
        from_at=NOW - timedelta(minutes=30),
        until_at=NOW - timedelta(minutes=20),
        extreme_c=7.2,
        degree_minutes=20.0,
        duration_s=600,
        found_at=NOW,
        found_late=False,
    )
    found = {"order-1.chilled": Findings(excursions=(replace(excursion, **changes),))}
    return replace(NOTHING_KNOWN, findings=found)


@pytest.mark.parametrize(
    ("curves", "mood", "headline"),
    [
        ([curve(2.0), curve(3.0)], "fine", "Everything is at the right temperature."),
        ([curve(2.0), curve(5.0)], "warn", "Outside the range now: 1 of 2 boxes."),
        ([curve(2.0), curve(2.0, age_s=600)], "wait", "No recent reading from 1 of 2 boxes."),
        ([curve(2.0), curve()], "wait", "No recent reading from 1 of 2 boxes."),
        ([curve()], "wait", "Temperatures appear here once your goods are packed."),
    ],
)
def test_the_headline_says_the_worst(
    curves: list[ConsignmentCurve], mood: str, headline: str
) -> None:
    told = journey(*curves)
    assert (told.mood, told.headline) == (mood, headline)


def test_delivered_in_range_is_said_only_where_it_was_so_all_the_way() -> None:
    reached = ("placed", "packed", "departed", "arrived", "delivered")
    fine = journey(curve(2.0, 3.0, closed=True), reached=reached)
    warm_once = journey(curve(2.0, 5.0, 3.0, closed=True), reached=reached)
    assert fine.headline == "Delivered, at the right temperature all the way."
    assert warm_once.headline == "Delivered. The temperatures of the journey stand below."


@pytest.mark.parametrize("state", ["closed", "open"])  # open: back, not yet for long enough
def test_all_is_well_is_not_said_after_an_excursion(state: Any) -> None:
    told = journey(curve(2.0), curve(3.0), known=once_out(state=state))
    assert told.mood == "warn"
    assert told.headline == "In range now. Outside the range on the way: 1 of 2 boxes."
    reached = ("placed", "packed", "departed", "arrived", "delivered")
    delivered = journey(curve(2.0, closed=True), reached=reached, known=once_out(state=state))
    assert delivered.headline == "Delivered. The temperatures of the journey stand below."


@pytest.mark.parametrize(
    ("step", "headline"),
    [
        ("refused", "This order was not accepted, and goes back."),
        ("returned", "This order went back."),
    ],
)
def test_an_order_that_went_back_is_not_said_to_be_on_its_way(step: str, headline: str) -> None:
    known = replace(NOTHING_KNOWN, went_back_by=step, arrives_at=NOW + timedelta(minutes=5))
    told = journey(curve(2.0, closed=True), known=known)
    assert (told.mood, told.headline) == ("wait", headline)
    assert (told.due, told.expected) == (None, None)


@pytest.mark.parametrize(
    ("due_min", "reached", "due"),
    [
        (0, ("placed",), "Due by 12:00"),  # on the minute is in time
        (-1, ("placed",), "Due by 11:59: we are late. We are sorry."),
        (-1, ("placed", "arrived"), "Due by 11:59"),
    ],
)
def test_a_promise_that_has_passed_is_said_with_regret(
    due_min: float, reached: tuple[str, ...], due: str
) -> None:
    assert journey(curve(2.0), reached=reached, due_min=due_min).due == due


@pytest.mark.parametrize(("minutes", "expected"), [(0, None), (1, "Expected at 12:01")])
def test_an_estimate_that_did_not_come_true_is_not_repeated(
    minutes: float, expected: str | None
) -> None:
    known = replace(NOTHING_KNOWN, arrives_at=NOW + timedelta(minutes=minutes))
    assert journey(curve(2.0), known=known).expected == expected


@pytest.mark.parametrize(
    ("temperature_c", "words"),
    [
        (4.0, "4.0"),  # the limit itself is in range
        (4.04, "4.04"),
        (4.05, "4.05"),
        (4.06, "4.1"),
        (-0.04, "−0.04"),
        (0.04, "0.0"),
        (-18.04, "−18.0"),
    ],
)
def test_what_is_beyond_a_limit_does_not_read_like_the_limit(
    temperature_c: float, words: str
) -> None:
    assert degrees_under(temperature_c, CHILLED) == words


def test_the_newest_milestone_is_the_current_step() -> None:
    told = journey(curve(2.0), reached=("placed", "packed", "departed"))
    assert [step.name for step in told.steps if step.is_current] == ["departed"]
    assert [step.reached for step in told.steps] == ["11:00", "11:10", "11:20", None, None]


def test_the_due_time_is_local_and_goes_with_the_delivery() -> None:
    assert journey(curve(2.0)).due == "Due by 13:00"
    assert journey(curve(2.0), reached=("placed", "delivered")).due is None


def test_a_card_says_its_state_in_words() -> None:
    (card,) = journey(curve(1.0, 5.04)).cards
    assert (card.temperature, card.verdict_words, card.age) == ("5.0", "Too warm", "10 s ago")
    assert (card.lowest, card.highest, card.range_words) == ("1.0", "5.0", "0 to 4 °C")


@pytest.mark.parametrize(
    ("age_s", "words"),
    [
        (-3, "just now"),
        (4, "just now"),
        (5, "5 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_ages_are_said_in_their_largest_fitting_unit(age_s: float, words: str) -> None:
    assert age_words(age_s, ENGLISH) == words


def test_temperatures_have_one_decimal_and_a_true_minus() -> None:
    assert [degrees(c) for c in (-18.04, -0.04, 0.06, 4.0)] == ["−18.0", "0.0", "0.1", "4.0"]


def test_ranges_are_said_as_people_say_them() -> None:
    frozen = replace(CHILLED, lower_c=None, upper_c=-18.0)
    assert range_words(CHILLED, CHINESE) == "0 至 4 °C"
    assert range_words(frozen, ENGLISH) == "−18 °C or colder"


def test_both_languages_have_a_word_for_each_verdict_zone_and_milestone() -> None:
    for words in (ENGLISH, CHINESE):
        assert set(words.verdicts) == set(Verdict)
        assert set(words.zones) == set(Zone)
        assert set(words.milestones) == set(ENGLISH.milestones)
