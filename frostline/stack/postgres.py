"""How is a private PostgreSQL run, with TimescaleDB, and without root or an open door?

It listens on the loopback address only, to a password that is drawn when the cluster is made and
kept in a file of ours; there is no Unix socket and no `trust`. `postgres` is our direct child, so
it stops when we die: cleanly, by its fast shutdown.
"""

import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from frostline.stack import timescaledb
from frostline.stack.accounts import check_reachable, give, server_account
from frostline.stack.cache import Report, open_cache, silent
from frostline.stack.errors import StackError
from frostline.stack.ports import free_port
from frostline.stack.private import write_privately
from frostline.stack.processes import Child, Program, plain_environ
from frostline.stack.timescaledb import Installation
from frostline.stack.waiting import wait_until

_SUPERUSER = "postgres"
_STOP_TIMEOUT_S = 60.0  # all that is dirty in memory goes to disk first
_START_TIMEOUT_S = 60.0  # after a kill, a start replays what was written since the checkpoint

_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_wal_size": "4GB",  # a bulk load is not interrupted by checkpoints
    "max_worker_processes": "16",
}
# Not one write waits for the disk. The death of processes loses nothing even so, because what they
# wrote is the kernel's; only the death of the machine would. For tests.
_HASTY: Final[Mapping[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
_WITH_TIMESCALEDB: Final[Mapping[str, str]] = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
}


def prepare(*, require_timescaledb: bool = True, report: Report = silent) -> Installation:
    """Return PostgreSQL with TimescaleDB out of the cache, fetched and tried if need be.

    Raise PartUnavailable where it cannot be had. With `require_timescaledb=False` that is
    reported, and plain PostgreSQL returned (`timescaledb_version` is None).
    """
    return timescaledb.prepare(
        open_cache(report), _try_out, require_timescaledb=require_timescaledb
    )


class Postgres:
    """A server with its data in a folder. Made anew if the folder is empty; then start it."""

    def __init__(
        self,
        installation: Installation,
        folder: Path,
        *,
        durable: bool = True,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self._installation = installation
        self._folder = folder
        # A cluster made with the extension can't be opened without it.
        self._data = folder / ("data" if installation.timescaledb_version else "data-plain")
        self._password = folder / f"password-{self._data.name}"
        self._log = folder / "postgres.log"
        self._durable = durable
        self._account = server_account()
        self._settings = {
            **_SETTINGS,
            "port": str(self.port),
            **({} if durable else _HASTY),
            **(_WITH_TIMESCALEDB if installation.timescaledb_version else {}),
            **(settings or {}),
        }
        self._child: Child | None = None

    @property
    def data(self) -> Path:
        """Where the database's files are."""
        return self._data

    def dsn(self, database: str) -> str:
        """Return how to connect to a database, with the password."""
        password = self._password.read_text()
        return f"postgresql://{_SUPERUSER}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, and return once it takes connections."""
        if not (self._data / "PG_VERSION").exists():
            self._create_cluster()
        flags = [
            part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")
        ]
        program = Program(
            "postgres",
            (self._installation.program("postgres"), "-D", str(self._data), *flags),
            environ=_environ(),
            account=self._account,
            stop_signal=signal.SIGINT,  # fast shutdown: no waiting for clients
            death_signal=signal.SIGINT,
        )
        child = Child(program, self._log)
        self._child = child
        with ExitStack() as undo:
            undo.callback(self.stop)
            wait_until(
                lambda: self._is_ready(child),
                timeout_s=_START_TIMEOUT_S,
                what=f"PostgreSQL to take connections; its log is {self._log}",
            )
            undo.pop_all()

    def check(self) -> None:
        """Raise ChildDied if the server has ended by itself."""
        if self._child is not None:
            self._child.check()

    def stop(self) -> None:
        """Stop the server; what was committed is on disk."""
        if self._child is not None:
            self._child.stop(_STOP_TIMEOUT_S)
            self._child = None

    def kill(self) -> None:
        """Kill the server and all its processes at once (SIGKILL)."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def create_database(self, name: str) -> str:
        """Create a database if it is not there yet, and return how to connect to it."""
        known = self.psql("postgres", "SELECT datname FROM pg_database").split()
        if name not in known:
            self.psql("postgres", f'CREATE DATABASE "{name}"')
        return self.dsn(name)

    def psql(self, database: str, statement: str) -> str:
        """Run a statement as superuser, and return the rows as text."""
        command = [self._installation.program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            [*command, "-c", statement],
            env={**_environ(), **self._connection(database)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"psql: {done.stderr.strip()}")
        return done.stdout

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _connection(self, database: str) -> dict[str, str]:
        """Return libpq's variables: other accounts can't see them, unlike arguments."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": _SUPERUSER,
            "PGPASSWORD": self._password.read_text(),
            "PGDATABASE": database,
        }

    def _create_cluster(self) -> None:
        """Make the cluster beside its place and rename it: initdb may be interrupted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o711)  # the account walks through
        check_reachable(self._folder, self._account)
        fresh = self._data.with_name(f"{self._data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        give(fresh, self._account)
        # initdb reads it as the account; root can in any case.
        write_privately(self._password, secrets.token_urlsafe(24), self._account)
        self._run_initdb(fresh)
        fresh.rename(self._data)

    def _run_initdb(self, fresh: Path) -> None:
        options = ("-U", _SUPERUSER, "-A", "scram-sha-256", "--pwfile", str(self._password))
        locale = ("-E", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8")
        sync = () if self._durable else ("--no-sync",)
        initdb = Child(
            Program(
                "initdb",
                (self._installation.program("initdb"), "-D", str(fresh), *options, *locale, *sync),
                environ=_environ(),
                account=self._account,
            ),
            self._folder / "initdb.log",
        )
        if initdb.wait(_START_TIMEOUT_S) != 0:
            initdb.check()

    def _is_ready(self, child: Child) -> bool:
        """Read postmaster.pid as pg_ctl does: the pid first, its status in the eighth line."""
        child.check()
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(child.pid) and lines[7].strip() == "ready"


def _environ() -> dict[str, str]:
    return {**plain_environ(), "LC_ALL": "C.UTF-8"}


def _try_out(installation: Installation, folder: Path) -> None:
    """Start a server that is thrown away, and use the extension."""
    with Postgres(installation, folder, durable=False) as server:
        server.psql("postgres", "CREATE EXTENSION timescaledb")
        server.psql("postgres", "CREATE TABLE t (at timestamptz NOT NULL)")
        server.psql("postgres", "SELECT create_hypertable('t', by_range('at'))")
