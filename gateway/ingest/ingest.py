"""How do readings get from MQTT into the database, and nothing is lost on the way?

Four threads hand each other work: paho's receives, this one reads and sorts, one commits, one
acknowledges and answers. A flush is committed, then acknowledged, then answered with `stored`;
whatever dies in between, its messages come again and repeat nothing. While the database is away the
flush at hand is tried again and again: what is not acknowledged does not come back on a living
connection.
"""

import gc
import logging
import math
import os
import queue
import random
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from prometheus_client import start_http_server

from gateway.ingest import metrics
from gateway.ingest.broker import Broker, Inbox
from gateway.ingest.delivery import Delivery
from gateway.ingest.errors import (
    BrokerRefused,
    ClientIdTaken,
    IngestRefused,
    SchemaMissing,
    ShardTaken,
)
from gateway.ingest.flush import (
    Flush,
    Window,
    join_columns,
    latest_at,
    make_flush,
    sift_positions,
)
from gateway.ingest.keys import Keys
from gateway.ingest.positions import Gates, Sifted
from gateway.ingest.settings import IngestSettings
from gateway.ingest.store import DATABASE_DOWN, IN_EACH_OTHERS_WAY, DeadLetterLimits, Store, Written
from schemas.columns import Columns
from schemas.topics import parse_shards

__all__ = ["BrokerRefused", "ClientIdTaken", "IngestRefused", "ShardTaken", "run"]

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")
Clock = Callable[[], datetime]

# A batch makes a dozen lists, which live until their flush is made. The collector's usual threshold
# of 700 would have it look through all of them again and again, a fifth of the reading.
_GARBAGE_THRESHOLD: Final = 50_000
# How long a thread that computes keeps the interpreter's lock from one that would like it. Most of
# what the others do ends in a moment: starting a statement, taking a message.
_SWITCH_INTERVAL_S: Final = 0.0005
_IDLE_S: Final = 1.0  # how often an idle ingestor looks whether it still owns its shards
_SLICE_S: Final = 0.01  # how long to gather between two looks at the inbox
_MOST_PENDING: Final = 3  # one is committed, one waits for that, one is confirmed
_RETRY_S: Final = (0.1, 10.0)  # first and longest delay after a failure of the database
# A killed owner's locks live until the server notices: at once, or after its TCP keepalive.
_FIRST_PATIENCE_S: Final = 3.0
_LATER_PATIENCE_S: Final = 60.0
_LOCK_POLL_S: Final = 0.2
_TIDY_EVERY_S: Final = 60.0
_QUIET_S: Final = 1.0  # a session is drained when nothing came for so long
_RELEASE_TIMEOUT_S: Final = 60.0


class _Stopped(Exception):
    """The ingestor was told to stop while it waited for the database."""


def utc_now() -> datetime:
    """Return the time, for `stored_at` and the like."""
    return datetime.now(UTC)


def run(settings: IngestSettings, stop: threading.Event, *, clock: Clock = utc_now) -> None:
    """Ingest until told to stop.

    Raises IngestRefused where a person must choose, and anything that is a bug. With `release`,
    what the broker holds for us is drained and our session there ended.
    """
    gc.set_threshold(_GARBAGE_THRESHOLD)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    shards = parse_shards(settings.shards)
    inbox: Inbox = queue.SimpleQueue()
    broker = Broker(settings, shards, inbox)
    database = _Database(settings, shards, stop, broker.start if settings.takeover else None)
    released = False
    try:
        database.attempt(Store.ping)
        broker.start()
        released = _Ingestor(settings, inbox, broker, database, clock).run(stop)
    except _Stopped:
        log.info("stopped before the database answered; nothing of it was acknowledged")
    finally:
        broker.close(end_session=released)
        database.close()


