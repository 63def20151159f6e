"""Which SQL does the gateway run? One constant a statement; `store.py` runs them.

Times are parameters. What a statement locks it locks in the order of logger_key, or two ingestors
that heard the same loggers would wait for each other. Parameters marked `b` are binary arrays.
"""

from typing import Final

# Ownership of shards ------------------------------------------------------------------------------

TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%(lock_class)s, %(shard)s)"

UNLOCK_ALL: Final = "SELECT pg_advisory_unlock_all()"

# Who holds a shard: advisory locks with two keys have objsubid 2 (pg_locks).
LOCK_HOLDERS: Final = """
SELECT l.objid::integer AS shard, a.application_name AS owner, a.backend_start AS since
FROM pg_locks l
JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.classid = %(lock_class)s::oid AND l.objsubid = 2 AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY shard
"""

# Keys ---------------------------------------------------------------------------------------------

# A logger's newest stored reading comes along: it decides by which way its next rows go.
SELECT_LOGGERS: Final = """
SELECT h.logger_id, h.logger_key, h.frame_format,
       (extract(epoch FROM t.measured_at) * 1000)::bigint AS stored_until_ms
FROM heard_loggers h
LEFT JOIN latest t USING (logger_key)
WHERE h.logger_id = ANY(%(logger_ids)s)
"""

# Only what SELECT_LOGGERS did not find, so that no key is burned a message. ON CONFLICT: another
# ingestor hears the same new logger at the same moment.
INSERT_LOGGERS: Final = """
INSERT INTO heard_loggers (logger_id, frame_format, counter_wrap, first_heard_at)
SELECT logger_id, frame_format, counter_wrap, %(now)s
FROM unnest(%(logger_ids)s::text[], %(formats)s::text[], %(counter_wraps)s::integer[])
    AS new (logger_id, frame_format, counter_wrap)
ORDER BY logger_id
ON CONFLICT (logger_id) DO NOTHING
"""

UPDATE_FORMAT: Final = """
UPDATE heard_loggers SET frame_format = %(frame_format)s, counter_wrap = %(counter_wrap)s
WHERE logger_id = %(logger_id)s
"""

SELECT_BOOTS: Final = """
SELECT g.gateway_id, b.boot_id, b.boot_key
FROM boots b
JOIN gateways g USING (gateway_key)
JOIN unnest(%(gateway_ids)s::text[], %(boot_ids)s::uuid[]) AS asked (gateway_id, boot_id)
    ON asked.gateway_id = g.gateway_id AND asked.boot_id = b.boot_id
"""

# NOT EXISTS: a conflict would burn a key each time. ON CONFLICT: a shard on its way from one
# ingestor to another has two for a moment.
INSERT_GATEWAYS: Final = """
INSERT INTO gateways (gateway_id, first_seen_at)
SELECT DISTINCT gateway_id, %(now)s::timestamptz
FROM unnest(%(gateway_ids)s::text[]) AS new (gateway_id)
WHERE NOT EXISTS (SELECT FROM gateways g WHERE g.gateway_id = new.gateway_id)
ORDER BY gateway_id
ON CONFLICT (gateway_id) DO NOTHING
"""

# Only what SELECT_BOOTS did not find. ON CONFLICT: as above.
INSERT_BOOTS: Final = """
INSERT INTO boots (gateway_key, boot_id, first_seen_at)
SELECT g.gateway_key, new.boot_id, %(now)s
FROM unnest(%(gateway_ids)s::text[], %(boot_ids)s::uuid[]) AS new (gateway_id, boot_id)
JOIN gateways g USING (gateway_id)
ORDER BY g.gateway_key, new.boot_id
ON CONFLICT (gateway_key, boot_id) DO NOTHING
"""

# Readings -----------------------------------------------------------------------------------------

# The fast way: rows that cannot stand there yet. A repeated key fails the whole COPY.
COPY_READINGS: Final = """
COPY readings (measured_at, logger_key, boot_key, temperature_c, humidity_pct, sequence,
               battery_mv, rssi_dbm, source, clock)
FROM STDIN (FORMAT binary)
"""

# The careful way. ON CONFLICT DO NOTHING: a row is never altered by redelivery, the first one
# stands. Returns what was new, a row a logger.
INSERT_READINGS: Final = """
WITH stored AS (
    INSERT INTO readings (measured_at, logger_key, boot_key, temperature_c, humidity_pct, sequence,
                          battery_mv, rssi_dbm, source, clock)
    SELECT * FROM unnest(
        %(measured_at)b::timestamptz[], %(logger_key)b::integer[], %(boot_key)b::integer[],
        %(temperature_c)b::real[], %(humidity_pct)b::real[], %(sequence)b::integer[],
        %(battery_mv)b::smallint[], %(rssi_dbm)b::smallint[], %(source)b::smallint[],
        %(clock)b::smallint[])
    ON CONFLICT (logger_key, measured_at) DO NOTHING
    RETURNING logger_key, measured_at
)
SELECT logger_key, (extract(epoch FROM min(measured_at)) * 1000)::bigint,
       (extract(epoch FROM max(measured_at)) * 1000)::bigint, count(*)
FROM stored
GROUP BY logger_key
ORDER BY logger_key
"""

