"""What does the api ask of the database?

The only door to psycopg. Each statement is a constant with its reason; times are parameters, so
that a simulated day and a test have the same clock as the process.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final, LiteralString, TypeAlias, TypeVar

import numpy as np
import psycopg
from psycopg.rows import DictRow, class_row, dict_row
from psycopg.types.json import Jsonb
from psycopg.types.range import Range
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from api.curve import Policy
from api.refusals import BindingOverlaps, DatabaseAway, TooManyReadings
from api.resources import (
    Binding,
    Consignment,
    Logger,
    LoggerDetails,
    NewBinding,
    NewConsignment,
    NewOrder,
    NewStay,
    Order,
    OrderHead,
    Place,
    PlaceDetails,
    ReachedMilestone,
    Stay,
)
from schemas.curve import Curve
from schemas.ids import ConsignmentId, LoggerId, OrderId, PlaceId
from schemas.reading import Zone

Connection: TypeAlias = psycopg.AsyncConnection[DictRow]
SyncConnection: TypeAlias = psycopg.Connection[Any]  # of a command
Pool: TypeAlias = AsyncConnectionPool[Connection]
RowT = TypeVar("RowT")

_CONNECT_TIMEOUT_S: Final = 5
_STATEMENT_TIMEOUT: Final = "-c statement_timeout=15s -c timezone=UTC"
_POSTGRES_EPOCH_MS: Final = 946_684_800_000  # 2000-01-01, where binary timestamps begin


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
    except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
        raise DatabaseAway from error


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
    except psycopg.OperationalError as error:
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
        row = await _one(db, SCHEMA_LEVEL, {})
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
    return await _one_as(db, TokenRow, CALLER_BY_ID, {"token_id": token_id})


# Idempotency -----------------------------------------------------------------------------------

# Two requests with one key at the same time: the second waits, and then finds the first's answer.
LOCK_KEY: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"

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


async def answer_to(db: Connection, token_id: str, key: str, *, oldest: datetime) -> Answer | None:
    """Lock the key until the transaction ends; return the answer it was given."""
    await db.execute(LOCK_KEY, {"key": f"{token_id} {key}"})
    values = {"token_id": token_id, "key": key, "oldest": oldest}
    return await _one_as(db, Answer, ANSWER_TO_KEY, values)


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
            "body": Jsonb(answer.body),
            "now": now,
        },
    )


# Loggers and places ----------------------------------------------------------------------------

# The first registration's time stays; `inserted` tells it from a change.
REGISTER_LOGGER: Final = """
INSERT INTO loggers AS l (logger_id, label, model, record_interval_s, registered_at)
VALUES (%(logger_id)s, %(label)s, %(model)s, %(record_interval_s)s, %(now)s)
ON CONFLICT (logger_id) DO UPDATE  -- registering again changes what is known of it
SET label = excluded.label, model = excluded.model, record_interval_s = excluded.record_interval_s
RETURNING (l.xmax = 0) AS inserted
"""

LOGGER_BY_ID: Final = """
SELECT k.logger_id, k.label, k.model, k.record_interval_s, k.registered_at, k.frame_format,
       k.first_heard_at, k.unassigned, n.measured_at AS newest_at,
       n.temperature_c AS newest_temperature_c
FROM known_loggers k
LEFT JOIN latest_readings n USING (logger_id)
WHERE k.logger_id = %(logger_id)s
"""

# Pages by id: what is registered or heard meanwhile neither repeats nor hides a row.
LOGGERS: Final = """
SELECT k.logger_id, k.label, k.model, k.record_interval_s, k.registered_at, k.frame_format,
       k.first_heard_at, k.unassigned, n.measured_at AS newest_at,
       n.temperature_c AS newest_temperature_c
