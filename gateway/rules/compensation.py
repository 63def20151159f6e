"""What does a member get for goods that spoiled, a late delivery, a complaint?

One decision a cause, a function of dossier and findings alone: judged again, it is the same.
Amounts are integers in the smallest unit of the rules' currency; a half is rounded up, in the
member's favour.

Causes claim one after the other, spoiled goods first, then the delay, then complaints by age. So
what a complaint repeats is paid once, and the order's cap is shared out the same whatever came
first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from gateway.rules.compensation_rules import CauseKind, Clause, CompensationRules, SpoiledShare
from gateway.rules.dossier import Complaint, ConsignmentFile, Dossier, Review
from gateway.rules.judgement import BudgetUse, Judgement
from schemas.events import Outcome, Severity

BY_RULES: Final = "rules"

Loss = Literal["spoiled", "late", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of a consignment, and what its box's own logger shows of the budgets."""

    judgement: Judgement
    own_budgets: tuple[BudgetUse, ...]


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
    clause: str
    reason: str
    needs_review: bool
    decided_by: str = BY_RULES  # or who reviewed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What one cause asks for, before it is known what the others get."""

    kind: CauseKind
    loss: Loss
    cause: str
    consignment_id: str | None
    clause: Clause
    due: int | None
    reason: str
    doubt: str | None = None  # why a person has to look at it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """What is left for one order after the decisions made so far."""

    cap: int
    at_once: int


def decide(
    dossier: Dossier, findings: Mapping[str, Finding], rules: CompensationRules
) -> tuple[Decision, ...]:
    """Return the decisions on an order, in order of their causes; findings by consignment id."""
    decided: list[tuple[_Claim, Decision]] = []
    paid, at_once = 0, 0
    for claim in _claims(dossier, findings, rules):
        rests = Rests(
            cap=rules.cap.of(dossier.member_level) - paid,
            at_once=rules.small_complaints.at_once_max - at_once,
        )
        decision = _settle(claim, dossier, rules, rests, decided)
        decided.append((claim, decision))
        paid += decision.amount
        if claim.kind == "complaint" and decision.decided_by == BY_RULES:
            at_once += decision.amount
    return tuple(sorted((d for _, d in decided), key=lambda decision: decision.cause))


def withdrawn(before: Decision) -> Decision:
    """Return what becomes of a cause for which nothing is due any more."""
    return replace(
        before,
        outcome="withdrawn",
        amount=0,
        due=0,
        reason="The evidence has changed: nothing is due any more.",
        needs_review=False,
        decided_by=BY_RULES,
    )


def share_of(value: int, per_mille: int) -> int:
    """Return so many per mille of an amount, a half rounded up."""
    return (value * per_mille + 500) // 1000


def late_s(dossier: Dossier) -> int | None:
    """Return how late an order is, in whole seconds, negative: early. None: nothing was promised.

    One that is still on its way is as late as the dossier's moment.
    """
    if dossier.due_at_ms is None:
        return None
    until_ms = dossier.as_of_ms if dossier.delivered_at_ms is None else dossier.delivered_at_ms
    return (until_ms - dossier.due_at_ms) // 1000


def next_step_ms(dossier: Dossier, rules: CompensationRules) -> int | None:
    """Return when a delay that goes on will reach its next step, None: never."""
    if dossier.due_at_ms is None or _is_over(dossier):
        return None
    ahead = (dossier.due_at_ms + step.late_s * 1000 for step in rules.late)
    return min((at_ms for at_ms in ahead if at_ms > dossier.as_of_ms), default=None)


# What each cause asks for ------------------------------------------------------------------------


def _claims(
    dossier: Dossier, findings: Mapping[str, Finding], rules: CompensationRules
) -> Iterator[_Claim]:
    for file in sorted(dossier.consignments, key=lambda file: file.consignment_id):
        claim = _spoiled(dossier, file, findings.get(file.consignment_id), rules)
        if claim is not None:
            yield claim
    delay = _late(dossier, rules)
    if delay is not None:
        yield delay
    for complaint in sorted(dossier.complaints, key=lambda c: (c.at_ms, c.complaint_id)):
        yield _complained(complaint, rules)


