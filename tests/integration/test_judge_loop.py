"""A running judge wakes when something is stored, and outlives its database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from frostline.migrate import migrate
from frostline.stack.postgres import Postgres
from frostline.stack.waiting import wait_until
from gateway.judge import judge
from gateway.judge.settings import JudgeSettings
from tests.judge_world import T0, JudgeWorld, judge_world, minutes, steady

NOW = T0 + minutes(60)


class Running:
    """A judge in a thread; a bug in it fails the test."""

    def __init__(self, settings: JudgeSettings) -> None:
        self.failure: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(settings,))
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure

    def _run(self, settings: JudgeSettings) -> None:
        try:
            judge.run(settings, self._stop, clock=lambda: NOW)
        except Exception as error:  # noqa: BLE001  # handed to the test
            self.failure = error


@contextmanager
def running(settings: JudgeSettings) -> Iterator[None]:
    one = Running(settings)
    try:
        yield
    finally:
        one.stop()


def has_verdict(world: JudgeWorld, readings: int) -> bool:
    return [row[3] for row in world.verdicts()][-1:] == [readings]


def test_a_judge_that_waits_wakes_when_something_is_stored(database_url: str) -> None:
    """It would look by itself only after 60 s; the test waits for 10."""
    with judge_world(database_url) as world, running(replace(world.settings, poll_s=60.0)):
        world.policy()
        world.shipped()
        world.hear(steady(3.0, end=30))
        wait_until(lambda: has_verdict(world, 30), what="a verdict")
        world.hear([*steady(6.0, start=30), (NOW - minutes(0.5), 6.0)])
        world.close_order(at=NOW)
        wait_until(lambda: has_verdict(world, 61), what="the final verdict")


def test_two_judges_side_by_side_judge_everything_once(database_url: str) -> None:
    with (
        judge_world(database_url, batch_subjects=4) as world,
        running(world.settings),
        running(world.settings),
    ):
        world.policy()
        for number in range(20):
            world.shipped(f"order-{number}", f"C4:A5:E3:00:04:{number:02X}")
            world.hear(steady(3.0, end=10) + steady(6.0, start=10), f"C4:A5:E3:00:04:{number:02X}")
            world.close_order(f"order-{number}", at=NOW)
        finals = "SELECT count(*) FROM current_verdicts WHERE is_final AND readings = 60"
        wait_until(lambda: world.sql(finals) == [(20,)], timeout_s=20, what="all final verdicts")
        paid = "SELECT sum(delta)::bigint FROM trigger_decisions"
        assert world.sql(paid) == [(20 * 15_000,)]


def test_a_judge_outlives_its_database(make_postgres: Callable[[], Postgres]) -> None:
    server = make_postgres()
    database_url = server.create_database("judged")
    migrate(database_url)
    with judge_world(database_url) as world:
        world.policy()
        world.shipped()
        world.hear(steady(3.0))
    settings = JudgeSettings(database_url=database_url, min_interval_s=0.0)
    with running(settings):
        server.kill()
        server.start()
        wait_until(lambda: _verdicts(database_url) == 1, timeout_s=30, what="a verdict")


def test_a_database_without_a_schema_is_refused(empty_database_url: str) -> None:
    settings = JudgeSettings(database_url=empty_database_url)
    with pytest.raises(judge.SchemaMissing, match="frostline migrate"):
        judge.run(settings, threading.Event())


def _verdicts(database_url: str) -> int:
    try:
        with psycopg.connect(database_url, connect_timeout=2) as connection:
            rows = connection.execute("SELECT count(*) FROM verdicts").fetchall()
    except psycopg.OperationalError:
        return -1
    return int(rows[0][0])
