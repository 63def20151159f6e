"""The notifier as a process: woken, replaced, cut off from its database, tried out by hand."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from frostline.stack.ports import free_port
from gateway.notify import notify, status
from gateway.notify.errors import SchemaMissing
from tests.notify_world import (
    SECRET,
    Receiver,
    Reply,
    add_endpoint,
    receiving,
    run_sql,
    settings_for,
    tell,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import WaitUntil


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Running:
    """`gateway.notify.run` in a thread."""

    def __init__(self, database_url: str) -> None:
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[database_url], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure

    def _run(self, database_url: str) -> None:
        try:
            notify.run(settings_for(database_url), self._stop)
        except Exception as error:  # noqa: BLE001  # handed to the test
            self.failure = error


@contextmanager
def running(database_url: str) -> Iterator[Running]:
    notifier = Running(database_url)
    try:
        yield notifier
    finally:
        notifier.stop()


def say(database_url: str, step: int) -> None:
    tell(database_url, {"order_id": "order-1", "step": step}, at=datetime.now(UTC))


def test_a_standby_takes_over(
    database_url: str, receiver: Receiver, wait_until: "WaitUntil"
) -> None:
    add_endpoint(database_url, receiver.url(), at=datetime.now(UTC))
    with running(database_url) as first:
        say(database_url, 1)
        wait_until(lambda: receiver.steps() == [1], what="the first notifier's message")
        with running(database_url):
            say(database_url, 2)
            wait_until(lambda: receiver.steps() == [1, 2], what="the second message")
            first.stop()
            say(database_url, 3)
            wait_until(lambda: receiver.steps() == [1, 2, 3], what="the standby's message")


def test_an_attempt_outlives_the_connection_to_the_database(
    database_url: str, receiver: Receiver, wait_until: "WaitUntil"
) -> None:
    """The receiver has it: once the database is back that is recorded, and not sent again."""
    answered = threading.Event()

    def reply(_: object) -> Reply:
        answered.wait(10)
        return Reply()

    receiver.reply = reply
    add_endpoint(database_url, receiver.url(), at=datetime.now(UTC))
    with running(database_url):
        say(database_url, 1)
        wait_until(lambda: receiver.steps() == [1], what="the attempt's beginning")
        run_sql(
            database_url,
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name LIKE 'frostline notify%%' AND datname = current_database()""",
        )
        answered.set()
        delivered = "SELECT count(*) FROM webhook_deliveries WHERE delivered_at IS NOT NULL"
        wait_until(lambda: run_sql(database_url, delivered) == [(1,)], what="its end")
    assert receiver.steps() == [1]


def test_a_database_without_tables_is_refused(empty_database_url: str) -> None:
    with pytest.raises(SchemaMissing, match="frostline migrate"):
        notify.run(settings_for(empty_database_url), threading.Event())


def test_status_says_how_each_endpoint_fares(
    database_url: str, receiver: Receiver, wait_until: "WaitUntil"
) -> None:
    receiver.reply = lambda _: Reply(500)
    add_endpoint(database_url, receiver.url(), at=datetime.now(UTC))
    assert "at work    nobody" in status.render(status.describe(database_url))
    with running(database_url):
        say(database_url, 1)
        attempted = "SELECT count(*) FROM webhook_attempts"
        wait_until(lambda: run_sql(database_url, attempted) == [(1,)], what="a failed attempt")
        text = status.render(status.describe(database_url))
    assert "at work    frostline notify on " in text
    assert "waiting    1, the oldest for 0:00:0" in text
    assert f"shop  {receiver.url()}\n  enabled; 1 waiting" in text
    assert "last day: 0 delivered, 0 given up" in text
    assert "UTC: answered 500" in text


def test_it_is_tried_out_by_hand(
    database_url: str, tmp_path: "Path", wait_until: "WaitUntil"
) -> None:
    """`frostline notify` tells `frostline webhooks listen`."""
    port = free_port()
    add_endpoint(database_url, f"http://127.0.0.1:{port}/", at=datetime.now(UTC))
    say(database_url, 1)
    output = tmp_path / "received"
    listen = ["webhooks", "listen", "--port", str(port), "--secret", SECRET, "--json"]
    with output.open("w") as file, frostline(*listen, stdout=file) as listener:
        wait_until(lambda: is_listening(listener), what="the listener")
        with frostline(
            "notify",
            "--allow-http",
            "--allow-private-addresses",
            environ={"FROSTLINE_NOTIFY_DATABASE_URL": database_url},
        ):
            wait_until(lambda: output.read_text().endswith("\n"), what="a message")
    received = json.loads(output.read_text())
    assert received["answered"] == 204
    assert received["message"]["data"] == {"order_id": "order-1", "step": 1}


def is_listening(listener: "subprocess.Popen[str]") -> bool:
    assert listener.stderr is not None
    return "listening at" in listener.stderr.readline()


@contextmanager
def frostline(
    *arguments: str, environ: dict[str, str] | None = None, **popen: Any
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "frostline", *arguments],
        env=os.environ | (environ or {}),
        stderr=subprocess.PIPE,
        text=True,
        **popen,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)
