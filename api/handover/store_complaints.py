"""What does the api ask of complaints?"""

from datetime import datetime
from typing import Final, LiteralString

from api.handover.resources import Complaint, NewComplaint
from api.store import Connection, all_as, one, one_as, returned
from schemas.ids import ComplaintId, OrderId

_COMPLAINT: Final[LiteralString] = """
SELECT complaint_id, order_id, severity, about, consignment_id, at, amount, comment, by,
       answered_at, answer
FROM complaints
"""

COMPLAINT_BY_ID: Final = f"{_COMPLAINT} WHERE complaint_id = %(complaint_id)s"

COMPLAINTS_OF_ORDER: Final = f"""{_COMPLAINT}
WHERE order_id = %(order_id)s
ORDER BY at, complaint_id
"""

WRITE_COMPLAINT: Final = """
INSERT INTO complaints (complaint_id, order_id, severity, about, consignment_id, at, amount,
                        comment, by)
VALUES (%(complaint_id)s, %(order_id)s, %(severity)s, %(about)s, %(consignment_id)s, %(at)s,
        %(amount)s, %(comment)s, %(by)s)
ON CONFLICT (complaint_id) DO NOTHING  -- said again, or the id is taken: the caller compares
RETURNING complaint_id
"""

# The first answer stands; the caller compares.
ANSWER_COMPLAINT: Final = """
UPDATE complaints SET answer = %(answer)s, answered_at = %(now)s
WHERE complaint_id = %(complaint_id)s AND answer IS NULL
RETURNING complaint_id, order_id, severity, about, consignment_id, at, amount, comment, by,
          answered_at, answer
"""


async def complaint(db: Connection, complaint_id: ComplaintId) -> Complaint | None:
    """Return a complaint."""
    return await one_as(db, Complaint, COMPLAINT_BY_ID, {"complaint_id": complaint_id})


async def complaints(db: Connection, order_id: OrderId) -> list[Complaint]:
    """Return an order's complaints, oldest first."""
    return await all_as(db, Complaint, COMPLAINTS_OF_ORDER, {"order_id": order_id})


async def write_complaint(db: Connection, new: NewComplaint, *, by: str) -> bool:
    """Write a complaint; False: its id is taken."""
    return await one(db, WRITE_COMPLAINT, {**new.model_dump(), "by": by}) is not None


async def answer_complaint(
    db: Connection, complaint_id: ComplaintId, answer: str, *, now: datetime
) -> Complaint | None:
    """Answer a complaint; None: it was answered before."""
    values = {"complaint_id": complaint_id, "answer": answer, "now": now}
    return await one_as(db, Complaint, ANSWER_COMPLAINT, values)


async def standing_complaint(db: Connection, complaint_id: ComplaintId) -> Complaint:
    """Return a complaint that is there."""
    return returned(await complaint(db, complaint_id))
