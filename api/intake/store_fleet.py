"""What does the api ask of depots, stock, lockers, vehicles and shifts?

A thing's id stays; whatever else is put of it replaces what was known.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from api.intake.fleet_resources import (
    Depot,
    DepotDetails,
    Locker,
    LockerDetails,
    Shift,
    ShiftDetails,
    Stock,
    StockCount,
    Vehicle,
    VehicleDetails,
)
from api.store import Connection, all_as, as_json, one, one_as, returned
from schemas.ids import DepotId, LockerId, ShiftId, VehicleId
from schemas.reading import Zone

PUT_DEPOT: Final = """
INSERT INTO depots AS d (depot_id, city_id, kind, name, lat_deg, lon_deg, picking_s,
                         orders_per_hour, closed_at)
VALUES (%(depot_id)s, %(city_id)s, %(kind)s, %(name)s, %(lat_deg)s, %(lon_deg)s, %(picking_s)s,
        %(orders_per_hour)s, %(closed_at)s)
ON CONFLICT (depot_id) DO UPDATE  -- the newest word holds
SET city_id = excluded.city_id, kind = excluded.kind, name = excluded.name,
    lat_deg = excluded.lat_deg, lon_deg = excluded.lon_deg, picking_s = excluded.picking_s,
    orders_per_hour = excluded.orders_per_hour, closed_at = excluded.closed_at
RETURNING (d.xmax = 0) AS inserted
"""

DEPOT: Final = """
SELECT depot_id, city_id, kind, name, lat_deg, lon_deg, picking_s, orders_per_hour, closed_at
FROM depots
WHERE depot_id = %(depot_id)s
"""

DEPOTS: Final = """
SELECT depot_id, city_id, kind, name, lat_deg, lon_deg, picking_s, orders_per_hour, closed_at
FROM depots
WHERE city_id = %(city_id)s AND depot_id > %(after)s
ORDER BY depot_id
LIMIT %(limit)s
"""

PUT_STOCK: Final = """
INSERT INTO depot_stock AS s (depot_id, zone, available_g, counted_at)
VALUES (%(depot_id)s, %(zone)s, %(available_g)s, %(counted_at)s)
ON CONFLICT (depot_id, zone) DO UPDATE  -- counted anew; a count that comes late is older news
SET available_g = excluded.available_g, counted_at = excluded.counted_at
WHERE s.counted_at <= excluded.counted_at
"""

STOCK: Final = """
SELECT zone, available_g, counted_at FROM depot_stock
WHERE depot_id = %(depot_id)s
ORDER BY array_position(ARRAY['frozen', 'chilled', 'ambient'], zone)
"""

PUT_LOCKER: Final = """
INSERT INTO lockers AS l (locker_id, city_id, name, lat_deg, lon_deg, compartments, place_id,
                          closed_at)
VALUES (%(locker_id)s, %(city_id)s, %(name)s, %(lat_deg)s, %(lon_deg)s, %(compartments)s,
        %(place_id)s, %(closed_at)s)
ON CONFLICT (locker_id) DO UPDATE  -- the newest word holds
SET city_id = excluded.city_id, name = excluded.name, lat_deg = excluded.lat_deg,
    lon_deg = excluded.lon_deg, compartments = excluded.compartments,
    place_id = excluded.place_id, closed_at = excluded.closed_at
RETURNING (l.xmax = 0) AS inserted
"""

LOCKER: Final = """
SELECT locker_id, city_id, name, lat_deg, lon_deg, compartments, place_id, closed_at
FROM lockers
WHERE locker_id = %(locker_id)s
"""

LOCKERS: Final = """
SELECT locker_id, city_id, name, lat_deg, lon_deg, compartments, place_id, closed_at
FROM lockers
WHERE city_id = %(city_id)s AND locker_id > %(after)s
ORDER BY locker_id
LIMIT %(limit)s
"""

# A vehicle is of its depot's city.
PUT_VEHICLE: Final = """
INSERT INTO vehicles AS v (vehicle_id, city_id, depot_id, kind, role, mode, frozen_g, chilled_g,
                           ambient_g, range_m, max_trips, reload_s, door_s, returns, fixed_cost,
                           cost_per_km, cost_per_h, cost_per_order, gateway_id, frozen_place_id,
                           chilled_place_id, ambient_place_id, retired_at)
