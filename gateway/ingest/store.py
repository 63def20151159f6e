"""What stands in the database, and how does a flush get there? The only door to PostgreSQL."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString, Self, TypeVar

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gateway.database.store import connect
from gateway.ingest import pgbinary
from gateway.ingest import store_statements as sql
from gateway.ingest.delivery import DeadLetter, StatusWord
from gateway.ingest.flush import Flush, Replaced
from gateway.ingest.known import NEVER_MS, Boot, KnownLogger
from gateway.ingest.pgbinary import Field
from gateway.ingest.positions import Doubt
from gateway.ingest.rows import Ranges, Rows, join_ranges, reading_fields
from schemas.ids import GatewayId, LoggerId
from schemas.position import MAX_FIXES, Fix
from schemas.reading import COUNTER_WRAP

RowT = TypeVar("RowT")

IN_EACH_OTHERS_WAY: Final = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
"""What a caller answers by trying again on the same connection: another transaction went first."""

DATABASE_DOWN: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a caller answers by trying again on a new one: no server, no connection, a full disk."""

# First key of our advisory locks, the second is the shard. Any constant of our own: "FROS".
_LOCK_CLASS: Final = 0x46524F53
_READINGS_STORED: Final = "frostline.readings.stored"
_FIXES_KEPT_OUT: Final = "frostline.positions.kept_out"
_OIDS: Final = {">i2": 21, ">i4": 23, ">f4": 700, ">i8": 1184}  # pg_type.dat; >i8 is a timestamptz


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterLimits:
    """How many dead letters are kept, in rows and in bytes; the oldest go first."""

    rows: int
    megabytes: int


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who owns a shard."""

    shard: int
    owner: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ListedDeadLetter:
    """A dead letter without its bytes."""

    dead_letter_id: int
    received_at: datetime
    topic: str
    gateway_id: str | None
    batch_id: str | None
    size_bytes: int
    reason: str
    replayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter's bytes and the topic they came by."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class StoredCount:
    """What was stored in a stretch of time."""

    flushes: int
    messages: int
    readings: int


@dataclass(frozen=True, slots=True)
class LatestSummary:
    """How many loggers have readings, and how late these come."""

    loggers: int
    newest_stored_at: datetime | None
    median_lag_s: float | None


@dataclass(frozen=True, slots=True)
class GatewaySummary:
    """How many gateways there are."""

    gateways: int
    online: int


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """How many dead letters wait for somebody."""

    dead_letters: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a flush came to in the database."""

    new: int
    late: int  # of the new, those not newer than what was stored of their logger
    copy_repeated: bool  # the COPY met a key that another ingestor had stored


class _Array:
    """A binary array, ready to be sent."""

    __slots__ = ("content",)

    def __init__(self, field: Field) -> None:
        self.content = pgbinary.array(field, _OIDS[field.values.dtype.str])


class _ArrayDumper(Dumper):
    """Sends an `_Array` as it is; each statement casts its parameters to the type."""

    format = Format.BINARY

    def dump(self, obj: _Array) -> bytes:
        return obj.content


