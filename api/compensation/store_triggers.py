"""What does the api ask of compensation?

The gateway decides; a person's word is appended to `trigger_reviews` here, and the gateway makes a
correction of it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from api.compensation.resources import Decision, NewReview, Review, Trigger
from api.store import Connection, all_as, lock, one_as, returned
from schemas.events import Outcome
from schemas.ids import OrderId

_TRIGGER: Final[LiteralString] = """
SELECT d.trigger_id, d.order_id, d.consignment_id, d.cause, d.triggered_at, d.revision,
       d.decided_at, d.decided_by, d.outcome, d.amount, d.delta, d.currency, d.rulebook_id,
       d.rulebook_version, d.clause, d.reason, d.needs_review, d.found_late,
       encode(e.sha256, 'hex') AS evidence_sha256
FROM current_decisions d
JOIN evidence e USING (evidence_id)
"""

TRIGGER_BY_ID: Final = f"{_TRIGGER} WHERE d.trigger_id = %(trigger_id)s"

TRIGGERS_OF_ORDER: Final = f"{_TRIGGER} WHERE d.order_id = %(order_id)s ORDER BY d.trigger_id"

TRIGGERS: Final = f"""{_TRIGGER}
WHERE (%(before)s::bigint IS NULL OR d.trigger_id < %(before)s)
  AND (%(outcome)s::text IS NULL OR d.outcome = %(outcome)s)
  AND (%(needs_review)s::boolean IS NULL OR d.needs_review = %(needs_review)s)
  AND (%(clause)s::text IS NULL OR d.clause = %(clause)s)
ORDER BY d.trigger_id DESC
LIMIT %(limit)s
"""

# Under the same clause of the same rulebook, whatever its version, decided before. Its values come
# as parameters, not by a join: so they reach the index.
SIMILAR_TRIGGERS: Final = f"""{_TRIGGER}
WHERE d.rulebook_id = %(rulebook_id)s AND d.clause = %(clause)s
  AND d.trigger_id <> %(trigger_id)s AND d.decided_at <= %(decided_at)s
ORDER BY d.decided_at DESC, d.trigger_id DESC
LIMIT %(limit)s
"""

LEDGER: Final = """
SELECT d.revision, d.decided_at, d.decided_by, d.outcome, d.amount, d.delta, d.currency,
       d.rulebook_id, d.rulebook_version, d.clause, d.reason, d.needs_review, d.found_late,
       encode(e.sha256, 'hex') AS evidence_sha256
FROM trigger_decisions d
JOIN evidence e USING (evidence_id)
WHERE d.trigger_id = %(trigger_id)s
ORDER BY d.revision
"""

REVIEWS: Final = """
SELECT review_id, trigger_id, at, by, decision, amount, comment
FROM trigger_reviews
WHERE trigger_id = %(trigger_id)s
ORDER BY review_id
"""

WRITE_REVIEW: Final = """
INSERT INTO trigger_reviews (trigger_id, at, by, decision, amount, comment)
VALUES (%(trigger_id)s, %(now)s, %(by)s, %(decision)s, %(amount)s, %(comment)s)
RETURNING review_id, trigger_id, at, by, decision, amount, comment
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerFilter:
    """Which triggers are asked for; None: whatever it is."""

    outcome: Outcome | None
    needs_review: bool | None
    clause: str | None


async def lock_trigger(db: Connection, trigger_id: int) -> None:
    """Hold what people say of a trigger until the transaction ends."""
    await lock(db, f"trigger {trigger_id}")


async def trigger(db: Connection, trigger_id: int) -> Trigger | None:
    """Return a trigger with what was decided of it last."""
    return await one_as(db, Trigger, TRIGGER_BY_ID, {"trigger_id": trigger_id})


async def triggers_of_order(db: Connection, order_id: OrderId) -> list[Trigger]:
    """Return an order's triggers, oldest first."""
    return await all_as(db, Trigger, TRIGGERS_OF_ORDER, {"order_id": order_id})


async def triggers(
    db: Connection, wanted: TriggerFilter, *, before: int | None, limit: int
) -> list[Trigger]:
    """Return triggers, newest first."""
    values = {
        "outcome": wanted.outcome,
        "needs_review": wanted.needs_review,
        "clause": wanted.clause,
        "before": before,
        "limit": limit,
    }
    return await all_as(db, Trigger, TRIGGERS, values)


async def similar_triggers(db: Connection, own: Trigger, *, limit: int) -> list[Trigger]:
    """Return what was decided earlier than a trigger under the same clause, newest first."""
    values = {
        "trigger_id": own.trigger_id,
        "rulebook_id": own.rulebook_id,
        "clause": own.clause,
        "decided_at": own.decided_at,
        "limit": limit,
    }
    return await all_as(db, Trigger, SIMILAR_TRIGGERS, values)


async def ledger(db: Connection, trigger_id: int) -> list[Decision]:
    """Return all that was decided of a trigger, oldest first."""
    return await all_as(db, Decision, LEDGER, {"trigger_id": trigger_id})


async def reviews(db: Connection, trigger_id: int) -> list[Review]:
    """Return what people said of a trigger, oldest first."""
    return await all_as(db, Review, REVIEWS, {"trigger_id": trigger_id})


async def write_review(
    db: Connection, trigger_id: int, new: NewReview, *, by: str, now: datetime
) -> Review:
    """Write a person's word."""
    values = {**new.model_dump(), "trigger_id": trigger_id, "by": by, "now": now}
    return returned(await one_as(db, Review, WRITE_REVIEW, values))
