"""How are the rules said to OR-Tools' routing library?

The model of `docs/route-constraint.md`: a virtual vehicle a run, a disjunction an order, and
dimensions of time, exposure, way and load that are linked where rules cross. Its objective counts
in the evaluator's units. Everything begins as early as it can, as the evaluator has it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from ortools.constraint_solver import pywrapcp  # type: ignore[import-untyped]

from routing.constraint.layout import Int64Array, Layout
from routing.constraint.windows import Window, needs_waiting, windows
from routing.day import PER_H, PER_KM, PER_MIN
from routing.plan import UNITS_PER_MINOR, Draft, Tour, Visit
from routing.problem import Vehicle

UNBOUNDED: Final = 1 << 40
HOUR_S: Final = 3600

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
        self._matrices: dict[tuple[str, int], tuple[Int64Array, Int64Array]] = {}
        self.registered: dict[tuple[object, ...], int] = {}
        add_orders(self)
        add_ways(self)
        self.time = add_time(self)
        add_exposure(self)
        add_loads(self)
        add_release(self)
        add_trips(self)
        add_range(self)
        add_picking(self)
        add_breaks(self)
        self._finish()

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

    def matrices(self, run: int) -> tuple[Int64Array, Int64Array]:
        """Return metres and seconds between nodes for a run."""
        key = self.layout.vehicle(run).mode, self.layout.runs[run].time_slice
        if key not in self._matrices:
            self._matrices[key] = self.layout.matrices(*key)
        return self._matrices[key]

    def register(self, matrix: Int64Array, *key: object) -> int:
        """Return OR-Tools' number of a transit matrix; one of the same key is shared."""
        if key not in self.registered:
            self.registered[key] = self.routing.RegisterTransitMatrix(matrix.tolist())
        return self.registered[key]

    def register_row(self, row: Sequence[int], *key: object) -> int:
        """Return OR-Tools' number of what each node adds by itself."""
        if key not in self.registered:
            full = [*row, *[0] * (len(self.layout.places) - len(row))]
            self.registered[key] = self.routing.RegisterUnaryTransitVector(full)
        return self.registered[key]

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

    def _finish(self) -> None:
        """Let everything begin as early as it can: departures first, in the order of trips."""
        for index in [*map(self.start, self.runs), *self.stops, *map(self.end, self.runs)]:
            self.routing.AddVariableMinimizedByFinalizer(self.time.CumulVar(index))


def _value(variable: Any | None, assignment: Any | None) -> int:
    if variable is None:
        return 0
    return int(variable.Value() if assignment is None else assignment.Value(variable))


def add_orders(model: Model) -> None:
    """Say that each order is served once, by its door or its locker, or dropped at its price."""
    layout, routing = model.layout, model.routing
    ways: dict[int, list[int]] = {}
    for stop, visit in enumerate(layout.stops):
        ways.setdefault(visit.order, []).append(model.stops[stop])
        if model.windows[stop].closed:
            routing.ActiveVar(model.stops[stop]).SetValue(0)
        else:
            routing.VehicleVar(model.stops[stop]).SetValues([-1, *model.windows[stop].runs])
    locked = set(_lock(model, ways))
    for order, indices in ways.items():
        if order in locked:
            routing.AddDisjunction(indices)
        else:
            penalty = layout.problem.orders[order].drop_cost * UNITS_PER_MINOR
            routing.AddDisjunction(indices, penalty)


def _lock(model: Model, ways: dict[int, list[int]]) -> Iterator[int]:
    """Fix the locked stops of trips under way; yield their orders."""
    number = {order.id: k for k, order in enumerate(model.layout.problem.orders)}
    for run in model.runs:
        current = model.layout.vehicle(run).current
        if not model.layout.runs[run].current or current is None:
            continue
        before = [model.start(run)]
        for order in (number[order] for order in current.locked):
            for index in before:
                model.routing.NextVar(index).SetValues(
                    [*ways[order], *([] if model.routing.IsStart(index) else [index])]
                )
            before = ways[order]
            yield order


