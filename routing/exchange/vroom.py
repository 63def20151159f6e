"""How is VROOM's JSON planned here, and answered in its own form?

docs/route-problem.md says what becomes of each field. What can't be expressed is refused with its
place: shipments and pickups, several windows that don't touch, vehicles that end elsewhere than
they start, and what VROOM knows by vehicle type.
"""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Final

import numpy as np

from routing.check import ImpossibleProblem, check
from routing.check_values import MAX_COST, MAX_TIME_S, Fault
from routing.document_reading import decoded
from routing.exchange.vroom_shapes import Carrier, Input, Job, Location, Windows
from routing.exchange.vroom_travel import (
    Sites,
    UnreadableVroom,
    Ways,
    faster,
    hundredths,
    price_of,
    range_of,
    scale_of,
    sites_of,
    ways_of,
)
from routing.problem import Break, Depot, Load, Order, Problem, Vehicle
from routing.travel import Matrices, ModeMatrix

Spot = Location | int | None

DAY_S: Final = 86_400
KINDS: Final = 3  # frozen, chilled, ambient: amounts in this order
MAX_LEGS: Final = 1 << 28  # of all modes; 8 bytes each
VROOMS_WORDS: Final = (
    ("orders[", "jobs["),
    ("travel.modes", "matrices"),
    (".duration_s[0]", ".durations"),
    (".service_s", ".service"),
    (".duration_s", ".service"),  # of a break
    (".not_before_s", ".time_windows"),
    (".latest_s", ".time_windows"),
    (".earliest_s", ".time_windows"),
    (".start_s", ".time_window"),
    (".end_s", ".time_window"),
    (".fixed_cost", ".costs.fixed"),
)
DEAREST_LEGS: Final = 20
"""A job of priority 0 is worth as much as so many of the dearest legs; see `_worth`."""


@dataclass(frozen=True)
class Import:
    """A VROOM input as a problem, and what its answer is made of.

    `scale`: fen of one of VROOM's cost. `base_s`: what its times were before midnight of day 0.
    `ways`: each vehicle's. Jobs and vehicles stand in the problem in the input's order.
    """

    source: Input
    problem: Problem
    sites: Sites
    ways: tuple[Ways, ...]
    scale: int
    base_s: int


@dataclass
class Fleet:
    """The vehicles while they are made, and their modes."""

    source: Input
    sites: Sites
    scale: int
    base_s: int
    ways: list[Ways] = field(default_factory=list)
    modes: dict[tuple[object, ...], str] = field(default_factory=dict)
    by_mode: dict[str, ModeMatrix] = field(default_factory=dict)


def read_vroom(data: bytes) -> Problem:
    """Return a VROOM input as a problem; see `open_vroom`."""
    return open_vroom(data).problem


def open_vroom(data: bytes) -> Import:
    """Return a VROOM input as a problem, with what `routing.exchange.vroom_answer` needs.

    Raises `UnreadableVroom` with the place in the input and the reason, `ImpossibleProblem` if what
    was read can't be planned.
    """
    source: Input = decoded(data, Input, UnreadableVroom)
    _refuse(_inexpressible(source))
    sites, scale, base_s = sites_of(source), scale_of(source), _base_s(source)
    fleet = Fleet(source, sites, scale, base_s)
    vehicles = _vehicles(fleet)
    problem = Problem(
        places=sites.places,
        orders=_orders(fleet, vehicles),
        depots=tuple(
            Depot(id=name, place=name.removeprefix("depot"))
            for name in dict.fromkeys(vehicle.depot for vehicle in vehicles)
        ),
        vehicles=vehicles,
        travel=Matrices(fleet.by_mode),
    )
    try:
        check(problem)
    except ImpossibleProblem as error:
        first, *more = (Fault(*map(_in_input, fault)) for fault in error.faults)
        raise UnreadableVroom(*first, tuple(more)) from error
    return Import(source, problem, sites, tuple(fleet.ways), scale, base_s)


