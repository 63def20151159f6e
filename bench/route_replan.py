"""How good is a plan that is made again within a second, and what does it move for nothing?

A day is planned and driven until so many orders are active; then new ones come. One second from the
old plan is held against the better of two long solves, one from the old plan and one from nothing.

An order has *moved* if another vehicle brings it than its driver was told. It moved *needlessly* if
its former vehicle could take it back, at its best position and all else as it is, at no more cost:
the cost of moving counts, as everywhere.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from bench.report import progress, publish
from routing.city import city_day
from routing.city_under_way import announce, hold_back, under_way
from routing.evaluate import Judge
from routing.plan import Draft, Plan, Tour, Visit
from routing.problem import Problem
from routing.search import compile_ahead
from routing.solve import solve

ACTIVE_ORDERS: Final = 500
NEW_ORDERS: Final = 15
DAY_ORDERS: Final = 650
"""Orders of the day: by the time that 150 of them are delivered, most vehicles are on their way."""
QUICK_S: Final = 1.0
LONG_S: Final = 30.0
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """One day that was planned again. Costs are in the currency's smallest unit."""

    seed: int
    active_orders: int
    new_orders: int
    now_s: int
    quick_seconds: float
    quick_cost: int
    long_cost_from_old_plan: int
    long_cost_from_nothing: int
    gap_percent: float
    quick_unserved: int
    long_unserved: int
    moved: int
    moved_needlessly: int
    long_moved: int


def run(*, seeds: int, json: bool) -> None:
    """Replan a day a seed; print one JSON object or a table."""
    compile_ahead()
    days = []
    for seed in range(1, seeds + 1):
        days.append(replan(seed))
        progress(", ".join(f"{name} {value}" for name, value in asdict(days[-1]).items()))
    mean_gap = sum(day.gap_percent for day in days) / len(days)
    figures: dict[str, object] = {
        "mean_gap_percent": round(mean_gap, 2),
        "moved": sum(day.moved for day in days),
        "moved_needlessly": sum(day.moved_needlessly for day in days),
    }
    publish(
        "replan", {**figures, "days": [asdict(day) for day in days]} if json else figures, json=json
    )


def replan(seed: int) -> Replanned:
    """Plan a day, drive it, and plan it again once new orders have come."""
    problem, old = day_under_way(seed)
    began_s = time.perf_counter()
    quick = solve(problem, time_limit_s=QUICK_S, seed=seed, start=old)
    quick_s = time.perf_counter() - began_s
    warm = solve(problem, time_limit_s=LONG_S, seed=seed, start=old)
    cold = solve(problem, time_limit_s=LONG_S, seed=seed)
    best = min(warm, cold, key=lambda plan: plan.cost.total)
    return Replanned(
        seed=seed,
        active_orders=len(problem.orders) - NEW_ORDERS,
        new_orders=NEW_ORDERS,
        now_s=problem.now_s,
        quick_seconds=round(quick_s, 3),
        quick_cost=quick.cost.total_minor,
        long_cost_from_old_plan=warm.cost.total_minor,
        long_cost_from_nothing=cold.cost.total_minor,
        gap_percent=round((quick.cost.total / best.cost.total - 1) * 100, 2),
        quick_unserved=len(quick.unserved),
        long_unserved=len(best.unserved),
        moved=quick.totals.orders_moved,
        moved_needlessly=len(moved_needlessly(problem, quick.draft)),
        long_moved=best.totals.orders_moved,
    )


def day_under_way(seed: int) -> tuple[Problem, Draft]:
    """Return a day with `ACTIVE_ORDERS` active and `NEW_ORDERS` new ones, and what was planned."""
    day = city_day(orders=DAY_ORDERS + NEW_ORDERS, seed=seed)
    known, news = hold_back(day, NEW_ORDERS)
    plan = solve(known, time_limit_s=LONG_S, seed=seed)
    rest, draft = _driven(known, plan)
    return announce(rest, news), draft


def _driven(problem: Problem, plan: Plan) -> tuple[Problem, Draft]:
    """Drive a plan until no more than `ACTIVE_ORDERS` are left, by bisection in minutes."""
    low, high = 0, DAY_S // 60
    while low < high:
        middle = (low + high) // 2
        rest, _ = under_way(problem, plan.draft, middle * 60)
        if len(rest.orders) <= ACTIVE_ORDERS:
            high = middle
        else:
            low = middle + 1
    return under_way(problem, plan.draft, low * 60)


def moved_needlessly(problem: Problem, draft: Draft) -> list[str]:
    """Return the orders that could go back to their former vehicle at no more cost."""
    judge = Judge(problem)
    now = judge.evaluate(draft).cost.total
    number = {vehicle.id: k for k, vehicle in enumerate(problem.vehicles)}
    found = []
    for vehicle, tours in enumerate(draft):
        for visit in (visit for tour in tours for visit in tour.visits):
            order = problem.orders[visit.order]
            former = number.get(order.known_vehicle or "", vehicle)
            if former != vehicle and _fits_back(judge, draft, (vehicle, former), visit, now):
                found.append(order.id)
    return found


def _fits_back(judge: Judge, draft: Draft, pair: tuple[int, int], visit: Visit, now: int) -> bool:
    """Say whether one order can go back without breaking a rule, at a cost of no more than now."""
    vehicle, former = pair
    vehicles = judge.problem.vehicles
    left = tuple(_without(tour, visit) for tour in draft[vehicle])
    before = sum(judge.day(vehicles[k], draft[k]).cost().total for k in pair)
    kept = judge.day(vehicles[vehicle], left)
    for tours in _with(draft[former], visit, begins=vehicles[former].current is not None):
        day = judge.day(vehicles[former], tours)
        cheap = day.cost().total + kept.cost().total <= before
        if cheap and not day.violations and not kept.violations:
            back = list(draft)
            back[vehicle], back[former] = left, tours
            judged = judge.evaluate(tuple(back))
            if judged.feasible and judged.cost.total <= now:
                return True
    return False


def _without(tour: Tour, visit: Visit) -> Tour:
    return tour._replace(visits=tuple(v for v in tour.visits if v != visit))


def _with(tours: tuple[Tour, ...], visit: Visit, *, begins: bool) -> Iterator[tuple[Tour, ...]]:
    """Yield a day with the visit at each place of each trip that has not begun, or of a new one."""
    open_tours = range(1 if begins else 0, len(tours))
    for k in open_tours:
        row = tours[k].visits
        for position in range(len(row) + 1):
            longer = tours[k]._replace(visits=(*row[:position], visit, *row[position:]))
            yield (*tours[:k], longer, *tours[k + 1 :])
    yield (*tours, Tour((visit,)))