FROM known_loggers k
LEFT JOIN latest_readings n USING (logger_id)
WHERE k.logger_id > %(after)s AND (%(unassigned)s::boolean IS NULL OR k.unassigned = %(unassigned)s)
ORDER BY k.logger_id
LIMIT %(limit)s
"""

REGISTER_PLACE: Final = """
INSERT INTO places AS p (place_id, kind, name, zone)
VALUES (%(place_id)s, %(kind)s, %(name)s, %(zone)s)
ON CONFLICT (place_id) DO UPDATE  -- a place may be renamed or set to another zone
SET kind = excluded.kind, name = excluded.name, zone = excluded.zone
RETURNING (p.xmax = 0) AS inserted
"""

PLACES: Final = """
SELECT place_id, kind, name, zone FROM places
WHERE place_id > %(after)s
ORDER BY place_id
LIMIT %(limit)s
"""

PLACE_BY_ID: Final = "SELECT place_id, kind, name, zone FROM places WHERE place_id = %(place_id)s"


async def register_logger(
    db: Connection, logger_id: LoggerId, details: LoggerDetails, *, now: datetime
) -> bool:
    """Register a logger or change it; return whether it is new."""
    values = {"logger_id": logger_id, "now": now, **details.model_dump()}
    row = await _one(db, REGISTER_LOGGER, values)
    return bool(row and row["inserted"])


async def logger(db: Connection, logger_id: LoggerId) -> Logger | None:
    """Return a logger that is registered or was heard."""
    return await _one_as(db, Logger, LOGGER_BY_ID, {"logger_id": logger_id})


async def loggers(
    db: Connection, *, after: str, limit: int, unassigned: bool | None
) -> list[Logger]:
    """Return known loggers in order of their ids."""
    values = {"after": after, "limit": limit, "unassigned": unassigned}
    return await _all_as(db, Logger, LOGGERS, values)


async def register_place(db: Connection, place_id: PlaceId, details: PlaceDetails) -> bool:
    """Register a place or change it; return whether it is new."""
    row = await _one(db, REGISTER_PLACE, {"place_id": place_id, **details.model_dump()})
    return bool(row and row["inserted"])


async def place(db: Connection, place_id: PlaceId) -> Place | None:
    """Return a place."""
    return await _one_as(db, Place, PLACE_BY_ID, {"place_id": place_id})


async def places(db: Connection, *, after: str, limit: int) -> list[Place]:
    """Return places in order of their ids."""
    return await _all_as(db, Place, PLACES, {"after": after, "limit": limit})


# Orders ----------------------------------------------------------------------------------------

CREATE_ORDER: Final = """
INSERT INTO orders (order_id, member_id, member_level, time_zone, placed_at, due_at)
VALUES (%(order_id)s, %(member_id)s, %(member_level)s, %(time_zone)s, %(placed_at)s, %(due_at)s)
ON CONFLICT (order_id) DO NOTHING  -- the id is taken: the caller is told, not the log
RETURNING order_id
"""

# The newest version of a policy counts from now on; the consignment keeps it. No row: no such
# policy for that zone, or the id is taken.
OPEN_CONSIGNMENT: Final = """
INSERT INTO consignments (consignment_id, order_id, zone, policy_id, policy_version, opened_at)
SELECT %(consignment_id)s, %(order_id)s, zone, policy_id, version, %(opened_at)s
FROM policies
WHERE policy_id = %(policy_id)s AND zone = %(zone)s
ORDER BY version DESC
LIMIT 1
ON CONFLICT (consignment_id) DO NOTHING  -- the id is taken: the caller is told, not the log
RETURNING consignment_id
"""

POLICY_EXISTS: Final = """
SELECT policy_id FROM policies WHERE policy_id = %(policy_id)s AND zone = %(zone)s LIMIT 1
"""

# A milestone that was reached stays as it was; the caller compares.
REACH_MILESTONE: Final = """
INSERT INTO milestones (order_id, milestone, at)
VALUES (%(order_id)s, %(milestone)s, %(at)s)
ON CONFLICT (order_id, milestone) DO NOTHING
RETURNING at
"""

# Whoever changes an order's journey, its bindings or its stays does it one after the other.
LOCK_ORDER: Final = "SELECT order_id FROM orders WHERE order_id = %(order_id)s FOR UPDATE"

ORDER_HEAD: Final = """
SELECT order_id, member_id, member_level, time_zone, placed_at, due_at
FROM orders
WHERE order_id = %(order_id)s
"""

ORDERS: Final = """
SELECT order_id, member_id, member_level, time_zone, placed_at, due_at
FROM orders
WHERE order_id > %(after)s
ORDER BY order_id
LIMIT %(limit)s
"""

MILESTONES: Final = """
SELECT milestone, at FROM milestones WHERE order_id = %(order_id)s ORDER BY at, milestone
"""

CONSIGNMENTS: Final = """
SELECT c.consignment_id, c.zone, c.opened_at, c.closed_at,
       p.policy_id, p.version, p.lower_c, p.upper_c
