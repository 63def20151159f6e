"""Who owns a shard, and how it passes from one ingestor to another without a loss."""

from typing import TYPE_CHECKING

import pytest

from frostline.stack.waiting import wait_until
from gateway.ingest.ingest import ShardTaken
from gateway.ingest.status import describe, render
from gateway.ingest.store import Store
from schemas.topics import shard_of
from tests.ingest_world import (
    OTHER,
    TRUCK,
    A,
    B,
    Ingestor,
    edge_on,
    held_for_ingest,
    ingesting,
    query,
    reading,
    rows,
    settings_for,
)

if TYPE_CHECKING:
    from frostline.stack.broker import Broker
    from tests.conftest import MakeBroker

CONNECTED = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name LIKE 'frostline ingest 00-3f%'"
)
TRUCKS_SHARD, OTHERS_SHARD = f"{shard_of(TRUCK):02x}", f"{shard_of(OTHER):02x}"


@pytest.fixture
def private_broker(make_broker: "MakeBroker") -> "Broker":
    return make_broker()


def wait_for_owner(database_url: str, shards: str) -> None:
    wait_until(lambda: shards in render(describe(database_url)), what=f"an owner of {shards}")


def test_a_second_owner_is_refused_with_a_sentence_that_names_the_first(
    private_broker: "Broker", database_url: str
) -> None:
    with ingesting(settings_for(private_broker, database_url, shards="00-1f")):
        wait_for_owner(database_url, "00-1f owned by")
        second = Ingestor(settings_for(private_broker, database_url, shards="1f-3f"))
        second.join()
    assert isinstance(second.failure, ShardTaken)
    assert str(second.failure).startswith("shard 1f is owned by 'frostline ingest 00-1f on ")
    assert "FROSTLINE_INGEST_TAKEOVER" in str(second.failure)


def test_a_refused_owner_keeps_no_shard(database_url: str) -> None:
    with Store.connect(database_url) as first, Store.connect(database_url) as second:
        assert first.lock(range(0x10, 0x20))
        assert not second.lock(range(0x08, 0x11))
        assert {holder.shard for holder in first.lock_holders()} == set(range(0x10, 0x20))


def test_two_ingestors_share_the_shards(private_broker: "Broker", database_url: str) -> None:
    assert TRUCKS_SHARD != OTHERS_SHARD
    first = settings_for(private_broker, database_url, shards=TRUCKS_SHARD)
    second = settings_for(private_broker, database_url, shards=OTHERS_SHARD)
    with (
        edge_on(private_broker) as truck,
        edge_on(private_broker, OTHER) as other,
        ingesting(first),
    ):
        truck.send(1, reading(0))
        truck.wait_stored(1)
        with ingesting(second):
            other.send(1, reading(0, logger=B))
            other.wait_stored(1)
    assert [logger for logger, *_ in rows(database_url)] == [A, B]


def test_a_shard_moves_and_nothing_is_lost(private_broker: "Broker", database_url: str) -> None:
    """The new owner subscribes and waits; the old drains what it was sent, and ends its session."""
    old_settings = settings_for(private_broker, database_url, release=True)
    new_settings = settings_for(private_broker, database_url, shards=TRUCKS_SHARD, takeover=True)
    with edge_on(private_broker) as truck:
        old = Ingestor(old_settings)
        truck.send(0, reading(0))
        truck.wait_stored(0)
        with ingesting(new_settings):
            for number in range(1, 30):
                truck.send(number, reading(30 * number))
            old.stop()
            for number in range(30, 40):
                truck.send(number, reading(30 * number))
            truck.wait_stored(*range(40))
    assert old.failure is None
    assert [at for _, at, _ in rows(database_url)] == [30.0 * number for number in range(40)]
    assert held_for_ingest(private_broker) == []  # nor does it have a session to hold it in


def test_a_released_session_holds_nothing_for_anybody(
    private_broker: "Broker", database_url: str
) -> None:
    with edge_on(private_broker) as truck:
        with ingesting(settings_for(private_broker, database_url, release=True)):
            truck.send(1, reading(0))
        message = truck.client.publish(f"frostline/v1/{TRUCKS_SHARD}/{TRUCK}/readings", b"", qos=1)
        wait_until(lambda: message.mid in truck.pubacks, what="the broker's PUBACK")
    assert truck.pubacks[message.mid] == 0x10  # MQTT 5, 3.4.2.1: no matching subscribers
    assert len(rows(database_url)) == 1  # drained before it went


def test_an_ingestor_with_the_same_shards_waits_and_takes_the_session_over(
    private_broker: "Broker", database_url: str
) -> None:
    """A rolling restart: same client id, so the broker hands all that is unacknowledged over."""
    with edge_on(private_broker) as truck:
        old = Ingestor(settings_for(private_broker, database_url))
        truck.send(1, reading(0))
        truck.wait_stored(1)
        with ingesting(settings_for(private_broker, database_url, takeover=True)):
            wait_until(lambda: len(query(database_url, CONNECTED)) == 2, what="the second ingestor")
            truck.send(2, reading(30))
            truck.wait_stored(2)
            old.stop()
            truck.send(3, reading(60))
            truck.wait_stored(3)
    assert old.failure is None
    assert len(rows(database_url)) == 3


def test_an_owner_that_loses_its_connection_owns_its_shards_again(
    private_broker: "Broker", database_url: str
) -> None:
    with (
        edge_on(private_broker) as truck,
        ingesting(settings_for(private_broker, database_url)),
    ):
        truck.send(1, reading(0))
        truck.wait_stored(1)
        terminated = query(
            database_url,
            CONNECTED.replace("pid", "pg_terminate_backend(pid, 5000)"),
        )
        assert terminated == [(True,)]
        truck.send(2, reading(30))
        truck.wait_stored(2)
        wait_for_owner(database_url, "00-3f owned by")
