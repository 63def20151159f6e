"""What does the api ask of cities and their addresses?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from api.intake.fleet_resources import Address, AddressDetails, City, CityDetails, CityHead
from api.store import Connection, all_as, as_json, one, one_as, returned
from schemas.ids import CityId

# Loading again changes the policy of orders from now on; those that were requested keep their tier.
PUT_CITY: Final = """
INSERT INTO cities AS c (city_id, name, time_zone, policy, loaded_at)
VALUES (%(city_id)s, %(name)s, %(time_zone)s, %(policy)s, %(now)s)
ON CONFLICT (city_id) DO UPDATE  -- the newest word holds
SET name = excluded.name, time_zone = excluded.time_zone, policy = excluded.policy,
    loaded_at = excluded.loaded_at
RETURNING (c.xmax = 0) AS inserted
"""

CITY: Final = """
SELECT city_id, name, time_zone, policy, loaded_at FROM cities WHERE city_id = %(city_id)s
"""

CITIES: Final = """
SELECT city_id, name, time_zone, loaded_at FROM cities
WHERE city_id > %(after)s
ORDER BY city_id
LIMIT %(limit)s
"""

PUT_ADDRESSES: Final = """
INSERT INTO addresses (city_id, address, lat_deg, lon_deg)
SELECT %(city_id)s, given.address, given.lat_deg, given.lon_deg
FROM unnest(%(addresses)s::text[], %(lats_deg)s::float8[], %(lons_deg)s::float8[])
     AS given (address, lat_deg, lon_deg)
ON CONFLICT (city_id, address) DO UPDATE  -- an address may be put right
SET lat_deg = excluded.lat_deg, lon_deg = excluded.lon_deg
"""

COUNT_ADDRESSES: Final = "SELECT count(*) AS known FROM addresses WHERE city_id = %(city_id)s"

ADDRESSES: Final = """
SELECT address, lat_deg, lon_deg FROM addresses
WHERE city_id = %(city_id)s AND address > %(after)s
ORDER BY address
LIMIT %(limit)s
"""

ADDRESS: Final = """
SELECT address, lat_deg, lon_deg FROM addresses
WHERE city_id = %(city_id)s AND address = %(address)s
"""


def folded(address: str) -> str:
    """Return an address as it is kept: two spellings of one address are one."""
    return " ".join(address.casefold().split())


async def put_city(db: Connection, city_id: CityId, city: CityDetails, *, now: datetime) -> bool:
    """Write a city; return whether it is new."""
    values = {
        "city_id": city_id,
        "name": city.name,
        "time_zone": city.time_zone,
        "policy": as_json(city.policy.model_dump(mode="json")),
        "now": now,
    }
    return bool(returned(await one(db, PUT_CITY, values))["inserted"])


async def city(db: Connection, city_id: CityId) -> City | None:
    """Return a city with its policy."""
    row = await one(db, CITY, {"city_id": city_id})
    return None if row is None else City.model_validate(row)


async def cities(db: Connection, *, after: str, limit: int) -> list[CityHead]:
    """Return cities in order of their ids."""
    return await all_as(db, CityHead, CITIES, {"after": after, "limit": limit})


async def put_addresses(
    db: Connection, city_id: CityId, addresses: Sequence[AddressDetails]
) -> None:
    """Write addresses; of two spellings of one, the last holds."""
    by_name = {folded(given.address): given for given in addresses}
    values = {
        "city_id": city_id,
        "addresses": list(by_name),
        "lats_deg": [given.lat_deg for given in by_name.values()],
        "lons_deg": [given.lon_deg for given in by_name.values()],
    }
    await db.execute(PUT_ADDRESSES, values)


async def count_addresses(db: Connection, city_id: CityId) -> int:
    """Return how many addresses a city knows."""
    return int(returned(await one(db, COUNT_ADDRESSES, {"city_id": city_id}))["known"])


async def addresses(db: Connection, city_id: CityId, *, after: str, limit: int) -> list[Address]:
    """Return a city's addresses in their order."""
    values = {"city_id": city_id, "after": after, "limit": limit}
    return await all_as(db, Address, ADDRESSES, values)


async def address(db: Connection, city_id: CityId, name: str) -> Address | None:
    """Return where an address is, however it is spelled."""
    return await one_as(db, Address, ADDRESS, {"city_id": city_id, "address": folded(name)})
