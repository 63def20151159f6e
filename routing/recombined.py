"""Would other combinations of the days that a search met be better?

Most of the time is the compiled search's. CP-SAT then chooses among the days that were part of its
good plans, one for each vehicle, and the search goes on from that choice.
"""

import time
from dataclasses import replace
from typing import Final

from routing.constraint import recombine
from routing.engine import DEFAULT_TIME_S, Budget, Found, Progress, Report
from routing.plan import Draft
from routing.problem import Problem
from routing.search import search, search_with_pool

SEARCH_SHARE: Final = 0.8
CHOICE_SHARE: Final = 0.1


def search_and_recombine(
    problem: Problem, *, budget: Budget, seed: int, start: Draft | None, report: Report
) -> Found:
    """Return the best draft found within `budget.time_limit_s`; `DEFAULT_TIME_S` if there is none.

    Recombining has no iterations. Where they count, this is the compiled search and nothing else.
    """
    if budget.iterations is not None:
        return search(problem, budget=budget, seed=seed, start=start, report=report)
    limit_s = DEFAULT_TIME_S if budget.time_limit_s is None else budget.time_limit_s
    began_s = time.perf_counter()
    found, pool = search_with_pool(
        problem,
        budget=replace(budget, time_limit_s=limit_s * SEARCH_SHARE),
        seed=seed,
        start=start,
        report=report,
    )
    if budget.called_off():
        return found
    elapsed_s = time.perf_counter() - began_s
    report(
        Progress(
            engine="recombine",
            phase="recombining",
            elapsed_s=elapsed_s,
            iterations=found.iterations,
        )
    )
    better = recombine(problem, pool, found.draft, time_limit_s=limit_s * CHOICE_SHARE, seed=seed)
    left_s = max(0.0, began_s + limit_s - time.perf_counter())
    last = search(
        problem,
        budget=replace(budget, time_limit_s=left_s),
        seed=seed,
        start=better or found.draft,
        report=report,
    )
    return Found(draft=last.draft, iterations=found.iterations + last.iterations)
