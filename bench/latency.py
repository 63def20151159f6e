"""How long from the air to the row?

From the first advert of a measurement that reached the edge's radio, by the simulated air's ledger,
to the moment a second connection to the database sees the row.
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
from firmware_sim.air import AirControl, LedgerView
from frostline.runs import passing_folder
from frostline.system import System, running_system

_LOGGERS: Final = 1000
_WARM_UP_S: Final = 15
_POLL_S: Final = 0.5

_NEWER: Final = """
SELECT logger_id, sequence FROM latest_readings
WHERE sequence IS NOT NULL AND stored_at > %(since)s - INTERVAL '5 s'
"""
_NEWEST_STORED: Final = "SELECT COALESCE(max(stored_at), '-infinity') FROM latest_readings"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFigures:
    """Seconds from the air to the row."""

    loggers: int
    measurements: int
    unseen: int  # replaced by a newer one before the observer looked
    p50_s: float
    p99_s: float
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
    publish("Air to row", asdict(figures), json=json)
    return figures


def _measure(system: System, seconds: int) -> LatencyFigures:
    system.start_ingest()
    system.start_sim(
        {
            "FROSTLINE_SIM_SCENARIO": "fleet",
            "FROSTLINE_SIM_LOGGERS": str(_LOGGERS),
            "FROSTLINE_SIM_ADVERT_INTERVAL_S": "1",
        }
    )
    system.start_edge({"FROSTLINE_EDGE_RECORD_INTERVAL_S": "0"})
    progress(f"warming up for {_WARM_UP_S} s, then measuring for {seconds} s")
    time.sleep(_WARM_UP_S)
    with _observing(system.addresses.database_url) as observer:
        began_ms = _now_ms()
        time.sleep(seconds)
        ended_ms = _now_ms()
        ledger = asyncio.run(_frozen_ledger(system.layout.air))
        time.sleep(5)  # what was heard last is on its way
    system.check()
    return _figures(ledger, observer, began_ms, ended_ms)


def _figures(
    ledger: LedgerView, observer: Observer, began_ms: int, ended_ms: int
) -> LatencyFigures:
    delivered = [
        ((row.logger_id, row.sequence), row.delivered_at_ms)
        for row in ledger.rows
        if row.delivered_at_ms is not None and began_ms <= row.delivered_at_ms < ended_ms
    ]
    latencies_s = [
        (observer.seen_at_ms[key] - at_ms) / 1000
        for key, at_ms in delivered
        if key in observer.seen_at_ms
    ]
    return LatencyFigures(
        loggers=_LOGGERS,
        measurements=len(latencies_s),
        unseen=len(delivered) - len(latencies_s),
        p50_s=float(np.percentile(latencies_s, 50)),
        p99_s=float(np.percentile(latencies_s, 99)),
        seconds=(ended_ms - began_ms) / 1000,
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
            (since,) = connection.execute(_NEWEST_STORED).fetchone() or (None,)
            rows = connection.execute(_NEWER, {"since": since}).fetchall()
            observer.look(rows, _now_ms())
            next(connection.notifies(timeout=_POLL_S, stop_after=1), None)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _frozen_ledger(air: Path) -> LedgerView:
    async with AirControl(air) as control:
        await control.freeze()
        return await control.ledger()