def add_ways(model: Model) -> None:
    """Charge by the arc: the way, the time, and what the stop that it leads to costs."""
    layout = model.layout
    known = {order.known_vehicle for order in layout.problem.orders if order.move_cost}
    services_s = layout.services_s()[:, None]
    for run, it in enumerate(layout.runs):
        vehicle = layout.vehicle(run)
        per_m, per_s = vehicle.cost_per_km * PER_KM, vehicle.cost_per_h * PER_H
        kind = (vehicle.mode, it.time_slice, per_m, per_s, vehicle.cost_per_order)
        key = ("cost", *kind, vehicle.id if vehicle.id in known else None)
        if key not in model.registered:
            way_m, way_s = model.matrices(run)
            model.register(
                way_m * per_m + (way_s + services_s) * per_s + _charges(layout, vehicle), *key
            )
        model.routing.SetArcCostEvaluatorOfVehicle(model.registered[key], run)
        if it.current:
            model.routing.SetVehicleUsedWhenEmpty(True, run)
        elif it.previous is None:
            model.routing.SetFixedCostOfVehicle(vehicle.fixed_cost * UNITS_PER_MINOR, run)


def _charges(layout: Layout, vehicle: Vehicle) -> Int64Array:
    """Return what each node costs if this vehicle brings it: the piece, the locker, a change."""
    charges = np.zeros(len(layout.places), dtype=np.int64)
    for stop, visit in enumerate(layout.stops):
        order = layout.order(stop)
        minor = vehicle.cost_per_order
        if visit.to_locker and order.locker is not None:
            minor += order.locker.cost
        if order.known_vehicle not in {None, vehicle.id}:
            minor += order.move_cost
        charges[stop] = minor * UNITS_PER_MINOR
    return charges


def add_time(model: Model) -> Any:
    """Add the clock: shifts, windows, promises. It stands still only where something is due."""
    layout = model.layout
    services_s = layout.services_s()[:, None]
    transits = [
        model.register(
            model.matrices(run)[1] + services_s,
            *("time", layout.vehicle(run).mode, layout.runs[run].time_slice),
        )
        for run in model.runs
    ]
    ends_s = [max(layout.vehicle(run).end_s, layout.runs[run].opens_s) for run in model.runs]
    time = _dimension(model, "time", transits, capacities=ends_s, slack=max(ends_s))
    for run, it in enumerate(layout.runs):
        start = time.CumulVar(model.start(run))
        if it.current:
            start.SetValue(it.opens_s)
        else:
            start.SetMin(it.opens_s)
            if model.has_slack:
                time.SlackVar(model.start(run)).SetValue(0)
        if model.has_slack:
            time.SetSlackCostCoefficientForVehicle(layout.vehicle(run).cost_per_h * PER_H, run)
    for stop, window in enumerate(model.windows):
        _add_window(model, time, stop, window)
    return time


def _add_window(model: Model, time: Any, stop: int, window: Window) -> None:
    if window.closed:
        return
    order, index = model.layout.order(stop), model.stops[stop]
    time.CumulVar(index).SetRange(window.opens_s, window.closes_s)
    if order.late_cost_per_min:
        time.SetCumulVarSoftUpperBound(index, order.due_s, order.late_cost_per_min * PER_MIN)


def add_exposure(model: Model) -> None:
    """Add the time on board, and the same with door openings: what it costs, what is too much."""
    orders = model.layout.problem.orders
    if any(order.onboard_cost_per_min for order in orders):
        on_board = _add_since_departure(model, "on board", doors=False)
        for stop, index in enumerate(model.stops):
            rate = model.layout.order(stop).onboard_cost_per_min * PER_MIN
            if rate:
                on_board.SetCumulVarSoftUpperBound(index, 0, rate)
    if any(order.hold_s is not None or order.warm_after_s is not None for order in orders):
        exposure = _add_since_departure(model, "exposure", doors=True)
        for stop, index in enumerate(model.stops):
            _limit_exposure(model, exposure, stop, index)


