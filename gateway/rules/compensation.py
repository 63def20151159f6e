"""What does a member get for goods that spoiled, a late delivery, a complaint?

One decision a cause, a function of dossier and findings alone: judged again, it is the same.
Amounts are integers in the smallest unit of the rules' currency.

Claims are settled one after the other, so that what a complaint repeats is paid once, and the
order's cap is shared out the same whatever came first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.rules.compensation_claims import Claim, claims_of
from gateway.rules.compensation_rules import CompensationRules, Obstacle
from gateway.rules.dossier import Dossier, Review
from gateway.rules.judgement import Judgement
from schemas.events import Outcome
from schemas.money import write_amount

BY_RULES: Final = "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided for one cause.

    `due` is what the rule gives before limits, caps and people; None: it cannot be computed.
    """

    cause: str  # 'spoiled:<consignment_id>' | 'late' | 'complaint:<complaint_id>'
    consignment_id: str | None
    outcome: Outcome
    amount: int
    due: int | None
    currency: str
    clause: str  # the one that decided
    reason: str
    needs_review: bool
    decided_by: str = BY_RULES  # or who reviewed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rests:
    """What is left for an order after the claims settled so far."""

    cap: int
    at_once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A claim, and all that it is settled by."""

    claim: Claim
    dossier: Dossier
    rules: CompensationRules
    rests: _Rests
    settled: Sequence[tuple[Claim, Decision]]


def decide(
    dossier: Dossier, found: Mapping[str, Judgement], rules: CompensationRules
) -> tuple[Decision, ...]:
    """Return the decisions on an order, by cause; what was found of each box by consignment id."""
    settled: list[tuple[Claim, Decision]] = []
    cap = rules.cap.of(dossier.member_level)
    at_once = rules.small_complaints.at_once_max
    for claim in claims_of(dossier, found, rules):
        rests = _Rests(cap=cap, at_once=at_once)
        case = _Case(claim=claim, dossier=dossier, rules=rules, rests=rests, settled=settled)
        decision = _settle(case)
        settled.append((claim, decision))
        cap -= decision.amount
        if claim.kind == "complaint" and decision.decided_by == BY_RULES:
            at_once -= decision.amount
    return tuple(sorted((decision for _, decision in settled), key=lambda d: d.cause))


# By the rules ------------------------------------------------------------------------------------


def _settle(case: _Case) -> Decision:
    verdict = _by_rules(case)
    review = _newest_review(case.dossier.reviews, case.claim.cause)
    return verdict if review is None else _by_person(verdict, review, case.rests)


def _by_rules(case: _Case) -> Decision:
    claim = case.claim
    approved = Decision(
        cause=claim.cause,
        consignment_id=claim.consignment_id,
        outcome="approved",
        amount=0,
        due=claim.due,
        currency=case.rules.currency,
        clause=claim.clause.number,
        reason=claim.reason,
        needs_review=False,
    )
    for ruling in (_blocked, _paid_before, _undetermined, _over_limit):
        ruled = ruling(approved, case)
        if ruled is not None:
            return ruled
    return _pay(approved, claim.due or 0, case.rests)


def _blocked(decision: Decision, case: _Case) -> Decision | None:
    for rule in case.rules.blocked:
        if case.claim.kind in rule.causes and _has_happened(rule.obstacle, case):
            return replace(
                decision,
                outcome="blocked",
                clause=rule.clause.number,
                reason=f"The order was {rule.obstacle}.",
            )
    return None


def _has_happened(obstacle: Obstacle, case: _Case) -> bool:
    if obstacle == "cancelled":
        return case.dossier.cancelled_at_ms is not None
    concerned = {None, case.claim.consignment_id}
    return any(
        step.step == "refused" and step.consignment_id in concerned
        for step in case.dossier.handovers
    )


def _paid_before(decision: Decision, case: _Case) -> Decision | None:
    for other, settled in case.settled:
        if settled.amount > 0 and _is_same_loss(case.claim, other):
            return replace(
                decision,
                outcome="already_compensated",
                clause=case.rules.once.clause.number,
                reason=f"The same loss is compensated already ({other.cause}).",
            )
    return None


def _is_same_loss(claim: Claim, other: Claim) -> bool:
    """Whether a complaint asks again for what another cause gives."""
    if claim.kind != "complaint" or claim.loss == "other" or claim.loss != other.loss:
        return False
    about_all = None in {claim.consignment_id, other.consignment_id}
    return about_all or claim.consignment_id == other.consignment_id


def _undetermined(decision: Decision, case: _Case) -> Decision | None:
    undetermined = replace(decision, outcome="could_not_determine", needs_review=True)
    order, rules = case.dossier.currency, case.rules.currency
    if order != rules:
        return replace(
            undetermined, due=None, reason=f"The order is in {order}, the rules are in {rules}."
        )
    if case.claim.due is None and case.claim.kind == "spoiled":
        return replace(undetermined, reason=case.claim.doubt or decision.reason)
    return None


def _over_limit(decision: Decision, case: _Case) -> Decision | None:
    claim, rules, due = case.claim, case.rules, case.claim.due or 0
    over = replace(decision, outcome="over_limit", needs_review=True)
    if claim.doubt is not None:
        return replace(over, reason=claim.doubt)
    if claim.kind == "complaint" and due > case.rests.at_once:
        return replace(over, reason="It is more than is settled at once for an order.")
    if due > rules.automatic.amount_max:
        asked = write_amount(due, rules.currency, "en")
        return replace(
            over,
            clause=rules.automatic.clause.number,
            reason=f"{asked} are due: more than is paid without a person's word.",
        )
    return None


def _pay(decision: Decision, amount: int, rests: _Rests) -> Decision:
    """Approve, but never beyond the order's cap."""
    if amount <= rests.cap:
        return replace(decision, outcome="approved", amount=amount)
    reason = f"{decision.reason} Cut to what is paid for one order at most."
    return replace(decision, outcome="approved", amount=rests.cap, reason=reason)


# By a person --------------------------------------------------------------------------------------


def _newest_review(reviews: Sequence[Review], cause: str) -> Review | None:
    of_cause = (review for review in reviews if review.cause == cause)
    return max(of_cause, key=_age_key, default=None)


def _age_key(review: Review) -> tuple[int, str, str, int]:
    return (review.at_ms, review.by, review.decision, review.amount or 0)


def _by_person(verdict: Decision, review: Review, rests: _Rests) -> Decision:
    reviewed = replace(verdict, decided_by=review.by, needs_review=False)
    if review.decision == "reject":
        return replace(reviewed, outcome="blocked", amount=0, reason="A person has rejected it.")
    amount = verdict.due if review.decision == "approve" else review.amount
    if amount is None:
        reason = f"{verdict.reason} A person approved it, but no amount is known: name one."
        return replace(verdict, reason=reason)
    return _pay(replace(reviewed, reason="A person has approved it."), amount, rests)
