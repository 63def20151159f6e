"""What is told on a simulated day is heard, however slow the machine is."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from frostline.day.clock import DayClock
from frostline.day.deciders import NotifySteps
from tests.notify_world import T0, Receiver, Reply, Request, add_endpoint, receiving, tell

if TYPE_CHECKING:
    from tests.conftest import WaitUntil

SLOW_S = 0.1


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def clock() -> DayClock:
    return DayClock(T0)


@pytest.fixture
def steps(database_url: str, clock: DayClock, receiver: Receiver) -> Iterator[NotifySteps]:
    """Give a notifier that is stepped, and knows the receiver."""
    add_endpoint(database_url, receiver.url(), at=T0)
    steps = NotifySteps(database_url, clock)
    steps.all()
    yield steps
    steps.close()


def tell_steps(database_url: str, order_id: str, *numbers: int) -> None:
    for number in numbers:
        tell(database_url, {"order_id": order_id, "step": number}, at=T0)


def test_all_is_heard_of_a_receiver_that_is_slower_than_the_notifier(
    database_url: str, steps: NotifySteps, receiver: Receiver
) -> None:
    """Of six orders with three events each only four are sent at a time, one of an order."""
    asleep = threading.Event()  # never set: the receiver takes its time over each message

    def slowly(_: Request) -> Reply:
        asleep.wait(SLOW_S)
        return Reply()

    receiver.reply = slowly
    orders = [f"order-{number}" for number in range(6)]
    for order_id in orders:
        tell_steps(database_url, order_id, 1, 2, 3)
    steps.all()
    assert [receiver.steps(order_id) for order_id in orders] == 6 * [[1, 2, 3]]
    assert steps.again_at() is None


def test_who_does_not_answer_is_told_again_at_a_time_that_the_day_can_go_to(
    database_url: str, clock: DayClock, steps: NotifySteps, receiver: Receiver
) -> None:
    """The first retry is 5 s after the failure, up to a tenth later by chance."""
    receiver.reply = lambda _: Reply(500)
    tell_steps(database_url, "order-1", 1, 2)
    steps.all()
    assert receiver.steps() == [1]
    again_at = steps.again_at()
    assert again_at is not None
    assert timedelta(seconds=5) <= again_at - T0 < timedelta(seconds=10)
    receiver.reply = lambda _: Reply()
    clock.move_to(10.0)
    steps.all()
    assert receiver.steps() == [1, 1, 2]
    assert steps.again_at() is None


def test_an_event_behind_an_older_transaction_is_known_to_be_held_back(
    database_url: str, steps: NotifySteps, receiver: Receiver, wait_until: "WaitUntil"
) -> None:
    """An event that is committed while an older transaction runs is told once that has ended."""
    with psycopg.connect(database_url) as older:
        older.execute("SELECT pg_current_xact_id()")
        tell_steps(database_url, "order-1", 1)
        assert steps.is_held_back()
        steps.all()
        assert receiver.steps() == []
    wait_until(lambda: not steps.is_held_back(), what="transactions of other tests to end")
    steps.all()
    assert receiver.steps() == [1]
