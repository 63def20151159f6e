"""How do columns become what PostgreSQL reads in binary, without a Python object a row?

A row of binary COPY is a field count, then each field as its length and its bytes, big-endian; a
missing field is the length -1 and no bytes. So rows that lack the same fields are equally long, and
one numpy structured array, with the lengths written into it, is the bytes to send. The formats:
postgresql.org/docs/current/sql-copy.html, and array_send() in the server's arrayfuncs.c.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]

_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)  # no flags, no extension
_TRAILER: Final = struct.pack(">h", -1)
_MISSING: Final = -1
_POSTGRES_EPOCH_MS: Final = 946_684_800_000  # 2000-01-01 UTC


@dataclass(frozen=True, slots=True)
class Field:
    """One column: values in a big-endian type, and where they are missing (None: nowhere)."""

    values: npt.NDArray[Any]
    missing: Bools | None = None


def int2(values: npt.NDArray[Any], missing: Bools | None = None) -> Field:
    """Return a smallint column."""
    return Field(values.astype(">i2"), missing)


def int4(values: npt.NDArray[Any], missing: Bools | None = None) -> Field:
    """Return an integer column."""
    return Field(values.astype(">i4"), missing)


def float4(values: npt.NDArray[Any], missing: Bools | None = None) -> Field:
    """Return a real column."""
    return Field(values.astype(">f4"), missing)


def timestamptz(unix_ms: npt.NDArray[np.int64]) -> Field:
    """Return a timestamptz column from milliseconds since 1970."""
    return Field(((unix_ms - _POSTGRES_EPOCH_MS) * 1000).astype(">i8"))


def copy_buffer(fields: Sequence[Field]) -> bytearray:
    """Return a whole binary COPY. Rows that lack the same fields stand together, else in order."""
    pattern = _null_pattern(fields)
    counts = np.bincount(pattern, minlength=1)
    parts = [(int(value), _tuple_dtype(fields, int(value))) for value in np.flatnonzero(counts)]
    size = sum(int(counts[value]) * dtype.itemsize for value, dtype in parts)
    buffer = bytearray(len(_HEADER) + size + len(_TRAILER))
    buffer[: len(_HEADER)] = _HEADER
    buffer[len(_HEADER) + size :] = _TRAILER
    offset = len(_HEADER)
    for value, dtype in parts:
        rows = pattern == value if len(parts) > 1 else slice(None)
        tuples = np.frombuffer(buffer, dtype=dtype, count=int(counts[value]), offset=offset)
        _fill(tuples, fields, value, rows)
        offset += tuples.nbytes
    return buffer


def array(field: Field, oid: int) -> bytes:
    """Return a column as one binary array of the type with that oid."""
    rows = len(field.values)
    elements = np.empty(rows, dtype=[("length", ">i4"), ("value", field.values.dtype)])
    elements["length"] = field.values.dtype.itemsize
    elements["value"] = field.values
    content = elements.tobytes()
    has_nulls = field.missing is not None and bool(field.missing.any())
    if field.missing is not None and has_nulls:
        elements["length"][field.missing] = _MISSING
        kept = np.ones((rows, elements.itemsize), dtype=np.bool_)
        kept[field.missing, 4:] = False
        content = elements.view(np.uint8).reshape(rows, -1)[kept].tobytes()
    header = struct.pack(">iiIii", 1, has_nulls, oid, rows, 1) if rows else b""
    return header + content if rows else struct.pack(">iiI", 0, 0, oid)


def _null_pattern(fields: Sequence[Field]) -> npt.NDArray[np.int64]:
    """Return for each row a number whose bit i says that field i is missing."""
    pattern = np.zeros(len(fields[0].values), dtype=np.int64)
    for i, field in enumerate(fields):
        if field.missing is not None:
            pattern |= field.missing.astype(np.int64) << i
    return pattern


def _fill(
    tuples: npt.NDArray[np.void], fields: Sequence[Field], pattern: int, rows: Bools | slice
) -> None:
    """Write rows that lack the fields of the pattern: first what all share, then the values."""
    shared = np.zeros(1, dtype=tuples.dtype)
    shared["count"] = len(fields)
    for i, field in enumerate(fields):
        is_missing = pattern >> i & 1
        shared[f"length{i}"] = _MISSING if is_missing else field.values.dtype.itemsize
    as_bytes = f"V{tuples.dtype.itemsize}"  # copied as a whole, not field by field
    tuples.view(as_bytes)[:] = shared.view(as_bytes)
    for i, field in enumerate(fields):
        if not pattern >> i & 1:
            tuples[f"value{i}"] = field.values[rows]


def _tuple_dtype(fields: Sequence[Field], pattern: int) -> np.dtype[np.void]:
    parts: list[tuple[str, str]] = [("count", ">i2")]
    for i, field in enumerate(fields):
        parts.append((f"length{i}", ">i4"))
        if not pattern >> i & 1:
            parts.append((f"value{i}", field.values.dtype.str))
    return np.dtype(parts)
