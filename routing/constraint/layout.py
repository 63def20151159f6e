"""Which nodes and virtual vehicles has the model?

A node is a stop (an order's door, or its locker), a depot, the place of a trip under way, or
*nowhere*, where open routes end. A *run* is a virtual vehicle: one trip that a vehicle may make.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.plan import Visit
from routing.problem import Depot, Order, Problem, Vehicle

NOWHERE: Final = -1

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One trip of a vehicle: the trip under way, or the k-th that it may start."""

    vehicle: int
    current: bool
    opens_s: int
    time_slice: int
    previous: int | None = None


class Layout:
    """The problem as nodes and runs.

    Only `vehicles`, and those under way, are made use of; each starts `most_trips` at most.
    """

    def __init__(self, problem: Problem, vehicles: Set[int], most_trips: int | None = None) -> None:
        self.problem = problem
        self.depots = {depot.id: depot for depot in problem.depots}
        self.aboard = _aboard(problem)
        self.stops = _stops(problem)
        self.runs = tuple(self._runs(vehicles, most_trips))
        self.runs_of: dict[int, list[int]] = {}
        for k, run in enumerate(self.runs):
            self.runs_of.setdefault(run.vehicle, []).append(k)
        self.places, self.starts, self.ends = self._nodes()

    def order(self, stop: int) -> Order:
        """Return the order of a stop."""
        return self.problem.orders[self.stops[stop].order]

    def vehicle(self, run: int) -> Vehicle:
        """Return the vehicle of a run."""
        return self.problem.vehicles[self.runs[run].vehicle]

    def depot(self, run: int) -> Depot:
        """Return the depot of a run's vehicle."""
        return self.depots[self.vehicle(run).depot]

    def locked(self, run: int) -> int:
        """Return how many stops of a run are locked."""
        current = self.vehicle(run).current
        return len(current.locked) if self.runs[run].current and current is not None else 0

    def service_s(self, stop: int) -> int:
        """Return how long a stop takes."""
        order = self.order(stop)
        if self.stops[stop].to_locker and order.locker is not None:
            return order.locker.service_s
        return order.service_s

    def services_s(self) -> Int64Array:
        """Return the service of each node; only stops have one."""
        row = np.zeros(len(self.places), dtype=np.int64)
        row[: len(self.stops)] = [self.service_s(stop) for stop in range(len(self.stops))]
        return row

    def carriers(self, stop: int) -> list[int]:
        """Return the runs that may make a stop, as far as one stop alone can tell."""
        order = self.order(stop)
        holder = self.aboard.get(order.id)
        if holder is not None:
            able = _is_able(order, self.problem.vehicles[holder])
            runs = self.runs_of.get(holder, ()) if able else ()
            return [run for run in runs if self.runs[run].current]
        return [
            run
            for run, it in enumerate(self.runs)
            if not it.current and self._fits(order, self.problem.vehicles[it.vehicle])
        ]

    def matrices(self, mode: str, time_slice: int) -> tuple[Int64Array, Int64Array]:
        """Return metres and seconds from node to node. Nothing leads out of nowhere."""
        known = self.places != NOWHERE
        distinct, index = np.unique(self.places[known], return_inverse=True)
        metres, seconds = self.problem.travel.matrix(mode, distinct.tolist(), distinct.tolist())
        inner, pairs = np.ix_(known, known), np.ix_(index, index)
        way_m, way_s = (np.zeros((len(known), len(known)), dtype=np.int64) for _ in range(2))
        way_m[inner], way_s[inner] = metres[pairs], seconds[time_slice][pairs]
        np.fill_diagonal(way_m, 0)  # a node follows itself only where a run stays empty
        np.fill_diagonal(way_s, 0)
        return way_m, way_s

    def _fits(self, order: Order, vehicle: Vehicle) -> bool:
        return (
            vehicle.depot in order.depots
            and _is_able(order, vehicle)
            and all(
                weight <= limit
                for weight, limit in zip(
                    order.load.by_zone(), vehicle.capacity.by_zone(), strict=True
                )
            )
        )

    def _runs(self, vehicles: Set[int], most_trips: int | None) -> Iterator[Run]:
        ready_s, runs = _first_ready_s(self.problem), 0
        for k, vehicle in enumerate(self.problem.vehicles):
            opens_s, leaves_s = self._opens_s(vehicle, ready_s)
            slices = self.problem.travel.starts_s(vehicle.mode)
            trips = _trips(vehicle, opens_s, leaves_s) if k in vehicles else 0
            if most_trips is not None:
                trips = min(trips, most_trips)
            trips += vehicle.current is not None
            for n in range(trips):
                yield Run(
                    vehicle=k,
                    current=n == 0 and vehicle.current is not None,
                    opens_s=opens_s,
                    time_slice=bisect_right(slices, leaves_s) - 1,
                    previous=runs + n - 1 if n else None,
                )
            runs += trips

    def _opens_s(self, vehicle: Vehicle, ready_s: Mapping[str, int]) -> tuple[int, int]:
        """Return when a vehicle is free, and when it can leave at the earliest."""
        if vehicle.current is not None:
            return vehicle.current.free_s, vehicle.current.free_s
        opens_s = max(vehicle.start_s, self.problem.now_s)
        picking_s = self.depots[vehicle.depot].picking_s
        return opens_s, max(opens_s, ready_s.get(vehicle.depot, 0) + picking_s)

    def _nodes(self) -> tuple[Int64Array, tuple[int, ...], tuple[int, ...]]:
        """Return the place of each node, and the start and end node of each run.

        What no run uses is no node, for a node that is neither start nor end must be visited.
        """
        index = {place.id: k for k, place in enumerate(self.problem.places)}
        rows = [index[_place(self.problem, visit)] for visit in self.stops]
        node_of: dict[object, int] = {}

        def node(key: object, place: int) -> int:
            if key not in node_of:
                node_of[key] = len(rows)
                rows.append(place)
            return node_of[key]

        starts, ends = [], []
        for k, run in enumerate(self.runs):
            vehicle = self.problem.vehicles[run.vehicle]
            depot_place = index[self.depots[vehicle.depot].place]
            if run.current and vehicle.current is not None:
                starts.append(node(("under way", k), index[vehicle.current.place]))
            else:
                starts.append(node(vehicle.depot, depot_place))
            home = (vehicle.depot, depot_place) if vehicle.returns else (None, NOWHERE)
            ends.append(node(*home))
        return np.array(rows, dtype=np.int64), tuple(starts), tuple(ends)


