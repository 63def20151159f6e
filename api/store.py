"""How does the api reach the database, and whom does it let in?

The only door to psycopg; what is asked of orders, events and curves stands in `store_*.py`. Each
statement is a constant with its reason; times are parameters, so
that a simulated day and a test have the same clock as the process.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final, LiteralString, TypeAlias, TypeVar

import psycopg
from psycopg.rows import DictRow, class_row, dict_row
from psycopg.types.json import Jsonb
from psycopg.types.range import Range
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from api.refusals import DatabaseAway

Connection: TypeAlias = psycopg.AsyncConnection[DictRow]
Row: TypeAlias = DictRow
TimeRange: TypeAlias = Range[datetime]
Overlap: TypeAlias = psycopg.errors.ExclusionViolation
Undo: TypeAlias = psycopg.Rollback  # raised in a transaction, it ends there
SyncConnection: TypeAlias = psycopg.Connection[Any]  # of a command
Pool: TypeAlias = AsyncConnectionPool[Connection]
Values: TypeAlias = Mapping[str, Any]
RowT = TypeVar("RowT")

# Down, overloaded, or not migrated yet: all of it passes.
_AWAY: Final = (psycopg.OperationalError, psycopg.errors.UndefinedTable, PoolTimeout, PoolClosed)
_CONNECT_TIMEOUT_S: Final = 5
_STATEMENT_TIMEOUT: Final = "-c statement_timeout=15s -c timezone=UTC"


# Connections -----------------------------------------------------------------------------------


def make_pool(database_url: str, *, max_size: int) -> Pool:
    """Return a closed pool; opening it doesn't wait, so the api starts before its database."""
    return AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=max_size,
        timeout=_CONNECT_TIMEOUT_S,
        open=False,
        # A restarted server leaves dead connections: one round trip finds them before a request.
        check=AsyncConnectionPool.check_connection,
        kwargs={
            "row_factory": dict_row,
            "options": _STATEMENT_TIMEOUT,
            "connect_timeout": _CONNECT_TIMEOUT_S,
        },
    )


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Lend a connection; commit on leaving, roll back on an error."""
    try:
        async with pool.connection() as db:
            yield db
    except _AWAY as error:
        raise DatabaseAway from error


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[Connection]:
    """Lend a connection to a command; each `db.transaction()` commits when it is left."""
    db = await psycopg.AsyncConnection.connect(
        database_url,
        autocommit=True,
        row_factory=dict_row,
        options=_STATEMENT_TIMEOUT,
        connect_timeout=_CONNECT_TIMEOUT_S,
    )
    async with db:
        yield db


@asynccontextmanager
async def listening(database_url: str) -> AsyncIterator[Connection]:
    """Lend a connection of its own that hears `NOTIFY frostline`."""
    try:
        db = await psycopg.AsyncConnection.connect(
            database_url,
            autocommit=True,
            row_factory=dict_row,
            options=_STATEMENT_TIMEOUT,
            connect_timeout=_CONNECT_TIMEOUT_S,
        )
        async with db:
            await db.execute("LISTEN frostline")
            yield db
    except _AWAY as error:
        raise DatabaseAway from error


async def wait_for_wake_up(db: Connection, *, timeout_s: float) -> None:
    """Return at the next notification, or after the time: what happened stands in `events`."""
    async for _ in db.notifies(timeout=timeout_s, stop_after=1):
        pass


# The newest migration that ran. Newer than ours is fine: old code runs on the new schema.
SCHEMA_LEVEL: Final = "SELECT number FROM schema_level"


async def is_migrated(db: Connection) -> bool:
    """Tell whether the database is at the schema this version needs."""
    expected = max(
        int(path.name[:4])
        for path in files("schemas").joinpath("sql").iterdir()
        if path.name[:4].isdigit()
    )
    try:
        row = await one(db, SCHEMA_LEVEL, {})
    except psycopg.errors.UndefinedTable:
        return False
    return row is not None and (row["number"] or 0) >= expected


# Tokens ----------------------------------------------------------------------------------------

CALLER_BY_ID: Final = """
SELECT token_id, name, scopes, secret_sha256, created_at, expires_at, revoked_at
FROM tokens
WHERE token_id = %(token_id)s
"""

CREATE_CALLER: Final = """
INSERT INTO tokens (token_id, name, scopes, secret_sha256, created_at, expires_at)
VALUES (%(token_id)s, %(name)s, %(scopes)s, %(secret_sha256)s, %(now)s, %(expires_at)s)
"""

LIST_CALLERS: Final = """
SELECT token_id, name, scopes, secret_sha256, created_at, expires_at, revoked_at
FROM tokens
ORDER BY created_at, token_id
"""

# The first revocation counts; a second one changes nothing.
REVOKE_CALLER: Final = """
UPDATE tokens SET revoked_at = COALESCE(revoked_at, %(now)s)
WHERE token_id = %(token_id)s
RETURNING token_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token as it is kept: never its secret."""

    token_id: str
    name: str
    scopes: list[str]
    secret_sha256: bytes
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


AS_TOKEN: Final = class_row(TokenRow)


async def token(db: Connection, token_id: str) -> TokenRow | None:
    """Return a token, valid or not."""
    return await one_as(db, TokenRow, CALLER_BY_ID, {"token_id": token_id})


# Idempotency -----------------------------------------------------------------------------------

# Two requests about one thing at the same time: the second waits, and then sees what the first did.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"

ANSWER_TO_KEY: Final = """
SELECT body_sha256, status, body
FROM idempotency_keys
WHERE token_id = %(token_id)s AND idempotency_key = %(key)s AND created_at >= %(oldest)s
"""

# A key older than it is kept for may be used again: then it stands for the new answer.
KEEP_ANSWER: Final = """
INSERT INTO idempotency_keys (token_id, idempotency_key, body_sha256, status, body, created_at)
VALUES (%(token_id)s, %(key)s, %(body_sha256)s, %(status)s, %(body)s, %(now)s)
ON CONFLICT (token_id, idempotency_key) DO UPDATE  -- only an expired one is still there
SET body_sha256 = excluded.body_sha256, status = excluded.status, body = excluded.body,
    created_at = excluded.created_at
