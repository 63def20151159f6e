"""What has been measured and is not yet known to be stored?

A reading is committed here before anything is sent, and leaves only when the ingestor says
`stored` (D2), or when the outbox is full and it is the oldest. Calls come from one thread at a
time; each returns after its commit.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

from edge.advert import Sample
from edge.clock import AHEAD_LIMIT_MS, Stamp, boot_offsets
from edge.epochs import begin_epoch, free_time_ms
from edge.outbox_file import DiskRefuses, OutboxFile
from schemas.ids import LoggerId
from schemas.reading import ClockConfidence, Reading, Source
from schemas.wire import BatchId

log = logging.getLogger(__name__)

_INSERT_READING: Final = """
INSERT INTO readings (boot_key, logger_key, monotonic_ms, measured_at_ms, temperature_centi_c,
    humidity_centi_pct, battery_mv, rssi_dbm, sequence, source, clock)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# A logger may change its firmware, and so its format.
_UPSERT_LOGGER: Final = """
INSERT INTO loggers (logger_id, frame_format, last_measured_at_ms) VALUES (?, ?, 0)
ON CONFLICT (logger_id) DO UPDATE SET frame_format = excluded.frame_format
RETURNING logger_key, last_measured_at_ms
"""
_UPDATE_LOGGER: Final = "UPDATE loggers SET last_measured_at_ms = ? WHERE logger_key = ?"
_REMEMBER_SAMPLE: Final = """
UPDATE loggers SET last_temperature_c = ?, last_humidity_pct = ?, last_sequence = ?
WHERE logger_key = ?
"""
_SELECT_LAST_SAMPLES: Final = """
SELECT logger_id, last_measured_at_ms, frame_format, last_temperature_c, last_humidity_pct,
    last_sequence
FROM loggers WHERE last_measured_at_ms >= ? AND last_temperature_c IS NOT NULL
"""
_SELECT_READINGS: Final = """
SELECT logger_id, frame_format, measured_at_ms, temperature_centi_c, humidity_centi_pct,
    battery_mv, rssi_dbm, sequence, source, clock
FROM readings JOIN loggers USING (logger_key)
WHERE row_id BETWEEN ? AND ? ORDER BY row_id
"""
_SELECT_UNCUT: Final = """
SELECT row_id, boot_key, measured_at_ms IS NULL FROM readings WHERE row_id > ?
ORDER BY row_id LIMIT ?
"""
_INSERT_BATCH: Final = """
INSERT INTO batches (first_row, last_row, boot_key, readings) VALUES (?, ?, ?, ?)
"""
_SELECT_OLDEST: Final = """
SELECT first_row, last_row, boot_id, readings FROM batches JOIN boots USING (boot_key)
WHERE NOT dead_lettered ORDER BY first_row LIMIT ?
"""
_SELECT_NEWEST: Final = """
SELECT first_row, last_row, boot_id, readings FROM batches JOIN boots USING (boot_key)
WHERE NOT dead_lettered ORDER BY first_row DESC LIMIT ?
"""
_DELETE_BATCH: Final = """
DELETE FROM batches WHERE first_row = ? AND last_row = ? AND NOT dead_lettered RETURNING readings
"""
_BURY_BATCH: Final = """
UPDATE batches SET dead_lettered = 1
WHERE first_row = ? AND last_row = ? AND NOT dead_lettered RETURNING readings
"""
_SELECT_UNPLACED: Final = """
SELECT row_id, boot_key, logger_key, monotonic_ms FROM readings WHERE measured_at_ms IS NULL
ORDER BY row_id LIMIT ?
"""
# In order of time: a boot's key is given when it is first seen.
_SELECT_UNPLACED_BOOTS: Final = """
SELECT boot_key, max(monotonic_ms) FROM readings WHERE measured_at_ms IS NULL
GROUP BY boot_key ORDER BY boot_key
"""
_PLACE_READING: Final = "UPDATE readings SET measured_at_ms = ?, clock = ? WHERE row_id = ?"
# The row up to which to drop, to drop this many: a batch goes whole or stays.
_SELECT_DROP_TO: Final = """
SELECT max(row_id, coalesce((SELECT max(last_row) FROM batches WHERE first_row <= row_id), 0))
FROM (SELECT max(row_id) AS row_id FROM (SELECT row_id FROM readings ORDER BY row_id LIMIT ?))
"""
_COUNT_DEAD: Final = """
SELECT coalesce(sum(readings), 0) FROM batches WHERE dead_lettered AND last_row <= ?
"""
# What random addresses leave behind: loggers without a reading here, beyond the newest ones.
_FORGET_LOGGERS: Final = """
DELETE FROM loggers WHERE logger_key NOT IN (SELECT logger_key FROM readings)
AND logger_key NOT IN (SELECT logger_key FROM loggers ORDER BY last_measured_at_ms DESC LIMIT ?)
"""
_FORGET_BOOTS: Final = """
DELETE FROM boots WHERE boot_id <> ? AND boot_key NOT IN (SELECT boot_key FROM readings)
"""
_WRITE_SNAPSHOT: Final = """
INSERT INTO meta VALUES ('snapshot', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""

# A full outbox drops this share of its rows at once, and so many at least.
_DROP_SHARE: Final = 50
_DROP_ROWS_AT_LEAST: Final = 500
_ATTEMPTS: Final = 3
_PLACE_CHUNK_ROWS: Final = 5000
_LOGGERS_LIMIT: Final = 20_000
# Readings held in memory while the disk takes nothing at all; some 10 MB.
_HELD_LIMIT: Final = 20_000
_NO_ROWS_BEYOND: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What the outbox takes: a sample, of which logger, and when it was heard."""

    logger_id: str
    sample: Sample
    heard: Stamp
    rssi_dbm: int | None = None
    source: Source = Source.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class CutBatch:
    """A batch that waits to be confirmed, and the boot that measured it."""

    batch_id: BatchId
    boot_id: UUID
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What an outbox holds. `readings` are those neither confirmed nor dead-lettered."""

    readings: int
    uncut: int
    dead_lettered: int
    dropped: int
    held_in_memory: int


class Outbox:
    """A durable queue of readings. `boot_id` is the running boot: what is appended is of it."""

    def __init__(self, path: Path, *, boot_id: UUID, max_mb: int = 256) -> None:
        self._boot_id = boot_id
        self._held: list[Measurement] = []
        self._held_dropped = 0
        self._loggers: dict[str, tuple[int, str, int]] = {}  # id: key, format, last time
        self._file = OutboxFile(path, max_mb=max_mb, prepare=self._prepare)
        self._file.open()

    def _prepare(self) -> None:
        self._loggers.clear()
        self._recount()
        if not self._write(self._begin_boot):
            raise DiskRefuses("no room to begin", is_full=True)
        self.uuid = UUID(self._file.value("SELECT value FROM meta WHERE key = 'uuid'"))
        boot = str(self._boot_id)
        self._boot_key: int = self._file.value("SELECT boot_key FROM boots WHERE boot_id = ?", boot)
        self._recount()

    def _begin_boot(self) -> None:
        for key, value in (("uuid", str(uuid.uuid4())), ("cut_to", 0), ("dropped", 0)):
            self._file.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))
        self._file.execute(_FORGET_BOOTS, (str(self._boot_id),))
        self._file.execute(_FORGET_LOGGERS, (_LOGGERS_LIMIT,))
        self._file.execute(
            "INSERT OR IGNORE INTO boots (boot_id) VALUES (?)", (str(self._boot_id),)
        )

    def _recount(self) -> None:
        value = self._file.value
        meta = dict(self._file.execute("SELECT key, value FROM meta WHERE key <> 'snapshot'"))
        self._cut_to = int(meta.get("cut_to", 0))
        self._dropped = int(meta.get("dropped", 0))
        self._dead: int = value(_COUNT_DEAD, _NO_ROWS_BEYOND)
        self._readings: int = value("SELECT count(*) FROM readings") - self._dead
        self._unplaced: int = value("SELECT count(*) FROM readings WHERE measured_at_ms IS NULL")
        self._uncut: int = value("SELECT count(*) FROM readings WHERE row_id > ?", self._cut_to)

    def close(self) -> None:
        """Close the file; everything taken is already on the disk."""
        self._file.close()

    # Making room ----------------------------------------------------------------------------------

    def _write(self, operation: Callable[[], None]) -> bool:
        """Commit an operation, dropping the oldest readings as often as it needs room.

        False: the disk takes nothing at all, and nothing has changed.
        """
        for _ in range(_ATTEMPTS):
            try:
                with self._file.transaction():
                    operation()
            except DiskRefuses as refusal:
                self._loggers.clear()  # what it says was rolled back
                if not (refusal.is_full and self._make_room(str(refusal))):
                    log.critical("disk refuses to write", extra={"reason": str(refusal)})
                    return False
            else:
                return True
        return False

    def _make_room(self, reason: str) -> bool:
        rows = max(_DROP_ROWS_AT_LEAST, (self._readings + self._dead) // _DROP_SHARE)
        try:
            with self._file.transaction():
                dropped = self._drop_oldest(rows)
        except DiskRefuses:
            return False
        self._recount()
        if dropped:
            facts = {"readings": dropped, "dropped_ever": self._dropped, "reason": reason}
            log.error("outbox is full; oldest readings dropped", extra=facts)
        return dropped > 0

    def _drop_oldest(self, rows: int) -> int:
        to_row = self._file.value(_SELECT_DROP_TO, rows)
        if to_row is None:
            return 0
        dead = self._file.value(_COUNT_DEAD, to_row)
        self._file.execute("DELETE FROM batches WHERE last_row <= ?", (to_row,))
        gone = self._file.execute("DELETE FROM readings WHERE row_id <= ?", (to_row,)).rowcount
        # Dead letters are kept by the server as well: dropping them here loses nothing.
        self._file.execute(
            "UPDATE meta SET value = value + ? WHERE key = 'dropped'", (gone - dead,)
        )
        self._file.execute("UPDATE meta SET value = max(value, ?) WHERE key = 'cut_to'", (to_row,))
        self._file.execute(_FORGET_LOGGERS, (_LOGGERS_LIMIT,))
        return gone

    # Taking readings ------------------------------------------------------------------------------

    def append(self, measurements: Sequence[Measurement]) -> None:
        """Commit measurements, in order; on return they are on the disk.

        A full outbox or disk drops the oldest. If not even that helps, the new ones are held in
        memory, the oldest of them dropped beyond a limit, and go to the disk with a later call.
        """
        self._held.extend(measurements)
        if not self._held:
            return
        if self._file.guarded(lambda: self._write(self._insert_held)):
            self._readings += len(self._held)
            self._uncut += len(self._held)
            self._unplaced += sum(m.heard.measured_at_ms is None for m in self._held)
            self._dropped += self._held_dropped
            self._held.clear()
            self._held_dropped = 0
            return
        excess = max(0, len(self._held) - _HELD_LIMIT)
        del self._held[:excess]
        self._held_dropped += excess

    def _insert_held(self) -> None:
        for epoch in _epochs(self._held):
            first = epoch[0].heard
            if first.begins_epoch and first.measured_at_ms is not None:
                self._begin_epoch(first.measured_at_ms)
            self._insert(epoch)
        self._file.execute(
            "UPDATE meta SET value = value + ? WHERE key = 'dropped'", (self._held_dropped,)
        )

    def _begin_epoch(self, from_ms: int) -> None:
        log.warning("clock stepped back by more than a day", extra={"to_ms": from_ms})
        begin_epoch(self._file, from_ms)
        self._loggers.clear()

    def _insert(self, measurements: Sequence[Measurement]) -> None:
        rows = []
        touched: dict[int, int] = {}
        last: dict[int, Sample] = {}
        for m in measurements:
            logger_key, at_ms = self._placed(m)
            last[logger_key] = m.sample
            if at_ms is not None:
                touched[logger_key] = at_ms
            rows.append(_row(m, self._boot_key, logger_key, at_ms))
        self._file.executemany(_INSERT_READING, rows)
        self._file.executemany(_UPDATE_LOGGER, [(at_ms, key) for key, at_ms in touched.items()])
        self._file.executemany(
            _REMEMBER_SAMPLE,
            [(s.temperature_c, s.humidity_pct, s.sequence, key) for key, s in last.items()],
        )

    def _placed(self, m: Measurement) -> tuple[int, int | None]:
        """Return the logger's key, and a time later than its last one and given to none."""
        frame_format = m.sample.frame_format
        known = self._loggers.get(m.logger_id)
        if known is None or known[1] != frame_format:
            if len(self._loggers) >= _LOGGERS_LIMIT:
                self._loggers.clear()
            parameters = (m.logger_id, frame_format)
            key, last_ms = self._file.execute(_UPSERT_LOGGER, parameters).fetchone()
        else:
            key, _, last_ms = known
        at_ms = m.heard.measured_at_ms
        if at_ms is not None:
            at_ms = last_ms = free_time_ms(self._file, key, max(at_ms, last_ms + 1))
        self._loggers[m.logger_id] = (key, frame_format, last_ms)
        return key, at_ms

    # Readings whose time was not known ------------------------------------------------------------

    @property
    def unplaced(self) -> int:
        """How many readings wait for the clock to be set."""
        return self._unplaced

    def place(self, *, wall_ms: int, monotonic_ms: int, confidence: ClockConfidence) -> None:
        """Give every waiting reading its time, now that the clock is set.

        An epoch begins where the times before lie more than a day ahead of it.
        """
        waited = self._unplaced
        written = self._file.guarded(
            lambda: self._write(lambda: self._place_all(wall_ms, monotonic_ms, confidence))
        )
        self._loggers.clear()
        if written and waited:
            self._unplaced = 0
            log.warning("clock is set; waiting readings got a time", extra={"readings": waited})

    def _place_all(self, wall_ms: int, monotonic_ms: int, confidence: ClockConfidence) -> None:
        boots: list[tuple[int, int]] = self._file.execute(_SELECT_UNPLACED_BOOTS).fetchall()
        offsets = boot_offsets(
            boot=self._boot_key,
            wall_ms=wall_ms,
            monotonic_ms=monotonic_ms,
            earlier=[boot for boot in boots if boot[0] != self._boot_key],
        )
        if (self.last_measured_at_ms() or 0) - wall_ms > AHEAD_LIMIT_MS:
            self._begin_epoch(min(offsets.values()))
        last = dict(self._file.execute("SELECT logger_key, last_measured_at_ms FROM loggers"))
        while rows := self._file.execute(_SELECT_UNPLACED, (_PLACE_CHUNK_ROWS,)).fetchall():
            updates = []
            for row_id, boot_key, logger_key, heard_ms in rows:
                at_ms = max(offsets[boot_key] + heard_ms, last[logger_key] + 1)
                at_ms = last[logger_key] = free_time_ms(self._file, logger_key, at_ms)
                exact = boot_key == self._boot_key
                clock = confidence if exact else ClockConfidence.ESTIMATED
                updates.append((at_ms, int(clock), row_id))
            self._file.executemany(_PLACE_READING, updates)
        self._file.executemany(_UPDATE_LOGGER, [(at_ms, key) for key, at_ms in last.items()])

    # Batches --------------------------------------------------------------------------------------

    def cut(self, *, max_readings: int, partial: bool) -> int:
        """Cut rows into batches; return how many. Not `partial`: only those that can't grow.

        A batch never spans two boots, and stops before a reading whose time is not known.
        """
        cuts: list[tuple[int, int, int, int]] = []

        def cut_all() -> None:
            cuts.clear()
            after = self._cut_to
            while (cut := self._next_cut(after, max_readings, partial=partial)) is not None:
                cuts.append(cut)
                after = cut[1]
            self._file.executemany(_INSERT_BATCH, cuts)
            self._file.execute("UPDATE meta SET value = ? WHERE key = 'cut_to'", (after,))

        if self._next_cut(self._cut_to, max_readings, partial=partial) is None:
            return 0
        if not self._file.guarded(lambda: self._write(cut_all)) or not cuts:
            return 0
        self._cut_to = cuts[-1][1]
        self._uncut -= sum(cut[3] for cut in cuts)
        return len(cuts)

    def _next_cut(
        self, after: int, max_readings: int, *, partial: bool
    ) -> tuple[int, int, int, int] | None:
        """Return (first row, last row, boot, readings) of the batch that follows a row."""
        rows = self._file.execute(_SELECT_UNCUT, (after, max_readings + 1)).fetchall()
        if not rows:
            return None
        boot_key = rows[0][1]
        run = 0
        for _, row_boot_key, unplaced in rows[:max_readings]:
            if unplaced or row_boot_key != boot_key:
                break
            run += 1
        grows = run == len(rows) and boot_key == self._boot_key and run < max_readings
        if run == 0 or (grows and not partial):
            return None
        return rows[0][0], rows[run - 1][0], boot_key, run

    def waiting(self, limit: int) -> list[CutBatch]:
        """Return batches that are not confirmed, the oldest first, at most `limit`."""
        return self._waiting(_SELECT_OLDEST, limit)

    def newest_waiting(self, limit: int) -> list[CutBatch]:
        """Return batches that are not confirmed, the newest first, at most `limit`."""
        return self._waiting(_SELECT_NEWEST, limit)

    def _waiting(self, query: str, limit: int) -> list[CutBatch]:
        rows = self._file.guarded(lambda: self._file.execute(query, (limit,)).fetchall())
        return [
            CutBatch(
                batch_id=BatchId(outbox=self.uuid, first_row=first, last_row=last),
                boot_id=UUID(boot_id),
                readings=readings,
            )
            for first, last, boot_id, readings in rows
        ]

    def readings_of(self, batch_id: BatchId) -> list[Reading]:
        """Return a batch's readings in order; empty if it was dropped meanwhile."""
        if batch_id.outbox != self.uuid:
            return []
        limits = (batch_id.first_row, batch_id.last_row)
        rows = self._file.guarded(lambda: self._file.execute(_SELECT_READINGS, limits).fetchall())
        return [_reading(*row) for row in rows]

    def confirm(self, stored: Iterable[BatchId], dead_lettered: Iterable[BatchId] = ()) -> int:
        """Delete stored batches and lay dead-lettered ones aside; return how many were ours.

        Ids of another outbox, or of no batch that waits, change nothing.
        """
        ours = [batch_id for batch_id in stored if batch_id.outbox == self.uuid]
        dead = [batch_id for batch_id in dead_lettered if batch_id.outbox == self.uuid]
        deleted: list[int] = []
        buried: list[int] = []

        def confirm_all() -> None:
            deleted[:] = [self._delete(batch_id) for batch_id in ours]
            buried[:] = [self._bury(batch_id) for batch_id in dead]

        if not (ours or dead) or not self._file.guarded(lambda: self._write(confirm_all)):
            return 0
        self._readings -= sum(deleted) + sum(buried)
        self._dead += sum(buried)
        return sum(readings > 0 for readings in (*deleted, *buried))

    def _delete(self, batch_id: BatchId) -> int:
        limits = (batch_id.first_row, batch_id.last_row)
        row = self._file.execute(_DELETE_BATCH, limits).fetchone()
        if row is None:
            return 0
        self._file.execute("DELETE FROM readings WHERE row_id BETWEEN ? AND ?", limits)
        return int(row[0])

    def _bury(self, batch_id: BatchId) -> int:
        limits = (batch_id.first_row, batch_id.last_row)
        row = self._file.execute(_BURY_BATCH, limits).fetchone()
        return 0 if row is None else int(row[0])

    # What it holds --------------------------------------------------------------------------------

    def holdings(self) -> Holdings:
        """Return what it holds; reads no file, any thread may call."""
        return Holdings(
            readings=self._readings + len(self._held),
            uncut=self._uncut,
            dead_lettered=self._dead,
            dropped=self._dropped + self._held_dropped,
            held_in_memory=len(self._held),
        )

    def bytes_used(self) -> int:
        """Return the file's size without what is free in it."""
        return self._file.bytes_used()

    def last_measured_at_ms(self) -> int | None:
        """Return the newest time of this epoch, or None."""
        newest: int = self._file.value("SELECT coalesce(max(last_measured_at_ms), 0) FROM loggers")
        return newest or None

    def last_samples(self, *, since_ms: int) -> list[tuple[str, int, Sample]]:
        """Return logger, time and sample of what each logger measured last, since then."""
        rows = self._file.execute(_SELECT_LAST_SAMPLES, (since_ms,)).fetchall()
        return [
            (
                logger_id,
                at_ms,
                Sample(
                    frame_format=frame_format,
                    temperature_c=temperature_c,
                    humidity_pct=humidity_pct,
                    sequence=sequence,
                ),
            )
            for logger_id, at_ms, frame_format, temperature_c, humidity_pct, sequence in rows
        ]

    def write_snapshot(self, snapshot: bytes) -> None:
        """Keep the agent's own words for `frostline edge status`; nothing is dropped for them."""
        with suppress(DiskRefuses):
            self._file.guarded(lambda: self._replace_snapshot(snapshot))

    def _replace_snapshot(self, snapshot: bytes) -> None:
        with self._file.transaction():
            self._file.execute(_WRITE_SNAPSHOT, (snapshot,))


