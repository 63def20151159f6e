"""What does an edge hear and hold?

The agent writes a small snapshot into the outbox every few seconds; this module reads it back
together with the outbox itself, while the agent runs and after it died.
"""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from schemas.reading import ClockConfidence

_PAGE_PRAGMAS: Final = ("page_count", "freelist_count", "page_size")
# A logger is silent after so many of its own advertising intervals, and some seconds.
_SILENT_INTERVALS: Final = 10
_SILENT_AT_LEAST_S: Final = 15.0
# The agent writes every 5 s; a snapshot this old is a dead agent's.
_STALE_S: Final = 20.0

_SELECT_BACKLOG: Final = """
SELECT (SELECT count(*) FROM readings),
    (SELECT count(*) FROM batches WHERE NOT dead_lettered),
    (SELECT coalesce(sum(readings), 0) FROM batches WHERE dead_lettered),
    (SELECT measured_at_ms FROM readings ORDER BY row_id LIMIT 1),
    (SELECT count(*) FROM readings WHERE measured_at_ms IS NULL)
"""


class NoOutbox(FileNotFoundError):
    """There is no outbox to look into. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerReport:
    """One logger as the agent heard it last; times are UTC milliseconds by the edge's clock."""

    logger_id: str
    frame_format: str
    heard_at_ms: int
    temperature_c: float
    humidity_pct: float | None
    battery_mv: int | None
    rssi_dbm: int | None
    advert_interval_s: float | None  # learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the agent knows and the outbox does not."""

    at_ms: int
    gateway_id: str
    pid: int
    clock: int | None  # ClockConfidence; None: not set
    broker_connected: bool
    broker_failure: str
    batches_in_flight: int
    loggers_heard: int
    loggers: list[LoggerReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeReport:
    """What an edge hears and holds. `snapshot` is None if no agent has written one yet."""

    at_ms: int  # when it was made, by this machine's clock
    outbox: str  # its UUID
    path: Path
    readings: int  # kept and not confirmed
    batches: int  # cut and not confirmed
    dead_lettered: int
    oldest_at_ms: int | None
    unplaced: int  # readings that wait for the clock
    dropped: int
    bytes_used: int
    snapshot: Snapshot | None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Snapshot)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Encode for `Outbox.write_snapshot`."""
    return _encoder.encode(snapshot)


def describe(path: Path) -> EdgeReport:
    """Look into an outbox without disturbing its agent; raise NoOutbox."""
    if not path.is_file():
        raise NoOutbox(f"{path} is not there; FROSTLINE_EDGE_OUTBOX_PATH names the outbox")
    connection = sqlite3.connect(_uri(path), uri=True, timeout=5)
    try:
        return _report(path, connection)
    except sqlite3.DatabaseError as error:
        raise NoOutbox(f"{path} can't be read as an outbox: {error}") from error
    finally:
        connection.close()


def _uri(path: Path) -> str:
    # Without a write-ahead log nobody has the outbox open, and SQLite would make a log to read it:
    # another account may not, and root would leave files that the edge's account can't write.
    is_closed = not Path(f"{path}-wal").exists()
    return f"{path.absolute().as_uri()}?{'immutable=1' if is_closed else 'mode=ro'}"


def _report(path: Path, connection: sqlite3.Connection) -> EdgeReport:
    connection.execute("BEGIN")  # one view of it all
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    rows, batches, dead, oldest, unplaced = connection.execute(_SELECT_BACKLOG).fetchone()
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _PAGE_PRAGMAS
    )
    return EdgeReport(
        at_ms=time.time_ns() // 1_000_000,
        outbox=str(meta.get("uuid", "")),
        path=path,
        readings=rows - dead,
        batches=batches,
        dead_lettered=dead,
        oldest_at_ms=oldest,
        unplaced=unplaced,
        dropped=int(meta.get("dropped", 0)),
        bytes_used=(pages - free) * page_bytes,
        snapshot=_snapshot(meta.get("snapshot")),
    )


def _snapshot(encoded: object) -> Snapshot | None:
    """Read what the agent wrote; another version's words count as none."""
    try:
        return _decoder.decode(encoded) if isinstance(encoded, bytes) else None
    except msgspec.DecodeError:
        return None


