"""How does each process run, from its settings to its end?

SIGINT and SIGTERM ask it to finish what it holds; a second one is not needed, for SIGKILL is safe.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from frostline.config import log_level
from frostline.errors import CommandRefused
from frostline.logs import configure_logs
from frostline.stack.ports import is_free

if TYPE_CHECKING:
    from api.settings import ApiSettings
    from edge.settings import EdgeSettings
    from firmware_sim.settings import SimSettings
    from gateway.ingest.settings import IngestSettings
    from gateway.judge.settings import JudgeSettings
    from gateway.notify.settings import NotifySettings
    from gateway.seal.settings import SealSettings
    from routing.dispatch.settings import DispatchSettings


def run_edge(settings: "EdgeSettings", *, air: Path | None, position: tuple[float, float]) -> None:
    """Run an edge on this machine's radio, or on the simulated air at `air`."""
    from edge import agent
    from edge.broker import UnusableCertificates
    from edge.outbox_file import DiskRefuses, OutboxInUse, UnusableOutbox
    from edge.radio import RadioSilent

    backend = None
    if air is not None:
        from firmware_sim.air import scanner_for

        backend = scanner_for(air, settings.gateway_id, position)
    configure_logs(log_level())
    try:
        asyncio.run(_until_told(lambda stop: agent.run(settings, backend, stop)))
    except (OutboxInUse, UnusableOutbox, UnusableCertificates) as error:
        raise CommandRefused(str(error)) from error
    except (DiskRefuses, RadioSilent) as error:
        raise SystemExit(f"frostline: {error}") from error  # 1: a supervisor starts it again


def run_sim(settings: "SimSettings") -> None:
    """Run the simulator."""
    from firmware_sim import simulator
    from firmware_sim.air import AirPathTooLong, AirTaken

    configure_logs(log_level())
    if not settings.air_path.parent.is_dir():
        raise CommandRefused(f"there is no folder {settings.air_path.parent} for the air's socket.")
    try:
        asyncio.run(_until_told(lambda stop: simulator.run(settings, stop)))
    except (AirTaken, AirPathTooLong) as error:
        raise CommandRefused(str(error)) from error


def run_ingest(settings: "IngestSettings") -> None:
    """Run an ingestor; refuse where another one owns a shard."""
    from frostline.database import require_readable
    from gateway.ingest import ingest

    require_readable(settings.database_url)
    configure_logs(log_level())
    stop = _stop_when_told()
    try:
        ingest.run(settings, stop)
    except ingest.IngestRefused as error:
        raise CommandRefused(str(error)) from error


def run_notify(settings: "NotifySettings") -> None:
    """Run a notifier; where one is at work already, wait to take over."""
    from frostline.database import translate_database_errors
    from gateway.notify import notify

    configure_logs(log_level())
    stop = _stop_when_told()
    try:
        with translate_database_errors():  # an unreachable one is waited for
            notify.run(settings, stop)
    except notify.NotifyRefused as error:
        raise CommandRefused(str(error)) from error


def run_judge(settings: "JudgeSettings") -> None:
    """Run a judge beside others."""
    from frostline.database import require_readable
    from gateway.judge import judge

    require_readable(settings.database_url)
    configure_logs(log_level())
    stop = _stop_when_told()
    try:
        judge.run(settings, stop)
    except judge.SchemaMissing as error:
        raise CommandRefused(str(error)) from error


def run_seal(settings: "SealSettings") -> None:
    """Run a sealer; where one is at work already, wait to take over."""
    from frostline.database import require_readable
    from gateway.seal import seal

    require_readable(settings.database_url)
    configure_logs(log_level())
    stop = _stop_when_told()
    try:
        seal.run(settings, stop)
    except seal.SealRefused as error:
        raise CommandRefused(str(error)) from error


def run_dispatch(settings: "DispatchSettings") -> None:
    """Keep a city's plan; where a dispatcher is at work already, wait to take over."""
    from frostline.database import require_readable
    from routing import dispatcher

    if not settings.city:
        raise CommandRefused("FROSTLINE_DISPATCH_CITY is not set; say which city, or give --city.")
    require_readable(settings.database_url)
    configure_logs(log_level())
    stop = _stop_when_told()
    try:
        dispatcher.run(settings, stop)
    except (dispatcher.SchemaMissing, dispatcher.UnusableTravelFile) as error:
        raise CommandRefused(str(error)) from error


def run_api(settings: "ApiSettings") -> None:
    """Serve HTTP."""
    import uvicorn

    from api.app import create_app
    from frostline.database import require_readable

    require_readable(settings.database_url)
    configure_logs(log_level())
    if ":" not in settings.host and not is_free(settings.port, settings.host):
        raise CommandRefused(f"{settings.host} port {settings.port} is taken; choose another port.")
    logging.getLogger("uvicorn.access").disabled = True  # it would write members' links
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )


def _stop_when_told() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


async def _until_told(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(stop)
