"""What does the api ask of loggers and places?

Statements and the functions that run them, on a connection of `api.store`.
"""

from datetime import datetime
from typing import Final

from api.resources import Logger, LoggerDetails, Place, PlaceDetails
from api.store import Connection, all_as, one, one_as
from schemas.ids import LoggerId, PlaceId

# The first registration's time stays; `inserted` tells it from a change.
REGISTER_LOGGER: Final = """
INSERT INTO loggers AS l (logger_id, label, model, record_interval_s, calibration_due_at,
                          registered_at)
VALUES (%(logger_id)s, %(label)s, %(model)s, %(record_interval_s)s, %(calibration_due_at)s, %(now)s)
ON CONFLICT (logger_id) DO UPDATE  -- registering again changes what is known of it
SET label = excluded.label, model = excluded.model, record_interval_s = excluded.record_interval_s,
    calibration_due_at = excluded.calibration_due_at
RETURNING (l.xmax = 0) AS inserted
"""

LOGGER_BY_ID: Final = """
SELECT k.logger_id, k.label, k.model, k.record_interval_s, k.calibration_due_at, k.registered_at,
       k.frame_format, k.first_heard_at, k.unassigned, n.measured_at AS newest_at,
       n.temperature_c AS newest_temperature_c
FROM known_loggers k
LEFT JOIN latest_readings n USING (logger_id)
WHERE k.logger_id = %(logger_id)s
"""

# Pages by id: what is registered or heard meanwhile neither repeats nor hides a row.
LOGGERS: Final = """
SELECT k.logger_id, k.label, k.model, k.record_interval_s, k.calibration_due_at, k.registered_at,
       k.frame_format, k.first_heard_at, k.unassigned, n.measured_at AS newest_at,
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
