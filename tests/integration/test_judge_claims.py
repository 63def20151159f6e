"""Whatever comes while a judge works is judged: now, by another judge, or next."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from frostline.stack.waiting import wait_until
from gateway.judge.judge import Claimed, Judge
from gateway.judge.store import Store
from tests.judge_world import T0, JudgeWorld, judge_world, minutes, steady

# A claim reads the orders first, then the curves; of what it found it writes the verdicts first.
BEFORE_READING = "orders IN ACCESS EXCLUSIVE"
BEFORE_WRITING = "verdicts IN EXCLUSIVE"


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        yield world


@contextmanager
def held_up(world: JudgeWorld, lock: str) -> Iterator[Future[Claimed]]:
    """Let a judge claim, and stand still where it comes to a lock, until the block is left."""
    with (
        psycopg.connect(world.database_url) as blocker,
        psycopg.connect(world.database_url, autocommit=True) as observer,
        ThreadPoolExecutor(max_workers=1) as pool,
    ):
        blocker.execute(f"LOCK TABLE {lock} MODE".encode())
        claim = pool.submit(world.judge.claim)
        try:
            wait_until(lambda: _waits(observer), what="the judge's claim")
            yield claim
        finally:
            blocker.rollback()
        claim.result(timeout=30)


def _waits(observer: psycopg.Connection[Any]) -> bool:
    rows = observer.execute(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'frostline judge' "
        "AND wait_event_type = 'Lock' AND datname = current_database()"
    ).fetchall()
    return bool(rows)


def test_a_reading_committed_between_claim_and_read_is_read(world: JudgeWorld) -> None:
    """The judge has taken the mark, and has not read the curve: it stands before the orders."""
    world.shipped()
    world.hear(steady(3.0, end=30))
    with held_up(world, BEFORE_READING):
        world.hear(steady(3.0, start=30))
    assert world.verdicts() == [(1, "in_range", False, 60)]


def test_a_reading_committed_between_read_and_commit_is_judged_next(world: JudgeWorld) -> None:
    """The judge has read the curve, and not committed: it stands before the verdicts."""
    world.shipped()
    world.hear(steady(6.0, end=30))
    with held_up(world, BEFORE_WRITING):
        world.hear(steady(6.0, start=30))
    assert [row[3] for row in world.verdicts()] == [30]
    world.judge_all()
    assert world.excursions() == [(1, "open", 0, None)]


def test_what_another_judge_holds_is_marked_again(world: JudgeWorld) -> None:
    world.shipped()
    world.judge_all(T0)
    world.now = T0 + minutes(60)
    world.hear(steady(6.0, end=30))
    with held_up(world, BEFORE_WRITING):
        world.hear(steady(6.0, start=30))
        with Store.connect(world.database_url) as store:
            other = Judge(store, world.settings, lambda: world.now)
            assert other.claim() == Claimed(judged=0, put_off=0, elsewhere=2)  # order and logger
    assert world.sql("SELECT count(*) FROM touched") == [(2,)]
    world.judge_all()
    assert world.excursions() == [(1, "open", 0, None)]


def test_a_judge_that_dies_has_done_nothing(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(6.0))
    marks = world.sql("SELECT * FROM touched ORDER BY touched_id")
    with pytest.raises(psycopg.OperationalError), held_up(world, BEFORE_WRITING):
        world.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'frostline judge' AND wait_event_type = 'Lock'"
        )
    assert world.sql("SELECT * FROM touched ORDER BY touched_id") == marks
    assert world.sql("SELECT count(*) FROM looks") == [(0,)]


def test_a_subject_judged_a_moment_ago_is_put_off_and_not_lost(database_url: str) -> None:
    with judge_world(database_url, min_interval_s=10.0) as world:
        world.policy()
        world.shipped()
        world.hear(steady(3.0, end=20))
        world.judge_all(T0 + minutes(60))
        world.hear(steady(6.0, start=20))
        assert world.judge.claim().judged == 0
        assert world.sql("SELECT count(*) FROM touched") == [(0,)]
        world.now = T0 + minutes(60) + minutes(9.9 / 60)
        assert world.judge.claim().judged == 0
        world.now = T0 + minutes(60) + minutes(10 / 60)
        assert world.judge.claim().judged == 2  # the order, and its logger
        assert world.excursions() == [(1, "open", 20, None)]


def test_more_subjects_than_fit_into_a_claim_are_judged_by_the_next(database_url: str) -> None:
    with judge_world(database_url, batch_subjects=3) as world:
        world.policy()
        for number in range(8):
            world.shipped(f"order-{number}", f"C4:A5:E3:00:02:0{number}")
            world.hear(steady(3.0), f"C4:A5:E3:00:02:0{number}")
        assert world.judge.claim().judged == 3
        world.judge_all()
        assert world.sql("SELECT count(*) FROM current_verdicts") == [(8,)]


def test_time_alone_makes_a_judge_look_again(world: JudgeWorld) -> None:
    """A logger that records every minute is silent after three; that is 57 of 60 min unknown."""
    world.shipped()
    world.hear(steady(3.0, end=3))
    world.judge_all(T0 + minutes(3))
    assert world.verdicts()[-1][1] == "in_range"
    world.judge_all(T0 + minutes(60))
    assert world.verdicts()[-1][1] == "unknown"
