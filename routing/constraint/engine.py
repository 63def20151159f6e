"""How is the complete model searched?

A first solution by cheapest insertion, then guided local search. Of vehicles that are alike, only
those that the first solution uses and a few more stay in the model, for each makes every step
dearer. What OR-Tools finds is judged by the evaluator, and mended where the model is coarser
(breaks, time of day). One iteration is one look of OR-Tools at its limit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from ortools.constraint_solver import routing_enums_pb2  # type: ignore[import-untyped]
from ortools.util.optional_boolean_pb2 import BOOL_FALSE  # type: ignore[import-untyped]

from routing.constraint.build import build
from routing.constraint.fleet import alike, enough
from routing.constraint.layout import Layout
from routing.constraint.model import cp
from routing.constraint.neighbours import NeighbourFilter
from routing.engine import Budget, Found, Progress, Report
from routing.evaluate import Evaluation, Judge
from routing.locked import locked_draft
from routing.plan import Draft
from routing.problem import Problem
from routing.repair import repair

ENGINE: Final = "constraint"

LONGEST_S: Final = 86_400.0
"""OR-Tools wants some limit of time, also where iterations count."""

WITH_OTHER_FILTERS: Final = (
    "use_global_cheapest_insertion_path_lns",
    "use_local_cheapest_insertion_path_lns",
    "use_relocate_path_global_cheapest_insertion_insert_unperformed",
    "use_global_cheapest_insertion_visit_types_lns",
    "use_local_cheapest_insertion_visit_types_lns",
)
"""Operators that show our filter half a solution. They found nothing on any city's day."""

WORTH_JUDGING: Final = 1000
"""A solution in between is judged if it is cheaper by one part in so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How OR-Tools searches: its own names. `spare_vehicles` of each kind stay in the model.

    Without `neighbour_filter` it searches as it does by itself.
    """

    first_solution: str = "PARALLEL_CHEAPEST_INSERTION"
    metaheuristic: str = "GUIDED_LOCAL_SEARCH"
    spare_vehicles: int | None = 2
    neighbour_filter: bool = True


DEFAULT: Final = Options()


@dataclass(slots=True)
class _Best:
    """The best draft so far, by the evaluator; the clock and the count of the search."""

    problem: Problem
    budget: Budget
    report: Report
    judge: Judge = field(init=False)
    draft: Draft = ()
    total: int | None = None
    iterations: int = 0
    began_s: float = field(default_factory=monotonic)

    def __post_init__(self) -> None:
        self.judge = Judge(self.problem)

    def offer(self, draft: Draft) -> None:
        """Take a draft that breaks no rule, if it is better."""
        evaluation = self.judge.evaluate(draft)
        if not evaluation.feasible:
            draft = repair(self.problem, draft)
            evaluation = self.judge.evaluate(draft)
        if not self.draft:
            self.draft = draft
        if evaluation.feasible and (self.total is None or evaluation.cost.total < self.total):
            self.draft, self.total = draft, evaluation.cost.total
            self._tell(evaluation)

    def left_s(self) -> float | None:
        """Return the seconds that are left, if seconds count."""
        if self.budget.time_limit_s is None:
            return None
        return max(0.0, self.budget.time_limit_s - (monotonic() - self.began_s))

    def over(self) -> bool:
        """Count an iteration; return whether it was the last."""
        self.iterations += 1
        limit = self.budget.iterations
        return limit is not None and self.iterations >= limit

    def _tell(self, evaluation: Evaluation) -> None:
        served = sum(len(trip.stops) for route in evaluation.routes for trip in route.trips)
        self.report(
            Progress(
                engine=ENGINE,
                phase="search",
                elapsed_s=monotonic() - self.began_s,
                iterations=self.iterations,
                total=evaluation.cost.total,
                unserved=len(self.problem.orders) - served,
                late_s=evaluation.totals.late_s,
            )
        )


def search(
    problem: Problem,
    *,
    budget: Budget,
    seed: int,
    start: Draft | None,
    report: Report,
    options: Options = DEFAULT,
) -> Found:
    """Search the complete model (see `routing.engine.Engine`)."""
    if budget.time_limit_s is None and budget.iterations is None:
        raise ValueError("a budget names seconds or iterations")
    best = _Best(problem, budget, report)
    best.offer(start if start is not None else locked_draft(best.judge))
    if Layout(problem, set(range(len(problem.vehicles)))).runs:
        _search(best, seed, options, has_start=start is not None)
    return Found(draft=best.draft, iterations=best.iterations)


