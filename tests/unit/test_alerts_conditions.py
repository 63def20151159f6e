"""Which findings ask for somebody, and as which cause."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.rules.alerting_file import read_alerting_plan
from gateway.rules.alerting_plan import KindOfAlert
from gateway.rules.alerting_text import duration_in_words, plan_in_words
from gateway.rules.conditions import (
    Concern,
    at_risk_condition,
    budget_conditions,
    complaint_condition,
    excursion_condition,
    health_condition,
    promise_condition,
    silent_condition,
)
from gateway.rules.judgement import BudgetUse, Excursion
from gateway.rules.lateness import Lateness, State
from gateway.rules.policy import Budget
from gateway.rules.silence import Rhythm

NOON = 1_795_348_800_000
BOX = Concern(order_id="o-1", consignment_id="o-1.chilled")
PLAN = read_alerting_plan(
    (Path(__file__).parents[2] / "gateway/alerting/default.toml").read_text("utf-8"),
    name="default.toml",
)

OPEN = Excursion(
    limit="too-warm",
    side="upper",
    severity="warning",
    source="box",
    state="open",
    from_ms=NOON,
    until_ms=None,
    broken_at_ms=NOON,
    extreme_c=9.123456,
    degree_minutes=10.0,
    duration_s=60,
)


def test_an_excursion_that_goes_on_or_was_lost_sight_of_asks_for_somebody() -> None:
    condition = excursion_condition(OPEN, BOX, PLAN)
    assert condition is not None
    assert condition.cause == "excursion:o-1.chilled:too-warm"
    assert (condition.severity, condition.since_ms) == ("warning", NOON)
    assert (condition.order_id, condition.consignment_id) == ("o-1", "o-1.chilled")
    lost = excursion_condition(replace(OPEN, state="lost"), BOX, PLAN)
    assert lost is not None
    assert lost.cause == condition.cause


def test_an_excursion_that_is_over_asks_for_nobody() -> None:
    assert excursion_condition(replace(OPEN, state="closed"), BOX, PLAN) is None
    assert excursion_condition(replace(OPEN, state="closed_by_operator"), BOX, PLAN) is None


def test_a_plan_may_give_a_kind_its_severity() -> None:
    kinds = replace(PLAN.kinds, excursion=KindOfAlert(severity="critical"))
    condition = excursion_condition(OPEN, BOX, replace(PLAN, kinds=kinds))
    assert condition is not None
    assert condition.severity == "critical"


def test_a_place_is_no_box_of_the_same_name() -> None:
    condition = excursion_condition(OPEN, Concern(place_id="van-1"), PLAN)
    assert condition is not None
    assert (condition.cause, condition.place_id) == ("excursion:place/van-1:too-warm", "van-1")


def test_a_budget_is_an_alert_from_four_fifths_on_until_it_is_an_excursion() -> None:
    budget = Budget(
        name="out",
        side="upper",
        limit_c=4.0,
        allowed_s=3600,
        allowed_degree_minutes=None,
        severity="warning",
    )
    alert = ["budget:o-1.chilled:out"]
    for used, causes in ((2879.0, []), (2880.0, alert), (3600.0, alert), (3601.0, [])):
        use = BudgetUse(name="out", used=used, allowed=3600.0, unit="s")
        found = budget_conditions([use], [budget], BOX, PLAN, now_ms=NOON)
        assert [condition.cause for condition in found] == causes


def test_a_promise_asks_for_somebody_until_the_order_is_delivered() -> None:
    def cause(state: State, *, delivered: bool) -> str | None:
        lateness = Lateness(state=state, late_s=60, look_again_ms=None)
        found = promise_condition(lateness, BOX, PLAN, due_at_ms=NOON, delivered=delivered)
        return None if found is None else found.cause

    assert cause("at_risk", delivered=False) == "promise_at_risk:o-1"
    assert cause("broken", delivered=False) == "promise_broken:o-1"
    assert cause("broken", delivered=True) is None
    assert cause("expected", delivered=False) is None


def test_an_unanswered_complaint_is_critical_once_its_time_has_passed() -> None:
    def severity(now_ms: int, answer_by_ms: int | None) -> str:
        return complaint_condition(
            "c-1", BOX, PLAN, at_ms=NOON, now_ms=now_ms, answer_by_ms=answer_by_ms
        ).severity

    assert severity(NOON + 10, NOON + 10) == "warning"
    assert severity(NOON + 11, NOON + 10) == "critical"
    assert severity(NOON * 2, None) == "warning"


def test_a_box_at_risk_is_one_cause_however_often_it_is_forecast() -> None:
    first, second = (
        at_risk_condition(BOX, PLAN, side="upper", made_at_ms=at_ms, leaves_at_ms=at_ms + 60_000)
        for at_ms in (NOON, NOON + 300_000)
    )
    assert first.cause == second.cause == "at_risk:o-1.chilled"
    assert first.severity == "critical"


def test_a_silent_logger_that_is_bound_elsewhere_is_another_cause() -> None:
    rhythm = Rhythm(interval_s=30.0, lost_share=0.01, silent_after_s=90.0)
    in_box, in_van = (
        silent_condition(rhythm, concern, PLAN, since_ms=NOON, last_measured_ms=None)
        for concern in (replace(BOX, logger_id="C4"), Concern(place_id="van-1", logger_id="C4"))
    )
    assert (in_box.cause, in_van.cause) == ("silent:C4:o-1.chilled", "silent:C4:place/van-1")


def test_a_loggers_health_is_one_cause_wherever_it_is() -> None:
    causes = {
        health_condition("battery_low", concern, PLAN, since_ms=NOON, facts={}).cause
        for concern in (replace(BOX, logger_id="C4"), Concern(place_id="van-1", logger_id="C4"))
    }
    assert causes == {"battery_low:C4"}


def test_a_plan_is_said_in_plain_words() -> None:
    lines = plan_in_words(PLAN).splitlines()
    assert lines[0] == "plan default, version 1; hours of Asia/Shanghai"
    assert "  below critical nobody is told from 23:00 to 06:00" in lines
    assert "  notice alerts stay at level 1" in lines
    assert "  critical alerts go up to level 2 after 5 min, then to level 3 after 10 min" in lines
    assert "    head of operations: all day" in lines
    assert "  no quiet hours" in plan_in_words(replace(PLAN, quiet_hours=None)).splitlines()


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (90, "90 s"), (900, "15 min"), (7200, "2 h")]
)
def test_times_are_said_in_their_largest_whole_unit(seconds: int, words: str) -> None:
    assert duration_in_words(seconds) == words
