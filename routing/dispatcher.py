"""How does a city's plan live, and who keeps it?

One dispatcher a city looks at it when something was committed, decides (`dispatch.deciding`), and
writes all of the decision or nothing. A lock on its connection says that it is at work; others
wait, and take the city from one that has gone silent. That is for liveness alone: what keeps a plan
whole is that a version's number is taken once (docs/dispatch.md).
"""

import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from prometheus_client import start_http_server

from routing import search
from routing.check import ImpossibleProblem
from routing.dispatch import metrics
from routing.dispatch.deciding import Decided, Means, decide, has_more, is_empty
from routing.dispatch.decision import Decision
from routing.dispatch.settings import DispatchSettings
from routing.dispatch.state import CityState
from routing.dispatch.store import DATABASE_DOWN, Store
from routing.dispatch.store_read import UnknownCity, look
from routing.dispatch.store_write import PlanTaken, write
from routing.dispatch.travelling import TravelOf, great_circle_of, travel_of_file
from routing.engine import Progress

__all__ = ["Dispatcher", "SchemaMissing", "UnusableTravelFile", "run"]

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

_RETRY_S: Final = (0.1, 10.0)  # first and longest delay after a failure of the database
_ASKED_TO_STOP_S: Final = 0.5  # how often a waiting dispatcher looks whether it is to stop
_STANDBY_POLL_S: Final = 1.0


class SchemaMissing(Exception):
    """The database is not migrated. The message says what to do."""


class UnusableTravelFile(Exception):
    """The file that says how the city travels can't be used. The message says why."""


def utc_now() -> datetime:
    """Return the time that decisions go by."""
    return datetime.now(UTC)


def run(settings: DispatchSettings, stop: threading.Event, *, clock: Clock = utc_now) -> None:
    """Keep a city's plan until told to stop; while the database is away, try again.

    Raises SchemaMissing, UnusableTravelFile, and anything that is a bug.
    """
    travel_of = _travel_of(settings)
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    search.compile_ahead(_silent)  # its minute is not to be a member's
    name = f"frostline dispatch on {socket.gethostname()} {os.getpid()}"
    delay_s = _RETRY_S[0]
    while not stop.is_set():
        try:
            with Store.connect(settings.database_url, name=name) as store:
                if _has_turn(store, settings, stop):
                    delay_s = _RETRY_S[0]
                    dispatcher = Dispatcher(store, settings, clock, travel_of)
                    dispatcher.work(stop)
        except DATABASE_DOWN as error:
            metrics.DATABASE_RETRIES.inc()
            log.warning("database failed; trying again", extra={"error": str(error).strip()})
            stop.wait(delay_s * random.uniform(0.5, 1))  # noqa: S311  # not a secret
            delay_s = min(delay_s * 2, _RETRY_S[1])
        finally:
            metrics.AT_WORK.set(0)


def _travel_of(settings: DispatchSettings) -> TravelOf:
    if not settings.travel_file:
        return great_circle_of
    try:
        return travel_of_file(Path(settings.travel_file))
    except (OSError, ValueError) as error:
        raise UnusableTravelFile(
            f"FROSTLINE_DISPATCH_TRAVEL_FILE is {settings.travel_file}: {error}"
        ) from error


def _has_turn(store: Store, settings: DispatchSettings, stop: threading.Event) -> bool:
    """Wait until the city is free, or its dispatcher silent; return False if told to stop."""
    if not store.has_schema():
        raise SchemaMissing("the database has no schema; run `frostline migrate`.")
    is_told = False
    while not store.try_lock(settings.city):
        if store.end_silent(settings.city, settings.takeover_s):
            metrics.TAKEOVERS.inc()
            log.warning("took the city from a silent dispatcher", extra={"city": settings.city})
            continue
        if not is_told:
            holder = store.lock_holder(settings.city)
            log.info("another dispatcher is at work; waiting", extra={"holder": holder})
            is_told = True
        if stop.wait(_STANDBY_POLL_S):
            return False
    metrics.AT_WORK.set(1)
    log.info("at work", extra={"city": settings.city})
    return True


