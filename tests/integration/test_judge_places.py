"""A place is judged by days: each on its own readings, with what the day before left open."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from tests.judge_world import VAN, JudgeWorld, Reading, judge_world

DAY_1 = datetime(2026, 11, 21, tzinfo=UTC)
NEW_VAN = "C4:A5:E3:00:00:09"
DAY_2 = DAY_1 + timedelta(days=1)


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    """Give a van; the newest policy for places of its zone allows half an hour above 4 °C."""
    with judge_world(database_url) as world:
        world.policy("places-chilled")
        world.place()
        world.bind(VAN, place_id="van-1", from_at=DAY_1)
        yield world


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def readings(temperature_c: float, start: datetime, end: datetime) -> list[Reading]:
    """Return a reading a minute from `start` to before `end`."""
    return [
        (start + timedelta(minutes=i), temperature_c)
        for i in range(round((end - start).total_seconds() / 60))
    ]


def test_each_day_has_a_watch_which_is_final_when_it_is_over(world: JudgeWorld) -> None:
    world.hear(readings(3.0, DAY_1, DAY_1 + hours(5)), VAN)
    world.judge_all(DAY_1 + hours(5))
    assert world.verdicts("van-1/2026-11-21") == [(1, "in_range", False, 300)]
    world.hear(readings(3.0, DAY_1 + hours(5), DAY_2 + hours(1)), VAN)
    world.judge_all(DAY_2 + hours(1))
    assert world.verdicts("van-1/2026-11-21")[-1] == (2, "in_range", True, 1440)
    assert world.verdicts("van-1/2026-11-22") == [(1, "in_range", False, 60)]


def test_a_defrost_is_no_excursion_of_a_place_that_nobody_gave_a_policy(world: JudgeWorld) -> None:
    """A quarter of an hour above 4 °C: goods would warn after ten minutes."""
    world.sql("DELETE FROM policies WHERE (policy_id, version) = ('places-chilled', 9)")
    world.hear(readings(2.0, DAY_1, DAY_1 + hours(1)), VAN)
    world.hear(readings(6.0, DAY_1 + hours(1), DAY_1 + hours(1.25)), VAN)
    world.hear(readings(2.0, DAY_1 + hours(1.25), DAY_1 + hours(2)), VAN)
    world.judge_all(DAY_1 + hours(2))
    assert world.verdicts("van-1/2026-11-21") == [(1, "in_range", False, 120)]


def test_an_excursion_over_midnight_is_one(world: JudgeWorld) -> None:
    """Too warm from 23:00 to 01:00: it broke on the first day at 23:30, and ended on the second."""
    world.hear(readings(3.0, DAY_1, DAY_1 + hours(23)), VAN)
    world.hear(readings(6.0, DAY_1 + hours(23), DAY_2), VAN)
    world.judge_all(DAY_2)
    world.hear(readings(6.0, DAY_2, DAY_2 + hours(1)), VAN)
    world.judge_all(DAY_2 + hours(1))
    world.hear(readings(3.0, DAY_2 + hours(1), DAY_2 + hours(2)), VAN)
    world.judge_all(DAY_2 + hours(2))
    found = world.sql(
        "SELECT subject_id, state, from_at, until_at, duration_s, degree_minutes, extreme_c "
        "FROM excursions WHERE place_id = 'van-1' ORDER BY excursion_id, revision"
    )
    # 2 °C above the limit for 120 minutes.
    assert [row[:4] for row in found] == [
        ("van-1/2026-11-21", "open", DAY_1 + hours(23), None),
        ("van-1/2026-11-21", "closed", DAY_1 + hours(23), DAY_2 + hours(1)),
    ]
    assert found[-1][4:] == (7200, 240.0, 6.0)
    outcomes = world.sql("SELECT subject_id, outcome FROM current_verdicts ORDER BY subject_id")
    assert outcomes == [("van-1/2026-11-21", "excursion"), ("van-1/2026-11-22", "excursion")]


def test_late_data_rejudges_a_sealed_watch_and_what_followed_from_it(world: JudgeWorld) -> None:
    """The first day's last hour comes late: with it, the second day's excursion began there."""
    world.hear(readings(3.0, DAY_1, DAY_1 + hours(23)), VAN)
    world.hear(readings(6.0, DAY_2, DAY_2 + hours(2)), VAN)
    world.hear(readings(3.0, DAY_2 + hours(2), DAY_2 + hours(3)), VAN)
    world.judge_all(DAY_2 + hours(3))
    assert world.excursions("van-1/2026-11-22")[0][:2] == (1, "closed")
    world.hear(readings(6.0, DAY_1 + hours(23), DAY_2), VAN)
    world.judge_all(DAY_2 + hours(3))
    standing = world.sql(
        "SELECT subject_id, state, from_at, until_at FROM current_excursions "
        "WHERE place_id = 'van-1' ORDER BY excursion_id"
    )
    assert standing == [
        ("van-1/2026-11-21", "closed", DAY_1 + hours(23), DAY_2 + hours(2)),
    ]
    assert world.verdicts("van-1/2026-11-21")[-1][1:3] == ("excursion", True)


def readings_read() -> float:
    return REGISTRY.get_sample_value("frostline_judge_readings_total") or 0.0


def test_an_old_place_costs_what_a_new_one_costs(world: JudgeWorld) -> None:
    """Both measured for three hours today; one of them for sixty days before, too."""
    today = DAY_1 + timedelta(days=60)
    world.place("van-2")
    world.bind(NEW_VAN, place_id="van-2", from_at=today)
    for day in range(60):
        start = DAY_1 + timedelta(days=day)
        world.hear([(start + hours(hour), 3.0) for hour in range(24)], VAN)
    world.judge_all(today)
    read = {}
    for logger_id in (VAN, NEW_VAN):
        world.hear(readings(3.0, today, today + hours(3)), logger_id)
        before, verdicts = readings_read(), world.sql("SELECT count(*) FROM verdicts")[0][0]
        world.judge_all(today + hours(3))
        read[logger_id] = readings_read() - before
        # Only today's watch has changed: of what was sealed nothing was judged anew.
        assert world.sql("SELECT count(*) FROM verdicts") == [(verdicts + 1,)]
    assert read == {VAN: 180, NEW_VAN: 180}
    assert world.sql(
        "SELECT count(*) FROM current_verdicts WHERE place_id = 'van-1' AND is_final"
    ) == [(60,)]


def test_planned_work_and_failed_cooling(world: JudgeWorld) -> None:
    """10 °C is 6 above the limit: after a quarter of an hour the cooling has failed."""
    world.policy("places-frozen", zone="frozen", upper_c=4.0)
    world.place("room", zone="frozen")
    world.bind(NEW_VAN, place_id="room", from_at=DAY_1)
    world.hear(readings(10.0, DAY_1, DAY_1 + timedelta(minutes=20)), NEW_VAN)
    world.judge_all(DAY_1 + timedelta(minutes=20))
    kinds = "SELECT DISTINCT kind FROM alerts WHERE place_id = 'room' AND resolved_at IS NULL"
    assert world.sql(kinds) == [("reefer_failed",)]
    world.sql(
        "INSERT INTO maintenance (place_id, during, why, planned_by, planned_at) "
        "VALUES ('room', tstzrange(%s, %s), 'defrost', 'ann', %s)",
        (DAY_1, DAY_1 + hours(2), DAY_1),
    )
    world.hear(readings(10.0, DAY_1 + timedelta(minutes=20), DAY_1 + hours(1)), NEW_VAN)
    world.judge_all(DAY_1 + hours(1))
    assert world.excursions("room/2026-11-21") == []
