"""Which SQL does a judge run to hold what it judges? One constant a statement.

What is read and written of orders, places and intakes stands beside the functions that run it, in
`store_*.py`. Times are parameters. Lists of rows come as one array a column.
"""

from typing import Final

NOTIFY: Final = "NOTIFY frostline"

# Marks and looks ---------------------------------------------------------------------------------

# Rows that another judge is taking are left to it. A logger concerns the box it is bound to, the
# place it is bound to and the boxes that stood there, intakes, and itself.
TAKE_TOUCHED: Final = """
WITH taken AS (
    DELETE FROM touched
    WHERE touched_id IN (
        SELECT touched_id FROM touched ORDER BY touched_id LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    RETURNING logger_key, order_id, place_id, intake_id, from_at, to_at
), heard AS (
    SELECT h.logger_id, min(t.from_at) AS from_at, max(t.to_at) AS to_at,
           range_agg(tstzrange(t.from_at, t.to_at, '[]')) AS stretches
    FROM taken t
    JOIN heard_loggers h USING (logger_key)
    GROUP BY h.logger_id
), bound AS (
    SELECT b.consignment_id, b.place_id, stretch, stretch * b.during AS during
    FROM heard h
    CROSS JOIN LATERAL unnest(h.stretches) AS stretch
    JOIN bindings b ON b.logger_id = h.logger_id AND b.during && stretch
)
SELECT 'order' AS kind, order_id AS id, from_at, to_at FROM taken WHERE order_id IS NOT NULL
UNION ALL
SELECT 'place', place_id, from_at, to_at FROM taken WHERE place_id IS NOT NULL
UNION ALL
SELECT 'intake', intake_id, from_at, to_at FROM taken WHERE intake_id IS NOT NULL
UNION ALL
SELECT 'logger', logger_id, from_at, to_at FROM heard
UNION ALL
SELECT 'intake', i.intake_id, h.from_at, h.to_at
FROM heard h
JOIN intakes i ON i.logger_id = h.logger_id AND i.from_at <= h.to_at AND i.until_at > h.from_at
UNION ALL
SELECT 'place', place_id, lower(stretch), upper(stretch) FROM bound WHERE place_id IS NOT NULL
UNION ALL
SELECT 'order', c.order_id, lower(stretch), upper(stretch)
FROM bound
JOIN consignments c USING (consignment_id)
UNION ALL
SELECT 'order', c.order_id, lower(stretch), upper(stretch)
FROM bound
JOIN stays s ON s.place_id = bound.place_id AND s.during && bound.during
JOIN consignments c ON c.consignment_id = s.consignment_id
"""

TOUCH_AGAIN: Final = """
INSERT INTO touched (order_id, place_id, intake_id, logger_key, from_at, to_at)
SELECT CASE kind WHEN 'order' THEN id END, CASE kind WHEN 'place' THEN id END,
       CASE kind WHEN 'intake' THEN id END,
       CASE kind WHEN 'logger' THEN (SELECT logger_key FROM heard_loggers WHERE logger_id = id) END,
       from_at, to_at
FROM unnest(%(kind)s::text[], %(id)s::text[], %(from_at)s::timestamptz[], %(to_at)s::timestamptz[])
    AS again (kind, id, from_at, to_at)
"""

HOLD_DUE: Final = """
SELECT subject_kind AS kind, subject_id AS id, looked_at, next_look_at, carried
FROM looks
WHERE next_look_at <= %(now)s
ORDER BY next_look_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

HOLD_KNOWN: Final = """
SELECT subject_kind AS kind, subject_id AS id, looked_at, next_look_at, carried
FROM looks
JOIN unnest(%(kind)s::text[], %(id)s::text[]) AS asked (kind, id)
    ON (asked.kind, asked.id) = (subject_kind, subject_id)
FOR UPDATE OF looks SKIP LOCKED
"""

# In order: two judges that meet the same new subjects wait for each other in one direction only.
# ON CONFLICT: the row was there and is held by another judge, or that one was first just now.
HOLD_NEW: Final = """
INSERT INTO looks (subject_kind, subject_id, looked_at)
SELECT kind, id, to_timestamp(0)
FROM unnest(%(kind)s::text[], %(id)s::text[]) AS asked (kind, id)
ORDER BY kind, id
ON CONFLICT (subject_kind, subject_id) DO NOTHING
RETURNING subject_kind AS kind, subject_id AS id, looked_at, next_look_at, carried
"""

PUT_OFF: Final = """
UPDATE looks l
SET next_look_at = n.next_look_at, carried = n.carried
FROM unnest(%(kind)s::text[], %(id)s::text[], %(next_look_at)s::timestamptz[],
            ARRAY(SELECT jsonb_array_elements(%(carried)s::jsonb)))
    AS n (kind, id, next_look_at, carried)
WHERE (l.subject_kind, l.subject_id) = (n.kind, n.id)
"""

LOOKED: Final = """
UPDATE looks l
SET looked_at = n.looked_at, next_look_at = n.next_look_at, carried = n.carried
FROM unnest(%(kind)s::text[], %(id)s::text[], %(looked_at)s::timestamptz[],
            %(next_look_at)s::timestamptz[],
            ARRAY(SELECT jsonb_array_elements(%(carried)s::jsonb)))
    AS n (kind, id, looked_at, next_look_at, carried)
WHERE (l.subject_kind, l.subject_id) = (n.kind, n.id)
"""

NEXT_DUE: Final = """
SELECT next_look_at FROM looks WHERE next_look_at IS NOT NULL ORDER BY next_look_at LIMIT 1
"""