# A correction withdraws rows of its own gateway only: another one may have heard the same logger in
# the same millisecond. The range spares the chunks outside it.
DELETE_READINGS: Final = """
WITH deleted AS (
    DELETE FROM readings r
    USING unnest(%(logger_key)b::integer[], %(measured_at)b::timestamptz[])
        AS old (logger_key, measured_at)
    WHERE r.logger_key = old.logger_key AND r.measured_at = old.measured_at
      AND r.measured_at BETWEEN %(from_at)s AND %(to_at)s
      AND r.boot_key IN (SELECT boot_key FROM boots JOIN gateways USING (gateway_key)
                         WHERE gateway_id = %(gateway_id)s)
    RETURNING r.logger_key, r.measured_at
)
SELECT logger_key, (extract(epoch FROM min(measured_at)) * 1000)::bigint,
       (extract(epoch FROM max(measured_at)) * 1000)::bigint, count(*)
FROM deleted
GROUP BY logger_key
ORDER BY logger_key
"""

# The arrays are in order of logger_key. ON CONFLICT: every logger but a new one has its row; an
# older reading, or another ingestor's newer one, leaves it alone.
UPSERT_LATEST: Final = """
INSERT INTO latest AS t (logger_key, measured_at, stored_at, boot_key, temperature_c, humidity_pct,
                         sequence, battery_mv, rssi_dbm)
SELECT logger_key, measured_at, %(now)s, boot_key, temperature_c, humidity_pct, sequence,
       battery_mv, rssi_dbm
FROM unnest(
    %(measured_at)b::timestamptz[], %(logger_key)b::integer[], %(boot_key)b::integer[],
    %(temperature_c)b::real[], %(humidity_pct)b::real[], %(sequence)b::integer[],
    %(battery_mv)b::smallint[], %(rssi_dbm)b::smallint[])
    AS newest (measured_at, logger_key, boot_key, temperature_c, humidity_pct, sequence, battery_mv,
               rssi_dbm)
ON CONFLICT (logger_key) DO UPDATE
SET measured_at = EXCLUDED.measured_at, stored_at = EXCLUDED.stored_at,
    boot_key = EXCLUDED.boot_key, temperature_c = EXCLUDED.temperature_c,
    humidity_pct = EXCLUDED.humidity_pct, sequence = EXCLUDED.sequence,
    battery_mv = EXCLUDED.battery_mv, rssi_dbm = EXCLUDED.rssi_dbm
WHERE t.measured_at < EXCLUDED.measured_at
"""

# After a correction the newest reading may be an older one, or none.
DELETE_LATEST: Final = "DELETE FROM latest WHERE logger_key = ANY(%(logger_key)b::integer[])"

# ON CONFLICT: another ingestor's row, which came between and is newer or is corrected by its next.
REBUILD_LATEST: Final = """
INSERT INTO latest (logger_key, measured_at, stored_at, boot_key, temperature_c, humidity_pct,
                    sequence, battery_mv, rssi_dbm)
SELECT k.logger_key, r.measured_at, %(now)s, r.boot_key, r.temperature_c, r.humidity_pct,
       r.sequence, r.battery_mv, r.rssi_dbm
FROM unnest(%(logger_key)b::integer[]) AS k (logger_key)
CROSS JOIN LATERAL (
    SELECT * FROM readings WHERE readings.logger_key = k.logger_key
    ORDER BY measured_at DESC LIMIT 1
) r
ON CONFLICT (logger_key) DO NOTHING
"""

# What changed -------------------------------------------------------------------------------------

# Appended, never updated: the judge takes rows away.
INSERT_TOUCHED: Final = """
INSERT INTO touched (logger_key, from_at, to_at)
SELECT * FROM unnest(%(logger_key)b::integer[], %(from_at)b::timestamptz[],
                     %(to_at)b::timestamptz[])
"""

INSERT_EVENT: Final = """
INSERT INTO events (at, type, logger_keys, from_at, to_at, data)
VALUES (%(now)s, %(type)s, %(logger_key)b::integer[], %(from_at)s, %(to_at)s, %(data)s)
"""

NOTIFY: Final = "NOTIFY frostline"

# A gateway that nobody has heard readings of yet says its word first: INSERT_GATEWAYS goes before.
UPDATE_STATUS: Final = """
UPDATE gateways SET status = %(status)s, status_at = %(now)s WHERE gateway_id = %(gateway_id)s
"""

# Positions ----------------------------------------------------------------------------------------

