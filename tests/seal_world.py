"""Evidence in a database, for tests of what seals it."""

import zlib
from datetime import UTC, datetime

import psycopg

from gateway.rules.evidence import sha256_of

_KEEP = """
INSERT INTO evidence (sha256, order_id, bundle, made_at)
VALUES (%(sha256)s, %(order_id)s, %(bundle)s, %(made_at)s)
RETURNING evidence_id
"""
_TRIGGER = """
INSERT INTO triggers (order_id, cause, triggered_at)
VALUES (%(order_id)s, %(cause)s, %(at)s)
RETURNING trigger_id
"""
_DECIDE = """
INSERT INTO trigger_decisions
VALUES (%(trigger_id)s, %(revision)s, %(at)s, 'rules', 'approved', %(amount)s, %(amount)s, 'CNY',
        'fresh-promise', 1, %(clause)s, 'It spoiled.', false, false, %(evidence_id)s)
"""
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def keep(database_url: str, bundle: bytes, order_id: str | None = None) -> int:
    """Store a bundle as the judge does; return its id."""
    params = {
        "sha256": sha256_of(bundle),
        "order_id": order_id,
        "bundle": zlib.compress(bundle),
        "made_at": AT,
    }
    return _id(database_url, _KEEP, params)


def trigger(database_url: str, order_id: str, cause: str) -> int:
    """Store a cause; return the trigger's id."""
    return _id(database_url, _TRIGGER, {"order_id": order_id, "cause": cause, "at": AT})


def decision(
    database_url: str, trigger_id: int, evidence_id: int, *, revision: int = 1, clause: str = "1.1"
) -> None:
    """Store a decision of 100 fen."""
    params = {
        "trigger_id": trigger_id,
        "revision": revision,
        "at": AT,
        "amount": 100,
        "clause": clause,
        "evidence_id": evidence_id,
    }
    with psycopg.connect(database_url) as connection:
        connection.execute(_DECIDE, params)


def run_sql(database_url: str, statement: str) -> list[tuple[object, ...]]:
    """Run a statement without parameters; return its rows, if it has any."""
    with psycopg.connect(database_url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _id(database_url: str, statement: str, params: dict[str, object]) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(statement, params).fetchone()
    assert row is not None
    return int(row[0])
