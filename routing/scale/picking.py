"""How do parts that are searched at the same time share a depot's picking capacity?

Each keeps what it uses already; what is free is divided in proportion. The shares of an hour add up
to no more than the depot picks in it, so that parts that keep their shares keep the whole's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from routing.problem import Depot, Problem
from routing.scale.view import Hours, Part

Leaving = Mapping[tuple[str, int], int]
"""Orders that leave a depot in a clock hour."""


def proportional(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide a whole number in proportion, without a remainder: largest fractions first."""
    total = sum(weights)
    if not total:
        weights, total = [1] * len(weights), len(weights)
    shares = [amount * weight // total for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda k: (-(amount * weights[k] % total), k))
    for k in by_fraction[: amount - sum(shares)]:
        shares[k] += 1
    return shares


def leaving_by_hour(loaded: Iterable[tuple[str, int, int]]) -> Leaving:
    """Count orders by depot and clock hour from (depot, departs_s, orders).

    Where a plan crosses midnight, the fuller of two days' same hours counts.
    """
    by_hour: Counter[tuple[str, int]] = Counter()
    for depot, departs_s, orders in loaded:
        by_hour[depot, departs_s // 3600] += orders
    fullest: Counter[tuple[str, int]] = Counter()
    for (depot, hour), orders in by_hour.items():
        fullest[depot, hour % 24] = max(fullest[depot, hour % 24], orders)
    return fullest


def share_picking(
    problem: Problem, parts: Sequence[Part], leaving: Sequence[Leaving]
) -> list[dict[str, Hours | None]]:
    """Return each part's share of each depot, given what leaves for each part already."""
    shares: list[dict[str, Hours | None]] = [{} for _ in parts]
    for depot in problem.depots:
        if depot.orders_per_hour is None:
            for share in shares:
                share[depot.id] = None
            continue
        hours = _share_depot(depot, depot.orders_per_hour, _takers(problem, parts, depot), leaving)
        for share, mine in zip(shares, hours, strict=True):
            share[depot.id] = mine
    return shares


def _takers(problem: Problem, parts: Sequence[Part], depot: Depot) -> list[int]:
    """Return for each part how many of its orders may leave the depot with its vehicles."""
    return [
        sum(depot.id in problem.orders[k].depots for k in part.orders)
        if any(problem.vehicles[v].depot == depot.id for v in part.vehicles)
        else 0
        for part in parts
    ]


def _share_depot(
    depot: Depot, limits: Hours, takers: Sequence[int], leaving: Sequence[Leaving]
) -> list[Hours]:
    columns = []
    for hour, limit in enumerate(limits):
        used = [mine.get((depot.id, hour), 0) for mine in leaving]
        free = proportional(max(0, limit - sum(used)), takers)
        columns.append([a + b for a, b in zip(used, free, strict=True)])
    return list(zip(*columns, strict=True))
