"""How would PyVRP's own users ask it for our plan?

Depots, kinds of vehicle with their own shift, range, capacity and costs, several trips (reloads),
release times, optional orders at their drop cost, and lockers (groups of which one is visited) are
its own words. A routing profile for each kind keeps orders from vehicles that may not bring them.
It has no soft promise, cost of time on board, cold budget, break, picking limit or time of day:
`Tuning` says what stands in for them.
"""

from dataclasses import dataclass
from math import gcd
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyvrp import Client, ClientGroup, Depot, Location, ProblemData, VehicleType

from bench.peers.asked import (
    Kind,
    doors_of,
    kinds_of,
    places_of,
    promised_s,
    ready_s,
    seconds_over_shift,
    service_s,
)
from routing.day import PER_H, PER_KM, PER_MIN
from routing.plan import UNITS_PER_MINOR, Visit
from routing.problem import Problem

Matrix = NDArray[np.int64]

NO_WAY: Final = 300_000
"""Seconds and metres of a leg that a kind must not drive: longer than any day, yet not so long that
PyVRP's first penalties drown in it."""


NO_LIMIT: Final = int(np.iinfo(np.int64).max)  # PyVRP's own word for none


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What stands in for rules that PyVRP does not have."""

    grace_s: int = 0
    """How late an order may be; free of cost, for PyVRP knows no other."""
    aboard: float = 0.0
    """Orders aboard in the mean: so often is their cost of time on board paid for a vehicle's."""
    required: bool = False
    """Whether every order must be served, whatever that costs."""


class Fares(NamedTuple):
    """What a kind costs, in PyVRP's units: whole numbers by the metre and the second."""

    per_m: int
    per_s: int
    fixed: int
    per_order: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The problem in PyVRP's words, and what is needed to read its answer."""

    data: ProblemData
    kinds: list[Kind]
    doors: list[Visit]
    unit: int
    """How many of our units of cost are one of PyVRP's."""
    untold: int
    """What every served order costs at least, in our units: PyVRP is told the difference."""


