"""The transaction on a real TimescaleDB: what it writes, once, and in which way."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from gateway.ingest.delivery import DeadLetter, Delivery
from gateway.ingest.flush import Window, join_columns, make_flush
from gateway.ingest.keys import Keys
from gateway.ingest.store import DeadLetterLimits, Store, Written
from schemas.ids import GatewayId, LoggerId
from schemas.reading import ClockConfidence, Reading, Source
from schemas.topics import Kind, topic_of
from schemas.wire import deltas, to_wire
from tests.ingest_world import (
    OTHER,
    T0,
    TRUCK,
    A,
    B,
    batch_id,
    payload_of,
    query,
    reading,
    rows,
    sender,
)

NOW = datetime(2026, 9, 22, tzinfo=UTC)


class Writer:
    """An ingestor without MQTT."""

    def __init__(self, database_url: str) -> None:
        self.store = Store.connect(database_url)
        self.keys = Keys()

    def write(
        self, *given: Reading, gateway_id: GatewayId = TRUCK, may_repeat: bool = False
    ) -> Written:
        return self.write_payload(payload_of(1, given, gateway_id), gateway_id, may_repeat)

    def write_payload(
        self, payload: bytes, gateway_id: GatewayId = TRUCK, may_repeat: bool = False
    ) -> Written:
        topic = topic_of(gateway_id, Kind.READINGS)
        window = Window()
        window.add(Delivery(topic=topic, payload=payload, may_repeat=may_repeat))
        columns = join_columns(window)
        assert columns is not None
        self.keys.learn(self.store, window, columns, now=NOW)
        flush = make_flush(window, columns, self.keys.loggers, self.keys.boots)
        return self.store.write(flush, now=NOW)


@pytest.fixture
def writer(database_url: str) -> Iterator[Writer]:
    writer = Writer(database_url)
    with writer.store:
        yield writer


@pytest.fixture
def second_writer(database_url: str) -> Iterator[Writer]:
    writer = Writer(database_url)
    with writer.store:
        yield writer


def test_every_column_arrives(database_url: str, writer: Writer) -> None:
    full = reading(
        0,
        temperature_c=-18.37,
        humidity_pct=53.49,
        battery_mv=2977,
        rssi_dbm=-70,
        sequence=205,
        source=Source.HISTORY,
        clock=ClockConfidence.ESTIMATED,
    )
    bare = reading(30, temperature_c=0.0)
    writer.write(full, bare)
    assert query(
        database_url,
        "SELECT r.measured_at, temperature_c, humidity_pct, sequence, battery_mv, rssi_dbm, "
        "source, clock, gateway_id, boot_id::text FROM readings r JOIN boots USING (boot_key) "
        "JOIN gateways USING (gateway_key) ORDER BY 1",
    ) == [
        (
            datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
            pytest.approx(-18.37, abs=1e-5),
            pytest.approx(53.49, abs=1e-5),
            205,
            2977,
            -70,
            1,
            3,
            TRUCK,
            "00000000-0000-0000-0000-000000000008",
        ),
        (
            datetime(2026, 9, 21, 14, 13, 50, tzinfo=UTC),
            0.0,
            None,
            None,
            None,
            None,
            0,
            0,
            TRUCK,
            "00000000-0000-0000-0000-000000000008",
        ),
    ]


def test_a_repeat_stores_and_touches_nothing(database_url: str, writer: Writer) -> None:
    assert writer.write(reading(0), reading(30)).new == 2
    again = writer.write(reading(0), reading(30))
    assert (again.new, again.copy_repeated) == (0, False)
    assert query(database_url, "SELECT count(*) FROM touched") == [(1,)]
    assert query(database_url, "SELECT count(*) FROM events") == [(1,)]


def test_the_first_row_of_a_key_stands(database_url: str, writer: Writer) -> None:
    writer.write(reading(0, temperature_c=4.0))
    writer.write(reading(0, temperature_c=5.0), reading(30, temperature_c=6.0))
    assert rows(database_url) == [(A, 0.0, 4.0), (A, 30.0, 6.0)]


def test_late_rows_are_new_and_leave_latest_alone(database_url: str, writer: Writer) -> None:
    writer.write(reading(60, temperature_c=6.0))
    late = writer.write(reading(0), reading(30), reading(60))
    assert (late.new, late.late) == (2, 2)
    assert query(database_url, "SELECT measured_at, temperature_c FROM latest") == [
        (datetime(2026, 9, 21, 14, 14, 20, tzinfo=UTC), 6.0)
    ]


def test_one_touched_row_a_logger_spans_old_and_new(database_url: str, writer: Writer) -> None:
    writer.write(reading(60), reading(0, logger=B))
    writer.write(reading(0), reading(90), reading(60))
    first = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert query(
        database_url,
        "SELECT logger_id, from_at, to_at FROM touched JOIN heard_loggers USING (logger_key) "
        "ORDER BY touched_id",
    ) == [
        (A, first + timedelta(seconds=60), first + timedelta(seconds=60)),
        (B, first, first),
        (A, first, first + timedelta(seconds=90)),
    ]


def test_an_event_names_loggers_range_and_time(database_url: str, writer: Writer) -> None:
    writer.write(reading(60), reading(0, logger=B))
    keys = [key for (key,) in query(database_url, "SELECT logger_key FROM heard_loggers")]
    ((at, kind, logger_keys, from_at, to_at, data),) = query(
        database_url, "SELECT at, type, logger_keys, from_at, to_at, data FROM events"
    )
    assert (at, kind, sorted(logger_keys)) == (NOW, "frostline.readings.stored", sorted(keys))
    assert (to_at - from_at).total_seconds() == 60
    assert data == {"messages": 1, "readings": 2, "new": 2}


def test_a_commit_wakes_listeners_once_with_nothing(database_url: str, writer: Writer) -> None:
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute("LISTEN frostline")
        writer.write(reading(0), reading(0, logger=B))
        writer.write(reading(0))
        heard = [notice.payload for notice in listener.notifies(timeout=1)]
    assert heard == [""]


def test_a_key_stored_by_another_ingestor_costs_the_copy_and_no_row(
    database_url: str, writer: Writer, second_writer: Writer
) -> None:
    """Both heard the logger in the same millisecond; the second does not know of the first's."""
    second_writer.write(reading(-30), gateway_id=OTHER)
    writer.write(reading(0, temperature_c=4.0))
    written = second_writer.write(
        reading(0, temperature_c=5.0), reading(30, temperature_c=6.0), gateway_id=OTHER
    )
    assert (written.new, written.copy_repeated) == (1, True)
    assert rows(database_url) == [(A, -30.0, 4.25), (A, 0.0, 4.0), (A, 30.0, 6.0)]


