"""What does one transaction take over from MQTT, and what is answered for it?

A `Window` gathers messages as they come; `make_flush` turns it into columns for the database, once
all keys are known. A batch that replaces rows stands alone in its window: it deletes, and what was
known of its loggers is read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from gateway.ingest import delivery as deliveries
from gateway.ingest.delivery import DeadLetter, Delivery, StatusWord, Whereabouts
from gateway.ingest.known import Boot, KnownBoots, KnownLoggers
from gateway.ingest.pgbinary import copy_buffer
from gateway.ingest.positions import Gates, Sifted
from gateway.ingest.rows import Ranges, Routed, ranges_of, reading_fields, route, rows_of
from schemas.columns import Columns, Int64s, ParsedBatch, columns_of, split_out_of_range
from schemas.ids import GatewayId
from schemas.reading import MEASURED_AT_RANGE_MS
from schemas.stored import Stored
from schemas.wire import BatchId, UnreadableBatch

# What an edge slews at most (docs/decisions/0005), and some minutes between its clock and ours.
_AHEAD: Final = timedelta(days=1, minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """Rows to delete first: those of one gateway under these keys."""

    gateway_id: GatewayId
    logger_key: Int64s
    measured_at_ms: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """One transaction's content, and what it lets us say on MQTT."""

    routed: Routed
    fresh_copy: bytearray  # `routed.fresh` as a binary COPY
    fresh_ranges: Ranges
    replaced: Replaced | None
    dead_letters: Sequence[DeadLetter]
    statuses: Sequence[StatusWord]
    positions: Sequence[Sifted]
    answers: dict[GatewayId, Stored]
    receipts: Sequence[tuple[int, int]]
    messages: int
    readings: int

    def corrected_keys(self) -> Int64s:
        """Return the loggers whose rows a correction deletes or adds."""
        if self.replaced is None:
            return np.empty(0, dtype=np.int64)
        return np.union1d(self.replaced.logger_key, self.routed.late.logger_key)


def latest_at(now: datetime) -> int:
    """Return the newest time, ms UTC, that is believed of an edge whose clock is ahead of ours.

    Beyond it a reading becomes a dead letter: it would stand before all others in `latest` until
    its time has come. Replayed then, it is stored.
    """
    return round((now + _AHEAD).timestamp() * 1000)


