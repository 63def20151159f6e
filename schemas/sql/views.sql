-- How others read what a folder writes. Re-run at each migration: dropped first, so that a view may
-- change its columns.

DROP VIEW IF EXISTS latest_positions, heard_readings, latest_readings, known_loggers, logger_keys,
    schema_level, current_verdicts, current_excursions, current_decisions,
    box_findings, box_limits, failed_compartments, placed_stops;

-- For a curve: constants for logger_id and measured_at reach the primary key of readings.
CREATE VIEW heard_readings AS
SELECT l.logger_id, l.logger_key, l.counter_wrap, r.measured_at, r.temperature_c, r.humidity_pct,
       r.battery_mv, r.rssi_dbm, r.sequence, r.source, r.clock, r.boot_key
FROM heard_loggers l
JOIN readings r USING (logger_key);

CREATE VIEW latest_readings AS
SELECT l.logger_id, l.logger_key, t.measured_at, t.stored_at, t.temperature_c, t.humidity_pct,
       t.battery_mv, t.rssi_dbm, t.sequence
FROM heard_loggers l
JOIN latest t USING (logger_key);

-- Registered, heard, or both. Unassigned: heard, and nobody registered it.
CREATE VIEW known_loggers AS
SELECT COALESCE(l.logger_id, h.logger_id) AS logger_id, h.logger_key, h.frame_format,
       h.counter_wrap, h.first_heard_at, l.label, l.model, l.record_interval_s, l.registered_at,
       l.calibration_due_at,
       l.logger_id IS NULL AS unassigned
FROM loggers l
FULL JOIN heard_loggers h USING (logger_id);

-- Where each edge was last, and on which vehicle it rides; two that were given the same edge by
-- mistake both have its position.
CREATE VIEW latest_positions AS
SELECT v.vehicle_id, v.city_id, v.gateway_id, p.at, p.lat_deg, p.lon_deg, p.speed_m_s,
       p.accuracy_m, p.stored_at
FROM vehicles v
CROSS JOIN LATERAL (
    SELECT * FROM positions
    WHERE positions.gateway_id = v.gateway_id
    ORDER BY at DESC LIMIT 1
) p;

-- From a logger's id to its key: an index serves it, unlike the full join above.
CREATE VIEW logger_keys AS
SELECT logger_id, logger_key, counter_wrap
FROM heard_loggers;

-- The newest migration that ran, for processes that ask whether they can serve.
CREATE VIEW schema_level AS
SELECT max(number) AS number
FROM schema_migrations;

-- What gateway found, in its newest revision. Not DISTINCT ON: a condition on the order must reach
-- its index.
CREATE VIEW current_verdicts AS
SELECT v.*
FROM verdicts v
WHERE NOT EXISTS (
    SELECT FROM verdicts n
    WHERE n.subject_kind = v.subject_kind AND n.subject_id = v.subject_id
      AND n.revision > v.revision
);

CREATE VIEW current_excursions AS
SELECT e.*
FROM excursions e
WHERE NOT EXISTS (
    SELECT FROM excursions n WHERE n.excursion_id = e.excursion_id AND n.revision > e.revision
);

CREATE VIEW current_decisions AS
SELECT t.order_id, t.consignment_id, t.cause, t.triggered_at, d.*
FROM trigger_decisions d
JOIN triggers t USING (trigger_id)
WHERE NOT EXISTS (
    SELECT FROM trigger_decisions n
    WHERE n.trigger_id = d.trigger_id AND n.revision > d.revision
);

-- For dispatch: since when a box is too warm, and whether its goods are spoilt. What only a place's
-- logger shows says nothing of one box.
CREATE VIEW box_findings AS
SELECT subject_id AS consignment_id,
       min(from_at) FILTER (WHERE state = 'open' AND side = 'upper') AS left_at,
       bool_or(severity = 'critical') AS is_spoilt
FROM current_excursions
WHERE subject_kind = 'consignment' AND source = 'box' AND state <> 'withdrawn'
GROUP BY subject_id;

-- For dispatch: the range of each box's own policy, the lowest limit beyond which its goods spoil,
-- and for how long they bear that. A policy of the first migration has no document, and names no
-- such limit.
CREATE VIEW box_limits AS
SELECT c.consignment_id, p.lower_c, p.upper_c, lowest.spoils_c, lowest.spoils_after_s
FROM consignments c
JOIN policies p ON (p.policy_id, p.version) = (c.policy_id, c.policy_version)
LEFT JOIN LATERAL (
    SELECT (each ->> 'limit_c')::double precision AS spoils_c,
           (each ->> 'duration_s')::double precision AS spoils_after_s
    FROM jsonb_array_elements(p.document -> 'limits') AS each
    WHERE each ->> 'side' = 'upper' AND each ->> 'severity' = 'critical'
    ORDER BY 1, 2 LIMIT 1
) lowest ON true;

-- For dispatch: places whose cooling has failed, by their own air. An alert that has ceased is no
-- unit that was mended until it is resolved: cold goods cool a dead compartment for minutes.
CREATE VIEW failed_compartments AS
SELECT place_id, raised_at AS since, ceased_at
FROM alerts
WHERE kind = 'reefer_failed' AND place_id IS NOT NULL AND resolved_at IS NULL;

-- For whoever shows a plan: each stop with where it is (meeting, depot, locker or door), and what its
-- order was promised, else placed with.
CREATE VIEW placed_stops AS
SELECT s.vehicle_id, s.city_id, s.trip, s.position, s.kind, s.order_id, s.depot_id, s.to_locker,
       s.arrives_at, s.earliest_at, s.latest_at, s.leaves_at, s.locked,
       s.from_version, s.to_version,
       CASE WHEN s.kind = 'deliver' THEN COALESCE(m.due_at, o.due_at) END AS due_at,
       COALESCE(s.lat_deg, w.lat_deg, CASE WHEN s.to_locker THEN k.lat_deg ELSE d.lat_deg END)
           AS lat_deg,
       COALESCE(s.lon_deg, w.lon_deg, CASE WHEN s.to_locker THEN k.lon_deg ELSE d.lon_deg END)
           AS lon_deg
FROM plan_stops s
LEFT JOIN promises m USING (order_id)
LEFT JOIN orders o USING (order_id)
LEFT JOIN deliveries d USING (order_id)
LEFT JOIN lockers k ON k.locker_id = d.locker_id
LEFT JOIN depots w ON w.depot_id = s.depot_id;
