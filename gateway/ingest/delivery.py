"""What did a message bring: a batch, a gateway's word, or something to keep as a dead letter?

Pure: bytes in, values out. Nothing that a gateway can send raises.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from schemas import wire
from schemas.columns import Bools, Columns, ParsedBatch, columns_of, parse_batch
from schemas.ids import GatewayId
from schemas.position import Fix, UnreadablePosition, decode_positions
from schemas.status import GatewayStatus, UnreadableStatus, decode_status, encode_status
from schemas.topics import Kind, MalformedTopic, parse_topic
from schemas.wire import BatchId, UnreadableBatch, WireBatch, parse_batch_id

_parse_topic = lru_cache(maxsize=1 << 14)(parse_topic)


@dataclass(slots=True, kw_only=True)
class Delivery:
    """A message as the broker handed it over. Not frozen: one is made for each message."""

    topic: str
    payload: bytes
    may_repeat: bool = False  # flagged as a duplicate, or first after a reconnect
    user_properties: Sequence[tuple[str, str]] = ()  # of MQTT 5; one may be the batch id
    receipt: tuple[int, int] | None = None  # connection epoch and message id; None: nothing to ack


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What could not be stored: its bytes and why. `answer` is the batch to call dead-lettered.

    `only_copy`: the edge was told that its batch is stored, and has deleted it.
    """

    topic: str
    gateway_id: GatewayId | None
    payload: bytes
    reason: str
    batch_id: str | None = None
    answer: BatchId | None = None
    only_copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWord:
    """A gateway's latest word about itself."""

    gateway_id: GatewayId
    payload: bytes  # JSON, known to be a status
    status: GatewayStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """A gateway's fixes, oldest first, as it believes them."""

    gateway_id: GatewayId
    fixes: tuple[Fix, ...]
    may_repeat: bool


def read(delivery: Delivery) -> ParsedBatch | StatusWord | Whereabouts | DeadLetter:
    """Read one message."""
    try:
        gateway_id, kind = _parse_topic(delivery.topic)
    except MalformedTopic as error:
        return _refuse(delivery, None, str(error))
    if kind is Kind.STATUS:
        return _read_status(delivery, gateway_id)
    if kind is Kind.POSITION:
        return _read_position(delivery, gateway_id)
    if kind is not Kind.READINGS:
        return _refuse(delivery, gateway_id, f"ingest reads no {kind} messages")
    return _read_batch(delivery, gateway_id)


def refuse_unsummable(
    parsed: list[tuple[Delivery, ParsedBatch]],
) -> tuple[list[tuple[Delivery, ParsedBatch]], list[DeadLetter]]:
    """Part the batches whose differences can be summed up from those whose cannot."""
    good: list[tuple[Delivery, ParsedBatch]] = []
    refused: list[DeadLetter] = []
    for delivery, batch in parsed:
        try:
            columns_of([batch])
        except UnreadableBatch as error:
            refused.append(
                _refuse(delivery, batch.sender.gateway_id, str(error), batch_id=batch.batch_id)
            )
        else:
            good.append((delivery, batch))
    return good, refused


def bad_readings(
    batches: list[tuple[Delivery, ParsedBatch]],
    columns: Columns,
    good: Bools,
    bad: dict[str, Bools],
) -> list[DeadLetter]:
    """Make a dead letter of each reading that cannot be true; its batch counts as stored.

    The letter is a batch of that one reading, in JSON: a replay takes the ordinary path, and a
    person can read it.
    """
    ends = np.cumsum([batch.rows for _, batch in batches])
    letters: list[DeadLetter] = []
    for row in np.flatnonzero(~good).tolist():
        delivery, batch = batches[int(np.searchsorted(ends, row, side="right"))]
        values = ", ".join(
            f"{name} is {getattr(columns, name)[row]}" for name, rows in bad.items() if rows[row]
        )
        letters.append(
            DeadLetter(
                topic=delivery.topic,
                gateway_id=batch.sender.gateway_id,
                payload=msgspec.json.encode(_one_reading(batch.wire, columns, row)),
                reason=f"cannot be true: {values}",
                batch_id=str(batch.batch_id),
                only_copy=True,
            )
        )
    return letters


