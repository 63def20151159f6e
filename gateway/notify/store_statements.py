"""Which SQL does the notifier run? One constant a statement; `store.py` runs them.

Times are parameters. One notifier is at work at a time, so no statement waits for another's.
"""

from typing import Final

# Who is at work -----------------------------------------------------------------------------------

TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%(lock_class)s, 0)"

# Advisory locks with two keys have objsubid 2 (pg_locks).
LOCK_HOLDER: Final = """
SELECT a.application_name AS name, a.backend_start AS since
FROM pg_locks l
JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.classid = %(lock_class)s::oid AND l.objid = 0
  AND l.objsubid = 2 AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

# Events become deliveries -------------------------------------------------------------------------

ENDPOINTS: Final = """
SELECT e.endpoint_id, e.url, e.event_types, e.secrets, e.old_secret_until,
       e.enabled AND p.disabled_at IS NULL AS is_told, e.enabled,
       p.xid::text::bigint AS xid, p.event_id, p.next_sequence
FROM webhook_endpoints e
JOIN webhook_positions p USING (endpoint_id)
WHERE e.deleted_at IS NULL
ORDER BY e.endpoint_id
"""

# Everything before it has ended: nothing can still appear there.
HORIZON: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid"

# An endpoint begins with what happens after it was made, even where no notifier ran then.
INSERT_POSITIONS: Final = """
INSERT INTO webhook_positions (endpoint_id, xid, event_id)
SELECT e.endpoint_id,
       LEAST(%(horizon)s::text::xid8, (SELECT min(xid) FROM events WHERE at >= e.created_at)), 0
FROM webhook_endpoints e
WHERE e.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM webhook_positions p WHERE p.endpoint_id = e.endpoint_id)
"""

EVENTS_AFTER: Final = """
SELECT xid::text::bigint AS xid, event_id, at, type, order_id, data
FROM events
WHERE (xid, event_id) > (%(xid)s::text::xid8, %(event_id)s)
  AND xid < %(horizon)s::text::xid8
  AND type = ANY(%(types)s)
ORDER BY xid, event_id
LIMIT %(limit)s
"""

# Written and committed, but a transaction that began before may still write events, too.
HELD_BACK: Final = """
SELECT EXISTS (SELECT FROM events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))
"""

INSERT_DELIVERIES: Final = """
INSERT INTO webhook_deliveries (endpoint_id, message_id, type, order_id, sequence, body,
                                created_at, next_attempt_at)
SELECT endpoint_id, message_id, type, order_id, sequence, body, %(now)s, %(now)s
FROM unnest(%(endpoint_id)s::text[], %(message_id)s::text[], %(type)s::text[],
            %(order_id)s::text[], %(sequence)s::bigint[], %(body)s::text[])
    AS new (endpoint_id, message_id, type, order_id, sequence, body)
"""

MOVE_POSITIONS: Final = """
UPDATE webhook_positions p
SET xid = moved.xid::xid8, event_id = moved.event_id, next_sequence = moved.next_sequence
FROM unnest(%(endpoint_id)s::text[], %(xid)s::text[], %(event_id)s::bigint[],
            %(next_sequence)s::bigint[]) AS moved (endpoint_id, xid, event_id, next_sequence)
WHERE p.endpoint_id = moved.endpoint_id
"""

# What is due --------------------------------------------------------------------------------------

# An order's deliveries to an endpoint begin one after the other: each waits until those before it
# are done, or have begun and the first of them (`head`) has failed for long enough. That is asked
# first: mostly it is still too early, and the rest needs no look. A repeated attempt waits for
# nobody. `made`: attempts of the schedule, without those that a person asked for.
DUE: Final = """
SELECT d.delivery_id, d.endpoint_id, d.message_id, d.type, d.body, d.created_at,
       d.failing_since IS NULL AS is_first, NULL::bigint AS replay_id, NULL::text AS requested_by,
       (SELECT count(*) FROM webhook_attempts a
        WHERE a.delivery_id = d.delivery_id AND a.requested_by IS NULL)::integer AS made
FROM unnest(%(endpoint_id)s::text[], %(room)s::integer[]) AS receiver (endpoint_id, room)
CROSS JOIN LATERAL (
    SELECT *, row_number() OVER (ORDER BY next_attempt_at, sequence) AS place
    FROM webhook_deliveries w
    WHERE w.endpoint_id = receiver.endpoint_id
      AND w.next_attempt_at <= %(now)s
      AND w.delivery_id <> ALL(%(under_way)s)
      AND (w.failing_since IS NOT NULL OR w.order_id IS NULL OR COALESCE(
          (SELECT COALESCE(head.failing_since <= %(passes_failing_since)s, false) AND NOT EXISTS (
                      SELECT FROM webhook_deliveries before
                      WHERE before.endpoint_id = w.endpoint_id AND before.order_id = w.order_id
                        AND before.sequence < w.sequence AND before.next_attempt_at IS NOT NULL
                        AND before.failing_since IS NULL)
           FROM webhook_deliveries head
           WHERE head.endpoint_id = w.endpoint_id AND head.order_id = w.order_id
             AND head.sequence < w.sequence AND head.next_attempt_at IS NOT NULL
           ORDER BY head.sequence
           LIMIT 1), true))
    ORDER BY w.next_attempt_at, w.sequence
    LIMIT receiver.room
) d
ORDER BY d.place, d.next_attempt_at
LIMIT %(limit)s
"""

# What people asked for, each delivery once at a time.
REPLAYS: Final = """
SELECT DISTINCT ON (d.delivery_id)
       d.delivery_id, d.endpoint_id, d.message_id, d.type, d.body, d.created_at,
       d.attempts = 0 AS is_first, r.replay_id, r.requested_by,
       (SELECT count(*) FROM webhook_attempts a
        WHERE a.delivery_id = d.delivery_id AND a.requested_by IS NULL)::integer AS made
