"""Which SQL does a dispatcher run to have its city, and to see all of it at one moment?

One constant a statement; `store.py` and `store_read.py` run them. Times are parameters. What was
written stands in `store_write.py`.
"""

from typing import Final

# Who has the city ---------------------------------------------------------------------------------

TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%(lock_class)s::integer, %(city_key)s::integer)"

# Advisory locks with two keys have objsubid 2 (pg_locks). Silent: how long ago, by the server's own
# clock, the holder's connection last began or ended a statement.
LOCK_HOLDER: Final = """
SELECT a.application_name AS name, a.backend_start AS since,
       extract(epoch FROM statement_timestamp() - a.state_change)::double precision AS silent_s
FROM pg_locks l
JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.classid = %(lock_class)s::integer::oid
  AND l.objid = %(city_key)s::integer::oid AND l.objsubid = 2 AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

# Waits up to 5 s for the end, so that the lock is free afterwards.
END_SILENT: Final = """
SELECT pg_terminate_backend(l.pid, 5000)
FROM pg_locks l
JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.classid = %(lock_class)s::integer::oid
  AND l.objid = %(city_key)s::integer::oid AND l.objsubid = 2 AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.pid <> pg_backend_pid()
  AND statement_timestamp() - a.state_change > make_interval(secs => %(silent_s)s)
"""

# Whether a step `h` is about all of its order: what was said of one box is so once none is open any
# more.
_IS_OF_ALL: Final = """(h.consignment_id IS NULL OR NOT EXISTS (
    SELECT FROM consignments c WHERE c.order_id = h.order_id AND c.closed_at IS NULL
))"""

# When an order `d` went back. What is handed out again afterwards is under way again.
_WENT_BACK_AT: Final = f"""(
    SELECT CASE WHEN h.step IN ('refused', 'returned') THEN h.at END
    FROM handovers h
    WHERE h.order_id = d.order_id
      AND (h.step IN ('loaded', 'departed')
           OR h.step IN ('refused', 'returned') AND {_IS_OF_ALL})
    ORDER BY h.at DESC, h.handover_id DESC LIMIT 1
)"""  # noqa: S608  # of constants

# The city and what it has -------------------------------------------------------------------------

CITY: Final = "SELECT city_id, time_zone, policy FROM cities WHERE city_id = %(city_id)s"

# What was promised since a zone was counted is taken from the count. The cancelled give it back.
# What left within this hour has taken its part of it though it has been brought since.
DEPOTS: Final = """
SELECT d.depot_id AS id, d.kind, d.lat_deg, d.lon_deg, d.picking_s, d.orders_per_hour,
       stock.stock_g, ended.orders AS ended_this_hour
FROM depots d
JOIN cities c USING (city_id)
CROSS JOIN LATERAL (
    SELECT count(*)::integer AS orders
    FROM deliveries w
    JOIN promises p USING (order_id)
    WHERE d.orders_per_hour IS NOT NULL AND p.depot_id = d.depot_id
      AND w.city_id = d.city_id AND w.requested_at > %(shifts_from)s
      AND EXISTS (
          SELECT FROM milestones m
          WHERE m.order_id = w.order_id AND m.milestone = ANY(%(last)s)
      )
      AND (SELECT max(h.at) FROM handovers h WHERE h.order_id = w.order_id AND h.step = 'departed')
          >= date_trunc('hour', %(now)s::timestamptz, c.time_zone)
) ended
LEFT JOIN (
    SELECT depot_id, jsonb_object_agg(zone, left_g) AS stock_g
    FROM (
        SELECT s.depot_id, s.zone, GREATEST(0, s.available_g - COALESCE(sum(
                   CASE s.zone WHEN 'frozen' THEN p.frozen_g
                               WHEN 'chilled' THEN p.chilled_g ELSE p.ambient_g END), 0)) AS left_g
        FROM depot_stock s
        LEFT JOIN (
            SELECT p.depot_id, p.decided_at, w.frozen_g, w.chilled_g, w.ambient_g
            FROM promises p
            JOIN deliveries w USING (order_id)
            WHERE p.city_id = %(city_id)s AND p.state = 'promised'
              AND NOT EXISTS (
                  SELECT FROM milestones m
                  WHERE m.order_id = p.order_id AND m.milestone = 'cancelled'
              )
        ) p ON p.depot_id = s.depot_id AND p.decided_at > s.counted_at
        GROUP BY s.depot_id, s.zone
    ) counted
    GROUP BY depot_id
) stock USING (depot_id)
WHERE d.city_id = %(city_id)s AND (d.closed_at IS NULL OR d.closed_at > %(now)s)
ORDER BY d.depot_id
"""

# A compartment is taken from the promise until the order's journey ends.
LOCKERS: Final = f"""
SELECT l.locker_id AS id, l.lat_deg, l.lon_deg,
       GREATEST(0, l.compartments - COALESCE(taken.orders, 0))::integer AS free
