"""Who is told of an alert, when, and what if nobody answers?

A plan is data: a TOML file, read by `alerting_file`. It gives each kind of alert its severity and
the times after which it escalates, and says who is on duty at each of three levels.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal, get_args

from gateway.rules.compensation_rules import CompensationRules
from gateway.rules.hours import Hours, hours_around
from schemas.events import Severity

Kind = Literal[
    "excursion",
    "at_risk",
    "budget",
    "promise_at_risk",
    "promise_broken",
    "complaint",
    "reefer_failed",
    "silent",
    "battery_low",
    "clock",
    "calibration",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)  # rising
LEVELS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift(Hours):
    """Who is on duty during these hours."""

    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One of three levels, by its shifts. Shifts may overlap: then all of them are on duty."""

    name: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """By severity, the times from level 1 to 2 and from 2 to 3; (): never."""

    notice: tuple[int, ...]
    warning: tuple[int, ...]
    critical: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfAlert:
    """How alerts of a kind are treated; None: as their severity says."""

    severity: Severity | None = None  # None: the condition's own, such as a limit's
    escalates_after_s: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindsOfAlert:
    """What the plan says of each kind."""

    excursion: KindOfAlert = KindOfAlert()
    at_risk: KindOfAlert = KindOfAlert()
    budget: KindOfAlert = KindOfAlert()
    promise_at_risk: KindOfAlert = KindOfAlert()
    promise_broken: KindOfAlert = KindOfAlert()
    complaint: KindOfAlert = KindOfAlert()
    reefer_failed: KindOfAlert = KindOfAlert()
    silent: KindOfAlert = KindOfAlert()
    battery_low: KindOfAlert = KindOfAlert()
    clock: KindOfAlert = KindOfAlert()
    calibration: KindOfAlert = KindOfAlert()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertingPlan:
    """A version of the plan."""

    plan_id: str
    version: int
    time_zone: str  # IANA; of shifts and quiet hours
    hold_down_s: int  # a cause that ceased and returns sooner is the same alert
    budget_nearly_used_share: float  # of a budget, from which an alert is raised
    quiet_hours: Hours | None = None  # nobody is told then of what is less than critical
    escalates_after_s: Escalation
    kinds: KindsOfAlert = KindsOfAlert()
    levels: tuple[Level, ...]  # three

    def of_kind(self, kind: Kind) -> KindOfAlert:
        """Return what the plan says of a kind."""
        found: KindOfAlert = getattr(self.kinds, kind)
        return found

    def escalation(self, kind: Kind, severity: Severity) -> tuple[int, ...]:
        """Return after how many seconds an alert goes from each level to the next."""
        of_severity: tuple[int, ...] = getattr(self.escalates_after_s, severity)
        of_kind = self.of_kind(kind).escalates_after_s
        return of_severity if of_kind is None else of_kind


def with_published_rules(plan: AlertingPlan, rules: CompensationRules) -> AlertingPlan:
    """Return the plan with serious complaints escalating as the published rules promise."""
    steps_s = [level.after_s for level in rules.serious_complaints.levels]
    complaint = replace(
        plan.kinds.complaint,
        escalates_after_s=tuple(later - sooner for sooner, later in pairwise(steps_s)),
    )
    return replace(plan, kinds=replace(plan.kinds, complaint=complaint))


def severity_of(plan: AlertingPlan, kind: Kind, *, otherwise: Severity) -> Severity:
    """Return the severity of a kind; `otherwise` where the plan leaves it to the condition."""
    return plan.of_kind(kind).severity or otherwise


def escalates_at_ms(
    plan: AlertingPlan, kind: Kind, severity: Severity, *, level: int, told_ms: int
) -> int | None:
    """Return when an unanswered alert reaches the next level, None: never.

    Below critical that never falls into quiet hours: it waits until they end.
    """
    after_s = plan.escalation(kind, severity)
    if level > len(after_s):
        return None
    at_ms = told_ms + after_s[level - 1] * 1000
    return quiet_until_ms(plan, severity, at_ms=at_ms) or at_ms


def quiet_until_ms(plan: AlertingPlan, severity: Severity, *, at_ms: int) -> int | None:
    """Return until when nobody is to be told, None: they may be told at this moment."""
    if severity == "critical" or plan.quiet_hours is None:
        return None
    stretch = hours_around(plan.quiet_hours, at_ms=at_ms, time_zone=plan.time_zone)
    return None if stretch is None else stretch.until_ms


def on_duty(plan: AlertingPlan, *, level: int, at_ms: int) -> tuple[str, ...]:
    """Return who is to see to an alert of a level; where nobody is on duty, those of the next."""
    for candidate in plan.levels[level - 1 :]:
        people = [
            person
            for shift in candidate.shifts
            if hours_around(shift, at_ms=at_ms, time_zone=plan.time_zone)
            for person in shift.people
        ]
        if people:
            return tuple(dict.fromkeys(people))
    return ()
