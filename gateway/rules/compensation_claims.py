"""What do spoiled goods, a late delivery, a complaint ask for, by the published rules?

A claim is what one cause asks for by itself: before it is known what stands in its way, what the
others get, and what people say.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.rules.compensation_rules import (
    CauseKind,
    Clause,
    CompensationRules,
    LateStep,
    SpoiledShare,
)
from gateway.rules.dossier import Complaint, ConsignmentFile, Dossier
from gateway.rules.judgement import Judgement
from gateway.rules.policy import Policy
from schemas.money import share_of

Loss = Literal["spoiled", "late", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one cause asks for.

    `due` None: it cannot be computed, and `doubt` says why. `doubt`: a person has to look at it.
    """

    kind: CauseKind
    loss: Loss
    cause: str  # 'spoiled:<consignment_id>' | 'late' | 'complaint:<complaint_id>'
    consignment_id: str | None
    clause: Clause
    due: int | None
    reason: str
    doubt: str | None = None


def claims_of(
    dossier: Dossier, found: Mapping[str, Judgement], rules: CompensationRules
) -> Iterator[Claim]:
    """Return what an order's causes ask for; `found` by consignment id.

    Spoiled goods come first, then the delay, then complaints by age.
    """
    for file in sorted(dossier.consignments, key=lambda file: file.consignment_id):
        claim = _spoiled(dossier, file, found.get(file.consignment_id), rules)
        if claim is not None:
            yield claim
    delay = _late(dossier, rules)
    if delay is not None:
        yield delay
    for complaint in sorted(dossier.complaints, key=lambda c: (c.at_ms, c.complaint_id)):
        yield _complained(complaint, rules)


def late_s(dossier: Dossier) -> int | None:
    """Return how late an order is, in whole seconds, negative: early. None: nothing was promised.

    One that is still on its way is as late as the dossier's moment; a delay ends when the order is
    cancelled.
    """
    if dossier.due_at_ms is None:
        return None
    ends_ms = (dossier.delivered_at_ms, dossier.cancelled_at_ms, dossier.as_of_ms)
    until_ms = next(end_ms for end_ms in ends_ms if end_ms is not None)
    return (until_ms - dossier.due_at_ms) // 1000


def next_step_ms(dossier: Dossier, rules: CompensationRules) -> int | None:
    """Return when a delay that goes on will reach its next step, None: never."""
    is_over = dossier.delivered_at_ms is not None or dossier.cancelled_at_ms is not None
    if dossier.due_at_ms is None or is_over:
        return None
    ahead = (dossier.due_at_ms + step.late_s * 1000 for step in rules.late)
    return min((at_ms for at_ms in ahead if at_ms > dossier.as_of_ms), default=None)


def _spoiled(
    dossier: Dossier, file: ConsignmentFile, found: Judgement | None, rules: CompensationRules
) -> Claim | None:
    share = _share_shown(found, rules, by={"box"})
    if share is not None:
        due = None if file.goods_value is None else share_of(file.goods_value, share.per_mille)
        return Claim(
            kind="spoiled",
            loss="spoiled",
            cause=f"spoiled:{file.consignment_id}",
            consignment_id=file.consignment_id,
            clause=share.clause,
            due=due,
            reason=f"The box's own logger shows that goods spoiled ({share.severity}).",
            doubt="The goods' value is not known." if due is None else None,
        )
    doubt = _doubt_of(dossier, file, found, rules)
    if doubt is None:
        return None
    return Claim(
        kind="spoiled",
        loss="spoiled",
        cause=f"spoiled:{file.consignment_id}",
        consignment_id=file.consignment_id,
        clause=rules.proof.clause,
        due=None,
        reason=doubt,
        doubt=doubt,
    )


def _share_shown(
    found: Judgement | None, rules: CompensationRules, *, by: Collection[str]
) -> SpoiledShare | None:
    """Return the largest share due for what these sources show.

    A broken budget is an excursion, too.
    """
    if found is None:
        return None
    shown = {excursion.severity for excursion in found.excursions if excursion.source in by}
    due = (share for share in rules.spoiled if share.severity in shown)
    return max(due, key=lambda share: share.per_mille, default=None)


def _doubt_of(
    dossier: Dossier, file: ConsignmentFile, found: Judgement | None, rules: CompensationRules
) -> str | None:
    """Return why it cannot be told whether goods spoiled, once no more is to come.

    Of a cancelled order nobody asks.
    """
    if dossier.cancelled_at_ms is not None:
        return None
    must_be_proven = file.zone in rules.proof.zones
    if file.life is None:
        missing = must_be_proven and dossier.delivered_at_ms is not None
        return "No logger was bound to the box." if missing else None
    if found is None or file.life.until_ms is None or file.life.until_ms > dossier.as_of_ms:
        return None
    if _share_shown(found, rules, by={"box", "place"}) is not None:
        return "Not the box's own logger shows it, but that of a place."
    if must_be_proven and _is_unknown(found, file.policy):
        return "Too large a part of the journey was not measured."
    return None


def _is_unknown(found: Judgement, policy: Policy) -> bool:
    """Whether too much was not measured, also where a lesser excursion was seen in the rest."""
    judged_s = found.statistics.measured_s + found.statistics.unknown_s
    too_much_s = policy.largest_unknown_share * judged_s
    return found.outcome == "unknown" or found.statistics.unknown_s > too_much_s


def _late(dossier: Dossier, rules: CompensationRules) -> Claim | None:
    delay_s = late_s(dossier)
    if delay_s is None:
        return None
    given_back = fee_back(delay_s, dossier.delivery_fee, rules)
    if given_back is None:
        return None
    step, due = given_back
    return Claim(
        kind="late",
        loss="late",
        cause="late",
        consignment_id=None,
        clause=step.clause,
        due=due,
        reason=f"Late by {step.late_s // 60} minutes or more.",
    )


def fee_back(
    delay_s: int, delivery_fee: int, rules: CompensationRules
) -> tuple[LateStep, int] | None:
    """Return what a delay gives back of the fee, and by which step; None: nothing."""
    reached = [step for step in rules.late if delay_s >= step.late_s]
    if not reached:
        return None
    step = max(reached, key=lambda step: step.late_s)
    due = share_of(delivery_fee, step.per_mille)
    return (step, due) if due else None


def _complained(complaint: Complaint, rules: CompensationRules) -> Claim:
    is_minor = complaint.severity == "minor"
    rule = rules.small_complaints if is_minor else rules.serious_complaints
    doubt = None
    if not is_minor:
        doubt = "A serious complaint is answered by a person."
    elif complaint.amount is None:
        doubt = "The complaint names no amount."
    return Claim(
        kind="complaint",
        loss=complaint.about,
        cause=f"complaint:{complaint.complaint_id}",
        consignment_id=complaint.consignment_id,
        clause=rule.clause,
        due=complaint.amount,
        reason="A small complaint is settled at once.",
        doubt=doubt,
    )