def ask(problem: Problem, tuning: Tuning) -> Asked:
    """Say the problem in PyVRP's words."""
    kinds, doors = kinds_of(problem), doors_of(problem)
    untold = min((kind.example.cost_per_order for kind in kinds), default=0) * UNITS_PER_MINOR
    ours = [_fares(problem, kind, tuning, untold) for kind in kinds]
    prizes = [0 if tuning.required else _prize(problem, door, untold) for door in doors]
    unit = gcd(*prizes, *(cost for fares in ours for cost in fares)) or 1
    reloads = sorted({(_depot(problem, kind), kind.example.reload_s) for kind in kinds})
    depots = [Depot(k) for k in range(len(problem.depots))]
    depots += [Depot(depot, service_duration=reload_s) for depot, reload_s in reloads]
    types, metres, seconds = [], [], []
    places = places_of(problem, doors)
    for profile, (kind, fare) in enumerate(zip(kinds, ours, strict=True)):
        reload = len(problem.depots) + reloads.index((_depot(problem, kind), kind.example.reload_s))
        fares = Fares(*(cost // unit for cost in fare))
        way_m, way_s = _ways(problem, kind, doors, places)
        metres.append(_as_cost(way_m, fares, len(problem.depots)) if fares.per_order else way_m)
        seconds.append(way_s)
        types.append(_vehicle_type(problem, kind, fares, profile=profile, reload=reload))
    clients, groups = _clients(problem, doors, [prize // unit for prize in prizes], tuning)
    locations = [Location(0, 0) for _ in places]
    data = ProblemData(
        locations,
        clients,
        depots,
        types,
        metres,  # type: ignore[arg-type] # its stub says ndarray[int]
        seconds,  # type: ignore[arg-type]
        groups,
    )
    return Asked(data, kinds, doors, unit, untold)


def _fares(problem: Problem, kind: Kind, tuning: Tuning, untold: int) -> Fares:
    """Return a kind's costs in our units."""
    rates = [order.onboard_cost_per_min for order in problem.orders]
    aboard = round(tuning.aboard * float(np.mean(rates))) if rates else 0
    vehicle = kind.example
    return Fares(
        per_m=vehicle.cost_per_km * PER_KM,
        per_s=vehicle.cost_per_h * PER_H + aboard * PER_MIN,
        fixed=vehicle.fixed_cost * UNITS_PER_MINOR,
        per_order=vehicle.cost_per_order * UNITS_PER_MINOR - untold,
    )


def _prize(problem: Problem, door: Visit, untold: int) -> int:
    """Return what serving an order is worth: its drop cost, less what it costs anyway."""
    order = problem.orders[door.order]
    locker = order.locker.cost if door.to_locker and order.locker else 0
    return max(0, (order.drop_cost - locker) * UNITS_PER_MINOR - untold)


def _depot(problem: Problem, kind: Kind) -> int:
    return [depot.id for depot in problem.depots].index(kind.example.depot)


def _ways(
    problem: Problem, kind: Kind, doors: list[Visit], places: list[int]
) -> tuple[Matrix, Matrix]:
    """Return metres and seconds of a kind; to what it may not bring there is no way."""
    narrow_m, way_s = seconds_over_shift(problem, kind.example, places)
    way_m = narrow_m.astype(np.int64)
    depots = len(problem.depots)
    if not kind.example.returns:
        way_m[:, :depots] = way_s[:, :depots] = 0
    barred = np.flatnonzero([not kind.may_bring[door.order] for door in doors]) + depots
    for ways in (way_m, way_s):
        ways[barred, :] = ways[:, barred] = NO_WAY
        np.minimum(ways, NO_WAY, out=ways)
        np.fill_diagonal(ways, 0)
    return way_m, way_s


def _as_cost(way_m: Matrix, fares: Fares, depots: int) -> Matrix:
    """Return the ways in units of cost, with what an order costs on the way to it."""
    cost = way_m * fares.per_m
    cost[:, depots:] += fares.per_order
    np.fill_diagonal(cost, 0)
    return cost


def _vehicle_type(
    problem: Problem, kind: Kind, fares: Fares, *, profile: int, reload: int
) -> VehicleType:
    vehicle = kind.example
    depot = _depot(problem, kind)
    # A break has no word here: the shift is so much shorter.
    end_s = vehicle.end_s - sum(rest.duration_s for rest in vehicle.breaks)
    # Where ways are costs, the range can't be said.
    range_m = NO_LIMIT
    if vehicle.range_m is not None and not fares.per_order:
        range_m = max(0, vehicle.range_m - vehicle.driven_m)
    return VehicleType(
        len(kind.vehicles),
        list(vehicle.capacity.by_zone()),
        depot,
        depot,
        fixed_cost=fares.fixed,
        tw_early=max(vehicle.start_s, problem.now_s),
        tw_late=end_s,
        max_distance=range_m,
        unit_distance_cost=1 if fares.per_order else fares.per_m,
        unit_duration_cost=fares.per_s,
        profile=profile,
        reload_depots=[reload] if vehicle.max_trips > 1 else [],
        max_reloads=vehicle.max_trips - 1,
    )


def _clients(
    problem: Problem, doors: list[Visit], prizes: list[int], tuning: Tuning
) -> tuple[list[Client], list[ClientGroup]]:
    """Return the doors, and a group for each order that has two."""
    with_locker = [door.order for door in doors if door.to_locker]
    groups = [ClientGroup(required=tuning.required) for _ in with_locker]
    clients = []
    for k, door in enumerate(doors):
        order = problem.orders[door.order]
        group = with_locker.index(door.order) if order.locker else None
        if group is not None:
            groups[group].add_client(k)
        clients.append(
            Client(
                len(problem.depots) + k,
                list(order.load.by_zone()),
                service_duration=service_s(problem, door),
                tw_early=order.not_before_s,
                tw_late=promised_s(order, tuning.grace_s),
                release_time=ready_s(problem, order),
                prize=prizes[k],
                required=tuning.required and group is None,
                group=group,
            )
        )
    return clients, groups
