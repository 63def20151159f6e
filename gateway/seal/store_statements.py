"""Which SQL does the sealer run? One constant a statement; `store.py` runs them."""

from typing import Final

TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%(lock)s)"

HAS_SCHEMA: Final = "SELECT to_regclass('sealed_evidence')"

SELECT_NEWEST_SEAL: Final = """
SELECT seal_number, (extract(epoch FROM sealed_at) * 1000)::bigint AS sealed_at_ms, leaves,
       merkle_root, previous, sha256
FROM seals
ORDER BY seal_number DESC
LIMIT 1
"""

# From the primary keys of both tables, side by side. Ids are taken before transactions commit, so
# one may turn up below those that are sealed already.
SELECT_UNSEALED: Final = """
SELECT e.evidence_id, e.sha256
FROM evidence e
WHERE e.evidence_id > %(after_id)s
  AND NOT EXISTS (SELECT FROM sealed_evidence s WHERE s.evidence_id = e.evidence_id)
ORDER BY e.evidence_id
LIMIT %(limit)s
"""

NEWEST_SEALED_ID: Final = "SELECT COALESCE(max(evidence_id), 0) FROM sealed_evidence"

INSERT_SEAL: Final = """
INSERT INTO seals (seal_number, sealed_at, leaves, merkle_root, previous, sha256)
VALUES (%(seal_number)s, %(sealed_at)s, %(leaves)s, %(merkle_root)s, %(previous)s, %(sha256)s)
"""

INSERT_SEALED: Final = """
INSERT INTO sealed_evidence (evidence_id, seal_number, position)
SELECT evidence_id, %(seal_number)s, number - 1
FROM unnest(%(evidence_ids)s::bigint[]) WITH ORDINALITY AS sealed (evidence_id, number)
"""

NOTIFY: Final = "NOTIFY frostline"

# Reading ------------------------------------------------------------------------------------------

# The newest bundle of an order.
SELECT_OF_ORDER: Final = """
SELECT evidence_id, bundle
FROM evidence
WHERE order_id = %(order_id)s
ORDER BY evidence_id DESC
LIMIT 1
"""

# What the decision that stands was made from.
SELECT_OF_TRIGGER: Final = """
SELECT e.evidence_id, e.bundle
FROM current_decisions d
JOIN evidence e USING (evidence_id)
WHERE d.trigger_id = %(trigger_id)s
"""

SELECT_PLACE: Final = """
SELECT seal_number, position
FROM sealed_evidence
WHERE evidence_id = %(evidence_id)s
"""

SELECT_SEALS: Final = """
SELECT seal_number, (extract(epoch FROM sealed_at) * 1000)::bigint AS sealed_at_ms, leaves,
       merkle_root, previous, sha256
FROM seals
WHERE seal_number > %(after)s
ORDER BY seal_number
LIMIT %(limit)s
"""

# The leaves of a tree, by position.
SELECT_DIGESTS: Final = """
SELECT e.sha256
FROM sealed_evidence s
JOIN evidence e USING (evidence_id)
WHERE s.seal_number = %(seal_number)s
ORDER BY s.position
"""

# For `altered`: a bundle may have been changed, and its hash left as it was.
SELECT_BUNDLES: Final = """
SELECT e.evidence_id, e.sha256, e.bundle
FROM sealed_evidence s
JOIN evidence e USING (evidence_id)
WHERE s.seal_number = %(seal_number)s
ORDER BY s.position
"""

COUNT_UNSEALED: Final = """
SELECT count(*)
FROM evidence e
WHERE NOT EXISTS (SELECT FROM sealed_evidence s WHERE s.evidence_id = e.evidence_id)
"""