@dataclass(slots=True)
class Window:
    """Messages that go into one transaction, already read but without keys."""

    batches: list[tuple[Delivery, ParsedBatch]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    statuses: dict[GatewayId, StatusWord] = field(default_factory=dict)
    whereabouts: list[Whereabouts] = field(default_factory=list)
    receipts: list[tuple[int, int]] = field(default_factory=list)
    messages: int = 0
    readings: int = 0
    replaces: bool = False
    latest_ms: int = MEASURED_AT_RANGE_MS[1]  # no reading can be newer; see latest_at

    def add(self, delivery: Delivery) -> bool:
        """Take a message in; return False, and do nothing, if it must begin the next window."""
        content = deliveries.read(delivery)
        if isinstance(content, ParsedBatch):
            if self.replaces or (content.replaces and self.batches):
                return False
            self.replaces = content.replaces
            self.batches.append((delivery, content))
            self.readings += content.rows
        elif isinstance(content, StatusWord):
            self.statuses[content.gateway_id] = content
        elif isinstance(content, Whereabouts):
            self.whereabouts.append(content)
        else:
            self.dead_letters.append(content)
        self.messages += 1
        if delivery.receipt is not None:
            self.receipts.append(delivery.receipt)
        return True

    def boots(self) -> list[Boot]:
        """Return for each batch whose boot it is of."""
        return [(batch.sender.gateway_id, batch.sender.boot_id) for _, batch in self.batches]


def join_columns(window: Window) -> Columns | None:
    """Join the window's batches; those that cannot be summed up become dead letters."""
    while window.batches:
        try:
            return columns_of([batch for _, batch in window.batches])
        except UnreadableBatch:
            window.batches, refused = deliveries.refuse_unsummable(window.batches)
            window.dead_letters += refused
    return None


def make_flush(
    window: Window,
    columns: Columns | None,
    loggers: KnownLoggers,
    boots: KnownBoots,
    positions: Sequence[Sifted] = (),
) -> Flush:
    """Give the rows their keys and ways; note in `loggers` how far each will be stored.

    Every logger and boot of the window is known.
    """
    routed, replaced = Routed(), None
    if columns is not None:
        routed, replaced = _route(window, columns, loggers, boots)
    return Flush(
        routed=routed,
        fresh_copy=copy_buffer(list(reading_fields(routed.fresh).values())),
        fresh_ranges=ranges_of(routed.fresh),
        replaced=replaced,
        dead_letters=window.dead_letters,
        statuses=[window.statuses[gateway_id] for gateway_id in sorted(window.statuses)],
        positions=positions,
        answers=_answers(window),
        receipts=window.receipts,
        messages=window.messages,
        readings=0 if columns is None else len(columns),
    )


def sift_positions(window: Window, gates: Gates, *, now: datetime) -> list[Sifted]:
    """Part what the window says of places; all of its gateways are known to `gates`."""
    now_ms = round(now.timestamp() * 1000)
    return [
        gates.sift(word.gateway_id, word.fixes, now_ms=now_ms, may_repeat=word.may_repeat)
        for word in window.whereabouts
    ]


def _route(
    window: Window, columns: Columns, loggers: KnownLoggers, boots: KnownBoots
) -> tuple[Routed, Replaced | None]:
    counts = [batch.rows for _, batch in window.batches]
    slot = loggers.slots(columns.loggers)[columns.logger]
    boot_key = np.repeat(np.array(boots.keys(window.boots()), dtype=np.int64), counts)
    may_repeat = np.repeat(
        np.array([delivery.may_repeat or window.replaces for delivery, _ in window.batches]), counts
    )
    replaced = _replaced(window, columns, loggers.keys[slot]) if window.replaces else None
    good, bad = split_out_of_range(columns, latest_ms=window.latest_ms)
    if bad:
        window.dead_letters += deliveries.bad_readings(window.batches, columns, good, bad)
        columns = columns.take(good)
        slot, boot_key, may_repeat = slot[good], boot_key[good], may_repeat[good]
    rows = rows_of(columns, logger_key=loggers.keys[slot], boot_key=boot_key)
    routed = route(rows, stored_until_ms=loggers.stored_until_ms[slot], may_repeat=may_repeat)
    np.maximum.at(loggers.stored_until_ms, slot, columns.measured_at_ms)
    return routed, replaced


def _replaced(window: Window, columns: Columns, logger_key: Int64s) -> Replaced:
    at = columns.replaces_measured_at_ms
    possible = (at >= MEASURED_AT_RANGE_MS[0]) & (at <= MEASURED_AT_RANGE_MS[1])
    return Replaced(
        gateway_id=window.batches[0][1].sender.gateway_id,
        logger_key=logger_key[possible],
        measured_at_ms=at[possible],
    )


def _answers(window: Window) -> dict[GatewayId, Stored]:
    stored: dict[GatewayId, list[BatchId]] = {}
    for _, batch in window.batches:
        stored.setdefault(batch.sender.gateway_id, []).append(batch.batch_id)
    dead: dict[GatewayId, list[BatchId]] = {}
    for letter in window.dead_letters:
        if letter.answer is not None and letter.gateway_id is not None:
            dead.setdefault(letter.gateway_id, []).append(letter.answer)
    return {
        gateway_id: Stored(
            stored=tuple(stored.get(gateway_id, ())),
            dead_lettered=tuple(dead.get(gateway_id, ())),
        )
        for gateway_id in sorted(stored.keys() | dead.keys())
    }
