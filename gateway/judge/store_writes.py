"""How is what was found written down?

All of a claim in a few statements: one list a column, JSON as one array of all rows'. Revisions are
only added.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.judge.changes import ExcursionChange, VerdictChange
from gateway.judge.forecasts import ForecastRow
from gateway.judge.ledger import DecisionChange
from gateway.judge.store import Store, as_json, columns_of
from gateway.judge.times import time_of

INSERT_VERDICTS: Final = """
INSERT INTO verdicts (subject_kind, subject_id, revision, order_id, place_id, judged_at, as_of,
                      found_late, is_final, outcome, policy_id, policy_version, policy_sha256,
                      readings, readings_sha256, summary)
SELECT subject_kind, subject_id, revision, order_id, place_id, %(now)s, as_of, found_late, is_final,
       outcome, policy_id, policy_version, policy_sha256, readings, readings_sha256, summary
FROM unnest(
    %(subject_kind)s::text[], %(subject_id)s::text[], %(revision)s::integer[], %(order_id)s::text[],
    %(place_id)s::text[], %(as_of)s::timestamptz[], %(found_late)s::boolean[],
    %(is_final)s::boolean[], %(outcome)s::text[], %(policy_id)s::text[],
    %(policy_version)s::integer[], %(policy_sha256)s::bytea[], %(readings)s::integer[],
    %(readings_sha256)s::bytea[], ARRAY(SELECT jsonb_array_elements(%(summary)s::jsonb)))
    AS new (subject_kind, subject_id, revision, order_id, place_id, as_of, found_late, is_final,
            outcome, policy_id, policy_version, policy_sha256, readings, readings_sha256, summary)
RETURNING subject_kind, subject_id, verdict_id
"""

NEW_EXCURSION_IDS: Final = """
SELECT nextval('excursion_ids') FROM generate_series(1, %(count)s)
"""

INSERT_EXCURSIONS: Final = """
INSERT INTO excursions (excursion_id, revision, verdict_id, subject_kind, subject_id, order_id,
                        place_id, limit_name, side, severity, source, state, from_at, until_at,
                        extreme_c, degree_minutes, duration_s, found_at, found_late)
SELECT excursion_id, revision, verdict_id, subject_kind, subject_id, order_id, place_id, limit_name,
       side, severity, source, state, from_at, until_at, extreme_c, degree_minutes, duration_s,
       %(now)s, found_late
FROM unnest(
    %(excursion_id)s::bigint[], %(revision)s::integer[], %(verdict_id)s::bigint[],
    %(subject_kind)s::text[], %(subject_id)s::text[], %(order_id)s::text[], %(place_id)s::text[],
    %(limit_name)s::text[], %(side)s::text[], %(severity)s::text[], %(source)s::text[],
    %(state)s::text[], %(from_at)s::timestamptz[], %(until_at)s::timestamptz[],
    %(extreme_c)s::real[], %(degree_minutes)s::real[], %(duration_s)s::integer[],
    %(found_late)s::boolean[])
    AS new (excursion_id, revision, verdict_id, subject_kind, subject_id, order_id, place_id,
            limit_name, side, severity, source, state, from_at, until_at, extreme_c,
            degree_minutes, duration_s, found_late)
"""

# ON CONFLICT: the same facts were proved before, and the bundle stands.
INSERT_EVIDENCE: Final = """
INSERT INTO evidence (sha256, order_id, bundle, made_at)
SELECT sha256, order_id, bundle, %(now)s
FROM unnest(%(sha256)s::bytea[], %(order_id)s::text[], %(bundle)s::bytea[])
    AS new (sha256, order_id, bundle)
ON CONFLICT (sha256) DO NOTHING
"""

EVIDENCE_IDS: Final = """
SELECT sha256, evidence_id FROM evidence WHERE sha256 = ANY(%(sha256)s::bytea[])
"""

INSERT_TRIGGERS: Final = """
INSERT INTO triggers (order_id, consignment_id, cause, triggered_at)
SELECT order_id, consignment_id, cause, %(now)s
FROM unnest(%(order_id)s::text[], %(consignment_id)s::text[], %(cause)s::text[])
    AS new (order_id, consignment_id, cause)
RETURNING order_id, cause, trigger_id
"""

INSERT_DECISIONS: Final = """
INSERT INTO trigger_decisions (trigger_id, revision, decided_at, decided_by, outcome, amount, delta,
                               currency, rulebook_id, rulebook_version, clause, reason,
                               needs_review, found_late, evidence_id)
