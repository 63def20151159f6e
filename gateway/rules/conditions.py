"""Which findings ask for somebody to act, and as which cause?

Each function turns one finding into the condition that `alerts` steps, under the plan's severity.
The cause stays the same for as long as it is the same thing, whatever is found of it meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from gateway.rules.alerting_plan import AlertingPlan, Kind, severity_of
from gateway.rules.alerts import Condition, Facts
from gateway.rules.judgement import BudgetUse, Excursion
from gateway.rules.lateness import Lateness
from gateway.rules.policy import Budget
from gateway.rules.reefer import ReeferFailure
from gateway.rules.silence import Rhythm
from schemas.events import Severity, Side

ORDER_KINDS: Final[tuple[Kind, ...]] = (
    "excursion", "at_risk", "budget", "promise_at_risk", "promise_broken", "complaint",
)  # fmt: skip
PLACE_KINDS: Final[tuple[Kind, ...]] = ("excursion", "budget", "reefer_failed")
LOGGER_KINDS: Final[tuple[Kind, ...]] = ("silent", "battery_low", "clock", "calibration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What a condition is about: a box of an order, an order, a place, a logger in one of them."""

    order_id: str | None = None
    consignment_id: str | None = None
    place_id: str | None = None
    logger_id: str | None = None

    @property
    def measured(self) -> str:
        """Return the box or the place, as a cause names it: an id has no '/'."""
        return self.consignment_id or f"place/{self.place_id}"


def excursion_condition(
    excursion: Excursion, concern: Concern, plan: AlertingPlan
) -> Condition | None:
    """Return the condition of an excursion that goes on, or was lost sight of; None: it is over.

    Not for one that was found late: nothing can be done about it now.
    """
    if excursion.state not in {"open", "lost"}:
        return None
    facts: Facts = {
        "limit": excursion.limit,
        "side": excursion.side,
        "state": excursion.state,
        "extreme_c": round(excursion.extreme_c, 2),
    }
    cause = f"excursion:{concern.measured}:{excursion.limit}"
    severity = severity_of(plan, "excursion", otherwise=excursion.severity)
    return _condition("excursion", cause, severity, excursion.from_ms, concern, facts)


def at_risk_condition(
    concern: Concern, plan: AlertingPlan, *, side: Side, made_at_ms: int, leaves_at_ms: int | None
) -> Condition:
    """Return the condition of a box that is forecast to leave its zone; None: no median."""
    severity = severity_of(plan, "at_risk", otherwise="warning")
    facts: Facts = {"side": side, "leaves_at_ms": leaves_at_ms}
    cause = f"at_risk:{concern.measured}"
    return _condition("at_risk", cause, severity, made_at_ms, concern, facts)


def budget_conditions(
    uses: Iterable[BudgetUse],
    budgets: Sequence[Budget],
    concern: Concern,
    plan: AlertingPlan,
    *,
    now_ms: int,
) -> list[Condition]:
    """Return the conditions of budgets that are nearly used up, or are.

    One that is overdrawn is an excursion, and has that one's alert.
    """
    by_name = {budget.name: budget for budget in budgets}
    return [
        _condition(
            "budget",
            f"budget:{concern.measured}:{use.name}",
            severity_of(plan, "budget", otherwise=by_name[use.name].severity),
            now_ms,
            concern,
            {"budget": use.name, "allowed": use.allowed, "unit": use.unit},
        )
        for use in uses
        if plan.budget_nearly_used_share * use.allowed <= use.used <= use.allowed
    ]


def promise_condition(
    lateness: Lateness, concern: Concern, plan: AlertingPlan, *, due_at_ms: int, delivered: bool
) -> Condition | None:
    """Return the condition of a promise at risk, or broken and still undelivered; else None."""
    facts: Facts = {"due_at_ms": due_at_ms}
    if lateness.state == "at_risk":
        severity = severity_of(plan, "promise_at_risk", otherwise="notice")
        cause = f"promise_at_risk:{concern.order_id}"
        return _condition("promise_at_risk", cause, severity, due_at_ms, concern, facts)
    if lateness.state == "broken" and not delivered:
        severity = severity_of(plan, "promise_broken", otherwise="warning")
        cause = f"promise_broken:{concern.order_id}"
        return _condition("promise_broken", cause, severity, due_at_ms, concern, facts)
    return None


def complaint_condition(
    complaint_id: str,
    concern: Concern,
    plan: AlertingPlan,
    *,
    at_ms: int,
    now_ms: int,
    answer_by_ms: int | None = None,
) -> Condition:
    """Return the condition of a serious complaint without an answer; overdue, it is critical.

    `answer_by_ms`: as the published rules promise; None: none are published.
    """
    overdue = answer_by_ms is not None and now_ms > answer_by_ms
    severity = severity_of(plan, "complaint", otherwise="warning")
    return _condition(
        "complaint",
        f"complaint:{complaint_id}",
        "critical" if overdue else severity,
        at_ms,
        concern,
        {"complaint_id": complaint_id, "answer_by_ms": answer_by_ms},
    )


def reefer_condition(failure: ReeferFailure, concern: Concern, plan: AlertingPlan) -> Condition:
    """Return the condition of a place whose cooling has failed."""
    severity = severity_of(plan, "reefer_failed", otherwise="critical")
    cause = f"reefer_failed:{concern.measured}"
    return _condition("reefer_failed", cause, severity, failure.since_ms, concern, {})


def silent_condition(
    rhythm: Rhythm,
    concern: Concern,
    plan: AlertingPlan,
    *,
    since_ms: int,
    last_measured_ms: int | None,
) -> Condition:
    """Return the condition of a logger that is silent; bound elsewhere, it is another cause."""
    severity = severity_of(plan, "silent", otherwise="warning")
    facts: Facts = {"interval_s": rhythm.interval_s, "last_measured_ms": last_measured_ms}
    cause = f"silent:{concern.logger_id}:{concern.measured}"
    return _condition("silent", cause, severity, since_ms, concern, facts)


def health_condition(
    kind: Kind, concern: Concern, plan: AlertingPlan, *, since_ms: int, facts: Facts
) -> Condition:
    """Return the condition of a logger's battery, clock or calibration."""
    severity = severity_of(plan, kind, otherwise="notice")
    return _condition(kind, f"{kind}:{concern.logger_id}", severity, since_ms, concern, facts)


def _condition(
    kind: Kind, cause: str, severity: Severity, since_ms: int, concern: Concern, facts: Facts
) -> Condition:
    return Condition(
        cause=cause,
        kind=kind,
        severity=severity,
        since_ms=since_ms,
        facts=facts,
        **asdict(concern),
    )
