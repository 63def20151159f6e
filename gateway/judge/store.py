"""How does a judge reach the database, and which subjects does it hold?

The only door to psycopg; what is read and written of orders, places and intakes stands in
`store_*.py`, on a connection of this one. A judge does not wait for a subject that another one
holds: it marks it again, in the transaction that took the mark.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, LiteralString, Self, TypeAlias, TypeVar

import msgspec
import psycopg
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.rows import class_row
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads

from gateway.database.store import connect
from gateway.judge import store_statements as sql
from gateway.judge.subjects import Look, Subject, Touch

RowT = TypeVar("RowT")
Values: TypeAlias = Mapping[str, Any]

DATABASE_DOWN: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a caller answers by trying again on a new connection: no server, a full disk, a deadlock."""

# Columns of readings come as whole arrays, which numpy takes apart: no Python object a reading.
_RAW_ARRAYS: Final = ("timestamptz", "float4", "int4")


class _RawLoader(Loader):
    """Gives a binary array as its bytes."""

    format = Format.BINARY

    def load(self, data: bytes | bytearray | memoryview) -> bytes:
        return bytes(data)


class Store:
    """One connection, which also hears `NOTIFY frostline`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        set_json_loads(msgspec.json.decode, connection)
        set_json_dumps(msgspec.json.encode, connection)

    @classmethod
    def connect(cls, database_url: str, *, name: str = "frostline judge") -> Self:
        """Connect; `name` is what others see of us."""
        return cls(connect(database_url, name=name, options="-c timezone=UTC"))

    def close(self) -> None:
        """Close the connection; what was not committed is undone."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def has_schema(self) -> bool:
        """Whether somebody has migrated this database to where judges can work."""
        row = self.connection.execute("SELECT to_regclass('looks')").fetchone()
        return row is not None and row[0] is not None

    def listen(self) -> None:
        """Hear from now on when something was committed."""
        self.connection.execute("LISTEN frostline")

    def wait(self, timeout_s: float) -> bool:
        """Return True once something was committed by others, False after the time."""
        own = self.connection.info.backend_pid
        notices = self.connection.notifies(timeout=timeout_s)
        return any(notice.pid != own for notice in notices)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several calls one transaction."""
        with self.connection.transaction():
            yield

    def notify(self) -> None:
        """Wake those who listen, once this transaction commits."""
        self.connection.execute(sql.NOTIFY)

    # Which subjects are ours

    def take_touched(self, limit: int) -> list[Touch]:
        """Take marks away; return which subjects they concern. A subject may come repeatedly."""
        return self.all_as(Touch, sql.TAKE_TOUCHED, {"limit": limit})

    def touch_again(self, touches: Sequence[Touch]) -> None:
        """Mark subjects for whoever comes next."""
        if touches:
            columns = columns_of(touches, ("kind", "id", "from_at", "to_at"))
            self.connection.execute(sql.TOUCH_AGAIN, columns)

    def hold_due(self, now: datetime, limit: int) -> list[Look]:
        """Hold subjects whose time has come and that nobody else holds, the oldest first."""
        return self.all_as(Look, sql.HOLD_DUE, {"now": now, "limit": limit})

    def hold(self, subjects: Iterable[Subject]) -> list[Look]:
        """Hold those of the subjects that nobody else holds; a new one gets its row."""
        wanted = sorted(set(subjects))
        if not wanted:
            return []
        keys = columns_of(wanted, ("kind", "id"))
        known = self.all_as(Look, sql.HOLD_KNOWN, keys)
        if len(known) == len(wanted):
            return known
        return known + self.all_as(Look, sql.HOLD_NEW, keys)

    def put_off(self, looks: Sequence[Look]) -> None:
        """Write when held subjects are to be looked at, and what is kept for them until then."""
        if not looks:
            return
        columns = columns_of(looks, ("kind", "id", "next_look_at"))
        self.connection.execute(sql.PUT_OFF, columns | {"carried": _carried(looks)})

    def looked(self, looks: Sequence[Look]) -> None:
        """Write when held subjects were judged, and when they are to be looked at again."""
        columns = columns_of(looks, ("kind", "id", "looked_at", "next_look_at"))
        self.connection.execute(sql.LOOKED, columns | {"carried": _carried(looks)})

    def next_due(self) -> datetime | None:
        """Return when the next subject's time comes; None: none is waiting."""
        row = self.connection.execute(sql.NEXT_DUE).fetchone()
        return row[0] if row else None

    # Rows

    def all_as(self, kind: type[RowT], statement: LiteralString, values: Values) -> list[RowT]:
        """Return every row that a statement gives, each as a `kind`."""
        with self.connection.cursor(row_factory=class_row(kind), binary=True) as cursor:
            return cursor.execute(statement, values).fetchall()

    def rows(self, statement: LiteralString, values: Values) -> list[tuple[Any, ...]]:
        """Return every row that a statement gives."""
        return self.connection.execute(statement, values, binary=True).fetchall()

    def raw_arrays(self, statement: LiteralString, values: Values) -> list[tuple[Any, ...]]:
        """Return every row; arrays of times, reals and integers as PostgreSQL's binary arrays."""
        with self.connection.cursor(binary=True) as cursor:
            for name in _RAW_ARRAYS:
                oid = self.connection.adapters.types[name].array_oid
                cursor.adapters.register_loader(oid, _RawLoader)
            return cursor.execute(statement, values).fetchall()

    def execute(self, statement: LiteralString, values: Values) -> None:
        """Run a statement that gives nothing."""
        self.connection.execute(statement, values)


def as_json(value: object) -> Jsonb:
    """Return a value for a jsonb parameter."""
    return Jsonb(value)


def columns_of(rows: Sequence[object], names: Iterable[str]) -> dict[str, list[Any]]:
    """Return rows as one list a column, for `unnest`."""
    return {name: [getattr(row, name) for row in rows] for name in names}


def _carried(looks: Sequence[Look]) -> Jsonb:
    return Jsonb([look.carried for look in looks])