def test_a_flagged_message_takes_the_careful_way(writer: Writer) -> None:
    written = writer.write(reading(0), may_repeat=True)
    assert (written.new, written.late, written.copy_repeated) == (1, 1, False)


def test_what_another_process_stored_is_known_at_first_sight(
    writer: Writer, second_writer: Writer
) -> None:
    writer.write(reading(0), reading(30))
    written = second_writer.write(reading(0), reading(30), reading(60))
    assert (written.new, written.copy_repeated) == (1, False)


def test_no_key_is_burned_by_a_message(database_url: str, writer: Writer) -> None:
    for seconds in range(5):
        writer.keys = Keys()  # as after a restart
        writer.write(reading(seconds))
    writer.write(reading(0, logger=B), gateway_id=OTHER)
    assert query(database_url, "SELECT logger_key FROM heard_loggers ORDER BY 1") == [(1,), (2,)]
    assert query(database_url, "SELECT boot_key FROM boots ORDER BY 1") == [(1,), (2,)]
    assert query(database_url, "SELECT gateway_key FROM gateways ORDER BY 1") == [(1,), (2,)]


def test_a_new_format_of_a_logger_is_noted(database_url: str, writer: Writer) -> None:
    formats = "SELECT frame_format, counter_wrap FROM heard_loggers"
    writer.write(reading(0))
    assert query(database_url, formats) == [("ruuvi-df5", 65535)]
    writer.write(reading(30, frame_format="bthome-v2"))
    assert query(database_url, formats) == [("bthome-v2", 256)]


