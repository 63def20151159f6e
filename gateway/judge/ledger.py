"""What is to be added to the ledger of compensation?

One trigger a cause, and an entry only where something changed: the terms, or, once the order is
over, the proof. The entries' deltas add up to what the member gets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.judge.facts import StandingDecision
from gateway.rules.compensation import Decision
from schemas.events import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionChange:
    """A new entry in the ledger. `trigger_id` None: the cause is new."""

    order_id: str
    trigger_id: int | None
    revision: int
    decision: Decision
    delta: int
    rulebook_id: str
    rulebook_version: int
    found_late: bool
    is_news: bool  # outcome or amount changed; else only what proves it


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the rules decide for an order now, and what proves it."""

    order_id: str
    decisions: tuple[Decision, ...]
    rulebook_id: str
    rulebook_version: int
    final_evidence_sha256: bytes | None  # of an order that is over: the proof is part of a decision
    late_consignments: frozenset[str]  # whose excursions were found late


def decision_changes(
    decided: Decided, standing: Sequence[StandingDecision]
) -> Iterator[DecisionChange]:
    """Return the entries to be added to the ledger."""
    before = {row.cause: row for row in standing}
    for decision in decided.decisions:
        yield from _entry(decided, decision, before.pop(decision.cause, None))
    for row in before.values():
        yield from _entry(decided, _gone(row), row)


def _entry(
    decided: Decided, decision: Decision, before: StandingDecision | None
) -> Iterator[DecisionChange]:
    is_news = before is None or _terms(decision) != _terms(before)
    is_proved_anew = (
        before is not None
        and decided.final_evidence_sha256 is not None
        and before.evidence_sha256 != decided.final_evidence_sha256
    )
    if is_news or is_proved_anew:
        yield DecisionChange(
            order_id=decided.order_id,
            trigger_id=None if before is None else before.trigger_id,
            revision=1 if before is None else before.revision + 1,
            decision=decision,
            delta=decision.amount - (0 if before is None else before.amount),
            rulebook_id=decided.rulebook_id,
            rulebook_version=decided.rulebook_version,
            found_late=decision.consignment_id in decided.late_consignments,
            is_news=is_news,
        )


def _terms(decision: Decision | StandingDecision) -> tuple[Outcome, int, str, bool, str]:
    return (
        decision.outcome,
        decision.amount,
        decision.clause,
        decision.needs_review,
        decision.decided_by,
    )


def _gone(before: StandingDecision) -> Decision:
    """Return the decision on a cause that is none any more."""
    return Decision(
        cause=before.cause,
        consignment_id=before.consignment_id,
        outcome="withdrawn",
        amount=0,
        due=0,
        currency=before.currency,
        clause=before.clause,
        reason="The evidence has changed: nothing is due any more.",
        needs_review=False,
    )
