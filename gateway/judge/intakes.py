"""Is a supplier's batch accepted at the door?

By the readings of the logger that came with it, under its policy. What was not measured is not
accepted.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.judge import announcements, store_facts, store_intakes, store_writes
from gateway.judge.changes import (
    Found,
    VerdictChange,
    excursion_changes,
    verdict_change,
)
from gateway.judge.dossiers import suspended
from gateway.judge.facts import MaintenanceRow
from gateway.judge.recordings import read_recordings
from gateway.judge.rounds import Next, Outcome, Round
from gateway.judge.store_intakes import IntakeDecision, IntakeFacts, IntakeRow
from gateway.judge.subjects import Look, Subject
from gateway.judge.times import ms_of
from gateway.rules.canonical import canonical_json
from gateway.rules.excursions import judge_consignment
from gateway.rules.filing import recording_record
from gateway.rules.judgement import Circumstances, Excursion, Judgement
from schemas.segments import Recording, Window


def judge_intakes(round_: Round, looks: Sequence[Look]) -> Outcome:
    """Judge intakes that are held, and write what is decided."""
    facts = store_intakes.intake_facts(round_.store, [look.id for look in looks])
    keys = [(row.policy_id, row.policy_version) for row in facts.intakes]
    round_.documents.read_policies(round_.store, keys)
    maintenance = store_facts.maintenance_of(round_.store, facts.recordings)
    recordings = dict(_recordings(round_, facts))
    found = [
        _found(round_, row, facts, recordings.get(row.intake_id), maintenance)
        for row in facts.intakes
    ]
    verdicts = list(_verdict_changes(found, facts, round_))
    written = store_writes.write_verdicts(
        round_.store, verdicts, round_.documents.policy_sha256, round_.now
    )
    decisions = list(_decisions(found, facts))
    store_intakes.write_intake_decisions(round_.store, decisions, round_.now)
    return Outcome(
        next_looks={look.subject: Next(look_ms=None) for look in looks}
        | {
            Subject("intake", row.intake_id): Next(look_ms=ms_of(row.until_at))
            for row in facts.intakes
            if row.until_at > round_.now
        },
        events=tuple(event for one in written for event in announcements.excursion_events(one)),
    )


def decide_intake(judgement: Judgement) -> tuple[bool, str, str]:
    """Return whether a batch is accepted, the reason's code and its words."""
    excursions = judgement.excursions
    if excursions:
        worst = max(excursions, key=lambda e: (e.severity == "critical", e.duration_s))
        return False, "excursion", _in_words(worst)
    if judgement.statistics.readings == 0:
        return False, "no_readings", "Nothing was measured in that time."
    if judgement.outcome == "unknown":
        share = judgement.statistics.unknown_s
        return False, "too_few_readings", f"For {share // 60} minutes nothing was measured."
    return True, "in_range", "It stayed within its policy's limits."


def _in_words(excursion: Excursion) -> str:
    return (
        f"{excursion.limit}: beyond the limit for {excursion.duration_s // 60} minutes, "
        f"{excursion.extreme_c:.1f} °C at worst."
    )


def _recordings(round_: Round, facts: IntakeFacts) -> Iterator[tuple[str, Recording]]:
    for row, recording in read_recordings(round_.store, facts.recordings, round_.now):
        yield row.subject_id, recording


def _found(
    round_: Round,
    row: IntakeRow,
    facts: IntakeFacts,
    recording: Recording | None,
    maintenance: Sequence[MaintenanceRow],
) -> Found:
    life = Window(from_ms=ms_of(row.from_at), until_ms=ms_of(row.until_at))
    own = () if recording is None else (recording,)
    policy = round_.documents.policies[row.policy_id, row.policy_version]
    rows = [asked for asked in facts.recordings if asked.subject_id == row.intake_id]
    circumstances = Circumstances(
        life=life,
        as_of_ms=min(round_.now_ms, ms_of(row.until_at)),
        suspended=tuple(w for asked in rows for w in suspended(asked, maintenance)),
        closed_by_operator_ms=tuple(
            ms_of(closing.at) for closing in facts.closings if closing.subject_id == row.intake_id
        ),
    )
    columns = [recording_record(one) for one in own]
    return Found(
        kind="intake",
        subject_id=row.intake_id,
        order_id=None,
        place_id=None,
        policy=policy,
        judgement=judge_consignment(own, (), policy, circumstances),
        readings=sum(len(one.curve) for one in own),
        readings_sha256=hashlib.sha256(canonical_json(columns)).digest(),
        as_of_ms=circumstances.as_of_ms,
        is_final=row.until_at <= round_.now,
    )


def _verdict_changes(
    found: Sequence[Found], facts: IntakeFacts, round_: Round
) -> Iterator[VerdictChange]:
    before = {row.subject_id: row for row in facts.verdicts}
    for one in found:
        standing = [row for row in facts.excursions if row.subject_id == one.subject_id]
        excursions = list(excursion_changes(one, standing, round_.lateness))
        change = verdict_change(one, before.get(one.subject_id), excursions)
        if change is not None:
            yield change


def _decisions(found: Sequence[Found], facts: IntakeFacts) -> Iterator[IntakeDecision]:
    """Return the decisions that are new or have changed."""
    before = {row.intake_id: row for row in facts.decisions}
    for one in found:
        stood = before.get(one.subject_id)
        accepted, code, reason = decide_intake(one.judgement)
        decision = IntakeDecision(
            intake_id=one.subject_id,
            revision=1 if stood is None else stood.revision,
            accepted=accepted,
            reason_code=code,
            reason=reason,
        )
        if stood is None:
            yield decision
        elif decision != stood:
            yield replace(decision, revision=stood.revision + 1)
