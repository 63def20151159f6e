"""A judge that is killed again and again under load misses no verdict and pays nothing twice."""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from frostline.stack.processes import Child, Program
from frostline.stack.waiting import wait_until
from tests.judge_world import T0, JudgeWorld, Reading, judge_world, minutes, steady

_ORDERS = 60
_KILLS = 6
_HOUR = steady(3.0, end=10) + steady(6.0, start=10, end=45) + steady(3.0, start=45)


@contextmanager
def judging(database_url: str, log: Path) -> Iterator[Child]:
    """Run `frostline judge` in a process of its own."""
    settings = {
        "FROSTLINE_JUDGE_DATABASE_URL": database_url,
        "FROSTLINE_JUDGE_MIN_INTERVAL_S": "0.05",
        "FROSTLINE_JUDGE_BATCH_SUBJECTS": "8",  # many commits: many places to be killed at
    }
    command = (sys.executable, "-m", "frostline", "judge")
    child = Child(Program("judge", command, environ={**os.environ, **settings}), log)
    try:
        yield child
    finally:
        child.kill()


def logger_of(number: int) -> str:
    return f"C4:A5:E3:00:03:{number:02X}"


def load(world: JudgeWorld, chance: random.Random, seconds: float) -> None:
    """Store readings for some seconds: any of any box, in any order, some of them again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        number = chance.randrange(_ORDERS)
        readings: list[Reading] = chance.sample(_HOUR, 12)
        world.hear(readings, logger_of(number))


def test_a_judge_killed_under_load_misses_no_verdict_and_decides_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(11)
    with judge_world(database_url) as world:
        world.policy()
        for number in range(_ORDERS):
            world.shipped(f"order-{number}", logger_of(number))
        for kill in range(_KILLS):
            with judging(database_url, tmp_path / f"judge-{kill}.log"):
                wait_until(lambda: _is_at_work(world), timeout_s=20, what="a judge")
                load(world, chance, chance.uniform(0.2, 0.8))
        for number in range(_ORDERS):
            world.hear(_HOUR, logger_of(number))
            world.close_order(f"order-{number}", at=T0 + minutes(60))
        with judging(database_url, tmp_path / "judge-last.log"):
            wait_until(lambda: _all_final(world), timeout_s=30, what="all final verdicts")
        world.judge_all(T0 + minutes(600))

        assert world.sql(
            "SELECT outcome, readings, count(*) FROM current_verdicts GROUP BY 1, 2"
        ) == [("excursion", len(_HOUR), _ORDERS)]
        # 150 % of 100 yuan each, whatever was approved and taken back on the way.
        assert world.sql(
            "SELECT paid, count(*) FROM (SELECT sum(delta)::bigint AS paid FROM trigger_decisions "
            "GROUP BY trigger_id) AS t GROUP BY paid"
        ) == [(15_000, _ORDERS)]
        assert _gaps_in_revisions(world) == []
        assert world.sql("SELECT count(*) FROM touched") == [(0,)]


def _is_at_work(world: JudgeWorld) -> bool:
    return bool(
        world.sql(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'frostline judge' "
            "AND datname = current_database() AND pid <> %s",
            (world.store.connection.info.backend_pid,),
        )
    )


def _all_final(world: JudgeWorld) -> bool:
    try:
        ((found,),) = world.sql(
            "SELECT count(*) FROM current_verdicts v WHERE is_final AND readings = %s "
            "AND NOT EXISTS (SELECT FROM touched)",
            (len(_HOUR),),
        )
    except psycopg.OperationalError:
        return False
    return bool(found == _ORDERS)


def _gaps_in_revisions(world: JudgeWorld) -> list[tuple[object, ...]]:
    """Return subjects and triggers whose revisions are not 1, 2, 3 and so on."""
    return world.sql(
        "SELECT subject_id FROM verdicts GROUP BY subject_id "
        "HAVING count(*) <> max(revision) OR min(revision) <> 1 "
        "UNION ALL SELECT trigger_id::text FROM trigger_decisions GROUP BY trigger_id "
        "HAVING count(*) <> max(revision) OR min(revision) <> 1"
    )