FROM webhook_replays r
JOIN webhook_deliveries d USING (delivery_id)
WHERE d.delivery_id <> ALL(%(under_way)s)
ORDER BY d.delivery_id, r.replay_id
LIMIT %(limit)s
"""

# How attempts ended -------------------------------------------------------------------------------

# A person's attempt that fails changes nothing of the schedule: `keeps` says so. Nor does a failure
# that is recorded after another notifier has delivered it. NOT EXISTS: the connection was lost
# between a commit and its answer, and it is recorded again.
UPDATE_DELIVERY: Final = """
UPDATE webhook_deliveries
SET attempts = attempts + 1,
    failing_since = CASE WHEN %(delivered_at)s::timestamptz IS NULL
                         THEN COALESCE(failing_since, %(at)s) END,
    next_attempt_at = CASE WHEN %(keeps)s OR delivered_at IS NOT NULL THEN next_attempt_at
                           ELSE %(next_attempt_at)s::timestamptz END,
    delivered_at = COALESCE(delivered_at, %(delivered_at)s),
    given_up_at = CASE WHEN %(keeps)s OR delivered_at IS NOT NULL THEN given_up_at
                       ELSE %(given_up_at)s::timestamptz END
WHERE delivery_id = %(delivery_id)s
  AND NOT EXISTS (
      SELECT FROM webhook_attempts a
      WHERE a.delivery_id = %(delivery_id)s AND a.at = %(at)s
        AND a.requested_by IS NOT DISTINCT FROM %(requested_by)s::text
  )
RETURNING attempts
"""

INSERT_ATTEMPT: Final = """
INSERT INTO webhook_attempts (delivery_id, attempt, at, took_ms, status, error, requested_by)
VALUES (%(delivery_id)s, %(attempt)s, %(at)s, %(took_ms)s, %(status)s, %(error)s, %(requested_by)s)
"""

DELETE_REPLAY: Final = "DELETE FROM webhook_replays WHERE replay_id = %(replay_id)s"

DISABLE: Final = """
UPDATE webhook_positions SET disabled_at = %(now)s, disabled_why = %(why)s
WHERE endpoint_id = %(endpoint_id)s AND disabled_at IS NULL
"""

# A person had something sent again, and the receiver took it.
ENABLE: Final = """
UPDATE webhook_positions SET disabled_at = NULL, disabled_why = NULL
WHERE endpoint_id = %(endpoint_id)s AND disabled_at IS NOT NULL
"""

# Nobody wants these any more: the endpoint is deleted, not enabled, or answered 410.
GIVE_UP_UNWANTED: Final = """
UPDATE webhook_deliveries d
SET next_attempt_at = NULL, given_up_at = %(now)s
FROM webhook_endpoints e
LEFT JOIN webhook_positions p USING (endpoint_id)
WHERE d.endpoint_id = e.endpoint_id AND d.next_attempt_at IS NOT NULL
  AND (e.deleted_at IS NOT NULL OR NOT e.enabled OR p.disabled_at IS NOT NULL)
"""

# Tidying ------------------------------------------------------------------------------------------

TRIM_DELIVERIES: Final = """
DELETE FROM webhook_deliveries WHERE created_at < %(before)s AND next_attempt_at IS NULL
"""

# Status -------------------------------------------------------------------------------------------

COUNT_WAITING: Final = """
SELECT count(*) AS waiting, min(created_at) AS oldest_at
FROM webhook_deliveries
WHERE next_attempt_at IS NOT NULL
"""

NEXT_ATTEMPT: Final = """
SELECT min(next_attempt_at) FROM webhook_deliveries WHERE next_attempt_at > %(now)s
"""

ENDPOINT_STATES: Final = """
SELECT e.endpoint_id, e.url, e.enabled, p.disabled_at, p.disabled_why,
       waiting.deliveries AS waiting, waiting.oldest_at, done.delivered, done.given_up,
       failed.at AS failed_at, failed.status AS failed_status, failed.error AS failed_error
FROM webhook_endpoints e
LEFT JOIN webhook_positions p USING (endpoint_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS deliveries, min(created_at) AS oldest_at
    FROM webhook_deliveries d
    WHERE d.endpoint_id = e.endpoint_id AND d.next_attempt_at IS NOT NULL
) waiting
CROSS JOIN LATERAL (
    SELECT count(d.delivered_at) AS delivered, count(d.given_up_at) AS given_up
    FROM webhook_deliveries d
    WHERE d.endpoint_id = e.endpoint_id AND d.created_at >= %(since)s
) done
LEFT JOIN LATERAL (
    SELECT a.at, a.status, a.error
    FROM webhook_attempts a
    JOIN webhook_deliveries d USING (delivery_id)
    WHERE d.endpoint_id = e.endpoint_id AND a.at >= %(since)s
      AND (a.status IS NULL OR a.status NOT BETWEEN 200 AND 299)
    ORDER BY a.at DESC
    LIMIT 1
) failed ON true
WHERE e.deleted_at IS NULL
ORDER BY e.endpoint_id
"""
