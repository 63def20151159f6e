"""What must be there before a depot, a locker, a vehicle or a shift can be written?

The HTTP operations and `frostline city load` write through these, so that both refuse alike. Each
returns whether the thing is new, and wakes the dispatcher, whose city is another from now on.
"""

from datetime import datetime

from api import store_loggers
from api.intake import store_cities, store_fleet
from api.intake.fleet_resources import (
    AddressDetails,
    City,
    CityDetails,
    DepotDetails,
    LockerDetails,
    ShiftDetails,
    StockCount,
    VehicleDetails,
)
from api.refusals import NoSuchThing, ShiftOverlaps
from api.store import Connection
from api.store_events import wake_up
from schemas.ids import (
    CityId,
    DepotId,
    LockerId,
    ShiftId,
    VehicleId,
    parse_place_id,
)
from schemas.reading import Zone


async def find_city(db: Connection, city_id: CityId) -> City:
    """Return a city; raise NoSuchThing."""
    city = await store_cities.city(db, city_id)
    if city is None:
        raise NoSuchThing("city", city_id)
    return city


async def write_city(db: Connection, city_id: CityId, city: CityDetails, *, now: datetime) -> bool:
    """Write a city and its policy."""
    is_new = await store_cities.put_city(db, city_id, city, now=now)
    await wake_up(db)
    return is_new


async def write_addresses(db: Connection, city_id: CityId, addresses: list[AddressDetails]) -> int:
    """Write addresses beside those that a city knows; return how many it knows then."""
    await find_city(db, city_id)
    await store_cities.put_addresses(db, city_id, addresses)
    return await store_cities.count_addresses(db, city_id)


async def write_depot(db: Connection, depot_id: DepotId, details: DepotDetails) -> bool:
    """Write a depot of a city that is there."""
    await find_city(db, details.city_id)
    is_new = await store_fleet.put_depot(db, depot_id, details)
    await wake_up(db)
    return is_new


async def write_stock(
    db: Connection, depot_id: DepotId, zone: Zone, count: StockCount, *, now: datetime
) -> None:
    """Write what was counted at a depot that is there."""
    if await store_fleet.depot(db, depot_id) is None:
        raise NoSuchThing("depot", depot_id)
    await store_fleet.put_stock(db, depot_id, zone, count, now=now)
    await wake_up(db)


async def write_locker(db: Connection, locker_id: LockerId, details: LockerDetails) -> bool:
    """Write a locker of a city that is there."""
    await find_city(db, details.city_id)
    await _require_place(db, details.place_id)
    is_new = await store_fleet.put_locker(db, locker_id, details)
    await wake_up(db)
    return is_new


async def write_vehicle(db: Connection, vehicle_id: VehicleId, details: VehicleDetails) -> bool:
    """Write a vehicle of a depot that is there; it is of the depot's city."""
    for place_id in (details.frozen_place_id, details.chilled_place_id, details.ambient_place_id):
        await _require_place(db, place_id)
    is_new = await store_fleet.put_vehicle(db, vehicle_id, details)
    if is_new is None:
        raise NoSuchThing("depot", details.depot_id)
    await wake_up(db)
    return is_new


async def write_shift(db: Connection, shift_id: ShiftId, details: ShiftDetails) -> bool:
    """Write a shift, unless the vehicle is staffed already; a cancelled one is in nobody's way."""
    if not await store_fleet.lock_vehicle(db, details.vehicle_id):
        raise NoSuchThing("vehicle", details.vehicle_id)
    if details.cancelled_at is None:
        other = await store_fleet.other_shift(db, shift_id, details)
        if other is not None:
            raise ShiftOverlaps(details.vehicle_id, other.shift_id, other.from_at)
    is_new = await store_fleet.put_shift(db, shift_id, details)
    await wake_up(db)
    return is_new


async def _require_place(db: Connection, place_id: str | None) -> None:
    if place_id is not None and await store_loggers.place(db, parse_place_id(place_id)) is None:
        raise NoSuchThing("place", place_id)
