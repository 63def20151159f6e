"""Wire format: what is encoded comes back; any other bytes are refused by name."""

import json
import zlib
from contextlib import suppress
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.columns import decode_batch, split_out_of_range
from schemas.ids import GatewayId, LoggerId
from schemas.reading import ClockConfidence, Reading, Source
from schemas.wire import (
    MAX_PAYLOAD_BYTES,
    BatchId,
    Sender,
    UnreadableBatch,
    encode_batch,
    parse_batch_id,
    to_wire,
)

BATCH = BatchId(outbox=UUID(int=7), first_row=1, last_row=3)
SENDER = Sender(
    gateway_id=GatewayId("truck-17"),
    boot_id=UUID(int=8),
    sent_at_ms=1_790_000_000_000,
    sent_monotonic_ms=5,
)
A, B = LoggerId("C4:A5:E3:00:00:01"), LoggerId("C4:A5:E3:00:00:02")

readings = st.builds(
    Reading,
    logger_id=st.sampled_from([A, B]),
    frame_format=st.just("ruuvi-df5"),
    measured_at_ms=st.integers(1_262_304_000_000, 4_102_444_800_000),
    temperature_c=st.integers(-10_000, 10_000).map(lambda centi: centi / 100),
    humidity_pct=st.none() | st.integers(0, 10_000).map(lambda centi: centi / 100),
    battery_mv=st.none() | st.integers(0, 32_767),
    rssi_dbm=st.none() | st.integers(-127, 20),
    sequence=st.none() | st.integers(0, 2**31 - 1),
    source=st.sampled_from(Source),
    clock=st.sampled_from(ClockConfidence),
)


def a_reading(**changes: object) -> Reading:
    values: dict[str, object] = {
        "logger_id": A,
        "frame_format": "ruuvi-df5",
        "measured_at_ms": 1_790_000_000_000,
        "temperature_c": 4.25,
    }
    return Reading(**(values | changes))  # type: ignore[arg-type]  # checked by the dataclass's users


def as_json(**changes: object) -> bytes:
    wire = msgspec.to_builtins(to_wire(BATCH, SENDER, [a_reading()]))
    return json.dumps(wire | changes).encode()


@given(st.lists(readings, min_size=1, max_size=60), st.booleans())
def test_what_is_encoded_is_what_is_decoded(rows: list[Reading], compress: bool) -> None:
    batch = decode_batch(encode_batch(BATCH, SENDER, rows, compress=compress))
    expected = sorted(rows, key=lambda row: (row.logger_id, row.measured_at_ms))
    columns = batch.columns
    assert (batch.batch_id, batch.sender) == (BATCH, SENDER)
    assert [columns.loggers[i] for i in columns.logger] == [row.logger_id for row in expected]
    assert columns.measured_at_ms.tolist() == [row.measured_at_ms for row in expected]
    assert (columns.temperature_centi_c / 100).tolist() == [row.temperature_c for row in expected]
    assert columns.sequence.tolist() == [
        -1 if row.sequence is None else row.sequence for row in expected
    ]
    good, bad = split_out_of_range(columns)
    assert good.all()
    assert not bad


def test_json_with_the_same_columns_is_read_like_messagepack() -> None:
    from_json = decode_batch(as_json())
    from_messagepack = decode_batch(encode_batch(BATCH, SENDER, [a_reading()]))
    assert from_json.columns.temperature_centi_c.tolist() == [425]
    assert from_json.sender == from_messagepack.sender


@given(st.binary(max_size=400))
def test_any_bytes_are_columns_or_a_named_error(payload: bytes) -> None:
    with suppress(UnreadableBatch):
        decode_batch(payload)


