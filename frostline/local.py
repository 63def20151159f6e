"""Which services run on this machine, and how does a process reach them?

Database and broker in one folder: a lasting one for `up` and `replay`, a passing one for the demo.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from frostline.errors import CommandRefused
from frostline.migrate import migrate
from frostline.runs import make_folder
from frostline.stack import broker as brokers
from frostline.stack import postgres as databases
from frostline.stack.cache import Report, state_folder
from frostline.stack.ports import free_port, is_free
from frostline.stack.private import write_privately

_DATABASE: Final = "frostline"
_API_PORT: Final = 8080  # as its settings have it, where it is free


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """How to reach the services, with passwords: for this user's eyes."""

    database_url: str
    broker_url: str
    ingest_password: str
    gateway_passwords: Mapping[str, str]

    def ingest_environ(self) -> dict[str, str]:
        """Return an ingestor's settings."""
        return {
            "FROSTLINE_INGEST_DATABASE_URL": self.database_url,
            "FROSTLINE_INGEST_BROKER_URL": self.broker_url,
            "FROSTLINE_INGEST_BROKER_PASSWORD": self.ingest_password,
        }

    def edge_environ(self, gateway_id: str, outbox: Path) -> dict[str, str]:
        """Return the settings of an edge that has an account here."""
        return {
            "FROSTLINE_EDGE_GATEWAY_ID": gateway_id,
            "FROSTLINE_EDGE_BROKER_URL": self.broker_url,
            "FROSTLINE_EDGE_BROKER_PASSWORD": self.gateway_passwords[gateway_id],
            "FROSTLINE_EDGE_OUTBOX_PATH": str(outbox),
        }


@dataclass(frozen=True, slots=True)
class Services:
    """Running database and broker."""

    postgres: databases.Postgres
    broker: brokers.Broker
    addresses: Addresses
    has_timescaledb: bool
    api_port: int
    """Kept free for an api beside them, and the same the next time."""

    def check(self) -> None:
        """Raise ChildDied if one has ended by itself."""
        self.postgres.check()
        self.broker.check()


@contextmanager
def running_services(
    folder: Path, *, gateways: tuple[str, ...], report: Report, durable: bool = True
) -> Iterator[Services]:
    """Prepare, start and migrate; stop both at the end. TimescaleDB may be missing, and says so."""
    report("preparing the database")
    installation = databases.prepare(require_timescaledb=False, report=report)
    report("preparing the broker")
    program = brokers.prepare(require_acl=False, report=report)
    with ExitStack() as stack:
        report("starting the database")
        ports = _ports(folder)
        server = databases.Postgres(
            installation, folder / "postgres", durable=durable, port=ports["database"]
        )
        stack.enter_context(server)
        database_url = server.create_database(_DATABASE)
        has_timescaledb = installation.timescaledb_version is not None
        migrate(database_url, require_timescaledb=has_timescaledb)
        report("starting the broker")
        broker = brokers.Broker(program, folder / "broker", port=ports["broker"])
        for user in ("ingest", *gateways):
            broker.password(user)  # before it runs: later each costs a reload
        stack.enter_context(broker)
        addresses = Addresses(
            database_url=database_url,
            broker_url=broker.url,
            ingest_password=broker.password("ingest"),
            gateway_passwords={name: broker.password(name) for name in gateways},
        )
        yield Services(server, broker, addresses, has_timescaledb, ports["api"])


def _ports(folder: Path) -> dict[str, int]:
    """Return last time's ports where they are still free: settings in shells stay good."""
    path = folder / "ports.json"
    known: dict[str, int] = {"api": _API_PORT}
    if path.exists():
        known |= json.loads(path.read_text())
    ports = {
        name: known[name] if name in known and is_free(known[name]) else free_port()
        for name in ("database", "broker", "api")
    }
    write_privately(path, json.dumps(ports))
    return ports


@contextmanager
def lasting_services(*, gateways: tuple[str, ...], report: Report) -> Iterator[Addresses]:
    """Use the services that `frostline up` runs, else run them; their data stays."""
    folder = lasting_folder()
    found = folder / "addresses.json"
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield _read_addresses(found, gateways)
            return
        with running_services(folder, gateways=gateways, report=report) as services:
            yield services.addresses


def lasting_folder() -> Path:
    """Return the folder that keeps the local services' data."""
    return make_folder(state_folder(os.environ) / "local")


def write_addresses(path: Path, addresses: Addresses) -> None:
    """Let other commands find the services."""
    write_privately(path, json.dumps(asdict(addresses)))


def _read_addresses(path: Path, gateways: tuple[str, ...]) -> Addresses:
    try:
        addresses = Addresses(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise CommandRefused(
            "another command is using the local services; try again when it has ended."
        ) from error
    if missing := set(gateways) - set(addresses.gateway_passwords):
        raise CommandRefused(f"the local broker has no account for {', '.join(sorted(missing))}.")
    return addresses
