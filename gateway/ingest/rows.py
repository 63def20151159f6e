"""Which rows of a window go which way into the database?

Rows newer than anything stored of their logger cannot be repeats, unless another ingestor has just
written the same logger: they take the fast way, COPY. All others, and those of messages that may be
repeats, take the careful one, ON CONFLICT DO NOTHING. Pure functions over columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from gateway.ingest import pgbinary
from gateway.ingest.pgbinary import Field
from schemas.columns import Bools, Columns, Int64s
from schemas.wire import MISSING, MISSING_RSSI


def _none() -> Int64s:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of the table `readings`, columns of equal length, by logger_key and then measured_at.

    Missing values as on the wire: -1, and 127 for rssi_dbm.
    """

    logger_key: Int64s = field(default_factory=_none)
    measured_at_ms: Int64s = field(default_factory=_none)
    boot_key: Int64s = field(default_factory=_none)
    temperature_centi_c: Int64s = field(default_factory=_none)
    humidity_centi_pct: Int64s = field(default_factory=_none)
    battery_mv: Int64s = field(default_factory=_none)
    rssi_dbm: Int64s = field(default_factory=_none)
    sequence: Int64s = field(default_factory=_none)
    source: Int64s = field(default_factory=_none)
    clock: Int64s = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.logger_key)

    def take(self, rows: Bools | npt.NDArray[np.intp]) -> "Rows":
        """Return the chosen rows (a mask, or indices)."""
        return Rows(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """For each logger, by its key, the first and last time among its rows, and how many."""

    logger_key: Int64s = field(default_factory=_none)
    from_ms: Int64s = field(default_factory=_none)
    to_ms: Int64s = field(default_factory=_none)
    rows: Int64s = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.logger_key)

    @classmethod
    def from_tuples(cls, tuples: Sequence[tuple[int, int, int, int]]) -> "Ranges":
        """Make columns of (logger_key, from_ms, to_ms, rows)."""
        key, from_ms, to_ms, rows = np.array(tuples, dtype=np.int64).reshape(-1, 4).T
        return cls(logger_key=key, from_ms=from_ms, to_ms=to_ms, rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """The rows of a window by their way. No key stands twice in all of them."""

    fresh: Rows = Rows()  # newer than anything stored of their logger
    late: Rows = Rows()  # may be stored already
    newest: Rows = Rows()  # the newest of each logger that has one newer than anything stored
    repeated: int = 0  # rows left out: the same key stood earlier in the window


def rows_of(columns: Columns, *, logger_key: Int64s, boot_key: Int64s) -> Rows:
    """Make table rows of wire columns; the keys are given a row. The order stays."""
    return Rows(
        logger_key=logger_key,
        boot_key=boot_key,
        **{
            f.name: getattr(columns, f.name)
            for f in fields(Rows)
            if f.name not in {"logger_key", "boot_key"}
        },
    )


def route(rows: Rows, *, stored_until_ms: Int64s, may_repeat: Bools) -> Routed:
    """Sort rows and choose a way for each.

    `stored_until_ms`: a row, the newest stored reading of its logger. `may_repeat`: a row, whether
    its message was flagged as a repeat.
    """
    order = np.lexsort((rows.measured_at_ms, rows.logger_key))
    key, at = rows.logger_key[order], rows.measured_at_ms[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (key[1:] != key[:-1]) | (at[1:] != at[:-1])
    kept = order[first]
    rows = rows.take(kept)
    newer = rows.measured_at_ms > stored_until_ms[kept]
    fresh = newer & ~may_repeat[kept]
    last = np.ones(len(kept), dtype=np.bool_)
    last[:-1] = rows.logger_key[1:] != rows.logger_key[:-1]
    return Routed(
        fresh=rows if fresh.all() else rows.take(fresh),
        late=Rows() if fresh.all() else rows.take(~fresh),
        newest=rows.take(last & newer),
        repeated=len(order) - len(kept),
    )


def ranges_of(rows: Rows) -> Ranges:
    """Return each logger's range; `rows` are sorted."""
    return _ranges(rows.logger_key, rows.measured_at_ms, rows.measured_at_ms, None)


def join_ranges(*parts: Ranges) -> Ranges:
    """Return ranges that cover those given, one a logger."""
    key = np.concatenate([part.logger_key for part in parts])
    order = np.argsort(key, kind="stable")
    return _ranges(
        key[order],
        np.concatenate([part.from_ms for part in parts])[order],
        np.concatenate([part.to_ms for part in parts])[order],
        np.concatenate([part.rows for part in parts])[order],
    )


def _ranges(key: Int64s, from_ms: Int64s, to_ms: Int64s, rows: Int64s | None) -> Ranges:
    if len(key) == 0:
        return Ranges()
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    return Ranges(
        logger_key=key[starts],
        from_ms=np.minimum.reduceat(from_ms, starts),
        to_ms=np.maximum.reduceat(to_ms, starts),
        rows=np.add.reduceat(rows, starts)
        if rows is not None
        else np.diff(starts, append=len(key)),
    )


def reading_fields(rows: Rows) -> dict[str, Field]:
    """Return the columns of `readings` in the order of its COPY."""
    humidity, sequence = rows.humidity_centi_pct, rows.sequence
    return {
        "measured_at": pgbinary.timestamptz(rows.measured_at_ms),
        "logger_key": pgbinary.int4(rows.logger_key),
        "boot_key": pgbinary.int4(rows.boot_key),
        "temperature_c": pgbinary.float4(rows.temperature_centi_c / 100),
        "humidity_pct": pgbinary.float4(humidity / 100, humidity == MISSING),
        "sequence": pgbinary.int4(sequence, sequence == MISSING),
        "battery_mv": pgbinary.int2(rows.battery_mv, rows.battery_mv == MISSING),
        "rssi_dbm": pgbinary.int2(rows.rssi_dbm, rows.rssi_dbm == MISSING_RSSI),
        "source": pgbinary.int2(rows.source),
        "clock": pgbinary.int2(rows.clock),
    }
