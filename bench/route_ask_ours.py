"""How are we asked?"""

from collections.abc import Iterator

from bench.peers.asked import Answer
from bench.route_rows import Task
from bench.route_ways import FirstAnswer, Way
from routing import search
from routing.problem import Problem
from routing.solve import solve


def compile_ahead(task: Task) -> None:
    """Compile the search."""
    del task
    search.compile_ahead()


def ways(problem: Problem, task: Task) -> Iterator[Way]:
    """Yield the one way: `solve`, as anybody calls it."""
    yield Way(None, lambda: _answer(problem, task))


def _answer(problem: Problem, task: Task) -> Answer:
    first = FirstAnswer(problem)
    plan = solve(problem, time_limit_s=task.seconds, seed=task.seed, progress=first)
    return Answer(drafts=(plan.draft,), own_total=plan.cost.total, first_answer_s=first.after_s)
