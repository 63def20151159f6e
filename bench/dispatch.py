"""How long from an order to its promise, and from an event to the new plan, at so many orders?

On a real database, with the dispatcher in a process of its own: from the commit of what happened
until the commit of the answer is seen. An event is a vehicle's delay, a cancelled order, or a
change of the weather, each in its turn; it counts once a version for it stands. Orders and events
come one at a time, each after the answer to the one before.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from bench.dispatch_city import CITY, BenchCity
from bench.report import progress, publish
from frostline.runs import passing_folder
from frostline.stack.waiting import wait_until
from frostline.system import System, running_system

_READY_S: Final = 600.0
_ANSWER_S: Final = 60.0
_BATCH: Final = 25  # booked at once, so that the answers to them are not one long step
_STORM: Final = {"weather": "storm", "speed_percent": 60, "extra_service_s": 60}
_UNANSWERED: Final = """
SELECT count(*) FROM deliveries d
WHERE NOT EXISTS (SELECT FROM promises p WHERE p.order_id = d.order_id)
"""
_ACTIVE: Final = """
SELECT count(*) FROM promises p WHERE state = 'promised'
AND NOT EXISTS (SELECT FROM milestones m WHERE m.order_id = p.order_id)
"""
_PROMISE: Final = "SELECT state FROM promises WHERE order_id = %(order_id)s"
_VERSION_FOR: Final = """
SELECT version FROM plans WHERE version > %(version)s AND reason = %(reason)s LIMIT 1
"""
_BUSY: Final = """
SELECT vehicle_id FROM plan_stops WHERE to_version IS NULL AND kind = 'deliver'
GROUP BY vehicle_id ORDER BY vehicle_id OFFSET %(number)s %% (
    SELECT count(DISTINCT vehicle_id) FROM plan_stops
    WHERE to_version IS NULL AND kind = 'deliver') LIMIT 1
"""
_NEWEST: Final = "SELECT COALESCE(max(version), 0) FROM plans"


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchFigures:
    """What was measured, seconds. `without_plan` events changed nothing that needed a version."""

    orders: int
    vehicles: int
    iterations: int
    requests: int
    promised: int
    promise_p50_s: float
    promise_p99_s: float
    events: int
    without_plan: int
    plan_p50_s: float
    plan_p99_s: float
    plan_ms_p50: float


def run(*, orders: int, requests: int, events: int, iterations: int, json: bool) -> DispatchFigures:
    """Measure, and print."""
    with (
        passing_folder("bench-dispatch") as folder,
        running_system(folder, report=progress, durable=True) as system,
    ):
        city = BenchCity.make(system.addresses.database_url, orders=orders, seed=1)
        with _watching(city):
            bench = _Bench(system, city, iterations)
            bench.fill(orders)
            promises_s, promised = bench.ask(requests)
            plans_s = bench.disturb(events)
            figures = DispatchFigures(
                orders=orders,
                vehicles=len(city.day.vehicles),
                iterations=iterations,
                requests=len(promises_s),
                promised=promised,
                promise_p50_s=_percentile(promises_s, 50),
                promise_p99_s=_percentile(promises_s, 99),
                events=len(plans_s),
                without_plan=events - len(plans_s),
                plan_p50_s=_percentile(plans_s, 50),
                plan_p99_s=_percentile(plans_s, 99),
                plan_ms_p50=float(city.one(_MEDIAN_MS, {})),
            )
    publish("From an order to its promise, from an event to the plan", asdict(figures), json=json)
    return figures


_MEDIAN_MS: Final = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY took_ms) FROM plans WHERE iterations > 0
"""


@contextmanager
def _watching(city: BenchCity) -> Iterator[None]:
    city.db.execute("LISTEN frostline")
    try:
        yield
    finally:
        city.db.close()


class _Bench:
    """A city and its dispatcher."""

    def __init__(self, system: System, city: BenchCity, iterations: int) -> None:
        self._system = system
        self._city = city
        self._booked = 0
        environ = {
            "FROSTLINE_DISPATCH_ITERATIONS": str(iterations),
            "FROSTLINE_DISPATCH_BATCH_S": "20",
        }
        system.start_dispatch(CITY, environ)

    def fill(self, orders: int) -> None:
        """Book orders until so many are promised and under way."""
        while (active := int(self._city.one(_ACTIVE, {}))) < orders:
            progress(f"{active} orders are promised")
            for _ in range(min(_BATCH, orders - active)):
                self._city.book(self._booked)
                self._booked += 1
            self._city.wake()
            wait_until(self._is_quiet, timeout_s=_READY_S, what="answers to what is booked")

    def ask(self, requests: int) -> tuple[list[float], int]:
        """Request orders; return how long each waited, and how many were promised."""
        waits_s, promised = [], 0
        progress(f"asking for {requests} promises")
        for number in range(requests):
            started = time.monotonic()
            order_id = self._city.request(number)
            state = self._until(lambda o=order_id: self._city.one(_PROMISE, {"order_id": o}))  # type: ignore[misc]
            waits_s.append(time.monotonic() - started)
            promised += state == "promised"
        return waits_s, promised

    def disturb(self, events: int) -> list[float]:
        """Let things happen; return how long each new plan took that followed."""
        progress(f"letting {events} things happen")
        waits_s = []
        for number in range(events):
            version = int(self._city.one(_NEWEST, {}))
            started = time.monotonic()
            reason = self._happen(number)
            values = {"version": version, "reason": reason}
            if self._until(lambda v=values: self._city.one(_VERSION_FOR, v), limit_s=5.0):  # type: ignore[misc]
                waits_s.append(time.monotonic() - started)
        return waits_s

    def _happen(self, number: int) -> str:
        """Do the next thing; return for which reason it is planned again."""
        city, kind = self._city, ("delay", "cancelled", "weather")[number % 3]
        if kind == "cancelled":
            city.cancel(f"booked-{number % self._booked}")
            city.wake()
        elif kind == "weather":
            if number % 2 == 0:  # a storm, and the end of the one before, in turn
                city.disrupt(f"event-{number}", "weather", None, _STORM)
            else:
                city.end(kind)
        else:
            vehicle_id = city.one(_BUSY, {"number": number})
            city.disrupt(f"event-{number}", "delay", vehicle_id, {"delay_s": 10_800})
        return kind

    def _until(self, answer: Callable[[], object], *, limit_s: float = _ANSWER_S) -> object:
        """Wait for an answer; return it, or None after the time."""
        until = time.monotonic() + limit_s
        while (found := answer()) is None and time.monotonic() < until:
            next(self._city.db.notifies(timeout=0.05, stop_after=1), None)
        self._system.check()
        return found

    def _is_quiet(self) -> bool:
        self._system.check()
        return bool(self._city.one(_UNANSWERED, {}) == 0)


def _percentile(seconds: list[float], percent: int) -> float:
    return float(np.percentile(seconds, percent)) if seconds else float("nan")
