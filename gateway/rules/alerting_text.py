"""What does an alerting plan mean, in plain words for whoever wrote it?"""

from collections.abc import Iterator

from gateway.rules.alerting_plan import (
    KINDS,
    LEVELS,
    SEVERITIES,
    AlertingPlan,
    KindOfAlert,
    Level,
)
from gateway.rules.hours import DAYS, Hours


def plan_in_words(plan: AlertingPlan) -> str:
    """Return a plan as some lines of text."""
    return "\n".join(_lines(plan))


def _lines(plan: AlertingPlan) -> Iterator[str]:
    yield f"plan {plan.plan_id}, version {plan.version}; hours of {plan.time_zone}"
    yield f"  the same alert if its cause returns within {duration_in_words(plan.hold_down_s)}"
    yield f"  a budget is nearly used up at {plan.budget_nearly_used_share:.0%}"
    if plan.quiet_hours is None:
        yield "  no quiet hours"
    else:
        yield f"  below critical nobody is told {_hours(plan.quiet_hours)}"
    for severity in SEVERITIES:
        steps_s = getattr(plan.escalates_after_s, severity)
        yield f"  {severity} alerts {_escalation(steps_s)}"
    for kind in KINDS:
        if plan.of_kind(kind) != KindOfAlert():
            yield f"  {kind}: {_kind(plan.of_kind(kind))}"
    for number, level in enumerate(plan.levels, start=1):
        yield from _level(number, level)


def _kind(kind: KindOfAlert) -> str:
    parts: list[str] = [] if kind.severity is None else [kind.severity]
    if kind.escalates_after_s is not None:
        parts.append(_escalation(kind.escalates_after_s))
    return ", ".join(parts)


def _escalation(steps_s: tuple[int, ...]) -> str:
    if not steps_s:
        return "stay at level 1"
    steps = [
        f"to level {level} after {duration_in_words(seconds)}"
        for level, seconds in zip(range(2, LEVELS + 1), steps_s, strict=False)
    ]
    return "go up " + ", then ".join(steps)


def _level(number: int, level: Level) -> Iterator[str]:
    yield f"  level {number}, {level.name}"
    for shift in level.shifts:
        yield f"    {', '.join(shift.people)}: {_hours(shift)}"


def _hours(hours: Hours) -> str:
    all_day = hours.from_time == hours.until_time
    times = "all day" if all_day else f"from {hours.from_time} to {hours.until_time}"
    days = "" if hours.days == DAYS else f" on {', '.join(hours.days)}"
    return times + days


def duration_in_words(seconds: int) -> str:
    """Return a time in its largest whole unit: "90 s", "15 min", "12 h"."""
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if seconds and seconds % unit_s == 0:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"
