"""How does a simulation run? `frostline sim`."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from firmware_sim.air import AirServer, Channel, Ledger
from firmware_sim.fleet import Fleet, Setup
from firmware_sim.metrics import AirCollector
from firmware_sim.scenarios import lid_openings_of, loggers_of
from firmware_sim.settings import SimSettings
from firmware_sim.world import World

log = logging.getLogger(__name__)


async def run(settings: SimSettings, stop: asyncio.Event) -> None:
    """Simulate until `stop`; raise AirTaken or AirPathTooLong if the socket can't be served."""
    channel = Channel(
        loss=settings.loss,
        duplicates=settings.duplicates,
        delay_max_s=settings.delay_max_ms / 1000.0,
    )
    ledger = Ledger(capacity=settings.ledger_max)
    air = AirServer(settings.air_path, channel, seed=settings.seed, ledger=ledger)
    loggers = loggers_of(settings)
    setup = Setup(
        sample_interval_s=settings.sampling_s,
        advert_interval_s=settings.advertising_s,
        log_capacity=settings.log_capacity,
        seed=settings.seed,
    )
    world = World(loggers, settings.seed, packed_s=settings.packed_s)
    world.advance_to(0.0)
    fleet = Fleet(loggers, world, setup, air.transmit, ledger)
    fleet.schedule(lid_openings_of(loggers))
    await air.start(fleet)
    try:
        with _metrics(air, settings.metrics_port):
            log.info(
                "simulating",
                extra={"scenario": settings.scenario, "loggers": len(loggers)},
            )
            await fleet.run(stop)
    finally:
        await air.close()


@contextmanager
def _metrics(air: AirServer, port: int) -> Iterator[None]:
    if not port:
        yield
        return
    registry = CollectorRegistry()
    registry.register(AirCollector(air))
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
