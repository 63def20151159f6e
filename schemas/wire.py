"""How do readings look on MQTT (wire format, version 1)?

A batch is columns, not rows: each column is a list of integers, the first as it is and each
following as the difference to the one before. MessagePack, or JSON with the same names; either may
be zlib-compressed. The first byte tells which. This half needs no numpy: it runs in a truck.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Final
from uuid import UUID

import msgspec

from schemas.ids import GatewayId, LoggerId
from schemas.reading import Reading

VERSION: Final = 1
MAX_PAYLOAD_BYTES: Final = 1 << 20  # compressed or not; also what zlib may expand to
MAX_READINGS: Final = 10_000

# "Not measured" in a column that may lack a value. No real value can be either.
MISSING: Final = -1
MISSING_RSSI: Final = 127  # Bluetooth's own "RSSI is not available"

# MQTT 5 user property that carries the batch id beside the payload, so that a batch that cannot
# be read can still be answered.
BATCH_ID_PROPERTY: Final = "batch-id"

_known_outbox = lru_cache(maxsize=1 << 12)(UUID)  # each outbox sends many batches
_BATCH_ID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(\d{1,18})/(\d{1,18})")


class UnreadableBatch(ValueError):
    """Bytes that are not a batch. The message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchId:
    """Which rows of which outbox a batch holds. Cut once, never changed."""

    outbox: UUID
    first_row: int
    last_row: int

    def __str__(self) -> str:
        return f"{self.outbox}/{self.first_row}/{self.last_row}"


def parse_batch_id(text: str) -> BatchId:
    """Read `<outbox uuid>/<first row>/<last row>`; raise UnreadableBatch."""
    match = _BATCH_ID.fullmatch(text)
    if not match or int(match[2]) > int(match[3]):
        raise UnreadableBatch(f"batch_id {text[:80]!r} is not <outbox uuid>/<first row>/<last row>")
    return BatchId(outbox=_known_outbox(match[1]), first_row=int(match[2]), last_row=int(match[3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends, and what its clocks say at that moment."""

    gateway_id: GatewayId
    boot_id: UUID  # of the boot that measured; a batch never spans two boots
    sent_at_ms: int  # the edge's wall clock
    sent_monotonic_ms: int  # since that boot; 0: the boot is over, its clock has stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class WireBatch:
    """A batch exactly as it stands on the wire: deltas, grouped by logger, `counts` rows each."""

    v: int
    batch_id: str
    gateway_id: str
    boot_id: str
    sent_at_ms: int
    sent_monotonic_ms: int
    loggers: list[str]
    formats: list[str]
    counts: list[int]
    measured_at_ms: list[int]
    temperature_centi_c: list[int]
    humidity_centi_pct: list[int]
    battery_mv: list[int]
    rssi_dbm: list[int]
    sequence: list[int]
    source: list[int]
    clock: list[int]
    # The times (same delta coding) under which these rows were published before, where the batch
    # corrects them; empty in every other batch.
    replaces_measured_at_ms: list[int] = field(default_factory=list)


def encode_batch(
    batch_id: BatchId,
    sender: Sender,
    readings: Sequence[Reading],
    *,
    compress: bool = True,
) -> bytes:
    """Encode readings, at least one, as MessagePack; zlib-compressed where that is smaller."""
    payload = msgspec.msgpack.encode(to_wire(batch_id, sender, readings))
    if not compress:
        return payload
    smaller = zlib.compress(payload, 6)
    return smaller if len(smaller) < len(payload) else payload


def to_wire(batch_id: BatchId, sender: Sender, readings: Sequence[Reading]) -> WireBatch:
    """Turn readings into delta columns, grouped by logger and ordered by time."""
    rows = sorted(readings, key=attrgetter("logger_id", "measured_at_ms"))
    groups: dict[LoggerId, int] = {}
    for row in rows:
        groups[row.logger_id] = groups.get(row.logger_id, 0) + 1
    formats = {row.logger_id: row.frame_format for row in rows}
    return WireBatch(
        v=VERSION,
        batch_id=str(batch_id),
        gateway_id=sender.gateway_id,
        boot_id=str(sender.boot_id),
        sent_at_ms=sender.sent_at_ms,
        sent_monotonic_ms=sender.sent_monotonic_ms,
        loggers=[str(logger_id) for logger_id in groups],
        formats=[formats[logger_id] for logger_id in groups],
        counts=list(groups.values()),
        measured_at_ms=deltas([row.measured_at_ms for row in rows]),
        temperature_centi_c=deltas([round(row.temperature_c * 100) for row in rows]),
        humidity_centi_pct=deltas([_centi(row.humidity_pct) for row in rows]),
        battery_mv=deltas([_or(row.battery_mv, MISSING) for row in rows]),
        rssi_dbm=deltas([_or(row.rssi_dbm, MISSING_RSSI) for row in rows]),
        sequence=deltas([_or(row.sequence, MISSING) for row in rows]),
        source=deltas([int(row.source) for row in rows]),
        clock=deltas([int(row.clock) for row in rows]),
    )


def deltas(values: Sequence[int]) -> list[int]:
    """Return the first value and then each difference to the one before."""
    return [*values[:1], *(after - before for before, after in pairwise(values))]


def _or(value: int | None, missing: int) -> int:
    return missing if value is None else value


def _centi(value: float | None) -> int:
    return MISSING if value is None else round(value * 100)