"""

# A few at a time beside each new one; rows that another request is deleting are left to it.
FORGET_OLD_ANSWERS: Final = """
DELETE FROM idempotency_keys
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys
    WHERE created_at < %(oldest)s
    ORDER BY created_at LIMIT 100
    FOR UPDATE SKIP LOCKED))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that was given to an idempotency key."""

    body_sha256: bytes
    status: int
    body: dict[str, Any]


async def lock(db: Connection, key: str) -> None:
    """Hold a name until the transaction ends; whoever wants the same waits."""
    await db.execute(LOCK, {"key": key})


async def answer_to(db: Connection, token_id: str, key: str, *, oldest: datetime) -> Answer | None:
    """Lock the key until the transaction ends; return the answer it was given."""
    await lock(db, f"{token_id} {key}")
    values = {"token_id": token_id, "key": key, "oldest": oldest}
    return await one_as(db, Answer, ANSWER_TO_KEY, values)


async def keep_answer(
    db: Connection, token_id: str, key: str, answer: Answer, *, now: datetime, oldest: datetime
) -> None:
    """Keep an answer for its key, and forget some old ones."""
    await db.execute(FORGET_OLD_ANSWERS, {"oldest": oldest})
    await db.execute(
        KEEP_ANSWER,
        {
            "token_id": token_id,
            "key": key,
            "body_sha256": answer.body_sha256,
            "status": answer.status,
            "body": as_json(answer.body),
            "now": now,
        },
    )


# Rows ------------------------------------------------------------------------------------------


async def one(db: Connection, statement: LiteralString, values: Values) -> DictRow | None:
    """Return the first row that a statement gives, as a mapping."""
    async with db.cursor() as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()


async def one_as(
    db: Connection, kind: type[RowT], statement: LiteralString, values: Values
) -> RowT | None:
    """Return the first row that a statement gives, as a `kind`."""
    async with db.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()


async def all_as(
    db: Connection, kind: type[RowT], statement: LiteralString, values: Values
) -> list[RowT]:
    """Return every row that a statement gives, each as a `kind`."""
    async with db.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


async def many(db: Connection, statement: LiteralString, values: Values) -> list[DictRow]:
    """Return every row that a statement gives, as mappings."""
    async with db.cursor() as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


def returned(row: RowT | None) -> RowT:
    """Return the row of a statement that always gives one."""
    if row is None:
        raise LookupError("a statement that always returns a row returned none")
    return row


def as_json(value: dict[str, Any] | list[Any]) -> Jsonb:
    """Return a mapping or a list as a `jsonb` value."""
    return Jsonb(value)
