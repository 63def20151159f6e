"""What does the api ask of deliveries, and of what the dispatcher answered them?

The api writes an order as requested; promises are the dispatcher's, and only read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.intake.resources import Delivery
from api.store import Connection, Row, many, one, one_as, returned
from schemas.dispatch_lock import LOCK_CLASS, lock_object
from schemas.ids import CityId, OrderId

WRITE_DELIVERY: Final = """
INSERT INTO deliveries (order_id, city_id, lat_deg, lon_deg, address, area, tier_h, frozen_g,
                        chilled_g, ambient_g, service_s, wish, window_from, window_until, locker_id,
                        requested_at)
VALUES (%(order_id)s, %(city_id)s, %(lat_deg)s, %(lon_deg)s, %(address)s, %(area)s, %(tier_h)s,
        %(frozen_g)s, %(chilled_g)s, %(ambient_g)s, %(service_s)s, %(wish)s, %(window_from)s,
        %(window_until)s, %(locker_id)s, %(requested_at)s)
"""

DELIVERY: Final = """
SELECT city_id, lat_deg, lon_deg, address, area, tier_h, frozen_g, chilled_g, ambient_g, service_s,
       wish, window_from, window_until, locker_id, requested_at
FROM deliveries
WHERE order_id = %(order_id)s
"""

# An answer to offers stands until the dispatcher has decided anew. A cancelled order is promised
# nothing, whatever was.
PROMISES: Final = """
SELECT d.order_id, d.city_id, COALESCE(p.state, 'requested') AS state, p.due_at, p.not_before,
       p.depot_id, p.alternates, p.offers, p.reason, p.version, p.decided_at,
       a.offer AS accepted_offer, m.at AS cancelled_at
FROM deliveries d
LEFT JOIN promises p USING (order_id)
LEFT JOIN offer_answers a
       ON a.order_id = d.order_id AND a.answered_at >= p.decided_at AND p.state = 'offered'
LEFT JOIN milestones m ON m.order_id = d.order_id AND m.milestone = 'cancelled'
WHERE d.order_id = ANY (%(order_ids)s)
ORDER BY d.order_id
"""

# A box that somebody loaded was packed, whether or not that was said.
WAITS_TO_BE_PACKED: Final = """
SELECT EXISTS (SELECT FROM deliveries WHERE order_id = %(order_id)s)
   AND NOT EXISTS (
       SELECT FROM milestones WHERE order_id = %(order_id)s AND milestone = 'packed'
   )
   AND NOT EXISTS (
       SELECT FROM handovers WHERE order_id = %(order_id)s AND step IN ('packed', 'loaded')
   ) AS waits
"""

# Of all who hold the city's lock there is one; the api only looks.
DISPATCHER_LIVES: Final = """
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid::bigint = %(class)s AND objid::bigint = %(object)s
) AS lives
"""

# Another answer replaces one that the dispatcher could not keep.
ANSWER_OFFER: Final = """
INSERT INTO offer_answers (order_id, offer, answered_at)
VALUES (%(order_id)s, %(offer)s, %(now)s)
ON CONFLICT (order_id) DO UPDATE  -- the caller has looked that no answer stands
SET offer = excluded.offer, answered_at = excluded.answered_at
"""

SAID_TO_OFFERS: Final = """
SELECT offer, answered_at FROM offer_answers WHERE order_id = %(order_id)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidToOffers:
    """A member's last answer to offers. No offer: all were declined."""

    offer: int | None
    answered_at: datetime


async def write_delivery(db: Connection, order_id: OrderId, delivery: Delivery) -> None:
    """Write where an order is to go."""
    await db.execute(WRITE_DELIVERY, {"order_id": order_id, **delivery.model_dump()})


async def delivery(db: Connection, order_id: OrderId) -> Delivery | None:
    """Return where an order is to go; None: it is not delivered by us."""
    return await one_as(db, Delivery, DELIVERY, {"order_id": order_id})


async def promises(db: Connection, order_ids: Sequence[OrderId]) -> list[Row]:
    """Return what the dispatcher answered those of the orders that have a delivery."""
    return await many(db, PROMISES, {"order_ids": list(order_ids)})


async def waits_to_be_packed(db: Connection, order_id: OrderId) -> bool:
    """Tell whether an order is to be delivered by us, and nobody has packed it."""
    return bool(returned(await one(db, WAITS_TO_BE_PACKED, {"order_id": order_id}))["waits"])


async def dispatcher_lives(db: Connection, city_id: CityId) -> bool:
    """Tell whether a dispatcher holds the city."""
    values = {"class": LOCK_CLASS, "object": lock_object(city_id)}
    return bool(returned(await one(db, DISPATCHER_LIVES, values))["lives"])


async def said_to_offers(db: Connection, order_id: OrderId) -> SaidToOffers | None:
    """Return what a member said last to offers, perhaps to older ones."""
    return await one_as(db, SaidToOffers, SAID_TO_OFFERS, {"order_id": order_id})


async def answer_offer(
    db: Connection, order_id: OrderId, offer: int | None, *, now: datetime
) -> None:
    """Write which offer a member accepts; None: none of them."""
    await db.execute(ANSWER_OFFER, {"order_id": order_id, "offer": offer, "now": now})
