"""What does PyVRP answer within a time, and what does its answer mean as a draft?"""

import time
import warnings
from typing import Final

from pyvrp import (
    IteratedLocalSearch,
    IteratedLocalSearchCallbacks,
    IteratedLocalSearchParams,
    PenaltyParams,
    Result,
    Route,
    Solution,
    SolveParams,
    solve,
)
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.stop import StoppingCriterion

from bench.peers.asked import Answer, enough_served
from bench.peers.pyvrp_model import Asked, Tuning, ask
from routing.plan import Draft, Tour
from routing.problem import Problem

HIGHEST_PENALTY: Final = 50
"""PyVRP's highest penalty of a second or a metre too many, in what one costs, where that is more
than its own bound. Of 2, 17, 57, 570 and 1,140 the best on our own days: with more it seldom loads
again, with less it finds nothing that keeps its rules."""


class Within:
    """Stop so many seconds from now, building the model among them."""

    def __init__(self, seconds: float) -> None:
        self._deadline_s = time.perf_counter() + seconds

    def __call__(self, best_cost: float) -> bool:  # noqa: ARG002 (PyVRP's own signature)
        """Return whether the time is over."""
        return time.perf_counter() >= self._deadline_s


class _FirstAnswer(IteratedLocalSearchCallbacks):
    """Note when there was the first answer that breaks none of PyVRP's rules."""

    def __init__(self, began_s: float, enough: int) -> None:
        self._began_s = began_s
        self._enough = enough
        self.after_s: float | None = None

    def on_start(self, ils: IteratedLocalSearch) -> None:
        self.on_best(ils.initial_solution)

    def on_best(self, best: Solution) -> None:
        if self.after_s is None and best.is_feasible() and best.num_clients() >= self._enough:
            self.after_s = time.perf_counter() - self._began_s


def answer(problem: Problem, *, stop: StoppingCriterion, seed: int, tuning: Tuning) -> Answer:
    """Return PyVRP's answer once it is stopped."""
    began_s = time.perf_counter()
    asked = ask(problem, tuning)
    first = _FirstAnswer(began_s, enough_served(problem))
    dearest = max(
        max(kind.unit_distance_cost, kind.unit_duration_cost) for kind in asked.data.vehicle_types()
    )
    params = SolveParams(
        ils=IteratedLocalSearchParams(callbacks=first),
        penalty=PenaltyParams(
            max_penalty=max(PenaltyParams.max_penalty, HIGHEST_PENALTY * dearest)
        ),
    )
    with warnings.catch_warnings():
        # It warns where not all can be served, which is no news.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        result = solve(asked.data, stop, seed, collect_stats=False, params=params)
    return Answer(
        drafts=tuple(_draft(problem, asked, result.best, held=held) for held in (True, False)),
        own_total=_own_total(problem, asked, result),
        first_answer_s=first.after_s,
    )


def _draft(problem: Problem, asked: Asked, best: Solution, *, held: bool) -> Draft:
    """Read an answer; *held*, no trip leaves before PyVRP says."""
    days: list[tuple[Tour, ...]] = [()] * len(problem.vehicles)
    free = [iter(kind.vehicles) for kind in asked.kinds]
    for route in best.routes():
        days[next(free[route.vehicle_type()])] = _tours(asked, route, held=held)
    return tuple(days)


def _tours(asked: Asked, route: Route, *, held: bool) -> tuple[Tour, ...]:
    tours = []
    for trip in range(route.num_trips()):
        steps = [step for step in route if step.trip == trip]
        visits = tuple(asked.doors[step.idx] for step in steps if step.is_client())
        if visits:
            tours.append(Tour(visits, steps[0].end_time if held else 0))
    return tuple(tours)


def _own_total(problem: Problem, asked: Asked, result: Result) -> int | None:
    """Return PyVRP's own cost in our units, if its answer breaks none of its rules."""
    if not result.is_feasible():
        return None
    # Of an order with two doors the locker's prize is always left over: served, one of both is,
    # and they differ by the locker's cost; unserved, its drop cost is counted with the door's.
    left_over = sum(
        client.prize
        for client, door in zip(asked.data.clients(), asked.doors, strict=True)
        if door.to_locker
    )
    cost = int(result.cost()) - left_over
    return cost * asked.unit + len(problem.orders) * asked.untold