SELECT trigger_id, revision, %(now)s, decided_by, outcome, amount, delta, currency, rulebook_id,
       rulebook_version, clause, reason, needs_review, found_late, evidence_id
FROM unnest(
    %(trigger_id)s::bigint[], %(revision)s::integer[], %(decided_by)s::text[], %(outcome)s::text[],
    %(amount)s::bigint[], %(delta)s::bigint[], %(currency)s::text[], %(rulebook_id)s::text[],
    %(rulebook_version)s::integer[], %(clause)s::text[], %(reason)s::text[],
    %(needs_review)s::boolean[], %(found_late)s::boolean[], %(evidence_id)s::bigint[])
    AS new (trigger_id, revision, decided_by, outcome, amount, delta, currency, rulebook_id,
            rulebook_version, clause, reason, needs_review, found_late, evidence_id)
"""

# One row a box, the newest forecast.
UPSERT_FORECASTS: Final = """
INSERT INTO forecasts (consignment_id, order_id, made_at, leaves_in_s_q10, leaves_in_s_q50,
                       leaves_in_s_q90, chance_within_40_min, side, at_risk, spoil_cost)
SELECT * FROM unnest(
    %(consignment_id)s::text[], %(order_id)s::text[], %(made_at)s::timestamptz[],
    %(leaves_in_s_q10)s::real[], %(leaves_in_s_q50)s::real[], %(leaves_in_s_q90)s::real[],
    %(chance_within_40_min)s::real[], %(side)s::text[], %(at_risk)s::boolean[],
    %(spoil_cost)s::bigint[])
ON CONFLICT (consignment_id) DO UPDATE
SET made_at = EXCLUDED.made_at, leaves_in_s_q10 = EXCLUDED.leaves_in_s_q10,
    leaves_in_s_q50 = EXCLUDED.leaves_in_s_q50, leaves_in_s_q90 = EXCLUDED.leaves_in_s_q90,
    chance_within_40_min = EXCLUDED.chance_within_40_min, side = EXCLUDED.side,
    at_risk = EXCLUDED.at_risk, spoil_cost = EXCLUDED.spoil_cost
"""

# Nothing is foretold of a box that is delivered, or of which too little is known now.
DELETE_FORECASTS: Final = """
DELETE FROM forecasts WHERE consignment_id = ANY(%(consignment_ids)s)
"""

INSERT_EVENTS: Final = """
INSERT INTO events (at, type, order_id, data)
SELECT %(now)s, type, order_id, data
FROM unnest(%(type)s::text[], %(order_id)s::text[],
            ARRAY(SELECT jsonb_array_elements(%(data)s::jsonb)))
    AS new (type, order_id, data)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenExcursion:
    """A revision of an excursion that was written, with the verdict it belongs to."""

    excursion_id: int
    verdict: VerdictChange
    change: ExcursionChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A bundle that proves what was found of an order."""

    sha256: bytes
    order_id: str
    bundle: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDecision:
    """An entry of the ledger that was written."""

    trigger_id: int
    change: DecisionChange
    evidence_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A row of `events`; `data` is one of `schemas.events`."""

    type: str
    order_id: str | None
    data: object


def write_verdicts(
    store: Store,
    changes: Sequence[VerdictChange],
    policy_sha256: Mapping[tuple[str, int], bytes],
    now: datetime,
) -> list[WrittenExcursion]:
    """Write new revisions of verdicts and their excursions; return the excursions with ids."""
    if not changes:
        return []
    found = [change.found for change in changes]
    subjects = {
        "subject_kind": [f.kind for f in found],
        "subject_id": [f.subject_id for f in found],
        "order_id": [f.order_id for f in found],
        "place_id": [f.place_id for f in found],
    }
    policies = [f.policy for f in found]
    rows = store.rows(
        INSERT_VERDICTS,
        subjects
        | columns_of(changes, ("revision", "found_late"))
        | columns_of(found, ("is_final", "readings", "readings_sha256"))
        | columns_of(policies, ("policy_id",))
        | {
            "now": now,
            "as_of": [time_of(f.as_of_ms) for f in found],
            "outcome": [f.judgement.outcome for f in found],
            "policy_version": [policy.version for policy in policies],
            "policy_sha256": [policy_sha256[p.policy_id, p.version] for p in policies],
            "summary": as_json([change.summary for change in changes]),
        },
    )
    verdict_ids = {(kind, subject_id): verdict_id for kind, subject_id, verdict_id in rows}
    return _write_excursions(store, changes, verdict_ids, now)


