"""How is the outbox's file opened, guarded and kept usable?

SQLite with a write-ahead log and an fsync at each commit. A file that another process uses is
refused, a corrupt one is set aside, a full one or a full disk is told from every other error.
"""

import errno
import fcntl
import logging
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")

PAGE_BYTES: Final = 4096
_SQLITE_HEADER: Final = b"SQLite format 3\0"  # sqlite.org/fileformat2.html, 1.3

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS boots (boot_key INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS loggers (
    logger_key INTEGER PRIMARY KEY,
    logger_id TEXT NOT NULL UNIQUE,
    frame_format TEXT NOT NULL,
    last_measured_at_ms INTEGER NOT NULL,  -- in this epoch: the next is later
    -- What was measured last: after a restart the logger may still be repeating it.
    last_temperature_c REAL,
    last_humidity_pct REAL,
    last_sequence INTEGER
);
-- AUTOINCREMENT: a row id, and so a batch id, is never used again.
CREATE TABLE IF NOT EXISTS readings (
    row_id INTEGER PRIMARY KEY AUTOINCREMENT,
    boot_key INTEGER NOT NULL,
    logger_key INTEGER NOT NULL,
    monotonic_ms INTEGER NOT NULL,
    measured_at_ms INTEGER,  -- NULL until the clock is set
    temperature_centi_c INTEGER NOT NULL,
    humidity_centi_pct INTEGER,
    battery_mv INTEGER,
    rssi_dbm INTEGER,
    sequence INTEGER,
    source INTEGER NOT NULL,
    clock INTEGER
);
CREATE INDEX IF NOT EXISTS unplaced ON readings (row_id) WHERE measured_at_ms IS NULL;
-- Times of readings that lie ahead, since the clock stepped back.
CREATE TABLE IF NOT EXISTS taken (
    logger_key INTEGER NOT NULL,
    measured_at_ms INTEGER NOT NULL,
    PRIMARY KEY (logger_key, measured_at_ms)
) WITHOUT ROWID;
-- Cut once and kept: resent as the same rows until it is answered.
CREATE TABLE IF NOT EXISTS batches (
    first_row INTEGER PRIMARY KEY,
    last_row INTEGER NOT NULL,
    boot_key INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    dead_lettered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS waiting ON batches (first_row) WHERE NOT dead_lettered;
"""

_PRAGMAS: Final = (
    f"page_size = {PAGE_BYTES}",
    "journal_mode = WAL",
    "synchronous = FULL",  # in WAL mode: an fsync at each commit
    "journal_size_limit = 8388608",
    "temp_store = MEMORY",
    "cache_size = -2000",
    "busy_timeout = 5000",
)
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# The file, or its folder, is another's, a folder, or on a disk that takes no writing.
_CLOSED_TO_US: Final = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
)


class OutboxInUse(RuntimeError):
    """Another process has this outbox."""


class UnusableOutbox(OSError):
    """The outbox's file or folder can't be made or opened. The message says what to change."""


class DiskRefuses(OSError):
    """The disk takes no more: it, or the outbox's own limit, is full (`is_full`), or it fails."""

    def __init__(self, message: str, *, is_full: bool) -> None:
        super().__init__(message)
        self.is_full = is_full


class OutboxFile:
    """A SQLite database at `path` of at most `max_mb` MiB, locked while this process lives.

    `prepare` is called on each newly opened file.
    """

    def __init__(self, path: Path, *, max_mb: int, prepare: Callable[[], None]) -> None:
        self._path = path
        self._max_pages = max_mb * 1024 * 1024 // PAGE_BYTES
        self._prepare = prepare
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _refuse_foreign(path)
            self._lock_fd = _lock(path)
        except OSError as error:
            raise _unusable(path, error) from error

    def open(self) -> None:
        """Open the file, or a new one where it is corrupt."""
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if _code(error) in _CLOSED_TO_US:
                os.close(self._lock_fd)
                raise _unusable(self._path, error) from error
            if _code(error) not in _CORRUPT:
                raise
            self._set_aside()
            self._open()

    def close(self) -> None:
        """Close the file and free the lock."""
        self._db.close()
        os.close(self._lock_fd)

    def guarded(self, operation: Callable[[], T]) -> T:
        """Run an operation; where the file turns out to be corrupt, run it on a new one."""
        try:
            return operation()
        except sqlite3.DatabaseError as error:
            if _code(error) not in _CORRUPT:
                raise
        self._set_aside()
        self._open()
        return operation()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside, durably; raise DiskRefuses where the disk does not."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            self._roll_back()
            if _code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
                is_full = _code(error) == sqlite3.SQLITE_FULL
                raise DiskRefuses(str(error), is_full=is_full) from error
            raise
        except BaseException:
            self._roll_back()
            raise

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._db.execute(statement, parameters)

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row."""
        self._db.executemany(statement, rows)

    def value(self, query: str, *parameters: object) -> Any:
        """Return the only value of the only row."""
        return self._db.execute(query, parameters).fetchone()[0]

    def bytes_used(self) -> int:
        """Return the size of what is in use; freed pages are used again."""
        pages = self.value("PRAGMA page_count") - self.value("PRAGMA freelist_count")
        return int(pages) * PAGE_BYTES

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for pragma in (*_PRAGMAS, f"max_page_count = {self._max_pages}"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)
        self._prepare()

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _set_aside(self) -> None:
        """Rename the broken file and its companions, so that a person can look into them."""
        self._db.close()
        aside = f"{self._path}.corrupt-{uuid.uuid4().hex[:8]}"
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
        log.critical("outbox is corrupt; set aside, and a new one begun", extra={"kept_as": aside})


def _refuse_foreign(path: Path) -> None:
    """Raise OSError for a file that was never an outbox: setting it aside would be rude.

    An outbox has its lock beside it; without one, only an SQLite database may be one.
    """
    if _lock_path(path).exists() or not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("rb") as file:
        if file.read(len(_SQLITE_HEADER)) != _SQLITE_HEADER:
            raise OSError(errno.EEXIST, "it is a file of another kind")


def _lock_path(path: Path) -> Path:
    return Path(f"{path}.lock")


def _lock(path: Path) -> int:
    """Hold a lock for as long as this process lives."""
    descriptor = os.open(_lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise OutboxInUse(
            f"{path} is another edge's outbox while it runs; stop it, or set"
            " FROSTLINE_EDGE_OUTBOX_PATH to another file"
        ) from error
    return descriptor


def _unusable(path: Path, error: Exception) -> UnusableOutbox:
    return UnusableOutbox(
        f"{path} can't be an outbox: {error}; set FROSTLINE_EDGE_OUTBOX_PATH to a file that this"
        " user may write"
    )


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
