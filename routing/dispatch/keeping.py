"""Which promises does the plan that stands keep, so that the next one keeps them too?

A search pays for a late minute and for a kilometre with the same money, and would break one promise
to save an hour's way. So each order that the start brings in time gets its promise as a limit: with
the reserve that a new promise needs, or as much of it as is left. What the start brings late is put
where it is in time, if that costs no more than a broken promise; else it has no limit but cost.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from routing.dispatch.mending import cheapest_fit, with_remedy
from routing.dispatch.standing import Standing
from routing.dispatch.wanted import AIM_EARLY_S, LEAST_DROP_COST
from routing.evaluate import Judge
from routing.plan import UNITS_PER_MINOR, Draft, Tour
from routing.problem import Order, Problem

RESERVE_PERCENT: Final = 15
LEAST_RESERVE_S: Final = 300
MOST_RESERVE_S: Final = 1200
"""An order is planned so much before its promise: 15 % of the time until then, 5 to 20 minutes.
Our assumption, of how far a vehicle is off its plan."""
MOST_LATE: Final = 8
"""Late orders that are tried elsewhere before a search, the earliest promises first."""


def reserve_s(away_s: int) -> int:
    """Return by how much a stop that is so far away has to come before its promise."""
    return min(MOST_RESERVE_S, max(LEAST_RESERVE_S, away_s * RESERVE_PERCENT // 100))


def promised_s(order: Order) -> int:
    """Return until when service has to begin, so that it is done by the second of the promise."""
    return order.due_s + AIM_EARLY_S - order.service_s


def keeping(standing: Standing) -> Standing:
    """Return a standing whose problem lets no search break a promise that its start keeps."""
    problem, start = standing.problem, standing.start
    judge = Judge(problem)
    starts_s = _starts_s(judge, start)
    problem = _limited(problem, starts_s)
    for number in _late(judge, starts_s)[:MOST_LATE]:
        problem, start = _in_time(problem, start, number)
    return replace(standing, problem=problem, start=start)


def _limited(problem: Problem, starts_s: Mapping[str, int]) -> Problem:
    orders = tuple(
        _kept(order, starts_s[order.id], problem.now_s) if order.id in starts_s else order
        for order in problem.orders
    )
    return replace(problem, orders=orders)


def _starts_s(judge: Judge, draft: Draft) -> dict[str, int]:
    days = (judge.day(*row) for row in zip(judge.problem.vehicles, draft, strict=True))
    return {stop.order: stop.starts_s for day in days for trip in day.trips for stop in trip.stops}


def _kept(order: Order, starts_s: int, now_s: int) -> Order:
    until_s = promised_s(order)
    if starts_s > until_s:
        return order
    # reserve_s is monotonic: what begins by then has its own reserve, too.
    latest_s = until_s - reserve_s(max(0, until_s - now_s))
    latest_s = max(starts_s, latest_s, order.due_s, order.not_before_s)
    return replace(order, latest_s=min(order.latest_s, latest_s))


# What the start brings late -----------------------------------------------------------------------


def _late(judge: Judge, starts_s: Mapping[str, int]) -> list[int]:
    """Return the orders that are planned too late and need not be, the first promise first."""
    orders, now_s = judge.problem.orders, judge.problem.now_s
    late = [
        number
        for number, order in enumerate(orders)
        if now_s <= promised_s(order) < starts_s.get(order.id, 0)
    ]
    return sorted(late, key=lambda number: (orders[number].due_s, number))


def _in_time(problem: Problem, start: Draft, number: int) -> tuple[Problem, Draft]:
    """Return the problem and the start with an order where it keeps its promise, if it is so."""
    order, judge = problem.orders[number], Judge(problem)
    if _starts_s(judge, start)[order.id] <= promised_s(order):
        return problem, start  # another that went made room for it
    carrier = _carrier(start, number)
    rest = tuple(_tours_without(start[carrier], number))
    without = (*start[:carrier], rest, *start[carrier + 1 :])
    row = replace(order, latest_s=max(order.due_s, promised_s(order) - LEAST_RESERVE_S))
    rows = (*problem.orders[:number], row, *problem.orders[number + 1 :])
    limited = replace(problem, orders=rows)
    best = cheapest_fit(limited, without, number)
    vehicle = problem.vehicles[carrier]
    before, after = (judge.day(vehicle, tours).cost().total for tours in (start[carrier], rest))
    if best is None or best.added - (before - after) > LEAST_DROP_COST * UNITS_PER_MINOR:
        return problem, start
    return limited, with_remedy(without, best)


def _carrier(draft: Draft, number: int) -> int:
    """Return the vehicle that brings an order."""
    return next(
        vehicle
        for vehicle, tours in enumerate(draft)
        if any(visit.order == number for tour in tours for visit in tour.visits)
    )


def _tours_without(tours: tuple[Tour, ...], number: int) -> Iterator[Tour]:
    for k, tour in enumerate(tours):
        visits = tuple(visit for visit in tour.visits if visit.order != number)
        if visits or not tour.visits or k == 0:
            yield tour._replace(visits=visits)
