"""How does a problem become arrays?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from routing.day import PER_H, PER_KM, PER_MIN
from routing.plan import UNITS_PER_MINOR
from routing.problem import Order, Problem, Vehicle
from routing.search.layout import (
    BREAK,
    CLOSED_S,
    FAR,
    HOURS,
    IMPOSSIBLE,
    KIND,
    NODE,
    ORDER,
    VEHICLE,
    Array,
    Facts,
)
from routing.travel import UNREACHABLE_S, Matrices, ModeMatrix

NEIGHBOURS: Final = 100
MOST_TRIPS: Final = 24
"""A vehicle is given no more trips than this in one shift, unless the start does."""


@dataclass(frozen=True, kw_only=True)
class Arrays:
    """A problem for the compiled functions.

    `vehicles` says which vehicle of the problem each of `facts.vehicle` is; `travel` is the
    problem's own, as the matrices that were read from it.
    """

    facts: Facts
    vehicles: list[int]
    travel: Matrices


def build(problem: Problem, *, trips: Sequence[int] | None = None) -> Arrays:
    """Return a problem's arrays. `trips` are the trips of each vehicle that a start already has."""
    nodes = _Nodes(problem)
    fleet = _Fleet(problem, trips)
    modes = sorted({vehicle.mode for vehicle in problem.vehicles})
    travel = _matrices(problem, modes)
    ways = [_of_nodes(travel.by_mode[mode], nodes.places) for mode in modes]
    slices = max((way.duration_s.shape[0] for way in ways), default=1)
    leg = np.concatenate([_layers(way, slices) for way in ways])
    vehicle = _vehicles(problem, nodes, fleet, modes)
    vehicle["layer"] = vehicle["mode"] * (1 + slices)
    order = _orders(problem, nodes, vehicle, leg[0])
    rest = [rest for k in fleet.sorted for rest in problem.vehicles[k].breaks]
    limited = any(depot.orders_per_hour is not None for depot in problem.depots)
    node = _node_records(problem, nodes, fleet)
    closed = int(leg.max()) >= CLOSED_S
    facts = Facts(
        orders=len(problem.orders),
        plain=_is_plain(node, vehicle, simple=not (limited or rest or slices > 1 or closed)),
        limited=limited,
        doors_close=bool((node["early_s"] > 0).any()),
        several=bool((vehicle["max_trips"] > 1).any()),
        slices=slices,
        leg=leg,
        leg_to=_transposed(leg),
        slice_starts_s=np.array([_starts(way.starts_s, slices) for way in ways], np.int64),
        node=node,
        order=order,
        vehicle=vehicle,
        rest=_table(BREAK, [(r.earliest_s, r.latest_s, r.duration_s) for r in rest], spare=1),
        allowed=fleet.allowed,
        near=_near(leg[0], len(problem.orders)),
    )
    return Arrays(facts=facts, vehicles=fleet.sorted, travel=travel)


class _Nodes:
    """Which place each node is: doors, lockers, depots, places of current trips, nowhere (-1)."""

    def __init__(self, problem: Problem) -> None:
        place_of = {place.id: k for k, place in enumerate(problem.places)}
        orders = problem.orders
        self.with_locker = [k for k, order in enumerate(orders) if order.locker is not None]
        lockers = [order.locker.place for order in orders if order.locker is not None]
        depots = [depot.place for depot in problem.depots]
        current = [v.current.place for v in problem.vehicles if v.current is not None]
        doors = [order.place for order in orders]
        self.places = np.array(
            [*(place_of[name] for name in [*doors, *lockers, *depots, *current]), -1]
        )
        first_depot = len(doors) + len(lockers)
        self.depot = {depot.id: first_depot + k for k, depot in enumerate(problem.depots)}
        first_current = first_depot + len(depots)
        moving = [v.id for v in problem.vehicles if v.current is not None]
        self.current = {vehicle: first_current + k for k, vehicle in enumerate(moving)}
        self.nowhere = len(self.places) - 1


