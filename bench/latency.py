"""How long from the air to the row, to the verdict, and to whoever is told?

From the first advert of a measurement that reached the edge's radio, by the simulated air's ledger,
to the moment a second connection to the database sees the row; and for a measurement that breaks a
limit, to the verdict's transaction and to the webhook's arrival.
"""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psycopg

from bench.report import progress, publish
from bench.verdicts import Arrivals, found_excursions, make_orders, receiving
from firmware_sim.air import AirControl, LedgerView
from firmware_sim.scenarios import loggers_of
from firmware_sim.settings import SimSettings
from frostline.runs import passing_folder
from frostline.stack.waiting import wait_until
from frostline.story import Client, make_token, subscribe
from frostline.system import System, running_system

# By logger and counter: when a measurement first reached the radio, ms.
Delivered = dict[tuple[str, int], int]

_LOGGERS: Final = 1000
_FLEET: Final = {
    "FROSTLINE_SIM_SCENARIO": "fleet",
    "FROSTLINE_SIM_LOGGERS": str(_LOGGERS),
    "FROSTLINE_SIM_ADVERT_INTERVAL_S": "1",
}
_WARM_UP_S: Final = 15
_SETTLE_S: Final = 15.0  # an order is judged every 10 s
_START_TIMEOUT_S: Final = 60.0
_POLL_S: Final = 0.5

_NEWER: Final = """
SELECT logger_id, sequence FROM latest_readings
WHERE sequence IS NOT NULL
  AND stored_at > (SELECT max(stored_at) FROM latest_readings) - INTERVAL '5 s'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFigures:
    """Seconds from the air to the row, to the verdict, and to the webhook's arrival."""

    loggers: int
    measurements: int
    unseen: int  # replaced by a newer one before the observer looked
    p50_s: float
    p99_s: float
    excursions: int  # found by the judge, of boxes that broke their limit
    verdict_p50_s: float
    verdict_p99_s: float
    webhooks: int  # of them, those that arrived
    webhook_p50_s: float
    webhook_p99_s: float
    seconds: float


class Observer:
    """Notes when each measurement is first seen in the database."""

    def __init__(self) -> None:
        self.seen_at_ms: dict[tuple[str, int], int] = {}

    def look(self, rows: Sequence[tuple[str, int]], now_ms: int) -> None:
        """Note what is new."""
        for logger_id, sequence in rows:
            self.seen_at_ms.setdefault((logger_id, sequence), now_ms)


def run(*, seconds: int, json: bool) -> LatencyFigures:
    """Measure, and print."""
    with (
        passing_folder("bench-latency") as folder,
        running_system(folder, report=progress) as system,
    ):
        figures = _measure(system, seconds)
    publish("From the air to the row, the verdict, the webhook", asdict(figures), json=json)
    return figures


def _measure(system: System, seconds: int) -> LatencyFigures:
    secret = _prepare(system, seconds)
    system.start_sim(_FLEET)
    system.start_edge({"FROSTLINE_EDGE_RECORD_INTERVAL_S": "0"})
    progress(f"warming up for {_WARM_UP_S} s, then measuring for {seconds} s")
    with (
        receiving(secret, system.layout.listener_port) as arrivals,
        _observing(system.addresses.database_url) as observer,
    ):
        time.sleep(_WARM_UP_S)
        began_ms = _now_ms()
        time.sleep(seconds)
        ended_ms = _now_ms()
        ledger = asyncio.run(_frozen_ledger(system.layout.air))
        time.sleep(_SETTLE_S)  # what was heard last is on its way
    system.check()
    delivered_ms = {
        (row.logger_id, row.sequence): row.delivered_at_ms
        for row in ledger.rows
        if row.delivered_at_ms is not None and began_ms <= row.delivered_at_ms < ended_ms
    }
    return _figures(system, delivered_ms, observer, arrivals, (ended_ms - began_ms) / 1000)


def _prepare(system: System, seconds: int) -> str:
    """Start all but loggers and edge, and make an order for each logger; return the secret."""
    system.start_ingest()
    system.start_judge()
    system.start_notify()
    system.start_api()
    wait_until(system.is_ready, timeout_s=_START_TIMEOUT_S, what="the API to be ready")
    database_url = system.addresses.database_url
    client = Client(system.layout.api_url, make_token(database_url, "bench"))
    progress(f"registering {_LOGGERS} orders")
    settings = SimSettings(air_path=system.layout.air, scenario="fleet", loggers=_LOGGERS)
    make_orders(client, database_url, loggers_of(settings), over_s=seconds)
    return subscribe(client, system.layout.listener_url)


def _figures(
    system: System,
    delivered_ms: Delivered,
    observer: Observer,
    arrivals: Arrivals,
    seconds: float,
) -> LatencyFigures:
    row_s = [
        (observer.seen_at_ms[key] - at_ms) / 1000
        for key, at_ms in delivered_ms.items()
        if key in observer.seen_at_ms
    ]
    found = [
        (each, at_ms)
        for each in found_excursions(system.addresses.database_url)
        if (at_ms := delivered_ms.get((each.logger_id, each.sequence))) is not None
    ]
    verdict_s = [each.found_at.timestamp() - at_ms / 1000 for each, at_ms in found]
    webhook_s = [
        (arrivals.at_ms[each.excursion_id] - at_ms) / 1000
        for each, at_ms in found
        if each.excursion_id in arrivals.at_ms
    ]
    return LatencyFigures(
        loggers=_LOGGERS,
        measurements=len(row_s),
        unseen=len(delivered_ms) - len(row_s),
        p50_s=float(np.percentile(row_s, 50)),
        p99_s=float(np.percentile(row_s, 99)),
        excursions=len(verdict_s),
        verdict_p50_s=float(np.percentile(verdict_s, 50)),
        verdict_p99_s=float(np.percentile(verdict_s, 99)),
        webhooks=len(webhook_s),
        webhook_p50_s=float(np.percentile(webhook_s, 50)),
        webhook_p99_s=float(np.percentile(webhook_s, 99)),
        seconds=seconds,
    )


@contextmanager
def _observing(database_url: str) -> Iterator[Observer]:
    observer, stop = Observer(), threading.Event()
    thread = threading.Thread(target=_observe, args=(database_url, observer, stop))
    thread.start()
    try:
        yield observer
    finally:
        stop.set()
        thread.join()


def _observe(database_url: str, observer: Observer, stop: threading.Event) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("LISTEN frostline")
        while not stop.is_set():
            observer.look(connection.execute(_NEWER).fetchall(), _now_ms())
            next(connection.notifies(timeout=_POLL_S, stop_after=1), None)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _frozen_ledger(air: Path) -> LedgerView:
    async with AirControl(air) as control:
        await control.freeze()
        return await control.ledger()
