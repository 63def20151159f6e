"""What does the api ask of orders, loggers, places, bindings and stays?

Statements and the functions that run them, on a connection of `api.store`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from api.curve import Policy
from api.refusals import BindingOverlaps
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
from api.store import Connection, Overlap, Row, all_as, one, one_as, returned
from schemas.ids import ConsignmentId, LoggerId, OrderId, PlaceId
from schemas.reading import Zone

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
    row = await one(db, REGISTER_LOGGER, values)
    return bool(row and row["inserted"])


async def logger(db: Connection, logger_id: LoggerId) -> Logger | None:
    """Return a logger that is registered or was heard."""
    return await one_as(db, Logger, LOGGER_BY_ID, {"logger_id": logger_id})


async def loggers(
    db: Connection, *, after: str, limit: int, unassigned: bool | None
) -> list[Logger]:
    """Return known loggers in order of their ids."""
    values = {"after": after, "limit": limit, "unassigned": unassigned}
    return await all_as(db, Logger, LOGGERS, values)


async def register_place(db: Connection, place_id: PlaceId, details: PlaceDetails) -> bool:
    """Register a place or change it; return whether it is new."""
    row = await one(db, REGISTER_PLACE, {"place_id": place_id, **details.model_dump()})
    return bool(row and row["inserted"])


async def place(db: Connection, place_id: PlaceId) -> Place | None:
    """Return a place."""
    return await one_as(db, Place, PLACE_BY_ID, {"place_id": place_id})


async def places(db: Connection, *, after: str, limit: int) -> list[Place]:
    """Return places in order of their ids."""
    return await all_as(db, Place, PLACES, {"after": after, "limit": limit})


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
    if await one(db, CREATE_ORDER, values) is None:
        return False
    await reach_milestone(db, order.order_id, "placed", at=order.placed_at)
    return True


async def policy_exists(db: Connection, policy_id: str, zone: Zone) -> bool:
    """Tell whether a policy with that id is for that zone."""
    return await one(db, POLICY_EXISTS, {"policy_id": policy_id, "zone": zone}) is not None


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
    return await one(db, OPEN_CONSIGNMENT, values) is not None


async def reach_milestone(
    db: Connection, order_id: OrderId, milestone: str, *, at: datetime
) -> bool:
    """Write a milestone; False: it was reached before."""
    values = {"order_id": order_id, "milestone": milestone, "at": at}
    return await one(db, REACH_MILESTONE, values) is not None


async def lock_order(db: Connection, order_id: OrderId) -> bool:
    """Hold an order until the transaction ends; False: there is none."""
    return await one(db, LOCK_ORDER, {"order_id": order_id}) is not None


async def close_consignments(db: Connection, order_id: OrderId, *, at: datetime) -> None:
    """Close an order's open consignments."""
    await db.execute(CLOSE_CONSIGNMENTS, {"order_id": order_id, "at": at})


async def order(db: Connection, order_id: OrderId) -> Order | None:
    """Return an order with its journey and consignments."""
    head = await one_as(db, OrderHead, ORDER_HEAD, {"order_id": order_id})
    if head is None:
        return None
    key = {"order_id": order_id}
    milestones = await all_as(db, ReachedMilestone, MILESTONES, key)
    bindings = await all_as(db, Binding, BINDINGS_OF_ORDER, key)
    stays = await all_as(db, Stay, STAYS_OF_ORDER, key)
    async with db.cursor() as cursor:
        await cursor.execute(CONSIGNMENTS, key)
        consignments = [_consignment(row, bindings, stays) for row in await cursor.fetchall()]
    return Order(
        **head.model_dump(), milestones=tuple(milestones), consignments=tuple(consignments)
    )


async def orders(db: Connection, *, after: str, limit: int) -> list[OrderHead]:
    """Return orders in order of their ids."""
    return await all_as(db, OrderHead, ORDERS, {"after": after, "limit": limit})


def _consignment(row: Row, bindings: Sequence[Binding], stays: Sequence[Stay]) -> Consignment:
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

# Two requests for one logger: the second waits here, and then sees what the first has bound. All
# that changes a binding holds its logger first, and reads it after.
LOCK_LOGGER: Final = "SELECT logger_id FROM loggers WHERE logger_id = %(logger_id)s FOR UPDATE"

LOCK_LOGGER_OF: Final = """
SELECT l.logger_id FROM loggers l JOIN bindings b USING (logger_id)
WHERE b.binding_id = %(binding_id)s
FOR UPDATE OF l
"""

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

