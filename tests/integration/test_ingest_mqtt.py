"""From a real broker to a real TimescaleDB: acknowledged and answered only once stored."""

import json
import queue
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

import gateway.ingest.broker
from frostline.migrate import migrate
from frostline.stack.broker import Broker
from frostline.stack.waiting import wait_until
from gateway.ingest.delivery import Delivery
from gateway.ingest.errors import SchemaMissing
from gateway.ingest.ingest import BrokerRefused
from schemas.topics import Kind, topic_of
from schemas.wire import to_wire
from tests.ingest_world import (
    OTHER,
    T0,
    TRUCK,
    A,
    B,
    Edge,
    Ingestor,
    batch_id,
    edge_on,
    held_for_ingest,
    ingesting,
    payload_of,
    query,
    reading,
    rows,
    sender,
    settings_for,
)

if TYPE_CHECKING:
    from gateway.ingest.broker import Inbox
    from tests.conftest import MakeBroker, MakePostgres


@pytest.fixture
def private_broker(make_broker: "MakeBroker") -> Broker:
    """Run a broker of the test's own: sessions outlive an ingestor."""
    return make_broker()


@pytest.fixture
def edge(private_broker: Broker) -> Iterator[Edge]:
    with edge_on(private_broker) as edge:
        yield edge