SELECT %(vehicle_id)s, d.city_id, d.depot_id, %(kind)s, %(role)s, %(mode)s, %(frozen_g)s,
       %(chilled_g)s, %(ambient_g)s, %(range_m)s, %(max_trips)s, %(reload_s)s, %(door_s)s,
       %(returns)s, %(fixed_cost)s, %(cost_per_km)s, %(cost_per_h)s, %(cost_per_order)s,
       %(gateway_id)s, %(frozen_place_id)s, %(chilled_place_id)s, %(ambient_place_id)s,
       %(retired_at)s
FROM depots d
WHERE d.depot_id = %(depot_id)s
ON CONFLICT (vehicle_id) DO UPDATE  -- the newest word holds
SET city_id = excluded.city_id, depot_id = excluded.depot_id, kind = excluded.kind,
    role = excluded.role, mode = excluded.mode, frozen_g = excluded.frozen_g,
    chilled_g = excluded.chilled_g, ambient_g = excluded.ambient_g, range_m = excluded.range_m,
    max_trips = excluded.max_trips, reload_s = excluded.reload_s, door_s = excluded.door_s,
    returns = excluded.returns, fixed_cost = excluded.fixed_cost,
    cost_per_km = excluded.cost_per_km, cost_per_h = excluded.cost_per_h,
    cost_per_order = excluded.cost_per_order, gateway_id = excluded.gateway_id,
    frozen_place_id = excluded.frozen_place_id, chilled_place_id = excluded.chilled_place_id,
    ambient_place_id = excluded.ambient_place_id, retired_at = excluded.retired_at
RETURNING (v.xmax = 0) AS inserted
"""

VEHICLE: Final = """
SELECT vehicle_id, city_id, depot_id, kind, role, mode, frozen_g, chilled_g, ambient_g, range_m,
       max_trips, reload_s, door_s, returns, fixed_cost, cost_per_km, cost_per_h, cost_per_order,
       gateway_id, frozen_place_id, chilled_place_id, ambient_place_id, retired_at
FROM vehicles
WHERE vehicle_id = %(vehicle_id)s
"""

VEHICLES: Final = """
SELECT vehicle_id, city_id, depot_id, kind, role, mode, frozen_g, chilled_g, ambient_g, range_m,
       max_trips, reload_s, door_s, returns, fixed_cost, cost_per_km, cost_per_h, cost_per_order,
       gateway_id, frozen_place_id, chilled_place_id, ambient_place_id, retired_at
FROM vehicles
WHERE city_id = %(city_id)s AND vehicle_id > %(after)s
ORDER BY vehicle_id
LIMIT %(limit)s
"""

# Whoever staffs one vehicle does it one after the other: two shifts at once would both be let in.
LOCK_VEHICLE: Final = """
SELECT vehicle_id FROM vehicles WHERE vehicle_id = %(vehicle_id)s FOR UPDATE
"""

OTHER_SHIFT_IN_THAT_TIME: Final = """
SELECT shift_id, vehicle_id, from_at, until_at, drivers, breaks, cancelled_at
FROM shifts
WHERE vehicle_id = %(vehicle_id)s AND shift_id <> %(shift_id)s AND cancelled_at IS NULL
  AND from_at < %(until_at)s AND until_at > %(from_at)s
ORDER BY from_at
LIMIT 1
"""

PUT_SHIFT: Final = """
INSERT INTO shifts AS s (shift_id, vehicle_id, from_at, until_at, drivers, breaks, cancelled_at)
VALUES (%(shift_id)s, %(vehicle_id)s, %(from_at)s, %(until_at)s, %(drivers)s, %(breaks)s,
        %(cancelled_at)s)
ON CONFLICT (shift_id) DO UPDATE  -- the newest word holds
SET vehicle_id = excluded.vehicle_id, from_at = excluded.from_at, until_at = excluded.until_at,
    drivers = excluded.drivers, breaks = excluded.breaks, cancelled_at = excluded.cancelled_at
