"""What changed, for those who follow?

Appended to `touched` and `events` in the transaction of the change; read in the order in which
nothing can appear behind a reader.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.store import Connection, Row, all_as, as_json, many, one, returned
from schemas.ids import IntakeId, LoggerId, OrderId, PlaceId

# For the judge: one row for each of order, place, intake and logger that the change
# concerns. A logger that
# was never heard has no key, and nothing to judge.
TOUCH: Final = """
INSERT INTO touched (order_id, place_id, intake_id, logger_key, from_at, to_at)
SELECT order_id, place_id, intake_id, logger_key, %(from_at)s, %(to_at)s
FROM (VALUES
    (%(order_id)s::text, NULL::text, NULL::text, NULL::integer),
    (NULL, %(place_id)s::text, NULL, NULL),
    (NULL, NULL, %(intake_id)s::text, NULL),
    (NULL, NULL, NULL, (SELECT logger_key FROM logger_keys WHERE logger_id = %(logger_id)s))
) AS concerned (order_id, place_id, intake_id, logger_key)
WHERE num_nonnulls(order_id, place_id, intake_id, logger_key) = 1
"""

# For streams and webhooks.
APPEND_EVENT: Final = """
INSERT INTO events (at, type, order_id, logger_keys, from_at, to_at, data)
VALUES (%(now)s, %(type)s, %(order_id)s,
        (SELECT array_agg(logger_key) FROM logger_keys WHERE logger_id = %(logger_id)s),
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
    intake_id: IntakeId | None = None
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
        "intake_id": change.intake_id,
        "data": as_json(change.data),
        "now": now,
    }
    await db.execute(TOUCH, values)
    await db.execute(APPEND_EVENT, values)
    await wake_up(db)


async def wake_up(db: Connection) -> None:
    """Let those who listen look again when this commits."""
    await db.execute(WAKE_UP)


# Everything of transactions that have ended is before this position, and nothing can still appear
# there: whoever reads a curve after asking for it, and events after it, misses nothing.
LIVE_POSITION: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid"

# Ids are taken before transactions commit: only what is older than every running one is complete.
# What is told of an order is told of the city that it is delivered in.
EVENTS_AFTER: Final = """
SELECT xid::text::bigint AS xid, event_id, type, order_id, logger_keys, from_at, to_at,
       data ->> 'place_id' AS place_id,
       COALESCE(data ->> 'city_id',
                (SELECT d.city_id FROM deliveries d WHERE d.order_id = e.order_id)) AS city_id
FROM events e
WHERE (xid, event_id) > (%(xid)s::text::xid8, %(event_id)s)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, event_id
LIMIT %(limit)s
"""

# What events say, for those who are told all of it.
EVENTS_BY_ID: Final = """
SELECT event_id, at, type, order_id, data
FROM events
WHERE event_id = ANY (%(event_ids)s::bigint[])
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
    city_id: str | None = None

    @property
    def position(self) -> Position:
        """Of a reader that has read up to this event."""
        return Position(self.xid, self.event_id)


async def live_position(db: Connection) -> Position:
    """Return the position behind all transactions that have ended."""
    row = await one(db, LIVE_POSITION, {})
    return Position(int(returned(row)["xid"]), 0)


async def events_after(db: Connection, position: Position, *, limit: int) -> list[EventRow]:
    """Return events behind a position, in the order of positions."""
    values = {"xid": str(position.xid), "event_id": position.event_id, "limit": limit}
    return await all_as(db, EventRow, EVENTS_AFTER, values)


async def told(db: Connection, event_ids: list[int]) -> dict[int, Row]:
    """Return what events say, by their ids."""
    rows = await many(db, EVENTS_BY_ID, {"event_ids": event_ids})
    return {row["event_id"]: row for row in rows}


async def position_is_kept(db: Connection, position: Position) -> bool:
    """Tell whether every event after a position is still there."""
    values = {"xid": str(position.xid), "event_id": position.event_id}
    row = await one(db, POSITION_IS_KEPT, values)
    return bool(returned(row)["kept"])
