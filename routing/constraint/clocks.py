"""Which clocks has the model: the day's, each trip's time on board, and its exposure?

Everything begins as early as it can, as the evaluator has it. A clock stands still only where
somebody may wait or rest.
"""

from functools import partial
from typing import Any, Final

from routing.constraint.model import UNBOUNDED, Model
from routing.constraint.windows import Window
from routing.day import PER_H, PER_MIN

DAY_S: Final = 86_400


def add_time(model: Model) -> None:
    """Add the clock: shifts, windows, promises. It stands still only where something is due."""
    layout, legs = model.layout, model.legs
    transits = [
        model.register(("time", *legs.kind(run), 0), partial(legs.time_s, run))
        for run in model.runs
    ]
    ends_s = [max(layout.vehicle(run).end_s, layout.runs[run].opens_s) for run in model.runs]
    time = model.add_dimension(
        "time",
        transits,
        capacities=ends_s,
        from_zero=False,
        slack=max(ends_s) if model.has_slack else 0,
    )
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
    model.time = time


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
    """Add a clock that starts with the trip, and jumps at each door if they count."""
    layout, legs = model.layout, model.legs
    transits, since_s = [], []
    for run, it in enumerate(layout.runs):
        vehicle, current = layout.vehicle(run), None
        if it.current:
            current = vehicle.current
        door_s = vehicle.door_s if doors else 0
        transits.append(
            model.register(
                ("time", *legs.kind(run), door_s),
                partial(legs.exposure_s if door_s else legs.time_s, run),
            )
        )
        opened_s = current.stops_made * door_s if current is not None else 0
        under_way_s = current.free_s - current.departed_s if current is not None else 0
        since_s.append(under_way_s + opened_s)
    # As small as it can be: OR-Tools adds up the dearest that each stop could become.
    longest_s = max(layout.vehicle(run).end_s + since_s[run] for run in model.runs)
    clock = model.add_dimension(
        name,
        transits,
        capacities=[longest_s] * len(transits),
        from_zero=False,
        slack=longest_s if model.has_slack else 0,
    )
    for run in model.runs:
        clock.CumulVar(model.start(run)).SetValue(since_s[run])
    if model.has_slack:
        _tie(model, clock, doors=doors)
    return clock


def _tie(model: Model, clock: Any, *, doors: bool) -> None:
    """Say that a trip's clock is the day's, less the departure, and with the doors.

    Where somebody may wait it does not follow from the legs: OR-Tools lets each clock stand still
    by itself.
    """
    runs, solver = model.runs, model.solver
    row = model.register_row(("nothing",), [0])
    departure = model.add_dimension(
        f"departure {doors}",
        [row] * len(runs),
        capacities=[UNBOUNDED] * len(runs),
        from_zero=False,
    )
    for index in map(model.start, runs):
        since = clock.CumulVar(index) - DAY_S  # a trip may have left before midnight
        solver.Add(departure.CumulVar(index) == model.time.CumulVar(index) - since)
    opened = _add_doors(model) if doors else None
    for index in model.stops:
        since = clock.CumulVar(index) - DAY_S
        if opened is not None:
            since -= opened.CumulVar(index)
        solver.Add(model.time.CumulVar(index) == departure.CumulVar(index) + since)


def _add_doors(model: Model) -> Any:
    transits = [
        model.register(
            ("doors", model.layout.vehicle(run).door_s), partial(model.legs.doors_s, run)
        )
        for run in model.runs
    ]
    return model.add_dimension("doors", transits, capacities=[UNBOUNDED] * len(transits))


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
    row = model.register_row(("nothing",), [0])
    capacities = [max(ready_s)] * len(model.runs)
    release = model.add_dimension(
        "release", [row] * len(capacities), capacities=capacities, from_zero=False
    )
    for stop, index in enumerate(model.stops):
        release.CumulVar(index).SetMin(ready_s[stop])
    for run in waiting:
        start = model.start(run)
        picked_s = release.CumulVar(start) + layout.depot(run).picking_s
        model.solver.Add(model.time.CumulVar(start) >= picked_s)


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
        for rest in rests:
            model.routing.AddVariableMinimizedByFinalizer(rest.StartExpr().Var())


def begin_early(model: Model) -> None:
    """Let everything begin as early as it can: departures first, in the order of trips."""
    for index in [*map(model.start, model.runs), *model.stops, *map(model.end, model.runs)]:
        model.routing.AddVariableMinimizedByFinalizer(model.time.CumulVar(index))
