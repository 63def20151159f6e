"""Who brings what: orders, loads, trips, range, and picking by the hour."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from routing.constraint.model import UNBOUNDED, Model
from routing.evaluate import Judge
from routing.plan import UNITS_PER_MINOR

HOUR_S: Final = 3600


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
    number = Judge(model.layout.problem).number_of
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
    """Charge by the arc, and a vehicle by its first run."""
    for run, it in enumerate(model.layout.runs):
        cost = model.register(("cost", *model.legs.cost_kind(run)), partial(model.legs.cost, run))
        model.routing.SetArcCostEvaluatorOfVehicle(cost, run)
        if it.current:
            model.routing.SetVehicleUsedWhenEmpty(True, run)
        elif it.previous is None:
            fixed_cost = model.layout.vehicle(run).fixed_cost
            model.routing.SetFixedCostOfVehicle(fixed_cost * UNITS_PER_MINOR, run)


def add_loads(model: Model) -> None:
    """Bound what a trip loads, zone by zone. What is aboard already is not loaded again."""
    layout = model.layout
    loads = [layout.order(stop).load.by_zone() for stop in range(len(layout.stops))]
    for zone in range(3):
        weights = [load[zone] for load in loads]
        if not any(weights):
            continue
        row = model.register_row(("load", zone), weights)
        capacities = [
            UNBOUNDED if it.current else layout.vehicle(run).capacity.by_zone()[zone]
            for run, it in enumerate(layout.runs)
        ]
        model.add_dimension(f"load {zone}", [row] * len(capacities), capacities=capacities)


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
        model.register(("way", layout.vehicle(run).mode), partial(model.legs.way_m, run))
        for run in model.runs
    ]
    capacities = [ranges_m.get(it.vehicle, UNBOUNDED) for it in layout.runs]
    way = model.add_dimension("way", transits, capacities=capacities)
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
    row = model.register_row(("one",), [1] * len(layout.stops))
    capacities = [len(layout.stops)] * len(model.runs)
    count = model.add_dimension("count", [row] * len(model.runs), capacities=capacities)
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