class _Fleet:
    """The vehicles sorted by kind, their classes, and which class may serve which order."""

    def __init__(self, problem: Problem, trips: Sequence[int] | None) -> None:
        self.trips = [
            _most_trips(vehicle, max(MOST_TRIPS, trips[k] if trips else 0))
            for k, vehicle in enumerate(problem.vehicles)
        ]
        pinned = {order.only_vehicle for order in problem.orders}
        classes: dict[Any, int] = {}
        class_of = [
            classes.setdefault((v.depot, v.skills, v.id if v.id in pinned else None), len(classes))
            for v in problem.vehicles
        ]
        kinds: dict[Any, int] = {}
        kind_of = [
            kinds.setdefault(
                v.id if v.current else (replace(v, id=""), class_of[k], self.trips[k]), len(kinds)
            )
            for k, v in enumerate(problem.vehicles)
        ]
        self.sorted = sorted(range(len(kind_of)), key=lambda k: kind_of[k])
        self.kind_of, self.class_of = kind_of, class_of
        self.index = {problem.vehicles[k].id: j for j, k in enumerate(self.sorted)}
        self.allowed = _allowed(problem, list(classes))


def _most_trips(vehicle: Vehicle, limit: int) -> int:
    """Return how many trips a vehicle may still start."""
    if not vehicle.returns:
        return int(vehicle.current is None and vehicle.max_trips > 0)
    return min(vehicle.max_trips, limit)


def _allowed(problem: Problem, classes: Sequence[tuple[str, frozenset[str], Any]]) -> Array:
    """Return which order (row) which class of vehicles (column) may serve.

    What is aboard is not held against any depot's stock: it may have been handed over.
    """
    aboard = {order for v in problem.vehicles if v.current for order in v.current.aboard}
    patterns: dict[Any, int] = {}
    of_order = [
        patterns.setdefault(
            (None if order.id in aboard else order.depots, order.skills, order.only_vehicle),
            len(patterns),
        )
        for order in problem.orders
    ]
    table = [
        [
            (depots is None or depot in depots) and needs <= skills and pin in {None, vehicle}
            for depot, skills, vehicle in classes
        ]
        for depots, needs, pin in patterns
    ]
    return np.array(table, np.bool_).reshape(len(patterns), len(classes))[of_order]


def _matrices(problem: Problem, modes: Sequence[str]) -> Matrices:
    """Return the matrices of these modes. Ways that none of a mode's vehicles can take are 0.

    Where a vehicle is now nobody else comes: on a map, each mode's ways from there are a search.
    """
    place_of = {place.id: k for k, place in enumerate(problem.places)}
    shared = {place for order in problem.orders for place in order.places}
    shared |= {depot.place for depot in problem.depots}
    matrices = {}
    for mode in modes:
        current = {v.current.place for v in problem.vehicles if v.current and v.mode == mode}
        asked = sorted(place_of[name] for name in shared | current)
        matrices[mode] = _spread(
            ModeMatrix(*problem.travel.matrix(mode, asked, asked), problem.travel.starts_s(mode)),
            asked,
            len(problem.places),
        )
    return Matrices(matrices)


def _spread(matrix: ModeMatrix, asked: Sequence[int], places: int) -> ModeMatrix:
    """Return a matrix of all places, of that of some."""
    if len(asked) == places:
        return matrix
    metres = np.zeros((places, places), np.int32)
    seconds = np.zeros((len(matrix.duration_s), places, places), np.int32)
    cells = np.ix_(asked, asked)
    metres[cells] = matrix.distance_m
    for of_all, of_some in zip(seconds, matrix.duration_s, strict=True):
        of_all[cells] = of_some
    return ModeMatrix(metres, seconds, matrix.starts_s)


def _of_nodes(matrix: ModeMatrix, places: Array) -> ModeMatrix:
    """Return the matrix of nodes. The way to and from nowhere takes nothing."""
    pairs = np.ix_(places, places)
    metres = np.ascontiguousarray(matrix.distance_m[pairs], np.int32)
    seconds = np.stack([slice_s[pairs] for slice_s in matrix.duration_s]).astype(np.int32)
    closed = seconds[0] >= UNREACHABLE_S
    seconds[:, closed] = CLOSED_S
    for part in (metres, *seconds):
        part[-1, :] = 0
        part[:, -1] = 0
    return ModeMatrix(metres, seconds, matrix.starts_s)