def corrected(old_seconds: list[float], *given: Reading) -> bytes:
    old_ms = [T0 + round(seconds * 1000) for seconds in old_seconds]
    wire = msgspec.to_builtins(to_wire(batch_id(9), sender(), given))
    return json.dumps(wire | {"replaces_measured_at_ms": deltas(old_ms)}).encode()


def test_a_correction_moves_rows_and_touches_both_places(database_url: str, writer: Writer) -> None:
    """A clock an hour fast: three rows go back by 3,600 s; `latest` follows them."""
    writer.write(*(reading(3600 + s, temperature_c=t) for s, t in ((0, 1.0), (30, 2.0), (60, 3.0))))
    moved = corrected(
        [3600, 3630, 3660], *(reading(s, temperature_c=s / 30 + 1) for s in (0, 30, 60))
    )
    for _ in range(2):  # a redelivery changes nothing
        writer.write_payload(moved)
        assert rows(database_url) == [(A, 0.0, 1.0), (A, 30.0, 2.0), (A, 60.0, 3.0)]
    first = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert query(database_url, "SELECT measured_at, temperature_c FROM latest") == [
        (first + timedelta(seconds=60), 3.0)
    ]
    touched = query(database_url, "SELECT from_at, to_at FROM touched ORDER BY touched_id")
    assert touched[1] == (first, first + timedelta(seconds=3660))


def test_a_correction_onto_its_own_old_times(database_url: str, writer: Writer) -> None:
    """Shifted by one interval, new keys are old keys of their neighbours."""
    writer.write(*(reading(s, temperature_c=s / 30) for s in (0, 30, 60)))
    writer.write_payload(
        corrected([0, 30, 60], *(reading(s + 30, temperature_c=s / 30) for s in (0, 30, 60)))
    )
    assert rows(database_url) == [(A, 30.0, 0.0), (A, 60.0, 1.0), (A, 90.0, 2.0)]


def test_a_correction_leaves_another_gateway_s_rows(database_url: str, writer: Writer) -> None:
    writer.write(reading(0, temperature_c=9.0), gateway_id=OTHER)
    writer.write_payload(corrected([0], reading(-60, temperature_c=1.0)))
    assert rows(database_url) == [(A, -60.0, 1.0), (A, 0.0, 9.0)]


def letters(writer: Writer, *payloads: bytes, only_copy: bool = False) -> None:
    """Keep dead letters, in this order."""
    window = Window()
    topic = topic_of(TRUCK, Kind.READINGS)
    window.dead_letters = [
        DeadLetter(topic=topic, gateway_id=TRUCK, payload=p, reason="", only_copy=only_copy)
        for p in payloads
    ]
    flush = make_flush(window, None, writer.keys.loggers, writer.keys.boots)
    writer.store.write(flush, now=NOW)


def first_bytes(database_url: str) -> list[int]:
    kept = query(database_url, "SELECT get_byte(payload, 0) FROM dead_letters ORDER BY 1")
    return [first for (first,) in kept]


def test_the_oldest_dead_letters_are_given_up_first(database_url: str, writer: Writer) -> None:
    letters(writer, *(bytes([number]) for number in range(5)))
    assert writer.store.trim_dead_letters(DeadLetterLimits(rows=3, megabytes=1)) == 2
    assert first_bytes(database_url) == [2, 3, 4]


def test_dead_letters_are_bounded_in_bytes_too(database_url: str, writer: Writer) -> None:
    """Four letters of 400 kB; a megabyte holds two."""
    letters(writer, *(bytes([number]) * 400_000 for number in range(4)))
    assert writer.store.trim_dead_letters(DeadLetterLimits(rows=100, megabytes=1)) == 2
    assert first_bytes(database_url) == [2, 3]


