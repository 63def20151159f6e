"""What could not be read is listed, and stored once it can be read."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from gateway.ingest.dead_letters import list_dead_letters, render, replay
from gateway.ingest.delivery import Delivery
from gateway.ingest.flush import Window, join_columns, make_flush
from gateway.ingest.keys import Keys
from gateway.ingest.status import describe
from gateway.ingest.status import render as render_status
from gateway.ingest.store import Store
from schemas.reading import Reading
from schemas.topics import Kind, topic_of
from schemas.wire import to_wire
from tests.ingest_world import (
    OTHER,
    TRUCK,
    A,
    batch_id,
    payload_of,
    query,
    reading,
    rows,
    sender,
)


def wire(*given: Reading, **changes: object) -> bytes:
    return json.dumps(msgspec.to_builtins(to_wire(batch_id(1), sender(), given)) | changes).encode()


def take(database_url: str, *payloads: bytes) -> None:
    """Ingest as if these had come from the truck."""
    window, keys = Window(), Keys()
    for payload in payloads:
        window.add(Delivery(topic=topic_of(TRUCK, Kind.READINGS), payload=payload))
    columns = join_columns(window)
    with Store.connect(database_url) as store:
        if columns is not None:
            keys.learn(store, window, columns, now=datetime.now(UTC))
        flush = make_flush(window, columns, keys.loggers, keys.boots)
        store.write(flush, now=datetime.now(UTC))


def mend(database_url: str, dead_letter_id: int, payload: bytes) -> None:
    """Put in a letter what a newer program would make of it."""
    with Store.connect(database_url) as store, store.transaction():
        store._connection.execute(
            "UPDATE dead_letters SET payload = %s WHERE dead_letter_id = %s",
            [payload, dead_letter_id],
        )


def test_no_letters_are_no_error(database_url: str) -> None:
    assert list_dead_letters(database_url, 10) == []
    assert render([]) == "no dead letters"
    assert str(replay(database_url, None)) == "replayed=0 refused=0"


def test_the_newest_stand_first(database_url: str) -> None:
    take(database_url, b"\0", b"{", payload_of(3, [reading()], OTHER))
    newest, older = list_dead_letters(database_url, 2)
    assert (newest.dead_letter_id, older.dead_letter_id) == (3, 2)
    assert newest.reason == "gateway_id is 'depot-3', but the topic is truck-17's"
    assert older.size_bytes == 1
    assert "waiting" in render([newest])


def test_a_letter_that_passes_is_stored_once_and_marked(database_url: str) -> None:
    take(database_url, wire(reading(0), reading(30), v=2))
    assert replay(database_url, None).refused == {1: "v is 2; this ingest reads version 1"}
    mend(database_url, 1, wire(reading(0), reading(30)))
    assert replay(database_url, [1, 99]).stored == [1]
    assert rows(database_url) == [(A, 0.0, 4.25), (A, 30.0, 4.25)]
    assert replay(database_url, None).stored == []
    (letter,) = list_dead_letters(database_url, 10)
    assert letter.replayed_at is not None
    assert "replayed" in render([letter])


def test_a_bad_reading_is_a_letter_of_its_own_and_stays_one(database_url: str) -> None:
    take(database_url, wire(reading(0), reading(30), temperature_centi_c=[425, 20_000]))
    assert rows(database_url) == [(A, 0.0, 4.25)]
    assert replay(database_url, None).refused == {1: "cannot be true: temperature_centi_c is 20425"}
    assert len(list_dead_letters(database_url, 10)) == 1


def test_of_a_letter_with_good_and_bad_readings_the_good_are_stored(database_url: str) -> None:
    take(database_url, b"\0")
    mend(database_url, 1, wire(reading(0), reading(30), rssi_dbm=[21, -81]))
    assert replay(database_url, None).stored == [1]
    assert rows(database_url) == [(A, 30.0, 4.25)]
    assert [letter.replayed_at is None for letter in list_dead_letters(database_url, 10)] == [
        True,
        False,
    ]


def test_late_letters_do_not_repeat_what_came_since(database_url: str) -> None:
    take(database_url, b"\0", wire(reading(0), reading(60)))
    mend(database_url, 1, wire(reading(0), reading(30)))
    replay(database_url, None)
    assert [at for _, at, _ in rows(database_url)] == [0.0, 30.0, 60.0]


def test_an_old_status_is_not_replayed(database_url: str) -> None:
    window = Window()
    window.add(Delivery(topic=topic_of(TRUCK, Kind.STATUS), payload=b"{"))
    with Store.connect(database_url) as store:
        flush = make_flush(window, None, Keys().loggers, Keys().boots)
        store.write(flush, now=datetime.now(UTC))
    status = json.dumps({"v": 1, "gateway_id": TRUCK, "state": "online"}).encode()
    mend(database_url, 1, status)
    assert "only batches are replayed" in replay(database_url, None).refused[1]


def test_status_counts_what_came_and_what_waits(database_url: str) -> None:
    """600 readings in 2 messages within the last 300 s: 2 readings/s; two letters wait."""
    take(database_url, *(wire(*(reading(300 * n + s) for s in range(300))) for n in range(2)))
    take(database_url, b"\0", b"{")
    status = describe(database_url)
    assert status.readings_per_s == pytest.approx(2.0)
    assert status.messages_per_s == pytest.approx(2 / 300)
    assert (status.loggers, status.gateways, status.dead_letters) == (1, 1, 2)
    text = render_status(status)
    assert "2.0 new readings/s" in text
    assert "owned by nobody" in text
    assert "2 waiting" in text
    newest = query(database_url, "SELECT extract(epoch FROM stored_at - measured_at) FROM latest")
    assert status.median_lag_s == pytest.approx(float(newest[0][0]))
