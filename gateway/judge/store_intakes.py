"""What is known of intakes, and how is what was decided of them written down?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.judge.facts import ClosingRow, RecordingRow, StandingExcursion, StandingVerdict
from gateway.judge.store import Store, columns_of

INTAKES: Final = """
SELECT intake_id, logger_id, policy_id, policy_version, from_at, until_at
FROM intakes
WHERE intake_id = ANY(%(intake_ids)s)
"""

# The logger that came with the batch counts as its own.
INTAKE_RECORDINGS: Final = """
SELECT i.intake_id AS subject_id, i.logger_id, NULL AS place_id, NULL AS place_name, i.from_at,
       i.until_at, h.logger_key, h.counter_wrap, l.record_interval_s
FROM intakes i
JOIN loggers l USING (logger_id)
LEFT JOIN heard_loggers h USING (logger_id)
WHERE i.intake_id = ANY(%(intake_ids)s)
"""

INTAKE_VERDICTS: Final = """
SELECT subject_id, revision, summary->>'digest' AS digest
FROM current_verdicts
WHERE subject_kind = 'intake' AND subject_id = ANY(%(intake_ids)s)
"""

INTAKE_EXCURSIONS: Final = """
SELECT excursion_id, revision, subject_id, limit_name, side, severity, source, state, from_at,
       until_at, extreme_c, degree_minutes, duration_s, found_late
FROM current_excursions
WHERE subject_kind = 'intake' AND subject_id = ANY(%(intake_ids)s)
"""

INTAKE_CLOSINGS: Final = """
SELECT DISTINCT e.subject_id, c.at
FROM excursion_closings c
JOIN excursions e USING (excursion_id)
WHERE e.subject_kind = 'intake' AND e.subject_id = ANY(%(intake_ids)s)
"""

STANDING_DECISIONS: Final = """
SELECT DISTINCT ON (intake_id) intake_id, revision, accepted, reason_code, reason
FROM intake_decisions
WHERE intake_id = ANY(%(intake_ids)s)
ORDER BY intake_id, revision DESC
"""

INSERT_INTAKE_DECISIONS: Final = """
INSERT INTO intake_decisions (intake_id, revision, decided_at, accepted, reason_code, reason,
                              verdict_id)
SELECT intake_id, new.revision, %(now)s, accepted, reason_code, reason, v.verdict_id
FROM unnest(%(intake_id)s::text[], %(revision)s::integer[], %(accepted)s::boolean[],
            %(reason_code)s::text[], %(reason)s::text[])
    AS new (intake_id, revision, accepted, reason_code, reason)
LEFT JOIN current_verdicts v ON v.subject_kind = 'intake' AND v.subject_id = new.intake_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRow:
    """A supplier's batch at the door: its logger's readings in [from, until) are judged."""

    intake_id: str
    logger_id: str
    policy_id: str
    policy_version: int
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeDecision:
    """Whether a batch is accepted, and why."""

    intake_id: str
    revision: int
    accepted: bool
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeFacts:
    """What is known of some intakes, and what was found of them before."""

    intakes: list[IntakeRow]
    recordings: list[RecordingRow]
    verdicts: list[StandingVerdict]
    excursions: list[StandingExcursion]
    closings: list[ClosingRow]
    decisions: list[IntakeDecision]


def intake_facts(store: Store, intake_ids: Sequence[str]) -> IntakeFacts:
    """Return all that is known of these intakes, readings excepted."""
    key = {"intake_ids": list(intake_ids)}
    return IntakeFacts(
        intakes=store.all_as(IntakeRow, INTAKES, key),
        recordings=store.all_as(RecordingRow, INTAKE_RECORDINGS, key),
        verdicts=store.all_as(StandingVerdict, INTAKE_VERDICTS, key),
        excursions=store.all_as(StandingExcursion, INTAKE_EXCURSIONS, key),
        closings=store.all_as(ClosingRow, INTAKE_CLOSINGS, key),
        decisions=store.all_as(IntakeDecision, STANDING_DECISIONS, key),
    )


def write_intake_decisions(
    store: Store, decisions: Sequence[IntakeDecision], now: datetime
) -> None:
    """Add decisions, each with the verdict it follows from, and wake whoever waits at the door."""
    if not decisions:
        return
    names = ("intake_id", "revision", "accepted", "reason_code", "reason")
    store.execute(INSERT_INTAKE_DECISIONS, columns_of(decisions, names) | {"now": now})
    store.notify()