def windows_of(windows: Windows) -> Windows:
    """Return windows in order, with those that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for opens, closes in sorted(windows):
        if joined and opens <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
        else:
            joined.append((opens, closes))
    return tuple(joined)


def _refuse(faults: Iterator[Fault]) -> None:
    for fault in faults:
        raise UnreadableVroom(*fault)


def _in_input(text: str) -> str:
    """Name places as the input does."""
    for ours, theirs in VROOMS_WORDS:
        text = text.replace(ours, theirs)
    return text


def _inexpressible(source: Input) -> Iterator[Fault]:
    """Yield what a problem has no words for."""
    if source.shipments:
        yield Fault("shipments[0]", "can't be expressed; give deliveries from a start, as jobs")
    if source.matrix is not None:
        yield Fault("matrix", "is VROOM's older form; give matrices.car.durations")
    for k, job in enumerate(source.jobs):
        yield from _job_faults(f"jobs[{k}]", job)
    for k, vehicle in enumerate(source.vehicles):
        yield from _end_faults(f"vehicles[{k}]", *_ends(source, vehicle))
        yield from _vehicle_faults(f"vehicles[{k}]", vehicle)
    yield from _amount_faults(source)
    yield from _setup_faults(source)


def _job_faults(where: str, job: Job) -> Iterator[Fault]:
    if any(job.pickup):
        yield Fault(f"{where}.pickup", "can't be expressed; only deliveries are planned")
    for name in ("setup_per_type", "service_per_type"):
        if getattr(job, name):
            yield Fault(f"{where}.{name}", "can't be expressed; give one duration for all vehicles")
    yield from _window_faults(f"{where}.time_windows", job.time_windows)


def _window_faults(where: str, windows: Windows) -> Iterator[Fault]:
    for k, (opens, closes) in enumerate(windows):
        if closes < opens:
            yield Fault(f"{where}[{k}]", f"closes at {closes}, before it opens at {opens}")
    if len(windows_of(windows)) > 1:
        yield Fault(where, "has windows apart from each other; give one, or some that touch")


def _end_faults(where: str, start: Spot, end: Spot) -> Iterator[Fault]:
    if start is None:
        yield Fault(
            f"{where}.start", "is missing; give [lon, lat], or an index if there are matrices"
        )
    elif end is not None and end != start:
        yield Fault(f"{where}.end", "is elsewhere than start; return there, or leave end out")


def _vehicle_faults(where: str, vehicle: Carrier) -> Iterator[Fault]:
    if vehicle.steps:
        yield Fault(f"{where}.steps", "is a route to start from, which isn't read; leave it out")
    if vehicle.costs.per_task_hour:
        yield Fault(f"{where}.costs.per_task_hour", "can't be expressed; only travel is charged")
    if vehicle.time_window and vehicle.time_window[1] < vehicle.time_window[0]:
        yield Fault(f"{where}.time_window", "closes before it opens")
    for k, rest in enumerate(vehicle.breaks):
        yield from _window_faults(f"{where}.breaks[{k}].time_windows", rest.time_windows)
        if rest.max_load:
            yield Fault(f"{where}.breaks[{k}].max_load", "can't be expressed; leave it out")


def _amount_faults(source: Input) -> Iterator[Fault]:
    """Yield amounts of other lengths than the first vehicle's capacity, or of too many kinds."""
    if not source.vehicles:
        return
    kinds = len(source.vehicles[0].capacity)
    counted = any(vehicle.max_tasks is not None for vehicle in source.vehicles)
    if kinds + counted > KINDS:
        reason = "of at most 3 kinds can be told apart, or 2 beside max_tasks"
        yield Fault("vehicles[0].capacity", reason)
    for k, vehicle in enumerate(source.vehicles):
        if len(vehicle.capacity) != kinds:
            reason = f"has {len(vehicle.capacity)} numbers, that of vehicles[0] {kinds}"
            yield Fault(f"vehicles[{k}].capacity", reason)
    for k, job in enumerate(source.jobs):
        if job.load and len(job.load) != kinds:
            reason = f"has {len(job.load)} numbers, a vehicle's capacity {kinds}"
            yield Fault(f"jobs[{k}].{'delivery' if job.delivery else 'amount'}", reason)


def _setup_faults(source: Input) -> Iterator[Fault]:
    """Yield each setup that would be saved by coming from a job at the same place."""
    at = [_spot(source, job.location, job.location_index) for job in source.jobs]
    shared = Counter(at)
    shared.update(spot for vehicle in source.vehicles for spot in _ends(source, vehicle))
    for k, job in enumerate(source.jobs):
        if job.setup and shared[at[k]] > 1:
            reason = "can't be expressed at a place of several jobs, or a start; add it to service"
            yield Fault(f"jobs[{k}].setup", reason)


def _ends(source: Input, vehicle: Carrier) -> tuple[Spot, Spot]:
    return (
        _spot(source, vehicle.start, vehicle.start_index),
        _spot(source, vehicle.end, vehicle.end_index),
    )


def _spot(source: Input, location: Location | None, index: int | None) -> Spot:
    """Return what places something: its index with matrices, or else its coordinates."""
    return index if source.matrices else location


def _base_s(source: Input) -> int:
    """Return the midnight to count from: 0, or the first day of times that are timestamps."""
    windows = [window for job in source.jobs for window in job.time_windows]
    windows += [vehicle.time_window for vehicle in source.vehicles if vehicle.time_window]
    windows += [w for vehicle in source.vehicles for r in vehicle.breaks for w in r.time_windows]
    first_s = min((opens for opens, _ in windows), default=0)
    return first_s - first_s % DAY_S if first_s > MAX_TIME_S else 0


def _span(windows: Windows, base_s: int) -> tuple[int, int]:
    """Return when a window opens and closes; without one, at any time that can be planned."""
    [(opens, closes)] = windows_of(windows) or ((base_s, base_s + MAX_TIME_S),)
    return opens - base_s, min(closes - base_s, MAX_TIME_S)