RETURNING (s.xmax = 0) AS inserted
"""

SHIFT: Final = """
SELECT shift_id, vehicle_id, from_at, until_at, drivers, breaks, cancelled_at
FROM shifts
WHERE shift_id = %(shift_id)s
"""

SHIFTS: Final = """
SELECT s.shift_id, s.vehicle_id, s.from_at, s.until_at, s.drivers, s.breaks, s.cancelled_at
FROM shifts s
JOIN vehicles v USING (vehicle_id)
WHERE v.city_id = %(city_id)s AND s.shift_id > %(after)s
ORDER BY s.shift_id
LIMIT %(limit)s
"""

Page = Mapping[str, Any]
"""`city_id`, `after` and `limit` of a list."""


async def put_depot(db: Connection, depot_id: DepotId, details: DepotDetails) -> bool:
    """Write a depot; return whether it is new."""
    row = await one(db, PUT_DEPOT, {"depot_id": depot_id, **details.model_dump()})
    return bool(returned(row)["inserted"])


async def depot(db: Connection, depot_id: DepotId) -> Depot | None:
    """Return a depot with its stock."""
    key = {"depot_id": depot_id}
    found = await one_as(db, Depot, DEPOT, key)
    if found is None:
        return None
    return found.model_copy(update={"stock": tuple(await stock(db, depot_id))})


async def stock(db: Connection, depot_id: DepotId) -> list[Stock]:
    """Return what a depot has of each zone that was counted."""
    return await all_as(db, Stock, STOCK, {"depot_id": depot_id})


async def depots(db: Connection, page: Page) -> list[Depot]:
    """Return a city's depots in order of their ids, without stock."""
    return await all_as(db, Depot, DEPOTS, page)


async def put_stock(
    db: Connection, depot_id: DepotId, zone: Zone, count: StockCount, *, now: datetime
) -> None:
    """Write what a depot has of a zone, unless a later count stands."""
    values = {
        "depot_id": depot_id,
        "zone": zone,
        "available_g": count.available_g,
        "counted_at": count.counted_at or now,
    }
    await db.execute(PUT_STOCK, values)


async def put_locker(db: Connection, locker_id: LockerId, details: LockerDetails) -> bool:
    """Write a locker; return whether it is new."""
    row = await one(db, PUT_LOCKER, {"locker_id": locker_id, **details.model_dump()})
    return bool(returned(row)["inserted"])


async def locker(db: Connection, locker_id: LockerId) -> Locker | None:
    """Return a locker."""
    return await one_as(db, Locker, LOCKER, {"locker_id": locker_id})


async def lockers(db: Connection, page: Page) -> list[Locker]:
    """Return a city's lockers in order of their ids."""
    return await all_as(db, Locker, LOCKERS, page)


async def put_vehicle(
    db: Connection, vehicle_id: VehicleId, details: VehicleDetails
) -> bool | None:
    """Write a vehicle; return whether it is new; None: its depot is not there."""
    row = await one(db, PUT_VEHICLE, {"vehicle_id": vehicle_id, **details.model_dump()})
    return None if row is None else bool(row["inserted"])


async def vehicle(db: Connection, vehicle_id: VehicleId) -> Vehicle | None:
    """Return a vehicle."""
    return await one_as(db, Vehicle, VEHICLE, {"vehicle_id": vehicle_id})


async def vehicles(db: Connection, page: Page) -> list[Vehicle]:
    """Return a city's vehicles in order of their ids."""
    return await all_as(db, Vehicle, VEHICLES, page)


async def lock_vehicle(db: Connection, vehicle_id: VehicleId) -> bool:
    """Hold a vehicle until the transaction ends; False: there is none."""
    return await one(db, LOCK_VEHICLE, {"vehicle_id": vehicle_id}) is not None


async def other_shift(db: Connection, shift_id: ShiftId, details: ShiftDetails) -> Shift | None:
    """Return another shift of the vehicle in that time, if there is one."""
    values = {"shift_id": shift_id, **details.model_dump(exclude={"breaks", "drivers"})}
    return await one_as(db, Shift, OTHER_SHIFT_IN_THAT_TIME, values)


async def put_shift(db: Connection, shift_id: ShiftId, details: ShiftDetails) -> bool:
    """Write a shift; return whether it is new."""
    breaks = as_json([rest.model_dump(mode="json") for rest in details.breaks])
    values = {"shift_id": shift_id, **details.model_dump(), "breaks": breaks}
    return bool(returned(await one(db, PUT_SHIFT, values))["inserted"])


async def shift(db: Connection, shift_id: ShiftId) -> Shift | None:
    """Return a shift."""
    return await one_as(db, Shift, SHIFT, {"shift_id": shift_id})


async def shifts(db: Connection, page: Page) -> list[Shift]:
    """Return the shifts of a city's vehicles in order of their ids."""
    return await all_as(db, Shift, SHIFTS, page)