def _is_able(order: Order, vehicle: Vehicle) -> bool:
    """Return whether a vehicle has an order's skills, and no pin forbids it."""
    return order.skills <= vehicle.skills and order.only_vehicle in {None, vehicle.id}


def _aboard(problem: Problem) -> dict[str, int]:
    return {
        order: k
        for k, vehicle in enumerate(problem.vehicles)
        if vehicle.current is not None
        for order in vehicle.current.aboard
    }


def _stops(problem: Problem) -> tuple[Visit, ...]:
    doors = [Visit(k) for k in range(len(problem.orders))]
    lockers = [Visit(k, to_locker=True) for k, it in enumerate(problem.orders) if it.locker]
    return (*doors, *lockers)


def _place(problem: Problem, visit: Visit) -> str:
    order = problem.orders[visit.order]
    return order.locker.place if visit.to_locker and order.locker else order.place


def _first_ready_s(problem: Problem) -> dict[str, int]:
    """Return when the first order of each depot is known to be ready."""
    first: dict[str, int] = {}
    for order in problem.orders:
        for depot in order.depots:
            first[depot] = min(order.ready_s, first.get(depot, order.ready_s))
    return first


def _trips(vehicle: Vehicle, opens_s: int, leaves_s: int) -> int:
    """Return how many trips a vehicle may start: none if its day is over before it begins."""
    missed = any(rest.latest_s < opens_s for rest in vehicle.breaks)
    spent = vehicle.range_m is not None and vehicle.driven_m > vehicle.range_m
    if leaves_s > vehicle.end_s or missed or spent:
        return 0
    if vehicle.returns:
        return vehicle.max_trips
    return 0 if vehicle.current is not None else min(1, vehicle.max_trips)
