"""How does the outside hear what happened, at least once and each order in order?

Two halves, over one connection. Events become deliveries, each in the transaction that moves its
endpoint's position: exactly once. Deliveries that are due are attempted by threads, and how it
ended is committed: whoever is killed between a receiver's 200 and that commit repeats the message
under the same id. One notifier is at work at a time, by a lock on that connection; others wait.
"""

import logging
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import start_http_server

from gateway.notify import metrics
from gateway.notify.attempts import Attempts, WakeUp
from gateway.notify.deliveries import Due, Outcome, given_up, outcome_of, plan_deliveries
from gateway.notify.endpoints import Endpoint, Position
from gateway.notify.errors import NotifyRefused, SchemaMissing, UnusableCertificates
from gateway.notify.retries import PASSES_AFTER_S, Answer, wished_pause_s
from gateway.notify.sending import Clock, Message, Sender
from gateway.notify.settings import NotifySettings
from gateway.notify.signing import UnusableSecret, signed_headers, valid_secrets
from gateway.notify.store import DATABASE_DOWN, Store
from gateway.notify.streaks import Streaks
from schemas.events import WEBHOOK_EVENTS

__all__ = ["Notifier", "NotifyRefused", "run"]

log = logging.getLogger(__name__)

_EVENTS_AT_ONCE: Final = 500  # one transaction takes at most so many
_POLL_S: Final = 2.0  # wake-ups may be missed; retries come due without one
_STOP_POLL_S: Final = 0.2  # how soon it is seen that we were told to stop
_STANDBY_POLL_S: Final = 1.0
_RETRY_S: Final = (0.1, 10.0)  # first and longest delay after a failure of the database
_HOUSEKEEPING_EVERY: Final = timedelta(minutes=1)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def run(settings: NotifySettings, stop: threading.Event, *, clock: Clock = utc_now) -> None:
    """Notify until told to stop; attempts under way then are finished and recorded.

    Raises NotifyRefused where a person must choose, and anything that is a bug.
    """
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    notifier = Notifier(settings, clock=clock)
    try:
        _keep_at_work(settings, notifier, stop)
    finally:
        notifier.close()


def _keep_at_work(settings: NotifySettings, notifier: "Notifier", stop: threading.Event) -> None:
    """Work; while the database is away, try again and again."""
    name = f"frostline notify on {socket.gethostname()} {os.getpid()}"
    delay_s = _RETRY_S[0]
    while not stop.is_set():
        try:
            with Store.connect(settings.database_url, name=name) as store:
                if _has_turn(store, stop):
                    delay_s = _RETRY_S[0]
                    notifier.work(store, stop)
        except DATABASE_DOWN as error:
            metrics.DATABASE_RETRIES.inc()
            log.warning("database failed; trying again", extra={"error": str(error).strip()})
            stop.wait(delay_s * random.uniform(0.5, 1))  # noqa: S311  # not a secret
            delay_s = min(delay_s * 2, _RETRY_S[1])
        finally:
            metrics.AT_WORK.set(0)


def _has_turn(store: Store, stop: threading.Event) -> bool:
    """Wait until no other notifier is at work; return False if told to stop before."""
    if not store.has_schema():
        raise SchemaMissing("the database has no schema; run `frostline migrate`.")
    is_told = False
    while not store.try_lock():
        if not is_told:
            holder = store.lock_holder()
            log.info("another notifier is at work; waiting", extra={"holder": holder})
            is_told = True
        if stop.wait(_STANDBY_POLL_S):
            return False
    metrics.AT_WORK.set(1)
    log.info("at work")
    return True