def _search(best: _Best, seed: int, options: Options, *, has_start: bool) -> None:
    fleet = set(range(len(best.problem.vehicles)))
    drafts = [best.draft, locked_draft(best.judge)]
    began_s, building_s = monotonic(), 0.0
    if not has_start:
        # With several trips a vehicle, insertion opens the second before the first and gets stuck.
        solving = _Solving(best, Layout(best.problem, fleet, 1), seed, options)
        building_s = monotonic() - began_s
        drafts = [*filter(None, [solving.first()]), *drafts]
    if options.spare_vehicles is not None and any(tours for tours in drafts[0]):
        fleet = enough(alike(best.problem), drafts[0], options.spare_vehicles)
    left_s = best.left_s()
    if left_s is None or left_s > building_s:
        _Solving(best, Layout(best.problem, fleet), seed, options).improve(drafts)


class _Solving:
    """One model, and OR-Tools' search on it."""

    def __init__(self, best: _Best, layout: Layout, seed: int, options: Options) -> None:
        self._best = best
        self._options = options
        self._judged: int | None = None
        self._model = build(layout)
        self._model.solver.ReSeed(seed)
        self._model.routing.AddAtSolutionCallback(self._at_solution)

    def first(self) -> Draft | None:
        """Return OR-Tools' first solution, if it finds one in time. No count cuts it short."""
        parameters = self._parameters()
        self._model.routing.CloseModelWithParameters(parameters)
        parameters.solution_limit = 1
        layout, routes = self._model.layout, self._model.routes(self._best.draft)
        # Insertion can't begin from empty routes where something must be first.
        locks = [route[: layout.locked(run)] for run, route in enumerate(routes)]
        self._model.routing.ApplyLocksToAllVehicles(locks, False)
        assignment = self._model.routing.SolveWithParameters(parameters)
        return None if assignment is None else self._model.draft(assignment)

    def improve(self, drafts: Iterable[Draft]) -> None:
        """Search on from the first of these drafts that the model allows."""
        routing = self._model.routing
        if self._options.neighbour_filter:
            neighbours = NeighbourFilter(self._model)  # kept by this name: OR-Tools doesn't own it
            routing.AddLocalSearchFilter(neighbours)
        routing.AddSearchMonitor(self._model.solver.CustomLimit(self._best.over))
        routing.CloseModelWithParameters(self._parameters())
        for draft in drafts:
            read = routing.ReadAssignmentFromRoutes(self._model.routes(draft), True)
            if read is not None:
                found = routing.SolveFromAssignmentWithParameters(read, self._parameters())
                if found is not None:
                    self._offer(found, found.ObjectiveValue())
                return

    def _parameters(self) -> Any:
        parameters = cp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.Value.Value(
            self._options.first_solution
        )
        parameters.local_search_metaheuristic = (
            routing_enums_pb2.LocalSearchMetaheuristic.Value.Value(self._options.metaheuristic)
        )
        # Linear programs would move one clock without the other: everything is as early as can be.
        parameters.disable_scheduling_beware_this_may_degrade_performance = True
        parameters.fallback_to_cp_sat_size_threshold = 0  # it heeds no count of iterations
        for operator in WITH_OTHER_FILTERS if self._options.neighbour_filter else ():
            setattr(parameters.local_search_operators, operator, BOOL_FALSE)
        left_s = self._best.left_s()
        limit_s = LONGEST_S if left_s is None else min(left_s, LONGEST_S)
        parameters.time_limit.FromMilliseconds(max(1, int(limit_s * 1000)))
        return parameters

    def _at_solution(self) -> None:
        total = int(self._model.routing.CostVar().Max())
        if self._judged is None or total * WORTH_JUDGING < self._judged * (WORTH_JUDGING - 1):
            self._judged = total
            self._offer(None, total)

    def _offer(self, assignment: Any | None, total: int) -> None:
        """Offer what OR-Tools found: as early as can be, or when it says, if that is better."""
        draft = self._model.draft(assignment)
        self._best.offer(draft)
        if self._best.total is None or self._best.total > total:
            self._best.offer(self._model.draft(assignment, timed=True))
