"""How do orders of a file come in, without being lost or doubled?

Each order is written in a transaction of its own, so that an import that was broken off is simply
run again: what was written by then is known. All or nothing is one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from api import store, store_orders
from api.intake import store_deliveries
from api.intake.creating import Now, create_order
from api.intake.resources import RequestedOrder
from api.refusals import AlreadyExists, Refused
from api.store import Connection

_HEAD: Final = frozenset({"member_id", "member_level", "placed_at", "currency", "delivery_fee"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an order: written, known before just so, or refused, and why."""

    kind: Literal["written", "known", "refused"]
    why: str = ""
    field: str | None = None
    """Of the order, by which it is refused, where it is by one."""


async def import_orders(
    database_url: str, orders: Sequence[RequestedOrder], now: Now, *, all_or_nothing: bool = False
) -> list[Outcome]:
    """Write orders and return what became of each; with `all_or_nothing` perhaps of none."""
    async with store.connected(database_url) as db:
        if not all_or_nothing:
            return [await _import_one(db, order, now) for order in orders]
        outcomes: list[Outcome] = []
        async with db.transaction():
            outcomes = [await _import_one(db, order, now) for order in orders]
            if any(outcome.kind == "refused" for outcome in outcomes):
                raise store.Undo
        return outcomes


async def _import_one(db: Connection, new: RequestedOrder, now: Now) -> Outcome:
    try:
        async with db.transaction():
            await create_order(db, new, now)
    except AlreadyExists as refusal:
        if await _is_known(db, new):
            return Outcome(kind="known")
        return Outcome(kind="refused", why=f"{refusal} It says something else.")
    except Refused as refusal:
        where = refusal.faults[0][0] if refusal.faults else None
        return Outcome(kind="refused", why=str(refusal), field=where and where.rpartition(".")[2])
    return Outcome(kind="written")


async def _is_known(db: Connection, new: RequestedOrder) -> bool:
    """Tell whether an order is there, and says what is said of it now."""
    order = await store_orders.order(db, new.order_id)
    if order is None or new.delivery is None:
        return False
    head = new.model_dump(include=set(_HEAD))
    if new.time_zone is not None:  # else it got the default of its time
        head["time_zone"] = new.time_zone
    goods = {(new.id_of(box), box.zone, box.goods_value) for box in new.consignments}
    standing = {(box.consignment_id, box.zone, box.goods_value) for box in order.consignments}
    if order.model_dump(include=set(head)) != head or goods != standing:
        return False
    delivery = await store_deliveries.delivery(db, new.order_id)
    asked = new.delivery.model_dump(exclude_none=True)
    return delivery is not None and delivery.model_dump(include=set(asked)) == asked