FROM consignments c
JOIN policies p ON (p.policy_id, p.version) = (c.policy_id, c.policy_version)
WHERE c.order_id = %(order_id)s
ORDER BY array_position(ARRAY['frozen', 'chilled', 'ambient'], c.zone), c.consignment_id
"""

CLOSE_CONSIGNMENTS: Final = """
UPDATE consignments SET closed_at = GREATEST(opened_at, %(at)s)
WHERE order_id = %(order_id)s AND closed_at IS NULL
"""


async def create_order(db: Connection, order: NewOrder, *, time_zone: str) -> bool:
    """Write an order's head and its first milestone; False: its id is taken."""
    values = {**order.model_dump(exclude={"consignments"}), "time_zone": time_zone}
    if await _one(db, CREATE_ORDER, values) is None:
        return False
    await reach_milestone(db, order.order_id, "placed", at=order.placed_at)
    return True


async def policy_exists(db: Connection, policy_id: str, zone: Zone) -> bool:
    """Tell whether a policy with that id is for that zone."""
    return await _one(db, POLICY_EXISTS, {"policy_id": policy_id, "zone": zone}) is not None


async def open_consignment(
    db: Connection, order: NewOrder, consignment_id: ConsignmentId, new: NewConsignment
) -> bool:
    """Write a consignment under its policy's newest version; False: its id is taken."""
    values = {
        "consignment_id": consignment_id,
        "order_id": order.order_id,
        "zone": new.zone,
        "policy_id": new.policy_id or new.zone,
        "opened_at": order.placed_at,
    }
    return await _one(db, OPEN_CONSIGNMENT, values) is not None


async def reach_milestone(
    db: Connection, order_id: OrderId, milestone: str, *, at: datetime
) -> bool:
    """Write a milestone; False: it was reached before."""
    values = {"order_id": order_id, "milestone": milestone, "at": at}
    return await _one(db, REACH_MILESTONE, values) is not None


async def lock_order(db: Connection, order_id: OrderId) -> bool:
    """Hold an order until the transaction ends; False: there is none."""
    return await _one(db, LOCK_ORDER, {"order_id": order_id}) is not None


async def close_consignments(db: Connection, order_id: OrderId, *, at: datetime) -> None:
    """Close an order's open consignments."""
    await db.execute(CLOSE_CONSIGNMENTS, {"order_id": order_id, "at": at})


async def order(db: Connection, order_id: OrderId) -> Order | None:
    """Return an order with its journey and consignments."""
    head = await _one_as(db, OrderHead, ORDER_HEAD, {"order_id": order_id})
    if head is None:
        return None
    key = {"order_id": order_id}
    milestones = await _all_as(db, ReachedMilestone, MILESTONES, key)
    bindings = await _all_as(db, Binding, BINDINGS_OF_ORDER, key)
    stays = await _all_as(db, Stay, STAYS_OF_ORDER, key)
    async with db.cursor() as cursor:
        await cursor.execute(CONSIGNMENTS, key)
        consignments = [_consignment(row, bindings, stays) for row in await cursor.fetchall()]
    return Order(
        **head.model_dump(), milestones=tuple(milestones), consignments=tuple(consignments)
    )


async def orders(db: Connection, *, after: str, limit: int) -> list[OrderHead]:
    """Return orders in order of their ids."""
    return await _all_as(db, OrderHead, ORDERS, {"after": after, "limit": limit})


