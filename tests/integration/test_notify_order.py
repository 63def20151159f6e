"""What receivers get, in which order and how often: over real HTTP and a real database."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from standardwebhooks.webhooks import Webhook

from gateway.notify.deliveries import Due, outcome_of, plan_deliveries
from gateway.notify.endpoints import Position
from gateway.notify.retries import Answer
from gateway.notify.store import Store
from schemas.events import ORDER_OFFERED, ORDER_PROMISED, PLAN_CHANGED, RESCUE_DECIDED
from tests.notify_world import (
    OPENED,
    SECRET,
    T0,
    Receiver,
    Reply,
    Request,
    World,
    add_endpoint,
    forget_everything,
    notifying,
    receiving,
    shared_database,
)

if TYPE_CHECKING:
    from tests.conftest import WaitUntil

NEW_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def shared_database_url(server_dsn: str, migrated_template: str) -> Iterator[str]:
    with shared_database(server_dsn, migrated_template) as url:
        yield url


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    """Give the module's database, with nothing in it: cheaper than one of its own each time."""
    forget_everything(shared_database_url)
    return shared_database_url


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with notifying(database_url) as world:
        yield world


def test_an_event_arrives_as_the_convention_wants_it(world: World, receiver: Receiver) -> None:
    world.add_endpoint(receiver.url(path="/a?b=c"))
    world.tell(1)
    world.run()
    (request,) = receiver.requests
    assert request.path == "/a?b=c"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-timestamp"] == str(int(T0.timestamp()))
    assert request.message == {
        "type": OPENED,
        "timestamp": "2026-11-22T08:00:00.000Z",
        "sequence": 1,
        "data": {"order_id": "order-1", "step": 1},
    }
    assert world.deliveries() == [("delivered", 1)]


def test_the_library_verifies_by_both_secrets_of_a_rotation(
    world: World, receiver: Receiver
) -> None:
    world.now = datetime.now(UTC)  # the verifier refuses what is older than 5 minutes
    until = world.now + timedelta(minutes=1)
    world.add_endpoint(receiver.url(), secrets=(NEW_SECRET, SECRET), old_secret_until=until)
    world.tell(1)
    world.run()
    (request,) = receiver.requests
    for secret in (SECRET, NEW_SECRET):
        assert Webhook(secret).verify(request.body, request.headers) == request.message


def test_only_the_wanted_types_are_told(world: World, receiver: Receiver) -> None:
    world.add_endpoint(receiver.url(), "frostline.alert.*")
    world.tell(1)
    world.tell(2, type_="frostline.alert.raised")
    world.tell(3, type_="frostline.readings.stored")
    world.run()
    assert receiver.steps() == [2]


# Order -------------------------------------------------------------------------------------------


def test_what_dispatch_decides_is_told(world: World, receiver: Receiver) -> None:
    wanted = [ORDER_PROMISED, ORDER_OFFERED, PLAN_CHANGED, RESCUE_DECIDED]
    world.add_endpoint(receiver.url(), "frostline.order.*", "frostline.plan.*", RESCUE_DECIDED)
    for number, type_ in enumerate(wanted, start=1):
        order_id = None if type_ == PLAN_CHANGED else f"order-{number}"
        world.tell(number, order_id=order_id, type_=type_)
    world.run()
    assert sorted(request.message["type"] for request in receiver.requests) == sorted(wanted)


def test_an_order_s_events_arrive_one_after_the_other(world: World, receiver: Receiver) -> None:
    world.add_endpoint(receiver.url())
    world.tell(1, 2, 3)
    world.tell(1, 2, order_id="order-2")
    world.run()
    assert len(receiver.requests) == 2  # the first of each order
    world.run(rounds=2)
    assert receiver.steps() == [1, 2, 3]
    assert receiver.steps("order-2") == [1, 2]


def test_later_events_wait_five_minutes_for_one_that_fails(
    world: World, receiver: Receiver
) -> None:
    receiver.reply = lambda request: Reply(500 if request.step == 1 else 204)
    world.add_endpoint(receiver.url())
    world.tell(1, 2, 3)
    world.run(rounds=2)
    world.run(later_s=299.9)
    assert receiver.steps() == [1, 1]
    world.run(later_s=0.1, rounds=2)
    assert receiver.steps() == [1, 1, 2, 3]
    assert world.deliveries() == [("waiting", 2), ("delivered", 1), ("delivered", 1)]


