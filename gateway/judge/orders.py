"""How are a claim's orders judged, and what is written of it?

All orders of a claim together: facts and curves are read in a few answers, each order is judged by
pure rules, and only what changed is written, in the transaction that holds the claim.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from gateway.judge import announcements, metrics, store_facts, store_writes
from gateway.judge.changes import (
    Found,
    VerdictChange,
    excursion_changes,
    verdict_change,
)
from gateway.judge.dossiers import Library, dossiers_of, is_over, surroundings_of
from gateway.judge.facts import OrderFacts, RecordingRow, Standing
from gateway.judge.forecasts import Box, Forecasts, forecast, warning_of
from gateway.judge.judged_order import JudgedOrder, arrival_of, promise_of
from gateway.judge.ledger import Decided, DecisionChange, decision_changes
from gateway.judge.order_conditions import Excused, conditions_of
from gateway.judge.recordings import read_recordings
from gateway.judge.rounds import Next, Outcome, Round
from gateway.judge.store_writes import Event, Evidence
from gateway.judge.subjects import Look, Subject
from gateway.judge.times import ms_of
from gateway.rules.alerts import Condition
from gateway.rules.dossier import Dossier
from gateway.rules.evidence import bundle_of, sha256_of
from gateway.rules.lateness import Lateness
from gateway.rules.order_judgement import ConsignmentJudgement, judge_order
from gateway.rules.policy import Policy
from schemas import events
from schemas.segments import Recording


def judge_orders(round_: Round, looks: Sequence[Look]) -> Outcome:
    """Judge orders that are held, and write what changed."""
    order_ids = [look.id for look in looks]
    facts = store_facts.order_facts(round_.store, order_ids)
    standing = store_facts.standing_of_orders(round_.store, order_ids)
    recordings = read_recordings(round_.store, facts.recordings, round_.now)
    orders = [_judged(dossier, facts, round_) for dossier in _dossiers(round_, facts, recordings)]
    verdicts = list(_verdict_changes(orders, standing, round_))
    written = store_writes.write_verdicts(
        round_.store, verdicts, round_.documents.policy_sha256, round_.now
    )
    metrics.REVISIONS.inc(len(verdicts))
    told = [event for one in written for event in announcements.excursion_events(one)]
    told += _decide(round_, orders, standing, verdicts)
    boxes = _boxes_to_forecast(orders, facts, recordings)
    forecasts, warnings = _foretell(round_, boxes, standing)
    carried = {look.id: look.carried for look in looks}
    told += [*warnings, *_promises(orders, carried, round_)]
    return Outcome(
        next_looks=_next_looks(round_, looks, orders, forecasts),
        conditions=_conditions(round_, orders, standing, verdicts, forecasts),
        events=tuple(told),
    )


def _dossiers(
    round_: Round, facts: OrderFacts, recordings: Sequence[tuple[RecordingRow, Recording]]
) -> list[Dossier]:
    documents = round_.documents
    # Again, after the facts: an order may have been placed under rules loaded since.
    documents.read_rulebooks(round_.store)
    keys = ((row.policy_id, row.policy_version) for row in facts.consignments)
    documents.read_policies(round_.store, keys)
    library = Library(policies=documents.policies, rules_at=documents.rules_at)
    return dossiers_of(facts, recordings, library, round_.now)


def _judged(dossier: Dossier, facts: OrderFacts, round_: Round) -> JudgedOrder:
    boxes = {
        row.consignment_id: row for row in facts.consignments if row.order_id == dossier.order_id
    }
    [arrival] = [arrival_of(row) for row in facts.orders if row.order_id == dossier.order_id]
    return JudgedOrder(
        dossier=dossier,
        judgement=judge_order(dossier),
        boxes=boxes,
        complaints=[row for row in facts.complaints if row.order_id == dossier.order_id],
        over=frozenset(key for key, box in boxes.items() if is_over(box, round_.now)),
        arrival=arrival,
    )


# Verdicts ----------------------------------------------------------------------------------------


def _verdict_changes(
    orders: Sequence[JudgedOrder], standing: Standing, round_: Round
) -> Iterator[VerdictChange]:
    before = {row.subject_id: row for row in standing.verdicts}
    excursions = defaultdict(list)
    for row in standing.excursions:
        excursions[row.subject_id].append(row)
    for order in orders:
        policies = {file.consignment_id: file.policy for file in order.dossier.consignments}
        for box in order.judgement.consignments:
            found = _found(order, box, policies)
            stood = before.get(box.consignment_id)
            change = verdict_change(
                found,
                stood,
                list(excursion_changes(found, excursions[found.subject_id], round_.lateness)),
            )
            if change is not None:
                yield change


def _found(order: JudgedOrder, box: ConsignmentJudgement, policies: Mapping[str, Policy]) -> Found:
    closed_at = order.boxes[box.consignment_id].closed_at
    as_of_ms = order.dossier.as_of_ms
    return Found(
        kind="consignment",
        subject_id=box.consignment_id,
        order_id=order.dossier.order_id,
        place_id=None,
        policy=policies[box.consignment_id],
        judgement=box.judgement,
        readings=box.readings,
        readings_sha256=bytes.fromhex(box.readings_sha256),
        as_of_ms=as_of_ms if closed_at is None else min(as_of_ms, ms_of(closed_at)),
        is_final=box.consignment_id in order.over,
    )


# Compensation ------------------------------------------------------------------------------------


def _decide(
    round_: Round,
    orders: Sequence[JudgedOrder],
    standing: Standing,
    verdicts: Sequence[VerdictChange],
) -> list[Event]:
    """Write the ledger's new entries with their evidence, and that of orders that are over."""
    before = defaultdict(list)
    for row in standing.decisions:
        before[row.order_id].append(row)
    late = {row.subject_id for row in standing.excursions if row.found_late}
    late |= {change.found.subject_id for change in verdicts if change.found_late}
    changed = {change.found.order_id for change in verdicts}
    entries: list[DecisionChange] = []
    evidence: dict[str, Evidence] = {}
    for order in orders:
        order_id = order.dossier.order_id
        kept = _evidence(order) if order.is_over else None
        found = list(decision_changes(_decided(order, kept, frozenset(late)), before[order_id]))
        entries += found
        if found or (kept is not None and order_id in changed):
            evidence[order_id] = kept or _evidence(order)
    ids = store_writes.write_evidence(round_.store, list(evidence.values()), round_.now)
    proofs = {order_id: (kept.sha256, ids[kept.sha256]) for order_id, kept in evidence.items()}
    written = store_writes.write_decisions(round_.store, entries, proofs, round_.now)
    metrics.DECISIONS.inc(len(written))
    return [event for one in written for event in announcements.decision_events(one)]