def _limit_exposure(model: Model, exposure: Any, stop: int, index: int) -> None:
    order = model.layout.order(stop)
    rate = order.warm_cost_per_min * PER_MIN
    if order.hold_s is not None:
        exposure.CumulVar(index).SetMax(order.hold_s)
    if order.warm_after_s is not None and rate:
        exposure.SetCumulVarSoftUpperBound(index, order.warm_after_s, rate)


def _add_since_departure(model: Model, name: str, *, doors: bool) -> Any:
    """Add a clock that starts with the trip; it waits where the day's clock waits."""
    layout = model.layout
    services_s = layout.services_s()[:, None]
    is_stop = (np.arange(len(layout.places)) < len(layout.stops)).astype(np.int64)[:, None]
    transits = []
    for run, it in enumerate(layout.runs):
        vehicle = layout.vehicle(run)
        door_s = vehicle.door_s if doors else 0
        transits.append(
            model.register(
                model.matrices(run)[1] + services_s + is_stop * door_s,
                *("time", vehicle.mode, it.time_slice, *([door_s] if door_s else [])),
            )
        )
    # As small as it can be: OR-Tools adds up the dearest that each stop could become.
    longest_s = max(max(it.end_s, it.end_s - it.start_s) for it in map(layout.vehicle, model.runs))
    clock = _dimension(
        model, name, transits, capacities=[longest_s] * len(transits), slack=UNBOUNDED
    )
    for run, it in enumerate(layout.runs):
        since_s = 0
        current = layout.vehicle(run).current
        if it.current and current is not None:
            since_s = current.free_s - current.departed_s
            since_s += current.stops_made * layout.vehicle(run).door_s if doors else 0
        clock.CumulVar(model.start(run)).SetValue(since_s)
    if model.has_slack:
        for index in [*model.stops, *map(model.start, model.runs)]:
            model.solver.Add(clock.SlackVar(index) == model.time.SlackVar(index))
    return clock


def add_loads(model: Model) -> None:
    """Bound what a trip loads, zone by zone. What is aboard already is not loaded again."""
    layout = model.layout
    loads = [layout.order(stop).load.by_zone() for stop in range(len(layout.stops))]
    for zone in range(3):
        weights = [load[zone] for load in loads]
        if not any(weights):
            continue
        row = model.register_row(weights, "load", zone)
        capacities = [
            UNBOUNDED if it.current else layout.vehicle(run).capacity.by_zone()[zone]
            for run, it in enumerate(layout.runs)
        ]
        _dimension(model, f"load {zone}", [row] * len(capacities), capacities=capacities)


def add_release(model: Model) -> None:
    """Let no trip leave before its orders are picked."""
    layout = model.layout
    ready_s = [layout.order(stop).ready_s for stop in range(len(layout.stops))]
    waiting = [
        run
        for run, it in enumerate(layout.runs)
        if not it.current and it.opens_s < max(ready_s, default=0) + layout.depot(run).picking_s
    ]
    if not waiting:
        return
    row = model.register_row([0], "nothing")
    capacities = [max(ready_s)] * len(model.runs)
    release = _dimension(model, "release", [row] * len(model.runs), capacities=capacities)
    for stop, index in enumerate(model.stops):
        release.CumulVar(index).SetMin(ready_s[stop])
    for run in waiting:
        start = model.start(run)
        picked_s = release.CumulVar(start) + layout.depot(run).picking_s
        model.solver.Add(model.time.CumulVar(start) >= picked_s)


def add_trips(model: Model) -> None:
    """Chain the trips of a vehicle: each after the one before it, and after a reload."""
    for run, it in enumerate(model.layout.runs):
        if it.previous is None:
            continue
        used = model.routing.ActiveVehicleVar(run)
        reload_s = model.layout.vehicle(run).reload_s
        ended = model.time.CumulVar(model.end(it.previous))
        model.solver.Add(model.time.CumulVar(model.start(run)) >= ended + used * reload_s)
        if not model.layout.runs[it.previous].current:
            model.solver.Add(used <= model.routing.ActiveVehicleVar(it.previous))


