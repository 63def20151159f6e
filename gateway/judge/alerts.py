"""What becomes of alerts, in the transaction of the judgement that asks for them?

The conditions of all subjects of one kind in a claim are stepped together; what changed is written,
told as events, and says when each subject must be looked at again although nothing is heard.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from gateway.judge import store_alerts, store_facts
from gateway.judge.facts import MaintenanceRow
from gateway.judge.rounds import Next, Outcome, Round
from gateway.judge.store import Store
from gateway.judge.store_writes import Event
from gateway.judge.subjects import Kind, Look
from gateway.judge.times import ms_of, time_of
from gateway.rules.alerts import (
    Alert,
    AlertChange,
    Condition,
    LogEntry,
    Maintenance,
    What,
    step_alerts,
)
from schemas import events
from schemas.events import AlertEvent, Silent
from schemas.segments import Window

ValueT = TypeVar("ValueT")

# Telling somebody for the first time is what others call raising; until then it is held.
_TOLD: Final[Mapping[What, str]] = {
    "notified": events.ALERT_RAISED,
    "escalated": events.ALERT_ESCALATED,
    "resolved": events.ALERT_RESOLVED,
}


def step(round_: Round, kind: Kind, looks: Sequence[Look], outcome: Outcome) -> Outcome:
    """Bring the alerts of subjects of one kind up to now, and write what changed.

    `outcome.conditions` are all that hold of these subjects. Returned is the outcome with what is
    told of the alerts, and with looks no later than the alerts need.
    """
    if kind == "intake":
        return outcome
    subject_of = _SUBJECT_OF[kind]
    alerts = _OPEN[kind](round_.store, [look.id for look in looks])
    open_of = _grouped(alerts, lambda alert: subject_of(alert.condition))
    holding = _grouped(outcome.conditions, subject_of)
    maintenance = _maintenance(round_, outcome.conditions)
    plan = round_.documents.alerting_plan
    next_looks = dict(outcome.next_looks)
    changes: list[AlertChange] = []
    for look in looks:
        stepped = step_alerts(
            open_of.get(look.id, ()),
            holding.get(look.id, ()),
            plan,
            now_ms=round_.now_ms,
            maintenance=maintenance,
        )
        changes += stepped.changes
        next_looks[look.subject] = _sooner(next_looks[look.subject], stepped.look_again_ms)
    written = store_alerts.write_alerts(round_.store, changes)
    told = [event for alert_id, change in written for event in alert_events(alert_id, change)]
    told += [event for change in changes for event in silence_events(change)]
    return replace(outcome, next_looks=next_looks, events=(*outcome.events, *told))


def alert_events(alert_id: int, change: AlertChange) -> list[Event]:
    """Return what is told of a change: nothing of what nobody was told about."""
    condition = change.alert.condition
    return [
        Event(
            type=_TOLD[entry.what],
            order_id=condition.order_id,
            data=_data(alert_id, condition, entry),
        )
        for entry in change.entries
        if entry.what in _TOLD and not change.alert.is_held
    ]


def silence_events(change: AlertChange) -> list[Event]:
    """Return what is told of a logger when it becomes silent, whether or not somebody sleeps."""
    condition = change.alert.condition
    if condition.kind != "silent" or all(entry.what != "raised" for entry in change.entries):
        return []
    last_ms = condition.facts["last_measured_ms"]
    data = Silent(
        logger_id=condition.logger_id or "",
        order_id=condition.order_id,
        consignment_id=condition.consignment_id,
        place_id=condition.place_id,
        last_measured_at=None if last_ms is None else time_of(int(last_ms)),
        expected_interval_s=float(condition.facts["interval_s"] or 0),
    )
    return [Event(type=events.SILENT, order_id=condition.order_id, data=data)]


def _data(alert_id: int, condition: Condition, entry: LogEntry) -> AlertEvent:
    return AlertEvent(
        alert_id=alert_id,
        kind=condition.kind,
        cause=condition.cause,
        severity=condition.severity,
        level=entry.level,
        order_id=condition.order_id,
        consignment_id=condition.consignment_id,
        place_id=condition.place_id,
        logger_id=condition.logger_id,
        on_duty=list(entry.on_duty),
        comment=None,
    )


def _maintenance(round_: Round, conditions: Sequence[Condition]) -> list[Maintenance]:
    """Return the planned work on the places and loggers of these conditions."""
    about = {
        "place_ids": sorted({c.place_id for c in conditions if c.place_id is not None}),
        "logger_ids": sorted({c.logger_id for c in conditions if c.logger_id is not None}),
    }
    if not any(about.values()):
        return []
    rows = round_.store.all_as(MaintenanceRow, store_facts.MAINTENANCE, about)
    return [_work(row) for row in rows]


def _work(row: MaintenanceRow) -> Maintenance:
    until_ms = None if row.until_at is None else ms_of(row.until_at)
    return Maintenance(
        place_id=row.place_id,
        logger_id=row.logger_id,
        during=Window(from_ms=ms_of(row.from_at), until_ms=until_ms),
    )


def _sooner(after: Next, look_ms: int | None) -> Next:
    times_ms = [at_ms for at_ms in (after.look_ms, look_ms) if at_ms is not None]
    return replace(after, look_ms=min(times_ms, default=None))


_SUBJECT_OF: Final[Mapping[Kind, Callable[[Condition], str | None]]] = {
    "order": lambda condition: condition.order_id,
    "place": lambda condition: condition.place_id,
    "logger": lambda condition: condition.logger_id,
}
_OPEN: Final[Mapping[Kind, Callable[[Store, Sequence[str]], list[Alert]]]] = {
    "order": store_alerts.open_of_orders,
    "place": store_alerts.open_of_places,
    "logger": store_alerts.open_of_loggers,
}


def _grouped(
    values: Sequence[ValueT], key: Callable[[ValueT], str | None]
) -> Mapping[str | None, list[ValueT]]:
    groups: defaultdict[str | None, list[ValueT]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups
