"""What runs while `frostline up` does, and how does another shell reach it?

Database and broker in a lasting folder; with `--all` every process of the gateway too, and a
dispatcher for each city as soon as it is loaded. A settings file says where all of it is:
FROSTLINE_CONFIG names it to every other command.
"""

import fcntl
import json
import secrets
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, LiteralString

import psycopg
import typer

from frostline.errors import CommandRefused
from frostline.local import Services, lasting_folder, running_services, write_addresses
from frostline.stack.errors import ChildDied
from frostline.stack.ports import free_port
from frostline.stack.private import write_privately
from frostline.stack.processes import Children
from frostline.stack.waiting import wait_until
from frostline.system import EDGE, Layout, System

_GATEWAYS: Final = (EDGE, "replay")
_ROLES: Final = ("api", "dispatch", "ingest", "judge", "notify", "seal")
_CHECK_EVERY_S: Final = 1.0
_START_TIMEOUT_S: Final = 60.0

CITIES: Final[LiteralString] = "SELECT city_id FROM cities ORDER BY city_id"


def serve_local(*, everything: bool) -> None:
    """Run the services, and what works on them if asked to, until told to stop."""
    folder = lasting_folder()
    found = folder / "addresses.json"
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandRefused("the local services are running already.") from error
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with running_services(folder, gateways=_GATEWAYS, report=_say) as services:
            try:
                write_addresses(found, services.addresses)
                _serve(services, folder, everything=everything)
            except ChildDied as error:
                raise CommandRefused(str(error)) from error
            except KeyboardInterrupt:
                _say("stopping")
            finally:
                found.unlink(missing_ok=True)


def _serve(services: Services, folder: Path, *, everything: bool) -> None:
    layout = Layout(
        folder=folder,
        api_port=services.api_port,
        listener_port=free_port(),
        link_secret=_link_secret(folder),
    )
    settings = folder / "frostline.toml"
    write_privately(settings, settings_text(services, layout))
    with Children(folder / "logs") as children:
        system = System(layout, services, children)
        if everything:
            _start(system)
        _tell(system, settings, everything=everything)
        _watch(system, everything=everything)


def _start(system: System) -> None:
    _say("starting ingest, judge, sealer, notifier and API")
    system.start_ingest()
    system.start_judge()
    system.start_seal()
    system.start_notify()
    system.start_api()
    wait_until(system.is_ready, timeout_s=_START_TIMEOUT_S, what="the API to be ready")


def _watch(system: System, *, everything: bool) -> None:
    """Wait until told to stop; start a dispatcher for each city that comes in meanwhile."""
    kept: set[str] = set()
    with psycopg.connect(system.addresses.database_url, autocommit=True) as db:
        while True:
            system.check()
            cities = [row[0] for row in db.execute(CITIES)] if everything else []
            for city_id in sorted(set(cities) - kept):
                kept.add(city_id)
                system.start_dispatch(city_id)
                _say(f"a dispatcher keeps {city_id}")
            time.sleep(_CHECK_EVERY_S)


def settings_text(services: Services, layout: Layout) -> str:
    """Return the settings of every process that works on these services, as TOML."""
    addresses = services.addresses
    tables: dict[str, dict[str, object]] = {
        role: {"database_url": addresses.database_url} for role in _ROLES
    }
    tables["api"] |= {
        "link_secrets": [layout.link_secret],
        "port": layout.api_port,
        "public_url": layout.api_url,
    }
    tables["ingest"] |= {
        "broker_url": addresses.broker_url,
        "broker_password": addresses.ingest_password,
    }
    tables["edge"] = {
        "gateway_id": EDGE,
        "broker_url": addresses.broker_url,
        "broker_password": addresses.gateway_passwords[EDGE],
        "outbox_path": str(layout.outbox_of(EDGE)),
    }
    return "\n".join(_table(name, values) for name, values in sorted(tables.items()))


def _table(name: str, values: Mapping[str, object]) -> str:
    """Return a TOML table of texts, numbers and lists of texts: JSON spells them alike."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _tell(system: System, settings: Path, *, everything: bool) -> None:
    what = "Everything is" if everything else "Database and broker are"
    typer.echo(f"{what} running; Ctrl-C stops it all, the data stays.")
    if not system.services.has_timescaledb:
        typer.echo("TimescaleDB could not be had: this is plain PostgreSQL.")
    if everything:
        typer.echo(f"The API is {system.layout.api_url}, logs are in {settings.parent / 'logs'}.")
    typer.echo("In another shell, for every other command:\n")
    typer.echo(f"export FROSTLINE_CONFIG='{settings}'")


def _link_secret(folder: Path) -> str:
    """Return what signs links here; drawn once."""
    path = folder / "link-secret"
    if not path.exists():
        write_privately(path, secrets.token_urlsafe(32))
    return path.read_text()


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)
