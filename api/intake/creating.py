"""What is written of a new order, in one transaction?"""

from dataclasses import dataclass
from datetime import datetime

from api import store_orders
from api.intake.fleet import find_city
from api.intake.requesting import request_delivery
from api.intake.resources import RequestedOrder
from api.orders import find_order
from api.refusals import AlreadyExists, NoSuchThing, StillToCome
from api.resources import NewConsignment, NewOrder, Order
from api.steps import is_to_come
from api.store import Connection
from api.store_events import Change, announce


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """When an order comes in, and the time zone of orders that neither they nor a city give one."""

    at: datetime
    time_zone: str


async def create_order(db: Connection, new: RequestedOrder, now: Now) -> Order:
    """Write an order, its boxes and, where it has one, its delivery as requested.

    Raises AlreadyExists, NoSuchThing, NotDelivered, StillToCome.
    """
    if is_to_come(new.placed_at, now.at):
        raise StillToCome("placed_at", new.placed_at, now=now.at)
    city = None if new.delivery is None else await find_city(db, new.delivery.city_id)
    time_zone = new.time_zone or (now.time_zone if city is None else city.time_zone)
    if not await store_orders.create_order(db, new, time_zone=time_zone):
        raise AlreadyExists("order", new.order_id)
    for consignment in new.consignments:
        await _open(db, new, consignment)
    if new.delivery is not None and city is not None:
        await request_delivery(db, city, new, new.delivery, now=now.at)
    change = Change(
        type="frostline.order.created",
        from_at=new.placed_at,
        to_at=now.at,
        order_id=new.order_id,
        data={"member_level": new.member_level},
    )
    await announce(db, change, now=now.at)
    return await find_order(db, new.order_id)


async def _open(db: Connection, order: NewOrder, new: NewConsignment) -> None:
    policy = await store_orders.choose_policy(db, new)
    if policy is None and new.policy_id is None and new.product_class is not None:
        raise NoSuchThing(f"policy for {new.zone} goods of the class", new.product_class)
    if policy is None:
        raise NoSuchThing(f"policy for {new.zone} goods named", new.policy_id or new.zone)
    if not await store_orders.open_consignment(db, order, new, policy):
        raise AlreadyExists("consignment", order.id_of(new))