def _write_excursions(
    store: Store,
    changes: Sequence[VerdictChange],
    verdict_ids: Mapping[tuple[str, str], int],
    now: datetime,
) -> list[WrittenExcursion]:
    pairs = [(verdict, change) for verdict in changes for change in verdict.excursions]
    if not pairs:
        return []
    new = sum(change.excursion_id is None for _, change in pairs)
    fresh = iter([row[0] for row in store.rows(NEW_EXCURSION_IDS, {"count": new})])
    written = [
        WrittenExcursion(
            excursion_id=next(fresh) if change.excursion_id is None else change.excursion_id,
            verdict=verdict,
            change=change,
        )
        for verdict, change in pairs
    ]
    found = [verdict.found for verdict, _ in pairs]
    names = (
        "subject_id", "revision", "limit_name", "side", "severity", "source", "state", "from_at",
        "until_at", "extreme_c", "degree_minutes", "duration_s", "found_late",
    )  # fmt: skip
    store.execute(
        INSERT_EXCURSIONS,
        columns_of([change for _, change in pairs], names)
        | columns_of(written, ("excursion_id",))
        | columns_of(found, ("order_id", "place_id"))
        | {
            "now": now,
            "subject_kind": [f.kind for f in found],
            "verdict_id": [verdict_ids[f.kind, f.subject_id] for f in found],
        },
    )
    return written


def write_evidence(store: Store, evidence: Sequence[Evidence], now: datetime) -> dict[bytes, int]:
    """Keep bundles; return their ids by hash."""
    if not evidence:
        return {}
    columns = columns_of(evidence, ("sha256", "order_id")) | {
        "bundle": [zlib.compress(kept.bundle) for kept in evidence],
        "now": now,
    }
    store.execute(INSERT_EVIDENCE, columns)
    return dict(store.rows(EVIDENCE_IDS, {"sha256": columns["sha256"]}))


def write_decisions(
    store: Store,
    changes: Sequence[DecisionChange],
    evidence_of: Mapping[str, tuple[bytes, int]],
    now: datetime,
) -> list[WrittenDecision]:
    """Add entries to the ledger; `evidence_of` is hash and id by order."""
    if not changes:
        return []
    new = [change for change in changes if change.trigger_id is None]
    rows = store.rows(
        INSERT_TRIGGERS,
        {
            "now": now,
            "order_id": [change.order_id for change in new],
            "consignment_id": [change.decision.consignment_id for change in new],
            "cause": [change.decision.cause for change in new],
        },
    )
    ids = {(order_id, cause): trigger_id for order_id, cause, trigger_id in rows}
    trigger_ids = [
        ids[change.order_id, change.decision.cause]
        if change.trigger_id is None
        else change.trigger_id
        for change in changes
    ]
    names = ("decided_by", "outcome", "amount", "currency", "clause", "reason", "needs_review")
    store.execute(
        INSERT_DECISIONS,
        columns_of(changes, ("revision", "delta", "rulebook_id", "rulebook_version", "found_late"))
        | columns_of([change.decision for change in changes], names)
        | {
            "now": now,
            "trigger_id": trigger_ids,
            "evidence_id": [evidence_of[change.order_id][1] for change in changes],
        },
    )
    return [
        WrittenDecision(
            trigger_id=trigger_id,
            change=change,
            evidence_sha256=evidence_of[change.order_id][0],
        )
        for trigger_id, change in zip(trigger_ids, changes, strict=True)
    ]


def write_forecasts(store: Store, rows: Sequence[ForecastRow], none_for: Sequence[str]) -> None:
    """Keep the newest forecast of each box; forget those of boxes that have none now."""
    if none_for:
        store.execute(DELETE_FORECASTS, {"consignment_ids": list(none_for)})
    if rows:
        names = (
            "consignment_id", "order_id", "made_at", "leaves_in_s_q10", "leaves_in_s_q50",
            "leaves_in_s_q90", "chance_within_40_min", "side", "at_risk", "spoil_cost",
        )  # fmt: skip
        store.execute(UPSERT_FORECASTS, columns_of(rows, names))


def write_events(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Append events, and wake those who listen once this commits."""
    if not events:
        return
    columns = columns_of(events, ("type", "order_id")) | {
        "data": as_json([event.data for event in events]),
        "now": now,
    }
    store.execute(INSERT_EVENTS, columns)
    store.notify()
