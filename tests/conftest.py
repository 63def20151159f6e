"""The real parts that tests stand on: TimescaleDB, mosquitto, a browser. None is ever skipped.

FROSTLINE_TEST_DSN names a server to use instead of a private one: a superuser's DSN; databases
are created beside the one it names. FROSTLINE_TEST_MQTT likewise a broker with Frostline's access
rules, `mqtt://:password@host:port`, where each user that the tests name has that password.
"""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from frostline.migrate import migrate
from frostline.stack import broker as brokers
from frostline.stack import browser as browsers
from frostline.stack import postgres as servers
from frostline.stack import waiting
from frostline.stack.broker import Broker
from frostline.stack.browser import Browser
from frostline.stack.postgres import Postgres
from frostline.stack.timescaledb import Installation


class WaitUntil(Protocol):
    def __call__(
        self, predicate: Callable[[], object], *, timeout_s: float = 10.0, what: str = ...
    ) -> None: ...


@pytest.fixture(scope="session")
def wait_until() -> WaitUntil:
    """Wait for a condition, with a deadline: no test sleeps."""
    return waiting.wait_until


@pytest.fixture(scope="session")
def stack_folder() -> Iterator[Path]:
    """Give a folder that the servers' account can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="frostline-tests-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


# The database ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_installation() -> Installation:
    """Take PostgreSQL with TimescaleDB out of the cache."""
    return servers.prepare(report=print)


@pytest.fixture(scope="session")
def server_dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give a superuser's DSN of the shared server; hasty: no write waits for the disk."""
    if given := os.environ.get("FROSTLINE_TEST_DSN"):
        yield given
        return
    installation = request.getfixturevalue("postgres_installation")
    folder = request.getfixturevalue("stack_folder") / "postgres"
    with Postgres(installation, folder, durable=False) as server:
        yield server.dsn("postgres")


@pytest.fixture(scope="session")
def migrated_template(server_dsn: str) -> Iterator[str]:
    """Make a migrated database that others are copied from; give its name."""
    name = _fresh_name("template")
    _execute(server_dsn, "CREATE DATABASE {}", name)
    migrate(make_conninfo(server_dsn, dbname=name), require_timescaledb=True)
    # TimescaleDB's background worker connects to each database that allows it, and a database
    # with connections can't be copied.
    _execute(server_dsn, "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
    _disconnect(server_dsn, name)
    yield name
    _execute(server_dsn, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database_url(server_dsn: str, migrated_template: str) -> Iterator[str]:
    """Give the DSN of a fresh, migrated database."""
    name = _fresh_name("migrated")
    _execute(server_dsn, "CREATE DATABASE {} TEMPLATE {}", name, migrated_template)
    yield make_conninfo(server_dsn, dbname=name)
    _execute(server_dsn, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def empty_database_url(server_dsn: str) -> Iterator[str]:
    """Give the DSN of a fresh database with nothing in it."""
    name = _fresh_name("empty")
    _execute(server_dsn, "CREATE DATABASE {}", name)
    yield make_conninfo(server_dsn, dbname=name)
    _execute(server_dsn, "DROP DATABASE {} WITH (FORCE)", name)


class MakePostgres(Protocol):
    def __call__(self, *, durable: bool = False) -> Postgres: ...


@pytest.fixture
def make_postgres(
    postgres_installation: Installation, stack_folder: Path
) -> Iterator[MakePostgres]:
    """Make private servers, started: to be killed and started again."""
    with ExitStack() as stack:

        def make(*, durable: bool = False) -> Postgres:
            folder = stack_folder / _fresh_name("postgres")
            return stack.enter_context(Postgres(postgres_installation, folder, durable=durable))

        yield make


def _fresh_name(prefix: str) -> str:
    return f"frostline_{prefix}_{uuid.uuid4().hex[:12]}"


def _execute(dsn: str, statement: str, *names: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _disconnect(dsn: str, database: str) -> None:
    statement = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement, [database])


# The broker --------------------------------------------------------------------------------------


class AnyBroker(Protocol):
    @property
    def url(self) -> str: ...

    def password(self, user: str) -> str: ...


@dataclass(frozen=True)
class GivenBroker:
    """The broker of FROSTLINE_TEST_MQTT."""

    url: str
    shared_password: str

    def password(self, user: str) -> str:
        del user
        return self.shared_password


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[AnyBroker]:
    """Run the broker that tests share: real mosquitto, with passwords and access rules."""
    if given := os.environ.get("FROSTLINE_TEST_MQTT"):
        parts = urlsplit(given)
        url = f"{parts.scheme}://{parts.hostname}:{parts.port or 1883}"
        yield GivenBroker(url, parts.password or "")
        return
    program = request.getfixturevalue("broker_program")
    folder = request.getfixturevalue("stack_folder") / "broker"
    with Broker(program, folder) as private:
        yield private


@pytest.fixture(scope="session")
def broker_program() -> brokers.BrokerProgram:
    """Run mosquitto: the machine's, or Debian's out of the cache."""
    return brokers.prepare(report=print)


class MakeBroker(Protocol):
    def __call__(self, *, max_queued_messages: int = ...) -> Broker: ...


@pytest.fixture
def make_broker(broker_program: brokers.BrokerProgram, stack_folder: Path) -> Iterator[MakeBroker]:
    """Make private brokers, started: to be killed and started again."""
    with ExitStack() as stack:

        def make(*, max_queued_messages: int = 1_000_000) -> Broker:
            folder = stack_folder / _fresh_name("broker")
            private = Broker(broker_program, folder, max_queued_messages=max_queued_messages)
            return stack.enter_context(private)

        yield make


# The browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Browser:
    """Give a headless Chromium that can write Chinese: executable, arguments, environ."""
    return browsers.prepare(report=print)
