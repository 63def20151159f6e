"""How is a search run: what does it start from, for how long, and how hot?

The compiled part runs in short chunks, so that time, reports and interrupts stay in Python. How far
a search has come is the share of its budget that is used: of the time, or of the iterations; with a
number of iterations the result depends on nothing else.

The temperature is what a change may cost and still be likely to be accepted. It starts near what it
costs to bring one order, as the first plan has it, and ends at a hundredth of that, so it needs no
setting for a currency or a city. A search that starts from a plan begins cooler: it is to better
that plan, not to leave it.
"""

import time
from dataclasses import dataclass, field, replace
from typing import Any, Final

from routing.engine import Budget, Found, Progress, Report
from routing.evaluate import evaluate
from routing.plan import Column, Draft
from routing.problem import Problem
from routing.search import anneal
from routing.search.compile import is_kept
from routing.search.facts import Arrays, build, picks
from routing.search.layout import State
from routing.search.pool import Pool
from routing.search.start import feasible_start
from routing.search.state import allocate, best_draft, focus_on_absent, load

NAME: Final = "search"
CHUNK_S: Final = 0.02
REPORT_EVERY_S: Final = 0.1
JUDGE_EVERY_S: Final = 2.0
"""How often a report says anew how late the plan is: judging takes time."""
FIRST_RATE: Final = 2000.0  # iterations per second, until the first chunk has been timed
HOTTEST: Final = 0.75
WARM_START: Final = 0.1
COOLING: Final = 0.01


class WrongTotal(AssertionError):
    """The search and the evaluator disagree: a bug in the search."""


@dataclass(kw_only=True)
class Run:
    """One search while it runs."""

    problem: Problem
    budget: Budget
    report: Report
    arrays: Arrays
    state: State
    began_s: float
    pool: Pool | None = None
    reported_s: float = field(default=0.0, init=False)
    reported_u: int | None = field(default=None, init=False)
    judged_s: float = field(default=-JUDGE_EVERY_S, init=False)
    late_s: int = field(default=0, init=False)
    unserved: int = field(default=0, init=False)

    @property
    def now(self) -> Any:
        """Return the state's counters."""
        return self.state.now[0]

    def elapsed_s(self) -> float:
        """Return how long the search has run."""
        return time.perf_counter() - self.began_s

    def tell(self, phase: str, *, at_once: bool = False) -> None:
        """Report the best plan, if it is better than the last that was reported."""
        elapsed_s, best_u = self.elapsed_s(), int(self.now["best_u"])
        is_due = at_once or elapsed_s - self.reported_s >= REPORT_EVERY_S
        if best_u != self.reported_u and is_due:
            self.reported_s, self.reported_u = elapsed_s, best_u
            iterations = int(self.now["iterations"])
            self._judge(elapsed_s, at_once=at_once)
            self.report(
                Progress(
                    engine=NAME,
                    phase=phase,
                    elapsed_s=elapsed_s,
                    iterations=iterations,
                    total=best_u,
                    unserved=self.unserved,
                    late_s=self.late_s,
                )
            )

    def _judge(self, elapsed_s: float, *, at_once: bool) -> None:
        """Have the best plan judged, unless it was a moment ago."""
        if at_once or elapsed_s - self.judged_s >= JUDGE_EVERY_S:
            self.judged_s = elapsed_s
            draft = best_draft(self.arrays, self.state)
            served = sum(len(tour.visits) for tours in draft for tour in tours)
            self.unserved = len(self.problem.orders) - served
            self.late_s = evaluate(self.problem, draft).totals.late_s

    def hottest_u(self, *, warm: bool) -> float:
        """Return the temperature to start at."""
        served = self.state.task["row"] >= 0
        drops_u = int(self.arrays.facts.order["drop_u"][~served].sum())
        order_u = (int(self.now["best_u"]) - drops_u) / max(1, int(served.sum()))
        return HOTTEST * max(1.0, order_u) * (WARM_START if warm else 1.0)

    def cool(self, hottest_u: float) -> None:
        """Search until the budget is used up."""
        if self.budget.iterations is not None:
            self._cool_by_iterations(hottest_u, self.budget.iterations)
        elif self.budget.time_limit_s is not None:
            self._cool_by_time(hottest_u, self.budget.time_limit_s)

    def _cool_by_iterations(self, temperature_u: float, iterations: int) -> None:
        cooling = COOLING ** (1.0 / max(1, iterations))
        rate, left = FIRST_RATE, iterations
        while left > 0 and not self._is_out_of_time():
            count = max(1, min(left, int(rate * CHUNK_S)))
            temperature_u, rate = self._chunk(count, temperature_u, cooling)
            left -= count

    def _is_out_of_time(self) -> bool:
        limit_s = self.budget.time_limit_s
        late = limit_s is not None and self.elapsed_s() >= limit_s
        return late or self.budget.called_off()

    def _cool_by_time(self, hottest_u: float, limit_s: float) -> None:
        first_s, rate = self.elapsed_s(), FIRST_RATE
        while (elapsed_s := self.elapsed_s()) < limit_s and not self.budget.called_off():
            chunk_s = min(CHUNK_S, limit_s - elapsed_s)
            count = max(1, int(rate * chunk_s))
            share = (elapsed_s - first_s) / (limit_s - first_s)
            cooling = COOLING ** (chunk_s / (limit_s - first_s) / count)
            _, rate = self._chunk(count, hottest_u * COOLING**share, cooling)

    def _chunk(self, count: int, temperature_u: float, cooling: float) -> tuple[float, float]:
        """Search for a moment; return the temperature and the iterations per second."""
        before_s = self.elapsed_s()
        temperature_u = anneal.anneal(self.arrays.facts, self.state, count, temperature_u, cooling)
        rate = count / max(1e-6, self.elapsed_s() - before_s)
        self.tell("search")
        if self.pool is not None:
            self.pool.gather(self.state)
        return temperature_u, rate


