"""What does the api ask of a city's plan, its versions, changes, pins and rescues?"""

from dataclasses import dataclass
from typing import Final

from api.dispatch.outlook import outlook_of
from api.dispatch.resources import (
    Made,
    Pin,
    PlanChange,
    PlannedStop,
    PlanVersion,
    Rescue,
    Unserved,
)
from api.resources import Resource
from api.store import Connection, Row, Values, all_as, many, one
from schemas.ids import CityId, OrderId

CITY_BY_ID: Final = """
SELECT city_id, name, time_zone, policy FROM cities WHERE city_id = %(city_id)s
"""

NEWEST_VERSION: Final = """
SELECT COALESCE(max(version), 0) AS version FROM plans WHERE city_id = %(city_id)s
"""

VERSION_BY_NUMBER: Final = """
SELECT version, made_at, reason, why, engine, seed, iterations,
       encode(problem_sha256, 'hex') AS problem_sha256, cost, pins_cost, took_ms
FROM plans
WHERE city_id = %(city_id)s AND version = %(version)s
"""

# Newest first. `done` is no change that anybody made.
VERSIONS: Final = """
SELECT p.version, p.made_at, p.reason, p.why, p.engine, p.seed, p.iterations,
       encode(p.problem_sha256, 'hex') AS problem_sha256, p.cost, p.pins_cost, p.took_ms,
       (SELECT count(*) FROM plan_changes c
        WHERE c.city_id = p.city_id AND c.version = p.version AND c.what <> 'done') AS changed,
       (SELECT count(*) FROM plan_unserved u
        WHERE u.city_id = p.city_id AND u.from_version <= p.version
          AND (u.to_version IS NULL OR u.to_version > p.version)) AS unserved
FROM plans p
WHERE p.city_id = %(city_id)s AND p.version < COALESCE(%(before)s, 2147483647)
ORDER BY p.version DESC
LIMIT %(limit)s
"""

STOPS_AT: Final = """
SELECT s.vehicle_id, s.trip, s.position, s.kind, s.order_id, s.depot_id, s.to_locker,
       s.arrives_at, s.earliest_at, s.latest_at, s.leaves_at, s.locked, s.due_at,
       s.lat_deg, s.lon_deg
FROM placed_stops s
WHERE s.city_id = %(city_id)s AND s.from_version <= %(version)s
  AND (s.to_version IS NULL OR s.to_version > %(version)s)
ORDER BY s.vehicle_id, s.trip, s.position
"""

UNSERVED_AT: Final = """
SELECT order_id, reason, sentence, remedy
FROM plan_unserved
WHERE city_id = %(city_id)s AND from_version <= %(version)s
  AND (to_version IS NULL OR to_version > %(version)s)
ORDER BY order_id
"""

PINS_AT: Final = """
SELECT order_id, kind, vehicle_id, hold_until, price, by
FROM pins
WHERE city_id = %(city_id)s AND from_version <= %(version)s
  AND (to_version IS NULL OR to_version > %(version)s)
ORDER BY order_id, kind
"""

CHANGES_OF: Final = """
SELECT version, order_id, what, from_vehicle, to_vehicle, from_at, to_at, why
FROM plan_changes
WHERE city_id = %(city_id)s AND version = %(version)s
ORDER BY order_id
"""

NEWEST_CHANGES: Final = """
SELECT version, order_id, what, from_vehicle, to_vehicle, from_at, to_at, why
FROM plan_changes
WHERE city_id = %(city_id)s AND version > %(after)s AND what <> 'done'
ORDER BY version DESC, order_id
LIMIT %(limit)s
"""

RESCUES: Final = """
SELECT rescue_id, version, order_id, consignment_id, cause, options, chosen, why, decided_at
FROM rescues
WHERE city_id = %(city_id)s AND order_id = COALESCE(%(order_id)s, order_id)
  AND rescue_id < COALESCE(%(before)s, 9223372036854775807)
ORDER BY rescue_id DESC
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city, and the document of its policy."""

    city_id: CityId
    name: str
    time_zone: str
    policy: dict[str, object]


class StopOfTrip(PlannedStop):
    """A stop with the trip that it belongs to."""

    vehicle_id: str
    trip: int


class Standing(Resource):
    """All that a version of the plan says."""

    made: Made | None
    stops: list[StopOfTrip]
    unserved: list[Unserved]
    pins: list[Pin]


async def city(db: Connection, city_id: CityId) -> City | None:
    """Return a city."""
    rows = await all_as(db, City, CITY_BY_ID, {"city_id": city_id})
    return rows[0] if rows else None


async def newest_version(db: Connection, city_id: CityId) -> int:
    """Return the number of the plan that stands; 0: none yet."""
    row = await one(db, NEWEST_VERSION, {"city_id": city_id})
    return int(row["version"]) if row else 0


async def standing(db: Connection, city_id: CityId, version: int) -> Standing:
    """Return the plan as it was at a version; `made` None: there is no such version."""
    at: Values = {"city_id": city_id, "version": version}
    made = await one(db, VERSION_BY_NUMBER, at)
    return Standing(
        made=Made.model_validate(made) if made else None,
        stops=[_stop(row) for row in await many(db, STOPS_AT, at)],
        unserved=[Unserved.model_validate(row) for row in await many(db, UNSERVED_AT, at)],
        pins=[Pin.model_validate(row) for row in await many(db, PINS_AT, at)],
    )


async def versions(
    db: Connection, city_id: CityId, *, before: int | None, limit: int
) -> list[PlanVersion]:
    """Return versions, newest first."""
    values = {"city_id": city_id, "before": before, "limit": limit}
    return [PlanVersion.model_validate(row) for row in await many(db, VERSIONS, values)]


async def changes(db: Connection, city_id: CityId, version: int) -> list[PlanChange]:
    """Return what a version changed, in order of the orders' ids."""
    values = {"city_id": city_id, "version": version}
    return [PlanChange.model_validate(row) for row in await many(db, CHANGES_OF, values)]


async def newest_changes(
    db: Connection, city_id: CityId, *, after: int, limit: int
) -> list[PlanChange]:
    """Return what changed after a version, newest first."""
    values = {"city_id": city_id, "after": after, "limit": limit}
    return [PlanChange.model_validate(row) for row in await many(db, NEWEST_CHANGES, values)]


async def rescues(
    db: Connection,
    city_id: CityId,
    *,
    order_id: OrderId | None = None,
    before: int | None = None,
    limit: int,
) -> list[Rescue]:
    """Return rescues, newest first."""
    values = {"city_id": city_id, "order_id": order_id, "before": before, "limit": limit}
    return [Rescue.model_validate(row) for row in await many(db, RESCUES, values)]


def _stop(row: Row) -> StopOfTrip:
    return StopOfTrip.model_validate({**row, "outlook": outlook_of(row)})
