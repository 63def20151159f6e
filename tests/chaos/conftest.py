"""All processes, under load, to be killed."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from edge.status import EdgeReport, describe
from firmware_sim.air import AirControl
from frostline.check import drain, freeze, stored_rows
from frostline.proof import Proof, compare
from frostline.stack.processes import Child
from frostline.stack.waiting import wait_until
from frostline.system import EDGE, System, running_system

LOAD = {
    "FROSTLINE_SIM_SCENARIO": "fleet",
    "FROSTLINE_SIM_LOGGERS": "120",
    "FROSTLINE_SIM_SAMPLE_INTERVAL_S": "1",
    "FROSTLINE_SIM_ADVERT_INTERVAL_S": "0.25",
}
EDGE_SETTINGS = {
    "FROSTLINE_EDGE_RECORD_INTERVAL_S": "0",
    "FROSTLINE_EDGE_BATCH_LINGER_S": "0.2",
}
_AGAIN_S = 60.0
_MANY = 500  # some four seconds' worth of the load
_SNAPSHOT_FRESH_MS = 500


class Chaos:
    """A running system, and the means to wait until it works and to prove that it did."""

    edge: Child
    ingest: Child

    def __init__(self, system: System) -> None:
        self.system = system
        self.random = random.Random(7)

    def start_edge(self, name: str = EDGE) -> Child:
        """Start an edge that records every measurement."""
        return self.system.start_edge(EDGE_SETTINGS, name=name)

    def held(self, name: str = EDGE) -> EdgeReport:
        """Look into an edge's outbox."""
        return describe(self.system.layout.outbox_of(name))

    def all_published(self, name: str = EDGE) -> bool:
        """Whether an edge has sent all that it holds, by its own word since then."""
        report = self.held(name)
        snapshot = report.snapshot
        return (
            snapshot is not None
            and report.at_ms - snapshot.at_ms < _SNAPSHOT_FRESH_MS
            and snapshot.loggers_heard > 0
            and snapshot.batches_in_flight == report.batches > 0
        )

    def move_edge_away(self) -> None:
        """Take the edge's radio out of reach of all loggers."""
        asyncio.run(_move_radio(self.system.layout.air, EDGE))

    def readings(self) -> int:
        """Count what is stored; -1 while the database is away."""
        try:
            with psycopg.connect(self.system.addresses.database_url, connect_timeout=2) as db:
                row = db.execute("SELECT count(*) FROM readings").fetchone()
        except psycopg.OperationalError:
            return -1
        return row[0] if row else 0

    def wait_for_more(self, what: str) -> None:
        """Wait until more is stored, some seconds' worth of it by chance."""
        goal = max(self.readings(), 0) + self.random.randint(1, 250)
        wait_until(lambda: self.readings() >= goal, timeout_s=_AGAIN_S, what=what)

    def prove(self, *edges: str) -> Proof:
        """Stop the loggers, let everything arrive, compare with the ledger."""
        air = self.system.layout.air
        wait_until(
            lambda: asyncio.run(_measured(air)) >= _MANY,
            timeout_s=_AGAIN_S,
            what="enough measurements to prove something",
        )
        ledger, statistics = asyncio.run(freeze(air))
        assert statistics.lost_share > 0.1
        drain(self.system, edges or (EDGE,))
        return compare(ledger.rows, stored_rows(self.system.addresses.database_url))


async def _measured(air: Path) -> int:
    async with AirControl(air) as control:
        return (await control.statistics()).measured


async def _move_radio(air: Path, name: str) -> None:
    async with AirControl(air) as control:
        await control.move_radio(name, 1_000_000.0, 0.0)


class StartChaos(Protocol):
    def __call__(self, *gateways: str) -> Chaos: ...


@pytest.fixture
def start_chaos(stack_folder: Path) -> Iterator[StartChaos]:
    """Start services and simulator; the test starts edges and ingestors."""
    with ExitStack() as stack:

        def start(*gateways: str) -> Chaos:
            folder = stack_folder / f"chaos-{random.getrandbits(32):08x}"
            folder.mkdir(mode=0o711)
            system = stack.enter_context(
                running_system(folder, report=print, gateways=gateways or (EDGE,), durable=False)
            )
            system.start_sim(LOAD)
            return Chaos(system)

        yield start


@pytest.fixture
def chaos(start_chaos: StartChaos) -> Chaos:
    """Run one edge and one ingestor until the first readings are stored."""
    running = start_chaos()
    running.ingest = running.system.start_ingest()
    running.edge = running.start_edge()
    running.wait_for_more("the first readings")
    return running


@pytest.fixture
def proven() -> Callable[[Proof], None]:
    """Assert that every measured reading is stored exactly once, and that there were many."""

    def check(proof: Proof) -> None:
        assert proof.holds, proof
        assert proof.measured >= _MANY, proof

    return check
