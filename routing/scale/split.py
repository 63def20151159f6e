"""Into which parts is a city split?

Neighbouring depots, with their vehicles and the orders that will probably come from them, make one
part as long as it stays small enough to be searched well. The orders of a depot that is too large
by itself are cut into sectors around it, and its vehicles are dealt to them in proportion to their
work. What is aboard, pinned or known to a vehicle goes with it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from routing.problem import Problem, Vehicle
from routing.scale.assign import assign_depots, tied
from routing.scale.view import Part, everything
from routing.scale.where import Points, cut, positions, sectors

MOST_ORDERS: Final = 600
"""Above it a part is split: a search of seconds does well up to here (docs/route-scale.md)."""


def split(problem: Problem, *, most: int = MOST_ORDERS, angle: float = 0.0) -> list[Part]:
    """Return parts of at most about `most` orders; each order and vehicle is in exactly one.

    Only vehicles without orders, or orders without vehicles, may make a part that lacks the other.
    """
    if len(problem.orders) <= most:
        return [everything(problem)]
    with_vehicle = tied(problem)
    points = positions(problem)
    chosen = assign_depots(problem, with_vehicle)
    weights = Counter(chosen)
    place_of = {place.id: k for k, place in enumerate(problem.places)}
    centres = points[[place_of[depot.place] for depot in problem.depots]]
    groups = cut(centres, [weights[k] for k in range(len(centres))], most=most, angle=angle)
    homes = points[[place_of[order.place] for order in problem.orders]]
    parts: list[Part] = []
    for group in groups:
        part = _of_depots(problem, set(group.tolist()), chosen)
        count = -(-len(part.orders) // most) if len(group) == 1 else 1
        parts += _sectors(problem, part, homes, centres[group[0]], (count, with_vehicle))
    return [part for part in parts if part.orders or part.vehicles]


def _of_depots(problem: Problem, depots: set[int], chosen: Sequence[int]) -> Part:
    ids = {problem.depots[k].id for k in depots}
    return Part(
        tuple(k for k, depot in enumerate(chosen) if depot in depots),
        tuple(k for k, vehicle in enumerate(problem.vehicles) if vehicle.depot in ids),
    )


def _sectors(
    problem: Problem,
    part: Part,
    homes: Points,
    centre: Points,
    rule: tuple[int, dict[int, int]],
) -> list[Part]:
    """Cut a depot's part into `rule[0]` sectors; `rule[1]` says which orders go with vehicles."""
    count, with_vehicle = rule
    count = min(count, len(part.vehicles))
    if count <= 1:
        return [part]
    work = _work(problem, part.orders)
    sector_of = dict(
        zip(
            part.orders,
            sectors(homes[list(part.orders)], centre, work, count).tolist(),
            strict=True,
        )
    )
    owner = _deal(problem, part, sector_of, with_vehicle)
    for order, vehicle in with_vehicle.items():
        if order in sector_of:
            sector_of[order] = owner[vehicle]
    return [
        Part(
            tuple(k for k in part.orders if sector_of[k] == sector),
            tuple(k for k in part.vehicles if owner[k] == sector),
        )
        for sector in range(count)
    ]


def _work(problem: Problem, orders: Sequence[int]) -> list[float]:
    """Count each order as one, and as its share of the mean weight: stops and room both matter."""
    grams = np.array([sum(problem.orders[k].load.by_zone()) for k in orders], float)
    work: list[float] = (1.0 + grams / max(1.0, float(grams.mean()))).tolist()
    return work


def _deal(
    problem: Problem, part: Part, sector_of: dict[int, int], with_vehicle: dict[int, int]
) -> dict[int, int]:
    """Deal a part's vehicles to its sectors: kind by kind, each to the sector that lacks most."""
    owner = _held(part, sector_of, with_vehicle)
    orders = Counter(sector_of.values())
    got = Counter(owner.values())
    free = sorted(
        (k for k in part.vehicles if k not in owner), key=lambda k: (_kind(problem.vehicles[k]), k)
    )
    for vehicle in free:
        share = (sum(got.values()) + 1) / orders.total()
        lacks = {sector: mine * share - got[sector] for sector, mine in sorted(orders.items())}
        owner[vehicle] = max(lacks, key=lacks.__getitem__)
        got[owner[vehicle]] += 1
    return owner


def _held(part: Part, sector_of: dict[int, int], with_vehicle: dict[int, int]) -> dict[int, int]:
    """Put each vehicle that holds orders where most of them are."""
    wanted: dict[int, Counter[int]] = {}
    mine = set(part.vehicles)
    for order, vehicle in with_vehicle.items():
        if vehicle in mine and order in sector_of:
            wanted.setdefault(vehicle, Counter())[sector_of[order]] += 1
    return {vehicle: held.most_common(1)[0][0] for vehicle, held in wanted.items()}


def _kind(vehicle: Vehicle) -> tuple[object, ...]:
    """Sort like with like."""
    return (vehicle.kind, vehicle.mode, vehicle.capacity.by_zone(), sorted(vehicle.skills),
            vehicle.start_s, vehicle.end_s)  # fmt: skip