def _spoiled(
    dossier: Dossier, file: ConsignmentFile, finding: Finding | None, rules: CompensationRules
) -> _Claim | None:
    share = None if finding is None else _share_proven(file, finding, rules)
    if share is not None:
        due = None if file.goods_value is None else share_of(file.goods_value, share.per_mille)
        return _Claim(
            kind="spoiled",
            loss="spoiled",
            cause=f"spoiled:{file.consignment_id}",
            consignment_id=file.consignment_id,
            clause=share.clause,
            due=due,
            reason=f"The box's own logger shows goods that spoiled ({share.severity}).",
            doubt="The goods' value is not known." if due is None else None,
        )
    doubt = _doubt_of(dossier, file, finding, rules)
    if doubt is None:
        return None
    return _Claim(
        kind="spoiled",
        loss="spoiled",
        cause=f"spoiled:{file.consignment_id}",
        consignment_id=file.consignment_id,
        clause=rules.proof.clause,
        due=None,
        reason=doubt,
        doubt=doubt,
    )


def _share_proven(
    file: ConsignmentFile, finding: Finding, rules: CompensationRules
) -> SpoiledShare | None:
    """Return the share for what the box's own logger shows, the largest where it shows several."""
    shown = {e.severity for e in finding.judgement.excursions if e.source == "box"}
    severities = {budget.name: budget.severity for budget in file.policy.budgets}
    shown |= {severities[use.name] for use in finding.own_budgets if use.used >= use.allowed}
    return _largest(rules, shown)


def _largest(rules: CompensationRules, severities: set[Severity]) -> SpoiledShare | None:
    due = [share for share in rules.spoiled if share.severity in severities]
    return max(due, key=lambda share: share.per_mille, default=None)


def _doubt_of(
    dossier: Dossier, file: ConsignmentFile, finding: Finding | None, rules: CompensationRules
) -> str | None:
    """Return why it cannot be told whether goods spoiled, once no more is to come."""
    if file.life is None or finding is None:
        missing = _is_over(dossier) and file.zone in rules.proof.zones
        return "No logger was bound to the box." if missing else None
    if file.life.until_ms is None or file.life.until_ms > dossier.as_of_ms:
        return None
    severities = {budget.name: budget.severity for budget in file.policy.budgets}
    used_up = [use for use in finding.judgement.budgets if use.used >= use.allowed]
    elsewhere = {e.severity for e in finding.judgement.excursions}
    if _largest(rules, elsewhere | {severities[use.name] for use in used_up}) is not None:
        return "Only the logger of a place shows it, not the box's own."
    if finding.judgement.outcome == "unknown" and file.zone in rules.proof.zones:
        return "Too large a part of the journey was not measured."
    return None


def _is_over(dossier: Dossier) -> bool:
    return dossier.delivered_at_ms is not None or dossier.cancelled_at_ms is not None


def _late(dossier: Dossier, rules: CompensationRules) -> _Claim | None:
    delay_s = late_s(dossier)
    if delay_s is None:
        return None
    reached = [step for step in rules.late if delay_s >= step.late_s]
    if not reached:
        return None
    step = max(reached, key=lambda step: step.late_s)
    due = share_of(dossier.delivery_fee, step.per_mille)
    if due == 0:
        return None
    return _Claim(
        kind="late",
        loss="late",
        cause="late",
        consignment_id=None,
        clause=step.clause,
        due=due,
        reason=f"Late by {step.late_s // 60} minutes or more.",
    )


def _complained(complaint: Complaint, rules: CompensationRules) -> _Claim:
    is_minor = complaint.severity == "minor"
    rule = rules.small_complaints if is_minor else rules.serious_complaints
    doubt = None
    if not is_minor:
        doubt = "A serious complaint is answered by a person."
    elif complaint.amount is None:
        doubt = "The complaint names no amount."
    return _Claim(
        kind="complaint",
        loss=complaint.about,
        cause=f"complaint:{complaint.complaint_id}",
        consignment_id=complaint.consignment_id,
        clause=rule.clause,
        due=complaint.amount,
        reason="A small complaint is settled at once.",
        doubt=doubt,
    )


# What becomes of it ------------------------------------------------------------------------------


def _settle(
    claim: _Claim,
    dossier: Dossier,
    rules: CompensationRules,
    rests: Rests,
    decided: Sequence[tuple[_Claim, Decision]],
) -> Decision:
    verdict = _by_rules(claim, dossier, rules, rests, decided)
    review = _newest_review(dossier.reviews, claim.cause)
    return verdict if review is None else _by_person(verdict, review, rests)


