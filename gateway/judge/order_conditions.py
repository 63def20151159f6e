"""What of an order asks for somebody to act now?

Nothing of a box whose life has ended, and nothing that was found late: those are for the records.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.judge.changes import VerdictChange
from gateway.judge.facts import ComplaintRow, StandingExcursion, StandingForecast
from gateway.judge.judged_order import JudgedOrder
from gateway.judge.times import ms_of
from gateway.rules.alerting_plan import AlertingPlan
from gateway.rules.alerts import Condition
from gateway.rules.compensation_rules import CompensationRules
from gateway.rules.conditions import (
    Concern,
    at_risk_condition,
    budget_conditions,
    complaint_condition,
    excursion_condition,
    promise_condition,
)
from gateway.rules.judgement import Excursion


class Excused:
    """Which excursions were found late."""

    def __init__(
        self, standing: Iterable[StandingExcursion], changes: Iterable[VerdictChange]
    ) -> None:
        self._late = {
            (row.subject_id, row.limit_name, ms_of(row.from_at)): row.found_late for row in standing
        }
        for verdict in changes:
            for change in verdict.excursions:
                key = (change.subject_id, change.limit_name, ms_of(change.from_at))
                self._late[key] = change.found_late

    def has(self, subject_id: str, excursion: Excursion) -> bool:
        """Whether this one was found late."""
        return self._late.get((subject_id, excursion.limit, excursion.from_ms), False)


def conditions_of(
    order: JudgedOrder,
    excused: Excused,
    warnings: Mapping[str, StandingForecast],
    plan: AlertingPlan,
    *,
    now_ms: int,
) -> Iterator[Condition]:
    """Return what holds of an order now; `warnings` are the boxes at risk."""
    order_id = order.dossier.order_id
    policies = {file.consignment_id: file.policy for file in order.dossier.consignments}
    for box in order.judgement.consignments:
        if box.consignment_id in order.over:
            continue
        concern = Concern(order_id=order_id, consignment_id=box.consignment_id)
        judgement = box.judgement
        yield from open_excursions(
            [e for e in judgement.excursions if not excused.has(box.consignment_id, e)],
            concern,
            plan,
        )
        budgets = policies[box.consignment_id].budgets
        yield from budget_conditions(judgement.budgets, budgets, concern, plan, now_ms=now_ms)
        warning = warnings.get(box.consignment_id)
        if warning is not None and not judgement.excursions:
            yield from _at_risk(warning, concern, plan)
    yield from _of_the_order(order, plan, now_ms)


def open_excursions(
    excursions: Sequence[Excursion], concern: Concern, plan: AlertingPlan
) -> Iterator[Condition]:
    """Return the conditions of those that go on."""
    for excursion in excursions:
        condition = excursion_condition(excursion, concern, plan)
        if condition is not None:
            yield condition


def _at_risk(
    warning: StandingForecast, concern: Concern, plan: AlertingPlan
) -> Iterator[Condition]:
    if warning.side is None:
        return
    made_at_ms = ms_of(warning.made_at)
    ahead_s = warning.leaves_in_s_q50
    yield at_risk_condition(
        concern,
        plan,
        side=warning.side,
        made_at_ms=made_at_ms,
        leaves_at_ms=None if ahead_s is None else made_at_ms + round(ahead_s * 1000),
    )


def _of_the_order(order: JudgedOrder, plan: AlertingPlan, now_ms: int) -> Iterator[Condition]:
    dossier = order.dossier
    concern = Concern(order_id=dossier.order_id)
    if dossier.due_at_ms is not None:
        promised = promise_condition(
            order.promise(now_ms),
            concern,
            plan,
            due_at_ms=dossier.due_at_ms,
            delivered=dossier.delivered_at_ms is not None,
        )
        if promised is not None:
            yield promised
    for complaint in order.complaints:
        if complaint.severity == "serious" and complaint.answered_at is None:
            yield complaint_condition(
                complaint.complaint_id,
                concern,
                plan,
                at_ms=ms_of(complaint.at),
                now_ms=now_ms,
                answer_by_ms=_answer_by_ms(complaint, dossier.rules),
            )


def _answer_by_ms(complaint: ComplaintRow, rules: CompensationRules | None) -> int | None:
    if rules is None:
        return None
    return ms_of(complaint.at) + rules.serious_complaints.answer_within_s * 1000