class Store:
    """One connection. The shards' locks live on the connection that commits.

    So a commit proves that its ingestor owned its shards: what loses the locks, a lost connection,
    loses the transaction too.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        connection.adapters.register_dumper(_Array, _ArrayDumper)

    @classmethod
    def connect(cls, database_url: str, *, owner: str = "frostline ingest") -> Self:
        """Connect; `owner` is what others see of us (PostgreSQL keeps 63 bytes)."""
        return cls(connect(database_url, name=owner))

    def close(self) -> None:
        """Close the connection, and let the locks go."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ping(self) -> None:
        """Find out whether the connection still lives."""
        self._connection.execute("SELECT 1")

    def has_schema(self) -> bool:
        """Whether somebody has migrated this database."""
        row = self._connection.execute("SELECT to_regclass('dead_letters')").fetchone()
        return row is not None and row[0] is not None

    # Ownership

    def lock(self, shards: range) -> bool:
        """Take the locks of all shards, or of none."""
        for shard in shards:
            row = self._connection.execute(
                sql.TRY_LOCK, {"lock_class": _LOCK_CLASS, "shard": shard}
            ).fetchone()
            if row is None or not row[0]:
                self._connection.execute(sql.UNLOCK_ALL)
                return False
        return True

    def lock_holders(self) -> list[LockHolder]:
        """Return who owns which shard."""
        with self._connection.cursor(row_factory=class_row(LockHolder)) as cursor:
            return cursor.execute(sql.LOCK_HOLDERS, {"lock_class": _LOCK_CLASS}).fetchall()

    # Keys

    def learn_loggers(self, wanted: Mapping[LoggerId, str], *, now: datetime) -> list[KnownLogger]:
        """Return the keys of these loggers; register those that are new, with their formats."""
        with self._connection.transaction():
            found = self._select_loggers(wanted)
            missing = sorted(wanted.keys() - found.keys())
            if missing:
                self._connection.execute(sql.INSERT_LOGGERS, _new_loggers(missing, wanted, now))
                found |= self._select_loggers(missing)
            for logger_id in sorted(found):
                if found[logger_id].frame_format != wanted[logger_id]:
                    self._update_format(logger_id, wanted[logger_id])
        return [
            KnownLogger(
                logger_id=logger_id,
                logger_key=logger.logger_key,
                frame_format=wanted[logger_id],
                stored_until_ms=logger.stored_until_ms,
            )
            for logger_id, logger in found.items()
        ]

    def learn_boots(self, wanted: set[Boot], *, now: datetime) -> dict[Boot, int]:
        """Return the keys of these boots; register those that are new."""
        with self._connection.transaction():
            found = self._select_boots(wanted)
            if missing := wanted - found.keys():
                params = _boot_arrays(missing) | {"now": now}
                self._connection.execute(sql.INSERT_GATEWAYS, params)
                self._connection.execute(sql.INSERT_BOOTS, params)
                found |= self._select_boots(missing)
        return found

    def _select_loggers(self, wanted: Iterable[LoggerId]) -> dict[LoggerId, KnownLogger]:
        rows = self._connection.execute(sql.SELECT_LOGGERS, {"logger_ids": list(wanted)})
        return {
            LoggerId(logger_id): KnownLogger(
                logger_id=LoggerId(logger_id),
                logger_key=key,
                frame_format=frame_format,
                stored_until_ms=NEVER_MS if stored_until_ms is None else stored_until_ms,
            )
            for logger_id, key, frame_format, stored_until_ms in rows
        }

    def _update_format(self, logger_id: LoggerId, frame_format: str) -> None:
        self._connection.execute(
            sql.UPDATE_FORMAT,
            {
                "logger_id": logger_id,
                "frame_format": frame_format,
                "counter_wrap": COUNTER_WRAP.get(frame_format, 0),
            },
        )

    def _select_boots(self, wanted: set[Boot]) -> dict[Boot, int]:
        rows = self._connection.execute(sql.SELECT_BOOTS, _boot_arrays(wanted))
        return {(gateway_id, boot_id): key for gateway_id, boot_id, key in rows}

    # The transaction

    def write(self, flush: Flush, *, now: datetime) -> Written:
        """Commit a flush: rows, latest, touched, event, statuses, dead letters, wake-up."""
        with self._connection.transaction():
            deleted = self._delete(flush.replaced)
            copied, repeated_key = self._copy(flush)
            late = flush.routed.fresh if repeated_key else Rows()
            inserted = [self._insert(rows) for rows in (late, flush.routed.late)]
            touched = join_ranges(deleted, copied, *inserted)
            new = int(sum(part.rows.sum() for part in (copied, *inserted)))
            with self._connection.pipeline():
                self._update_latest(flush, now)
                self._announce(touched, flush, new, now)
                self._keep(flush, now)
                self._keep_positions(flush, now)
        return Written(new=new, late=int(inserted[1].rows.sum()), copy_repeated=repeated_key)

    def _copy(self, flush: Flush) -> tuple[Ranges, bool]:
        """Return what was copied, and whether a key stood there already (then nothing was)."""
        if not len(flush.routed.fresh):
            return Ranges(), False
        try:
            with (
                self._connection.transaction(),
                self._connection.cursor() as cursor,
                cursor.copy(sql.COPY_READINGS) as copy,
            ):
                copy.write(flush.fresh_copy)
        except psycopg.errors.UniqueViolation:
            return Ranges(), True
        return flush.fresh_ranges, False

    def _insert(self, rows: Rows) -> Ranges:
        if not len(rows):
            return Ranges()
        return self._ranges(sql.INSERT_READINGS, _arrays(reading_fields(rows)))

    def _delete(self, replaced: Replaced | None) -> Ranges:
        if replaced is None or not len(replaced.logger_key):
            return Ranges()
        keys = {
            "logger_key": pgbinary.int4(replaced.logger_key),
            "measured_at": pgbinary.timestamptz(replaced.measured_at_ms),
        }
        limits = {
            "from_at": _utc(int(replaced.measured_at_ms.min())),
            "to_at": _utc(int(replaced.measured_at_ms.max())),
            "gateway_id": replaced.gateway_id,
        }
        return self._ranges(sql.DELETE_READINGS, _arrays(keys) | limits)

    def _ranges(self, statement: LiteralString, params: Mapping[str, object]) -> Ranges:
        rows = self._connection.execute(statement, params, binary=True).fetchall()
        return Ranges.from_tuples(rows)

    def _update_latest(self, flush: Flush, now: datetime) -> None:
        if flush.replaced is not None:
            keys = _arrays({"logger_key": pgbinary.int4(flush.corrected_keys())})
            self._connection.execute(sql.DELETE_LATEST, keys)
            self._connection.execute(sql.REBUILD_LATEST, keys | {"now": now})
        elif len(flush.routed.newest):
            arrays = _arrays(reading_fields(flush.routed.newest))
            self._connection.execute(sql.UPSERT_LATEST, arrays | {"now": now})

    def _announce(self, touched: Ranges, flush: Flush, new: int, now: datetime) -> None:
        if not len(touched):
            return
        ranges = {
            "logger_key": pgbinary.int4(touched.logger_key),
            "from_at": pgbinary.timestamptz(touched.from_ms),
            "to_at": pgbinary.timestamptz(touched.to_ms),
        }
        event = {
            "now": now,
            "type": _READINGS_STORED,
            "from_at": _utc(int(touched.from_ms.min())),
            "to_at": _utc(int(touched.to_ms.max())),
            "data": Jsonb({"messages": flush.messages, "readings": flush.readings, "new": new}),
        }
        arrays = _arrays(ranges)
        self._connection.execute(sql.INSERT_TOUCHED, arrays)
        self._connection.execute(sql.INSERT_EVENT, {"logger_key": arrays["logger_key"]} | event)
        self._connection.execute(sql.NOTIFY)

    def tidy(self, *, events_before: datetime, touched_max: int) -> None:
        """Delete old events, and the oldest marks beyond so many."""
        with self._connection.transaction():
            self._connection.execute(sql.TRIM_EVENTS, {"before": events_before})
            self._connection.execute(sql.TRIM_TOUCHED, {"kept": touched_max})

    def trim_dead_letters(self, limits: DeadLetterLimits) -> int:
        """Give up what is beyond the limits; return how many of those nobody had replayed."""
        params = {"rows": limits.rows, "bytes": limits.megabytes * 1_000_000}
        given_up = self._connection.execute(sql.TRIM_DEAD_LETTERS, params).fetchall()
        return sum(unreplayed for (unreplayed,) in given_up)

    def _keep(self, flush: Flush, now: datetime) -> None:
        if flush.statuses:
            self._keep_statuses(flush.statuses, now)
        for letter in flush.dead_letters:
            self._connection.execute(sql.INSERT_DEAD_LETTER, _dead_letter(letter, now))

    def _keep_statuses(self, words: Sequence[StatusWord], now: datetime) -> None:
        gateway_ids = [word.gateway_id for word in words]
        self._connection.execute(sql.INSERT_GATEWAYS, {"gateway_ids": gateway_ids, "now": now})
        for word in words:
            status = word.payload.decode()
            params = {"gateway_id": word.gateway_id, "status": status, "now": now}
            self._connection.execute(sql.UPDATE_STATUS, params)

    # Positions

    def newest_fixes(self, gateway_ids: Iterable[GatewayId]) -> dict[GatewayId, list[Fix]]:
        """Return the newest stored fixes of each, oldest first; a new gateway has none."""
        fixes: dict[GatewayId, list[Fix]] = {gateway_id: [] for gateway_id in gateway_ids}
        params = {"gateway_ids": sorted(fixes), "limit": MAX_FIXES}
        for gateway_id, at, lat_deg, lon_deg in self._connection.execute(sql.NEWEST_FIXES, params):
            at_ms = round(at.timestamp() * 1000)
            fixes[GatewayId(gateway_id)].append(Fix(at_ms=at_ms, lat_deg=lat_deg, lon_deg=lon_deg))
        return fixes

    def trim_positions(self, before: datetime) -> None:
        """Delete what was stored before that time."""
        self._connection.execute(sql.TRIM_POSITIONS, {"before": before})

    def _keep_positions(self, flush: Flush, now: datetime) -> None:
        kept = [each for sifted in flush.positions for each in sifted.kept]
        if kept:
            fixes = [each.fix for each in kept]
            params = {
                "gateway_ids": [each.gateway_id for each in kept],
                "ats": [_utc(fix.at_ms) for fix in fixes],
                "lat_degs": [fix.lat_deg for fix in fixes],
                "lon_degs": [fix.lon_deg for fix in fixes],
                "speeds_m_s": [fix.speed_m_s for fix in fixes],
                "accuracies_m": [fix.accuracy_m for fix in fixes],
                "now": now,
            }
            self._connection.execute(sql.INSERT_POSITIONS, params)
        for doubt in (doubt for sifted in flush.positions for doubt in sifted.doubts):
            if doubt.is_new:
                params = {"now": now, "type": _FIXES_KEPT_OUT, "data": Jsonb(_told(doubt))}
                self._connection.execute(sql.INSERT_DOUBT, params)

    # Dead letters

    def list_dead_letters(self, limit: int) -> list[ListedDeadLetter]:
        """Return the newest dead letters."""
        with self._connection.cursor(row_factory=class_row(ListedDeadLetter)) as cursor:
            return cursor.execute(sql.LIST_DEAD_LETTERS, {"limit": limit}).fetchall()

    def unreplayed_ids(self, ids: Sequence[int] | None) -> list[int]:
        """Return which of these dead letters (None: of all) were not replayed yet."""
        given = None if ids is None else list(ids)
        return [row[0] for row in self._connection.execute(sql.UNREPLAYED_IDS, {"ids": given})]

    def dead_letter(self, dead_letter_id: int) -> KeptLetter | None:
        """Return a dead letter that was not replayed yet."""
        with self._connection.cursor(row_factory=class_row(KeptLetter)) as cursor:
            params = {"dead_letter_id": dead_letter_id}
            return cursor.execute(sql.SELECT_DEAD_LETTER, params).fetchone()

    def mark_replayed(self, dead_letter_id: int, *, now: datetime) -> None:
        """Note that a dead letter's content is stored."""
        self._connection.execute(sql.MARK_REPLAYED, {"dead_letter_id": dead_letter_id, "now": now})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several calls one transaction."""
        with self._connection.transaction():
            yield

    # Status

    def stored_since(self, since: datetime) -> StoredCount:
        """Count what was stored."""
        return self._one(StoredCount, sql.COUNT_STORED, {"type": _READINGS_STORED, "since": since})

    def latest_summary(self, since: datetime) -> LatestSummary:
        """Say how many loggers there are and how late readings stored since then came."""
        return self._one(LatestSummary, sql.LATEST_SUMMARY, {"since": since})

    def gateway_summary(self) -> GatewaySummary:
        """Count gateways."""
        return self._one(GatewaySummary, sql.GATEWAY_SUMMARY, {})

    def count_dead_letters(self) -> DeadLetterCount:
        """Count dead letters not replayed."""
        return self._one(DeadLetterCount, sql.COUNT_DEAD_LETTERS, {})

    def _one(self, cls: type[RowT], statement: LiteralString, params: Mapping[str, object]) -> RowT:
        with self._connection.cursor(row_factory=class_row(cls)) as cursor:
            return cursor.execute(statement, params).fetchall()[0]


def _arrays(columns: Mapping[str, Field]) -> dict[str, object]:
    return {name: _Array(column) for name, column in columns.items()}


def _new_loggers(
    missing: Sequence[LoggerId], formats: Mapping[LoggerId, str], now: datetime
) -> dict[str, object]:
    return {
        "logger_ids": missing,
        "formats": [formats[logger_id] for logger_id in missing],
        "counter_wraps": [COUNTER_WRAP.get(formats[logger_id], 0) for logger_id in missing],
        "now": now,
    }


def _boot_arrays(boots: set[Boot]) -> dict[str, object]:
    return {
        "gateway_ids": [gateway_id for gateway_id, _ in boots],
        "boot_ids": [boot_id for _, boot_id in boots],
    }


def _dead_letter(letter: DeadLetter, now: datetime) -> dict[str, object]:
    return {
        "now": now,
        "topic": _storable(letter.topic),
        "gateway_id": letter.gateway_id,
        "batch_id": letter.batch_id,
        "payload": letter.payload,
        "reason": _storable(letter.reason),
        "only_copy": letter.only_copy,
    }


def _told(doubt: Doubt) -> dict[str, object]:
    return {
        "gateway_id": doubt.gateway_id,
        "reason": doubt.reason,
        "fixes": doubt.fixes,
        "first": doubt.sentence,
    }


def _storable(text: str) -> str:
    """Return the text without what PostgreSQL refuses: NUL, and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _utc(unix_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=unix_ms)
