"""How does a large city get its first plan soon, and then a good one?

A short search of every part gives the first plan, a longer one a better. Then rounds: the plan is
cut into windows across the borders, each window is searched from where the plan stands, and its
answer is taken if the whole is no worse.
"""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from routing.engine import Budget, Engine, Found, Progress, Report
from routing.plan import Draft
from routing.problem import Problem
from routing.repair import repair
from routing.scale.crew import Alone, Crew, Task
from routing.scale.picking import Leaving, share_picking
from routing.scale.pool import Pool
from routing.scale.shares import Purse
from routing.scale.split import MOST_ORDERS, split
from routing.scale.view import Part, inside, view
from routing.scale.whole import Whole, merge
from routing.scale.windows import Windows
from routing.search import compile_ahead, search

ENGINE: Final = "split"

FIRST_SHARE: Final = 0.1
FIRST_MOST_S: Final = 2.0
"""The first plan has a tenth of the budget, and seconds a part: dispatchers wait for it."""

PARTS_SHARE: Final = 0.75
"""Of what is left then, the parts have so much again: a long search gets where a short one that is
continued does not."""

ROUNDS: Final = 6
WINDOW_S: Final = 1.5
"""A window is searched for no less, or there are fewer rounds."""

ANGLE: Final = (math.sqrt(5) - 1) / 2 * math.pi / 2
"""Each round turns by the golden part of a right angle: no two rounds cut alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSearch:
    """An engine for large problems.

    `workers` are processes of this machine (one a core if not given); with `cluster` parts go to
    the Ray cluster at that address. A number of iterations gives the same plan whatever the crew.
    """

    workers: int | None = None
    cluster: str | None = None

    def __call__(
        self, problem: Problem, *, budget: Budget, seed: int, start: Draft | None, report: Report
    ) -> Found:
        """Return the best draft found by parts; it is never worse than a feasible `start`."""
        if self.cluster is None:  # else each worker would compile it, and say nothing
            compile_ahead(report)
        with _crew(search, self.workers, self.cluster) as crew:
            solver = Solver(
                problem=problem, crew=crew, purse=Purse(budget), seed=seed, report=report
            )
            return solver.solve(start)


@contextmanager
def _crew(engine: Engine, workers: int | None, cluster: str | None) -> Iterator[Crew]:
    if cluster is not None:
        from routing.scale.cluster import Cluster  # noqa: PLC0415 (an extra: only if asked for)

        with Cluster(engine, cluster) as crew:
            yield crew
        return
    hands = len(os.sched_getaffinity(0)) if workers is None else workers
    if hands == 1:
        yield Alone(engine)
        return
    with Pool(engine, hands) as pool:
        yield pool


@dataclass(kw_only=True)
class Solver:
    """One large problem being planned.

    A part has about `most` orders at most. The first plan has `first_share` of the budget, and no
    more than `first_most_s` seconds a part; `parts_share` of what is left then goes to the parts
    again.
    """

    problem: Problem
    crew: Crew
    purse: Purse
    seed: int
    report: Report
    most: int = MOST_ORDERS
    first_share: float = FIRST_SHARE
    first_most_s: float = FIRST_MOST_S
    parts_share: float = PARTS_SHARE
    iterations: int = 0

    def solve(self, start: Draft | None = None) -> Found:
        """Return the best plan found."""
        if start is None:
            plan = self._from_nothing()
        else:
            plan = Whole(self.problem, repair(self.problem, start))
            self._tell("start", plan)
        windows = Windows(self.problem)
        rounds = self._rounds()
        for turn in range(rounds):
            if self.purse.spent:
                break
            self._look_again(plan, windows, turn, 1 / (rounds - turn))
        return Found(draft=plan.draft, iterations=self.iterations)

    def _from_nothing(self) -> Whole:
        """Search each part, shortly for the first plan and then in earnest."""
        parts = [
            part for part in split(self.problem, most=self.most) if part.orders and part.vehicles
        ]
        nothing: list[tuple[Leaving, Draft | None]] = [({}, None) for _ in parts]
        budgets = self.purse.deal(
            self.first_share, parts, self.crew.hands, most_s=self.first_most_s
        )
        found: list[tuple[Part, Draft]] = []
        for k, answer in self._search(parts, budgets, nothing):
            found.append((parts[k], answer.draft))
            self._tell(f"part {len(found)} of {len(parts)}", None)
        plan = Whole(self.problem, merge(self.problem, found))
        self._tell("first plan", plan)
        if not self.purse.spent and self.parts_share:
            budgets = self.purse.deal(self.parts_share, parts, self.crew.hands)
            for done, (k, answer) in enumerate(self._search(parts, budgets, nothing), 1):
                plan.offer(parts[k], answer.draft)
                self._tell(f"part {done} of {len(parts)}, in earnest", plan)
        return plan

    def _rounds(self) -> int:
        """Return how many rounds there is time for, at `WINDOW_S` a window or more."""
        if not self.problem.orders or not self.problem.vehicles:
            return 0
        if math.isinf(self.purse.left_s):
            return ROUNDS
        turns = -(-len(self.problem.orders) // (self.most * self.crew.hands))
        return min(ROUNDS, max(1, int(self.purse.left_s / (turns * WINDOW_S))))

    def _look_again(self, plan: Whole, windows: Windows, turn: int, share: float) -> None:
        """Search windows across the borders, and take what is no worse for the whole."""
        parts = windows.cut(plan.draft, most=self.most, angle=ANGLE * (turn + 1), turn=turn)
        parts = [part for part in parts if part.orders]
        budgets = self.purse.deal(share, parts, self.crew.hands)
        known = [(plan.leaving(part.vehicles), inside(part, plan.draft)) for part in parts]
        for done, (k, answer) in enumerate(self._search(parts, budgets, known), 1):
            plan.offer(parts[k], answer.draft)
            self._tell(f"round {turn + 1}, window {done} of {len(parts)}", plan)

    def _search(
        self,
        parts: Sequence[Part],
        budgets: Sequence[Budget],
        known: Sequence[tuple[Leaving, Draft | None]],
    ) -> Iterator[tuple[int, Found]]:
        """Yield each part's number and answer. `known`: what leaves for it, and where it starts."""
        picking = share_picking(self.problem, parts, [leaving for leaving, _ in known])
        rows = zip(parts, picking, budgets, known, strict=True)
        tasks = [
            Task(
                view(self.problem, part, mine),
                budget,
                (self.seed * 1_000_003 + self.iterations + k) % 2**31,
                start,
            )
            for k, (part, mine, budget, (_, start)) in enumerate(rows)
        ]
        for k, found in self.crew.search(tasks, self.purse.called_off):
            self.iterations += found.iterations
            yield k, found

    def _tell(self, phase: str, plan: Whole | None) -> None:
        self.report(
            Progress(
                engine=ENGINE,
                phase=phase,
                elapsed_s=self.purse.elapsed_s,
                iterations=self.iterations,
                total=plan.total if plan else None,
                unserved=len(plan.unserved) if plan else None,
                late_s=plan.late_s if plan else None,
            )
        )
