"""What is one measurement of the router's bench: what is asked, and what came of it?"""

from pathlib import Path
from typing import Final, Literal

import msgspec

ProblemClass = Literal["public", "own", "plain"]
Engine = Literal["ours", "ortools", "constraint", "pyvrp", "vroom"]

CLASSES: Final[tuple[ProblemClass, ...]] = ("public", "own", "plain")
ENGINES: Final[tuple[Engine, ...]] = ("ours", "ortools", "constraint", "pyvrp", "vroom")
NEEDS: Final = {"pyvrp": "pyvrp", "vroom": "vroom"}
"""The module that an engine needs, and that `frostline[peers]` brings."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One engine, asked about one problem for so many seconds.

    The seed of a public instance is the engine's; of the other classes, the city's.
    """

    problem_class: ProblemClass
    engine: Engine
    seed: int
    seconds: float
    orders: int = 0
    instance: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What came of it.

    Costs are in the currency's smallest unit, or of a public instance its distance. `seconds` is
    the time on the clock, and `cpu_seconds` what the process used up meanwhile. `repaired` counts
    the rules that the answer broke, for the engine can't be told of them; the cost is of the
    repaired answer. `failure` says why there is no cost.
    """

    problem_class: ProblemClass = msgspec.field(name="class")
    orders: int
    seed: int
    engine: Engine
    seconds: float
    cost: float | None
    unserved: int | None
    cost_without_drops_and_lateness: float | None = None
    late_minutes: float | None = None
    repaired: int = 0
    load_seconds: float = 0.0
    compile_seconds: float = 0.0
    first_answer_seconds: float | None = None
    cpu_seconds: float = 0.0
    instance: str | None = None
    best_known: float | None = None
    gap_percent: float | None = None
    way: str | None = None
    failure: str | None = None


def instance_name(path: str) -> str:
    """Return an instance's name: its file's, without the ending."""
    return Path(path).stem
