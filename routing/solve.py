"""What is the best plan for this problem, within this time?

`solve` is the one door to the engines. It checks the problem, chooses an engine by size and time,
and has the answer judged: what it returns breaks no rule, and is never worse than `start`.

- up to `WHOLE_ORDERS` orders the compiled search plans the whole (`routing.search`); where there is
  time for it, CP-SAT recombines the days that it met (`routing.recombined`)
- above, parts are planned in several processes, and then joined (`routing.scale`)
- `constraint` asks OR-Tools' complete model (`routing.constraint`), the search's twin
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from routing import constraint, search
from routing.check import MAX_ORDERS, check
from routing.engine import DEFAULT_TIME_S, Budget, Engine, Progress, Report, never
from routing.evaluate import MalformedDraft, evaluate
from routing.plan import Draft, Plan
from routing.problem import Problem
from routing.recombined import search_and_recombine
from routing.scale import SplitSearch
from routing.unserved import TRIES, explain_unserved

EngineName = Literal["auto", "search", "recombined", "split", "constraint"]

WHOLE_ORDERS: Final = 1_000
RECOMBINE_FROM_S: Final = 20.0
"""Below this, CP-SAT's share of the time is better spent on the search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What `solve` may use besides time. `auto` chooses the engine by size and time.

    `workers` are processes of this machine and `cluster` a Ray cluster's address; only the split
    search uses them. `called_off` is asked between steps: once true, the best plan until then is
    the answer (`constraint` asks nobody). `explain_tries` days are walked to say why orders stay
    behind.
    """

    engine: EngineName = "auto"
    workers: int | None = None
    cluster: str | None = None
    max_orders: int = MAX_ORDERS
    called_off: Callable[[], bool] = never
    explain_tries: int = TRIES


ONE_THREAD: Final = Means()


def solve(  # noqa: PLR0913 (the caller's own words, all but two with a default)
    problem: Problem,
    *,
    time_limit_s: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    start: Draft | None = None,
    progress: Callable[[Progress], None] | None = None,
    means: Means = ONE_THREAD,
) -> Plan:
    """Return the best plan found within the time, or within a number of iterations.

    With `iterations` the same problem, seed and start give the same plan. Without either it
    searches for `DEFAULT_TIME_S`. `progress` hears of phases and of better totals, which never
    rise. Raises `ImpossibleProblem` if the problem contradicts itself, and `MalformedDraft` if
    `start` doesn't fit it. Orders that can't be served are part of the answer.
    """
    check(problem, max_orders=means.max_orders)
    if time_limit_s is None and iterations is None:
        time_limit_s = DEFAULT_TIME_S
    budget = Budget(time_limit_s=time_limit_s, iterations=iterations, called_off=means.called_off)
    report = _falling(progress or _silent)
    name, engine = choose(problem, budget, means)
    if name != "constraint":
        search.compile_ahead(report)  # its minute is nobody's search time
    found = engine(problem, budget=budget, seed=seed, start=start, report=report)
    return as_plan(
        problem,
        _no_worse(problem, found.draft, start),
        engine=name,
        seed=seed,
        iterations=found.iterations,
        tries=means.explain_tries,
    )


def choose(problem: Problem, budget: Budget, means: Means = ONE_THREAD) -> tuple[str, Engine]:
    """Return the engine for a problem, and its name."""
    engines: dict[str, Engine] = {
        "search": search.search,
        "recombined": search_and_recombine,
        "split": SplitSearch(workers=means.workers, cluster=means.cluster),
        "constraint": constraint.search,
    }
    name = means.engine if means.engine != "auto" else _best(problem, budget, means)
    return name, engines[name]


def _best(problem: Problem, budget: Budget, means: Means) -> str:
    if means.cluster is not None or len(problem.orders) > WHOLE_ORDERS:
        return "split"
    if budget.iterations is None and (budget.time_limit_s or 0.0) >= RECOMBINE_FROM_S:
        return "recombined"
    return "search"


def as_plan(
    problem: Problem,
    draft: Draft,
    *,
    engine: str = "",
    seed: int = 0,
    iterations: int = 0,
    tries: int = TRIES,
) -> Plan:
    """Return the plan that a draft amounts to, with the reasons of what stays behind.

    Raises `MalformedDraft` if the draft breaks a rule, with the first one.
    """
    evaluation = evaluate(problem, draft)
    if not evaluation.feasible:
        raise MalformedDraft(f"the plan breaks a rule: {evaluation.violations[0].sentence}")
    return Plan(
        draft=draft,
        routes=evaluation.routes,
        unserved=explain_unserved(problem, draft, tries=tries),
        cost=evaluation.cost,
        totals=evaluation.totals,
        engine=engine,
        seed=seed,
        iterations=iterations,
    )


def _no_worse(problem: Problem, found: Draft, start: Draft | None) -> Draft:
    """Return what was found, or the start where that breaks no rule and costs less."""
    if start is None:
        return found
    given, reached = evaluate(problem, start), evaluate(problem, found)
    return start if given.feasible and given.cost.total < reached.cost.total else found


def _falling(progress: Callable[[Progress], None]) -> Report:
    """Return a report that passes totals on only as they fall: phases follow one another."""
    best: int | None = None

    def report(news: Progress) -> None:
        nonlocal best
        if news.total is not None:
            if best is not None and news.total >= best:
                return
            best = news.total
        progress(news)

    return report


def _silent(news: Progress) -> None:
    del news