def test_the_only_copy_is_given_up_last_and_a_replayed_one_first(
    database_url: str, writer: Writer
) -> None:
    letters(writer, b"\0", only_copy=True)
    letters(writer, b"\1", b"\2", b"\3")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE dead_letters SET replayed_at = %s WHERE payload = '\\x03'", [NOW]
        )
    assert writer.store.trim_dead_letters(DeadLetterLimits(rows=2, megabytes=1)) == 1
    assert first_bytes(database_url) == [0, 2]


def test_events_go_by_age_and_marks_by_number(database_url: str, writer: Writer) -> None:
    for number in range(3):
        writer.write(reading(60 * number))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE events SET at = at - INTERVAL '8 days' "
            "WHERE event_id = (SELECT min(event_id) FROM events)"
        )
    writer.store.tidy(events_before=NOW - timedelta(days=7), touched_max=2)
    assert query(database_url, "SELECT count(*) FROM events") == [(2,)]
    assert query(database_url, "SELECT count(*) FROM touched") == [(2,)]


def test_a_letter_with_what_a_database_refuses_is_kept(database_url: str, writer: Writer) -> None:
    window = Window()
    window.add(Delivery(topic="a\0b\ud800", payload=b"\0"))
    flush = make_flush(window, None, writer.keys.loggers, writer.keys.boots)
    writer.store.write(flush, now=NOW)
    assert query(database_url, "SELECT topic FROM dead_letters") == [("a\ufffdb?",)]


def test_the_last_status_is_kept_for_gateways_known_or_not(
    database_url: str, writer: Writer
) -> None:
    writer.write(reading(0))
    window = Window()
    for gateway_id, state in ((TRUCK, "offline"), (TRUCK, "online"), (OTHER, "online")):
        payload = f'{{"v": 1, "gateway_id": "{gateway_id}", "state": "{state}"}}'.encode()
        window.add(Delivery(topic=topic_of(gateway_id, Kind.STATUS), payload=payload))
    flush = make_flush(window, None, writer.keys.loggers, writer.keys.boots)
    writer.store.write(flush, now=NOW)
    assert query(
        database_url, "SELECT gateway_id, status->>'state', status_at FROM gateways ORDER BY 1"
    ) == [(OTHER, "online", NOW), (TRUCK, "online", NOW)]


def in_this_order(gateway_id: GatewayId, loggers: list[LoggerId], seconds: list[float]) -> bytes:
    """Encode these times for each logger; the edge's own encoder would sort the loggers."""
    given = [reading(at, logger=logger) for logger in sorted(loggers) for at in seconds]
    wire = msgspec.to_builtins(to_wire(batch_id(1), sender(gateway_id), given))
    times = [T0 + round(at * 1000) for _ in loggers for at in seconds]
    return json.dumps(wire | {"loggers": loggers, "measured_at_ms": deltas(times)}).encode()


def test_two_ingestors_that_hear_the_same_loggers_do_not_deadlock(database_url: str) -> None:
    """One sends its loggers forwards, the other backwards; each transaction holds all of them."""
    loggers = [LoggerId(f"C4:A5:E3:00:{i >> 8:02X}:{i & 255:02X}") for i in range(400)]
    failures: list[BaseException] = []
    side_by_side = threading.Barrier(2)

    def ingest(gateway_id: GatewayId, order: list[LoggerId], offset_s: float) -> None:
        writer = Writer(database_url)
        with writer.store:
            for i in range(10):
                side_by_side.wait(10)
                seconds = [-30 * i - 1, 30 * i + offset_s]  # the first both have heard, and late
                try:
                    writer.write_payload(in_this_order(gateway_id, order, seconds), gateway_id)
                except psycopg.Error as error:
                    failures.append(error)

    threads = [
        threading.Thread(target=ingest, args=[TRUCK, loggers, 0.0]),
        threading.Thread(target=ingest, args=[OTHER, loggers[::-1], 0.001]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    # 10 rounds: each gateway's own 400 rows, and 400 late ones that both heard at once.
    assert query(database_url, "SELECT count(*) FROM readings") == [(10 * 400 * 3,)]