def _consignment(row: DictRow, bindings: Sequence[Binding], stays: Sequence[Stay]) -> Consignment:
    consignment_id = row["consignment_id"]
    return Consignment(
        consignment_id=consignment_id,
        zone=row["zone"],
        policy=Policy(
            policy_id=row["policy_id"],
            version=row["version"],
            lower_c=row["lower_c"],
            upper_c=row["upper_c"],
        ),
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        bindings=tuple(b for b in bindings if b.consignment_id == consignment_id),
        stays=tuple(s for s in stays if s.consignment_id == consignment_id),
    )


# Bindings and stays ----------------------------------------------------------------------------

_BINDING: Final[LiteralString] = """
SELECT b.binding_id, b.logger_id, b.consignment_id, b.place_id, lower(b.during) AS from_at,
       upper(b.during) AS until_at, b.bound_by, b.closed_by, b.closed_why
FROM bindings b
"""

# Two requests for one logger: the second waits here, and then sees what the first has bound.
LOCK_LOGGER: Final = "SELECT logger_id FROM loggers WHERE logger_id = %(logger_id)s FOR UPDATE"

BINDINGS_OVERLAPPING: Final = f"""{_BINDING}
WHERE b.logger_id = %(logger_id)s AND b.during && tstzrange(%(from_at)s, %(until_at)s)
ORDER BY b.during
"""

BINDINGS_OF_LOGGER: Final = f"""{_BINDING}
WHERE b.logger_id = %(logger_id)s
ORDER BY b.during DESC
LIMIT %(limit)s
"""

BINDINGS_OF_ORDER: Final = f"""{_BINDING}
JOIN consignments c USING (consignment_id)
WHERE c.order_id = %(order_id)s
ORDER BY b.during
"""

OPEN_BINDINGS_OF_ORDER: Final = f"""{_BINDING}
JOIN consignments c USING (consignment_id)
WHERE c.order_id = %(order_id)s AND upper_inf(b.during)
ORDER BY b.logger_id
"""

BINDING_BY_ID: Final = f"{_BINDING} WHERE b.binding_id = %(binding_id)s FOR UPDATE"

BIND: Final = """
INSERT INTO bindings (logger_id, consignment_id, place_id, during, bound_by)
VALUES (%(logger_id)s, %(consignment_id)s, %(place_id)s,
        tstzrange(%(from_at)s, %(until_at)s), %(by)s)
RETURNING binding_id, logger_id, consignment_id, place_id, lower(during) AS from_at,
          upper(during) AS until_at, bound_by, closed_by, closed_why
"""

END_BINDING: Final = """
UPDATE bindings
SET during = tstzrange(lower(during), %(at)s), closed_by = %(by)s, closed_why = %(why)s
WHERE binding_id = %(binding_id)s
RETURNING binding_id, logger_id, consignment_id, place_id, lower(during) AS from_at,
          upper(during) AS until_at, bound_by, closed_by, closed_why
"""

CONSIGNMENT_BY_ID: Final = """
SELECT consignment_id, order_id, closed_at
FROM consignments
WHERE consignment_id = %(consignment_id)s
"""

_STAY: Final[LiteralString] = """
SELECT s.stay_id, s.consignment_id, s.place_id, lower(s.during) AS from_at,
       upper(s.during) AS until_at
FROM stays s
"""

STAYS_OF_ORDER: Final = f"""{_STAY}
JOIN consignments c USING (consignment_id)
WHERE c.order_id = %(order_id)s
ORDER BY s.during
"""

STAYS_OVERLAPPING: Final = f"""{_STAY}
WHERE s.consignment_id = %(consignment_id)s AND s.during && tstzrange(%(from_at)s, %(until_at)s)
ORDER BY s.during
"""

STAY_BY_ID: Final = f"{_STAY} WHERE s.stay_id = %(stay_id)s"

OPEN_STAYS_OF_ORDER: Final = f"""{_STAY}
JOIN consignments c USING (consignment_id)
WHERE c.order_id = %(order_id)s AND upper_inf(s.during)
ORDER BY s.stay_id
"""

BEGIN_STAY: Final = """
INSERT INTO stays (consignment_id, place_id, during)
VALUES (%(consignment_id)s, %(place_id)s, tstzrange(%(from_at)s, %(until_at)s))
RETURNING stay_id, consignment_id, place_id, lower(during) AS from_at, upper(during) AS until_at
"""

