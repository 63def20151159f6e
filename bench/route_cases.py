"""Which problems are the engines asked about, and what is known of them?"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from bench.route_rows import Task, instance_name
from routing.city import city_day
from routing.exchange.solomon import UnreadableInstance, read_best_known, read_solomon
from routing.problem import Problem

BUNDLED: Final = Path(__file__).parents[1] / "tests/data/vrptw"
BEST_KNOWN: Final = "best-known.json"


class Wrong(ValueError):
    """Something that can't be measured; the sentence says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A problem, and for a public instance what is known of it."""

    name: str
    problem: Problem
    best_known: float | None = None
    metres_per_unit: int = 1
    """An instance's way is published in a unit of so many of our metres."""


def case_of(task: Task) -> Case:
    """Make a task's problem."""
    if task.problem_class == "public":
        return _public(Path(task.instance or ""))
    scenario = "normal" if task.problem_class == "own" else "plain"
    problem = city_day(orders=task.orders, seed=task.seed, scenario=scenario)
    return Case(name=f"{task.problem_class}-{task.orders}-{task.seed}", problem=problem)


def instances_in(folder: Path | None) -> list[Path]:
    """Return the instances of a folder that a best known is known of; raise `Wrong` if none is."""
    folder = folder or BUNDLED
    known = best_known(folder)
    found = [
        path for path in sorted(folder.glob("*.*")) if path.stem in known and path.suffix != ".json"
    ]
    if not found:
        raise Wrong(f"{folder} holds no instance that its {BEST_KNOWN} names")
    return found


@cache
def best_known(folder: Path) -> dict[str, float]:
    """Read best-known.json: the shortest way found so far, by instance."""
    try:
        said = read_best_known((folder / BEST_KNOWN).read_bytes())
    except OSError as error:
        raise Wrong(f"{folder} has no {BEST_KNOWN}: give --instances a folder that has") from error
    except UnreadableInstance as error:
        raise Wrong(f"{folder}: {error}") from error
    return {name: one.bks for name, one in said.items()}


def _public(path: Path) -> Case:
    return Case(
        name=instance_name(str(path)),
        problem=read_solomon(path.read_bytes()),
        best_known=best_known(path.parent)[path.stem],
        metres_per_unit=10,
    )
