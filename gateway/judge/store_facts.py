"""What is known of some orders, and what was found of them before?

Each statement takes all orders of a claim at once: a query a kind of fact, none an order.
"""

from collections.abc import Mapping, Sequence
from typing import Final, LiteralString

from gateway.judge.facts import (
    ClosingRow,
    ComplaintRow,
    ConsignmentRow,
    HandoverRow,
    MaintenanceRow,
    OrderFacts,
    OrderRow,
    RecordingRow,
    ReviewRow,
    Standing,
    StandingDecision,
    StandingExcursion,
    StandingForecast,
    StandingVerdict,
)
from gateway.judge.store import Store

# What the dispatcher promised holds, else what the order came with; of estimates the newest.
ORDERS: Final = """
SELECT o.order_id, o.member_level, o.time_zone, o.currency, o.delivery_fee, o.placed_at,
       COALESCE(p.due_at, o.due_at) AS due_at, e.arrives_at, e.latest_at, d.service_s,
       EXISTS (SELECT FROM plan_unserved u WHERE u.city_id = d.city_id
               AND u.order_id = o.order_id AND u.to_version IS NULL)
       OR EXISTS (SELECT FROM handovers b  -- its vehicle brought it back, and nobody refused it
                  WHERE b.order_id = o.order_id AND b.step = 'returned' AND b.consignment_id IS NULL
                    AND NOT EXISTS (SELECT FROM handovers h WHERE h.order_id = b.order_id
                                    AND (h.step = 'refused' OR h.at > b.at
                                         AND h.step IN ('loaded', 'departed'))))
           AS is_left_behind,
       m.delivered_at, m.cancelled_at, m.packed_at, m.departed_at
FROM orders o
LEFT JOIN promises p USING (order_id)
LEFT JOIN deliveries d USING (order_id)
LEFT JOIN LATERAL (
    SELECT arrives_at, latest_at FROM arrival_estimates a
    WHERE a.order_id = o.order_id ORDER BY estimated_at DESC LIMIT 1
) e ON true
CROSS JOIN LATERAL (
    SELECT min(at) FILTER (WHERE milestone = 'delivered') AS delivered_at,
           min(at) FILTER (WHERE milestone = 'cancelled') AS cancelled_at,
           min(at) FILTER (WHERE milestone = 'packed') AS packed_at,
           min(at) FILTER (WHERE milestone = 'departed') AS departed_at
    FROM milestones WHERE milestones.order_id = o.order_id
) m
WHERE o.order_id = ANY(%(order_ids)s)
"""

CONSIGNMENTS: Final = """
SELECT c.order_id, c.consignment_id, c.zone, c.policy_id, c.policy_version, c.goods_value,
       LEAST((SELECT min(lower(during)) FROM bindings b WHERE b.consignment_id = c.consignment_id),
             (SELECT min(lower(during)) FROM stays s WHERE s.consignment_id = c.consignment_id))
           AS begun_at,
       c.closed_at, p.packed_at, p.box_material, p.wall_w_per_k, p.pack_kind, p.pack_kg,
       p.product_kg
FROM consignments c
LEFT JOIN packings p USING (consignment_id)
WHERE c.order_id = ANY(%(order_ids)s)
"""

HANDOVERS: Final = """
SELECT order_id, consignment_id, step, at, place_id, person, temperature_c
FROM handovers
WHERE order_id = ANY(%(order_ids)s)
"""

COMPLAINTS: Final = """
SELECT order_id, complaint_id, consignment_id, about, severity, at, amount, answered_at
FROM complaints
WHERE order_id = ANY(%(order_ids)s)
"""

REVIEWS: Final = """
SELECT t.order_id, t.cause, r.at, r.by, r.decision, r.amount
FROM trigger_reviews r
JOIN triggers t USING (trigger_id)
WHERE t.order_id = ANY(%(order_ids)s)
"""

