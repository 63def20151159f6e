"""What does the api ask of evidence?"""

import zlib
from typing import Final

from api.store import Connection, many, one
from schemas.evidence_file import Proof, Seal, prove, write_file

# `seal_number` NULL: the sealer has not come to it yet.
EVIDENCE_OF_TRIGGER: Final = """
SELECT e.bundle, p.position, s.seal_number,
       (extract(epoch FROM s.sealed_at) * 1000)::bigint AS sealed_at_ms, s.leaves, s.merkle_root,
       s.previous
FROM trigger_decisions d
JOIN evidence e USING (evidence_id)
LEFT JOIN sealed_evidence p USING (evidence_id)
LEFT JOIN seals s USING (seal_number)
WHERE d.trigger_id = %(trigger_id)s
  AND (%(revision)s::integer IS NULL OR d.revision = %(revision)s)
ORDER BY d.revision DESC
LIMIT 1
"""

# The leaves of a seal's tree.
DIGESTS_UNDER_SEAL: Final = """
SELECT e.sha256
FROM sealed_evidence p
JOIN evidence e USING (evidence_id)
WHERE p.seal_number = %(seal_number)s
ORDER BY p.position
"""


async def evidence_file(db: Connection, trigger_id: int, *, revision: int | None) -> bytes | None:
    """Return the file that proves a decision, None: there is no such revision."""
    row = await one(db, EVIDENCE_OF_TRIGGER, {"trigger_id": trigger_id, "revision": revision})
    if row is None:
        return None
    proof: Proof | None = None
    if row["seal_number"] is not None:
        seal = Seal(
            seal_number=row["seal_number"],
            sealed_at_ms=row["sealed_at_ms"],
            leaves=row["leaves"],
            merkle_root=row["merkle_root"],
            previous=row["previous"],
        )
        leaves = await many(db, DIGESTS_UNDER_SEAL, {"seal_number": seal.seal_number})
        proof = prove(seal, [leaf["sha256"] for leaf in leaves], row["position"])
    return write_file(zlib.decompress(row["bundle"]), proof)
