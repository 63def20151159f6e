"""The state machine of alerts, and the plan that drives it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.alerting_plan import (
    AlertingPlan,
    Escalation,
    KindOfAlert,
    KindsOfAlert,
    Level,
    Shift,
    on_duty,
    severity_of,
)
from gateway.rules.alerts import (
    Alert,
    AlertChange,
    Condition,
    Maintenance,
    Step,
    step_alerts,
)
from gateway.rules.hours import Hours, hours_around
from schemas.events import Severity
from schemas.segments import Window

MINUTE = 60_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


NOON = ms("2026-11-22T12:00")  # a Sunday

PLAN = AlertingPlan(
    plan_id="test",
    version=1,
    time_zone="UTC",
    hold_down_s=600,
    quiet_hours=Hours(from_time="22:00", until_time="07:00"),
    escalates_after_s=Escalation(notice=(), warning=(1800, 3600), critical=(300, 600)),
    kinds=KindsOfAlert(
        complaint=KindOfAlert(severity="warning", escalates_after_s=(57_600, 57_600))
    ),
    levels=tuple(
        Level(name=name, shifts=(Shift(from_time="00:00", until_time="00:00", people=(name,)),))
        for name in ("shift", "lead", "director")
    ),
    budget_nearly_used_share=0.8,
)


def too_warm(
    severity: Severity = "critical", *, cause: str = "excursion:o-1.chilled:hot"
) -> Condition:
    return Condition(
        cause=cause,
        kind="excursion",
        severity=severity,
        since_ms=NOON,
        place_id="van-1",
        logger_id="C4:A5:E3:00:00:01",
    )


def what(step: Step) -> list[str]:
    return [entry.what for change in step.changes for entry in change.entries]


def only(step: Step) -> AlertChange:
    (change,) = step.changes
    return change


def raised(severity: Severity = "critical", at_ms: int = NOON) -> Alert:
    return only(step_alerts([], [too_warm(severity)], PLAN, now_ms=at_ms)).alert


def test_a_condition_raises_one_alert_and_tells_the_first_level() -> None:
    step = step_alerts([], [too_warm()], PLAN, now_ms=NOON)
    change = only(step)
    assert what(step) == ["raised", "notified"]
    assert change.entries[1].on_duty == ("shift",)
    assert (change.alert.level, change.alert.raised_at_ms) == (1, NOON)
    assert step.look_again_ms == NOON + 5 * MINUTE
    again = step_alerts([change.alert], [too_warm()], PLAN, now_ms=NOON + MINUTE)
    assert again.changes == ()


def test_time_alone_escalates_over_three_levels_and_no_further() -> None:
    alert = raised()
    at_ms = NOON + 5 * MINUTE
    assert step_alerts([alert], [too_warm()], PLAN, now_ms=at_ms - 1).changes == ()
    second = only(step_alerts([alert], [too_warm()], PLAN, now_ms=at_ms))
    assert [entry.what for entry in second.entries] == ["escalated"]
    assert (second.alert.level, second.entries[0].on_duty) == (2, ("lead",))
    at_ms += 10 * MINUTE
    assert step_alerts([second.alert], [too_warm()], PLAN, now_ms=at_ms - 1).changes == ()
    third = step_alerts([second.alert], [too_warm()], PLAN, now_ms=at_ms)
    assert only(third).alert.level == 3
    assert third.look_again_ms is None
    much_later = step_alerts([only(third).alert], [too_warm()], PLAN, now_ms=at_ms * 2)
    assert much_later.changes == ()


def test_after_an_outage_of_hours_one_level_is_told_at_a_time() -> None:
    change = only(step_alerts([raised()], [too_warm()], PLAN, now_ms=NOON + 300 * MINUTE))
    assert change.alert.level == 2
    assert change.alert.escalates_at_ms == NOON + 310 * MINUTE


def test_a_notice_never_escalates() -> None:
    assert raised("notice").escalates_at_ms is None


def test_who_acknowledges_stops_the_escalation() -> None:
    answered = replace(raised(), answered_at_ms=NOON + MINUTE)
    step = step_alerts([answered], [too_warm()], PLAN, now_ms=NOON + 60 * MINUTE)
    alert = only(step).alert
    assert (alert.acknowledged_at_ms, alert.escalates_at_ms) == (NOON + MINUTE, None)
    assert (what(step), step.look_again_ms) == ([], None)
    again = step_alerts([alert], [too_warm()], PLAN, now_ms=NOON + 600 * MINUTE)
    assert (again.changes, again.look_again_ms) == ((), None)


def test_what_was_acknowledged_does_not_escalate_because_it_becomes_worse() -> None:
    seen = replace(raised("warning"), acknowledged_at_ms=NOON, escalates_at_ms=None)
    worse = only(step_alerts([seen], [too_warm()], PLAN, now_ms=NOON + MINUTE)).alert
    assert (worse.condition.severity, worse.escalates_at_ms) == ("critical", None)


def test_an_alert_is_resolved_once_its_cause_stayed_away_for_the_hold_down() -> None:
    ceased = step_alerts([raised()], [], PLAN, now_ms=NOON + MINUTE)
    assert what(ceased) == ["ceased"]
    assert ceased.look_again_ms == NOON + 11 * MINUTE  # hold-down: 10 minutes
    alert = only(ceased).alert
    assert step_alerts([alert], [], PLAN, now_ms=NOON + 11 * MINUTE - 1).changes == ()
    resolved = step_alerts([alert], [], PLAN, now_ms=NOON + 11 * MINUTE)
    assert what(resolved) == ["resolved"]
    assert only(resolved).alert.resolved_at_ms == NOON + 11 * MINUTE
    assert resolved.look_again_ms is None


def test_a_cause_that_returns_within_the_hold_down_is_the_same_alert_and_tells_nobody() -> None:
    ceased = only(step_alerts([raised()], [], PLAN, now_ms=NOON + MINUTE)).alert
    step = step_alerts([ceased], [too_warm()], PLAN, now_ms=NOON + 2 * MINUTE)
    assert what(step) == ["returned"]
    assert only(step).alert == raised()


def test_an_alert_does_not_escalate_while_its_cause_is_away() -> None:
    ceased = only(step_alerts([raised()], [], PLAN, now_ms=NOON + 4 * MINUTE)).alert
    assert step_alerts([ceased], [], PLAN, now_ms=NOON + 6 * MINUTE).changes == ()
    back = step_alerts([ceased], [too_warm()], PLAN, now_ms=NOON + 7 * MINUTE)
    assert what(back) == ["returned", "escalated"]


def test_severity_rises_but_never_falls_and_brings_the_escalation_forward() -> None:
    worse = only(step_alerts([raised("warning")], [too_warm()], PLAN, now_ms=NOON + MINUTE)).alert
    assert worse.condition.severity == "critical"
    assert worse.escalates_at_ms == NOON + 6 * MINUTE
    milder = step_alerts([worse], [too_warm("notice")], PLAN, now_ms=NOON + 2 * MINUTE)
    assert milder.changes == ()


def test_an_alert_keeps_since_when_its_cause_has_held() -> None:
    later = replace(too_warm(), since_ms=NOON + MINUTE)
    assert step_alerts([raised()], [later], PLAN, now_ms=NOON + MINUTE).changes == ()
    sooner = replace(too_warm(), since_ms=NOON - MINUTE)  # readings came late
    alert = only(step_alerts([raised()], [sooner], PLAN, now_ms=NOON + MINUTE)).alert
    assert alert.condition.since_ms == NOON - MINUTE


# Quiet hours: 22:00 to 07:00 ----------------------------------------------------------------------


def test_below_critical_nobody_is_told_in_quiet_hours_until_they_end() -> None:
    night = ms("2026-11-22T22:00")
    step = step_alerts([], [too_warm("warning")], PLAN, now_ms=night)
    assert what(step) == ["raised", "held"]
    assert step.look_again_ms == ms("2026-11-23T07:00")
    alert = only(step).alert
    before = step_alerts([alert], [too_warm("warning")], PLAN, now_ms=ms("2026-11-23T07:00") - 1)
    assert before.changes == ()
    morning = step_alerts([alert], [too_warm("warning")], PLAN, now_ms=ms("2026-11-23T07:00"))
    assert what(morning) == ["notified"]
    assert only(morning).alert.escalates_at_ms == ms("2026-11-23T07:30")


def test_just_before_quiet_hours_a_warning_is_told_and_escalates_after_them() -> None:
    alert = raised("warning", ms("2026-11-22T21:59"))
    assert not alert.is_held
    assert alert.escalates_at_ms == ms("2026-11-23T07:00")


def test_what_is_critical_is_told_and_escalated_at_night() -> None:
    alert = raised("critical", ms("2026-11-22T23:00"))
    assert (alert.is_held, alert.escalates_at_ms) == (False, ms("2026-11-22T23:05"))


def test_what_becomes_critical_at_night_is_told_at_once() -> None:
    held = raised("warning", ms("2026-11-22T23:00"))
    step = step_alerts([held], [too_warm()], PLAN, now_ms=ms("2026-11-22T23:10"))
    assert what(step) == ["notified"]


def test_what_was_acknowledged_while_it_was_held_is_not_told_in_the_morning() -> None:
    held = raised("warning", ms("2026-11-22T23:00"))
    answered = replace(held, answered_at_ms=ms("2026-11-22T23:30"))
    step = step_alerts([answered], [too_warm("warning")], PLAN, now_ms=ms("2026-11-23T07:00"))
    assert what(step) == []


# Maintenance --------------------------------------------------------------------------------------


def test_no_alert_is_raised_for_what_is_in_maintenance() -> None:
    during = Window(from_ms=NOON, until_ms=NOON + 60 * MINUTE)
    for work in (
        Maintenance(place_id="van-1", logger_id=None, during=during),
        Maintenance(place_id=None, logger_id="C4:A5:E3:00:00:01", during=during),
    ):
        step = step_alerts([], [too_warm()], PLAN, now_ms=NOON, maintenance=[work])
        assert (step.changes, step.look_again_ms) == ((), NOON + 60 * MINUTE)
        for at_ms in (NOON - 1, NOON + 60 * MINUTE):
            outside = step_alerts([], [too_warm()], PLAN, now_ms=at_ms, maintenance=[work])
            assert what(outside) == ["raised", "notified"]


def test_maintenance_of_another_place_suppresses_nothing() -> None:
    during = Window(from_ms=NOON, until_ms=None)
    work = Maintenance(place_id="van-2", logger_id=None, during=during)
    assert step_alerts([], [too_warm()], PLAN, now_ms=NOON, maintenance=[work]).changes


# The plan -----------------------------------------------------------------------------------------


def test_a_kind_has_its_own_severity_and_escalation() -> None:
    assert severity_of(PLAN, "complaint", otherwise="notice") == "warning"
    assert severity_of(PLAN, "excursion", otherwise="notice") == "notice"
    complaint = replace(too_warm("warning"), kind="complaint", cause="complaint:c-1")
    alert = only(step_alerts([], [complaint], PLAN, now_ms=NOON)).alert
    # 16 h after Sunday noon is 04:00, in quiet hours.
    assert alert.escalates_at_ms == ms("2026-11-23T07:00")


def test_hours_hold_their_begin_and_not_their_end() -> None:
    hours = Hours(from_time="08:00", until_time="16:00")
    for text, inside in (("07:59", False), ("08:00", True), ("15:59", True), ("16:00", False)):
        at_ms = ms(f"2026-11-22T{text}")
        assert (hours_around(hours, at_ms=at_ms, time_zone="UTC") is not None) == inside


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = Hours(from_time="22:00", until_time="06:00", days=("fri",))
    # 2026-11-20 is a Friday.
    assert hours_around(friday_night, at_ms=ms("2026-11-21T05:59"), time_zone="UTC") is not None
    assert hours_around(friday_night, at_ms=ms("2026-11-21T22:00"), time_zone="UTC") is None
    assert hours_around(friday_night, at_ms=ms("2026-11-20T05:00"), time_zone="UTC") is None


def test_hours_follow_the_wall_clock_over_a_change_of_clocks() -> None:
    night = Hours(from_time="22:00", until_time="07:00")
    # Berlin: UTC+2 until 2026-10-25 03:00 local, UTC+1 after it. The night has ten hours.
    autumn = hours_around(night, at_ms=ms("2026-10-25T01:30"), time_zone="Europe/Berlin")
    assert autumn == Window(from_ms=ms("2026-10-24T20:00"), until_ms=ms("2026-10-25T06:00"))
    # UTC+1 until 2026-03-29 02:00 local, UTC+2 after it. The night has eight.
    spring = hours_around(night, at_ms=ms("2026-03-29T01:30"), time_zone="Europe/Berlin")
    assert spring == Window(from_ms=ms("2026-03-28T21:00"), until_ms=ms("2026-03-29T05:00"))


def test_where_nobody_of_a_level_is_on_duty_the_next_level_is() -> None:
    day = Shift(from_time="08:00", until_time="16:00", people=("Li Na", "Li Na", "Wu"))
    first = Level(name="shift", shifts=(day,))
    plan = replace(PLAN, levels=(first, *PLAN.levels[1:]))
    assert on_duty(plan, level=1, at_ms=ms("2026-11-22T08:00")) == ("Li Na", "Wu")
    assert on_duty(plan, level=1, at_ms=ms("2026-11-22T16:00")) == ("lead",)


# Properties ---------------------------------------------------------------------------------------

CAUSES = ("a", "b", "c")


def run(moments: Sequence[tuple[int, frozenset[tuple[str, Severity]]]]) -> list[AlertChange]:
    """Step through moments (minutes since the one before, what holds); return all changes."""
    changes: list[AlertChange] = []
    still_open: dict[str, Alert] = {}
    now_ms = NOON
    for minutes, holding in moments:
        now_ms += minutes * MINUTE
        conditions = [too_warm(severity, cause=cause) for cause, severity in sorted(holding)]
        step = step_alerts(list(still_open.values()), conditions, PLAN, now_ms=now_ms)
        for change in step.changes:
            cause = change.alert.condition.cause
            is_new = change.alert.alert_id is None
            assert not (is_new and cause in still_open), "two open alerts of one cause"
            still_open[cause] = replace(change.alert, alert_id=1)
            if change.alert.resolved_at_ms is not None:
                del still_open[cause]
        changes += step.changes
    return changes


moments = st.lists(
    st.tuples(
        st.integers(1, 600),
        st.dictionaries(
            st.sampled_from(CAUSES), st.sampled_from(["notice", "warning", "critical"])
        ).map(lambda holding: frozenset(holding.items())),
    ),
    max_size=12,
)


@given(moments)
def test_each_cause_has_one_alert_and_all_are_resolved_once_all_stay_away(
    history: list[tuple[int, frozenset[tuple[str, Severity]]]],
) -> None:
    nothing: frozenset[tuple[str, Severity]] = frozenset()
    changes = run([*history, (1, nothing), (10, nothing)])
    for cause in CAUSES:
        happened = [
            entry.what
            for change in changes
            if change.alert.condition.cause == cause
            for entry in change.entries
        ]
        assert happened.count("raised") == happened.count("resolved")
        assert happened.count("ceased") == happened.count("returned") + happened.count("resolved")
        assert not happened or happened[-1] == "resolved"


@given(moments)
def test_a_level_never_falls_and_each_rise_is_in_the_timeline(
    history: list[tuple[int, frozenset[tuple[str, Severity]]]],
) -> None:
    levels: dict[str, int] = {}
    for change in run(history):
        alert = change.alert
        happened = [entry.what for entry in change.entries]
        before = levels.get(alert.condition.cause, 1)
        assert alert.level - before == happened.count("escalated")
        assert all(entry.level <= alert.level <= 3 for entry in change.entries)
        levels[alert.condition.cause] = 1 if alert.resolved_at_ms is not None else alert.level


@given(moments)
def test_looking_twice_at_the_same_moment_changes_nothing_more(
    history: list[tuple[int, frozenset[tuple[str, Severity]]]],
) -> None:
    twice = [
        moment for minutes, holding in history for moment in ((minutes, holding), (0, holding))
    ]
    assert run(twice) == run(history)
