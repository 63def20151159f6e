"""How is VROOM asked?"""

from collections.abc import Iterator
from typing import Final

from bench.peers.vroom_model import Tuning, answer
from bench.route_rows import Task
from bench.route_ways import Way
from routing.problem import Problem

# docs/bench-route.md says what else was tried for our own days.
TUNINGS: Final = {
    "public": Tuning(),
    "own": Tuning(shipments=True, grace_s=600),
    "plain": Tuning(shipments=True),
}


def compile_ahead(task: Task) -> None:
    """Do nothing: it comes compiled."""
    del task


def ways(problem: Problem, task: Task) -> Iterator[Way]:
    """Yield the one way. It draws nothing by chance, and takes no seed."""
    tuning = TUNINGS[task.problem_class]
    yield Way(None, lambda: answer(problem, seconds=task.seconds, tuning=tuning))
