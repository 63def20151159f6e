"""Which readings does a payload hold?

Any bytes give columns or `UnreadableBatch`, never anything else. A value out of range spoils its
own row only: `split_out_of_range` tells the rows that can be true from those that cannot.

`parse_batch` does what each payload needs by itself, `columns_of` what is done once for many: numpy
costs a microsecond a call, which a batch of one reading would pay forty times.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Final
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from schemas import reading
from schemas.ids import GatewayId, LoggerId, MalformedId, parse_gateway_id, parse_logger_id
from schemas.wire import (
    MAX_PAYLOAD_BYTES,
    MAX_READINGS,
    MISSING,
    MISSING_RSSI,
    VERSION,
    BatchId,
    Sender,
    UnreadableBatch,
    WireBatch,
    parse_batch_id,
)

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_ZLIB_FIRST_BYTE: Final = 0x78
_JSON_FIRST_BYTE: Final = ord("{")
_FORMAT_MAX_CHARS: Final = 40
_WALL_CLOCK_RANGE_MS: Final = (0, reading.MEASURED_AT_RANGE_MS[1])
_MONOTONIC_RANGE_MS: Final = (0, 2**53)

_json = msgspec.json.Decoder(WireBatch)
_msgpack = msgspec.msgpack.Decoder(WireBatch)

# The ids in a batch return in each one. Only texts as long as an id should be are remembered: a
# longer one may be junk.
_LONGEST_ID: Final = 63
_known_logger_id = lru_cache(maxsize=1 << 16)(parse_logger_id)
_known_gateway_id = lru_cache(maxsize=1 << 12)(parse_gateway_id)
_known_uuid = lru_cache(maxsize=1 << 12)(UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Readings as columns of equal length n, int64, as on the wire but without deltas.

    `logger` indexes `loggers`; -1 (and 127 for rssi_dbm) stands for "not measured".
    `replaces_measured_at_ms` has length 0 or n.
    """

    loggers: tuple[LoggerId, ...]
    formats: tuple[str, ...]
    logger: Int64s
    measured_at_ms: Int64s
    temperature_centi_c: Int64s
    humidity_centi_pct: Int64s
    battery_mv: Int64s
    rssi_dbm: Int64s
    sequence: Int64s
    source: Int64s
    clock: Int64s
    replaces_measured_at_ms: Int64s

    def __len__(self) -> int:
        return len(self.logger)

    def take(self, rows: Bools) -> "Columns":
        """Return the rows where `rows` (length n) is true; the loggers stay as they are."""
        kept = {name: getattr(self, name)[rows] for name in _PER_ROW}
        replaces = self.replaces_measured_at_ms
        return Columns(
            loggers=self.loggers,
            formats=self.formats,
            replaces_measured_at_ms=replaces[rows] if len(replaces) else replaces,
            **kept,
        )


_PER_ROW: Final = tuple(
    f.name
    for f in fields(Columns)
    if f.name not in {"loggers", "formats", "replaces_measured_at_ms"}
)
_DELTA_COLUMNS: Final = tuple(name for name in _PER_ROW if name != "logger")