# What a new fix is compared with, and what may be a repeat.
NEWEST_FIXES: Final = """
SELECT g.gateway_id, p.at, p.lat_deg, p.lon_deg
FROM unnest(%(gateway_ids)s::text[]) AS g (gateway_id)
CROSS JOIN LATERAL (
    SELECT at, lat_deg, lon_deg FROM positions
    WHERE positions.gateway_id = g.gateway_id
    ORDER BY at DESC LIMIT %(limit)s
) p
ORDER BY g.gateway_id, p.at
"""

# ON CONFLICT: a fix is never altered by redelivery, the first one stands.
INSERT_POSITIONS: Final = """
INSERT INTO positions (gateway_id, at, lat_deg, lon_deg, speed_m_s, accuracy_m, stored_at)
SELECT gateway_id, at, lat_deg, lon_deg, speed_m_s, accuracy_m, %(now)s
FROM unnest(%(gateway_ids)s::text[], %(ats)s::timestamptz[], %(lat_degs)s::double precision[],
            %(lon_degs)s::double precision[], %(speeds_m_s)s::real[], %(accuracies_m)s::real[])
    AS new (gateway_id, at, lat_deg, lon_deg, speed_m_s, accuracy_m)
ORDER BY gateway_id, at
ON CONFLICT (gateway_id, at) DO NOTHING
"""

TRIM_POSITIONS: Final = """
DELETE FROM positions WHERE stored_at < %(before)s
"""

INSERT_DOUBT: Final = """
INSERT INTO events (at, type, data) VALUES (%(now)s, %(type)s, %(data)s)
"""

# Dead letters -------------------------------------------------------------------------------------

INSERT_DEAD_LETTER: Final = """
INSERT INTO dead_letters (received_at, topic, gateway_id, batch_id, payload, reason, only_copy)
VALUES (%(now)s, %(topic)s, %(gateway_id)s, %(batch_id)s, %(payload)s, %(reason)s, %(only_copy)s)
"""

# Given up first: replayed ones, then those that the edge still has, then the oldest.
TRIM_DEAD_LETTERS: Final = """
DELETE FROM dead_letters
WHERE dead_letter_id IN (
    SELECT dead_letter_id
    FROM (SELECT dead_letter_id,
                 row_number() OVER worth_keeping AS place,
                 sum(length(payload)) OVER worth_keeping AS bytes
          FROM dead_letters
          WINDOW worth_keeping AS (
              ORDER BY replayed_at IS NULL DESC, only_copy DESC, dead_letter_id DESC
          )) AS ranked
    WHERE place > %(rows)s OR bytes > %(bytes)s
)
RETURNING replayed_at IS NULL
"""

# Tidying ------------------------------------------------------------------------------------------

TRIM_EVENTS: Final = """
DELETE FROM events WHERE at < %(before)s
"""

# Ids have gaps, so this keeps at most `kept` rows.
TRIM_TOUCHED: Final = """
DELETE FROM touched
WHERE touched_id <= (SELECT max(touched_id) FROM touched) - %(kept)s
"""

LIST_DEAD_LETTERS: Final = """
SELECT dead_letter_id, received_at, topic, gateway_id, batch_id, length(payload) AS size_bytes,
       reason, replayed_at
FROM dead_letters
ORDER BY dead_letter_id DESC
LIMIT %(limit)s
"""

UNREPLAYED_IDS: Final = """
SELECT dead_letter_id FROM dead_letters
WHERE replayed_at IS NULL AND (%(ids)s::bigint[] IS NULL OR dead_letter_id = ANY(%(ids)s))
ORDER BY dead_letter_id
"""

SELECT_DEAD_LETTER: Final = """
SELECT topic, payload FROM dead_letters
WHERE dead_letter_id = %(dead_letter_id)s AND replayed_at IS NULL
FOR UPDATE
"""

MARK_REPLAYED: Final = """
UPDATE dead_letters SET replayed_at = %(now)s WHERE dead_letter_id = %(dead_letter_id)s
"""

# Status -------------------------------------------------------------------------------------------

COUNT_STORED: Final = """
SELECT count(*) AS flushes,
       COALESCE(sum((data->>'messages')::bigint), 0)::bigint AS messages,
       COALESCE(sum((data->>'new')::bigint), 0)::bigint AS readings
FROM events
WHERE type = %(type)s AND at > %(since)s
"""

# Lag: how old the newest reading of each logger was when it was stored.
LATEST_SUMMARY: Final = """
SELECT count(*) AS loggers, max(stored_at) AS newest_stored_at,
       (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM stored_at - measured_at))
        FILTER (WHERE stored_at > %(since)s))::double precision AS median_lag_s
FROM latest
"""

GATEWAY_SUMMARY: Final = """
SELECT count(*) AS gateways, count(*) FILTER (WHERE status->>'state' = 'online') AS online
FROM gateways
"""

COUNT_DEAD_LETTERS: Final = """
SELECT count(*) AS dead_letters, max(received_at) AS newest_at
FROM dead_letters
WHERE replayed_at IS NULL
"""
