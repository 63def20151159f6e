"""What does the console ask of a city, beside its plan and vehicles?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.store import Connection, all_as, many, one, returned
from schemas.ids import CityId

# What stands on the map for good.
LANDMARKS: Final = """
SELECT depot_id AS name, 'depot' AS kind, lat_deg, lon_deg
FROM depots WHERE city_id = %(city_id)s AND closed_at IS NULL
UNION ALL
SELECT locker_id, 'locker', lat_deg, lon_deg
FROM lockers WHERE city_id = %(city_id)s AND closed_at IS NULL
ORDER BY kind, name
"""

# Orders that the dispatcher has not answered, or whose accepted offer it has not.
ASKING: Final = """
SELECT count(*) AS orders
FROM deliveries d
LEFT JOIN promises p USING (order_id)
LEFT JOIN offer_answers a ON a.order_id = d.order_id AND a.answered_at >= p.decided_at
WHERE d.city_id = %(city_id)s AND d.requested_at > %(now)s - interval '14 days'
  AND (p.order_id IS NULL OR p.state = 'offered' AND a.offer IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM milestones m WHERE m.order_id = d.order_id AND m.milestone = 'cancelled')
"""

# Vehicles that somebody drives now or within the day.
TAKERS: Final = """
SELECT DISTINCT v.vehicle_id
FROM vehicles v
JOIN shifts s USING (vehicle_id)
WHERE v.city_id = %(city_id)s AND v.retired_at IS NULL AND s.cancelled_at IS NULL
  AND s.until_at > %(now)s AND s.from_at < %(now)s + interval '1 day'
ORDER BY v.vehicle_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """A depot or a locker."""

    name: str
    kind: str
    lat_deg: float
    lon_deg: float


async def landmarks(db: Connection, city_id: CityId) -> list[Landmark]:
    """Return a city's depots and lockers."""
    return await all_as(db, Landmark, LANDMARKS, {"city_id": city_id})


async def asking(db: Connection, city_id: CityId, *, now: datetime) -> int:
    """Return how many orders wait for an answer."""
    return int(returned(await one(db, ASKING, {"city_id": city_id, "now": now}))["orders"])


async def takers(db: Connection, city_id: CityId, *, now: datetime) -> list[str]:
    """Return the vehicles that an order may be given to: somebody drives them today."""
    rows = await many(db, TAKERS, {"city_id": city_id, "now": now})
    return [row["vehicle_id"] for row in rows]