FROM lockers l
LEFT JOIN (
    SELECT COALESCE(p.offers -> a.offer ->> 'locker_id', d.locker_id) AS locker_id,
           count(*) AS orders
    FROM deliveries d
    JOIN promises p USING (order_id)
    LEFT JOIN offer_answers a USING (order_id)
    WHERE d.city_id = %(city_id)s AND d.requested_at > %(since)s AND p.state = 'promised'
      AND (d.wish = 'locker' OR p.offers -> a.offer ->> 'locker_id' IS NOT NULL)
      AND NOT EXISTS (
          SELECT FROM milestones m
          WHERE m.order_id = d.order_id AND m.milestone = ANY(%(last)s)
      )
      AND {_WENT_BACK_AT} IS NULL
    GROUP BY 1
) taken USING (locker_id)
WHERE l.city_id = %(city_id)s AND (l.closed_at IS NULL OR l.closed_at > %(now)s)
ORDER BY l.locker_id
"""  # noqa: S608  # of constants

# With its newest fix that is not of the future: a receiver's clock may be wrong.
VEHICLES: Final = """
SELECT v.vehicle_id, v.depot_id, v.kind, v.role, v.mode, v.frozen_g, v.chilled_g, v.ambient_g,
       v.range_m, v.max_trips, v.reload_s, v.door_s, v.returns, v.fixed_cost, v.cost_per_km,
       v.cost_per_h, v.cost_per_order, v.gateway_id, v.frozen_place_id, v.chilled_place_id,
       v.ambient_place_id, p.at, p.lat_deg, p.lon_deg, p.speed_m_s
FROM vehicles v
LEFT JOIN LATERAL (
    SELECT at, lat_deg, lon_deg, speed_m_s
    FROM positions
    WHERE gateway_id = v.gateway_id AND at <= %(now)s
    ORDER BY at DESC LIMIT 1
) p ON true
WHERE v.city_id = %(city_id)s AND (v.retired_at IS NULL OR v.retired_at > %(now)s)
ORDER BY v.vehicle_id
"""

SHIFTS: Final = """
SELECT s.vehicle_id, s.from_at, s.until_at, s.drivers, s.breaks
FROM shifts s
JOIN vehicles v USING (vehicle_id)
WHERE v.city_id = %(city_id)s AND s.cancelled_at IS NULL
  AND s.until_at > %(shifts_from)s AND s.from_at < %(shifts_until)s
ORDER BY s.vehicle_id, s.from_at
"""

# Of each vehicle whose edge has sent something new: what it sent, and what led there.
TRACKS: Final = """
SELECT v.vehicle_id, p.at, p.lat_deg, p.lon_deg, p.speed_m_s
FROM vehicles v
JOIN LATERAL (
    SELECT min(at) AS oldest_at
    FROM positions
    WHERE gateway_id = v.gateway_id AND stored_at > %(stored_since)s
) new ON new.oldest_at IS NOT NULL
JOIN positions p
  ON p.gateway_id = v.gateway_id AND p.at >= new.oldest_at - %(look_back)s AND p.at <= %(now)s
WHERE v.city_id = %(city_id)s
ORDER BY v.vehicle_id, p.at
"""

# The newest thing that a dispatcher wrote: whoever it was had looked at what was stored by then.
LAST_WRITTEN: Final = """
SELECT GREATEST(
    (SELECT made_at FROM plans WHERE city_id = %(city_id)s ORDER BY version DESC LIMIT 1),
    (SELECT max(arrived_at) FROM stop_visits WHERE city_id = %(city_id)s)
)
"""

# Until when positions are stored, for the next look.
STORED_UNTIL: Final = """
SELECT max(p.stored_at)
FROM positions p
JOIN vehicles v USING (gateway_id)
WHERE v.city_id = %(city_id)s AND p.stored_at > %(stored_since)s
"""

# Orders -------------------------------------------------------------------------------------------

# Those that wait for an answer or were promised, until their journey has ended and the plan is rid
# of them. An offer that nobody has answered, and what is impossible, are not ours to act on. The
# few that are meant are picked first: two weeks of ended orders are not to be summed up each look.
ORDERS: Final = f"""
WITH meant AS (
    SELECT order_id
    FROM deliveries w
    WHERE city_id = %(city_id)s AND requested_at > %(since)s
      AND NOT EXISTS (
          SELECT FROM milestones e
          WHERE e.order_id = w.order_id AND e.milestone = ANY(%(last)s)
      )
    UNION
    SELECT unnest(%(planned)s::text[])
)
SELECT d.order_id, o.member_level, d.tier_h, d.lat_deg, d.lon_deg, d.frozen_g, d.chilled_g,
       d.ambient_g, d.service_s, o.placed_at, d.requested_at, d.wish, d.window_from, d.window_until,
       d.locker_id, o.delivery_fee, p.state AS promise, p.due_at, p.not_before, p.depot_id,
       p.alternates, p.offers, CASE WHEN a.answered_at >= p.decided_at THEN a.offer END AS offer,
       CASE WHEN p.state = 'promised' THEN p.offers -> a.offer END AS promised_offer,
       m.delivered_at, m.ended_at, m.next_stop_at, m.arriving_at
