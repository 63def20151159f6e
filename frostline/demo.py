"""How does the whole system look at work, on one machine and on simulated loggers?

`show_demo` for eyes; `check_demo` for proof.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
from rich.console import Console
from rich.live import Live
from rich.table import Table

from firmware_sim.scenarios import loggers_of
from firmware_sim.settings import SimSettings
from frostline.check import examine
from frostline.errors import CommandRefused
from frostline.runs import passing_folder
from frostline.stack.ports import is_free
from frostline.stack.waiting import wait_until
from frostline.story import Client, Story, make_token, tell
from frostline.system import System, running_system

# Every measurement, and soon: so that a minute shows a curve.
_EDGE: Final = {"FROSTLINE_EDGE_RECORD_INTERVAL_S": "0"}
_START_TIMEOUT_S: Final = 60.0
_REFRESH_S: Final = 1.0

_NEWEST: Final = """
SELECT label, logger_id, temperature_c, measured_at
FROM known_loggers JOIN latest_readings USING (logger_id, logger_key)
WHERE label LIKE 'order%' OR label LIKE 'van%' ORDER BY label
"""
_COUNT: Final = "SELECT count(*) FROM readings"


def show_demo(port: int) -> None:
    """Run until Ctrl-C, and show what happens."""
    console = Console()
    if port and not is_free(port):
        raise CommandRefused(f"port {port} is taken; choose another with --port, or 0 for any.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        _progress(console) as report,
        passing_folder("demo") as folder,
        running_system(folder, report=report, api_port=port, durable=False) as system,
    ):
        try:
            story = _begin(system, report)
            report("")  # the display ends
            _print_addresses(console, system, story)
            _watch(console, system)
        except KeyboardInterrupt:
            console.print("stopping")


def check_demo(seconds: int) -> bool:
    """Run for so long without a screen, compare, print one line; return whether it holds."""
    report = Console(stderr=True).print
    with passing_folder("check") as folder, running_system(folder, report=report) as system:
        story = _begin(system, report)
        report(f"measuring for {seconds} s")
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            system.check()
            time.sleep(_REFRESH_S)
        report("comparing")
        findings = examine(system, story)
    print(findings.line())
    for sentence in findings.failures:
        report(f"failed: {sentence}")
    return not findings.failures


def _begin(system: System, report: Callable[[str], None]) -> Story:
    """Start every process, and register what travels."""
    report("starting ingest and API")
    system.start_ingest()
    system.start_api()
    wait_until(lambda: _is_ready(system), timeout_s=_START_TIMEOUT_S, what="the API to be ready")
    report("registering loggers and orders")
    token = make_token(system.addresses.database_url, "demo")
    settings = SimSettings(air_path=system.layout.air)
    client = Client(system.layout.api_url, token)
    story = tell(client, loggers_of(settings), datetime.now(UTC))
    report("starting loggers and edge")
    system.start_sim({})
    system.start_edge(_EDGE)
    return story


def _is_ready(system: System) -> bool:
    system.check()
    try:
        with urlopen(f"{system.layout.api_url}/readyz", timeout=1) as answer:  # noqa: S310  # ours
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


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


def _print_addresses(console: Console, system: System, story: Story) -> None:
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


def _watch(console: Console, system: System) -> None:
    with (
        psycopg.connect(system.addresses.database_url, autocommit=True) as connection,
        Live(console=console, auto_refresh=False) as live,
    ):
        while True:
            system.check()
            live.update(_table(connection), refresh=True)
            time.sleep(_REFRESH_S)


def _table(connection: psycopg.Connection) -> Table:
    row = connection.execute(_COUNT).fetchone()
    table = Table(title=f"{row[0] if row else 0:,} readings stored")
    table.add_column("box")
    table.add_column("logger", no_wrap=True)
    table.add_column("°C", justify="right")
    table.add_column("age", justify="right")
    now = datetime.now(UTC)
    for label, logger_id, temperature_c, measured_at in connection.execute(_NEWEST):
        age_s = (now - measured_at).total_seconds()
        table.add_row(label, logger_id, f"{temperature_c:.2f}", f"{age_s:.1f} s")
    return table
