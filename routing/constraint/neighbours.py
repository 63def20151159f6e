"""Is a neighbour worth OR-Tools' propagation?

Its own filters see one route and one clock at a time, not that a trip leaves only when its last
order is picked and its vehicle is back. Most of what they let through fails in propagation, which
takes a hundred times as long as to walk the days that a neighbour changes. The walk gives a lower
bound: it is exact but for waiting, breaks, range over several trips, and picking by the hour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from routing.constraint.model import UNBOUNDED, Model, cp
from routing.day import PER_MIN
from routing.plan import UNITS_PER_MINOR


@dataclass(frozen=True, slots=True)
class _Stop:
    """What a walk asks of a stop. Rates are in units by the second."""

    ready_s: int
    not_before_s: int
    due_s: int
    latest_s: int
    hold_s: int
    warm_after_s: int
    late: int
    on_board: int
    warm: int


@dataclass(frozen=True, slots=True)
class _Run:
    """What a walk asks of a run. Legs are by node, with the service at their beginning."""

    current: bool
    start: int
    end: int
    opens_s: int
    ends_s: int
    picking_s: int
    reload_s: int
    door_s: int
    since_s: int
    opened_s: int
    fixed: int
    legs_s: list[list[int]]
    costs: list[list[int]]


class Walk:
    """The least that one vehicle's day can cost, from the successors of its nodes.

    A stop's index is its node, for stops are numbered first.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._stops = [_stop(model, stop) for stop in range(len(model.stops))]
        tables: dict[tuple[object, ...], list[list[int]]] = {}
        self._runs = [_run(model, run, tables) for run in model.runs]
        self._first = [model.start(run) for run in model.runs]
        self._size = model.routing.Size()

    def day(self, vehicle: int, after: Sequence[int]) -> int | None:
        """Return the least cost in units, or None if the day breaks a rule."""
        total, free_s, used, gap = 0, 0, False, False
        for number in self._model.layout.runs_of[vehicle]:
            run, stops = self._runs[number], self.stops(number, after)
            if not stops and not run.current:
                gap = True
                continue
            trip = self._trip(run, stops, free_s + (run.reload_s if used else 0))
            if gap or trip is None:
                return None
            free_s, cost = trip
            total += cost if used else cost + run.fixed
            used = True
        return total

    def stops(self, run: int, after: Sequence[int]) -> list[int]:
        """Return a run's stops."""
        stops, index = [], after[self._first[run]]
        while index < self._size:
            stops.append(index)
            index = after[index]
        return stops

    def _trip(self, run: _Run, stops: list[int], free_s: int) -> tuple[int, int] | None:
        """Return when a trip ends, and what it costs."""
        now_s = max(run.opens_s, free_s)
        if not run.current:
            picked_s = max(self._stops[stop].ready_s for stop in stops) + run.picking_s
            now_s = max(now_s, picked_s)
        since_s, doors_s, at, cost = run.since_s, run.opened_s, run.start, 0
        for index in stops:
            stop, leg_s = self._stops[index], run.legs_s[at][index]
            since_s += leg_s
            now_s = max(now_s + leg_s, stop.not_before_s)
            exposure_s = since_s + doors_s
            if now_s > stop.latest_s or exposure_s > stop.hold_s:
                return None
            cost += run.costs[at][index] + stop.on_board * since_s
            if now_s > stop.due_s:
                cost += stop.late * (now_s - stop.due_s)
            if exposure_s > stop.warm_after_s:
                cost += stop.warm * (exposure_s - stop.warm_after_s)
            doors_s += run.door_s
            at = index
        now_s += run.legs_s[at][run.end]
        return (now_s, cost + run.costs[at][run.end]) if now_s <= run.ends_s else None