FROM meant
JOIN deliveries d USING (order_id)
JOIN orders o USING (order_id)
LEFT JOIN promises p USING (order_id)
LEFT JOIN offer_answers a USING (order_id)
CROSS JOIN LATERAL (
    SELECT min(at) FILTER (WHERE milestone = 'delivered') AS delivered_at,
           COALESCE(min(at) FILTER (WHERE milestone = ANY(%(last)s)), {_WENT_BACK_AT}) AS ended_at,
           min(at) FILTER (WHERE milestone = 'next_stop') AS next_stop_at,
           min(at) FILTER (WHERE milestone = 'arriving') AS arriving_at
    FROM milestones WHERE milestones.order_id = d.order_id
) m
WHERE d.city_id = %(city_id)s AND d.requested_at > %(since)s
  AND (m.ended_at IS NULL AND (p.state IS NULL OR p.state = 'promised'
                               OR p.state = 'offered' AND a.offer IS NOT NULL
                                  AND a.answered_at >= p.decided_at)
       OR d.order_id = ANY(%(planned)s))
ORDER BY d.requested_at, d.order_id
"""  # noqa: S608  # of constants

HANDOVERS: Final = f"""
SELECT h.order_id, h.step, h.at, h.place_id
FROM handovers h
WHERE h.order_id = ANY(%(order_ids)s)
  AND (h.step IN ('packed', 'loaded', 'departed', 'arrived')
       OR h.step IN ('refused', 'returned') AND {_IS_OF_ALL})
ORDER BY h.order_id, h.at, h.handover_id
"""  # noqa: S608  # of constants

# Whose orders they were by the newest plan that brought them, when they were loaded.
PLANNED_THEN: Final = """
SELECT DISTINCT ON (order_id) s.order_id, s.vehicle_id
FROM unnest(%(order_ids)s::text[], %(at)s::timestamptz[]) AS loaded (order_id, at)
JOIN plan_stops s USING (order_id)
JOIN plans p ON p.city_id = s.city_id AND p.version = s.from_version
WHERE s.city_id = %(city_id)s AND s.kind = 'deliver' AND p.made_at <= loaded.at
ORDER BY order_id, s.from_version DESC
"""

# With the limits of its policy, and the judge's word: its forecast, whether it is out of its zone.
BOXES: Final = """
SELECT c.order_id, c.consignment_id AS id, c.zone, COALESCE(c.goods_value, 0) AS goods_value,
       k.packed_at, k.box_material, k.wall_w_per_k, k.pack_kind, k.pack_kg, k.product_kg,
       b.lower_c, b.upper_c, b.spoils_c, b.spoils_after_s,
       f.made_at, f.leaves_in_s_q10, f.leaves_in_s_q50, f.leaves_in_s_q90,
       f.chance_within_40_min, f.at_risk, f.spoil_cost,
       e.left_at, COALESCE(e.is_spoilt, false) AS has_left_range
FROM consignments c
JOIN box_limits b USING (consignment_id)
LEFT JOIN packings k USING (consignment_id)
LEFT JOIN forecasts f USING (consignment_id)
LEFT JOIN LATERAL (
    SELECT left_at, is_spoilt FROM box_findings o WHERE o.consignment_id = c.consignment_id
) e ON true
WHERE c.order_id = ANY(%(order_ids)s) AND c.closed_at IS NULL
ORDER BY c.order_id, c.consignment_id
"""

# The newest word on each box; the chance is that of the option that was chosen.
RESCUES: Final = """
SELECT DISTINCT ON (consignment_id) order_id, consignment_id, cause, chosen, decided_at,
       COALESCE((
           SELECT min((option->>'spoil_chance')::double precision)
           FROM jsonb_array_elements(options) AS option
           WHERE option->>'action' = chosen
       ), 0) AS spoil_chance