def add_range(model: Model) -> None:
    """Bound the way of a whole shift."""
    layout = model.layout
    ranges_m = {
        k: max(0, vehicle.range_m - vehicle.driven_m)
        for k, vehicle in enumerate(layout.problem.vehicles)
        if vehicle.range_m is not None and k in layout.runs_of
    }
    if not ranges_m:
        return
    transits = [
        model.register(model.matrices(run)[0], "way", layout.vehicle(run).mode)
        for run in model.runs
    ]
    capacities = [ranges_m.get(it.vehicle, UNBOUNDED) for it in layout.runs]
    way = _dimension(model, "way", transits, capacities=capacities)
    for vehicle, range_m in ranges_m.items():
        runs = layout.runs_of[vehicle]
        for run in runs:
            way.CumulVar(model.start(run)).SetValue(0)
        if len(runs) > 1:
            ways = [way.CumulVar(model.end(run)) for run in runs]
            model.solver.Add(model.solver.Sum(ways) <= range_m)


def add_picking(model: Model) -> None:
    """Bound how many orders leave a depot within a clock hour."""
    layout = model.layout
    limited = [it for it in layout.problem.depots if it.orders_per_hour is not None]
    if not any(min(it.orders_per_hour or ()) < len(layout.problem.orders) for it in limited):
        return
    row = model.register_row([1] * len(layout.stops), "one")
    capacities = [len(layout.stops)] * len(model.runs)
    count = _dimension(model, "count", [row] * len(model.runs), capacities=capacities)
    for depot in limited:
        runs = [
            run
            for run, it in enumerate(layout.runs)
            if not it.current and layout.vehicle(run).depot == depot.id
        ]
        counts = [count.CumulVar(model.end(run)) for run in runs]
        _limit_hours(model, runs, counts, depot.orders_per_hour or ())


def _limit_hours(model: Model, runs: list[int], counts: list[Any], limits: Sequence[int]) -> None:
    layout = model.layout
    hours = [(model.time.CumulVar(model.start(run)) // HOUR_S).Var() for run in runs]
    for hour in hours:
        model.routing.AddVariableMinimizedByFinalizer(hour)
    first = min((layout.runs[run].opens_s // HOUR_S for run in runs), default=0)
    last = max((layout.vehicle(run).end_s // HOUR_S for run in runs), default=-1)
    for hour in range(first, last + 1):
        leaving = [
            model.solver.IsEqualCstVar(its_hour, hour) * count
            for its_hour, count in zip(hours, counts, strict=True)
        ]
        model.solver.Add(model.solver.Sum(leaving) <= limits[hour % 24])


def add_breaks(model: Model) -> None:
    """Let each vehicle rest within its windows, as OR-Tools has it: anywhere but at a stop."""
    layout = model.layout
    services_s = [0] * model.routing.Size()
    for stop, index in enumerate(model.stops):
        services_s[index] = layout.service_s(stop)
    for vehicle, runs in layout.runs_of.items():
        rests = [
            model.solver.FixedDurationIntervalVar(
                max(rest.earliest_s, layout.runs[runs[0]].opens_s),
                max(rest.latest_s, layout.runs[runs[0]].opens_s),
                rest.duration_s,
                False,  # not optional: one after the day's end costs nothing
                f"break of {layout.problem.vehicles[vehicle].id}",
            )
            for rest in layout.problem.vehicles[vehicle].breaks
        ]
        for run in runs if rests else ():
            model.time.SetBreakIntervalsOfVehicle(rests, run, services_s)


def _dimension(
    model: Model, name: str, transits: list[int], *, capacities: list[int], slack: int = 0
) -> Any:
    """Add a dimension. It has slack only if something may wait; its starts are set by its maker."""
    model.routing.AddDimensionWithVehicleTransitAndCapacity(
        transits,
        slack if model.has_slack else 0,
        capacities,
        name not in {"time", "on board", "exposure", "release"},
        name,
    )
    return model.routing.GetDimensionOrDie(name)
