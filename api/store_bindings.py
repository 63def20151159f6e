"""What does the api ask of bindings and stays?

Statements and the functions that run them, on a connection of `api.store`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from api.refusals import BindingOverlaps
from api.resources import Binding, NewBinding, NewStay, Stay
from api.store import Connection, Overlap, all_as, one, one_as, returned
from schemas.ids import ConsignmentId, LoggerId, OrderId

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
BINDINGS_AFTER: Final = f"""{_BINDING}
JOIN consignments c USING (consignment_id)
WHERE c.order_id = %(order_id)s
  AND c.consignment_id = COALESCE(%(consignment_id)s, c.consignment_id)
  AND (upper_inf(b.during) OR upper(b.during) > %(at)s)
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

STAYS_AFTER: Final = f"""{_STAY}
JOIN consignments c USING (consignment_id)
WHERE c.order_id = %(order_id)s
  AND c.consignment_id = COALESCE(%(consignment_id)s, c.consignment_id)
  AND (upper_inf(s.during) OR upper(s.during) > %(at)s)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """An order's boxes: all of them, or the one that is named."""

    order_id: OrderId
    consignment_id: ConsignmentId | None = None

    @property
    def values(self) -> dict[str, object]:
        """Return them as a statement's parameters."""
        return {"order_id": self.order_id, "consignment_id": self.consignment_id}


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


async def bindings_after(db: Connection, boxes: Boxes, at: datetime) -> list[Binding]:
    """Return the bindings of boxes that have not ended by a time."""
    return await all_as(db, Binding, BINDINGS_AFTER, {**boxes.values, "at": at})


async def stays_after(db: Connection, boxes: Boxes, at: datetime) -> list[Stay]:
    """Return the stays of boxes that have not ended by a time."""
    return await all_as(db, Stay, STAYS_AFTER, {**boxes.values, "at": at})


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
