"""What does one edge cost, with a thousand loggers in reach?

The simulator, the broker and the ingestor run as in the demo, each its own process; the edge runs
with its default settings. Figures are read from outside it: the kernel's accounting, the simulated
air's count, a second subscriber.
"""

import asyncio
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.listener import Listener, listening
from bench.process import cost_of
from bench.report import progress, publish
from firmware_sim.air import AirControl
from frostline.runs import passing_folder
from frostline.system import System, running_system

_WARM_UP_S: Final = 15  # every logger is new at first, and its parser is loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeFigures:
    """Of one edge, after a warm-up."""

    loggers: int
    adverts_per_s: float
    readings_per_s: float
    core_share: float  # 1.0: one core
    resident_mb: float
    peak_mb: float
    bytes_per_reading: float  # MQTT payload
    readings_per_batch: float
    seconds: float


def run(*, loggers: int, seconds: int, json: bool) -> EdgeFigures:
    """Measure, and print."""
    with passing_folder("bench-edge") as folder, running_system(folder, report=progress) as system:
        addresses = system.addresses
        with listening(addresses.broker_url, addresses.ingest_password) as listener:
            figures = _measure(system, listener, loggers, seconds)
    publish("One edge", asdict(figures), json=json)
    return figures


def _measure(system: System, listener: Listener, loggers: int, seconds: int) -> EdgeFigures:
    system.start_ingest()
    system.start_sim(
        {
            "FROSTLINE_SIM_SCENARIO": "fleet",
            "FROSTLINE_SIM_LOGGERS": str(loggers),
            "FROSTLINE_SIM_ADVERT_INTERVAL_S": "1",
            "FROSTLINE_SIM_LOSS": "0",
        }
    )
    edge = system.start_edge()
    progress(f"warming up for {_WARM_UP_S} s, then measuring for {seconds} s")
    time.sleep(_WARM_UP_S)
    before, heard_before, began_s = cost_of(edge.pid), listener.counts, time.monotonic()
    adverts = -asyncio.run(_delivered(system.layout.air))
    time.sleep(seconds)
    after, heard_after, took_s = cost_of(edge.pid), listener.counts, time.monotonic() - began_s
    adverts += asyncio.run(_delivered(system.layout.air))
    system.check()
    batches, readings, payload_bytes = (
        late - early for late, early in zip(heard_after, heard_before, strict=True)
    )
    return EdgeFigures(
        loggers=loggers,
        adverts_per_s=adverts / took_s,
        readings_per_s=readings / took_s,
        core_share=(after.cpu_s - before.cpu_s) / took_s,
        resident_mb=after.resident_mb,
        peak_mb=after.peak_mb,
        bytes_per_reading=payload_bytes / max(1, readings),
        readings_per_batch=readings / max(1, batches),
        seconds=took_s,
    )


async def _delivered(air: Path) -> int:
    async with AirControl(air) as control:
        return (await control.statistics()).delivered
