"""What follows from a dossier? All that is judged of an order, from its file alone."""

import hashlib
from dataclasses import dataclass

from gateway.rules.canonical import canonical_json
from gateway.rules.compensation import Decision, decide
from gateway.rules.compensation_claims import late_s, next_step_ms
from gateway.rules.dossier import ConsignmentFile, Dossier
from gateway.rules.excursions import judge_consignment
from gateway.rules.filing import in_order, recording_record
from gateway.rules.judgement import Circumstances, Judgement
from schemas.segments import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentJudgement:
    """What was found of one box, and from which readings."""

    consignment_id: str
    judgement: Judgement
    readings: int  # of its own loggers and of places
    readings_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderJudgement:
    """What is found of an order. Boxes that were never bound to a logger are left out."""

    consignments: tuple[ConsignmentJudgement, ...]  # by id
    decisions: tuple[Decision, ...]  # by cause; none without rules
    late_s: int | None  # negative: early; None: nothing was promised
    look_again_ms: int | None  # when time alone may change it, None: never


def judge_order(dossier: Dossier) -> OrderJudgement:
    """Judge every box of an order, and decide on compensation.

    It is judged as it is filed: temperatures count in whole hundredths of a degree.
    """
    dossier = in_order(dossier)
    begun = [
        (file, file.life)
        for file in dossier.consignments
        if file.life is not None and file.life.from_ms < dossier.as_of_ms
    ]
    found = {
        file.consignment_id: _find(file, _circumstances(file, life, dossier.as_of_ms))
        for file, life in begun
    }
    rules = dossier.rules
    looks = [judgement.look_again_ms for judgement in found.values()]
    if rules is not None:
        looks.append(next_step_ms(dossier, rules))
    return OrderJudgement(
        consignments=tuple(_name(file, found[file.consignment_id]) for file, _ in begun),
        decisions=() if rules is None else decide(dossier, found, rules),
        late_s=late_s(dossier),
        look_again_ms=min((look for look in looks if look is not None), default=None),
    )


def _circumstances(file: ConsignmentFile, life: Window, as_of_ms: int) -> Circumstances:
    until_ms = as_of_ms if life.until_ms is None else min(as_of_ms, life.until_ms)
    return Circumstances(
        life=life,
        as_of_ms=until_ms,
        packed_at_ms=file.packed_at_ms,
        loaded_at_ms=file.loaded_at_ms,
        suspended=file.suspended,
        closed_by_operator_ms=file.closed_by_operator_ms,
    )


def _find(file: ConsignmentFile, circumstances: Circumstances) -> Judgement:
    return judge_consignment(file.own, file.places, file.policy, circumstances)


def _name(file: ConsignmentFile, judgement: Judgement) -> ConsignmentJudgement:
    recordings = [*file.own, *file.places]
    columns = [recording_record(recording) for recording in recordings]
    return ConsignmentJudgement(
        consignment_id=file.consignment_id,
        judgement=judgement,
        readings=sum(len(recording.curve) for recording in recordings),
        readings_sha256=hashlib.sha256(canonical_json(columns)).hexdigest(),
    )
