"""What asks for somebody becomes one alert, which goes up by time alone until somebody answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.judge_world import BOX, T0, VAN, JudgeWorld, judge_world, minutes, steady


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        yield world


def too_warm(world: JudgeWorld) -> None:
    """Above 4 °C from minute 10 on: at minute 40 that is a critical excursion."""
    world.shipped()
    world.hear(steady(2.0, end=10) + steady(6.0, start=10, end=41))
    world.judge_all(T0 + minutes(41))


def keep_warm(world: JudgeWorld, until_min: int, *, since_min: int = 41) -> None:
    """Hear the box every minute, 6 °C, so that nothing but time raises alerts."""
    for minute in range(since_min, until_min):
        world.hear(steady(6.0, start=minute, end=minute + 1))
        world.judge_all(T0 + minutes(minute + 1))


def alerts(world: JudgeWorld, kind: str = "excursion") -> list[tuple[str, int, bool]]:
    """Return (severity, level, open) of each alert of a kind."""
    rows = world.sql(
        "SELECT severity, level, resolved_at IS NULL FROM alerts WHERE kind = %s ORDER BY alert_id",
        (kind,),
    )
    return [(severity, level, is_open) for severity, level, is_open in rows]


def timeline(world: JudgeWorld, kind: str = "excursion") -> list[tuple[str, float]]:
    """Return (what, minutes after T0) of all alerts of a kind."""
    rows = world.sql(
        "SELECT l.what, l.at FROM alert_log l JOIN alerts USING (alert_id) WHERE kind = %s "
        "ORDER BY entry_id",
        (kind,),
    )
    return [(what, (at - T0).total_seconds() / 60) for what, at in rows]


def acknowledge(world: JudgeWorld, at: datetime) -> None:
    """Say, as the api does, that somebody sees to it."""
    world.sql(
        "INSERT INTO alert_log (alert_id, at, what, level, by, comment) "
        "SELECT alert_id, %s, 'acknowledged', level, 'Li Na', 'on my way' FROM alerts "
        "WHERE kind = 'excursion'",
        (at,),
    )
    world.touch_order("order-1")


def data_of(world: JudgeWorld, type_: str) -> list[dict[str, Any]]:
    return [
        row[0]
        for row in world.sql("SELECT data FROM events WHERE type = %s ORDER BY event_id", (type_,))
    ]


def test_an_excursion_raises_one_alert_and_tells_who_is_on_duty(world: JudgeWorld) -> None:
    too_warm(world)
    keep_warm(world, 44)
    assert alerts(world) == [("critical", 1, True)]
    (told,) = data_of(world, "frostline.alert.raised")
    assert told["cause"] == "excursion:order-1.chilled:too-warm"
    # 10:41 in Shanghai: the early shift of the bundled plan.
    assert told["on_duty"] == ["dispatcher, early shift"]
    assert (told["order_id"], told["consignment_id"]) == ("order-1", "order-1.chilled")


def test_an_alert_escalates_over_three_levels_by_time_alone(world: JudgeWorld) -> None:
    """Critical: after 5 minutes, and after 10 more. Nothing is heard any more."""
    too_warm(world)
    for minute in (46, 56, 300):
        world.judge_all(T0 + minutes(minute))
    assert alerts(world) == [("critical", 3, True)]
    assert timeline(world) == [
        ("raised", 41),
        ("notified", 41),
        ("escalated", 46),
        ("escalated", 56),
    ]
    told = data_of(world, "frostline.alert.escalated")
    assert [(one["level"], one["on_duty"]) for one in told if one["kind"] == "excursion"] == [
        (2, ["shift lead on call"]),
        (3, ["head of operations"]),
    ]


def test_the_judge_looks_again_when_an_alert_is_to_escalate(world: JudgeWorld) -> None:
    too_warm(world)
    ((at,),) = world.sql("SELECT next_look_at FROM looks WHERE subject_kind = 'order'")
    assert at <= T0 + minutes(46)
    world.judge_all(T0 + minutes(46) - minutes(0.01))
    assert alerts(world) == [("critical", 1, True)]


def test_who_acknowledges_stops_the_escalation(world: JudgeWorld) -> None:
    too_warm(world)
    acknowledge(world, T0 + minutes(44))
    keep_warm(world, 60)
    assert alerts(world) == [("critical", 1, True)]
    ((at, escalates_at),) = world.sql("SELECT acknowledged_at, escalates_at FROM alerts")
    assert (at, escalates_at) == (T0 + minutes(44), None)
    assert data_of(world, "frostline.alert.escalated") == []


def test_an_alert_is_resolved_once_its_cause_has_stayed_away(world: JudgeWorld) -> None:
    too_warm(world)
    for minute in range(41, 60):
        world.hear(steady(2.0, start=minute, end=minute + 1))
        world.judge_all(T0 + minutes(minute + 1))
    assert alerts(world) == [("critical", 1, False)]
    # Back in range at minute 41, judged at 42; the hold-down is a quarter of an hour.
    assert timeline(world)[2:] == [("ceased", 42), ("resolved", 57)]
    assert len(data_of(world, "frostline.alert.resolved")) == 1


def test_a_cause_that_comes_and_goes_is_one_alert(world: JudgeWorld) -> None:
    """Half an hour above 4 °C is an excursion; a minute below ends it, and it begins anew.

    So it is away for 31 minutes: longer than the bundled plan's hold-down. Here it is an hour.
    """
    world.sql(
        "INSERT INTO rulebooks (kind, rulebook_id, version, document, toml, sha256, loaded_at) "
        "SELECT kind, 'ours', 1, "
        'document || \'{"plan_id": "ours", "hold_down_s": 3600}\', toml, sha256, %s '
        "FROM rulebooks WHERE kind = 'alerting'",
        (T0,),
    )
    too_warm(world)
    minute = 41
    for _ in range(3):
        world.hear(steady(2.0, start=minute, end=minute + 1))
        world.hear(steady(6.0, start=minute + 1, end=minute + 35))
        world.judge_all(T0 + minutes(minute + 1))
        world.judge_all(T0 + minutes(minute + 35))
        minute += 35
    assert [what for what, _ in timeline(world)].count("raised") == 1
    assert len(world.excursions()) >= 4
    assert len(data_of(world, "frostline.alert.raised")) == 1
    assert [what for what, _ in timeline(world)].count("returned") == 3


def test_what_is_found_late_raises_no_alert(world: JudgeWorld) -> None:
    """Broken at minute 40, found at minute 100: an hour ago, with 15 minutes allowed."""
    world.shipped()
    world.hear(steady(2.0, end=10) + steady(6.0, start=10, end=45) + steady(2.0, start=45, end=99))
    world.judge_all(T0 + minutes(100))
    assert alerts(world) == []
    assert "excursion.opened" in world.events()


def test_a_promise_at_risk_and_then_broken_is_told_once_each(world: JudgeWorld) -> None:
    world.order(due_at=T0 + minutes(90))
    world.sql(
        "INSERT INTO arrival_estimates (order_id, estimated_at, arrives_at, by) "
        "VALUES ('order-1', %s, %s, 'plan')",
        (T0 + minutes(60), T0 + minutes(120)),
    )
    world.judge_all(T0 + minutes(60))
    assert alerts(world, "promise_at_risk") == [("notice", 1, True)]
    world.judge_all(T0 + minutes(90))
    assert alerts(world, "promise_broken") == []
    world.judge_all(T0 + minutes(91))
    world.judge_all(T0 + minutes(95))
    assert alerts(world, "promise_broken") == [("warning", 1, True)]
    assert world.events("frostline.promise%") == ["promise.at_risk", "promise.broken"]
    assert data_of(world, "frostline.promise.at_risk")[0]["late_s"] == 1800


def test_a_serious_complaint_goes_up_as_published_until_it_is_answered(world: JudgeWorld) -> None:
    """The bundled rules: 12 h to the second level, 24 h to the third, an answer within 48 h.

    10:00 in Shanghai + 12 h is 22:00, + 24 h is 10:00.
    """
    world.order()
    world.sql(
        "INSERT INTO complaints (complaint_id, order_id, severity, at, comment, by) "
        "VALUES ('c-1', 'order-1', 'serious', %s, 'warm', 'member'), "
        "       ('c-2', 'order-1', 'minor', %s, 'a dent', 'member')",
        (T0, T0),
    )
    world.touch_order("order-1")
    world.judge_all(T0)
    for hours in (12, 24):
        world.judge_all(T0 + minutes(hours * 60))
    assert alerts(world, "complaint") == [("warning", 3, True)]
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(48 * 60 + 1))
    assert alerts(world, "complaint") == [("critical", 3, True)]
    world.sql("UPDATE complaints SET answered_at = %s, answer = 'sorry'", (T0 + minutes(2900),))
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(2900))
    world.judge_all(T0 + minutes(2915))
    assert alerts(world, "complaint") == [("critical", 3, False)]


def test_a_verdict_and_its_alert_commit_together(world: JudgeWorld) -> None:
    """What reads `alerts` never sees an excursion without its alert, whatever dies when."""
    too_warm(world)
    ((verdict, alert),) = world.sql(
        "SELECT (SELECT min(xmin::text) FROM excursions), (SELECT min(xmin::text) FROM alerts)"
    )
    assert verdict == alert


def test_at_night_what_is_less_than_critical_is_held_until_the_morning(world: JudgeWorld) -> None:
    """Quiet from 23:00 to 06:00 in Shanghai. A logger that was never heard is a warning."""
    night = T0 + minutes(14 * 60)  # midnight
    world.order()
    world.bind(BOX, consignment_id="order-1.chilled", from_at=night)
    world.judge_all(night)
    world.judge_all(night + minutes(6))
    assert [what for what, _ in timeline(world, "silent")] == ["raised", "held"]
    assert world.events("frostline.alert%") == []
    assert world.events("frostline.silent") == ["silent"]
    world.judge_all(night + minutes(360))
    assert [what for what, _ in timeline(world, "silent")] == ["raised", "held", "notified"]
    assert data_of(world, "frostline.alert.raised")[0]["on_duty"] == ["dispatcher, early shift"]


def test_a_van_whose_cooling_failed_is_critical_before_any_box_is(world: JudgeWorld) -> None:
    """Chilled: up to 4 °C; above 8 °C for a quarter of an hour, and not falling."""
    world.place()
    world.bind(VAN, place_id="van-1")
    world.hear(steady(3.0, end=10) + steady(12.0, start=10, end=25), VAN)
    world.judge_all(T0 + minutes(25))
    assert alerts(world, "reefer_failed") == []
    world.hear(steady(12.0, start=25, end=26), VAN)
    world.judge_all(T0 + minutes(26))
    assert alerts(world, "reefer_failed") == [("critical", 1, True)]
    raised = data_of(world, "frostline.alert.raised")
    (told,) = [one for one in raised if one["kind"] == "reefer_failed"]
    assert (told["cause"], told["place_id"]) == ("reefer_failed:place/van-1", "van-1")


def test_a_van_in_maintenance_raises_nothing(world: JudgeWorld) -> None:
    world.place()
    world.bind(VAN, place_id="van-1")
    world.sql(
        "INSERT INTO maintenance (place_id, during, why, planned_by, planned_at) "
        "VALUES ('van-1', tstzrange(%s, %s), 'defrosting', 'Wu', %s)",
        (T0 + minutes(10), T0 + minutes(60), T0),
    )
    world.hear(steady(3.0, end=10) + steady(12.0, start=10, end=40), VAN)
    world.judge_all(T0 + minutes(40))
    world.judge_all(T0 + minutes(55))
    assert world.sql("SELECT kind FROM alerts") == []