def _layers(way: ModeMatrix, slices: int) -> Array:
    """Return a mode's metres, and behind them its seconds in each slice of the day."""
    last = np.repeat(way.duration_s[-1:], slices - len(way.duration_s), axis=0)
    return np.concatenate([way.distance_m[None], way.duration_s, last])


def _starts(starts_s: Sequence[int], slices: int) -> list[int]:
    """Return when slices begin, and then what no clock comes to, even on closed roads."""
    return [*starts_s, *[IMPOSSIBLE] * (slices + 1 - len(starts_s))]


def _transposed(matrix: Array) -> Array:
    """Return the matrix with its last two axes exchanged: itself, if it is symmetric."""
    other = matrix.transpose(0, 2, 1)
    return matrix if np.array_equal(matrix, other) else np.ascontiguousarray(other)


def _table(dtype: np.dtype[Any], rows: Sequence[tuple[int, ...]], *, spare: int = 0) -> Array:
    table = np.zeros(len(rows) + spare, dtype)
    table[: len(rows)] = rows
    return table


def _node_records(problem: Problem, nodes: _Nodes, fleet: _Fleet) -> Array:
    doors = [
        _node(k, order, order.service_s, 0, fleet.index) for k, order in enumerate(problem.orders)
    ]
    lockers = [
        _node(k, order, order.locker.service_s, order.locker.cost, fleet.index)
        for k, order in enumerate(problem.orders)
        if order.locker is not None
    ]
    table = _table(NODE, [*doors, *lockers], spare=len(nodes.places) - len(doors) - len(lockers))
    for name in ("latest_s", "due_s", "hold_s", "warm_after_s"):
        table[name][len(doors) + len(lockers) :] = FAR
    table["order"][len(doors) + len(lockers) :] = -1
    return table


def _node(
    k: int, order: Order, service_s: int, fee: int, index: Mapping[str, int]
) -> tuple[int, ...]:
    # A known vehicle that is not in the problem any more differs from each that is.
    known = -1 if order.known_vehicle is None else index.get(order.known_vehicle, FAR)
    return (
        k,
        order.not_before_s,
        min(order.latest_s, FAR),
        min(order.due_s, FAR),
        service_s,
        order.ready_s,
        FAR if order.hold_s is None else min(order.hold_s, FAR),
        FAR if order.warm_after_s is None else min(order.warm_after_s, FAR),
        order.late_cost_per_min * PER_MIN,
        order.onboard_cost_per_min * PER_MIN,
        0 if order.warm_after_s is None else order.warm_cost_per_min * PER_MIN,
        fee * UNITS_PER_MINOR,
        known,
        order.move_cost * UNITS_PER_MINOR,
    )


def _orders(problem: Problem, nodes: _Nodes, vehicle: Array, way_m: Array) -> Array:
    home = _homes(problem, vehicle, nodes)
    first_locker = len(problem.orders)
    locker = {k: first_locker + j for j, k in enumerate(nodes.with_locker)}
    rows = [
        (
            locker.get(k, -1),
            *order.load.by_zone(),
            order.drop_cost * UNITS_PER_MINOR,
            home.get(order.id, -1),
            min(way_m[nodes.depot[depot], k] for depot in order.depots) if order.depots else 0,
            order.due_s,
            order.latest_s - max(order.not_before_s, order.ready_s),
        )
        for k, order in enumerate(problem.orders)
    ]
    return _table(ORDER, rows)


def _homes(problem: Problem, vehicle: Array, nodes: _Nodes) -> dict[str, int]:
    row_at = {int(v["place"]): int(v["current"]) for v in vehicle if v["current"] >= 0}
    return {
        order: row_at[nodes.current[v.id]]
        for v in problem.vehicles
        if v.current is not None
        for order in v.current.aboard
    }


