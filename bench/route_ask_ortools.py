"""How is OR-Tools asked?

On public instances as its own users would. On our own days it gets the complete model of
`routing.constraint` in its best tuning, without our filter of neighbours, and once more from our
own first plan, which is not counted in its time: the better of both counts.
"""

from collections.abc import Iterator

from bench.peers import ortools_vrptw
from bench.peers.asked import Answer
from bench.route_rows import Task
from bench.route_ways import FirstAnswer, Way
from routing import constraint
from routing import search as own_search
from routing.engine import Budget
from routing.plan import Draft
from routing.problem import Problem


def compile_ahead(task: Task) -> None:
    """Compile what makes our first plan."""
    if task.problem_class != "public":
        own_search.compile_ahead()


def ways(problem: Problem, task: Task) -> Iterator[Way]:
    """Yield one way for a public instance, two for our own days."""
    if task.problem_class == "public":
        yield Way(None, lambda: ortools_vrptw.answer(problem, seconds=task.seconds))
        return
    yield from model_ways(problem, task, constraint.Options(neighbour_filter=False))


def model_ways(problem: Problem, task: Task, options: constraint.Options) -> Iterator[Way]:
    """Yield the ways to ask OR-Tools with the complete model: from nothing, and from our plan."""
    yield Way("from nothing", lambda: _answer(problem, task, options, None))
    start = _first_plan(problem, task.seed)
    yield Way("from our first plan", lambda: _answer(problem, task, options, start))


def _answer(
    problem: Problem, task: Task, options: constraint.Options, start: Draft | None
) -> Answer:
    first = FirstAnswer(problem)
    found = constraint.search(
        problem,
        budget=Budget(time_limit_s=task.seconds),
        seed=task.seed,
        start=start,
        report=first,
        options=options,
    )
    # What it is given is no answer of its own.
    return Answer(drafts=(found.draft,), first_answer_s=None if start else first.after_s)


def _first_plan(problem: Problem, seed: int) -> Draft:
    """Return what our search has before its first ruin."""
    found = own_search.search(
        problem, budget=Budget(iterations=1), seed=seed, start=None, report=lambda _: None
    )
    return found.draft