_ROW_COLUMNS: Final = (
    "measured_at_ms",
    "temperature_centi_c",
    "humidity_centi_pct",
    "battery_mv",
    "rssi_dbm",
    "sequence",
    "source",
    "clock",
    "replaces_measured_at_ms",
)


def _one_reading(whole: WireBatch, columns: Columns, row: int) -> WireBatch:
    group = int(columns.logger[row])
    values = {name: getattr(columns, name)[row : row + 1].tolist() for name in _ROW_COLUMNS}
    return WireBatch(
        v=whole.v,
        batch_id=whole.batch_id,
        gateway_id=whole.gateway_id,
        boot_id=whole.boot_id,
        sent_at_ms=whole.sent_at_ms,
        sent_monotonic_ms=whole.sent_monotonic_ms,
        loggers=[columns.loggers[group]],
        formats=[columns.formats[group]],
        counts=[1],
        **values,
    )


def _read_batch(delivery: Delivery, gateway_id: GatewayId) -> ParsedBatch | DeadLetter:
    try:
        batch = parse_batch(delivery.payload)
    except UnreadableBatch as error:
        return _refuse(delivery, gateway_id, str(error))
    if batch.sender.gateway_id != gateway_id:
        reason = f"gateway_id is {batch.sender.gateway_id!r}, but the topic is {gateway_id}'s"
        return _refuse(delivery, gateway_id, reason, batch_id=batch.batch_id)
    return batch


def _read_status(delivery: Delivery, gateway_id: GatewayId) -> StatusWord | DeadLetter:
    try:
        status = decode_status(delivery.payload)
    except UnreadableStatus as error:
        return _refuse(delivery, gateway_id, str(error))
    if not _fits_jsonb(status):
        return _refuse(delivery, gateway_id, "not a status: a NUL in a text")
    if status.gateway_id != gateway_id:
        reason = f"gateway_id is {status.gateway_id[:80]!r}, but the topic is {gateway_id}'s"
        return _refuse(delivery, gateway_id, reason)
    return StatusWord(gateway_id=gateway_id, payload=encode_status(status), status=status)


def _read_position(delivery: Delivery, gateway_id: GatewayId) -> Whereabouts | DeadLetter:
    try:
        positions = decode_positions(delivery.payload)
    except UnreadablePosition as error:
        return _refuse(delivery, gateway_id, str(error))
    if positions.gateway_id != gateway_id:
        reason = f"gateway_id is {positions.gateway_id[:80]!r}, but the topic is {gateway_id}'s"
        return _refuse(delivery, gateway_id, reason)
    return Whereabouts(gateway_id=gateway_id, fixes=positions.fixes, may_repeat=delivery.may_repeat)


def _fits_jsonb(status: GatewayStatus) -> bool:
    """Whether PostgreSQL takes it: a text in a jsonb holds no NUL."""
    return not any("\0" in text for text in astuple(status) if isinstance(text, str))


def _refuse(
    delivery: Delivery,
    gateway_id: GatewayId | None,
    reason: str,
    *,
    batch_id: BatchId | None = None,
) -> DeadLetter:
    known = batch_id or _batch_id_of(delivery)
    size = len(delivery.payload)
    if size > wire.MAX_PAYLOAD_BYTES:
        reason = f"{reason}; the first {wire.MAX_PAYLOAD_BYTES} bytes are kept"
    return DeadLetter(
        topic=delivery.topic,
        gateway_id=gateway_id,
        payload=delivery.payload[: wire.MAX_PAYLOAD_BYTES],
        reason=reason,
        batch_id=None if known is None else str(known),
        answer=known if gateway_id is not None else None,
    )


def _batch_id_of(delivery: Delivery) -> BatchId | None:
    """Return the id beside the payload, which is known even where the payload cannot be read."""
    for name, text in delivery.user_properties:
        if name == wire.BATCH_ID_PROPERTY:
            try:
                return parse_batch_id(text)
            except UnreadableBatch:
                return None
    return None