def test_first_attempts_stay_in_order_while_all_fail(world: World, receiver: Receiver) -> None:
    """The five minutes are those of the order, not of each of its events."""
    receiver.reply = lambda _: Reply(500)
    world.add_endpoint(receiver.url())
    world.tell(1, 2, 3)
    world.run(rounds=3)
    assert receiver.steps() == [1]
    world.run(later_s=300, rounds=3)
    assert sorted(receiver.steps()) == [1, 1, 2, 3]  # the second attempt of 1 waits for nobody
    assert list(dict.fromkeys(receiver.steps())) == [1, 2, 3]


def test_a_failure_that_heals_lets_the_next_one_go(world: World, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(500 if len(receiver.requests) == 1 else 204)
    world.add_endpoint(receiver.url())
    world.tell(1, 2)
    world.run(rounds=2)
    world.run(later_s=5.6, rounds=2)
    assert receiver.steps() == [1, 1, 2]
    assert receiver.requests[0].message_id == receiver.requests[1].message_id
    assert receiver.requests[0].body == receiver.requests[1].body


def test_other_orders_and_endpoints_do_not_wait(world: World, receiver: Receiver) -> None:
    receiver.reply = lambda request: Reply(500 if request.path == "/bad" else 204)
    world.add_endpoint(receiver.url(path="/bad"), endpoint_id="bad")
    world.add_endpoint(receiver.url(path="/good"), endpoint_id="good")
    world.tell(1, 2)
    world.tell(1, order_id="order-2")
    world.run(rounds=2)
    good = [request.step for request in receiver.requests if request.path == "/good"]
    assert sorted(good) == [1, 1, 2]
    bad = [request.step for request in receiver.requests if request.path == "/bad"]
    assert bad == [1, 1]


def test_events_that_concern_no_order_go_at_once(world: World, receiver: Receiver) -> None:
    world.add_endpoint(receiver.url())
    world.tell(1, 2, order_id=None)
    world.run()
    assert len(receiver.requests) == 2


def test_a_receiver_that_hangs_holds_up_only_itself(
    world: World, receiver: Receiver, wait_until: "WaitUntil"
) -> None:
    hung = threading.Event()

    def reply(request: Request) -> Reply:
        if request.path == "/hangs":
            hung.wait(10)
        return Reply()

    receiver.reply = reply
    world.add_endpoint(receiver.url(path="/hangs"), endpoint_id="hangs")
    world.add_endpoint(receiver.url(path="/quick"), endpoint_id="quick")
    for number in range(20):
        world.tell(1, order_id=f"order-{number}")

    def quick_has_all() -> bool:
        world.notifier.step(world.store)
        return sum(request.path == "/quick" for request in receiver.requests) == 20

    try:
        wait_until(quick_has_all, what="all messages at the receiver that answers")
        assert sum(request.path == "/hangs" for request in receiver.requests) == 4
    finally:
        hung.set()


def test_an_endpoint_is_told_what_happened_while_it_was_being_made(
    world: World, receiver: Receiver
) -> None:
    """Its row is seen only after the notifier has read the event, for another endpoint."""
    world.add_endpoint(receiver.url(path="/old"), endpoint_id="old")
    made_at = world.now
    world.tell(1)
    world.run()
    add_endpoint(world.database_url, receiver.url(path="/new"), endpoint_id="new", at=made_at)
    world.run()
    assert [request.path for request in receiver.requests] == ["/old", "/new"]


def requests_to(receiver: Receiver, path: str) -> int:
    return sum(request.path == path for request in receiver.requests)


def fail_four_times(world: World, receiver: Receiver, *paths: str) -> None:
    """Let endpoints use up their patience: as many failures in a row as they have places."""
    receiver.reply = lambda _: Reply(500)
    for path in paths:
        world.add_endpoint(receiver.url(path=path), endpoint_id=path.strip("/"))
    for number in range(4):
        world.tell(1, order_id=f"order-{number}")
    world.run()
    assert len(receiver.requests) == 4 * len(paths)


def test_receivers_that_keep_failing_leave_half_of_the_places_to_others(
    world: World, receiver: Receiver, wait_until: "WaitUntil"
) -> None:
    """Two that hang, four attempts to each: all of the eight places, were they let."""
    fail_four_times(world, receiver, "/one", "/two")
    hung = threading.Event()

    def reply(request: Request) -> Reply:
        if request.path != "/quick":
            hung.wait(10)
        return Reply()

    receiver.reply = reply
    world.now += timedelta(seconds=6)
    try:
        world.add_endpoint(receiver.url(path="/quick"), endpoint_id="quick")
        world.notifier.step(world.store)
        wait_until(lambda: len(receiver.requests) == 8 + 4, what="the second attempts")
        world.tell(1, order_id="order-9")
        world.notifier.step(world.store)
        wait_until(lambda: requests_to(receiver, "/quick") == 1, what="the message to the quick")
        assert len(receiver.requests) == 8 + 4 + 1
    finally:
        hung.set()


def test_a_receiver_that_keeps_failing_is_looked_after_only_now_and_then(
    world: World, receiver: Receiver
) -> None:
    fail_four_times(world, receiver, "/one")
    receiver.reply = lambda _: Reply()
    world.tell(1, 2, order_id="order-9")
    world.notifier.step(world.store, look=False)  # a wake-up, of which there are many
    world.notifier.finish(world.store)
    assert receiver.steps("order-9") == []
    world.run()
    assert receiver.steps("order-9") == [1]
    world.notifier.step(world.store, look=False)  # it has answered: again at each wake-up
    world.tell(3, order_id="order-9")
    world.notifier.step(world.store, look=False)
    world.notifier.finish(world.store)
    assert receiver.steps("order-9") == [1, 2]


def test_what_waits_behind_a_failure_is_not_counted_over_and_over(
    world: World, receiver: Receiver
) -> None:
    """18,000 deliveries behind the first of 6 orders: each looks at the first, not at all."""
    world.add_endpoint(receiver.url())
    world.sql(
        """INSERT INTO webhook_deliveries (endpoint_id, message_id, type, order_id, sequence, body,
                                           created_at, next_attempt_at, failing_since)
           SELECT 'shop', 'msg_' || n, 'a type', 'order-' || n %% 6, n, '{}', %(now)s,
                  CASE WHEN n < 6 THEN %(later)s ELSE %(now)s END, CASE WHEN n < 6 THEN %(now)s END
           FROM generate_series(0, 17999) n""",
        now=T0,
        later=T0 + timedelta(minutes=5),
    )
    world.sql("ANALYZE webhook_deliveries")
    with psycopg.connect(
        world.database_url, autocommit=True, options="-c statement_timeout=2000"
    ) as connection:
        due = Store(connection).due(
            {"shop": 4}, [], limit=8, now=T0, passes_failing_since=T0 - timedelta(minutes=5)
        )
    assert due == []


# What the receiver says --------------------------------------------------------------------------


def test_the_tenth_attempt_is_the_last(world: World, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(500)
    world.add_endpoint(receiver.url())
    world.tell(1)
    world.run()
    for hours in (0.01, 0.1, 1, 3, 6, 11, 16, 23, 27):
        world.run(later_s=hours * 3600)
    assert world.deliveries() == [("given up", 10)]
    world.run(later_s=1_000_000)
    assert len({request.message_id for request in receiver.requests}) == 1
    assert len(receiver.requests) == 10


def test_who_answers_410_is_told_nothing_more(world: World, receiver: Receiver) -> None:
    receiver.reply = lambda request: Reply(410 if request.path == "/gone" else 204)
    world.add_endpoint(receiver.url(path="/gone"), endpoint_id="gone")
    world.add_endpoint(receiver.url(), endpoint_id="shop")
    world.tell(1, 2)
    world.run(rounds=2)
    world.tell(3)
    world.run(rounds=2)
    assert sum(request.path == "/gone" for request in receiver.requests) == 1
    assert world.deliveries() == [("given up", 1), ("given up", 0), *[("delivered", 1)] * 3]
    disabled = "SELECT endpoint_id, disabled_why FROM webhook_positions WHERE disabled_at NOTNULL"
    assert world.sql(disabled) == [("gone", "the receiver answered 410: it wants nothing any more")]


def test_a_replay_that_succeeds_takes_a_gone_receiver_up_again(
    world: World, receiver: Receiver
) -> None:
    receiver.reply = lambda _: Reply(410)
    world.add_endpoint(receiver.url())
    world.tell(1)
    world.run()
    receiver.reply = lambda _: Reply(204)
    replay(world)
    world.run(rounds=2)
    world.tell(2)
    world.run()
    assert receiver.steps() == [1, 1, 2]


def test_retry_after_is_heeded_for_the_whole_endpoint(world: World, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(503, {"Retry-After": "60"})
    world.add_endpoint(receiver.url())
    world.tell(1)
    world.run()
    world.tell(1, order_id="order-2")
    world.run(later_s=59)
    assert receiver.steps("order-2") == []
    world.run(later_s=2)
    assert receiver.steps("order-2") == [1]


def test_a_secret_that_cannot_be_used_fails_the_attempt(world: World, receiver: Receiver) -> None:
    world.add_endpoint(receiver.url(), secrets=("whsec_a",))
    world.tell(1)
    world.run()
    assert world.attempts() == [(None, "the endpoint's secret is not whsec_ and base64; renew it")]
    assert receiver.requests == []


# Replays -----------------------------------------------------------------------------------------


def replay(world: World, by: str = "Li") -> None:
    world.sql(
        """INSERT INTO webhook_replays (delivery_id, requested_at, requested_by)
           SELECT delivery_id, %(now)s, %(by)s FROM webhook_deliveries""",
        now=world.now,
        by=by,
    )


def test_a_replay_sends_the_same_message_again(world: World, receiver: Receiver) -> None:
    world.add_endpoint(receiver.url())
    world.tell(1)
    world.run()
    replay(world)
    world.run()
    first, second = receiver.requests
    assert (first.message_id, first.body) == (second.message_id, second.body)
    by = "SELECT requested_by FROM webhook_attempts ORDER BY attempt"
    assert world.sql(by) == [(None,), ("Li",)]
    assert world.sql("SELECT * FROM webhook_replays") == []


def test_a_replay_that_fails_leaves_the_schedule_alone(world: World, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(500)
    world.add_endpoint(receiver.url())
    world.tell(1)
    world.run()
    due = "SELECT next_attempt_at FROM webhook_deliveries"
    before = world.sql(due)
    replay(world)
    world.run(later_s=1)
    assert world.sql(due) == before
    world.run(later_s=4.6)  # the schedule's second attempt, at most 5.5 s after the first
    assert world.deliveries() == [("waiting", 3)]
    world.run(later_s=299)  # its third one is not before 5 minutes
    assert world.deliveries() == [("waiting", 3)]


def test_a_replay_to_a_deleted_endpoint_says_why_it_was_not_sent(
    world: World, receiver: Receiver
) -> None:
    world.add_endpoint(receiver.url())
    world.tell(1)
    world.run()
    world.sql("UPDATE webhook_endpoints SET deleted_at = %(now)s", now=world.now)
    replay(world)
    world.run()
    assert len(receiver.requests) == 1
    assert world.attempts()[1] == (None, "not sent: the endpoint is deleted or not enabled")


# Recording ---------------------------------------------------------------------------------------


def test_what_is_recorded_twice_counts_once(world: World, receiver: Receiver) -> None:
    """As after a connection that was lost between a commit and its answer."""
    world.add_endpoint(receiver.url())
    world.tell(1)
    outcome = outcome_of(the_due(world), Answer(at=world.now, took_ms=5, status=500))
    for _ in range(2):
        world.store.record([outcome])
    assert world.deliveries() == [("waiting", 1)]
    assert world.attempts() == [(500, None)]


def test_a_failure_that_is_recorded_late_takes_no_success_back(
    world: World, receiver: Receiver
) -> None:
    """As where another notifier was quicker."""
    world.add_endpoint(receiver.url())
    world.tell(1)
    due = the_due(world)
    late = world.now + timedelta(milliseconds=1)
    world.store.record([outcome_of(due, Answer(at=world.now, took_ms=5, status=200))])
    world.store.record([outcome_of(due, Answer(at=late, took_ms=5, status=500))])
    assert world.deliveries() == [("delivered", 2)]


def the_due(world: World) -> Due:
    """Queue what happened, and return the only delivery without attempting it."""
    events, end = world.store.events_after(Position(0, 0), [OPENED], limit=9)
    (endpoint,) = world.store.endpoints()
    deliveries, moved = plan_deliveries(endpoint, events, end)
    world.store.queue(deliveries, [moved], now=world.now)
    (due,) = world.store.due(
        {"shop": 1}, [], limit=1, now=world.now, passes_failing_since=world.now
    )
    return due


# From events to deliveries -----------------------------------------------------------------------


def test_an_endpoint_is_told_from_its_beginning_not_of_the_past(
    world: World, receiver: Receiver
) -> None:
    """Even of what happens before a notifier first sees it."""
    world.tell(1)
    world.now += timedelta(seconds=1)
    world.sql(
        """INSERT INTO webhook_endpoints (endpoint_id, url, event_types, secrets, created_at)
           VALUES ('shop', %(url)s, '{}', %(secrets)s, %(now)s)""",
        url=receiver.url(),
        secrets=[SECRET],
        now=world.now,
    )
    world.now += timedelta(seconds=1)
    world.tell(2)
    world.run(rounds=2)
    assert receiver.steps() == [2]


def test_a_slow_transaction_is_not_passed_over(world: World, receiver: Receiver) -> None:
    """The later one of two events commits first; ids alone would lose the other."""
    world.add_endpoint(receiver.url())
    with psycopg.connect(world.database_url) as slow:
        slow.execute(
            """INSERT INTO events (at, type, order_id, data)
               VALUES (%s, %s, 'order-1', '{"order_id": "order-1", "step": 1}')""",
            [world.now, OPENED],
        )
        world.tell(2)
        world.run(rounds=2)
        assert receiver.steps() == []
    world.run(rounds=2)
    assert receiver.steps() == [1, 2]


def test_more_events_than_one_transaction_takes(world: World, receiver: Receiver) -> None:
    world.add_endpoint(receiver.url())
    world.sql(
        """INSERT INTO events (at, type, order_id, data)
           SELECT %(now)s, %(type)s, 'order-' || n, '{}' FROM generate_series(1, 1001) n""",
        now=world.now,
        type=OPENED,
    )
    world.run(rounds=3)  # 500, 500, 1
    sequences = "SELECT count(*), max(sequence) FROM webhook_deliveries"
    assert world.sql(sequences) == [(1001, 1001)]


def test_another_notifier_goes_on_where_the_first_one_ended(
    database_url: str, receiver: Receiver
) -> None:
    with notifying(database_url) as world:
        world.add_endpoint(receiver.url())
        world.tell(1)
        world.run()
    with notifying(database_url) as world:
        world.tell(2)
        world.run()
    assert receiver.steps() == [1, 2]
    assert [request.message["sequence"] for request in receiver.requests] == [1, 2]


def test_what_happens_while_an_endpoint_is_not_enabled_is_not_told_later(
    world: World, receiver: Receiver
) -> None:
    world.add_endpoint(receiver.url())
    world.sql("UPDATE webhook_endpoints SET enabled = false")
    world.tell(1)
    world.run()
    world.sql("UPDATE webhook_endpoints SET enabled = true")
    world.tell(2)
    world.run()
    assert receiver.steps() == [2]


def test_what_waited_is_given_up_when_nobody_wants_it(world: World, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(500)
    world.add_endpoint(receiver.url())
    world.tell(1, 2)
    world.run()
    world.sql("UPDATE webhook_endpoints SET enabled = false")
    world.run(later_s=600)
    assert world.deliveries() == [("given up", 1), ("given up", 0)]
    assert receiver.steps() == [1]


def test_deliveries_are_kept_for_thirty_days(world: World, receiver: Receiver) -> None:
    world.add_endpoint(receiver.url())
    world.tell(1)
    world.run()
    world.run(later_s=30 * 86_400)
    assert world.deliveries() == [("delivered", 1)]
    world.run(later_s=61)
    assert world.deliveries() == []
    assert world.attempts() == []
