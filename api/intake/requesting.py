"""May an order be delivered there and then, and how soon?"""

from datetime import datetime
from typing import NamedTuple

from api.intake import store_cities, store_deliveries, store_fleet
from api.intake.areas import areas_at
from api.intake.fleet_resources import City, Locker
from api.intake.resources import Delivery, NewDelivery
from api.intake.tiers import area_of, tier_for, window_refusal
from api.refusals import NoSuchThing, NotDelivered
from api.resources import NewOrder
from api.store import Connection
from schemas.ids import LockerId


class _Spot(NamedTuple):
    lat_deg: float
    lon_deg: float


async def request_delivery(
    db: Connection, city: City, order: NewOrder, new: NewDelivery, *, now: datetime
) -> None:
    """Write an order's delivery as requested.

    Raises NoSuchThing for an address or locker that isn't there, NotDelivered where the city's
    policy does not allow it.
    """
    locker = await _open_locker(db, new) if new.locker_id is not None else None
    spot = await _spot_of(db, new, locker)
    at_locker = locker is not None and new.wish == "locker"
    door = _Spot(locker.lat_deg, locker.lon_deg) if locker is not None and at_locker else spot
    delivery = _under_policy(city, order.member_level, new, spot=spot, door=door, now=now)
    await store_deliveries.write_delivery(db, order.order_id, delivery)


def _under_policy(
    city: City, level: str, new: NewDelivery, *, spot: _Spot, door: _Spot, now: datetime
) -> Delivery:
    """Return the delivery with its area and tier; raise NotDelivered."""
    areas = areas_at(city.policy.areas.model_dump(), lat_deg=door.lat_deg, lon_deg=door.lon_deg)
    if not areas:
        raise NotDelivered(
            "delivery.lat_deg",
            f"{door.lat_deg}, {door.lon_deg} lies outside the areas where {city.city_id} delivers.",
        )
    tier = tier_for(city.policy, level, areas)
    if tier is None:
        raise NotDelivered(
            "member_level",
            f"{city.city_id} has no tier for the level {level} in {', '.join(areas)}.",
        )
    if new.window_from and new.window_until:
        window = new.window_from, new.window_until
        refusal = window_refusal(city.policy, window, city.time_zone, now=now)
        if refusal is not None:
            raise NotDelivered("delivery.window_from", refusal)
    asked = new.model_dump(exclude={"lat_deg", "lon_deg"})
    return Delivery(
        **asked,
        lat_deg=spot.lat_deg,
        lon_deg=spot.lon_deg,
        area=area_of(tier, areas),
        tier_h=tier.hours,
        requested_at=now,
    )


async def _spot_of(db: Connection, new: NewDelivery, locker: Locker | None) -> _Spot:
    """Return the place as given, else that of the address, else that of the locker."""
    if new.lat_deg is not None and new.lon_deg is not None:
        return _Spot(new.lat_deg, new.lon_deg)
    if new.address is None and locker is not None:
        return _Spot(locker.lat_deg, locker.lon_deg)
    found = await store_cities.address(db, new.city_id, new.address or "")
    if found is None:
        raise NoSuchThing(f"address in {new.city_id} that reads", new.address)
    return _Spot(found.lat_deg, found.lon_deg)


async def _open_locker(db: Connection, new: NewDelivery) -> Locker:
    locker = await store_fleet.locker(db, LockerId(new.locker_id or ""))
    if locker is None or locker.city_id != new.city_id:
        raise NoSuchThing(f"locker in {new.city_id} named", new.locker_id)
    if locker.closed_at is not None:
        raise NotDelivered("delivery.locker_id", f"The locker {locker.locker_id} is closed.")
    if not locker.compartments:
        raise NotDelivered(
            "delivery.locker_id", f"The locker {locker.locker_id} has no compartments."
        )
    return locker
