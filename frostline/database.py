"""Which database does a command talk to, and what if it is not there?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, get_args

import psycopg
from psycopg.conninfo import conninfo_to_dict

from frostline.config import value_of
from frostline.errors import CommandRefused

Role = Literal["api", "dispatch", "ingest", "judge", "notify", "seal"]
_ROLES: Final = get_args(Role)


def database_of(role: Role, given: str | None, config: Path | None) -> str:
    """Return the database's URL: as given, else from the role's settings, else another role's."""
    for name in (role, *_ROLES):
        given = given or value_of(name, "database_url", file=config)
    if given is None:
        raise CommandRefused(
            f"FROSTLINE_{role.upper()}_DATABASE_URL is not set; docs/settings.md says what it is."
        )
    return given


@contextmanager
def connect(role: Role, given: str | None, config: Path | None) -> Iterator[psycopg.Connection]:
    """Connect for one command; commit at its end."""
    with (
        translate_database_errors(),
        psycopg.connect(database_of(role, given, config)) as connection,
    ):
        yield connection


def require_readable(database_url: str) -> None:
    """Raise CommandRefused for a URL that never connects; an unreachable database is none."""
    with translate_database_errors():
        conninfo_to_dict(database_url)


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Turn what a person can mend (no server, no schema) into one sentence."""
    try:
        yield
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise CommandRefused(f"the database does not answer: {reason}") from error
    except psycopg.errors.UndefinedTable as error:
        raise CommandRefused("the database has no schema; run `frostline migrate`.") from error
    except psycopg.ProgrammingError as error:
        if error.sqlstate is not None:  # a statement of ours that is wrong: a bug
            raise
        reason = str(error).strip()
        raise CommandRefused(f"the database's URL cannot be read: {reason}") from error
