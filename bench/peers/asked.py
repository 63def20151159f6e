"""What of a problem is every peer told, and in which terms?

A peer knows *doors* (an order's door, and its locker if it has one), and *kinds*: vehicles that
differ by nothing but their name. Which kind may bring which order is worked out here once, from
depots with stock, skills, pins and compartments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.plan import Draft, Visit
from routing.problem import Order, Problem, Vehicle

DAY_S = 86_400


class CannotAsk(ValueError):
    """A problem that a peer can't be asked at all."""


class Kind(NamedTuple):
    """Vehicles (their indices) that are alike, an example, and which orders they may bring."""

    vehicles: tuple[int, ...]
    example: Vehicle
    may_bring: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a peer answered.

    `drafts` are readings of one answer (such as leaving as early as one can, or when the peer
    says): the best counts. `own_total` is the peer's own cost, in our units, where it has one.
    """

    drafts: tuple[Draft, ...]
    own_total: int | None = None
    first_answer_s: float | None = None


def doors_of(problem: Problem) -> list[Visit]:
    """Return each order's door, then each locker."""
    return [
        *(Visit(k) for k in range(len(problem.orders))),
        *(Visit(k, to_locker=True) for k, order in enumerate(problem.orders) if order.locker),
    ]


def places_of(problem: Problem, doors: Sequence[Visit]) -> list[int]:
    """Return where each depot and then each door is, as indices of the problem's places."""
    place_of = {place.id: k for k, place in enumerate(problem.places)}
    return [
        *(place_of[depot.place] for depot in problem.depots),
        *(place_of[_place_of_door(problem, door)] for door in doors),
    ]


def service_s(problem: Problem, door: Visit) -> int:
    """Return how long the stop takes."""
    order = problem.orders[door.order]
    return order.locker.service_s if door.to_locker and order.locker else order.service_s


def kinds_of(problem: Problem) -> list[Kind]:
    """Return the vehicles by kind, in the order of their first."""
    if any(vehicle.current for vehicle in problem.vehicles):
        raise CannotAsk("peers are asked about days that have not begun")
    found: dict[tuple[Vehicle, bytes], list[int]] = {}
    for k, vehicle in enumerate(problem.vehicles):
        key = replace(vehicle, id=""), may_bring(problem, vehicle).tobytes()
        found.setdefault(key, []).append(k)
    return [
        Kind(tuple(alike), problem.vehicles[alike[0]], np.frombuffer(mask, dtype=np.bool_))
        for (_, mask), alike in found.items()
    ]


def may_bring(problem: Problem, vehicle: Vehicle) -> NDArray[np.bool_]:
    """Return for each order whether the vehicle could bring it, had it nothing else to do."""
    room = vehicle.capacity.by_zone()
    return np.array(
        [
            vehicle.depot in order.depots
            and order.skills <= vehicle.skills
            and order.only_vehicle in {None, vehicle.id}
            and all(load <= limit for load, limit in zip(order.load.by_zone(), room, strict=True))
            for order in problem.orders
        ],
        dtype=np.bool_,
    )


def seconds_over_shift(
    problem: Problem, vehicle: Vehicle, places: Sequence[int]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return metres, and seconds as their mean over the vehicle's shift: peers know one slice."""
    metres, slices = problem.travel.matrix(vehicle.mode, places, places)
    starts_s = [*problem.travel.starts_s(vehicle.mode), DAY_S]
    shares = [
        max(0, min(vehicle.end_s, end) - max(vehicle.start_s, start))
        for start, end in pairwise(starts_s)
    ]
    if len(slices) == 1 or not any(shares):
        return metres, slices[0].astype(np.int64)
    mean = np.average(slices, axis=0, weights=shares)
    return metres, np.ceil(mean).astype(np.int64)


def enough_served(problem: Problem) -> int:
    """Return how many orders a first answer must serve: nine in ten. To serve none is no answer."""
    return -(-len(problem.orders) * 9 // 10)


def promised_s(order: Order, grace_s: int) -> int:
    """Return the latest start that a peer without soft promises is told."""
    return min(order.latest_s, order.due_s + grace_s)


def ready_s(problem: Problem, order: Order) -> int:
    """Return when an order can leave: picked at the quickest of its depots."""
    picking = [depot.picking_s for depot in problem.depots if depot.id in order.depots]
    return order.ready_s + min(picking, default=0)


def _place_of_door(problem: Problem, door: Visit) -> str:
    order = problem.orders[door.order]
    return order.locker.place if door.to_locker and order.locker else order.place