# For a person ------------------------------------------------------------------------------------


def render(report: EdgeReport) -> str:
    """Return the report as lines of text."""
    return "\n".join([*_head(report), *_holdings(report), "", *_table(report)])


def _head(report: EdgeReport) -> Iterable[str]:
    snapshot = report.snapshot
    if snapshot is None:
        yield "edge       has not run yet"
        return
    age_s = (report.at_ms - snapshot.at_ms) / 1000
    state = "running" if age_s < _STALE_S else f"NOT RUNNING, last seen {_age(age_s)} ago"
    yield f"edge       {snapshot.gateway_id}, {state} (process {snapshot.pid})"
    why = f": {snapshot.broker_failure}" if snapshot.broker_failure else ""
    yield f"broker     {'connected' if snapshot.broker_connected else f'not connected{why}'}"
    clock = "not set" if snapshot.clock is None else ClockConfidence(snapshot.clock).name.lower()
    yield f"clock      {clock}"


def _holdings(report: EdgeReport) -> Iterable[str]:
    in_flight = report.snapshot.batches_in_flight if report.snapshot else 0
    yield f"outbox     {report.path}"
    yield f"           {report.readings} readings, {report.bytes_used / 1e6:.1f} MB"
    yield f"           {report.batches} batches not confirmed, {in_flight} of them in flight"
    if report.oldest_at_ms is not None:
        yield f"           oldest {_age((report.at_ms - report.oldest_at_ms) / 1000)} ago"
    if report.unplaced:
        yield f"           {report.unplaced} wait for the clock to be set"
    if report.dead_lettered:
        yield f"           {report.dead_lettered} could not be read by the ingestor"
    if report.dropped:
        yield f"           {report.dropped} LOST: the outbox was full"


def _table(report: EdgeReport) -> Iterable[str]:
    if report.snapshot is None or not report.snapshot.loggers:
        yield "no logger has been heard"
        return
    snapshot = report.snapshot
    shown = len(snapshot.loggers)
    more = f", {shown} of them shown" if shown < snapshot.loggers_heard else ""
    yield f"{snapshot.loggers_heard} loggers heard in the last 10 minutes{more}"
    columns = ("logger", "format", "heard (UTC)", "°C", "% RH", "mV", "dBm", "every s", "")
    yield _LINE.format(*columns).rstrip()
    for logger in snapshot.loggers:
        yield _LINE.format(*_cells(logger, snapshot.at_ms)).rstrip()


_LINE: Final = "{:17}  {:12} {:>12} {:>7} {:>6} {:>5} {:>5} {:>8}  {}"


def _cells(logger: LoggerReport, at_ms: int) -> tuple[str, ...]:
    heard = datetime.fromtimestamp(logger.heard_at_ms / 1000, UTC)
    silent_s = (at_ms - logger.heard_at_ms) / 1000
    return (
        logger.logger_id,
        logger.frame_format,
        f"{heard:%H:%M:%S}",
        f"{logger.temperature_c:.2f}",
        _or_dash(logger.humidity_pct, ".1f"),
        _or_dash(logger.battery_mv, "d"),
        _or_dash(logger.rssi_dbm, "d"),
        _or_dash(logger.advert_interval_s, ".1f"),
        f"silent for {_age(silent_s)}" if is_silent(logger, silent_s) else "",
    )


def is_silent(logger: LoggerReport, silent_s: float) -> bool:
    """Whether a logger should have been heard: by its own interval, a fixed one cries wolf."""
    expected_s = (logger.advert_interval_s or 0.0) * _SILENT_INTERVALS
    return silent_s > max(_SILENT_AT_LEAST_S, expected_s)


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _age(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"