def _epochs(measurements: Sequence[Measurement]) -> Iterator[Sequence[Measurement]]:
    """Split before each measurement that begins an epoch."""
    begins = [i for i, m in enumerate(measurements) if i and m.heard.begins_epoch]
    for first, end in pairwise((0, *begins, len(measurements))):
        yield measurements[first:end]


def _row(
    m: Measurement, boot_key: int, logger_key: int, at_ms: int | None
) -> tuple[int | None, ...]:
    sample = m.sample
    return (
        boot_key,
        logger_key,
        m.heard.monotonic_ms,
        at_ms,
        round(sample.temperature_c * 100),
        None if sample.humidity_pct is None else round(sample.humidity_pct * 100),
        sample.battery_mv,
        m.rssi_dbm,
        sample.sequence,
        int(m.source),
        None if m.heard.confidence is None else int(m.heard.confidence),
    )


def _reading(logger_id: str, frame_format: str, *row: int | None) -> Reading:
    at_ms, centi_c, centi_pct, battery_mv, rssi_dbm, sequence, source, clock = row
    return Reading(
        logger_id=LoggerId(logger_id),
        frame_format=frame_format,
        measured_at_ms=at_ms or 0,
        temperature_c=(centi_c or 0) / 100,
        humidity_pct=None if centi_pct is None else centi_pct / 100,
        battery_mv=battery_mv,
        rssi_dbm=rssi_dbm,
        sequence=sequence,
        source=Source(source or 0),
        clock=ClockConfidence(clock or 0),
    )
