"""How does the whole system look at work, on one machine and on simulated loggers?

`show_demo` for eyes; `check_demo` for proof.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import psycopg
from rich.console import Console
from rich.live import Live

from firmware_sim.air import AirControl, NoAir
from firmware_sim.scenarios import loggers_of
from firmware_sim.settings import SimSettings
from frostline.backlog import HANDHELD, deliver_backlog
from frostline.check import examine
from frostline.demo_day import WHOLE_DAY, Piece, Told, running_piece
from frostline.demo_view import view
from frostline.errors import CommandRefused
from frostline.outcome import await_outcome
from frostline.runs import passing_folder
from frostline.stack.ports import is_free
from frostline.stack.waiting import wait_until
from frostline.story import Client, Telling, make_token, subscribe, tell
from frostline.system import EDGE, System, running_system
from gateway.judge.library import load, read_policy_document
from gateway.judge.store import Store

# Every measurement, and soon: so that a minute shows a curve.
_EDGE: Final = {"FROSTLINE_EDGE_RECORD_INTERVAL_S": "0"}
# An order is judged as often as the loggers measure, about.
_JUDGE: Final = {"FROSTLINE_JUDGE_MIN_INTERVAL_S": "1"}
_POLICY: Final = "chilled_demo.toml"
_GATEWAYS: Final = (EDGE, HANDHELD)
_START_TIMEOUT_S: Final = 60.0
_REFRESH_S: Final = 1.0
_AIR_LOOK_S: Final = 0.05


def show_demo(port: int) -> None:
    """Run until Ctrl-C, and show what happens."""
    console = Console()
    if port and not is_free(port):
        raise CommandRefused(f"port {port} is taken; choose another with --port, or 0 for any.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        _progress(console) as report,
        passing_folder("demo") as folder,
        running_system(
            folder, report=report, gateways=_GATEWAYS, api_port=port, durable=False
        ) as system,
    ):
        try:
            story = _begin(system, report)
            report("")  # the display ends
            _print_addresses(console, system, story)
            with running_piece(folder) as piece:
                _watch(console, system, piece)
        except KeyboardInterrupt:
            console.print("stopping")


def check_demo(seconds: int) -> bool:
    """Run for so long without a screen, compare, print two lines; return whether it holds."""
    report = Console(stderr=True).print
    with (
        passing_folder("check") as folder,
        running_system(folder, report=report, gateways=_GATEWAYS) as system,
    ):
        telling = _begin(system, report)
        stopped = telling.boxes["order-1"]["order-1.ambient"]
        asyncio.run(_stop_logger(system.layout.air, stopped))
        report(f"measuring for {seconds} s")
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            system.check()
            time.sleep(_REFRESH_S)
        report("waiting for the story's end")
        outcome = await_outcome(system, telling, stopped_logger=stopped)
        report("comparing")
        findings = examine(system, telling)
    print(findings.line())
    print(outcome.line())
    told = _check_piece(report)
    print(told.line())
    failures = findings.failures + outcome.failures + told.failures
    for sentence in failures:
        report(f"failed: {sentence}")
    return not failures


def _check_piece(report: Callable[[str], None]) -> Told:
    """Run a piece of a day, with all of the machine's time for it; return what it came to."""
    report("running a piece of a simulated day")
    with passing_folder("check") as folder, running_piece(folder) as piece:
        said = ""
        while not piece.is_over:
            if piece.progress != said:
                said = piece.progress
                report(said)
            time.sleep(_REFRESH_S)
        return piece.told()


async def _stop_logger(air: Path, logger_id: str) -> None:
    """Let a logger die as soon as there is one."""
    ends_s = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            async with AirControl(air) as control:
                return await control.stop_logger(logger_id)
        except NoAir:  # its socket may be there before anybody serves it
            if time.monotonic() > ends_s:
                raise
        await asyncio.sleep(_AIR_LOOK_S)


def _begin(system: System, report: Callable[[str], None]) -> Telling:
    """Start every process, register what travels, and deliver what was measured before."""
    report("starting ingest, sealer, notifier and API")
    system.start_ingest()
    system.start_seal()
    system.start_notify()
    system.start_api()
    wait_until(system.is_ready, timeout_s=_START_TIMEOUT_S, what="the API to be ready")
    report("registering loggers, orders and a receiver of webhooks")
    client = Client(system.layout.api_url, make_token(system.addresses.database_url, "demo"))
    system.start_listener(subscribe(client, system.layout.listener_url))
    wait_until(system.is_listening, timeout_s=_START_TIMEOUT_S, what="the receiver to listen")
    settings = SimSettings(air_path=system.layout.air)
    began_at = datetime.now(UTC).replace(microsecond=0)
    _load_policy(system.addresses.database_url, began_at)
    story = tell(client, loggers_of(settings), began_at, packed_s=settings.packed_s)
    report("delivering what was measured since the boxes were packed")
    deliver_backlog(system, settings, began_at)
    report("starting judge, loggers and edge")
    system.start_judge(_JUDGE)  # now: of half a past it would say that the loggers fell silent
    system.start_sim({})
    system.start_edge(_EDGE)
    return story


def _load_policy(database_url: str, now: datetime) -> None:
    text = files("frostline").joinpath(_POLICY).read_text(encoding="utf-8")
    with Store.connect(database_url, name="frostline demo") as store:
        load(store, read_policy_document(text, name=_POLICY), now=now)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str], None]]:
    """Show what is going on, with a spinner, until an empty sentence ends it."""
    with console.status("preparing") as status:

        def report(sentence: str) -> None:
            if sentence:
                status.update(sentence)
                if not console.is_terminal:
                    console.print(sentence)
            else:
                status.stop()

        yield report


def _print_addresses(console: Console, system: System, story: Telling) -> None:
    console.print("\nFrostline runs. A member's live curve:")
    for order_id, url in story.links.items():
        console.print(f"  {order_id}  {url}", soft_wrap=True)
    console.print("\nThe API's documentation, and a token for it:")
    console.print(f"  {system.layout.api_url}/docs", soft_wrap=True)
    console.print(f"  {story.client.token}", soft_wrap=True)
    console.print(
        f"\nLogs are in {system.layout.folder / 'logs'}. Ctrl-C ends it.\n", soft_wrap=True
    )
    if not system.services.has_timescaledb:
        console.print("TimescaleDB could not be had: this runs on plain PostgreSQL.\n")
    if not system.services.broker.enforces_acl:
        console.print("mosquitto could not be had: this broker has no access rules.\n")


def _watch(console: Console, system: System, piece: Piece) -> None:
    is_told = False
    with (
        psycopg.connect(system.addresses.database_url, autocommit=True) as connection,
        Live(console=console, auto_refresh=False) as live,
    ):
        while True:
            system.check()
            if piece.is_over and not is_told:
                is_told = True
                _print_piece(live.console, piece)
            progress = "" if is_told else piece.progress
            live.update(view(connection, datetime.now(UTC), progress), refresh=True)
            time.sleep(_REFRESH_S)


def _print_piece(console: Console, piece: Piece) -> None:
    told = piece.told()
    lines = [
        "A piece of a simulated day, an hour's orders in a heat wave:",
        *(f"  {each}" for each in told.sentences()),
        *(f"  but        {each}" for each in told.failures),
        f"  report     {piece.page}, for a browser",
        f"  a whole day, with and without the thermal loop: {WHOLE_DAY}",
        "",
    ]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
