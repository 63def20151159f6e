"""How is the search compiled before anybody waits for it?"""

import numpy as np

from routing.engine import Budget, Progress, Report
from routing.problem import Depot, Load, Order, Place, Problem, Vehicle
from routing.search.engine import search
from routing.travel import Matrices, ModeMatrix


def compile_ahead(report: Report | None = None) -> None:
    """Compile the search, or load it from the cache, before anybody's clock runs.

    `report` hears of it if it takes long.
    """

    def tell(news: Progress) -> None:
        if report is not None and news.phase == "compiling":
            report(news)

    search(_smallest(), budget=Budget(iterations=1), seed=0, start=None, report=tell)


def _smallest() -> Problem:
    """Return a problem of one order. Every problem is compiled to the same code."""
    metres = np.array([[0, 500], [500, 0]], np.int32)
    return Problem(
        places=(Place(id="depot"), Place(id="door")),
        orders=(
            Order(
                id="order",
                place="door",
                load=Load(),
                depots=("depot",),
                due_s=3600,
                latest_s=3600,
                drop_cost=100,
            ),
        ),
        depots=(Depot(id="depot", place="depot"),),
        vehicles=(
            Vehicle(id="van", depot="depot", mode="van", capacity=Load(), start_s=0, end_s=7200),
        ),
        travel=Matrices({"van": ModeMatrix(metres, metres[None] // 10)}),
    )