def _decided(order: JudgedOrder, kept: Evidence | None, late: frozenset[str]) -> Decided:
    rules = order.dossier.rules
    return Decided(
        order_id=order.dossier.order_id,
        decisions=order.judgement.decisions,
        rulebook_id="" if rules is None else rules.rulebook_id,
        rulebook_version=0 if rules is None else rules.version,
        final_evidence_sha256=None if kept is None else kept.sha256,
        late_consignments=late,
    )


def _evidence(order: JudgedOrder) -> Evidence:
    bundle = bundle_of(order.dossier, order.judgement)
    return Evidence(sha256=sha256_of(bundle), order_id=order.dossier.order_id, bundle=bundle)


# What lies ahead ---------------------------------------------------------------------------------


def _boxes_to_forecast(
    orders: Sequence[JudgedOrder],
    facts: OrderFacts,
    recordings: Sequence[tuple[RecordingRow, Recording]],
) -> list[Box]:
    packed = {row.consignment_id: row for row in facts.consignments}
    around = surroundings_of(recordings, facts.maintenance)
    return [
        Box(
            dossier=order.dossier,
            file=file,
            packed=packed[file.consignment_id],
            around=around.get(file.consignment_id, ()),
        )
        for order in orders
        for file in order.dossier.consignments
    ]


