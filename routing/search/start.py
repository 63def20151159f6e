"""What does a search start from?

From a draft without its visits that break rules, or from nothing but the stops that current trips
are bound to. What is absent then is brought by the first filling.
"""

from routing.evaluate import Judge, evaluate
from routing.locked import NoFeasiblePlan, locked_draft
from routing.plan import Draft
from routing.problem import Problem
from routing.repair import repair


def feasible_start(problem: Problem, start: Draft | None) -> Draft:
    """Return a draft that breaks no rule. Raises `NoFeasiblePlan`, or `MalformedDraft`."""
    if start is None:
        return locked_draft(Judge(problem))
    draft = repair(problem, start)
    if violations := evaluate(problem, draft).violations:
        raise NoFeasiblePlan(violations[0].sentence)
    return draft
