"""How does a draft become an assignment of OR-Tools' routing library, and the other way round?

The model of `docs/route-constraint.md`: a virtual vehicle a run, a disjunction an order, and
dimensions of time, exposure, way and load that are linked where rules cross (`build` puts it
together). Its objective counts in the evaluator's units.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from ortools.constraint_solver import pywrapcp  # type: ignore[import-untyped]

from routing.constraint.layout import Int64Array, Layout
from routing.constraint.legs import Legs
from routing.constraint.windows import needs_waiting, windows
from routing.plan import Draft, Tour, Visit

UNBOUNDED: Final = 1 << 40

cp: Any = pywrapcp


class Model:
    """One problem's model, and the way from drafts to its assignments and back."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.manager = cp.RoutingIndexManager(
            len(layout.places), len(layout.runs), list(layout.starts), list(layout.ends)
        )
        self.routing = cp.RoutingModel(self.manager)
        self.solver = self.routing.solver()
        self.stops = [self.manager.NodeToIndex(stop) for stop in range(len(layout.stops))]
        self.windows = windows(layout)
        self.has_slack = needs_waiting(layout) or any(
            layout.vehicle(run).breaks for run in range(len(layout.runs))
        )
        self.time: Any = None
        self.legs = Legs(layout)
        self._registered: dict[tuple[object, ...], int] = {}

    @property
    def runs(self) -> range:
        """Return the runs by number."""
        return range(len(self.layout.runs))

    def start(self, run: int) -> int:
        """Return the index where a run begins."""
        return int(self.routing.Start(run))

    def end(self, run: int) -> int:
        """Return the index where a run ends."""
        return int(self.routing.End(run))

    def register(self, key: tuple[object, ...], matrix: Callable[[], Int64Array]) -> int:
        """Return OR-Tools' number of a transit matrix, which is made if its key is new."""
        if key not in self._registered:
            self._registered[key] = self.routing.RegisterTransitMatrix(matrix().tolist())
        return self._registered[key]

    def register_row(self, key: tuple[object, ...], row: Sequence[int]) -> int:
        """Return OR-Tools' number of what each node adds by itself, whoever comes there.

        It must not differ by run: of a node without a run OR-Tools then asks nobody's.
        """
        if key not in self._registered:
            full = [*row, *[0] * (len(self.layout.places) - len(row))]
            self._registered[key] = self.routing.RegisterUnaryTransitVector(full)
        return self._registered[key]

    def add_dimension(
        self,
        name: str,
        transits: list[int],
        *,
        capacities: list[int],
        from_zero: bool = True,
        slack: int = 0,
    ) -> Any:
        """Add a dimension, with a transit and a capacity for each run."""
        self.routing.AddDimensionWithVehicleTransitAndCapacity(
            transits, slack, capacities, from_zero, name
        )
        return self.routing.GetDimensionOrDie(name)

    def routes(self, draft: Draft) -> list[list[int]]:
        """Return a draft as node indices of each run. Vehicles without a run lose their tours."""
        at = {visit: self.stops[stop] for stop, visit in enumerate(self.layout.stops)}
        routes: list[list[int]] = [[] for _ in self.runs]
        for vehicle, runs in self.layout.runs_of.items():
            under_way = self.layout.problem.vehicles[vehicle].current is not None
            tours = [
                tour
                for k, tour in enumerate(draft[vehicle])
                if tour.visits or (k == 0 and under_way)
            ]
            for run, tour in zip(runs, tours, strict=False):
                routes[run] = [at[visit] for visit in tour.visits]
        return routes

    def draft(self, assignment: Any | None = None, *, timed: bool = False) -> Draft:
        """Return the draft of an assignment, or of the solution at hand.

        If `timed`, each tour leaves no earlier than it does here.
        """
        tours: list[list[Tour]] = [[] for _ in self.layout.problem.vehicles]
        for run, it in enumerate(self.layout.runs):
            visits = tuple(self._visits(run, assignment))
            if visits or it.current:
                leaves = self.time.CumulVar(self.start(run)) if timed and not it.current else None
                tours[it.vehicle].append(Tour(visits, _value(leaves, assignment)))
        for k, vehicle in enumerate(self.layout.problem.vehicles):
            if vehicle.current is not None and not tours[k]:
                tours[k].append(Tour(()))
        return tuple(map(tuple, tours))

    def _visits(self, run: int, assignment: Any | None) -> Iterator[Visit]:
        index = _value(self.routing.NextVar(self.start(run)), assignment)
        while not self.routing.IsEnd(index):
            yield self.layout.stops[self.manager.IndexToNode(index)]
            index = _value(self.routing.NextVar(index), assignment)


def _value(variable: Any | None, assignment: Any | None) -> int:
    if variable is None:
        return 0
    return int(variable.Value() if assignment is None else assignment.Value(variable))
