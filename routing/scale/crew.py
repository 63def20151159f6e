"""Who searches parts, and what do they get?

A crew has so many hands: processes of this machine (`routing.scale.pool`) or of a cluster
(`routing.scale.cluster`). Which hand takes which part, and when, changes nothing in the answers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, Protocol

from routing.engine import Budget, Engine, Found, Progress
from routing.plan import Draft
from routing.problem import Problem

CalledOff = Callable[[], bool]
"""Whether to end early. It stays in this process: workers are ended, not asked."""

ASK_EVERY_S: Final = 0.2


class Task(NamedTuple):
    """One part to search."""

    problem: Problem
    budget: Budget
    seed: int
    start: Draft | None


class Crew(Protocol):
    """Those who search parts."""

    @property
    def hands(self) -> int:
        """Return how many parts are searched at once."""

    def search(self, tasks: Sequence[Task], called_off: CalledOff) -> Iterator[tuple[int, Found]]:
        """Yield each task's number and answer as it is there, until all are or it's called off."""


class CrewLost(Exception):
    """Workers died again and again, and a part was never finished."""


def work(engine: Engine, task: Task) -> Found:
    """Search one part."""
    return engine(
        task.problem, budget=task.budget, seed=task.seed, start=task.start, report=_keep_quiet
    )


class Alone:
    """A crew of one: this process."""

    hands = 1

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def search(self, tasks: Sequence[Task], called_off: CalledOff) -> Iterator[tuple[int, Found]]:
        """Yield each task's number and answer, one after the other."""
        for k, task in enumerate(tasks):
            if called_off():
                return
            budget = replace(task.budget, called_off=called_off)
            yield k, work(self._engine, task._replace(budget=budget))


def _keep_quiet(_progress: Progress) -> None:
    """Drop a part's own progress: only the whole's is reported."""
