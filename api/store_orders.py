"""What does the api ask of orders and consignments?

Statements and the functions that run them, on a connection of `api.store`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString

from api.curve import Policy
from api.resources import (
    Binding,
    Consignment,
    NewConsignment,
    NewOrder,
    Order,
    OrderHead,
    Packing,
    PackingDetails,
    ReachedMilestone,
    Stay,
)
from api.store import Connection, Row, all_as, one, one_as
from api.store_bindings import BINDINGS_OF_ORDER, STAYS_OF_ORDER, Boxes
from schemas.ids import ConsignmentId, OrderId

CREATE_ORDER: Final = """
INSERT INTO orders (order_id, member_id, member_level, time_zone, placed_at, due_at, currency,
                    delivery_fee)
VALUES (%(order_id)s, %(member_id)s, %(member_level)s, %(time_zone)s, %(placed_at)s, %(due_at)s,
        %(currency)s, %(delivery_fee)s)
ON CONFLICT (order_id) DO NOTHING  -- the id is taken: the caller is told, not the log
RETURNING order_id
"""

# By its name, else by what the goods are, else the zone's own; the newest version, and of two
# policies for one product class the one that was loaded last.
CHOOSE_POLICY: Final = """
SELECT policy_id, version AS policy_version
FROM policies
WHERE zone = %(zone)s
  AND CASE WHEN %(policy_id)s::text IS NOT NULL THEN policy_id = %(policy_id)s
           WHEN %(product_class)s::text IS NOT NULL THEN product_class = %(product_class)s
           ELSE policy_id = zone END
ORDER BY version DESC, loaded_at DESC NULLS LAST
LIMIT 1
"""

# The consignment keeps the policy's version, whatever is loaded later.
OPEN_CONSIGNMENT: Final = """
INSERT INTO consignments (consignment_id, order_id, zone, policy_id, policy_version, opened_at,
                          product_class, goods_value)
VALUES (%(consignment_id)s, %(order_id)s, %(zone)s, %(policy_id)s, %(policy_version)s,
        %(opened_at)s, %(product_class)s, %(goods_value)s)
ON CONFLICT (consignment_id) DO NOTHING  -- the id is taken: the caller is told, not the log
RETURNING consignment_id
"""

WRITE_PACKING: Final = """
INSERT INTO packings (consignment_id, packed_at, box_serial, box_material, wall_w_per_k, pack_kind,
                      pack_kg, product_kg)
VALUES (%(consignment_id)s, %(packed_at)s, %(box_serial)s, %(box_material)s, %(wall_w_per_k)s,
        %(pack_kind)s, %(pack_kg)s, %(product_kg)s)
ON CONFLICT (consignment_id) DO UPDATE  -- packed again, or better known
SET packed_at = excluded.packed_at, box_serial = excluded.box_serial,
    box_material = excluded.box_material, wall_w_per_k = excluded.wall_w_per_k,
    pack_kind = excluded.pack_kind, pack_kg = excluded.pack_kg, product_kg = excluded.product_kg
"""

# A milestone that was reached stays as it was; the caller compares.
REACH_MILESTONE: Final = """
INSERT INTO milestones (order_id, milestone, at)
VALUES (%(order_id)s, %(milestone)s, %(at)s)
ON CONFLICT (order_id, milestone) DO NOTHING
RETURNING at
"""

# Whoever changes an order's journey, its bindings or its stays does it one after the other.
LOCK_ORDER: Final = "SELECT order_id FROM orders WHERE order_id = %(order_id)s FOR UPDATE"

# An order is due when it was promised, else when its shop said so.
_ORDER_HEAD: Final[LiteralString] = """
SELECT o.order_id, o.member_id, o.member_level, o.time_zone, o.placed_at,
       COALESCE(p.due_at, o.due_at) AS due_at, o.currency, o.delivery_fee
FROM orders o
LEFT JOIN promises p USING (order_id)
"""

ORDER_HEAD: Final = f"{_ORDER_HEAD} WHERE o.order_id = %(order_id)s"

ORDERS: Final = f"""{_ORDER_HEAD}
WHERE o.order_id > %(after)s
ORDER BY o.order_id
LIMIT %(limit)s
"""

MILESTONES: Final = """
SELECT milestone, at FROM milestones WHERE order_id = %(order_id)s ORDER BY at, milestone
"""

CONSIGNMENTS: Final = """
SELECT c.consignment_id, c.zone, c.opened_at, c.closed_at, c.product_class, c.goods_value,
       p.policy_id, p.version, p.lower_c, p.upper_c,
       k.packed_at, k.box_serial, k.box_material, k.wall_w_per_k, k.pack_kind, k.pack_kg,
       k.product_kg