def _vehicles(fleet: Fleet) -> tuple[Vehicle, ...]:
    by_profile = ways_of(fleet.source, fleet.sites)
    return tuple(
        _vehicle(fleet, f"vehicles[{k}]", vehicle, by_profile[vehicle.profile])
        for k, vehicle in enumerate(fleet.source.vehicles)
    )


def _vehicle(fleet: Fleet, where: str, vehicle: Carrier, ways: Ways) -> Vehicle:
    ways = faster(ways, vehicle.speed_factor)
    price = price_of(where, vehicle, ways, fleet.scale)
    key = (vehicle.profile, hundredths(vehicle.speed_factor), price.shape)
    if key not in fleet.modes:
        if (len(fleet.by_mode) + 1) * len(fleet.sites.places) ** 2 > MAX_LEGS:
            reason = f"take more than {MAX_LEGS} legs; give fewer profiles, speeds and prices"
            raise UnreadableVroom("vehicles", reason)
        fleet.modes[key] = _unlike(vehicle.profile, fleet.by_mode)
        matrix = ModeMatrix(price.steps(ways), ways.durations_s[None])
        fleet.by_mode[fleet.modes[key]] = matrix
    fleet.ways.append(ways)
    start = fleet.sites.index_of(f"{where}.start", vehicle.start, vehicle.start_index)
    start_s, end_s = _span((vehicle.time_window,) if vehicle.time_window else (), fleet.base_s)
    return Vehicle(
        id=str(vehicle.id),
        depot=f"depot{start}",
        mode=fleet.modes[key],
        capacity=_load(vehicle.capacity, _tasks(fleet.source, vehicle)),
        start_s=start_s,
        end_s=end_s,
        range_m=range_of(where, vehicle, price, ways),
        breaks=tuple(sorted(_breaks(vehicle, fleet.base_s), key=lambda rest: rest.earliest_s)),
        returns=_ends(fleet.source, vehicle)[1] is not None,
        skills=frozenset(map(str, vehicle.skills)),
        fixed_cost=vehicle.costs.fixed * fleet.scale,
        cost_per_km=price.fen_per_km,
    )


def _unlike(name: str, taken: Container[str]) -> str:
    """Return a name, or one made of it, that isn't taken."""
    names = chain([name], (f"{name}/{k}" for k in count(2)))
    return next(name for name in names if name not in taken)


def _breaks(vehicle: Carrier, base_s: int) -> Iterator[Break]:
    for rest in vehicle.breaks:
        earliest_s, latest_s = _span(rest.time_windows, base_s)
        yield Break(earliest_s=earliest_s, latest_s=latest_s, duration_s=rest.service)


def _tasks(source: Input, vehicle: Carrier) -> int | None:
    """Return what a vehicle carries of the kind that counts tasks, where any vehicle counts."""
    if all(other.max_tasks is None for other in source.vehicles):
        return None
    return len(source.jobs) if vehicle.max_tasks is None else vehicle.max_tasks


def _load(amounts: Sequence[int], tasks: int | None) -> Load:
    """Return amounts by zone in their order; tasks are one kind more, after them."""
    kinds = amounts if tasks is None else (*amounts, tasks)
    frozen_g, chilled_g, ambient_g = (*kinds, 0, 0, 0)[:3]
    return Load(frozen_g=frozen_g, chilled_g=chilled_g, ambient_g=ambient_g)


def _orders(fleet: Fleet, vehicles: Sequence[Vehicle]) -> tuple[Order, ...]:
    source = fleet.source
    depots = tuple(dict.fromkeys(vehicle.depot for vehicle in vehicles))
    kinds = len(source.vehicles[0].capacity) if source.vehicles else 0
    counted = any(vehicle.max_tasks is not None for vehicle in source.vehicles)
    worth = _worth(fleet, vehicles)
    orders = []
    for k, job in enumerate(source.jobs):
        at = fleet.sites.index_of(f"jobs[{k}].location", job.location, job.location_index)
        opens_s, closes_s = _span(job.time_windows, fleet.base_s)
        orders.append(
            Order(
                id=str(job.id),
                place=str(at),
                load=_load(job.load or (0,) * kinds, 1 if counted else None),
                depots=depots,
                not_before_s=opens_s,
                due_s=closes_s,
                latest_s=closes_s,
                service_s=job.setup + job.service,
                skills=frozenset(map(str, job.skills)),
                drop_cost=worth * (1 + job.priority),
            )
        )
    return tuple(orders)


def _worth(fleet: Fleet, vehicles: Sequence[Vehicle]) -> int:
    """Return what leaving out a job of priority 0 costs; one of priority p costs 1 + p times it."""
    legs = (
        int(matrix.distance_m.max(initial=0)) * vehicle.cost_per_km // 1000 + vehicle.fixed_cost
        for vehicle in vehicles
        for matrix in (fleet.by_mode[vehicle.mode],)
    )
    dearest = max(legs, default=0)
    return int(np.clip(DEAREST_LEGS * dearest, 1000 * fleet.scale, MAX_COST // 101))