class NeighbourFilter(cp.IntVarLocalSearchFilter):  # type: ignore[misc]
    """Rejects a neighbour that breaks a rule or costs too much by the walk of its changed days."""

    def __init__(self, model: Model) -> None:
        self._size = model.routing.Size()
        super().__init__([model.routing.NextVar(index) for index in range(self._size)])
        self._layout = model.layout
        self._walk = Walk(model)
        self._drops = [it.drop_cost * UNITS_PER_MINOR for it in model.layout.problem.orders]
        self._starts = [model.start(run) for run in model.runs]
        self._after: list[int] = []
        self._vehicle_of: dict[int, int] = {}
        self._costs: dict[int, int] = {}
        self._total = 0

    def IsIncremental(self) -> bool:  # noqa: N802 - OR-Tools' name
        """Return that each neighbour comes whole."""
        return False

    def Synchronize(self, assignment: Any, delta: Any) -> None:  # noqa: N802 - OR-Tools' name
        """Learn the solution whose neighbours come next. One without objective is no solution."""
        super().Synchronize(assignment, delta)
        if assignment.HasObjective():
            self._after = [self.Value(index) for index in range(self._size)]
            self._learn()

    def Accept(  # noqa: N802 - OR-Tools' name
        self, delta: Any, _deltadelta: Any, least: int, most: int
    ) -> bool:
        """Return whether a neighbour may be better. Both bounds come less what is counted yet."""
        if not self._after:
            return True
        after, total, vehicles = self._after.copy(), self._total, set[int]()
        for index, to in self._changes(delta):
            if index in self._vehicle_of:
                vehicles.add(self._vehicle_of[index])
            total += self._saved(index, after[index]) - self._saved(index, to)
            after[index] = to
        for vehicle in vehicles:
            cost = self._walk.day(vehicle, after)
            if cost is None:
                return False
            total += cost - self._costs[vehicle]
        return bool(total <= most - least)

    def _changes(self, delta: Any) -> Iterator[tuple[int, int]]:
        changes = delta.IntVarContainer()
        for element in map(changes.Element, range(changes.Size())):
            index = self.IndexFromVar(element.Var())
            if index >= 0 and element.Activated():
                yield index, element.Value()

    def _learn(self) -> None:
        self._costs, self._vehicle_of = {}, {}
        for vehicle, runs in self._layout.runs_of.items():
            self._costs[vehicle] = self._walk.day(vehicle, self._after) or 0
            for run in runs:
                for index in (self._starts[run], *self._walk.stops(run, self._after)):
                    self._vehicle_of[index] = vehicle
        saved = sum(self._saved(index, to) for index, to in enumerate(self._after))
        self._total = sum(self._costs.values()) + sum(self._drops) - saved

    def _saved(self, index: int, to: int) -> int:
        """Return the drop cost that a stop saves if it is made. One that isn't succeeds itself."""
        if index == to or index >= len(self._layout.stops):
            return 0
        return self._drops[self._layout.stops[index].order]


def _stop(model: Model, stop: int) -> _Stop:
    order = model.layout.order(stop)
    return _Stop(
        ready_s=order.ready_s,
        not_before_s=order.not_before_s,
        due_s=order.due_s,
        latest_s=order.latest_s,
        hold_s=UNBOUNDED if order.hold_s is None else order.hold_s,
        warm_after_s=UNBOUNDED if order.warm_after_s is None else order.warm_after_s,
        late=order.late_cost_per_min * PER_MIN,
        on_board=order.onboard_cost_per_min * PER_MIN,
        warm=order.warm_cost_per_min * PER_MIN,
    )


def _run(model: Model, run: int, tables: dict[tuple[object, ...], list[list[int]]]) -> _Run:
    layout, legs = model.layout, model.legs
    it, vehicle, current = layout.runs[run], layout.vehicle(run), None
    if it.current:
        current = vehicle.current
    if legs.kind(run) not in tables:
        tables[legs.kind(run)] = legs.time_s(run).tolist()
    if legs.cost_kind(run) not in tables:
        tables[legs.cost_kind(run)] = legs.cost(run).tolist()
    return _Run(
        current=it.current,
        start=layout.starts[run],
        end=layout.ends[run],
        opens_s=it.opens_s,
        ends_s=vehicle.end_s,
        picking_s=layout.depot(run).picking_s,
        reload_s=vehicle.reload_s,
        door_s=vehicle.door_s,
        since_s=current.free_s - current.departed_s if current is not None else 0,
        opened_s=current.stops_made * vehicle.door_s if current is not None else 0,
        fixed=0 if vehicle.current is not None else vehicle.fixed_cost * UNITS_PER_MINOR,
        legs_s=tables[legs.kind(run)],
        costs=tables[legs.cost_kind(run)],
    )
