"""What does the api ask of disruptions?"""

from datetime import datetime
from typing import Final, LiteralString

from api.dispatch.disruption_bodies import Disruption, NewDisruption
from api.store import Connection, Row, as_json, many, one, returned
from schemas.ids import CityId, DisruptionId

_DISRUPTION: Final[LiteralString] = """
SELECT disruption_id, city_id, kind, vehicle_id, details, from_at, until_at, recorded_at,
       recorded_by
FROM disruptions
"""

DISRUPTION_BY_ID: Final = f"{_DISRUPTION} WHERE disruption_id = %(disruption_id)s FOR UPDATE"

# `open_at`: those that hold then, or are still to come.
DISRUPTIONS: Final = f"""{_DISRUPTION}
WHERE city_id = %(city_id)s
  AND (%(open_at)s::timestamptz IS NULL OR until_at IS NULL OR until_at > %(open_at)s)
  AND disruption_id > %(after)s
ORDER BY disruption_id
LIMIT %(limit)s
"""

OF_VEHICLES: Final = f"""{_DISRUPTION}
WHERE city_id = %(city_id)s AND vehicle_id IS NOT NULL AND from_at <= %(now)s
  AND (until_at IS NULL OR until_at > %(now)s)
ORDER BY from_at, disruption_id
"""

WRITE_DISRUPTION: Final = """
INSERT INTO disruptions (disruption_id, city_id, kind, vehicle_id, details, from_at, until_at,
                         recorded_at, recorded_by)
VALUES (%(disruption_id)s, %(city_id)s, %(kind)s, %(vehicle_id)s, %(details)s, %(from_at)s,
        %(until_at)s, %(now)s, %(by)s)
ON CONFLICT (disruption_id) DO UPDATE  -- what is known of it now; who, what and where stand
SET details = excluded.details, from_at = excluded.from_at, until_at = excluded.until_at,
    recorded_at = excluded.recorded_at, recorded_by = excluded.recorded_by
RETURNING disruption_id, city_id, kind, vehicle_id, details, from_at, until_at, recorded_at,
          recorded_by
"""

END_DISRUPTION: Final = """
UPDATE disruptions SET until_at = %(at)s
WHERE disruption_id = %(disruption_id)s
RETURNING disruption_id, city_id, kind, vehicle_id, details, from_at, until_at, recorded_at,
          recorded_by
"""

VEHICLE_OF_CITY: Final = """
SELECT vehicle_id FROM vehicles
WHERE vehicle_id = %(vehicle_id)s AND city_id = %(city_id)s AND retired_at IS NULL
"""


async def disruption(db: Connection, disruption_id: DisruptionId) -> Disruption | None:
    """Return a disruption, and hold it until the transaction ends."""
    row = await one(db, DISRUPTION_BY_ID, {"disruption_id": disruption_id})
    return Disruption.model_validate(row) if row else None


async def disruptions(
    db: Connection, city_id: CityId, *, open_at: datetime | None, after: str, limit: int
) -> list[Disruption]:
    """Return a city's disruptions in order of their ids; `open_at`: without those over by then."""
    values = {"city_id": city_id, "open_at": open_at, "after": after, "limit": limit}
    return _all(await many(db, DISRUPTIONS, values))


async def of_vehicles(db: Connection, city_id: CityId, *, now: datetime) -> list[Disruption]:
    """Return what holds now of single vehicles."""
    return _all(await many(db, OF_VEHICLES, {"city_id": city_id, "now": now}))


async def write_disruption(
    db: Connection, disruption_id: DisruptionId, new: NewDisruption, *, by: str, now: datetime
) -> Disruption:
    """Write a disruption, or what is known of it now."""
    values = {
        "disruption_id": disruption_id,
        "vehicle_id": None,
        **new.model_dump(exclude={"details", "by"}),
        "details": as_json(new.details.model_dump(mode="json")),
        "by": by,
        "now": now,
    }
    return Disruption.model_validate(returned(await one(db, WRITE_DISRUPTION, values)))


async def end_disruption(
    db: Connection, disruption_id: DisruptionId, *, at: datetime
) -> Disruption:
    """Write when a disruption was over."""
    values = {"disruption_id": disruption_id, "at": at}
    return Disruption.model_validate(returned(await one(db, END_DISRUPTION, values)))


async def is_vehicle_of(db: Connection, city_id: CityId, vehicle_id: str) -> bool:
    """Tell whether a vehicle drives in a city, and is not retired."""
    values = {"city_id": city_id, "vehicle_id": vehicle_id}
    return await one(db, VEHICLE_OF_CITY, values) is not None


def _all(rows: list[Row]) -> list[Disruption]:
    return [Disruption.model_validate(row) for row in rows]
