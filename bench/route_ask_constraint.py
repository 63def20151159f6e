"""How is our own constraint engine asked?

As OR-Tools is (`bench.route_ask_ortools`), with our filter of neighbours before its propagation.
"""

from collections.abc import Iterator

from bench.route_ask_ortools import model_ways
from bench.route_rows import Task
from bench.route_ways import Way
from routing import constraint
from routing import search as own_search
from routing.problem import Problem


def compile_ahead(task: Task) -> None:
    """Compile what makes our first plan."""
    del task
    own_search.compile_ahead()


def ways(problem: Problem, task: Task) -> Iterator[Way]:
    """Yield two ways: from nothing, and from our first plan."""
    yield from model_ways(problem, task, constraint.Options())