def _vehicles(problem: Problem, nodes: _Nodes, fleet: _Fleet, modes: Sequence[str]) -> Array:
    depots = {depot.id: k for k, depot in enumerate(problem.depots)}
    table = np.zeros(len(problem.vehicles), VEHICLE)
    row = rest = 0
    for j, k in enumerate(fleet.sorted):
        v, record = problem.vehicles[k], table[j]
        rows = fleet.trips[k] + (v.current is not None)
        record["mode"] = modes.index(v.mode)
        record["depot"] = depots[v.depot]
        record["depot_node"] = nodes.depot[v.depot]
        record["end_node"] = nodes.depot[v.depot] if v.returns else nodes.nowhere
        record["class_"], record["kind"] = fleet.class_of[k], fleet.kind_of[k]
        record["start_s"], record["end_s"] = max(v.start_s, problem.now_s), min(v.end_s, FAR)
        record["reload_s"], record["door_s"] = v.reload_s, v.door_s
        record["picking_s"] = problem.depots[depots[v.depot]].picking_s
        record["range_m"] = FAR if v.range_m is None else v.range_m - v.driven_m
        for name, grams in zip(_ZONES, v.capacity.by_zone(), strict=True):
            record[name] = grams
        record["fixed_u"] = 0 if v.current else v.fixed_cost * UNITS_PER_MINOR
        record["km_u"], record["time_u"] = v.cost_per_km * PER_KM, v.cost_per_h * PER_H
        record["order_u"] = v.cost_per_order * UNITS_PER_MINOR
        record["first_break"], record["last_break"] = rest, rest + len(v.breaks)
        record["first_row"], record["last_row"] = row, row + rows
        record["max_trips"] = rows
        _set_current(record, v, nodes)
        row, rest = row + rows, rest + len(v.breaks)
    return table


_ZONES: Final = ("frozen_g", "chilled_g", "ambient_g")


def _set_current(record: Any, vehicle: Vehicle, nodes: _Nodes) -> None:
    record["current"] = -1
    if vehicle.current is not None:
        record["current"] = record["first_row"]
        record["departed_s"] = vehicle.current.departed_s
        record["free_s"] = vehicle.current.free_s
        record["place"] = nodes.current[vehicle.id]


def kinds(vehicle: Array) -> Array:
    """Return where each kind's vehicles begin and end: they are sorted by it."""
    names = np.unique(vehicle["kind"])
    table = np.zeros(len(names), KIND)
    table["first"] = table["idle"] = np.searchsorted(vehicle["kind"], names, "left")
    table["last"] = np.searchsorted(vehicle["kind"], names, "right")
    return table


def _near(way_m: Array, orders: int) -> Array:
    """Return each order's nearest orders by the way between their doors, itself first."""
    between = way_m[:orders, :orders].copy()
    np.fill_diagonal(between, -1)
    count = min(orders, NEIGHBOURS)
    nearest = np.argpartition(between, count - 1, axis=1)[:, :count]
    by_way = np.argsort(np.take_along_axis(between, nearest, 1), axis=1, kind="stable")
    return np.take_along_axis(nearest, by_way, 1).astype(np.int32)


def picks(problem: Problem) -> Array:
    """Return how many orders may leave each depot in each hour from midnight on."""
    table = np.full((len(problem.depots), HOURS), FAR, np.int64)
    for limits, depot in zip(table, problem.depots, strict=True):
        if depot.orders_per_hour is not None:
            limits[:] = np.tile(depot.orders_per_hour, HOURS // 24)
    return table


def _is_plain(node: Array, vehicle: Array, *, simple: bool) -> bool:
    """Return whether nothing but the way and the number of orders has a cost.

    Times then only decide what is possible, and the price of an insertion is known without walking
    the day.
    """
    late = (node["late_u"] > 0) & (node["due_s"] < node["latest_s"])
    costly = late | (node["hold_s"] < FAR)
    for rate in ("board_u", "warm_u", "fee_u", "move_u"):
        costly |= node[rate] > 0
    return bool(simple and not costly.any() and not (vehicle["time_u"] > 0).any())
