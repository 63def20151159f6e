"""A simulated day's clock stands still until it is moved, and wakes whoever's time has come."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from frostline.day.clock import ClockRunsBackwards, DayClock

MIDNIGHT = datetime(2026, 7, 22, tzinfo=timezone(timedelta(hours=8)))


def test_it_says_utc_whatever_zone_the_day_began_in() -> None:
    """Midnight at +08:00 is 16:00 UTC of the day before."""
    clock = DayClock(MIDNIGHT)
    clock.move_to(90.5)
    assert clock.now() == datetime(2026, 7, 21, 16, 1, 30, 500_000, tzinfo=UTC)
    assert clock.now().utcoffset() == timedelta(0)


def test_wall_and_monotonic_time_are_a_days_apart_and_go_together() -> None:
    """Milliseconds since 1970 and since the day began differ by the beginning alone."""
    clock = DayClock(MIDNIGHT)
    for second in (0.0, 0.25, 86_400.0):
        clock.move_to(second)
        assert clock.monotonic_ms() == round(second * 1000)
        assert clock.wall_ms() - clock.monotonic_ms() == 1_784_649_600_000  # date -d … +%s


def test_it_never_runs_backwards() -> None:
    """A driver that asks for a time that is over has a bug."""
    clock = DayClock(MIDNIGHT)
    clock.move_to(10.0)
    clock.move_to(10.0)
    with pytest.raises(ClockRunsBackwards, match="10 s already"):
        clock.move_to(9.9)


def test_the_same_day_has_the_same_boot() -> None:
    """A day that runs again is the same boot of the same machines; another day is another one."""
    again = DayClock(MIDNIGHT.astimezone(UTC))
    other = DayClock(MIDNIGHT + timedelta(days=1))
    assert DayClock(MIDNIGHT).boot_id == again.boot_id != other.boot_id


def test_who_sleeps_wakes_when_its_time_has_come_and_not_before() -> None:
    """Two sleep for 10 and 20 s: at 9.9 s none wakes, at 10 s one, at 20 s the other."""
    woken: list[str] = []

    async def sleeper(clock: DayClock, name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    async def day() -> None:
        clock = DayClock(MIDNIGHT)
        late = asyncio.create_task(sleeper(clock, "late", 20.0))
        early = asyncio.create_task(sleeper(clock, "early", 10.0))
        await asyncio.sleep(0)
        for second, expected in ((9.9, []), (10.0, ["early"]), (20.0, ["early", "late"])):
            clock.move_to(second)
            await settled()
            assert woken == expected
        await asyncio.gather(late, early)

    asyncio.run(day())


def test_those_of_one_moment_wake_in_the_order_in_which_they_lay_down() -> None:
    """A jump over several beginnings wakes the earliest first, and of equals who came first."""
    woken: list[int] = []

    async def sleeper(clock: DayClock, number: int, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(number)

    async def day() -> None:
        clock = DayClock(MIDNIGHT)
        due = (3.0, 1.0, 3.0, 2.0)
        tasks = [asyncio.create_task(sleeper(clock, k, due_s)) for k, due_s in enumerate(due)]
        await asyncio.sleep(0)
        clock.move_to(5.0)
        await asyncio.gather(*tasks)

    asyncio.run(day())
    assert woken == [1, 3, 0, 2]


def test_who_was_cancelled_in_his_sleep_is_nobody_to_wake() -> None:
    """A role that ends while it sleeps holds up nobody."""

    async def day() -> None:
        clock = DayClock(MIDNIGHT)
        ended = asyncio.create_task(clock.sleep(1.0))
        stays = asyncio.create_task(clock.sleep(1.0))
        await asyncio.sleep(0)
        ended.cancel()
        await settled()
        clock.move_to(1.0)
        await stays

    asyncio.run(day())


def test_it_says_how_many_sleep() -> None:
    """Of three one is cancelled; of the others one wakes at 1 s, and one goes on sleeping."""

    async def day() -> None:
        clock = DayClock(MIDNIGHT)
        assert clock.asleep == 0
        tasks = [asyncio.create_task(clock.sleep(seconds)) for seconds in (1.0, 2.0, 3.0)]
        await settled()
        assert clock.asleep == 3
        tasks[1].cancel()
        await settled()
        assert clock.asleep == 2
        clock.move_to(1.0)
        assert clock.asleep == 1
        clock.move_to(3.0)
        assert clock.asleep == 0
        await settled()

    asyncio.run(day())


async def settled() -> None:
    """Let everybody go on who can."""
    for _ in range(3):
        await asyncio.sleep(0)
