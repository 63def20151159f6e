"""Which alerts are open, and how is what becomes of them written down?

All alerts of a claim in a few statements. An alert is changed in place, its log is only added to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

import msgspec

from gateway.judge.store import Store, columns_of
from gateway.judge.times import ms_of, time_of
from gateway.rules.alerting_plan import Kind
from gateway.rules.alerts import Alert, AlertChange, Condition, Facts, LogEntry
from gateway.rules.conditions import LOGGER_KINDS, ORDER_KINDS, PLACE_KINDS
from schemas.events import Severity

# By whom the log says that something happened, where it was no person.
_BY_THE_PLAN: Final = "plan"

# An alert is held if nobody was told since that was last held. Somebody's word is in the log
# before it stands on the alert.
_OPEN: Final[LiteralString] = """
SELECT a.alert_id, a.cause, a.kind, a.severity, a.order_id, a.consignment_id, a.place_id,
       a.logger_id, a.facts, a.level, a.raised_at, a.escalates_at, a.acknowledged_at, a.ceased_at,
       COALESCE((SELECT l.what = 'held' FROM alert_log l
                 WHERE l.alert_id = a.alert_id AND l.what IN ('held', 'notified')
                 ORDER BY l.entry_id DESC LIMIT 1), false) AS is_held,
       (SELECT min(l.at) FROM alert_log l
        WHERE l.alert_id = a.alert_id AND l.what = 'acknowledged') AS answered_at
FROM alerts a
WHERE a.resolved_at IS NULL AND a.kind = ANY(%(kinds)s)
"""

OPEN_OF_ORDERS: Final = f"{_OPEN} AND a.order_id = ANY(%(ids)s)"
OPEN_OF_PLACES: Final = f"{_OPEN} AND a.place_id = ANY(%(ids)s) AND a.order_id IS NULL"
OPEN_OF_LOGGERS: Final = f"{_OPEN} AND a.logger_id = ANY(%(ids)s)"

INSERT_ALERTS: Final = """
INSERT INTO alerts (cause, kind, severity, order_id, consignment_id, place_id, logger_id, facts,
                    level, raised_at, escalates_at)
SELECT * FROM unnest(
    %(cause)s::text[], %(kind)s::text[], %(severity)s::text[], %(order_id)s::text[],
    %(consignment_id)s::text[], %(place_id)s::text[], %(logger_id)s::text[], %(facts)s::jsonb[],
    %(level)s::integer[], %(raised_at)s::timestamptz[], %(escalates_at)s::timestamptz[])
RETURNING cause, alert_id
"""

UPDATE_ALERTS: Final = """
UPDATE alerts a
SET severity = n.severity, facts = n.facts, level = n.level, escalates_at = n.escalates_at,
    acknowledged_at = n.acknowledged_at, ceased_at = n.ceased_at, resolved_at = n.resolved_at
FROM unnest(
    %(alert_id)s::bigint[], %(severity)s::text[], %(facts)s::jsonb[], %(level)s::integer[],
    %(escalates_at)s::timestamptz[], %(acknowledged_at)s::timestamptz[],
    %(ceased_at)s::timestamptz[], %(resolved_at)s::timestamptz[])
    AS n (alert_id, severity, facts, level, escalates_at, acknowledged_at, ceased_at, resolved_at)
WHERE a.alert_id = n.alert_id
"""

INSERT_LOG: Final = """
INSERT INTO alert_log (alert_id, at, what, level, by, comment)
SELECT alert_id, at, what, level, %(by)s, comment
FROM unnest(%(alert_id)s::bigint[], %(at)s::timestamptz[], %(what)s::text[], %(level)s::integer[],
            %(comment)s::text[])
    WITH ORDINALITY AS new (alert_id, at, what, level, comment, place)