class Dispatcher:
    """Looks at a city, decides and writes, on one connection."""

    def __init__(
        self,
        store: Store,
        settings: DispatchSettings,
        clock: Clock = utc_now,
        travel_of: TravelOf = great_circle_of,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._means = Means(settings=settings, travel_of=travel_of)
        self._stored_until: datetime | None = None  # positions before were looked at
        self._memory: _Memory | None = None

    def work(self, stop: threading.Event) -> None:
        """Step whenever something was committed, until told to stop."""
        self._store.listen()
        while not stop.is_set():
            self.wait(self.step(), stop)

    def step(self) -> float:
        """Look once, decide and write; return how long to wait for more, seconds."""
        city_id, now = self._settings.city, self._clock()
        try:
            with _timed("look"):
                seen = look(self._store, city_id, now=now, stored_since=self._stored_until)
        except UnknownCity as error:
            log.warning("no such city; waiting", extra={"error": str(error)})
            return self._settings.poll_s
        state = seen.state if self._memory is None else self._memory.of(seen.state)
        _observe(state)
        started = time.monotonic()
        try:
            with _timed("decide"):
                decided = decide(state, self._means)
        except ImpossibleProblem as error:
            metrics.UNPLANNABLE.inc()
            log.error(  # noqa: TRY400  # a stored value is at fault: its place says more than ours
                "the city can't be planned; waiting until its data are put right",
                extra={"city": city_id, "error": str(error)},
            )
            return self._settings.poll_s
        decision = _with_duration(decided.decision, time.monotonic() - started)
        if not is_empty(decision) and not self._write(state, decision):
            return 0.0
        self._stored_until = seen.stored_until
        self._memory = _Memory.after(state, decided)
        return 0.0 if has_more(state, decision) else self._settings.poll_s

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait until something was committed by others, for so long, or until told to stop."""
        if stop.wait(min(self._settings.min_interval_s, seconds)):
            return
        until = time.monotonic() + seconds
        while not stop.is_set() and (rest_s := until - time.monotonic()) > 0:
            if self._store.wait(min(rest_s, _ASKED_TO_STOP_S)):
                return

    def _write(self, state: CityState, decision: Decision) -> bool:
        """Write a decision; return False if another dispatcher was first."""
        try:
            with _timed("write"):
                version = write(self._store, state, decision)
        except PlanTaken as error:
            metrics.PLANS_REFUSED.inc()
            log.warning("decision thrown away", extra={"error": str(error)})
            return False
        _report(decision, version)
        return True


@dataclass(frozen=True, slots=True)
class _Memory:
    """When this dispatcher searched: one that found nothing better has written no version."""

    version: int
    searched_at: datetime | None
    inserted_at: datetime | None
    why: dict[str, Any]

    @classmethod
    def after(cls, state: CityState, decided: Decided) -> "_Memory":
        """Return what is to be remembered of a step."""
        plan = decided.decision.plan
        version = state.plan.version if plan is None else plan.base + 1
        if decided.searched is not None:
            return cls(version, state.now, None, decided.searched.facts)
        inserted_at = state.plan.inserted_at
        if inserted_at is None and plan is not None:
            inserted_at = state.now
        return cls(version, state.plan.searched_at, inserted_at, state.plan.why)

    def of(self, state: CityState) -> CityState:
        """Return the state as this dispatcher knows it, unless another has planned since."""
        if state.plan.version != self.version:
            return state
        plan = replace(
            state.plan,
            searched_at=self.searched_at,
            inserted_at=self.inserted_at,
            why=self.why,
        )
        return replace(state, plan=plan)


def _with_duration(decision: Decision, took_s: float) -> Decision:
    if decision.plan is None:
        return decision
    return replace(decision, plan=replace(decision.plan, took_ms=round(took_s * 1000)))


# What is told of the work ---------------------------------------------------------------------


@contextmanager
def _timed(part: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    metrics.STEP_SECONDS.labels(part).observe(time.monotonic() - started)


def _observe(state: CityState) -> None:
    metrics.ORDERS.set(len(state.orders))
    metrics.UNSERVED.set(len(state.plan.unserved))
    metrics.VERSION.set(state.plan.version)


def _report(decision: Decision, version: int) -> None:
    """Count what was written, and say it in one line."""
    plan = decision.plan
    if plan is not None:
        metrics.PLANS.labels(plan.reason).inc()
        metrics.VERSION.set(version)
        metrics.UNSERVED.set(len(plan.unserved))
    for promise in decision.promises:
        metrics.PROMISES.labels(promise.state).inc()
    for rescue in decision.rescues:
        metrics.RESCUES.labels(rescue.chosen).inc()
    for outcome in decision.outcomes:
        metrics.COMMANDS.labels(str(outcome.accepted).lower()).inc()
    facts = {
        "version": version,
        "reason": None if plan is None else plan.reason,
        "changes": 0 if plan is None else len(plan.changes),
        "promises": len(decision.promises),
        "rescues": len(decision.rescues),
        "outcomes": len(decision.outcomes),
        "estimates": len(decision.estimates),
        "ms": None if plan is None else plan.took_ms,
    }
    log.info("decision written", extra=facts)


def _silent(news: Progress) -> None:
    del news