def search(
    problem: Problem, *, budget: Budget, seed: int, start: Draft | None, report: Report
) -> Found:
    """Return the best draft found within the budget; it is never worse than a feasible `start`.

    Raises `NoFeasiblePlan` if the next stops of a current trip break a rule.
    """
    if not (problem.orders and problem.vehicles):
        return Found(draft=feasible_start(problem, start), iterations=0)
    run = _begin(problem, budget, seed, start, report)
    return _finish(run, warm=start is not None)


def search_with_pool(
    problem: Problem, *, budget: Budget, seed: int, start: Draft | None, report: Report
) -> tuple[Found, list[Column]]:
    """Search, and return also the good days of single vehicles that were met on the way."""
    if not (problem.orders and problem.vehicles):
        return Found(draft=feasible_start(problem, start), iterations=0), []
    run = _begin(problem, budget, seed, start, report)
    run.pool = Pool(run.arrays)
    found = _finish(run, warm=start is not None)
    return found, list(run.pool.columns.values())


def _begin(problem: Problem, budget: Budget, seed: int, start: Draft | None, report: Report) -> Run:
    """Make the first plan."""
    began_s = time.perf_counter()
    if not is_kept():
        report(Progress(engine=NAME, phase="compiling", elapsed_s=0.0, iterations=0))
    trips = [sum(bool(tour.visits) for tour in tours) for tours in start or ()]
    arrays = build(problem, trips=trips if len(trips) == len(problem.vehicles) else None)
    problem = replace(problem, travel=arrays.travel)
    draft = feasible_start(problem, start)
    longest = max((len(tour.visits) for tours in draft for tour in tours), default=0)
    state = allocate(arrays.facts, picks(problem), longest=longest, seed=seed)
    load(problem, arrays, state, draft)
    if start is not None:
        focus_on_absent(draft, state)
    anneal.fill(arrays.facts, state)
    run = Run(
        problem=problem, budget=budget, report=report, arrays=arrays, state=state, began_s=began_s
    )
    run.tell("start", at_once=True)
    return run


def _finish(run: Run, *, warm: bool) -> Found:
    """Search, and have the best plan judged."""
    run.cool(run.hottest_u(warm=warm))
    run.tell("end", at_once=True)
    draft = best_draft(run.arrays, run.state)
    verdict = evaluate(run.problem, draft)
    if verdict.violations or verdict.cost.total != run.now["best_u"]:
        raise WrongTotal(
            f"the search says {run.now['best_u']} units, the evaluator {verdict.cost.total}; "
            f"broken rules: {[violation.sentence for violation in verdict.violations]}"
        )
    return Found(draft=draft, iterations=int(run.now["iterations"]))
