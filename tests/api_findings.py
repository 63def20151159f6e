"""What the gateway writes of orders and places, as a test writes it: rows, an event, a wake-up."""

import zlib
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from tests.api_world import T0, World, minutes

POLICY_SHA256 = bytes(32)
# Of what a test loads: after what came along, so that it holds, and is taken away again.
LATER = datetime(2090, 1, 1, tzinfo=UTC)


def insert(world: World, table: str, returning: str, values: dict[str, Any]) -> Any:
    """Write a row, and return one of its columns."""
    columns = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places}) "  # noqa: S608  # names of ours
    return world.sql(f"{statement} RETURNING {returning}", *values.values())[0][0]


def tell(world: World, kind: str, order_id: str | None = "order-1") -> None:
    """Append an event, and wake whoever follows."""
    world.sql("INSERT INTO events (at, type, order_id) VALUES (%s, %s, %s)", T0, kind, order_id)
    world.sql("NOTIFY frostline")


def verdict(world: World, **changes: Any) -> int:
    values = {
        "subject_kind": "consignment",
        "subject_id": "order-1.chilled",
        "revision": 1,
        "order_id": "order-1",
        "judged_at": T0,
        "as_of": T0,
        "found_late": False,
        "is_final": False,
        "outcome": "excursion",
        "policy_id": "chilled",
        "policy_version": 1,
        "policy_sha256": POLICY_SHA256,
        "readings": 141,
        "readings_sha256": sha256(b"readings").digest(),
        "summary": '{"highest_c": 7.2, "digest": "of the judge"}',
        **changes,
    }
    return int(insert(world, "verdicts", "verdict_id", values))


def excursion(world: World, *, excursion_id: int = 1, **changes: Any) -> None:
    """Write an excursion, with a verdict of its own where none is given."""
    values = {
        "excursion_id": excursion_id,
        "revision": 1,
        "subject_kind": "consignment",
        "subject_id": "order-1.chilled",
        "order_id": "order-1",
        "limit_name": "too-warm",
        "side": "upper",
        "severity": "critical",
        "source": "box",
        "state": "open",
        "from_at": T0 + minutes(10),
        "until_at": None,
        "extreme_c": 7.2,
        "degree_minutes": 54.1,
        "duration_s": 1920,
        "found_at": T0 + minutes(42),
        "found_late": False,
        **changes,
    }
    if "verdict_id" not in values:
        values["verdict_id"] = verdict(world, revision=100 + excursion_id)
    insert(world, "excursions", "excursion_id", values)


def forecast(world: World, **changes: Any) -> None:
    values = {
        "consignment_id": "order-1.chilled",
        "order_id": "order-1",
        "made_at": T0,
        "leaves_in_s_q10": 1260,
        "leaves_in_s_q50": 2700,
        "leaves_in_s_q90": None,
        "chance_within_40_min": 0.44,
        "side": "upper",
        "at_risk": True,
        "spoil_cost": 19_200,
        **changes,
    }
    insert(world, "forecasts", "consignment_id", values)


def alert(world: World, **changes: Any) -> int:
    values = {
        "cause": "excursion:order-1.chilled:too-warm",
        "kind": "excursion",
        "severity": "critical",
        "order_id": "order-1",
        "consignment_id": "order-1.chilled",
        "facts": '{"extreme_c": 7.2}',
        "level": 1,
        "raised_at": T0,
        "escalates_at": T0 + minutes(15),
        **changes,
    }
    alert_id = int(insert(world, "alerts", "alert_id", values))
    entry = {"alert_id": alert_id, "at": values["raised_at"], "what": "raised", "by": "rules"}
    insert(world, "alert_log", "entry_id", entry)
    return alert_id


def evidence(world: World, bundle: bytes) -> int:
    """Write a bundle as the judge does; the same bundle has one row."""
    digest = sha256(bundle).digest()
    found = world.sql("SELECT evidence_id FROM evidence WHERE sha256 = %s", digest)
    if found:
        return int(found[0][0])
    values = {"sha256": digest, "bundle": zlib.compress(bundle), "made_at": T0}
    return int(insert(world, "evidence", "evidence_id", values))


def trigger(world: World, cause: str = "spoiled:order-1.chilled", **changes: Any) -> int:
    """Write a trigger with its first decision."""
    order_id = changes.pop("order_id", "order-1")
    row = {"order_id": order_id, "consignment_id": None, "cause": cause, "triggered_at": T0}
    trigger_id = int(insert(world, "triggers", "trigger_id", row))
    decide(world, trigger_id, **changes)
    return trigger_id


def decide(
    world: World,
    trigger_id: int,
    *,
    at: datetime = T0,
    bundle: bytes = b"{}",
    **changes: Any,
) -> None:
    """Append a decision to a trigger's ledger."""
    values = {
        "trigger_id": trigger_id,
        "revision": 1,
        "decided_at": at,
        "decided_by": "rules",
        "outcome": "approved",
        "amount": 19_200,
        "delta": 19_200,
        "currency": "CNY",
        "rulebook_id": "fresh-promise",
        "rulebook_version": 1,
        "clause": "1.1",
        "reason": "The box's own logger shows goods that spoiled (critical).",
        "needs_review": False,
        "found_late": False,
        "evidence_id": evidence(world, bundle),
        **changes,
    }
    insert(world, "trigger_decisions", "revision", values)


def rulebook(world: World, *, version: int = 1, texts: str | None = None) -> None:
    values = {
        "kind": "compensation",
        "rulebook_id": "fresh-promise",
        "version": version,
        "document": '{"rulebook_id": "fresh-promise"}',
        "toml": 'rulebook_id = "fresh-promise"\n',
        "texts": texts,
        "sha256": bytes(32),
        "loaded_at": LATER + minutes(version),
    }
    insert(world, "rulebooks", "version", values)
