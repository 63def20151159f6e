"""Why must somebody act now, who was told of it, and when is it over?

A *condition* holds or does not; an *alert* is what became of it. One cause has one alert: raised
once it holds, told to those on duty (held over quiet hours where it is less than critical),
escalated while nobody acknowledges it, ceased when the condition has gone, and resolved once it has
stayed away for the plan's hold-down. A condition that comes back sooner returns to the same alert,
with its level and its acknowledgement: nobody is told twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.rules.alerting_plan import (
    SEVERITIES,
    AlertingPlan,
    Kind,
    escalates_at_ms,
    on_duty,
    quiet_until_ms,
)
from schemas.events import Severity
from schemas.segments import Window

What = Literal[
    "raised", "notified", "held", "acknowledged", "commented", "escalated", "ceased", "returned",
    "resolved",
]  # fmt: skip
Facts = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What holds now and asks for somebody. `cause` names it for as long as it is the same."""

    cause: str  # "excursion:order-1.chilled:too-warm"
    kind: Kind
    severity: Severity
    since_ms: int
    order_id: str | None = None
    consignment_id: str | None = None
    place_id: str | None = None
    logger_id: str | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert that is not resolved yet, or has just been; times in ms UTC."""

    alert_id: int | None  # None: it was raised just now
    condition: Condition  # as it was last seen; its severity never falls
    level: int
    raised_at_ms: int
    is_held: bool = False  # nobody has been told yet
    escalates_at_ms: int | None = None
    answered_at_ms: int | None = None  # when somebody wrote in its log that they see to it
    acknowledged_at_ms: int | None = None
    ceased_at_ms: int | None = None
    resolved_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One thing that happened to an alert. `on_duty`: who was told, where somebody was."""

    what: What
    at_ms: int
    level: int
    on_duty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChange:
    """An alert as it stands now, and what happened to it; no entries: just its facts changed."""

    alert: Alert
    entries: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Planned work on a place or a logger."""

    place_id: str | None
    logger_id: str | None
    during: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What changed, and when time alone will change more (None: never)."""

    changes: tuple[AlertChange, ...]
    look_again_ms: int | None


def step_alerts(
    open_alerts: Sequence[Alert],
    conditions: Iterable[Condition],
    plan: AlertingPlan,
    *,
    now_ms: int,
    maintenance: Sequence[Maintenance] = (),
) -> Step:
    """Bring the open alerts of some subjects up to now.

    `open_alerts` and `conditions` are all that there are of these subjects. A condition of a place
    or a logger in maintenance does not count.
    """
    wanted = list(conditions)
    works = [work for work in maintenance if _is_during(work, now_ms)]
    excusing = [work for work in works if any(_excuses(work, about) for about in wanted)]
    holding = {
        about.cause: about
        for about in wanted
        if not any(_excuses(work, about) for work in excusing)
    }
    known = {alert.condition.cause for alert in open_alerts}
    changes = [
        _step(alert, holding.get(alert.condition.cause), plan, now_ms) for alert in open_alerts
    ]
    changes += [
        _raise(condition, plan, now_ms)
        for cause, condition in holding.items()
        if cause not in known
    ]
    looks = [_look_again_ms(change.alert, plan, now_ms) for change in changes]
    looks += [work.during.until_ms for work in excusing]
    return Step(
        changes=tuple(change for change in changes if change.alert not in open_alerts),
        look_again_ms=min((at_ms for at_ms in looks if at_ms is not None), default=None),
    )


def _excuses(work: Maintenance, condition: Condition) -> bool:
    """Return whether a condition is due to planned work."""
    return (work.place_id is not None and work.place_id == condition.place_id) or (
        work.logger_id is not None and work.logger_id == condition.logger_id
    )


def _is_during(work: Maintenance, now_ms: int) -> bool:
    until_ms = work.during.until_ms
    return work.during.from_ms <= now_ms and (until_ms is None or now_ms < until_ms)


def _raise(condition: Condition, plan: AlertingPlan, now_ms: int) -> AlertChange:
    alert = Alert(alert_id=None, condition=condition, level=1, raised_at_ms=now_ms)
    raised = LogEntry(what="raised", at_ms=now_ms, level=1)
    return _tell(AlertChange(alert=alert, entries=(raised,)), plan, now_ms)