# Which loggers measured the boxes, and the places where they stood while they stood there.
RECORDINGS: Final = """
SELECT c.consignment_id AS subject_id, b.logger_id, NULL AS place_id, NULL AS place_name,
       lower(b.during) AS from_at, LEAST(upper(b.during), c.closed_at) AS until_at,
       h.logger_key, h.counter_wrap, l.record_interval_s, true AS fills
FROM consignments c
JOIN bindings b USING (consignment_id)
JOIN loggers l USING (logger_id)
LEFT JOIN heard_loggers h USING (logger_id)
WHERE c.order_id = ANY(%(order_ids)s)
UNION ALL
SELECT c.consignment_id, b.logger_id, p.place_id, p.name,
       GREATEST(lower(b.during), lower(s.during)),
       LEAST(upper(b.during), upper(s.during), c.closed_at),
       h.logger_key, h.counter_wrap, l.record_interval_s, p.zone = c.zone
FROM consignments c
JOIN stays s USING (consignment_id)
JOIN places p USING (place_id)
JOIN bindings b ON b.place_id = s.place_id AND b.during && s.during
JOIN loggers l USING (logger_id)
LEFT JOIN heard_loggers h USING (logger_id)
WHERE c.order_id = ANY(%(order_ids)s)
"""

MAINTENANCE: Final = """
SELECT place_id, logger_id, lower(during) AS from_at, upper(during) AS until_at
FROM maintenance
WHERE place_id = ANY(%(place_ids)s) OR logger_id = ANY(%(logger_ids)s)
"""

CLOSINGS: Final = """
SELECT DISTINCT e.subject_id, c.at
FROM excursion_closings c
JOIN excursions e USING (excursion_id)
WHERE e.order_id = ANY(%(order_ids)s)
"""

VERDICTS: Final = """
SELECT subject_id, revision, summary->>'digest' AS digest
FROM current_verdicts
WHERE order_id = ANY(%(order_ids)s)
"""

_EXCURSION: Final[LiteralString] = """
SELECT excursion_id, revision, subject_id, limit_name, side, severity, source, state, from_at,
       until_at, extreme_c, degree_minutes, duration_s, found_late
FROM current_excursions
"""

EXCURSIONS: Final = f"{_EXCURSION} WHERE order_id = ANY(%(order_ids)s)"

DECISIONS: Final = """
SELECT d.order_id, d.cause, d.trigger_id, d.revision, d.consignment_id, d.outcome, d.amount,
       d.currency, d.rulebook_id, d.rulebook_version, d.clause, d.reason, d.needs_review,
       d.decided_by, d.found_late, e.sha256 AS evidence_sha256
FROM current_decisions d
JOIN evidence e USING (evidence_id)
WHERE d.order_id = ANY(%(order_ids)s)
"""

FORECASTS: Final = """
SELECT f.consignment_id, f.made_at, f.side, f.leaves_in_s_q50, f.at_risk
FROM forecasts f
JOIN consignments c USING (consignment_id)
WHERE c.order_id = ANY(%(order_ids)s)
"""


def order_facts(store: Store, order_ids: Sequence[str]) -> OrderFacts:
    """Return all that is known of these orders, readings excepted."""
    key = {"order_ids": list(order_ids)}
    recordings = store.all_as(RecordingRow, RECORDINGS, key)
    return OrderFacts(
        orders=store.all_as(OrderRow, ORDERS, key),
        consignments=store.all_as(ConsignmentRow, CONSIGNMENTS, key),
        handovers=store.all_as(HandoverRow, HANDOVERS, key),
        complaints=store.all_as(ComplaintRow, COMPLAINTS, key),
        reviews=store.all_as(ReviewRow, REVIEWS, key),
        recordings=recordings,
        maintenance=maintenance_of(store, recordings),
        closings=store.all_as(ClosingRow, CLOSINGS, key),
    )


def maintenance_of(store: Store, recordings: Sequence[RecordingRow]) -> list[MaintenanceRow]:
    """Return the planned work on these loggers, and on the places where they are."""
    about: Mapping[str, object] = {
        "place_ids": list({row.place_id for row in recordings if row.place_id}),
        "logger_ids": list({row.logger_id for row in recordings}),
    }
    return store.all_as(MaintenanceRow, MAINTENANCE, about)


def standing_of_orders(store: Store, order_ids: Sequence[str]) -> Standing:
    """Return what was found of these orders before."""
    key = {"order_ids": list(order_ids)}
    return Standing(
        verdicts=store.all_as(StandingVerdict, VERDICTS, key),
        excursions=store.all_as(StandingExcursion, EXCURSIONS, key),
        decisions=store.all_as(StandingDecision, DECISIONS, key),
        forecasts=store.all_as(StandingForecast, FORECASTS, key),
    )