class Notifier:
    """Queues events, sends what is due, records how it ended. One thread calls it."""

    def __init__(self, settings: NotifySettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._sender = _sender(settings, clock)
        self._wake = WakeUp()
        self._attempts = Attempts(
            parallel=settings.parallel,
            per_endpoint=settings.parallel_per_endpoint,
            on_end=self._wake.ring,
        )
        self._streaks = Streaks(long=settings.parallel_per_endpoint)
        self._read_until = Position(0, 0)  # nothing that is not queued stands before it
        self._known: set[str] = set()  # endpoints that it was queued for
        self._pauses: dict[str, datetime] = {}  # endpoints that asked to be left alone until then
        self._housekeeping_at = datetime.min.replace(tzinfo=UTC)

    def close(self) -> None:
        """Wait for the threads, and let everything go."""
        self._attempts.close()
        self._wake.close()

    def work(self, store: Store, stop: threading.Event) -> None:
        """Do what there is to do, until told to stop; then finish what is under way."""
        self._read_until = Position(0, 0)  # another database may answer than the one before
        look_at_s = 0.0
        while not stop.is_set():
            self._wake.clear()
            look = time.monotonic() >= look_at_s
            if look:
                look_at_s = time.monotonic() + _POLL_S
            if not self.step(store, look=look):
                self._rest(store, stop)
        self.finish(store)

    def step(self, store: Store, *, look: bool = True) -> bool:
        """Do once what there is to do; return whether anything was new.

        Most wake-ups concern no webhook. So what is due is looked for where something is new, or
        where the caller says so because time has passed; what is costly, only then.
        """
        now = self._clock()
        is_new = self._record(store) > 0
        endpoints = store.endpoints()
        is_new |= self._queue(store, endpoints, now) > 0
        self._send_replays(store, endpoints)
        told = [e for e in endpoints if e.is_told and not self._is_paused(e, now)]
        if look:
            metrics.GIVEN_UP.inc(store.give_up_unwanted(now=now))
            self._send_to_failing(store, told, now)
        if is_new or look:
            answering = [e for e in told if not self._streaks.is_long(e.endpoint_id)]
            self._send_due(store, answering, now, limit=self._attempts.room)
        if now >= self._housekeeping_at:
            self._keep_house(store, now)
        return is_new

    def finish(self, store: Store) -> int:
        """Wait for what is under way, and record it; return how many attempts have ended."""
        self._attempts.finish()
        return self._record(store)

    def _rest(self, store: Store, stop: threading.Event) -> None:
        for _ in range(round(_POLL_S / _STOP_POLL_S)):
            if stop.is_set() or store.wait(self._wake, _STOP_POLL_S):
                return

    # Events become deliveries

    def _queue(self, store: Store, endpoints: Sequence[Endpoint], now: datetime) -> int:
        """Queue events that nobody has read yet; return how many there were."""
        if not endpoints:
            return 0
        if not self._known >= {endpoint.endpoint_id for endpoint in endpoints}:
            self._read_until = Position(0, 0)  # what was read is not queued for a new one
        self._known = {endpoint.endpoint_id for endpoint in endpoints}
        begin = max(self._read_until, min(endpoint.position for endpoint in endpoints))
        events, end = store.events_after(begin, WEBHOOK_EVENTS, limit=_EVENTS_AT_ONCE)
        is_late = now >= self._housekeeping_at  # positions must not stay behind for ever
        if events or is_late:
            plans = [plan_deliveries(endpoint, events, end) for endpoint in endpoints]
            deliveries = [delivery for made, _ in plans for delivery in made]
            store.queue(deliveries, [moved for _, moved in plans], now=now)
            metrics.QUEUED.inc(len(deliveries))
        self._read_until = end
        return len(events)

    # Sending

    def _send_replays(self, store: Store, endpoints: Sequence[Endpoint]) -> None:
        """Begin what people asked for, before all that is due."""
        by_id = {endpoint.endpoint_id: endpoint for endpoint in endpoints}
        for due in store.replays(self._attempts.delivery_ids, limit=self._attempts.room):
            self._begin(due, by_id.get(due.endpoint_id))

    def _send_to_failing(self, store: Store, told: Sequence[Endpoint], now: datetime) -> None:
        """Begin what is due where one attempt after the other fails, in half of the places."""
        failing = [e for e in told if self._streaks.is_long(e.endpoint_id)]
        share = max(1, self._settings.parallel // 2)
        left = share - self._attempts.count_at({e.endpoint_id for e in failing})
        self._send_due(store, failing, now, limit=min(left, self._attempts.room))

    def _send_due(
        self, store: Store, endpoints: Sequence[Endpoint], now: datetime, *, limit: int
    ) -> None:
        """Begin what is due, as far as there is room."""
        by_id = {endpoint.endpoint_id: endpoint for endpoint in endpoints}
        room = self._attempts.room_at(by_id)
        if not room or limit <= 0:
            return
        dues = store.due(
            room,
            self._attempts.delivery_ids,
            limit=limit,
            now=now,
            passes_failing_since=now - timedelta(seconds=PASSES_AFTER_S),
        )
        for due in dues:
            self._begin(due, by_id[due.endpoint_id])

    def _is_paused(self, endpoint: Endpoint, now: datetime) -> bool:
        until = self._pauses.get(endpoint.endpoint_id)
        return until is not None and now < until

    def _begin(self, due: Due, endpoint: Endpoint | None) -> None:
        """Let a thread attempt it. `endpoint`: None where it is deleted."""
        if endpoint is None or not endpoint.enabled:
            error = "not sent: the endpoint is deleted or not enabled"
            self._attempts.begin(due, lambda: Answer(at=self._clock(), took_ms=0, error=error))
        else:
            self._attempts.begin(due, lambda: self._attempt(due, endpoint))

    def _attempt(self, due: Due, endpoint: Endpoint) -> Answer:
        """Sign and send, in a thread."""
        now = self._clock()
        secrets = valid_secrets(endpoint.secrets, endpoint.old_secret_until, now=now)
        try:
            headers = signed_headers(due.message_id, due.body, secrets, now=now)
        except UnusableSecret as error:
            return Answer(at=now, took_ms=0, error=str(error))
        return self._sender.attempt(Message(url=endpoint.url, headers=headers, body=due.body))

    def _record(self, store: Store) -> int:
        """Keep how attempts ended; return how many did."""
        outcomes = [outcome_of(due, answer) for due, answer in self._attempts.ended()]
        if not outcomes:
            return 0
        store.record(outcomes)
        self._attempts.forget(outcome.due for outcome in outcomes)
        self._heed_pauses(outcomes)
        self._streaks.note(outcomes)
        _report(outcomes)
        return len(outcomes)

    def _heed_pauses(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if pause_s := wished_pause_s(outcome.answer):
                until = outcome.answer.at + timedelta(seconds=pause_s)
                self._pauses[outcome.due.endpoint_id] = until

    # Keeping house

    def _keep_house(self, store: Store, now: datetime) -> None:
        self._housekeeping_at = now + _HOUSEKEEPING_EVERY
        self._pauses = {name: until for name, until in self._pauses.items() if now < until}
        store.tidy(deliveries_before=now - timedelta(days=self._settings.deliveries_days))
        waiting = store.count_waiting()
        metrics.WAITING.set(waiting.waiting)
        age = now - waiting.oldest_at if waiting.oldest_at else timedelta()
        metrics.OLDEST_WAITING_SECONDS.set(age.total_seconds())


def _sender(settings: NotifySettings, clock: Clock) -> Sender:
    try:
        return Sender(settings, clock=clock)
    except (OSError, ssl.SSLError) as error:
        raise UnusableCertificates(
            f"FROSTLINE_NOTIFY_CA_FILE is {settings.ca_file}, which holds no certificates that "
            f"can be read: {error}"
        ) from error


def _report(outcomes: Sequence[Outcome]) -> None:
    metrics.GIVEN_UP.inc(given_up(outcomes))
    for outcome in outcomes:
        due, answer = outcome.due, outcome.answer
        metrics.ATTEMPTS.labels(_word(answer)).inc()
        metrics.ATTEMPT_SECONDS.observe(answer.took_ms / 1000)
        metrics.DISABLED.inc(answer.is_gone)
        if due.is_first:
            waited = answer.at + timedelta(milliseconds=answer.took_ms) - due.created_at
            metrics.FIRST_ATTEMPT_SECONDS.observe(waited.total_seconds())
        log.info(
            "webhook attempted",
            extra={
                "endpoint": due.endpoint_id,
                "message_id": due.message_id,
                "type": due.type,
                "made": due.made + 1,
                "status": answer.status,
                "error": answer.error,
                "ms": answer.took_ms,
            },
        )


def _word(answer: Answer) -> str:
    if answer.is_success:
        return "delivered"
    return "answered" if answer.status is not None else "unanswered"
