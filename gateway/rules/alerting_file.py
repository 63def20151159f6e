"""What is wrong with an alerting plan that somebody wrote as TOML?

What a plan says, `alerting_plan` explains: the file has its names. One that cannot be used is
refused with its line and the reason.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, TypeAlias
from zoneinfo import available_timezones

import msgspec

from gateway.rules.alerting_plan import KINDS, LEVELS, SEVERITIES, AlertingPlan, Level, Shift
from gateway.rules.hours import DAYS, Hours
from gateway.rules.toml_lines import TomlFile, TomlPath

Mistakes: TypeAlias = Iterator[tuple[TomlPath, str]]

_TIME: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MINUTES_A_DAY: Final = 1440
_MINUTES_A_WEEK: Final = 7 * _MINUTES_A_DAY
_MOST_S: Final = 7 * 86_400


def read_alerting_plan(text: str, *, name: str) -> AlertingPlan:
    """Read a plan from TOML; `name` is what a refusal calls the file. Raises BadFile."""
    file = TomlFile(text, name=name)
    plan = file.read_as(AlertingPlan)
    for path, reason in _mistakes(plan):
        raise file.refuse(path, reason)
    return plan


def plan_of_document(document: object) -> AlertingPlan:
    """Return the plan that `document_of_plan` wrote."""
    return msgspec.convert(document, AlertingPlan)


def document_of_plan(plan: AlertingPlan) -> dict[str, Any]:
    """Return a plan as what JSON can hold."""
    document: dict[str, Any] = msgspec.to_builtins(plan)
    return document


def _mistakes(plan: AlertingPlan) -> Mistakes:
    yield from _head_mistakes(plan)
    for severity in SEVERITIES:
        after_s = getattr(plan.escalates_after_s, severity)
        yield from _escalation_mistakes(("escalates_after_s", severity), after_s)
    for kind in KINDS:
        after_s = plan.of_kind(kind).escalates_after_s or ()
        yield from _escalation_mistakes(("kinds", kind, "escalates_after_s"), after_s)
    if plan.quiet_hours is not None:
        yield from _hours_mistakes(("quiet_hours",), plan.quiet_hours)
    yield from _level_mistakes(plan.levels)


def _head_mistakes(plan: AlertingPlan) -> Mistakes:
    if not _NAME.fullmatch(plan.plan_id):
        yield ("plan_id",), f"{plan.plan_id!r} is no name; use small letters, digits and '-'"
    if plan.version < 1:
        yield ("version",), f"version is {plan.version}; versions begin at 1"
    if plan.time_zone not in available_timezones():
        yield ("time_zone",), f'{plan.time_zone!r} is no time zone; try "Asia/Shanghai"'
    if not 0 <= plan.hold_down_s <= _MOST_S:
        given_s = plan.hold_down_s
        yield ("hold_down_s",), f"hold_down_s is {given_s}; expected 0 to {_MOST_S} seconds"
    if not 0 < plan.budget_nearly_used_share <= 1:
        given = plan.budget_nearly_used_share
        yield ("budget_nearly_used_share",), f"{given} is no share; expected 0 to 1, more than 0"


def _escalation_mistakes(path: TomlPath, after_s: tuple[int, ...]) -> Mistakes:
    if len(after_s) >= LEVELS:
        yield (
            path,
            f"{len(after_s)} times; there are {LEVELS} levels: give at most {LEVELS - 1} times",
        )
    if not all(0 < seconds <= _MOST_S for seconds in after_s):
        reason = "a time to escalate after must be more than 0 seconds"
        yield path, f"{reason}, and at most {_MOST_S}: a week"


def _hours_mistakes(path: TomlPath, hours: Hours) -> Mistakes:
    for key in ("from_time", "until_time"):
        text = getattr(hours, key)
        if not _TIME.fullmatch(text):
            yield (*path, key), f'{key} is {text!r}; expected a time of day such as "08:30"'
    if not hours.days:
        yield (*path, "days"), "days is empty; leave it out for every day"


def _level_mistakes(levels: tuple[Level, ...]) -> Mistakes:
    if len(levels) != LEVELS:
        yield ("levels",), f"{len(levels)} levels; an alert escalates over {LEVELS}: name each"
    for place, level in enumerate(levels):
        for number, shift in enumerate(level.shifts):
            path: TomlPath = ("levels", place, "shifts", number)
            yield from _hours_mistakes(path, shift)
            if not shift.people or not all(map(str.strip, shift.people)):
                yield (*path, "people"), "people is empty; name who is on duty"
    yield from _gaps(levels)


def _gaps(levels: tuple[Level, ...]) -> Mistakes:
    """Refuse a last level without anybody at some time: an alert must always reach somebody."""
    covered = set(chain.from_iterable(map(_minutes, levels[-1].shifts))) if levels else set()
    for minute in range(_MINUTES_A_WEEK):
        if minute not in covered:
            day, rest = divmod(minute, _MINUTES_A_DAY)
            at = f"{DAYS[day]} {rest // 60:02}:{rest % 60:02}"
            yield (
                ("levels", len(levels) - 1),
                f"nobody of the last level is on duty at {at}; cover the whole week",
            )
            return


def _minutes(shift: Shift) -> Iterator[int]:
    """Return the minutes of a week, from Monday 00:00, that a shift covers."""
    begin, end = (
        int(text[:2]) * 60 + int(text[3:]) for text in (shift.from_time, shift.until_time)
    )
    length = end - begin if end > begin else end - begin + _MINUTES_A_DAY
    for day in shift.days:
        first = DAYS.index(day) * _MINUTES_A_DAY + begin
        yield from (minute % _MINUTES_A_WEEK for minute in range(first, first + length))