class _Database:
    """A connection that owns our shards, made again when it is lost. One thread at a time."""

    def __init__(
        self,
        settings: IngestSettings,
        shards: range,
        stop: threading.Event,
        subscribe: Callable[[], None] | None,
    ) -> None:
        """`subscribe`: wait for the shards, and subscribe meanwhile; None: refuse to wait."""
        self._subscribe = subscribe
        self._url = settings.database_url
        self._shards = shards
        self._stop = stop
        self._owner = f"frostline ingest {settings.shards} on {socket.gethostname()} {os.getpid()}"
        self._patience_s = math.inf if subscribe else _FIRST_PATIENCE_S
        self._store: Store | None = None

    def attempt(self, work: Callable[[Store], ResultT]) -> ResultT:
        """Do the work; while the database is away, again and again."""
        delay_s = _RETRY_S[0]
        while True:
            try:
                return work(self._store or self._connect())
            except IN_EACH_OTHERS_WAY:
                metrics.DATABASE_RETRIES.inc()  # rolled back; the locks are still ours
            except DATABASE_DOWN as error:
                self.close()
                metrics.DATABASE_RETRIES.inc()
                log.warning("database failed; trying again", extra={"error": str(error).strip()})
            if self._stop.wait(delay_s * random.uniform(0.5, 1)):  # noqa: S311  # not a secret
                raise _Stopped
            delay_s = min(delay_s * 2, _RETRY_S[1])

    def close(self) -> None:
        """Let the connection go, and the locks with it."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _connect(self) -> Store:
        store = Store.connect(self._url, owner=self._owner)
        try:
            self._own(store)
        except BaseException:
            store.close()  # nobody may commit on a connection without the locks
            raise
        self._store = store
        self._patience_s = _LATER_PATIENCE_S
        log.info("shards owned", extra={"shards": f"{self._shards[0]:02x}-{self._shards[-1]:02x}"})
        return store

    def _own(self, store: Store) -> None:
        if not store.has_schema():
            raise SchemaMissing("the database has no schema; run `frostline migrate`.")
        deadline = time.monotonic() + self._patience_s
        while not store.lock(self._shards):
            if time.monotonic() >= deadline:
                raise ShardTaken(self._who_owns(store))
            self._subscribe_beside_the_owner(store)
            if self._stop.wait(_LOCK_POLL_S):
                raise _Stopped

    def _subscribe_beside_the_owner(self, store: Store) -> None:
        """See to it that what comes from now on waits for us, while the owner drains the rest.

        An owner of the very same shards has our client id, so the broker already keeps for us what
        it keeps for that one; to connect now would only throw it out.
        """
        if self._subscribe is None:
            return
        owned: dict[str, set[int]] = {}
        for holder in store.lock_holders():
            owned.setdefault(holder.owner, set()).add(holder.shard)
        if owned and set(self._shards) not in owned.values():
            self._subscribe()
            self._subscribe = None

    def _who_owns(self, store: Store) -> str:
        for holder in store.lock_holders():
            if holder.shard in self._shards:
                return (
                    f"shard {holder.shard:02x} is owned by {holder.owner!r} since "
                    f"{holder.since:%Y-%m-%d %H:%M:%S %Z}; stop that one, choose other shards, or "
                    "wait for it with FROSTLINE_INGEST_TAKEOVER=true"
                )
        return "a shard was owned by another ingestor until a moment ago; start again"


class _Ingestor:
    """Gathers messages into windows, and keeps one flush on its way to the database."""

    def __init__(
        self,
        settings: IngestSettings,
        inbox: Inbox,
        broker: Broker,
        database: _Database,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._broker = broker
        self._database = database
        self._clock = clock
        self._limits = DeadLetterLimits(
            rows=settings.dead_letters_max, megabytes=settings.dead_letters_max_mb
        )
        self._keys = Keys()
        self._gates = Gates()
        self._carried: Delivery | None = None  # belongs to the next window
        self._committer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="commit")
        self._confirmer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="confirm")
        self._pending: deque[Future[None]] = deque()
        self._tidy_due_s = 0.0
        self._dead_bytes = 0  # kept since the bounds were looked at
        self._dead_bytes_unchecked = settings.dead_letters_max_mb * 1_000_000 // 10

    def run(self, stop: threading.Event) -> bool:
        """Ingest until told to stop; return whether the broker's session is drained for good."""
        with self._confirmer, self._committer:
            try:
                while not stop.is_set():
                    self._step(_IDLE_S)
                self._settle()
                return self._settings.release and self._drain()
            finally:
                stop.set()  # or a commit that waits for the database would keep us

    def _step(self, patience_s: float) -> bool:
        """Send one window on its way; return False if nothing came for so long."""
        window = self._gather(patience_s)
        if window is None:
            self._settle()
            self._database.attempt(Store.ping)
            return False
        self._flush(window)
        return True

    def _drain(self) -> bool:
        """Take what the broker still holds for us, after it was told to send no more."""
        if not self._broker.unsubscribe(_RELEASE_TIMEOUT_S):
            log.warning("not released: the broker did not answer; its session stays")
            return False
        deadline = time.monotonic() + _RELEASE_TIMEOUT_S
        while self._step(_QUIET_S) or not self._broker.is_connected:
            if time.monotonic() > deadline:
                self._settle()
                log.warning("not released: messages still came; the broker's session stays")
                return False
        log.info("shards released", extra={"shards": self._settings.shards})
        return True

    def _gather(self, patience_s: float) -> Window | None:
        """Collect messages until there are enough, or the first has waited long enough."""
        first = self._next(patience_s)
        if first is None:
            return None
        window = Window(latest_ms=latest_at(self._clock()))
        window.add(first)
        deadline = time.monotonic() + self._settings.flush_linger_s
        while not self._is_full(window):
            delivery = self._next(0)
            if delivery is None:
                if time.monotonic() >= deadline and not self._is_committing():
                    break
                time.sleep(_SLICE_S)
            elif not window.add(delivery):
                self._carried = delivery
                break
        return window

    def _is_full(self, window: Window) -> bool:
        return (
            window.messages >= self._settings.flush_max_messages
            or window.readings >= self._settings.flush_max_readings
        )

    def _next(self, timeout_s: float) -> Delivery | None:
        if self._carried is not None:
            carried, self._carried = self._carried, None
            return carried
        try:
            item = self._inbox.get(timeout=timeout_s) if timeout_s else self._inbox.get_nowait()
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return item

    def _is_committing(self) -> bool:
        """Whether a flush is on its way; what was wrong with an earlier one rises here."""
        while self._pending and self._pending[0].done():
            self._pending.popleft().result()
        return bool(self._pending)

    def _flush(self, window: Window) -> None:
        """Make a transaction of the window and hand it on, once few enough are on their way."""
        columns = join_columns(window)
        if columns is not None and not self._keys.cover(window, columns):
            self._learn(window, columns)
        positions = self._sift(window) if window.whereabouts else ()
        flush = make_flush(window, columns, self._keys.loggers, self._keys.boots, positions)
        while len(self._pending) >= _MOST_PENDING:
            self._pending.popleft().result()
        self._pending.append(self._committer.submit(self._commit, flush))
        metrics.WAITING.set(self._inbox.qsize())
        if flush.replaced is not None and columns is not None:
            self._settle()
            self._keys.loggers.forget(columns.loggers)

    def _learn(self, window: Window, columns: Columns) -> None:
        """See to it that all keys are known. There is one connection: no commit is under way."""
        self._settle()
        now = self._clock()
        self._database.attempt(lambda store: self._keys.learn(store, window, columns, now=now))

    def _sift(self, window: Window) -> list[Sifted]:
        unknown = self._gates.unknown(word.gateway_id for word in window.whereabouts)
        if unknown:
            self._settle()
            self._gates.learn(self._database.attempt(lambda store: store.newest_fixes(unknown)))
        return sift_positions(window, self._gates, now=self._clock())

    def _settle(self) -> None:
        """Wait until nothing is on its way; what was wrong with it rises here."""
        while self._pending:
            self._pending.popleft().result()

    def _commit(self, flush: Flush) -> None:
        """Commit; only then have it acknowledged and answered, while the next one is committed."""
        started = time.monotonic()
        written = self._database.attempt(lambda store: store.write(flush, now=self._clock()))
        took_s = time.monotonic() - started
        self._pending.append(self._confirmer.submit(self._confirm, flush, written, took_s))
        self._dead_bytes += sum(len(letter.payload) for letter in flush.dead_letters)
        if time.monotonic() >= self._tidy_due_s or self._dead_bytes > self._dead_bytes_unchecked:
            self._tidy_due_s, self._dead_bytes = time.monotonic() + _TIDY_EVERY_S, 0
            self._database.attempt(self._tidy)

    def _tidy(self, store: Store) -> None:
        """Keep what is only appended to within bounds."""
        events_before = self._clock() - timedelta(days=self._settings.events_days)
        store.tidy(events_before=events_before, touched_max=self._settings.touched_max)
        store.trim_positions(self._clock() - timedelta(days=self._settings.positions_days))
        given_up = store.trim_dead_letters(self._limits)
        if given_up:
            metrics.DEAD_LETTERS_GIVEN_UP.inc(given_up)
            log.error("dead letters given up that nobody replayed", extra={"letters": given_up})

    def _confirm(self, flush: Flush, written: Written, took_s: float) -> None:
        self._broker.acknowledge(flush.receipts)
        for gateway_id, stored in flush.answers.items():
            self._broker.answer(gateway_id, stored)
        _report(flush, written, took_s)


