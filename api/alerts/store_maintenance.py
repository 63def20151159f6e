"""What does the api ask of planned maintenance?"""

from datetime import datetime
from typing import Final, LiteralString

from api.alerts.resources import Maintenance, NewMaintenance
from api.store import Connection, all_as, one_as, returned
from schemas.ids import LoggerId, PlaceId

_MAINTENANCE: Final[LiteralString] = """
SELECT maintenance_id, place_id, logger_id, lower(during) AS from_at, upper(during) AS until_at,
       why, planned_by, planned_at
FROM maintenance
"""

# Held until the transaction ends: two that end it do so one after the other.
MAINTENANCE_BY_ID: Final = f"{_MAINTENANCE} WHERE maintenance_id = %(maintenance_id)s FOR UPDATE"

MAINTENANCE: Final = f"""{_MAINTENANCE}
WHERE (%(before)s::bigint IS NULL OR maintenance_id < %(before)s)
  AND (%(place_id)s::text IS NULL OR place_id = %(place_id)s)
  AND (%(logger_id)s::text IS NULL OR logger_id = %(logger_id)s)
ORDER BY maintenance_id DESC
LIMIT %(limit)s
"""

# A request that came twice: the same work is planned once.
SAME_MAINTENANCE: Final = f"""{_MAINTENANCE}
WHERE place_id IS NOT DISTINCT FROM %(place_id)s AND logger_id IS NOT DISTINCT FROM %(logger_id)s
  AND during = tstzrange(%(from_at)s, %(until_at)s)
"""

PLAN_MAINTENANCE: Final = """
INSERT INTO maintenance (place_id, logger_id, during, why, planned_by, planned_at)
VALUES (%(place_id)s, %(logger_id)s, tstzrange(%(from_at)s, %(until_at)s), %(why)s, %(by)s, %(now)s)
RETURNING maintenance_id, place_id, logger_id, lower(during) AS from_at, upper(during) AS until_at,
          why, planned_by, planned_at
"""

END_MAINTENANCE: Final = """
UPDATE maintenance SET during = tstzrange(lower(during), %(at)s)
WHERE maintenance_id = %(maintenance_id)s
"""

# Work that never began was not done: a span without a length says nothing.
TAKE_BACK_MAINTENANCE: Final = """
DELETE FROM maintenance WHERE maintenance_id = %(maintenance_id)s
"""


async def maintenance(db: Connection, maintenance_id: int) -> Maintenance | None:
    """Return planned work, held until the transaction ends."""
    values = {"maintenance_id": maintenance_id}
    return await one_as(db, Maintenance, MAINTENANCE_BY_ID, values)


async def same_maintenance(db: Connection, new: NewMaintenance) -> Maintenance | None:
    """Return the work that is planned already for the same thing and time."""
    return await one_as(db, Maintenance, SAME_MAINTENANCE, new.model_dump())


async def all_maintenance(
    db: Connection,
    *,
    place_id: PlaceId | None,
    logger_id: LoggerId | None,
    before: int | None,
    limit: int,
) -> list[Maintenance]:
    """Return planned work, newest first."""
    values = {"place_id": place_id, "logger_id": logger_id, "before": before, "limit": limit}
    return await all_as(db, Maintenance, MAINTENANCE, values)


async def plan(db: Connection, new: NewMaintenance, *, by: str, now: datetime) -> Maintenance:
    """Write planned work."""
    values = {**new.model_dump(), "by": by, "now": now}
    return returned(await one_as(db, Maintenance, PLAN_MAINTENANCE, values))


async def end(db: Connection, maintenance_id: int, *, at: datetime) -> None:
    """Let work end at a time after its start."""
    await db.execute(END_MAINTENANCE, {"maintenance_id": maintenance_id, "at": at})


async def take_back(db: Connection, maintenance_id: int) -> None:
    """Delete work that has not begun."""
    await db.execute(TAKE_BACK_MAINTENANCE, {"maintenance_id": maintenance_id})
