"""How does a dispatcher reach the database, and who may write a city's plan?

The only door to psycopg; what is read and written stands in `store_read.py` and `store_write.py`,
on a connection of this one. The advisory lock of a city lives on the connection that commits, so
a commit proves it. A dispatcher that has gone silent (stopped, or lost with its machine) keeps its
connection: whoever takes over ends that first, and with it all that the silent one had begun.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, Self, TypeAlias, TypeVar

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads

from routing.dispatch import store_statements as sql
from schemas.dispatch_lock import lock_key

RowT = TypeVar("RowT")
Values: TypeAlias = Mapping[str, Any]

DATABASE_DOWN: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a caller answers by trying again on a new connection: no server, a full disk, a deadlock,
or another dispatcher that has ended our connection."""

_CONNECT_TIMEOUT_S: Final = 10
# Both sides notice a dead peer in half a minute, or a lost machine would keep its lock for hours.
_OPTIONS: Final = (
    "-c timezone=UTC"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
)


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Which dispatcher has a city, since when, and for how long nothing was heard of it."""

    name: str
    since: datetime
    silent_s: float


class Store:
    """One connection, which also hears `NOTIFY frostline`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        set_json_loads(msgspec.json.decode, connection)
        set_json_dumps(msgspec.json.encode, connection)

    @classmethod
    def connect(cls, database_url: str, *, name: str = "frostline dispatch") -> Self:
        """Connect, in autocommit; `name` is what others see of us (PostgreSQL keeps 63 bytes)."""
        connection = psycopg.connect(
            database_url,
            autocommit=True,
            application_name=name[:63],
            connect_timeout=_CONNECT_TIMEOUT_S,
            options=_OPTIONS,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=4,
            tcp_user_timeout=30_000,
        )
        return cls(connection)

    def close(self) -> None:
        """Close the connection: what was not committed is undone, the lock goes."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def has_schema(self) -> bool:
        """Whether somebody has migrated this database to where dispatchers can work."""
        row = self.connection.execute("SELECT to_regclass('plans')").fetchone()
        return row is not None and row[0] is not None

    # Being the one who writes

    def try_lock(self, city_id: str) -> bool:
        """Become a city's dispatcher, unless there is one."""
        row = self.connection.execute(sql.TRY_LOCK, lock_values(city_id)).fetchone()
        return row is not None and bool(row[0])

    def lock_holder(self, city_id: str) -> LockHolder | None:
        """Return the dispatcher that has a city."""
        found = self.all_as(LockHolder, sql.LOCK_HOLDER, lock_values(city_id))
        return found[0] if found else None

    def end_silent(self, city_id: str, silent_s: float) -> bool:
        """End the connection of a city's dispatcher that was silent for so long; say if so."""
        values = lock_values(city_id) | {"silent_s": silent_s}
        return any(ended for (ended,) in self.rows(sql.END_SILENT, values))

    # Wake-ups

    def listen(self) -> None:
        """Hear from now on when something was committed."""
        self.connection.execute("LISTEN frostline")

    def wait(self, timeout_s: float) -> bool:
        """Return True once something was committed by others, False after the time."""
        own = self.connection.info.backend_pid
        notices = self.connection.notifies(timeout=timeout_s, stop_after=1)
        return any(notice.pid != own for notice in notices)

    # Transactions and rows

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several calls one transaction."""
        with self.connection.transaction():
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the database as it is at one moment, whatever commits meanwhile."""
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield

    def all_as(self, kind: type[RowT], statement: LiteralString, values: Values) -> list[RowT]:
        """Return every row that a statement gives, each as a `kind`."""
        with self.connection.cursor(row_factory=class_row(kind), binary=True) as cursor:
            return cursor.execute(statement, values).fetchall()

    def rows(self, statement: LiteralString, values: Values) -> list[tuple[Any, ...]]:
        """Return every row that a statement gives."""
        return self.connection.execute(statement, values, binary=True).fetchall()

    def execute(self, statement: LiteralString, values: Values) -> int:
        """Run a statement that gives nothing; return how many rows it touched."""
        return self.connection.execute(statement, values).rowcount


def as_json(value: object) -> Jsonb:
    """Return a value for a jsonb parameter."""
    return Jsonb(value)


def columns_of(rows: Sequence[object], names: Iterable[str]) -> dict[str, list[Any]]:
    """Return rows as one list a column, for `unnest`."""
    return {name: [getattr(row, name) for row in rows] for name in names}


def lock_values(city_id: str) -> dict[str, Any]:
    """Return the parameters that name a city's lock."""
    lock_class, city_key = lock_key(city_id)
    return {"lock_class": lock_class, "city_key": city_key}