# Also what has an end, if that is still to come then.
BINDINGS_OF_ORDER_AFTER: Final = f"""{_BINDING}
JOIN consignments c USING (consignment_id)
WHERE c.order_id = %(order_id)s AND (upper_inf(b.during) OR upper(b.during) > %(at)s)
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

STAYS_OF_ORDER_AFTER: Final = f"""{_STAY}
JOIN consignments c USING (consignment_id)
WHERE c.order_id = %(order_id)s AND (upper_inf(s.during) OR upper(s.during) > %(at)s)
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
    return await one(db, LOCK_LOGGER, {"logger_id": logger_id}) is not None


async def lock_logger_of(db: Connection, binding_id: int) -> None:
    """Hold the logger of a binding, if there is one, until the transaction ends."""
    await db.execute(LOCK_LOGGER_OF, {"binding_id": binding_id})


async def consignment(db: Connection, consignment_id: ConsignmentId) -> ConsignmentHead | None:
    """Return whose consignment it is."""
    values = {"consignment_id": consignment_id}
    return await one_as(db, ConsignmentHead, CONSIGNMENT_BY_ID, values)


async def bindings_overlapping(db: Connection, new: NewBinding) -> list[Binding]:
    """Return a logger's bindings in the time of a new one, oldest first."""
    values = {"logger_id": new.logger_id, "from_at": new.from_at, "until_at": new.until_at}
    return await all_as(db, Binding, BINDINGS_OVERLAPPING, values)


async def bindings_of_logger(db: Connection, logger_id: LoggerId, *, limit: int) -> list[Binding]:
    """Return a logger's bindings, newest first."""
    return await all_as(db, Binding, BINDINGS_OF_LOGGER, {"logger_id": logger_id, "limit": limit})


async def bindings_of_order_after(db: Connection, order_id: OrderId, at: datetime) -> list[Binding]:
    """Return the bindings of an order's boxes that have not ended by a time."""
    return await all_as(db, Binding, BINDINGS_OF_ORDER_AFTER, {"order_id": order_id, "at": at})


async def stays_of_order_after(db: Connection, order_id: OrderId, at: datetime) -> list[Stay]:
    """Return the stays of an order's boxes that have not ended by a time."""
    return await all_as(db, Stay, STAYS_OF_ORDER_AFTER, {"order_id": order_id, "at": at})


async def binding(db: Connection, binding_id: int) -> Binding | None:
    """Return a binding, held until the transaction ends."""
    return await one_as(db, Binding, BINDING_BY_ID, {"binding_id": binding_id})


async def bind(db: Connection, new: NewBinding, *, by: str) -> Binding:
    """Write a binding; raise BindingOverlaps where the constraint finds another."""
    values = {**new.model_dump(exclude={"takeover"}), "by": by}
    try:
        bound = await one_as(db, Binding, BIND, values)
    except Overlap as error:
        raise BindingOverlaps(
            f"Logger {new.logger_id} was bound elsewhere in that time just now; look again."
        ) from error
    return returned(bound)


async def end_binding(
    db: Connection, binding_id: int, *, at: datetime, by: str, why: str
) -> Binding:
    """Let a binding end at a time after its start; raise BindingOverlaps, as `bind` does."""
    values = {"binding_id": binding_id, "at": at, "by": by, "why": why}
    try:
        return returned(await one_as(db, Binding, END_BINDING, values))
    except Overlap as error:
        raise BindingOverlaps(
            f"The logger of binding {binding_id} was bound elsewhere just now; look again."
        ) from error


async def stays_overlapping(db: Connection, new: NewStay) -> list[Stay]:
    """Return where a consignment stands in a time, oldest first."""
    return await all_as(db, Stay, STAYS_OVERLAPPING, new.model_dump())


async def stay(db: Connection, stay_id: int) -> Stay | None:
    """Return a stay."""
    return await one_as(db, Stay, STAY_BY_ID, {"stay_id": stay_id})


async def begin_stay(db: Connection, new: NewStay) -> Stay:
    """Write a stay."""
    return returned(await one_as(db, Stay, BEGIN_STAY, new.model_dump()))


async def end_stay(db: Connection, stay_id: int, *, at: datetime) -> Stay:
    """Let a stay end at a time after its start."""
    return returned(await one_as(db, Stay, END_STAY, {"stay_id": stay_id, "at": at}))
