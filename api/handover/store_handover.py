"""What does the api ask of handovers, arrival estimates and packings?"""

from datetime import datetime
from typing import Final, LiteralString

from api.handover.resources import ArrivalEstimate, Handover, NewHandover
from api.store import Connection, all_as, one, one_as, returned
from schemas.ids import OrderId

_HANDOVER: Final[LiteralString] = """
SELECT handover_id, order_id, consignment_id, step, at, place_id, person, temperature_c, comment,
       recorded_at
FROM handovers
"""

HANDOVERS_OF_ORDER: Final = f"""{_HANDOVER}
WHERE order_id = %(order_id)s
ORDER BY at, handover_id
"""

# A device that got no answer says it again: the same step, box, time and person is the same.
SAME_HANDOVER: Final = f"""{_HANDOVER}
WHERE order_id = %(order_id)s AND consignment_id IS NOT DISTINCT FROM %(consignment_id)s
  AND step = %(step)s AND at = %(at)s AND person = %(person)s
"""

WRITE_HANDOVER: Final = """
INSERT INTO handovers (order_id, consignment_id, step, at, place_id, person, temperature_c, comment,
                       recorded_at)
VALUES (%(order_id)s, %(consignment_id)s, %(step)s, %(at)s, %(place_id)s, %(person)s,
        %(temperature_c)s, %(comment)s, %(now)s)
RETURNING handover_id, order_id, consignment_id, step, at, place_id, person, temperature_c, comment,
          recorded_at
"""

# The journey ends with the last box; it is a delivery where somebody signed for one, and nobody had
# cancelled the order.
IS_DELIVERED: Final = """
SELECT EXISTS (SELECT FROM handovers WHERE order_id = %(order_id)s AND step = 'signed')
   AND NOT EXISTS (
       SELECT FROM milestones WHERE order_id = %(order_id)s AND milestone = 'cancelled'
   )
   AND NOT EXISTS (
       SELECT FROM consignments WHERE order_id = %(order_id)s AND closed_at IS NULL
   ) AS delivered
"""

# How a journey without a delivery ended, once no box travels any more.
WENT_BACK_BY: Final = """
SELECT step
FROM handovers
WHERE order_id = %(order_id)s AND step IN ('refused', 'returned')
  AND NOT EXISTS (
      SELECT FROM consignments WHERE order_id = %(order_id)s AND closed_at IS NULL
  )
ORDER BY at DESC, handover_id DESC
LIMIT 1
"""

NEWEST_ESTIMATE: Final = """
SELECT order_id, estimated_at, arrives_at, by
FROM arrival_estimates
WHERE order_id = %(order_id)s
ORDER BY estimated_at DESC
LIMIT 1
"""

WRITE_ESTIMATE: Final = """
INSERT INTO arrival_estimates (order_id, estimated_at, arrives_at, by)
VALUES (%(order_id)s, %(now)s, %(arrives_at)s, %(by)s)
ON CONFLICT (order_id, estimated_at) DO UPDATE  -- within one tick of the clock: the later word
SET arrives_at = excluded.arrives_at, by = excluded.by
RETURNING order_id, estimated_at, arrives_at, by
"""


async def handovers(db: Connection, order_id: OrderId) -> list[Handover]:
    """Return an order's handovers, oldest first."""
    return await all_as(db, Handover, HANDOVERS_OF_ORDER, {"order_id": order_id})


async def same_handover(db: Connection, order_id: OrderId, new: NewHandover) -> Handover | None:
    """Return the handover that was recorded of what is said again."""
    return await one_as(db, Handover, SAME_HANDOVER, {"order_id": order_id, **new.model_dump()})


async def write_handover(
    db: Connection, order_id: OrderId, new: NewHandover, *, now: datetime
) -> Handover:
    """Record a handover."""
    values = {"order_id": order_id, "now": now, **new.model_dump()}
    return returned(await one_as(db, Handover, WRITE_HANDOVER, values))


async def is_delivered(db: Connection, order_id: OrderId) -> bool:
    """Tell whether an order's last box is closed, and somebody signed."""
    row = await one(db, IS_DELIVERED, {"order_id": order_id})
    return bool(returned(row)["delivered"])


async def went_back_by(db: Connection, order_id: OrderId) -> str | None:
    """Return `refused` or `returned` where an order's goods are on their way back, all of them."""
    row = await one(db, WENT_BACK_BY, {"order_id": order_id})
    return row["step"] if row else None


async def newest_estimate(db: Connection, order_id: OrderId) -> ArrivalEstimate | None:
    """Return when an order is thought to arrive."""
    return await one_as(db, ArrivalEstimate, NEWEST_ESTIMATE, {"order_id": order_id})


async def write_estimate(
    db: Connection, order_id: OrderId, arrives_at: datetime, *, by: str, now: datetime
) -> ArrivalEstimate:
    """Write when an order is thought to arrive."""
    values = {"order_id": order_id, "arrives_at": arrives_at, "by": by, "now": now}
    return returned(await one_as(db, ArrivalEstimate, WRITE_ESTIMATE, values))