@dataclass(slots=True, kw_only=True)
class ParsedBatch:
    """A batch with a sound structure: ids read, columns as long as they must be, still deltas.

    Not frozen, which costs a microsecond: one is made for each message.
    """

    batch_id: BatchId
    sender: Sender
    loggers: tuple[LoggerId, ...]
    rows: int
    wire: WireBatch

    @property
    def replaces(self) -> bool:
        """Whether it corrects rows that were published before."""
        return bool(self.wire.replaces_measured_at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A decoded batch. Its structure is sound; its values are not yet range-checked."""

    batch_id: BatchId
    sender: Sender
    columns: Columns


def decode_batch(payload: bytes) -> Batch:
    """Decode MessagePack or JSON, compressed or not; raise UnreadableBatch for anything else."""
    parsed = parse_batch(payload)
    return Batch(batch_id=parsed.batch_id, sender=parsed.sender, columns=columns_of([parsed]))


def parse_batch(payload: bytes) -> ParsedBatch:
    """Check a payload's structure; raise UnreadableBatch. The columns stay as they came."""
    wire = _parse(_inflate(payload))
    if wire.v != VERSION:
        raise UnreadableBatch(f"v is {wire.v}; this ingest reads version {VERSION}")
    batch_id, sender = parse_batch_id(wire.batch_id), _sender(wire)
    loggers, rows = _loggers(wire), sum(wire.counts)
    for name in _DELTA_COLUMNS:
        if len(getattr(wire, name)) != rows:
            raise _wrong_length(wire, name, rows)
    if len(wire.replaces_measured_at_ms) not in {0, rows}:
        raise _wrong_length(wire, "replaces_measured_at_ms", rows)
    return ParsedBatch(batch_id=batch_id, sender=sender, loggers=loggers, rows=rows, wire=wire)


def columns_of(batches: Sequence[ParsedBatch]) -> Columns:
    """Join batches, in their order; their loggers stand one batch after the other.

    Either all of them replace rows or none does. Raises UnreadableBatch where the differences of
    one are beyond 2**49; which one, the caller learns by asking for each alone.
    """
    wires = [batch.wire for batch in batches]
    rows = np.array([batch.rows for batch in batches], dtype=np.int64)
    counts = list(chain.from_iterable(wire.counts for wire in wires))
    columns = {name: _undelta(name, wires, rows) for name in _DELTA_COLUMNS}
    name = "replaces_measured_at_ms"
    replaces = all(batch.replaces for batch in batches)
    return Columns(
        loggers=tuple(chain.from_iterable(batch.loggers for batch in batches)),
        formats=tuple(chain.from_iterable(wire.formats for wire in wires)),
        logger=np.repeat(np.arange(len(counts), dtype=np.int64), counts),
        replaces_measured_at_ms=_undelta(name, wires if replaces else [], rows),
        **columns,
    )


def split_out_of_range(
    columns: Columns, *, latest_ms: int = reading.MEASURED_AT_RANGE_MS[1]
) -> tuple[Bools, dict[str, Bools]]:
    """Return which rows can be true, and for each column that has others, which those are.

    Nothing was measured after `latest_ms`.
    """
    good = np.ones(len(columns), dtype=np.bool_)
    bad: dict[str, Bools] = {}
    for name, (low, limit), missing in _RANGES:
        high = min(limit, latest_ms) if name == "measured_at_ms" else limit
        values: Int64s = getattr(columns, name)
        inside = (values >= low) & (values <= high)
        if missing is not None:
            inside |= values == missing
        if not inside.all():
            bad[name] = ~inside
            good &= inside
    return good, bad


def _scaled(limits: tuple[float, float]) -> tuple[int, int]:
    return round(limits[0] * 100), round(limits[1] * 100)


_RANGES: Final[tuple[tuple[str, tuple[int, int], int | None], ...]] = (
    ("measured_at_ms", reading.MEASURED_AT_RANGE_MS, None),
    ("temperature_centi_c", _scaled(reading.TEMPERATURE_RANGE_C), None),
    ("humidity_centi_pct", _scaled(reading.HUMIDITY_RANGE_PCT), MISSING),
    ("battery_mv", reading.BATTERY_RANGE_MV, MISSING),
    ("rssi_dbm", reading.RSSI_RANGE_DBM, MISSING_RSSI),
    ("sequence", reading.SEQUENCE_RANGE, MISSING),
    ("source", (0, max(reading.Source)), None),
    ("clock", (0, max(reading.ClockConfidence)), None),
)


def _inflate(payload: bytes) -> bytes:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise UnreadableBatch(f"{len(payload)} bytes; a batch has at most {MAX_PAYLOAD_BYTES}")
    if not payload:
        raise UnreadableBatch("no bytes at all")
    if payload[0] != _ZLIB_FIRST_BYTE:
        return payload
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(payload, MAX_PAYLOAD_BYTES)
    except zlib.error as error:
        raise UnreadableBatch(f"not zlib: {error}") from error
    if inflater.unconsumed_tail:
        raise UnreadableBatch(f"expands to more than {MAX_PAYLOAD_BYTES} bytes")
    if not inflater.eof:
        raise UnreadableBatch("zlib stream ends early")
    return raw


def _parse(raw: bytes) -> WireBatch:
    is_json = raw[:1] == bytes([_JSON_FIRST_BYTE])
    try:
        return _json.decode(raw) if is_json else _msgpack.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        kind = "JSON" if is_json else "MessagePack"
        raise UnreadableBatch(f"not a batch in {kind}: {error}") from error


def _sender(wire: WireBatch) -> Sender:
    try:
        short = max(len(wire.gateway_id), len(wire.boot_id)) <= _LONGEST_ID
        gateway_id: GatewayId = (_known_gateway_id if short else parse_gateway_id)(wire.gateway_id)
        boot_id = (_known_uuid if short else UUID)(wire.boot_id)
    except (MalformedId, ValueError) as error:
        raise UnreadableBatch(f"gateway_id or boot_id: {error}") from error
    _require("sent_at_ms", wire.sent_at_ms, _WALL_CLOCK_RANGE_MS)
    _require("sent_monotonic_ms", wire.sent_monotonic_ms, _MONOTONIC_RANGE_MS)
    return Sender(
        gateway_id=gateway_id,
        boot_id=boot_id,
        sent_at_ms=wire.sent_at_ms,
        sent_monotonic_ms=wire.sent_monotonic_ms,
    )


def _require(name: str, value: int, limits: tuple[int, int]) -> None:
    if not limits[0] <= value <= limits[1]:
        raise UnreadableBatch(f"{name} is {value}; expected {limits[0]} to {limits[1]}")


def _loggers(wire: WireBatch) -> tuple[LoggerId, ...]:
    if not len(wire.loggers) == len(wire.formats) == len(wire.counts):
        raise UnreadableBatch("loggers, formats and counts differ in length")
    if not wire.counts or not 0 < min(wire.counts) <= max(wire.counts) <= MAX_READINGS:
        raise UnreadableBatch(f"counts must be 1 to {MAX_READINGS}")
    if sum(wire.counts) > MAX_READINGS:
        raise UnreadableBatch(f"{sum(wire.counts)} readings; a batch has 1 to {MAX_READINGS}")
    for frame_format in set(wire.formats):
        if not 0 < len(frame_format) <= _FORMAT_MAX_CHARS or not frame_format.isprintable():
            raise UnreadableBatch(f"format {frame_format[:80]!r} is not a short printable name")
    try:
        short = max(map(len, wire.loggers)) <= _LONGEST_ID
        loggers = tuple(map(_known_logger_id if short else parse_logger_id, wire.loggers))
    except MalformedId as error:
        raise UnreadableBatch(f"loggers: {error}") from error
    if len(set(loggers)) != len(loggers):
        raise UnreadableBatch("a logger stands twice in loggers")
    return loggers


def _wrong_length(wire: WireBatch, name: str, rows: int) -> UnreadableBatch:
    return UnreadableBatch(f"{name} has {len(getattr(wire, name))} values for {rows} readings")


def _undelta(name: str, wires: Sequence[WireBatch], rows: Int64s) -> Int64s:
    """Sum a column's differences up, each batch by itself (`rows` long)."""
    differences = chain.from_iterable(map(attrgetter(name), wires))
    try:
        column = np.fromiter(differences, dtype=np.int64)
    except OverflowError as error:
        raise UnreadableBatch(f"{name} has a value beyond 64 bits") from error
    if not len(column):
        return column
    # A batch's 10,000 differences below 2**49 cannot wrap a 64-bit sum. The sum over many batches
    # may, and unwraps when what stands before the batch is taken off again.
    if max(-int(column.min()), int(column.max())) >= 2**49:
        raise UnreadableBatch(f"{name} has a difference beyond 2**49")
    np.cumsum(column, out=column)
    before = np.concatenate(([0], column[rows.cumsum()[:-1] - 1]))
    column -= np.repeat(before, rows)
    return column
