"""Which alerts are there, and who did what about one? For a person with a shell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.judge.store import Store

# Open ones first, the worst of them first, then the newest.
ALERTS: Final = """
SELECT alert_id, cause, kind, severity, level, raised_at, escalates_at, acknowledged_at, ceased_at,
       resolved_at
FROM alerts
WHERE %(all)s OR resolved_at IS NULL
ORDER BY resolved_at IS NULL DESC,
         array_position(ARRAY['critical', 'warning', 'notice'], severity), alert_id DESC
LIMIT %(limit)s
"""

ALERT: Final = """
SELECT alert_id, cause, kind, severity, level, raised_at, escalates_at, acknowledged_at, ceased_at,
       resolved_at
FROM alerts
WHERE alert_id = %(alert_id)s
"""

TIMELINE: Final = """
SELECT at, what, level, by, comment FROM alert_log WHERE alert_id = %(alert_id)s ORDER BY entry_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlert:
    """An alert as a line of a list."""

    alert_id: int
    cause: str
    kind: str
    severity: str
    level: int
    raised_at: datetime
    escalates_at: datetime | None
    acknowledged_at: datetime | None
    ceased_at: datetime | None
    resolved_at: datetime | None

    @property
    def state(self) -> str:
        """What has become of it, in a word."""
        if self.resolved_at is not None:
            return "resolved"
        if self.ceased_at is not None:
            return "ceased"
        return "raised" if self.acknowledged_at is None else "acknowledged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """One thing that happened to an alert."""

    at: datetime
    what: str
    level: int | None
    by: str
    comment: str | None


def list_alerts(database_url: str, *, resolved_too: bool, limit: int) -> list[ShownAlert]:
    """Return alerts, the most urgent first."""
    values: dict[str, Any] = {"all": resolved_too, "limit": limit}
    with Store.connect(database_url, name="frostline alerts") as store:
        return store.all_as(ShownAlert, ALERTS, values)


def show_alert(database_url: str, alert_id: int) -> tuple[ShownAlert, list[ShownEntry]] | None:
    """Return an alert with its timeline; None: there is none of this number."""
    key = {"alert_id": alert_id}
    with Store.connect(database_url, name="frostline alerts") as store:
        alerts = store.all_as(ShownAlert, ALERT, key)
        return (alerts[0], store.all_as(ShownEntry, TIMELINE, key)) if alerts else None


def render_list(alerts: list[ShownAlert]) -> str:
    """Write a list for a person."""
    if not alerts:
        return "no alert is open"
    return "\n".join(
        f"{alert.alert_id:6}  {alert.severity:8}  level {alert.level}  {alert.state:12}  "
        f"{alert.raised_at:%Y-%m-%d %H:%M:%S}Z  {alert.cause}"
        for alert in alerts
    )


def render_alert(alert: ShownAlert, timeline: list[ShownEntry]) -> str:
    """Write an alert and its timeline for a person."""
    lines = [f"alert {alert.alert_id}: {alert.cause}"]
    lines.append(f"{alert.kind}, {alert.severity}, level {alert.level}, {alert.state}")
    if alert.escalates_at is not None and alert.state == "raised":
        lines.append(f"goes up at {alert.escalates_at:%Y-%m-%d %H:%M:%S}Z")
    for entry in timeline:
        said = "" if entry.comment is None else f"  {entry.comment}"
        lines.append(f"  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.what:12}  {entry.by}{said}")
    return "\n".join(lines)