def _tell(change: AlertChange, plan: AlertingPlan, now_ms: int) -> AlertChange:
    """Tell those on duty for the first time, or hold that over quiet hours."""
    alert = change.alert
    severity = alert.condition.severity
    if quiet_until_ms(plan, severity, at_ms=now_ms) is not None:
        held = () if alert.is_held else (LogEntry(what="held", at_ms=now_ms, level=alert.level),)
        return AlertChange(alert=replace(alert, is_held=True), entries=(*change.entries, *held))
    told = replace(
        alert,
        is_held=False,
        escalates_at_ms=escalates_at_ms(
            plan, alert.condition.kind, severity, level=alert.level, told_ms=now_ms
        ),
    )
    return AlertChange(
        alert=told, entries=(*change.entries, _told("notified", told.level, plan, now_ms))
    )


def _told(what: What, level: int, plan: AlertingPlan, now_ms: int) -> LogEntry:
    people = on_duty(plan, level=level, at_ms=now_ms)
    return LogEntry(what=what, at_ms=now_ms, level=level, on_duty=people)


def _step(
    alert: Alert, condition: Condition | None, plan: AlertingPlan, now_ms: int
) -> AlertChange:
    if alert.answered_at_ms is not None and alert.acknowledged_at_ms is None:
        alert = replace(alert, acknowledged_at_ms=alert.answered_at_ms, escalates_at_ms=None)
    if condition is None:
        return _without_its_cause(alert, plan, now_ms)
    change = _seen(alert, condition, plan, now_ms)
    if change.alert.acknowledged_at_ms is not None:
        return change
    if change.alert.is_held:
        return _tell(change, plan, now_ms)
    return _escalate(change, plan, now_ms)


def _without_its_cause(alert: Alert, plan: AlertingPlan, now_ms: int) -> AlertChange:
    entry = LogEntry(what="ceased", at_ms=now_ms, level=alert.level)
    if alert.ceased_at_ms is None:
        return AlertChange(alert=replace(alert, ceased_at_ms=now_ms), entries=(entry,))
    if now_ms - alert.ceased_at_ms < plan.hold_down_s * 1000:
        return AlertChange(alert=alert, entries=())
    return AlertChange(
        alert=replace(alert, resolved_at_ms=now_ms),
        entries=(_told("resolved", alert.level, plan, now_ms),),
    )


def _seen(alert: Alert, condition: Condition, plan: AlertingPlan, now_ms: int) -> AlertChange:
    """Take over what is known of the cause now; the alert is no less severe than it was."""
    severity = max(condition.severity, alert.condition.severity, key=SEVERITIES.index)
    since_ms = min(condition.since_ms, alert.condition.since_ms)
    seen = replace(
        alert,
        condition=replace(condition, severity=severity, since_ms=since_ms),
        ceased_at_ms=None,
    )
    waits = not alert.is_held and alert.acknowledged_at_ms is None
    if severity != alert.condition.severity and waits:
        seen = replace(seen, escalates_at_ms=_sooner(seen, plan, now_ms))
    entries: tuple[LogEntry, ...] = ()
    if alert.ceased_at_ms is not None:
        entries = (LogEntry(what="returned", at_ms=now_ms, level=alert.level),)
    return AlertChange(alert=seen, entries=entries)


def _sooner(alert: Alert, plan: AlertingPlan, now_ms: int) -> int | None:
    """Return when an alert that has become more severe escalates: no later than it would have."""
    kind, severity = alert.condition.kind, alert.condition.severity
    as_severe = escalates_at_ms(plan, kind, severity, level=alert.level, told_ms=now_ms)
    times_ms = [at_ms for at_ms in (alert.escalates_at_ms, as_severe) if at_ms is not None]
    return min(times_ms, default=None)


def _escalate(change: AlertChange, plan: AlertingPlan, now_ms: int) -> AlertChange:
    """Go one level up where nobody answered in time; never two at once: people need the time."""
    alert = change.alert
    if alert.escalates_at_ms is None or now_ms < alert.escalates_at_ms:
        return change
    severity = alert.condition.severity
    if quiet_until_ms(plan, severity, at_ms=now_ms) is not None:
        return change
    level = alert.level + 1
    escalated = replace(
        alert,
        level=level,
        escalates_at_ms=escalates_at_ms(
            plan, alert.condition.kind, severity, level=level, told_ms=now_ms
        ),
    )
    return AlertChange(
        alert=escalated, entries=(*change.entries, _told("escalated", level, plan, now_ms))
    )


def _look_again_ms(alert: Alert, plan: AlertingPlan, now_ms: int) -> int | None:
    if alert.resolved_at_ms is not None:
        return None
    if alert.ceased_at_ms is not None:
        return alert.ceased_at_ms + plan.hold_down_s * 1000
    if alert.acknowledged_at_ms is not None:
        return None
    quiet_ms = quiet_until_ms(plan, alert.condition.severity, at_ms=now_ms)
    if alert.is_held or quiet_ms is not None:
        return quiet_ms
    return alert.escalates_at_ms