def _report(flush: Flush, written: Written, took_s: float) -> None:
    if flush.positions:
        _report_positions(flush.positions)
    repeated = flush.routed.repeated + len(flush.routed.fresh) + len(flush.routed.late)
    repeated -= written.new
    metrics.MESSAGES.inc(flush.messages)
    metrics.READINGS.inc(flush.readings)
    metrics.NEW.inc(written.new)
    metrics.LATE.inc(written.late)
    metrics.REPEATED.inc(repeated)
    metrics.DEAD_LETTERS.inc(len(flush.dead_letters))
    metrics.COPY_REPEATED.inc(written.copy_repeated)
    metrics.FLUSH_SECONDS.observe(took_s)
    log.info(
        "batch stored",
        extra={
            "messages": flush.messages,
            "readings": flush.readings,
            "new": written.new,
            "repeated": repeated,
            "late": written.late,
            "dead_letters": len(flush.dead_letters),
            "ms": round(took_s * 1000, 1),
        },
    )


def _report_positions(positions: Sequence[Sifted]) -> None:
    for sifted in positions:
        metrics.FIXES.labels("stored").inc(len(sifted.kept))
        metrics.FIXES.labels("repeated").inc(sifted.repeated)
        for doubt in sifted.doubts:
            metrics.FIXES.labels(doubt.reason).inc(doubt.fixes)
            if doubt.is_new:
                log.warning(
                    "fixes kept out",
                    extra={
                        "gateway": doubt.gateway_id,
                        "reason": doubt.reason,
                        "fixes": doubt.fixes,
                        "first": doubt.sentence,
                    },
                )