def _foretell(
    round_: Round, boxes: Sequence[Box], standing: Standing
) -> tuple[Forecasts, list[Event]]:
    """Write forecasts, and return them with the warnings that are new."""
    before = {row.consignment_id: row for row in standing.forecasts}
    made = forecast(
        boxes,
        before,
        now=round_.now,
        every=timedelta(seconds=round_.settings.forecast_interval_s),
    )
    store_writes.write_forecasts(round_.store, made.rows, made.none_for)
    warned = {row.consignment_id for row in standing.forecasts if row.at_risk}
    new = [row for row in made.rows if row.at_risk and row.consignment_id not in warned]
    told = [(row.order_id, warning_of(row)) for row in new]
    return made, [
        Event(type=events.AT_RISK, order_id=order_id, data=data)
        for order_id, data in told
        if data is not None
    ]


def _promises(
    orders: Sequence[JudgedOrder], carried: Mapping[str, Mapping[str, object]], round_: Round
) -> Iterator[Event]:
    """Return what is to be told of promises that have come to be at risk, or are broken."""
    names = {"at_risk": events.PROMISE_AT_RISK, "broken": events.PROMISE_BROKEN}
    for order in orders:
        promise = order.promise(round_.now_ms)
        data = promise_of(order, promise)
        before = carried[order.dossier.order_id]
        is_news = promise.state != before.get("promise") or _is_outrun(promise, before)
        if data is not None and is_news and promise.state in names:
            yield Event(type=names[promise.state], order_id=data.order_id, data=data)


def _is_outrun(promise: Lateness, before: Mapping[str, object]) -> bool:
    """Whether the time that was proposed last can't be kept either."""
    last_ms = before.get("proposed_ms")
    return (
        promise.state == "at_risk"
        and promise.proposed_at_ms is not None
        and isinstance(last_ms, int)
        and promise.proposed_at_ms > last_ms
    )


def _conditions(
    round_: Round,
    orders: Sequence[JudgedOrder],
    standing: Standing,
    verdicts: Sequence[VerdictChange],
    forecasts: Forecasts,
) -> tuple[Condition, ...]:
    plan = round_.documents.alerting_plan
    excused = Excused(standing.excursions, verdicts)
    warnings = forecasts.warnings(standing.forecasts)
    return tuple(
        condition
        for order in orders
        for condition in conditions_of(order, excused, warnings, plan, now_ms=round_.now_ms)
    )


def _next_looks(
    round_: Round, looks: Sequence[Look], orders: Sequence[JudgedOrder], forecasts: Forecasts
) -> dict[Subject, Next]:
    found = {look.subject: Next(look_ms=None) for look in looks}
    carried = {look.id: look.carried for look in looks}
    fresh_ms = round_.now_ms + round(round_.settings.forecast_interval_s * 1000)
    for order in orders:
        promise = order.promise(round_.now_ms)
        times_ms = [order.judgement.look_again_ms, promise.look_again_ms, *order.ends_ms()]
        if forecasts.concern(order.boxes):
            times_ms.append(fresh_ms)
        ahead = [at_ms for at_ms in times_ms if at_ms is not None]
        found[Subject("order", order.dossier.order_id)] = Next(
            look_ms=max(min(ahead), round_.now_ms + 1) if ahead else None,
            carried=_carried(promise, carried[order.dossier.order_id]),
        )
    return found


def _carried(promise: Lateness, before: Mapping[str, object]) -> dict[str, object]:
    """Return what the next look has to know: the state, and the latest time proposed for it."""
    proposed_ms, last_ms = promise.proposed_at_ms, before.get("proposed_ms")
    stays = promise.state == "at_risk" == before.get("promise")
    if stays and isinstance(last_ms, int) and proposed_ms is not None:
        proposed_ms = max(proposed_ms, last_ms)
    return {"promise": promise.state, "proposed_ms": proposed_ms}
