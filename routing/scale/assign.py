"""From which depot does each order come, where it may come from several?

The nearest by travel time, unless its compartments or its vehicles' hours are full: then those
orders go elsewhere to which it matters least (Fisher and Jaikumar's regret). It is a guess to split
by; searching the parts, and windows across them, decides.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.evaluate import Judge
from routing.problem import Load, Order, Problem, Vehicle
from routing.travel import UNREACHABLE_S

Seconds = NDArray[np.float64]

STOPS_A_TRIP: Final = 8
"""Over how many stops the way out and home is spread, as a guess."""

FULL: Final = 0.9
"""How much of a depot's room and time is dealt out: a plan that uses all of it is rare."""


def aboard(problem: Problem) -> dict[int, int]:
    """Return the orders that only one vehicle can bring, for it has them on board."""
    number = Judge(problem).number_of
    return {
        number[order]: k
        for k, vehicle in enumerate(problem.vehicles)
        if vehicle.current
        for order in vehicle.current.aboard
    }


def tied(problem: Problem) -> dict[int, int]:
    """Return the orders that belong with a vehicle: aboard it, pinned to it, or known to it."""
    vehicle_of = {vehicle.id: k for k, vehicle in enumerate(problem.vehicles)}
    wished = {
        k: order.only_vehicle or (order.known_vehicle if order.move_cost else None)
        for k, order in enumerate(problem.orders)
    }
    with_vehicle = {k: vehicle_of[name] for k, name in wished.items() if name in vehicle_of}
    return with_vehicle | aboard(problem)


def can_carry(vehicle: Vehicle, order: Order) -> bool:
    """Return whether a vehicle could load an order at its depot, if it had nothing else to do."""
    return (
        vehicle.max_trips > 0
        and vehicle.depot in order.depots
        and order.skills <= vehicle.skills
        and order.only_vehicle in {None, vehicle.id}
        and all(
            g <= limit_g
            for g, limit_g in zip(order.load.by_zone(), vehicle.capacity.by_zone(), strict=True)
        )
    )


class Room:
    """What a depot's vehicles can still bring: grams by zone and seconds of work."""

    def __init__(self, vehicles: Sequence[Vehicle], now_s: int) -> None:
        self.left = np.zeros(4)
        self._kinds: dict[tuple[Load, frozenset[str], int], Vehicle] = {}
        for vehicle in vehicles:
            hours_s = max(0, vehicle.end_s - max(vehicle.start_s, now_s))
            zones_g = [g * vehicle.max_trips for g in vehicle.capacity.by_zone()]
            self.left += FULL * np.array([*zones_g, hours_s])
            self._kinds.setdefault(
                (vehicle.capacity, vehicle.skills, min(vehicle.max_trips, 1)), vehicle
            )

    def can_carry(self, order: Order) -> bool:
        """Return whether one of the vehicles could bring an order."""
        return any(can_carry(vehicle, order) for vehicle in self._kinds.values())

    def take(self, order: Order, leg_s: float, *, force: bool) -> bool:
        """Count an order in, if there is room for it or it must be."""
        work_s = order.service_s + 2 * leg_s / STOPS_A_TRIP
        need = np.array([*order.load.by_zone(), work_s])
        if not force and (need > self.left).any():
            return False
        self.left -= need
        return True


def assign_depots(problem: Problem, with_vehicle: dict[int, int]) -> list[int]:
    """Return a depot (its index) for each order: one with vehicles, wherever there is one."""
    rooms = [
        Room([v for v in problem.vehicles if v.depot == depot.id], problem.now_s)
        for depot in problem.depots
    ]
    legs_s = _legs_s(problem)
    depot_of = {depot.id: k for k, depot in enumerate(problem.depots)}
    chosen = [-1] * len(problem.orders)
    for order, vehicle in with_vehicle.items():
        chosen[order] = depot_of[problem.vehicles[vehicle].depot]
        rooms[chosen[order]].take(problem.orders[order], legs_s[chosen[order], order], force=True)
    options = {
        k: list(_options(order, rooms, legs_s[:, k], depot_of))
        for k, order in enumerate(problem.orders)
        if chosen[k] < 0
    }
    for k in sorted(options, key=lambda k: (-_regret_s(options[k], legs_s[:, k]), k)):
        chosen[k] = _choose(problem.orders[k], options[k], rooms, legs_s[:, k])
    return chosen


def _legs_s(problem: Problem) -> Seconds:
    """Return the mean seconds of the day from each depot to each order's door."""
    place_of = {place.id: k for k, place in enumerate(problem.places)}
    modes = [vehicle.mode for vehicle in problem.vehicles] or list(problem.travel.modes)
    _, seconds = problem.travel.matrix(
        max(sorted(set(modes)), key=modes.count),
        [place_of[depot.place] for depot in problem.depots],
        [place_of[order.place] for order in problem.orders],
    )
    legs_s: Seconds = seconds.mean(axis=0)
    return legs_s


def _options(
    order: Order, rooms: Sequence[Room], legs_s: Seconds, depot_of: dict[str, int]
) -> Iterator[int]:
    """Yield the depots that could bring an order, nearest first; if none can, those it names."""
    named = sorted((depot_of[depot] for depot in order.depots), key=lambda k: (legs_s[k], k))
    able = [k for k in named if rooms[k].can_carry(order)]
    yield from able or named


def _regret_s(options: Sequence[int], legs_s: Seconds) -> float:
    if len(options) == 1:
        return float(UNREACHABLE_S)
    return float(legs_s[options[1]] - legs_s[options[0]])


def _choose(order: Order, options: Sequence[int], rooms: Sequence[Room], legs_s: Seconds) -> int:
    for depot in options:
        if rooms[depot].take(order, float(legs_s[depot]), force=False):
            return depot
    rooms[options[0]].take(order, float(legs_s[options[0]]), force=True)
    return options[0]
