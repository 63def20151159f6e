"""How do touched and due subjects become verdicts, and nothing is missed?

A claim is one transaction: take marks and due looks, hold the subjects, and only then read and
judge; what was found commits with the marks' removal. What ingest commits meanwhile is either read,
or has left a mark that is still there. A judge that dies has done nothing. Any number run side by
side: a subject is held by one at a time.
"""

import gc
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import start_http_server

from gateway.judge import alerts, metrics, store_loggers, store_writes
from gateway.judge.intakes import judge_intakes
from gateway.judge.loggers import judge_loggers
from gateway.judge.orders import judge_orders
from gateway.judge.places import judge_places
from gateway.judge.rounds import Outcome, Round
from gateway.judge.settings import JudgeSettings
from gateway.judge.store import DATABASE_DOWN, Store
from gateway.judge.store_documents import Documents
from gateway.judge.subjects import Kind, Look, Pace, sort_looks
from gateway.judge.times import time_of

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

# A claim makes some ten thousand objects, which die with it; the collector's usual threshold of 700
# would have it look through them again and again.
_GARBAGE_THRESHOLD: Final = 50_000
_RETRY_S: Final = (0.1, 10.0)  # first and longest delay after a failure of the database
_ASKED_TO_STOP_S: Final = 0.5  # how often a waiting judge looks whether it is to stop
_HELD_ELSEWHERE_S: Final = 0.1  # another judge's claim takes about so long


class SchemaMissing(Exception):
    """The database is not migrated. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What one claim came to."""

    judged: int
    put_off: int
    elsewhere: int


def utc_now() -> datetime:
    """Return the time by which looks are due."""
    return datetime.now(UTC)


def run(settings: JudgeSettings, stop: threading.Event, *, clock: Clock = utc_now) -> None:
    """Judge until told to stop; while the database is away, try again.

    Raises SchemaMissing, and anything that is a bug.
    """
    gc.set_threshold(_GARBAGE_THRESHOLD)
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    with ThreadPoolExecutor(settings.parallel, thread_name_prefix="claim") as pool:
        working = [pool.submit(_work, settings, stop, clock) for _ in range(settings.parallel)]
        wait(working, return_when=FIRST_EXCEPTION)
        stop.set()  # one has failed, or all were told to stop
    for each in working:
        each.result()


def _work(settings: JudgeSettings, stop: threading.Event, clock: Clock) -> None:
    """Claim and judge on one connection after the other."""
    delay_s = _RETRY_S[0]
    while not stop.is_set():
        try:
            with Store.connect(settings.database_url) as store:
                if not store.has_schema():
                    raise SchemaMissing("the database has no schema; run `frostline migrate`.")
                store.listen()
                judge = Judge(store, settings, clock)
                while not stop.is_set():
                    judge.wait(judge.step(), stop)
                    delay_s = _RETRY_S[0]
        except DATABASE_DOWN as error:
            metrics.DATABASE_RETRIES.inc()
            log.warning("database failed; trying again", extra={"error": str(error).strip()})
            stop.wait(delay_s * random.uniform(0.5, 1))  # noqa: S311  # not a secret
            delay_s = min(delay_s * 2, _RETRY_S[1])


class Judge:
    """Claims and judges on one connection."""

    def __init__(self, store: Store, settings: JudgeSettings, clock: Clock = utc_now) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._documents = Documents()

    def step(self) -> float:
        """Judge what there is; return how long to wait for more, seconds."""
        claimed = self.claim()
        if claimed.judged:
            return 0.0
        return _HELD_ELSEWHERE_S if claimed.elsewhere else self._idle_s()

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait until something was committed by others, for so long, or until told to stop."""
        until = time.monotonic() + seconds
        while not stop.is_set() and (rest_s := until - time.monotonic()) > 0:
            if self._store.wait(min(rest_s, _ASKED_TO_STOP_S)):
                return

    def claim(self) -> Claimed:
        """Take what was touched or is due, judge it and commit."""
        started = time.monotonic()
        with self._store.transaction():
            claimed = self._claim()
        if claimed.judged:
            took_s = time.monotonic() - started
            metrics.CLAIM_SECONDS.observe(took_s)
            facts = {"judged": claimed.judged, "put_off": claimed.put_off}
            log.info("claim judged", extra=facts | {"ms": round(took_s * 1000)})
        return claimed

    def _claim(self) -> Claimed:
        now = self._clock()
        settings = self._settings
        due = self._store.hold_due(now, settings.batch_subjects)
        touches = self._store.take_touched(settings.batch_touched)
        held = self._store.hold(touch.subject for touch in touches)
        pace = Pace(
            now=now,
            min_interval=timedelta(seconds=settings.min_interval_s),
            batch=settings.batch_subjects,
        )
        sorted_ = sort_looks(due, touches, held, pace)
        self._store.put_off(sorted_.later)
        self._store.touch_again(sorted_.elsewhere)
        metrics.PUT_OFF.inc(len(sorted_.later))
        metrics.HELD_ELSEWHERE.inc(len(sorted_.elsewhere))
        if sorted_.now:  # most wake-ups concern what was judged a moment ago
            self._judge(sorted_.now, now)
        return Claimed(
            judged=len(sorted_.now), put_off=len(sorted_.later), elsewhere=len(sorted_.elsewhere)
        )

    def _judge(self, looks: Sequence[Look], now: datetime) -> None:
        """Judge what is held; only here are readings read."""
        round_ = Round(
            store=self._store, documents=self._documents, settings=self._settings, now=now
        )
        self._documents.read_rulebooks(self._store)
        store_loggers.seed_looks(
            self._store,
            order_ids=[look.id for look in looks if look.kind == "order"],
            place_ids=[look.id for look in looks if look.kind == "place"],
            now=now,
        )
        for kind, judge in _JUDGES.items():
            ours = [look for look in looks if look.kind == kind]
            if ours:
                found = judge(round_, ours)
                self._keep(round_, ours, alerts.step(round_, kind, ours, found))
                metrics.JUDGED.labels(kind).inc(len(ours))

    def _keep(self, round_: Round, looks: Sequence[Look], outcome: Outcome) -> None:
        store_writes.write_events(self._store, outcome.events, round_.now)
        looked = []
        for look in looks:
            after = outcome.next_looks[look.subject]
            next_look_at = None if after.look_ms is None else time_of(after.look_ms)
            looked.append(
                replace(
                    look, looked_at=round_.now, next_look_at=next_look_at, carried=after.carried
                )
            )
        self._store.looked(looked)

    def _idle_s(self) -> float:
        """Return how long to wait for a wake-up: until the next look is due at most."""
        due_at = self._store.next_due()
        if due_at is None:
            return self._settings.poll_s
        return min(self._settings.poll_s, (due_at - self._clock()).total_seconds())


_JUDGES: Final[dict[Kind, Callable[[Round, Sequence[Look]], Outcome]]] = {
    "order": judge_orders,
    "place": judge_places,
    "intake": judge_intakes,
    "logger": judge_loggers,
}
