"""Which vehicles are the same to a plan, and how many of each are enough?"""

from collections.abc import Iterable
from dataclasses import replace

from routing.plan import Draft
from routing.problem import Problem


def alike(problem: Problem) -> list[list[int]]:
    """Return groups of vehicles that differ in nothing but their id.

    One that is under way, or that an order names, stands alone.
    """
    named = {order.known_vehicle for order in problem.orders}
    named |= {order.only_vehicle for order in problem.orders}
    groups: dict[object, list[int]] = {}
    for k, vehicle in enumerate(problem.vehicles):
        alone = vehicle.current is not None or vehicle.id in named
        groups.setdefault(vehicle if alone else replace(vehicle, id=""), []).append(k)
    return list(groups.values())


def enough(groups: Iterable[Iterable[int]], draft: Draft, spare: int) -> set[int]:
    """Return the vehicles that a draft uses, and so many more of each group."""
    vehicles: set[int] = set()
    for group in groups:
        used = {k for k in group if any(tour.visits for tour in draft[k])}
        vehicles |= used | set([k for k in group if k not in used][:spare])
    return vehicles
