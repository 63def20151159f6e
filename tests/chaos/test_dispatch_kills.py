"""A dispatcher may die or stand still at any moment: the plan is whole, the next one goes on."""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frostline.stack.processes import Child, Program
from frostline.stack.waiting import wait_until
from routing.dispatch.store import LockHolder
from tests.dispatch_world import CITY, DispatchWorld, dispatch_world, minutes, noon_zone

_KILLS = 6
_STOPS = 4
_START_S = 60  # the search is compiled, where nobody has done so before


@pytest.fixture
def world(database_url: str) -> Iterator[DispatchWorld]:
    now = datetime.now(UTC)
    with dispatch_world(database_url, now=now) as world:
        world.city(vans=4, time_zone=noon_zone(now))
        yield world


@contextmanager
def dispatching(database_url: str, log: Path) -> Iterator[Child]:
    """Run `frostline dispatch run` in a process of its own, quick to take over."""
    settings = {
        "FROSTLINE_DISPATCH_DATABASE_URL": database_url,
        "FROSTLINE_DISPATCH_ITERATIONS": "50",
        "FROSTLINE_DISPATCH_BATCH_S": "0",
        "FROSTLINE_DISPATCH_POLL_S": "0.5",
        "FROSTLINE_DISPATCH_TAKEOVER_S": "2",
    }
    command = (sys.executable, "-m", "frostline", "dispatch", "run", "--city", CITY)
    child = Child(Program("dispatch", command, environ={**os.environ, **settings}), log)
    try:
        yield child
    finally:
        child.kill()


def holder(world: DispatchWorld) -> LockHolder | None:
    return world.store.lock_holder(CITY)


def is_at_work(world: DispatchWorld, child: Child) -> bool:
    child.check()
    found = holder(world)
    return found is not None and found.name.endswith(f" {child.pid}")


def load(world: DispatchWorld, chance: random.Random, seconds: float) -> None:
    """Request an order every few hundredths of a second, for some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        world.now = datetime.now(UTC)
        world.order(
            f"order-{chance.getrandbits(40):x}",
            east_km=chance.uniform(-3, 3),
            north_km=chance.uniform(-3, 3),
            level=chance.choice(["diamond", "gold", "silver"]),
        )
        world.sql("NOTIFY frostline")
        pass_time(0.1)


def pass_time(seconds: float) -> None:
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until, what="time to pass")


def wait_for_version(world: DispatchWorld, beyond: int) -> None:
    wait_until(lambda: world.version() > beyond, what=f"a version after {beyond}")


def unanswered(world: DispatchWorld) -> int:
    ((count,),) = world.sql(
        "SELECT count(*) FROM deliveries d "
        "WHERE NOT EXISTS (SELECT FROM promises p WHERE p.order_id = d.order_id)"
    )
    return int(count)


def assert_whole(world: DispatchWorld) -> None:
    """Every version is there, with all that belongs to it."""
    ((count, newest),) = world.sql("SELECT count(*), COALESCE(max(version), 0) FROM plans")
    assert count == newest
    assert (
        world.sql(
            "SELECT order_id FROM plan_stops WHERE to_version IS NULL AND kind = 'deliver' "
            "GROUP BY order_id HAVING count(*) > 1"
        )
        == []
    )
    # What is promised is in the plan, or the plan says why it is not.
    assert (
        world.sql(
            "SELECT order_id FROM promises p WHERE state = 'promised' AND NOT EXISTS ("
            "  SELECT FROM plan_stops s WHERE s.order_id = p.order_id AND s.to_version IS NULL"
            ") AND NOT EXISTS ("
            "  SELECT FROM plan_unserved u WHERE u.order_id = p.order_id AND u.to_version IS NULL)"
        )
        == []
    )
    assert world.sql("SELECT order_id FROM promises WHERE version > %s", (newest,)) == []
    assert (
        world.sql(
            "SELECT stop_id FROM plan_stops WHERE from_version > %s OR to_version > %s",
            (newest,) * 2,
        )
        == []
    )
    # Each event of a plan was committed with its plan, and no plan without its event.
    assert (
        world.sql(
            "SELECT version FROM plans FULL JOIN (SELECT (data->>'version')::integer AS version "
            "FROM events WHERE type = 'frostline.plan.changed') told USING (version) "
            "GROUP BY version HAVING count(*) <> 1"
        )
        == []
    )


def test_a_dispatcher_killed_under_load_leaves_a_whole_plan_and_the_next_goes_on(
    world: DispatchWorld, tmp_path: Path
) -> None:
    chance = random.Random(7)
    for kill in range(_KILLS):
        with dispatching(world.database_url, tmp_path / f"dispatch-{kill}.log") as child:
            wait_until(lambda: is_at_work(world, child), timeout_s=_START_S, what="a dispatcher")
            before = world.version()
            load(world, chance, chance.uniform(0.3, 1.2))
            wait_for_version(world, beyond=before)
        assert_whole(world)
    with dispatching(world.database_url, tmp_path / "dispatch-last.log"):
        wait_until(lambda: unanswered(world) == 0, timeout_s=_START_S, what="all answers")
    assert_whole(world)


def test_a_dispatcher_that_stood_still_writes_nothing_once_another_has_the_city(
    world: DispatchWorld, tmp_path: Path
) -> None:
    chance = random.Random(8)
    with dispatching(world.database_url, tmp_path / "dispatch-0.log") as first:
        wait_until(lambda: is_at_work(world, first), timeout_s=_START_S, what="the first")
        for number in range(1, _STOPS + 1):
            log = tmp_path / f"dispatch-{number}.log"
            with dispatching(world.database_url, log) as second:
                load(world, chance, chance.uniform(0.3, 1.0))
                first.signal(signal.SIGSTOP)  # at whatever it was
                wait_until(lambda: is_at_work(world, second), timeout_s=_START_S, what="the second")
                taken_at = world.version()
                load(world, chance, 0.5)
                first.signal(signal.SIGCONT)
                load(world, chance, 0.5)
                wait_until(lambda: unanswered(world) == 0, timeout_s=30, what="all answers")
                assert is_at_work(world, second)
                written = versions_of(log)
                assert set(range(taken_at + 1, world.version() + 1)) <= written
            assert_whole(world)
            wait_until(lambda: is_at_work(world, first), timeout_s=30, what="the first again")


def versions_of(log: Path) -> set[int]:
    """Return the versions that a process said to have written."""
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return {
        line["version"]
        for line in lines
        if line.get("message") == "decision written" and line.get("reason") is not None
    }


def test_two_dispatchers_started_together_are_one(world: DispatchWorld, tmp_path: Path) -> None:
    world.order("order-1")
    with (
        dispatching(world.database_url, tmp_path / "one.log") as one,
        dispatching(world.database_url, tmp_path / "two.log") as two,
    ):
        wait_until(lambda: world.version() >= 1, timeout_s=_START_S, what="a plan")
        assert is_at_work(world, one) != is_at_work(world, two)
        winner, loser = (one, two) if is_at_work(world, one) else (two, one)
        winner.stop()
        wait_until(lambda: is_at_work(world, loser), timeout_s=_START_S, what="the other")
    world.now += minutes(1)
    assert_whole(world)
