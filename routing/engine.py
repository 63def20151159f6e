"""What is an engine: what does it get, and what does it owe?

An engine takes a checked problem and returns a draft that breaks no rule. It reports each better
draft as it finds it, and stops when its budget is used up. The same problem, seed, start and number
of iterations give the same draft.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from routing.plan import Draft
from routing.problem import Problem

DEFAULT_TIME_S: Final = 10.0
"""How long is searched where nobody says."""


def never() -> bool:
    """Return that nobody has called a search off."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long an engine may search: seconds of wall time, or iterations of its own kind.

    An engine that asks `called_off` between its steps ends early with the best that it has.
    """

    time_limit_s: float | None = None
    iterations: int | None = None
    called_off: Callable[[], bool] = never


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A better draft, or a phase such as compiling. `total` counts as `routing.plan.Cost` does."""

    engine: str
    phase: str
    elapsed_s: float
    iterations: int
    total: int | None = None
    unserved: int | None = None
    late_s: int | None = None


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An engine's answer."""

    draft: Draft
    iterations: int


class Engine(Protocol):
    """A search for a good draft."""

    def __call__(
        self,
        problem: Problem,
        *,
        budget: Budget,
        seed: int,
        start: Draft | None,
        report: Report,
    ) -> Found:
        """Return the best draft found within the budget; it is never worse than `start`."""
