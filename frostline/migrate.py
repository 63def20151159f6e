"""Is the database at the schema this version needs?

Numbered files in `schemas/sql` run once, in order, each in a transaction; views run every time. An
advisory lock lets one process migrate while others wait, so any number may start together.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

import psycopg

from frostline.errors import CommandRefused
from gateway.judge.library import VersionTaken, load_bundled

# Any constant of our own; pg_locks shows it while a migration runs.
_LOCK: Final = 0x46524F5354  # "FROST"

_CREATE_LEDGER: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationRefused(CommandRefused):
    """The database cannot be brought to this version. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A numbered file of `schemas/sql`."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Of the text, so that a file changed after it ran is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrate(dsn: str, *, require_timescaledb: bool = True) -> list[str]:
    """Bring the database to this version; return the names of the files that ran.

    Policies and rulebooks that come along are stored, where they are not yet. Raises
    MigrationRefused where TimescaleDB is demanded and missing, a file was changed after it ran, or
    a document's version is stored with another content.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        _create_timescaledb(connection, required=require_timescaledb)
        connection.execute(_CREATE_LEDGER)
        applied = [name for name in (_apply(connection, m) for m in migrations()) if name]
        with connection.transaction():
            _execute_script(connection, _read("views.sql"))
        try:
            load_bundled(dsn, now=datetime.now(UTC))
        except VersionTaken as error:
            raise MigrationRefused(str(error)) from error
        return applied


def migrations() -> Iterator[Migration]:
    """Return the numbered files in order."""
    for name in sorted(path.name for path in files("schemas").joinpath("sql").iterdir()):
        match = re.fullmatch(r"(\d{4})_\w+\.sql", name)
        if match:
            yield Migration(int(match[1]), name, _read(name))


def _read(name: str) -> str:
    return files("schemas").joinpath("sql", name).read_text(encoding="utf-8")


def _create_timescaledb(connection: psycopg.Connection, *, required: bool) -> None:
    known = connection.execute(
        "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
    ).fetchone()
    if known:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    elif required:
        raise MigrationRefused(
            "This PostgreSQL server has no TimescaleDB; install its package and set "
            "shared_preload_libraries = 'timescaledb', or use `frostline up`."
        )


def _apply(connection: psycopg.Connection, migration: Migration) -> str | None:
    row = connection.execute(
        "SELECT sha256 FROM schema_migrations WHERE number = %s", [migration.number]
    ).fetchone()
    if row:
        if row[0] != migration.sha256:
            raise MigrationRefused(
                f"{migration.name} was changed after it ran on this database; "
                "restore the file, and put the change into a new one."
            )
        return None
    with connection.transaction():
        _execute_script(connection, migration.sql)
        connection.execute(
            "INSERT INTO schema_migrations (number, name, sha256) VALUES (%s, %s, %s)",
            [migration.number, migration.name, migration.sha256],
        )
    return migration.name


def _execute_script(connection: psycopg.Connection, script: str) -> None:
    # Several statements at once need the simple protocol: no parameters.
    connection.execute(script)