@given(st.data())
def test_a_damaged_batch_is_columns_or_a_named_error(data: st.DataObject) -> None:
    payload = bytearray(
        encode_batch(BATCH, SENDER, [a_reading()], compress=data.draw(st.booleans()))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    with suppress(UnreadableBatch):
        decode_batch(bytes(payload))


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "no bytes at all"),
        (b"{", "not a batch in JSON"),
        (b"\x80", "not a batch in MessagePack"),
        (zlib.compress(bytes(MAX_PAYLOAD_BYTES + 1)), "expands to more than"),
        (zlib.compress(as_json())[:-5], "zlib stream ends early"),
        (bytes(MAX_PAYLOAD_BYTES + 1), "a batch has at most"),
        (as_json(v=2), "v is 2; this ingest reads version 1"),
        (as_json(batch_id="7"), "batch_id '7' is not"),
        (as_json(gateway_id="a/b"), "'a/b' is no gateway id"),
        (as_json(boot_id="x"), "gateway_id or boot_id"),
        (as_json(sent_at_ms=-1), "sent_at_ms is -1"),
        (as_json(counts=[2]), "measured_at_ms has 1 values for 2 readings"),
        (as_json(counts=[0]), "counts must be"),
        (as_json(loggers=["x"]), "loggers: 'x' is no logger id"),
        (as_json(loggers=[A, A], formats=["a", "a"], counts=[1, 1]), "stands twice"),
        (as_json(formats=[]), "differ in length"),
        (as_json(formats=["\n"]), "not a short printable name"),
        (as_json(sequence=[2**70]), "Integer value out of range|beyond 64 bits|not a batch"),
        (as_json(sequence=[2**50]), r"sequence has a difference beyond 2\*\*49"),
        (as_json(replaces_measured_at_ms=[1, 2]), "has 2 values for 1 readings"),
    ],
)
def test_an_unreadable_batch_says_where_and_why(payload: bytes, message: str) -> None:
    with pytest.raises(UnreadableBatch, match=message):
        decode_batch(payload)


def test_a_sum_of_small_differences_is_checked_after_the_sum() -> None:
    """50 °C and then 60 °C more: each number is small, the second temperature cannot be true."""
    rows = [a_reading(), a_reading(measured_at_ms=1_790_000_010_000)]
    wire = msgspec.to_builtins(to_wire(BATCH, SENDER, rows)) | {"temperature_centi_c": [5000, 6000]}
    good, bad = split_out_of_range(decode_batch(json.dumps(wire).encode()).columns)
    assert good.tolist() == [True, False]
    assert {name: rows.tolist() for name, rows in bad.items()} == {
        "temperature_centi_c": [False, True]
    }


@pytest.mark.parametrize(
    ("column", "inside", "outside"),
    [
        ("temperature_centi_c", [-10_000, 10_000], [-10_001, 10_001]),
        ("humidity_centi_pct", [-1, 0, 10_000], [-2, 10_001]),
        ("battery_mv", [-1, 0, 32_767], [-2, 32_768]),
        ("rssi_dbm", [-127, 20, 127], [-128, 21, 126]),
        ("sequence", [-1, 0, 2**31 - 1], [-2, 2**31]),
        ("source", [0, 1], [-1, 2]),
        ("clock", [0, 3], [-1, 4]),
        ("measured_at_ms", [1_262_304_000_000, 4_102_444_800_000], [0, 4_102_444_800_001]),
    ],
)
def test_each_range_holds_on_both_sides(column: str, inside: list[int], outside: list[int]) -> None:
    for value in inside + outside:
        good, _ = split_out_of_range(decode_batch(as_json(**{column: [value]})).columns)
        assert good.tolist() == [value in inside]


@pytest.mark.parametrize(
    ("latest_ms", "good"), [(1_790_000_000_000, True), (1_789_999_999_999, False)]
)
def test_nothing_was_measured_later_than_the_caller_says(latest_ms: int, good: bool) -> None:
    columns = decode_batch(as_json(measured_at_ms=[1_790_000_000_000])).columns
    rows, bad = split_out_of_range(columns, latest_ms=latest_ms)
    assert rows.tolist() == [good]
    assert ("measured_at_ms" in bad) is not good


def test_rows_are_taken_with_all_their_columns() -> None:
    rows = [a_reading(), a_reading(logger_id=B, temperature_c=-18.0)]
    columns = decode_batch(encode_batch(BATCH, SENDER, rows)).columns
    taken = columns.take(np.array([False, True]))
    assert [taken.loggers[i] for i in taken.logger] == [B]
    assert taken.temperature_centi_c.tolist() == [-1800]


@given(st.integers(0, 10**17), st.integers(0, 10**17))
def test_a_batch_id_reads_back(first: int, length: int) -> None:
    batch_id = BatchId(outbox=UUID(int=7), first_row=first, last_row=first + length)
    assert parse_batch_id(str(batch_id)) == batch_id


def test_a_batch_id_whose_rows_run_backwards_is_refused() -> None:
    with pytest.raises(UnreadableBatch, match="is not <outbox uuid>"):
        parse_batch_id(f"{UUID(int=7)}/3/2")
