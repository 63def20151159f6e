"""However often the notifier is killed: each event arrives, under one id, each order in order."""

import os
import random
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from frostline.stack.processes import Child, Children, Program
from frostline.stack.waiting import wait_until
from tests.notify_world import Receiver, Reply, Request, add_endpoint, receiving, run_sql, tell_by

ENDPOINTS = ("one", "two")
ORDERS = 10
KILLS = 8


def test_the_notifier_is_killed_at_random_under_load(database_url: str, tmp_path: Path) -> None:
    chance = random.Random(20261122)
    with receiving() as receiver, Children(tmp_path) as children:
        for name in ENDPOINTS:
            add_endpoint(
                database_url, receiver.url(path=f"/{name}"), endpoint_id=name, at=datetime.now(UTC)
            )
        receiver.reply = dawdle(chance)
        with events_happening(database_url) as told:
            for _ in range(KILLS):
                notifier = start_notifier(children, database_url)
                wait_for_more(receiver, chance.randint(1, 60))
                notifier.kill()
            wait_until(lambda: len(told) > 100, what="enough events")
        start_notifier(children, database_url)
        waiting = "SELECT count(*) FROM webhook_deliveries WHERE delivered_at IS NOT NULL"
        wanted = len(ENDPOINTS) * len(told)
        wait_until(
            lambda: run_sql(database_url, waiting) == [(wanted,)],
            timeout_s=30,
            what=f"all {wanted} messages",
        )
    check(receiver.requests, told)


def wait_for_more(receiver: Receiver, messages: int) -> None:
    goal = len(receiver.requests) + messages
    wait_until(lambda: len(receiver.requests) >= goal, what="more messages")


def check(requests: list[Request], told: list[tuple[str, int]]) -> None:
    """`told`: order and step of each event."""
    ids, steps = defaultdict(set), defaultdict(list)
    for request in requests:
        data = request.message["data"]
        ids[request.path, data["order_id"], data["step"]].add(request.message_id)
        steps[request.path, data["order_id"]].append(data["step"])
    assert set(ids) == {(f"/{name}", *event) for name in ENDPOINTS for event in told}
    assert all(len(one) == 1 for one in ids.values())
    for came in steps.values():
        assert list(dict.fromkeys(came)) == list(range(max(came) + 1))  # first times, in order


def dawdle(chance: random.Random) -> Callable[[Request], Reply]:
    """Answer after some milliseconds, so that a kill finds attempts under way."""
    never = threading.Event()

    def reply(_: Request) -> Reply:
        never.wait(chance.uniform(0, 0.01))
        return Reply()

    return reply


@contextmanager
def events_happening(database_url: str) -> Iterator[list[tuple[str, int]]]:
    """Append events, an order's one after the other, until the context ends."""
    told: list[tuple[str, int]] = []
    stop = threading.Event()

    def run() -> None:
        step = 0
        with psycopg.connect(database_url, autocommit=True) as connection:
            while not stop.is_set():
                for number in range(ORDERS):
                    order_id = f"order-{number}"
                    data = {"order_id": order_id, "step": step}
                    tell_by(connection, data, at=datetime.now(UTC))
                    told.append((order_id, step))
                step += 1
                stop.wait(0.1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


def start_notifier(children: Children, database_url: str) -> Child:
    settings = {
        "FROSTLINE_NOTIFY_DATABASE_URL": database_url,
        "FROSTLINE_NOTIFY_ALLOW_HTTP": "true",
        "FROSTLINE_NOTIFY_ALLOW_PRIVATE_ADDRESSES": "true",
    }
    command = (sys.executable, "-m", "frostline", "notify")
    return children.start(Program("notify", command, environ=os.environ | settings))