END_STAY: Final = """
UPDATE stays SET during = tstzrange(lower(during), %(at)s)
WHERE stay_id = %(stay_id)s
RETURNING stay_id, consignment_id, place_id, lower(during) AS from_at, upper(during) AS until_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentHead:
    """Whose consignment it is, and whether it has ended."""

    consignment_id: ConsignmentId
    order_id: OrderId
    closed_at: datetime | None


async def lock_logger(db: Connection, logger_id: LoggerId) -> bool:
    """Hold a registered logger until the transaction ends; False: it isn't registered."""
    return await _one(db, LOCK_LOGGER, {"logger_id": logger_id}) is not None


async def consignment(db: Connection, consignment_id: ConsignmentId) -> ConsignmentHead | None:
    """Return whose consignment it is."""
    values = {"consignment_id": consignment_id}
    return await _one_as(db, ConsignmentHead, CONSIGNMENT_BY_ID, values)


async def bindings_overlapping(
    db: Connection, logger_id: LoggerId, from_at: datetime, until_at: datetime | None
) -> list[Binding]:
    """Return a logger's bindings in a time, oldest first."""
    values = {"logger_id": logger_id, "from_at": from_at, "until_at": until_at}
    return await _all_as(db, Binding, BINDINGS_OVERLAPPING, values)


async def bindings_of_logger(db: Connection, logger_id: LoggerId, *, limit: int) -> list[Binding]:
    """Return a logger's bindings, newest first."""
    return await _all_as(db, Binding, BINDINGS_OF_LOGGER, {"logger_id": logger_id, "limit": limit})


async def open_bindings_of_order(db: Connection, order_id: OrderId) -> list[Binding]:
    """Return the bindings of an order's boxes that have no end."""
    return await _all_as(db, Binding, OPEN_BINDINGS_OF_ORDER, {"order_id": order_id})


async def open_stays_of_order(db: Connection, order_id: OrderId) -> list[Stay]:
    """Return the stays of an order's boxes that have no end."""
    return await _all_as(db, Stay, OPEN_STAYS_OF_ORDER, {"order_id": order_id})


async def binding(db: Connection, binding_id: int) -> Binding | None:
    """Return a binding, held until the transaction ends."""
    return await _one_as(db, Binding, BINDING_BY_ID, {"binding_id": binding_id})


async def bind(db: Connection, new: NewBinding, *, by: str) -> Binding:
    """Write a binding; raise BindingOverlaps where the constraint finds another."""
    values = {**new.model_dump(exclude={"takeover"}), "by": by}
    try:
        bound = await _one_as(db, Binding, BIND, values)
    except psycopg.errors.ExclusionViolation as error:
        raise BindingOverlaps(
            f"Logger {new.logger_id} was bound elsewhere in that time just now; look again."
        ) from error
    return _returned(bound)


async def end_binding(
    db: Connection, binding_id: int, *, at: datetime, by: str, why: str
) -> Binding:
    """Let a binding end at a time after its start."""
    values = {"binding_id": binding_id, "at": at, "by": by, "why": why}
    return _returned(await _one_as(db, Binding, END_BINDING, values))


async def stays_overlapping(db: Connection, new: NewStay) -> list[Stay]:
    """Return where a consignment stands in a time, oldest first."""
    return await _all_as(db, Stay, STAYS_OVERLAPPING, new.model_dump())


async def stay(db: Connection, stay_id: int) -> Stay | None:
    """Return a stay."""
    return await _one_as(db, Stay, STAY_BY_ID, {"stay_id": stay_id})


async def begin_stay(db: Connection, new: NewStay) -> Stay:
    """Write a stay."""
    return _returned(await _one_as(db, Stay, BEGIN_STAY, new.model_dump()))


async def end_stay(db: Connection, stay_id: int, *, at: datetime) -> Stay:
    """Let a stay end at a time after its start."""
    return _returned(await _one_as(db, Stay, END_STAY, {"stay_id": stay_id, "at": at}))


# What changed ----------------------------------------------------------------------------------

