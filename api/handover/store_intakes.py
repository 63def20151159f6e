"""What does the api ask of suppliers' batches at the door?"""

from datetime import datetime
from typing import Final, LiteralString

from api.handover.resources import Intake, IntakeDecision, NewIntake
from api.store import Connection, Row, many, one
from schemas.ids import IntakeId

# With the newest word on it; `revision` NULL: not decided yet.
_INTAKE: Final[LiteralString] = """
SELECT i.intake_id, i.supplier, i.batch, i.logger_id, i.policy_id, i.policy_version, i.from_at,
       i.until_at, i.requested_at, i.requested_by,
       d.revision, d.decided_at, d.accepted, d.reason_code, d.reason
FROM intakes i
LEFT JOIN LATERAL (
    SELECT revision, decided_at, accepted, reason_code, reason
    FROM intake_decisions
    WHERE intake_id = i.intake_id
    ORDER BY revision DESC
    LIMIT 1
) d ON true
"""

INTAKE_BY_ID: Final = f"{_INTAKE} WHERE i.intake_id = %(intake_id)s"

INTAKES: Final = f"""{_INTAKE}
WHERE i.intake_id > %(after)s
ORDER BY i.intake_id
LIMIT %(limit)s
"""

# Under the newest version of the policy. No row: no such policy, or the id is taken.
WRITE_INTAKE: Final = """
INSERT INTO intakes (intake_id, supplier, batch, logger_id, policy_id, policy_version, from_at,
                     until_at, requested_at, requested_by)
SELECT %(intake_id)s, %(supplier)s, %(batch)s, %(logger_id)s, policy_id, version, %(from_at)s,
       %(until_at)s, %(now)s, %(by)s
FROM policies
WHERE policy_id = %(policy_id)s
ORDER BY version DESC
LIMIT 1
ON CONFLICT (intake_id) DO NOTHING  -- asked again, or the id is taken: the caller compares
RETURNING intake_id
"""


async def intake(db: Connection, intake_id: IntakeId) -> Intake | None:
    """Return a batch, with the newest decision on it."""
    row = await one(db, INTAKE_BY_ID, {"intake_id": intake_id})
    return _intake(row) if row else None


async def intakes(db: Connection, *, after: str, limit: int) -> list[Intake]:
    """Return batches in order of their ids."""
    return [_intake(row) for row in await many(db, INTAKES, {"after": after, "limit": limit})]


async def write_intake(db: Connection, new: NewIntake, *, by: str, now: datetime) -> bool:
    """Write a batch that asks to come in; False: no such policy, or its id is taken."""
    values = {**new.model_dump(), "by": by, "now": now}
    return await one(db, WRITE_INTAKE, values) is not None


def _intake(row: Row) -> Intake:
    decision = IntakeDecision.model_validate(row) if row["revision"] is not None else None
    return Intake.model_validate({**row, "decision": decision})
