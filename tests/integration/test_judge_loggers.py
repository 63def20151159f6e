"""Loggers that fall silent, or are unfit to measure, are noticed without a message."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.judge_world import BOX, T0, JudgeWorld, judge_world, minutes, steady


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        yield world


def alerts(world: JudgeWorld) -> list[tuple[str, bool]]:
    """Return each alert's kind and whether it is open."""
    rows = world.sql("SELECT kind, resolved_at IS NULL FROM alerts ORDER BY alert_id")
    return [(kind, is_open) for kind, is_open in rows]


def timeline(world: JudgeWorld) -> list[str]:
    return [row[0] for row in world.sql("SELECT what FROM alert_log ORDER BY entry_id")]


def next_look_min(world: JudgeWorld, logger_id: str = BOX) -> float | None:
    ((at,),) = world.sql(
        "SELECT next_look_at FROM looks WHERE subject_kind = 'logger' AND subject_id = %s",
        (logger_id,),
    )
    return None if at is None else (at - T0).total_seconds() / 60


def test_a_logger_that_stops_is_called_silent_though_nothing_is_heard(world: JudgeWorld) -> None:
    """A record a minute, the last at minute 29: five more must be missing.

    30 records without a loss: (0 + 2) / (29 + 20) = 0.041; 0.041^4 = 2.8e-6, 0.041^5 = 1.1e-7.
    """
    world.shipped()
    world.hear(steady(2.0, end=30))
    world.judge_all(T0 + minutes(30))
    assert next_look_min(world) == 34
    world.judge_all(T0 + minutes(34) - timedelta(milliseconds=1))
    assert alerts(world) == []
    world.judge_all(T0 + minutes(34))
    assert alerts(world) == [("silent", True)]
    assert world.events("frostline.silent") == ["silent"]
    ((data,),) = world.sql("SELECT data FROM events WHERE type = 'frostline.silent'")
    assert data["logger_id"] == BOX
    assert data["order_id"] == "order-1"
    assert data["expected_interval_s"] == 60.0
    assert data["last_measured_at"] == "2026-01-21T02:29:00Z"
    world.judge_all(T0 + minutes(60))
    assert world.events("frostline.silent") == ["silent"]


def test_a_logger_that_is_heard_again_is_no_longer_silent(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(2.0, end=30))
    world.judge_all(T0 + minutes(40))
    assert alerts(world) == [("silent", True)]
    for minute in range(41, 60):
        world.hear(steady(2.0, start=minute, end=minute + 1))
        world.judge_all(T0 + minutes(minute))
    assert alerts(world) == [("silent", False)]  # ceased at 41, resolved after 15 minutes
    assert timeline(world) == ["raised", "notified", "ceased", "resolved"]


def test_a_logger_that_was_never_heard_is_silent_counted_from_its_binding(
    world: JudgeWorld,
) -> None:
    """A registered minute; nothing known: six records."""
    world.shipped()
    world.judge_all(T0 + minutes(1))
    assert next_look_min(world) == 6
    world.judge_all(T0 + minutes(6))
    assert alerts(world) == [("silent", True)]
    ((data,),) = world.sql("SELECT data FROM events WHERE type = 'frostline.silent'")
    assert data["last_measured_at"] is None


def test_a_logger_that_measures_nothing_is_never_silent(world: JudgeWorld) -> None:
    world.logger()
    world.hear(steady(2.0, end=30))
    world.judge_all(T0 + minutes(300))
    assert alerts(world) == []
    assert next_look_min(world) is None


@pytest.mark.parametrize("heard", [False, True])
def test_silence_ends_with_the_journey(world: JudgeWorld, *, heard: bool) -> None:
    """Somebody saw to it, and the logger is never heard again: only the order's end is told."""
    world.shipped()
    world.hear(steady(2.0, end=30) if heard else [])
    world.judge_all(T0 + minutes(40))
    world.sql(
        "INSERT INTO alert_log (alert_id, at, what, level, by, comment) "
        "SELECT alert_id, %s, 'acknowledged', 1, 'ann', 'looking for it' FROM alerts",
        (T0 + minutes(40),),
    )
    world.judge_all(T0 + minutes(80))  # the plan would have escalated it by now
    assert next_look_min(world) is None
    world.close_order(at=T0 + minutes(81))
    world.judge_all(T0 + minutes(82))
    world.judge_all(T0 + minutes(97))
    assert alerts(world) == [("silent", False)]


def test_a_logger_in_maintenance_is_not_called_silent_nor_at_the_moment_it_ends(
    world: JudgeWorld,
) -> None:
    world.shipped()
    world.hear(steady(2.0, end=30))
    world.sql(
        "INSERT INTO maintenance (logger_id, during, why, planned_by, planned_at) "
        "VALUES (%s, tstzrange(%s, %s), 'new cell', 'Wu', %s)",
        (BOX, T0 + minutes(30), T0 + minutes(90), T0),
    )
    world.judge_all(T0 + minutes(60))
    world.judge_all(T0 + minutes(94))
    assert alerts(world) == []
    world.judge_all(T0 + minutes(95))  # five records after the end
    assert alerts(world) == [("silent", True)]


def test_a_low_battery_a_wrong_clock_and_an_expired_calibration_are_alerts(
    world: JudgeWorld,
) -> None:
    world.shipped()
    world.sql("UPDATE loggers SET calibration_due_at = %s", (T0 + minutes(45),))
    world.hear(steady(2.0, end=30), stored_at=T0 + minutes(27))  # two minutes ahead
    world.sql("UPDATE readings SET battery_mv = 2499")
    world.judge_all(T0 + minutes(30))
    assert alerts(world) == [("battery_low", True), ("clock", True)]
    for minute in range(31, 46):
        world.hear(steady(2.0, start=minute, end=minute + 1), stored_at=T0 + minutes(minute))
    world.judge_all(T0 + minutes(45) - timedelta(milliseconds=1))
    assert ("calibration", True) not in alerts(world)
    world.judge_all(T0 + minutes(45))
    assert ("calibration", True) in alerts(world)


def test_a_logger_in_the_cold_is_not_low_at_a_voltage_that_is_low_in_the_warmth(
    world: JudgeWorld,
) -> None:
    world.shipped()
    world.hear(steady(-18.0, end=30))
    world.sql("UPDATE readings SET battery_mv = 2400")
    world.judge_all(T0 + minutes(30))
    assert ("battery_low", True) not in alerts(world)