# For the judge: one row for each of order, place and logger that the change concerns. A logger that
# was never heard has no key, and nothing to judge.
TOUCH: Final = """
INSERT INTO touched (order_id, place_id, logger_key, from_at, to_at)
SELECT order_id, place_id, logger_key, %(from_at)s, %(to_at)s
FROM (VALUES
    (%(order_id)s::text, NULL::text, NULL::integer),
    (NULL, %(place_id)s::text, NULL),
    (NULL, NULL, (SELECT logger_key FROM known_loggers WHERE logger_id = %(logger_id)s))
) AS concerned (order_id, place_id, logger_key)
WHERE num_nonnulls(order_id, place_id, logger_key) = 1
"""

# For streams and webhooks.
APPEND_EVENT: Final = """
INSERT INTO events (at, type, order_id, logger_keys, from_at, to_at, data)
VALUES (%(now)s, %(type)s, %(order_id)s,
        (SELECT array_agg(logger_key) FROM known_loggers
         WHERE logger_id = %(logger_id)s AND logger_key IS NOT NULL),
        %(from_at)s, %(to_at)s, %(data)s)
"""

WAKE_UP: Final = "NOTIFY frostline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a request changed, for those who follow."""

    type: str
    from_at: datetime
    to_at: datetime
    order_id: OrderId | None = None
    place_id: PlaceId | None = None
    logger_id: LoggerId | None = None
    data: dict[str, Any]


async def announce(db: Connection, change: Change, *, now: datetime) -> None:
    """Append a change to `touched` and `events`; those who listen wake when it commits."""
    values = {
        "type": change.type,
        "from_at": change.from_at,
        "to_at": max(change.from_at, change.to_at),
        "order_id": change.order_id,
        "place_id": change.place_id,
        "logger_id": change.logger_id,
        "data": Jsonb(change.data),
        "now": now,
    }
    await db.execute(TOUCH, values)
    await db.execute(APPEND_EVENT, values)
    await db.execute(WAKE_UP)


# Everything of transactions that have ended is before this position, and nothing can still appear
# there: whoever reads a curve after asking for it, and events after it, misses nothing.
LIVE_POSITION: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid"

# Ids are taken before transactions commit: only what is older than every running one is complete.
EVENTS_AFTER: Final = """
SELECT xid::text::bigint AS xid, event_id, type, order_id, logger_keys, from_at, to_at,
       data ->> 'place_id' AS place_id
FROM events
WHERE (xid, event_id) > (%(xid)s::text::xid8, %(event_id)s)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, event_id
LIMIT %(limit)s
"""

# An event at or before the position still stands: then none after it has been deleted for age.
POSITION_IS_KEPT: Final = """
SELECT EXISTS (
    SELECT FROM events WHERE (xid, event_id) <= (%(xid)s::text::xid8, %(event_id)s)
) AS kept
"""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far a reader has read `events`: up to this row, in the order of (xid, event_id)."""

    xid: int
    event_id: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.event_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event, as far as a stream needs it."""

    xid: int
    event_id: int
    type: str
    order_id: str | None
    logger_keys: list[int] | None
    from_at: datetime | None
    to_at: datetime | None
    place_id: str | None

    @property
    def position(self) -> Position:
        """Of a reader that has read up to this event."""
        return Position(self.xid, self.event_id)


async def live_position(db: Connection) -> Position:
    """Return the position behind all transactions that have ended."""
    row = await _one(db, LIVE_POSITION, {})
    return Position(int(_returned(row)["xid"]), 0)


async def events_after(db: Connection, position: Position, *, limit: int) -> list[EventRow]:
    """Return events behind a position, in the order of positions."""
    values = {"xid": str(position.xid), "event_id": position.event_id, "limit": limit}
    return await _all_as(db, EventRow, EVENTS_AFTER, values)


async def position_is_kept(db: Connection, position: Position) -> bool:
    """Tell whether every event after a position is still there."""
    values = {"xid": str(position.xid), "event_id": position.event_id}
    row = await _one(db, POSITION_IS_KEPT, values)
    return bool(_returned(row)["kept"])


# Curves ----------------------------------------------------------------------------------------

