"""What becomes of the living plan where reality broke it?

Visits that break a rule are taken out (`routing.repair`). They, and what has lost its vehicle, are
put back wherever they fit: at least cost, the earliest promise first. What fits nowhere is for the
search.
"""

from typing import Final

from routing.evaluate import Judge
from routing.locked import locked_draft
from routing.plan import Draft
from routing.problem import Problem
from routing.remedy import Remedy
from routing.repair import repair
from routing.trial import Tries

SPOTS: Final = 60
"""Places that are tried for each order."""


def mended(problem: Problem, drafts: list[Draft], wanted: frozenset[int]) -> Draft:
    """Return the first draft that breaks no rule, or the cheapest that breaks none once mended.

    It serves those of the wanted orders that fit.
    """
    judge = Judge(problem)
    for draft in drafts:
        if judge.evaluate(draft).feasible:
            return put_back(problem, draft, wanted)
    whole = [put_back(problem, repair(problem, draft), wanted | served(draft)) for draft in drafts]
    found = [judge.evaluate(draft) for draft in whole]
    kept = [(each.cost.total, k) for k, each in enumerate(found) if each.feasible]
    return whole[min(kept)[1]] if kept else locked_draft(judge)


def served(draft: Draft) -> frozenset[int]:
    """Return the orders that a draft serves."""
    return frozenset(visit.order for tours in draft for tour in tours for visit in tour.visits)


def put_back(problem: Problem, draft: Draft, wanted: frozenset[int]) -> Draft:
    """Return a draft with those of the wanted orders that fit."""
    missing = wanted - served(draft)
    for order in sorted(missing, key=lambda k: (problem.orders[k].due_s, problem.orders[k].id)):
        best = cheapest_fit(problem, draft, order)
        if best is not None:
            draft = with_remedy(draft, best)
    return draft


def cheapest_fit(problem: Problem, draft: Draft, order: int) -> Remedy | None:
    """Return how an order gets into a draft for the least cost, if it fits without a change."""
    tries = Tries(problem, draft)
    fits = (tries.fit(order, spot) for spot in tries.planned(order, SPOTS))
    found = (fit for fit in fits if fit is not None)
    return min(found, key=lambda fit: (fit.added, fit.vehicle), default=None)


def with_remedy(draft: Draft, remedy: Remedy) -> Draft:
    """Return a draft in which a vehicle's day is as a remedy has it."""
    return (*draft[: remedy.vehicle], remedy.tours, *draft[remedy.vehicle + 1 :])