FROM consignments c
JOIN policies p ON (p.policy_id, p.version) = (c.policy_id, c.policy_version)
LEFT JOIN packings k USING (consignment_id)
WHERE c.order_id = %(order_id)s
ORDER BY array_position(ARRAY['frozen', 'chilled', 'ambient'], c.zone), c.consignment_id
"""

CLOSE_CONSIGNMENTS: Final = """
UPDATE consignments SET closed_at = GREATEST(opened_at, %(at)s)
WHERE order_id = %(order_id)s AND closed_at IS NULL
  AND consignment_id = COALESCE(%(consignment_id)s, consignment_id)
"""


async def create_order(db: Connection, order: NewOrder, *, time_zone: str) -> bool:
    """Write an order's head and its first milestone; False: its id is taken."""
    values = {**order.model_dump(exclude={"consignments", "delivery"}), "time_zone": time_zone}
    if await one(db, CREATE_ORDER, values) is None:
        return False
    await reach_milestone(db, order.order_id, "placed", at=order.placed_at)
    return True


async def choose_policy(db: Connection, new: NewConsignment) -> Row | None:
    """Return the `policy_id` and `policy_version` that hold for goods; None: there is none."""
    values = new.model_dump(include={"zone", "policy_id", "product_class"})
    return await one(db, CHOOSE_POLICY, values)


async def open_consignment(
    db: Connection, order: NewOrder, new: NewConsignment, policy: Row
) -> bool:
    """Write a consignment and its packing, under a policy; False: its id is taken."""
    consignment_id = order.id_of(new)
    values = {
        **new.model_dump(exclude={"packing"}),
        **policy,
        "consignment_id": consignment_id,
        "order_id": order.order_id,
        "opened_at": order.placed_at,
    }
    if await one(db, OPEN_CONSIGNMENT, values) is None:
        return False
    if new.packing is not None:
        await write_packing(db, consignment_id, new.packing)
    return True


async def write_packing(
    db: Connection, consignment_id: ConsignmentId, packing: PackingDetails
) -> None:
    """Write how a box was packed, in place of what was known before."""
    await db.execute(WRITE_PACKING, {"consignment_id": consignment_id, **packing.model_dump()})


async def reach_milestone(
    db: Connection, order_id: OrderId, milestone: str, *, at: datetime
) -> bool:
    """Write a milestone; False: it was reached before."""
    values = {"order_id": order_id, "milestone": milestone, "at": at}
    return await one(db, REACH_MILESTONE, values) is not None


async def lock_order(db: Connection, order_id: OrderId) -> bool:
    """Hold an order until the transaction ends; False: there is none."""
    return await one(db, LOCK_ORDER, {"order_id": order_id}) is not None


async def close_consignments(db: Connection, boxes: Boxes, *, at: datetime) -> None:
    """Close the consignments of boxes, where they are open."""
    await db.execute(CLOSE_CONSIGNMENTS, {**boxes.values, "at": at})


async def order(db: Connection, order_id: OrderId) -> Order | None:
    """Return an order with its journey and consignments."""
    head = await one_as(db, OrderHead, ORDER_HEAD, {"order_id": order_id})
    if head is None:
        return None
    key = {"order_id": order_id}
    milestones = await all_as(db, ReachedMilestone, MILESTONES, key)
    bindings = await all_as(db, Binding, BINDINGS_OF_ORDER, key)
    stays = await all_as(db, Stay, STAYS_OF_ORDER, key)
    async with db.cursor() as cursor:
        await cursor.execute(CONSIGNMENTS, key)
        consignments = [_consignment(row, bindings, stays) for row in await cursor.fetchall()]
    return Order(
        **head.model_dump(), milestones=tuple(milestones), consignments=tuple(consignments)
    )


async def orders(db: Connection, *, after: str, limit: int) -> list[OrderHead]:
    """Return orders in order of their ids."""
    return await all_as(db, OrderHead, ORDERS, {"after": after, "limit": limit})


def _consignment(row: Row, bindings: Sequence[Binding], stays: Sequence[Stay]) -> Consignment:
    consignment_id = row["consignment_id"]
    return Consignment(
        consignment_id=consignment_id,
        zone=row["zone"],
        policy=Policy(
            policy_id=row["policy_id"],
            version=row["version"],
            lower_c=row["lower_c"],
            upper_c=row["upper_c"],
        ),
        product_class=row["product_class"],
        goods_value=row["goods_value"],
        packing=Packing.model_validate(row, from_attributes=False) if row["packed_at"] else None,
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        bindings=tuple(b for b in bindings if b.consignment_id == consignment_id),
        stays=tuple(s for s in stays if s.consignment_id == consignment_id),
    )