# Which loggers measured an order's boxes, and the places where they stood while they stood there.
RECORDINGS_OF_ORDER: Final = """
SELECT c.consignment_id, b.logger_id, NULL AS place_id, NULL AS place_name, b.during AS during,
       k.logger_key, k.counter_wrap, k.record_interval_s
FROM consignments c
JOIN bindings b USING (consignment_id)
JOIN known_loggers k ON k.logger_id = b.logger_id
WHERE c.order_id = %(order_id)s
UNION ALL
SELECT c.consignment_id, b.logger_id, p.place_id, p.name, b.during * s.during,
       k.logger_key, k.counter_wrap, k.record_interval_s
FROM consignments c
JOIN stays s USING (consignment_id)
JOIN places p USING (place_id)
JOIN bindings b ON b.place_id = s.place_id AND b.during && s.during
JOIN known_loggers k ON k.logger_id = b.logger_id
WHERE c.order_id = %(order_id)s
ORDER BY consignment_id, during, logger_id
"""

# Binary, three columns without NULL: a row is 30 bytes, and numpy reads the whole answer at once.
READINGS: Final = """
COPY (
    SELECT measured_at, temperature_c, COALESCE(sequence, -1)
    FROM heard_readings
    WHERE logger_id = %(logger_id)s AND measured_at >= %(from_at)s AND measured_at < %(until_at)s
    ORDER BY measured_at
    LIMIT %(limit)s
) TO STDOUT (FORMAT binary)
"""

_COPY_HEADER_BYTES: Final = 19  # signature 11, flags 4, extension length 4
_COPY_TRAILER_BYTES: Final = 2
_COPY_ROW: Final = np.dtype(
    [
        ("fields", ">i2"),
        ("at_bytes", ">i4"),
        ("at_us", ">i8"),
        ("temperature_bytes", ">i4"),
        ("temperature_c", ">f4"),
        ("sequence_bytes", ">i4"),
        ("sequence", ">i4"),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRow:
    """A logger bound to a box, or to a place while the box stood there."""

    consignment_id: ConsignmentId
    logger_id: LoggerId
    place_id: PlaceId | None
    place_name: str | None
    during: Range[datetime]
    logger_key: int | None  # None: never heard
    counter_wrap: int | None
    record_interval_s: int | None


async def recordings_of_order(db: Connection, order_id: OrderId) -> list[RecordingRow]:
    """Return which loggers measured an order's boxes and their places, and when."""
    return await _all_as(db, RecordingRow, RECORDINGS_OF_ORDER, {"order_id": order_id})


async def readings(
    db: Connection, logger_id: LoggerId, from_at: datetime, until_at: datetime, *, limit: int
) -> Curve:
    """Return a logger's readings in [from, until); raise TooManyReadings beyond `limit`."""
    values = {
        "logger_id": logger_id,
        "from_at": from_at,
        "until_at": until_at,
        "limit": limit + 1,
    }
    async with db.cursor() as cursor, cursor.copy(READINGS, values) as copy:
        raw = b"".join([bytes(block) async for block in copy])
    rows = np.frombuffer(raw[_COPY_HEADER_BYTES:-_COPY_TRAILER_BYTES], dtype=_COPY_ROW)
    if len(rows) > limit:
        raise TooManyReadings(limit)
    return Curve(
        measured_at_ms=rows["at_us"].astype(np.int64) // 1000 + _POSTGRES_EPOCH_MS,
        # Loggers measure hundredths; a 4-byte float shows them only after rounding.
        temperature_c=np.round(rows["temperature_c"].astype(np.float64), 2).astype(np.float64),
        sequence=rows["sequence"].astype(np.int64),
    )


# Rows ------------------------------------------------------------------------------------------


async def _one(db: Connection, statement: LiteralString, values: dict[str, Any]) -> DictRow | None:
    async with db.cursor() as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()


async def _one_as(
    db: Connection, kind: type[RowT], statement: LiteralString, values: dict[str, Any]
) -> RowT | None:
    async with db.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()


async def _all_as(
    db: Connection, kind: type[RowT], statement: LiteralString, values: dict[str, Any]
) -> list[RowT]:
    async with db.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


def _returned(row: RowT | None) -> RowT:
    if row is None:
        raise LookupError("a statement that always returns a row returned none")
    return row
