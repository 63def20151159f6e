"""Only what changed in substance is written, and an excursion stays the same one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.judge.changes import (
    Found,
    Lateness,
    VerdictChange,
    excursion_changes,
    verdict_change,
)
from gateway.judge.facts import StandingExcursion, StandingVerdict
from gateway.judge.times import time_of
from gateway.rules.judgement import Excursion, Judgement, Statistics
from gateway.rules.policy import Policy
from schemas.reading import Zone

MINUTE_MS = 60_000
NOW_MS = 100 * MINUTE_MS
LATENESS = Lateness(now_ms=NOW_MS, late_after_ms=15 * MINUTE_MS)
POLICY = Policy(
    policy_id="p",
    version=1,
    zone=Zone.CHILLED,
    product_class=None,
    source="a test",
    lower_c=0,
    upper_c=4,
    limits=(),
)


def excursion(from_min: int = 60, until_min: int | None = None, **changes: object) -> Excursion:
    values: dict[str, object] = {
        "limit": "too-warm",
        "side": "upper",
        "severity": "critical",
        "source": "box",
        "state": "open" if until_min is None else "closed",
        "from_ms": from_min * MINUTE_MS,
        "until_ms": None if until_min is None else until_min * MINUTE_MS,
        "broken_at_ms": (from_min + 30) * MINUTE_MS,
        "extreme_c": 6.0,
        "degree_minutes": 80.0,
        "duration_s": 2400,
    }
    return Excursion(**(values | changes))  # type: ignore[arg-type]  # a test's


def found(*excursions: Excursion, is_final: bool = False, readings: str = "00") -> Found:
    statistics = Statistics(
        readings=40,
        lowest_c=2.0,
        highest_c=6.0,
        mean_c=4.0,
        mkt_c=4.1,
        newest_c=6.0,
        newest_at_ms=NOW_MS,
        rate_c_per_h=0.0,
        measured_s=2400,
        unknown_s=0,
        suspended_s=0,
        lid_openings=0,
        shelf_life_left_s=None,
    )
    judgement = Judgement(
        outcome="excursion" if excursions else "in_range",
        excursions=excursions,
        budgets=(),
        statistics=statistics,
        gaps=(),
        look_again_ms=None,
    )
    return Found(
        kind="consignment",
        subject_id="o.chilled",
        order_id="o",
        place_id=None,
        policy=POLICY,
        judgement=judgement,
        readings=40,
        readings_sha256=bytes.fromhex(readings),
        as_of_ms=NOW_MS,
        is_final=is_final,
    )


def standing(number: int, of: Excursion, **changes: object) -> StandingExcursion:
    row = StandingExcursion(
        excursion_id=number,
        revision=1,
        subject_id="o.chilled",
        limit_name=of.limit,
        side=of.side,
        severity=of.severity,
        source=of.source,
        state=of.state,
        from_at=time_of(of.from_ms),
        until_at=None if of.until_ms is None else time_of(of.until_ms),
        extreme_c=of.extreme_c,
        degree_minutes=of.degree_minutes,
        duration_s=of.duration_s,
        found_late=False,
    )
    return replace(row, **changes)  # type: ignore[arg-type]  # a test's


def change_of(now: Found, before: VerdictChange | None) -> VerdictChange | None:
    """Judge again after what was written before; its excursions are not looked at."""
    stood = None
    if before is not None:
        digest = str(before.summary["digest"])
        stood = StandingVerdict(subject_id="o.chilled", revision=before.revision, digest=digest)
    return verdict_change(now, stood, [])


def states(now: Found, *before: StandingExcursion) -> list[tuple[int | None, int, str]]:
    return [
        (change.excursion_id, change.revision, change.state)
        for change in excursion_changes(now, before, LATENESS)
    ]


# Verdicts ----------------------------------------------------------------------------------------


def test_what_merely_goes_on_is_no_new_revision() -> None:
    first = change_of(found(), None)
    again = found(readings="01")
    assert first is not None
    assert first.revision == 1
    assert change_of(again, first) is None


@pytest.mark.parametrize(
    "now",
    [
        found(excursion()),
        found(is_final=True),
        replace(found(), policy=replace(POLICY, version=2)),
    ],
)
def test_outcome_finality_and_policy_are_substance(now: Found) -> None:
    change = change_of(now, change_of(found(), None))
    assert change is not None
    assert change.revision == 2


def test_of_a_final_verdict_the_readings_are_substance_too() -> None:
    first = change_of(found(is_final=True), None)
    assert change_of(found(is_final=True), first) is None
    assert change_of(found(is_final=True, readings="01"), first) is not None


# Excursions --------------------------------------------------------------------------------------


def test_an_open_excursion_is_revised_when_it_closes_not_while_it_grows() -> None:
    before = standing(7, excursion())
    assert states(found(excursion(extreme_c=9.0, duration_s=3000)), before) == []
    assert states(found(excursion(until_min=95)), before) == [(7, 2, "closed")]


def test_once_it_is_over_its_figures_are_news() -> None:
    before = standing(7, excursion(until_min=95))
    assert states(found(excursion(until_min=95, extreme_c=6.5)), before) == [(7, 2, "closed")]
    stored = replace(before, extreme_c=6.000000001)  # what a 4-byte float makes of it
    assert states(found(excursion(until_min=95)), stored) == []


def test_one_that_overlaps_is_the_same_and_one_that_does_not_is_another() -> None:
    before = standing(7, excursion(60, 95))
    assert states(found(excursion(95, 99)), before) == [(7, 2, "closed")]
    assert states(found(excursion(96, 99)), before) == [(None, 1, "closed"), (7, 2, "withdrawn")]


def test_two_that_became_one_keep_the_earlier_id() -> None:
    before = [standing(8, excursion(80, 90)), standing(7, excursion(60, 75))]
    assert states(found(excursion(60, 90)), *before) == [(7, 2, "closed"), (8, 2, "withdrawn")]


def test_what_box_and_place_say_under_one_limit_are_two() -> None:
    box, place = excursion(60, 95), excursion(60, 95, source="place")
    before = [standing(1, place), standing(2, box)]
    assert states(found(box, place), *before) == []


def test_what_was_withdrawn_may_come_back_as_the_same() -> None:
    before = standing(7, excursion(), state="withdrawn", revision=2)
    assert states(found(), before) == []
    assert states(found(excursion()), before) == [(7, 3, "open")]


@pytest.mark.parametrize(
    ("broken_min_ago", "newest_min_ago", "state", "is_late"),
    [
        (15, 0, "closed", False),
        (16, 0, "closed", True),
        (16, 15, "open", False),  # it goes on
        (16, 16, "open", True),  # nobody knows whether it does
        (16, 0, "lost", True),
    ],
)
def test_found_late_is_what_broke_long_ago_and_does_not_go_on(
    broken_min_ago: int, newest_min_ago: int, state: str, is_late: bool
) -> None:
    one = excursion(state=state, broken_at_ms=NOW_MS - broken_min_ago * MINUTE_MS)
    assert LATENESS.is_late(one, NOW_MS - newest_min_ago * MINUTE_MS) is is_late


@pytest.mark.parametrize(
    ("until_min", "was_late", "is_late"),
    [
        (99, True, True),
        (99, False, False),  # it was found in time, and somebody was told
        (None, True, False),  # it turns out to go on: the oldest batch came first
    ],
)
def test_late_stays_what_it_was_when_first_found_unless_it_turns_out_to_go_on(
    until_min: int | None, was_late: bool, is_late: bool
) -> None:
    before = standing(7, excursion(), found_late=was_late)
    again = excursion(until_min=until_min, broken_at_ms=NOW_MS - 20 * MINUTE_MS)
    (change,) = excursion_changes(found(again), [before], LATENESS)
    assert change.found_late is is_late
    assert change.from_at == time_of(0) + timedelta(minutes=60)
