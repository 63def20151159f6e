"""Buffers for PostgreSQL are byte for byte what psycopg's own binary dumpers write."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer
from psycopg.types.numeric import Float4, Int2, Int4

from gateway.ingest import pgbinary

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The signature, flags and extension length that sql-copy.html prescribes, and the trailer.
HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"

Row = tuple[int, int | None, float, int | None]
rows = st.lists(
    st.tuples(
        st.integers(1_262_304_000_000, 4_102_444_800_000),
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.floats(width=32, allow_nan=False),
        st.none() | st.integers(-(2**15), 2**15 - 1),
    ),
    min_size=1,
    max_size=40,
)


def columns(given_rows: list[Row]) -> list[pgbinary.Field]:
    at, whole, real, small = (list(column) for column in zip(*given_rows, strict=True))

    def ints(values: list[Any]) -> tuple[Any, Any]:
        missing = np.array([value is None for value in values])
        return np.array([0 if value is None else value for value in values]), missing

    return [
        pgbinary.timestamptz(np.array(at, dtype=np.int64)),
        pgbinary.int4(*ints(whole)),
        pgbinary.float4(np.array(real)),
        pgbinary.int2(*ints(small)),
    ]


def as_psycopg_copies(given_rows: list[Row]) -> bytes:
    """Write the rows as `Copy.write_row` does, those with the same gaps together."""
    ordered = sorted(given_rows, key=lambda row: 2 * (row[1] is None) + 8 * (row[3] is None))
    transformer = Transformer()
    body = b""
    for at, whole, real, small in ordered:
        values = (
            EPOCH + timedelta(milliseconds=at),
            None if whole is None else Int4(whole),
            Float4(real),
            None if small is None else Int2(small),
        )
        body += struct.pack(">h", len(values))
        for value in values:
            if value is None:
                body += struct.pack(">i", -1)
                continue
            dumped = transformer.get_dumper(value, PyFormat.BINARY).dump(value)
            assert dumped is not None
            body += struct.pack(">i", len(dumped)) + bytes(dumped)
    return HEADER + body + TRAILER


@given(rows)
def test_a_copy_is_what_psycopg_would_send(given_rows: list[Row]) -> None:
    assert bytes(pgbinary.copy_buffer(columns(given_rows))) == as_psycopg_copies(given_rows)


@given(rows)
def test_an_array_is_what_psycopg_would_send(given_rows: list[Row]) -> None:
    values = [None if row[1] is None else Int4(row[1]) for row in given_rows]
    array = pgbinary.array(columns(given_rows)[1], oid=23)
    if any(value is not None for value in values):  # else psycopg cannot know the type
        assert array == Transformer().get_dumper(values, PyFormat.BINARY).dump(values)


def test_an_array_of_nothing_but_gaps() -> None:
    """array_recv: one dimension, has nulls, oid 23, two elements from index 1, each length -1."""
    field = pgbinary.int4(np.array([0, 0]), np.array([True, True]))
    assert pgbinary.array(field, oid=23) == struct.pack(">iiIiiii", 1, 1, 23, 2, 1, -1, -1)


def test_an_empty_array_has_no_dimension() -> None:
    field = pgbinary.int4(np.array([], dtype=np.int64))
    assert pgbinary.array(field, oid=23) == struct.pack(">iiI", 0, 0, 23)


def test_an_empty_copy_is_header_and_trailer() -> None:
    field = pgbinary.int4(np.array([], dtype=np.int64))
    assert bytes(pgbinary.copy_buffer([field])) == HEADER + TRAILER


@pytest.mark.parametrize(("unix_ms", "expected"), [(946_684_800_000, 0), (946_684_800_001, 1000)])
def test_times_count_microseconds_from_2000(unix_ms: int, expected: int) -> None:
    assert pgbinary.timestamptz(np.array([unix_ms])).values.tolist() == [expected]