ORDER BY place
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert that is not resolved."""

    alert_id: int
    cause: str
    kind: Kind
    severity: Severity
    order_id: str | None
    consignment_id: str | None
    place_id: str | None
    logger_id: str | None
    facts: Facts
    level: int
    raised_at: datetime
    escalates_at: datetime | None
    acknowledged_at: datetime | None
    ceased_at: datetime | None
    is_held: bool
    answered_at: datetime | None


def open_of_orders(store: Store, order_ids: Sequence[str]) -> list[Alert]:
    """Return the open alerts of orders and their boxes."""
    return _open(store, OPEN_OF_ORDERS, order_ids, ORDER_KINDS)


def open_of_places(store: Store, place_ids: Sequence[str]) -> list[Alert]:
    """Return the open alerts of places themselves."""
    return _open(store, OPEN_OF_PLACES, place_ids, PLACE_KINDS)


def open_of_loggers(store: Store, logger_ids: Sequence[str]) -> list[Alert]:
    """Return the open alerts of loggers: silence, battery, clock, calibration."""
    return _open(store, OPEN_OF_LOGGERS, logger_ids, LOGGER_KINDS)


def write_alerts(store: Store, changes: Sequence[AlertChange]) -> list[tuple[int, AlertChange]]:
    """Write alerts and their log; return each change with its alert's id."""
    if not changes:
        return []
    new = [change.alert for change in changes if change.alert.alert_id is None]
    ids = _insert(store, new)
    old = [change.alert for change in changes if change.alert.alert_id is not None]
    if old:
        store.execute(UPDATE_ALERTS, _standing_columns(old))
    written = [
        (ids.get(change.alert.condition.cause, change.alert.alert_id or 0), change)
        for change in changes
    ]
    _insert_log(store, [(alert_id, entry) for alert_id, c in written for entry in c.entries])
    return written


def _open(
    store: Store, statement: LiteralString, ids: Sequence[str], kinds: Sequence[Kind]
) -> list[Alert]:
    rows = store.all_as(AlertRow, statement, {"ids": list(ids), "kinds": list(kinds)})
    return [_alert(row) for row in rows]


def _alert(row: AlertRow) -> Alert:
    raised_at_ms = ms_of(row.raised_at)
    return Alert(
        alert_id=row.alert_id,
        condition=Condition(
            cause=row.cause,
            kind=row.kind,
            severity=row.severity,
            since_ms=int(row.facts.get("since_ms") or raised_at_ms),
            order_id=row.order_id,
            consignment_id=row.consignment_id,
            place_id=row.place_id,
            logger_id=row.logger_id,
            facts={name: fact for name, fact in row.facts.items() if name != "since_ms"},
        ),
        level=row.level,
        raised_at_ms=raised_at_ms,
        is_held=row.is_held,
        escalates_at_ms=_ms(row.escalates_at),
        answered_at_ms=_ms(row.answered_at),
        acknowledged_at_ms=_ms(row.acknowledged_at),
        ceased_at_ms=_ms(row.ceased_at),
    )


def _insert(store: Store, alerts: Sequence[Alert]) -> dict[str, int]:
    if not alerts:
        return {}
    conditions = [alert.condition for alert in alerts]
    names = ("cause", "kind", "order_id", "consignment_id", "place_id", "logger_id")
    columns = _standing_columns(alerts) | columns_of(conditions, names)
    columns["raised_at"] = [time_of(alert.raised_at_ms) for alert in alerts]
    return dict(store.rows(INSERT_ALERTS, columns))


def _standing_columns(alerts: Sequence[Alert]) -> dict[str, list[object]]:
    """Return what of an alert may change."""
    return columns_of(alerts, ("alert_id", "level")) | {
        "severity": [alert.condition.severity for alert in alerts],
        "facts": [_facts(alert.condition) for alert in alerts],
        "escalates_at": [_time(alert.escalates_at_ms) for alert in alerts],
        "acknowledged_at": [_time(alert.acknowledged_at_ms) for alert in alerts],
        "ceased_at": [_time(alert.ceased_at_ms) for alert in alerts],
        "resolved_at": [_time(alert.resolved_at_ms) for alert in alerts],
    }


def _facts(condition: Condition) -> str:
    return msgspec.json.encode({**condition.facts, "since_ms": condition.since_ms}).decode()


def _insert_log(store: Store, entries: Sequence[tuple[int, LogEntry]]) -> None:
    if not entries:
        return
    store.execute(
        INSERT_LOG,
        columns_of([entry for _, entry in entries], ("what", "level"))
        | {
            "by": _BY_THE_PLAN,
            "alert_id": [alert_id for alert_id, _ in entries],
            "at": [time_of(entry.at_ms) for _, entry in entries],
            "comment": [_told(entry) for _, entry in entries],
        },
    )


def _told(entry: LogEntry) -> str | None:
    return f"on duty: {', '.join(entry.on_duty)}" if entry.on_duty else None


def _ms(at: datetime | None) -> int | None:
    return None if at is None else ms_of(at)


def _time(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else time_of(at_ms)
