"""What does the api ask of alerts?

The gateway raises, escalates and resolves them; what people say is appended to `alert_log` here,
and the gateway acts on it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from api.alerts.resources import Alert, LogEntry
from api.store import Connection, all_as, lock, one_as
from schemas.events import Severity
from schemas.ids import OrderId, PlaceId

# A person's word counts from when it was said, also before the gateway has acted on it.
_ALERT: Final[LiteralString] = """
SELECT a.alert_id, a.cause, a.kind, a.severity, a.level, a.order_id, a.consignment_id, a.place_id,
       a.logger_id, a.facts, a.raised_at, a.escalates_at, said.acknowledged_at, a.ceased_at,
       a.resolved_at,
       CASE WHEN a.resolved_at IS NOT NULL THEN 'resolved'
            WHEN said.acknowledged_at IS NOT NULL THEN 'acknowledged'
            ELSE 'raised' END AS state
FROM alerts a
CROSS JOIN LATERAL (
    SELECT COALESCE(a.acknowledged_at, min(l.at)) AS acknowledged_at
    FROM alert_log l
    WHERE l.alert_id = a.alert_id AND l.what = 'acknowledged'
) said
"""

ALERT_BY_ID: Final = f"{_ALERT} WHERE a.alert_id = %(alert_id)s"

ALERTS: Final = f"""{_ALERT}
WHERE (%(before)s::bigint IS NULL OR a.alert_id < %(before)s)
  AND (%(open)s::boolean IS NULL OR (a.resolved_at IS NULL) = %(open)s)
  AND (%(severity)s::text IS NULL OR a.severity = %(severity)s)
  AND (%(kind)s::text IS NULL OR a.kind = %(kind)s)
  AND (%(order_id)s::text IS NULL OR a.order_id = %(order_id)s)
  AND (%(place_id)s::text IS NULL OR a.place_id = %(place_id)s)
ORDER BY a.alert_id DESC
LIMIT %(limit)s
"""

TIMELINE: Final = """
SELECT entry_id, at, what, level, by, comment
FROM alert_log
WHERE alert_id = %(alert_id)s
ORDER BY entry_id
"""

APPEND_ENTRY: Final = """
INSERT INTO alert_log (alert_id, at, what, level, by, comment)
VALUES (%(alert_id)s, %(now)s, %(what)s, %(level)s, %(by)s, %(comment)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts are asked for; None: whatever it is."""

    open: bool | None
    severity: Severity | None
    kind: str | None
    order_id: OrderId | None
    place_id: PlaceId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person says of an alert."""

    what: str
    by: str
    comment: str


async def lock_alert(db: Connection, alert_id: int) -> None:
    """Hold what people say of an alert until the transaction ends."""
    await lock(db, f"alert {alert_id}")


async def alert(db: Connection, alert_id: int) -> Alert | None:
    """Return an alert."""
    return await one_as(db, Alert, ALERT_BY_ID, {"alert_id": alert_id})


async def alerts(
    db: Connection, wanted: AlertFilter, *, before: int | None, limit: int
) -> list[Alert]:
    """Return alerts, newest first."""
    values = {
        "open": wanted.open,
        "severity": wanted.severity,
        "kind": wanted.kind,
        "order_id": wanted.order_id,
        "place_id": wanted.place_id,
        "before": before,
        "limit": limit,
    }
    return await all_as(db, Alert, ALERTS, values)


async def timeline(db: Connection, alert_id: int) -> list[LogEntry]:
    """Return what was done about an alert, oldest first."""
    return await all_as(db, LogEntry, TIMELINE, {"alert_id": alert_id})


async def append_entry(db: Connection, alert: Alert, said: Said, *, now: datetime) -> None:
    """Append what a person says of an alert."""
    values = {
        "alert_id": alert.alert_id,
        "level": alert.level,
        "what": said.what,
        "by": said.by,
        "comment": said.comment,
        "now": now,
    }
    await db.execute(APPEND_ENTRY, values)
