"""What does the api ask of published rules and policies?"""

from typing import Any, Final

from api.compensation.resources import PolicyDocument, PolicyHead
from api.store import Connection, Row, all_as, one, one_as

# The rules that were published last.
NEWEST_RULES: Final = """
SELECT rulebook_id, version, loaded_at, encode(sha256, 'hex') AS sha256, document, toml, texts
FROM rulebooks
WHERE kind = 'compensation'
ORDER BY loaded_at DESC, version DESC
LIMIT 1
"""

# What members were told of a version of the rules.
TEXTS_OF_RULES: Final = """
SELECT texts
FROM rulebooks
WHERE kind = 'compensation' AND rulebook_id = %(rulebook_id)s AND version = %(version)s
"""

# The newest version of each.
POLICIES: Final = """
SELECT DISTINCT ON (policy_id) policy_id, version, zone, product_class, lower_c, upper_c, source,
       loaded_at
FROM policies
WHERE policy_id > %(after)s
ORDER BY policy_id, version DESC
LIMIT %(limit)s
"""

POLICY: Final = """
SELECT policy_id, version, zone, product_class, lower_c, upper_c, source, loaded_at,
       encode(sha256, 'hex') AS sha256, document, toml
FROM policies
WHERE policy_id = %(policy_id)s AND version = %(version)s
"""


async def newest_rules(db: Connection) -> Row | None:
    """Return the compensation rules that hold for what is ordered now."""
    return await one(db, NEWEST_RULES, {})


async def texts_of_rules(db: Connection, rulebook_id: str, version: int) -> dict[str, Any]:
    """Return what members are told of a version of the rules, by language."""
    values = {"rulebook_id": rulebook_id, "version": version}
    row = await one(db, TEXTS_OF_RULES, values)
    return (row and row["texts"]) or {}


async def policies(db: Connection, *, after: str, limit: int) -> list[PolicyHead]:
    """Return the newest version of each policy, in order of their ids."""
    return await all_as(db, PolicyHead, POLICIES, {"after": after, "limit": limit})


async def policy(db: Connection, policy_id: str, version: int) -> PolicyDocument | None:
    """Return a version of a policy with all that it says."""
    values = {"policy_id": policy_id, "version": version}
    return await one_as(db, PolicyDocument, POLICY, values)
