"""How is PyVRP asked?"""

from collections.abc import Iterator
from typing import Final

from bench.peers.pyvrp_model import Tuning
from bench.peers.pyvrp_run import Within, answer
from bench.route_rows import Task
from bench.route_ways import Way
from routing.problem import Problem

# docs/bench-route.md says what else was tried for our own days.
TUNINGS: Final = {
    "public": Tuning(required=True),
    "own": Tuning(grace_s=600, aboard=1.5),
    "plain": Tuning(),
}


def compile_ahead(task: Task) -> None:
    """Do nothing: it comes compiled."""
    del task


def ways(problem: Problem, task: Task) -> Iterator[Way]:
    """Yield the one way."""
    tuning = TUNINGS[task.problem_class]
    yield Way(
        None,
        lambda: answer(problem, stop=Within(task.seconds), seed=task.seed, tuning=tuning),
    )