def _by_rules(
    claim: _Claim,
    dossier: Dossier,
    rules: CompensationRules,
    rests: Rests,
    decided: Sequence[tuple[_Claim, Decision]],
) -> Decision:
    base = Decision(
        cause=claim.cause,
        consignment_id=claim.consignment_id,
        outcome="approved",
        amount=0,
        due=claim.due,
        currency=rules.currency,
        clause=claim.clause.number,
        reason=claim.reason,
        needs_review=False,
    )
    for ruled in (
        _blocked(base, claim, dossier, rules),
        _paid_before(base, claim, rules, decided),
        _undetermined(base, claim, dossier),
        _over_limit(base, claim, rules, rests),
    ):
        if ruled is not None:
            return ruled
    return _pay(base, claim.due or 0, rests)


def _blocked(
    base: Decision, claim: _Claim, dossier: Dossier, rules: CompensationRules
) -> Decision | None:
    for rule in rules.blocked:
        if claim.kind in rule.causes and _has_happened(rule.obstacle, claim, dossier):
            return replace(
                base,
                outcome="blocked",
                clause=rule.clause.number,
                reason=f"The order was {rule.obstacle}.",
            )
    return None


def _has_happened(obstacle: str, claim: _Claim, dossier: Dossier) -> bool:
    if obstacle == "cancelled":
        return dossier.cancelled_at_ms is not None
    return any(
        step.step == "refused"
        and (step.consignment_id is None or step.consignment_id == claim.consignment_id)
        for step in dossier.handovers
    )


def _paid_before(
    base: Decision,
    claim: _Claim,
    rules: CompensationRules,
    decided: Sequence[tuple[_Claim, Decision]],
) -> Decision | None:
    for other, decision in decided:
        if decision.amount > 0 and _is_same_loss(claim, other):
            return replace(
                base,
                outcome="already_compensated",
                clause=rules.once.clause.number,
                reason=f"The same loss is compensated already ({other.cause}).",
            )
    return None


def _is_same_loss(claim: _Claim, other: _Claim) -> bool:
    """Whether a complaint asks again for what another cause gives."""
    if claim.kind != "complaint" or claim.loss != other.loss or claim.loss == "other":
        return False
    one_of_all = None in {claim.consignment_id, other.consignment_id}
    return one_of_all or claim.consignment_id == other.consignment_id


def _undetermined(base: Decision, claim: _Claim, dossier: Dossier) -> Decision | None:
    if dossier.currency != base.currency:
        reason = f"The order is in {dossier.currency}, the rules are in {base.currency}."
        return replace(
            base, outcome="could_not_determine", due=None, reason=reason, needs_review=True
        )
    if claim.due is None and claim.doubt is not None:
        return replace(base, outcome="could_not_determine", reason=claim.doubt, needs_review=True)
    return None


def _over_limit(
    base: Decision, claim: _Claim, rules: CompensationRules, rests: Rests
) -> Decision | None:
    over = replace(base, outcome="over_limit", needs_review=True)
    if claim.doubt is not None:
        return replace(over, reason=claim.doubt)
    due = claim.due or 0
    if claim.kind == "complaint" and due > rests.at_once:
        return replace(over, reason="It is more than is settled at once for an order.")
    if due > rules.automatic.amount_max:
        return replace(
            over,
            clause=rules.automatic.clause.number,
            reason="It is more than is paid without a person's word.",
        )
    return None


def _pay(base: Decision, amount: int, rests: Rests) -> Decision:
    """Approve, but never beyond the order's cap."""
    if amount <= rests.cap:
        return replace(base, outcome="approved", amount=amount, needs_review=False)
    return replace(
        base,
        outcome="approved",
        amount=rests.cap,
        reason=f"{base.reason} Cut to what is paid for one order at most.",
        needs_review=False,
    )


# What a person said of it ------------------------------------------------------------------------


def _newest_review(reviews: Sequence[Review], cause: str) -> Review | None:
    of_cause = (review for review in reviews if review.cause == cause)
    return max(of_cause, key=_age_key, default=None)


def _age_key(review: Review) -> tuple[int, str, str, int]:
    return (review.at_ms, review.by, review.decision, review.amount or 0)


def _by_person(verdict: Decision, review: Review, rests: Rests) -> Decision:
    reviewed = replace(verdict, decided_by=review.by, needs_review=False)
    if review.decision == "reject":
        return replace(reviewed, outcome="blocked", amount=0, reason="A person has rejected it.")
    amount = verdict.due if review.decision == "approve" else review.amount
    if amount is None:
        return replace(
            verdict, reason=f"{verdict.reason} Approved, but without an amount: name one."
        )
    return _pay(replace(reviewed, reason="A person has approved it."), amount, rests)
