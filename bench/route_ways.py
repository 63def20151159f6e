"""What is an engine to the bench, and in which ways is it asked?

Each engine is a module `bench.route_ask_<engine>` with the two functions of `Asker`. Importing it
loads the engine, and is timed.
"""

import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from bench.peers.asked import Answer, enough_served
from bench.route_rows import Engine, Task
from routing.engine import Progress
from routing.problem import Problem


class Way(NamedTuple):
    """One manner of asking, for the full time. The clock runs for `ask`; the best answer counts."""

    name: str | None
    ask: Callable[[], Answer]


class Asker(Protocol):
    """A module that asks an engine."""

    def compile_ahead(self, task: Task) -> None:
        """Compile what would be compiled under the clock."""

    def ways(self, problem: Problem, task: Task) -> Iterable[Way]:
        """Yield the ways to ask."""


class FirstAnswer:
    """Note when an engine first reports an answer worth the name: a `routing.engine.Report`."""

    def __init__(self, problem: Problem) -> None:
        self._enough = enough_served(problem)
        self._orders = len(problem.orders)
        self._began_s = time.perf_counter()
        self.after_s: float | None = None

    def __call__(self, progress: Progress) -> None:
        """Take a report."""
        unserved = self._orders if progress.unserved is None else progress.unserved
        if self.after_s is None and self._orders - unserved >= self._enough:
            self.after_s = time.perf_counter() - self._began_s


def load(engine: Engine) -> Asker:
    """Import an engine."""
    return cast("Asker", import_module(f"bench.route_ask_{engine}"))