FROM rescues
WHERE city_id = %(city_id)s AND decided_at > %(visits_from)s
ORDER BY consignment_id, decided_at DESC, rescue_id DESC
"""

# Alerts that stood for some minutes at least: shorter ones were open doors, or a defrost.
FAILED_PLACES: Final = """
SELECT f.place_id, f.since
FROM failed_compartments f
JOIN vehicles v ON f.place_id IN (v.frozen_place_id, v.chilled_place_id, v.ambient_place_id)
WHERE v.city_id = %(city_id)s AND COALESCE(f.ceased_at, %(now)s) - f.since >= %(sure_after)s
ORDER BY f.place_id
"""

ESTIMATES: Final = """
SELECT DISTINCT ON (order_id) order_id, arrives_at, earliest_at, latest_at
FROM arrival_estimates
WHERE order_id = ANY(%(order_ids)s)
ORDER BY order_id, estimated_at DESC
"""

# The plan and people's words ----------------------------------------------------------------------

PLAN: Final = """
SELECT p.version, p.made_at, p.pins_cost, s.made_at AS searched_at, s.why, (
    SELECT min(i.made_at) FROM plans i
    WHERE i.city_id = p.city_id AND i.version > COALESCE(s.version, 0)
) AS inserted_at
FROM plans p
LEFT JOIN LATERAL (
    SELECT version, made_at, why FROM plans
    WHERE city_id = p.city_id AND engine <> 'insertion'
    ORDER BY version DESC LIMIT 1
) s ON true
WHERE p.city_id = %(city_id)s
ORDER BY p.version DESC LIMIT 1
"""

STOPS: Final = """
SELECT vehicle_id, trip, position, kind, order_id, depot_id, to_locker, arrives_at, earliest_at,
       latest_at, leaves_at, locked, lat_deg, lon_deg
FROM plan_stops
WHERE city_id = %(city_id)s AND to_version IS NULL
ORDER BY vehicle_id, trip, position, stop_id
"""

UNSERVED: Final = """
SELECT order_id, reason, sentence, remedy
FROM plan_unserved
WHERE city_id = %(city_id)s AND to_version IS NULL
ORDER BY order_id
"""

PINS: Final = """
SELECT order_id, kind, vehicle_id, hold_until, price, by
FROM pins
WHERE city_id = %(city_id)s AND to_version IS NULL
ORDER BY order_id, kind
"""

DISRUPTIONS: Final = """
SELECT disruption_id AS id, kind, vehicle_id, details, from_at, until_at, recorded_at
FROM disruptions
WHERE city_id = %(city_id)s AND (until_at IS NULL OR until_at > %(disruptions_from)s)
ORDER BY from_at, disruption_id
"""

COMMANDS: Final = """
SELECT c.command_id AS id, c.base_version, c.kind, c.order_id, c.vehicle_id, c.hold_until,
       c.undo_version, c.commanded_by AS by, c.commanded_at AS at
FROM dispatch_commands c
WHERE c.city_id = %(city_id)s
  AND NOT EXISTS (SELECT FROM command_outcomes o WHERE o.command_id = c.command_id)
ORDER BY c.commanded_at, c.command_id
"""

VISITS: Final = """
SELECT vehicle_id, order_id, depot_id, arrived_at, left_at, source, leg_planned_s, leg_actual_s,
       stop_planned_s, lat_deg, lon_deg
FROM stop_visits
WHERE city_id = %(city_id)s AND arrived_at > %(visits_from)s
ORDER BY arrived_at, vehicle_id, stop_key
"""

# What was commanded for some versions, and which vehicle had the order before.
EARLIER: Final = """
SELECT o.version, c.kind, c.order_id, (
    SELECT s.vehicle_id FROM plan_stops s
    WHERE s.order_id = c.order_id AND s.city_id = c.city_id AND s.kind = 'deliver'
      AND s.from_version < o.version AND (s.to_version IS NULL OR s.to_version >= o.version)
    ORDER BY s.stop_id LIMIT 1
) AS vehicle_before
FROM dispatch_commands c
JOIN command_outcomes o USING (command_id)
WHERE c.city_id = %(city_id)s AND o.accepted AND o.version = ANY(%(versions)s)
  AND c.order_id IS NOT NULL
ORDER BY o.version, c.commanded_at, c.command_id
"""

PINS_BEFORE: Final = """
SELECT v.version, p.order_id, p.kind, p.vehicle_id, p.hold_until, p.price, p.by
FROM unnest(%(versions)s::integer[]) AS v (version)
JOIN pins p ON p.from_version < v.version AND p.to_version >= v.version
            OR p.from_version < v.version AND p.to_version IS NULL
WHERE p.city_id = %(city_id)s
ORDER BY v.version, p.order_id, p.kind
"""
