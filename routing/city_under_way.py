"""How does a planned day stand in the middle of it, when it is to be planned again?

`under_way` drives a draft until `now_s`: what was delivered is gone, trips that left or are being
loaded can take no order more, the stop that is driven to is locked, and drivers know what they were
to bring. The draft that comes back is the rest of the plan; it costs what remains of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from routing.city_first_trips import first_trips
from routing.city_standing import stand
from routing.evaluate import Judge
from routing.plan import Draft, Tour
from routing.problem import Order, Problem

MOVE_COST: Final = 300
"""Fen to tell a driver that an order is not his any more (our assumption)."""


def under_way(problem: Problem, draft: Draft, now_s: int) -> tuple[Problem, Draft]:
    """Return the problem as it stands at `now_s`, and what remains of the draft.

    Orders that the draft leaves out and that can't be begun any more are gone as well.
    """
    judge = Judge(problem)
    rows = [
        stand(judge, vehicle, tours, now_s)
        for vehicle, tours in zip(problem.vehicles, draft, strict=True)
    ]
    known = {
        visit.order: row.vehicle.id for row in rows for tour in row.tours for visit in tour.visits
    }
    gone = {order for row in rows for order in row.delivered}
    kept = [
        k
        for k, order in enumerate(problem.orders)
        if k not in gone and (k in known or order.latest_s > now_s)
    ]
    number = {k: new for new, k in enumerate(kept)}
    rest = replace(
        problem,
        orders=tuple(_promised(problem.orders[k], known.get(k)) for k in kept),
        vehicles=tuple(row.vehicle for row in rows),
        now_s=now_s,
    )
    return rest, tuple(tuple(_renumbered(row.tours, number)) for row in rows)


def at_work(problem: Problem, now_s: int) -> Problem:
    """Return the problem as it stands once its vehicles have begun with simple first trips."""
    return under_way(problem, first_trips(problem), now_s)[0]


def hold_back(problem: Problem, count: int) -> tuple[Problem, tuple[Order, ...]]:
    """Return the problem without its last orders, and them: they will be news later."""
    known = len(problem.orders) - count
    return replace(problem, orders=problem.orders[:known]), problem.orders[known:]


def announce(problem: Problem, news: Iterable[Order]) -> Problem:
    """Return the problem with orders that came just now, after all others.

    Drafts for the problem remain drafts for the new one.
    """
    moved = []
    for order in news:
        later_s = problem.now_s - order.ready_s
        moved.append(
            replace(
                order,
                ready_s=problem.now_s,
                not_before_s=order.not_before_s and order.not_before_s + later_s,
                due_s=order.due_s + later_s,
                latest_s=order.latest_s + later_s,
            )
        )
    return replace(problem, orders=(*problem.orders, *moved))


def _promised(order: Order, vehicle: str | None) -> Order:
    if vehicle is None:
        return order
    return replace(order, known_vehicle=vehicle, move_cost=order.move_cost or MOVE_COST)


def _renumbered(tours: Iterable[Tour], number: dict[int, int]) -> Iterator[Tour]:
    for tour in tours:
        visits = tuple(visit._replace(order=number[visit.order]) for visit in tour.visits)
        yield tour._replace(visits=visits)