def test_a_batch_is_stored_once_and_answered(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    with ingesting(settings_for(private_broker, database_url)):
        edge.send(1, reading(0), reading(30, logger=B))
        edge.wait_stored(1)
        assert rows(database_url) == [(A, 0.0, 4.25), (B, 30.0, 4.25)]
        edge.send(1, reading(0), reading(30, logger=B))
        wait_until(lambda: edge.stored == [batch_id(1)] * 2, what="the second answer")
    assert len(rows(database_url)) == 2
    assert held_for_ingest(private_broker) == []


def test_each_gateway_hears_of_its_own_batches(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    with (
        edge_on(private_broker, OTHER) as other,
        ingesting(settings_for(private_broker, database_url)),
    ):
        edge.send(1, reading(0))
        other.send(2, reading(0, logger=B))
        edge.wait_stored(1)
        other.wait_stored(2)
    assert (edge.stored, other.stored) == ([batch_id(1)], [batch_id(2)])


def test_what_was_published_while_it_was_away_is_fetched(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    settings = settings_for(private_broker, database_url)
    with ingesting(settings):
        edge.send(0, reading(0))
        edge.wait_stored(0)
    for number in range(1, 6):
        edge.send(number, reading(30 * number))
    assert len(rows(database_url)) == 1
    with ingesting(settings):
        edge.wait_stored(*range(6))
    assert len(rows(database_url)) == 6


def test_an_unreadable_batch_is_kept_acknowledged_and_answered(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    with ingesting(settings_for(private_broker, database_url)):
        edge.send_bytes(1, b"\x00nonsense")
        edge.send_bytes(None, b"{}")
        edge.send_bytes(2, payload_of(2, [reading()], OTHER))
        edge.send(3, reading(0), reading(30, temperature_c=100.01))
        edge.wait_stored(3)
        wait_until(lambda: len(edge.dead_lettered) == 2, what="answers")
        edge.send_bytes(None, b"offline?", kind=Kind.STATUS)
        wait_until(
            lambda: len(query(database_url, "SELECT 1 FROM dead_letters")) == 5, what="five letters"
        )
    assert edge.dead_lettered == [batch_id(1), batch_id(2)]
    assert rows(database_url) == [(A, 0.0, 4.25)]
    letters = query(
        database_url,
        "SELECT topic, gateway_id, batch_id, reason FROM dead_letters ORDER BY dead_letter_id",
    )
    assert {letter[0] for letter in letters} == {
        topic_of(TRUCK, Kind.READINGS),
        topic_of(TRUCK, Kind.STATUS),
    }
    assert [letter[2] for letter in letters] == [
        *(str(batch_id(1)), None, str(batch_id(2)), str(batch_id(3)), None)
    ]
    assert "temperature_centi_c is 10001" in letters[3][3]
    assert held_for_ingest(private_broker) == []


def test_a_status_and_a_last_will_are_kept(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    def status(state: str) -> bytes:
        return f'{{"v": 1, "gateway_id": "{TRUCK}", "state": "{state}"}}'.encode()

    def kept() -> list[tuple[object, ...]]:
        return query(database_url, "SELECT gateway_id, status->>'state' FROM gateways")

    with ingesting(settings_for(private_broker, database_url)):
        for state in ("online", "offline"):
            edge.send_bytes(None, status(state), kind=Kind.STATUS)
            wait_until(lambda state=state: kept() == [(TRUCK, state)], what=state)


def test_nothing_is_acknowledged_before_it_is_stored(
    private_broker: Broker, make_postgres: "MakePostgres", edge: Edge
) -> None:
    """The database dies, and comes back; then the ingestor dies first. Each row is there once."""
    postgres = make_postgres()
    database_url = postgres.create_database("ingest")
    migrate(database_url)
    settings = settings_for(private_broker, database_url)
    with ingesting(settings):
        edge.send(1, reading(0))
        edge.wait_stored(1)
        postgres.kill()
        edge.send(2, reading(30))
        edge.send(3, reading(60))
        postgres.start()
        edge.wait_stored(2, 3)
        postgres.kill()
        edge.send(4, reading(90))
    assert edge.stored == [batch_id(1), batch_id(2), batch_id(3)]
    assert held_for_ingest(private_broker) == [payload_of(4, [reading(90)])]
    postgres.start()
    with ingesting(settings):
        edge.wait_stored(4)
    assert [at for _, at, _ in rows(database_url)] == [0.0, 30.0, 60.0, 90.0]


def test_acks_of_a_lost_session_do_not_erase_new_messages(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    """The broker is killed before it saved the session, and gives the same message id again."""
    inbox: Inbox = queue.SimpleQueue()
    door = gateway.ingest.broker.Broker(
        settings_for(private_broker, database_url), range(64), inbox
    )
    door.start()
    try:
        assert door.wait_subscribed(10)
        edge.send(1, reading(0))
        old = inbox.get(timeout=10)
        private_broker.kill()
        private_broker.start()
        edge.send(2, reading(30))
        new = inbox.get(timeout=10)
        assert isinstance(old, Delivery)
        assert isinstance(new, Delivery)
        assert old.receipt is not None
        assert new.receipt is not None
        assert old.receipt[1] == new.receipt[1]
        door.acknowledge([old.receipt])
    finally:
        door.close(end_session=False)
    assert held_for_ingest(private_broker) == [payload_of(2, [reading(30)])]


def test_what_waits_in_the_inbox_of_a_lost_connection_is_left_to_come_again(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    """Broker stopped in good order: its session survives, and it sends both again, flagged."""
    inbox: Inbox = queue.SimpleQueue()
    door = gateway.ingest.broker.Broker(
        settings_for(private_broker, database_url), range(64), inbox
    )
    door.start()
    try:
        assert door.wait_subscribed(10)
        edge.send(1, reading(0))
        edge.send(2, reading(30))
        wait_until(lambda: inbox.qsize() == 2, what="both")
        private_broker.stop()
        wait_until(inbox.empty, what="an empty inbox")
        private_broker.start()
        again = [inbox.get(timeout=10) for _ in range(2)]
    finally:
        door.close(end_session=False)
    assert [isinstance(item, Delivery) and item.may_repeat for item in again] == [True, True]


def test_a_full_inbox_holds_the_broker_back(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    """Mosquitto 2.0.11 forgets our receive maximum once the first message is acknowledged."""
    inbox: Inbox = queue.SimpleQueue()
    settings = settings_for(private_broker, database_url, receive_maximum=5, flush_max_messages=5)
    door = gateway.ingest.broker.Broker(settings, range(64), inbox)
    door.start()
    try:
        assert door.wait_subscribed(10)
        for number in range(40):
            edge.send(number, reading(30 * number))
        seen: list[Delivery] = []
        while len(seen) < 40:
            assert inbox.qsize() <= 5
            item = inbox.get(timeout=10)
            assert isinstance(item, Delivery)
            assert item.receipt is not None
            seen.append(item)
            door.acknowledge([item.receipt])
    finally:
        door.close(end_session=False)
    assert [item.payload for item in seen] == [
        payload_of(number, [reading(30 * number)]) for number in range(40)
    ]


def test_it_goes_on_after_the_broker_was_killed(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    with ingesting(settings_for(private_broker, database_url)):
        edge.send(1, reading(0))
        edge.wait_stored(1)
        private_broker.kill()
        private_broker.start()
        edge.send(2, reading(30))
        edge.wait_stored(2)
    assert len(rows(database_url)) == 2


def test_a_correction_passes_like_any_batch(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    wire = msgspec.to_builtins(to_wire(batch_id(2), sender(), [reading(0)]))
    wire["replaces_measured_at_ms"] = [T0 + 3_600_000]
    with ingesting(settings_for(private_broker, database_url)):
        edge.send(1, reading(3600))
        edge.send_bytes(2, json.dumps(wire).encode())
        edge.send(3, reading(30))  # newer than the corrected row, older than the withdrawn one
        edge.wait_stored(1, 2, 3)
    assert rows(database_url) == [(A, 0.0, 4.25), (A, 30.0, 4.25)]
    assert query(database_url, "SELECT measured_at FROM latest") == [
        (datetime(2026, 9, 21, 14, 13, 50, tzinfo=UTC),)
    ]


def test_a_wrong_password_ends_it_with_a_sentence(
    private_broker: Broker, database_url: str
) -> None:
    ingestor = Ingestor(settings_for(private_broker, database_url, broker_password="wrong"))
    ingestor.join()
    assert isinstance(ingestor.failure, BrokerRefused)
    assert "FROSTLINE_INGEST_BROKER_PASSWORD" in str(ingestor.failure)


def test_a_user_that_may_not_subscribe_is_told(private_broker: Broker, database_url: str) -> None:
    """Mosquitto grants any subscription and filters what is sent; others refuse in the SUBACK."""
    inbox: Inbox = queue.SimpleQueue()
    door = gateway.ingest.broker.Broker(
        settings_for(private_broker, database_url), range(64), inbox
    )
    refused = [ReasonCode(PacketTypes.SUBACK, identifier=0x87)]
    door._on_subscribe(mqtt.Client(CallbackAPIVersion.VERSION2), None, 1, refused, None)
    refusal = inbox.get_nowait()
    assert isinstance(refusal, BrokerRefused)
    assert "grant it frostline/v1/+/+/readings" in str(refusal)


def test_a_database_without_tables_is_refused_at_once(
    private_broker: Broker, empty_database_url: str
) -> None:
    """Before it subscribes: nothing can come that it would have to refuse."""
    ingestor = Ingestor(settings_for(private_broker, empty_database_url))
    ingestor.join()
    assert isinstance(ingestor.failure, SchemaMissing)
    assert "frostline migrate" in str(ingestor.failure)
