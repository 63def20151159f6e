"""Why does a plan do what it does: for one order, and in all?

Sentences and table rows for people. Everything is judged anew from the plan's draft, so that what
is said is true of the problem at hand, whoever wrote the plan.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from heapq import nlargest
from typing import Final

from routing.evaluate import Evaluation, evaluate
from routing.plan import Cost, Draft, Plan, Route, Stop, Tour, Trip, Visit
from routing.problem import Order, Problem
from routing.remedy import Remedy, moves_no_limit
from routing.trial import Tries, effort
from routing.unserved import find_unserved
from routing.words import clock, count, duration, money

WORST: Final = 10
"""How many rows each table of a plan has at most."""

ALTERNATIVES: Final = 400
"""How many other days are tried for one order."""

PARTS: Final = {
    "distance": "the way",
    "time": "time on the road",
    "vehicles": "vehicles used",
    "orders": "orders and lockers",
    "lateness": "lateness",
    "on_board": "time on board",
    "warmth": "warmth",
    "changes": "orders moved to another driver",
    "drops": "orders not served",
}


class NoSuchOrder(LookupError):
    """An order that the problem does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateOrder:
    """An order that is served after its promise."""

    order: str
    vehicle: str
    starts_s: int
    late_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TightBox:
    """An order by how much of its hold time is used up when it is served."""

    order: str
    vehicle: str
    exposure_s: int
    hold_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FullTrip:
    """A trip by how much of a compartment is used."""

    vehicle: str
    departs_s: int
    zone: str
    load_g: int
    capacity_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExplained:
    """A plan in figures: cost parts in units that are not nought, and the worst of each kind."""

    total: int
    parts: tuple[tuple[str, int], ...]
    late: tuple[LateOrder, ...]
    tightest: tuple[TightBox, ...]
    fullest: tuple[FullTrip, ...]
    sentences: tuple[str, ...]


def explain(problem: Problem, plan: Plan, order_id: str) -> str:
    """Return a few sentences on one order: who brings it, how well, and what else there was.

    Raises `NoSuchOrder`.
    """
    numbers = {order.id: k for k, order in enumerate(problem.orders)}
    if order_id not in numbers:
        near = get_close_matches(order_id, numbers, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise NoSuchOrder(f"{order_id} is not an order of this problem{meant}")
    k = numbers[order_id]
    for route in evaluate(problem, plan.draft).routes:
        for trip in route.trips:
            for n, stop in enumerate(trip.stops, 1):
                if stop.order == order_id:
                    return "\n".join(_served(problem, plan.draft, k, (route, trip, n)))
    return _unserved(problem, plan, order_id)


def explain_plan(problem: Problem, plan: Plan) -> PlanExplained:
    """Return what a plan costs and where it is tightest, as rows and as sentences."""
    judged = evaluate(problem, plan.draft)
    orders = {order.id: order for order in problem.orders}
    late = nlargest(WORST, _late(judged), key=lambda row: row.late_s)
    tight = nlargest(WORST, _boxes(judged, orders), key=lambda row: row.exposure_s / row.hold_s)
    full = nlargest(
        WORST, _compartments(problem, judged, orders), key=lambda row: row.load_g / row.capacity_g
    )
    parts = tuple(
        (part.name, getattr(judged.cost, part.name))
        for part in fields(Cost)
        if getattr(judged.cost, part.name)
    )
    return PlanExplained(
        total=judged.cost.total,
        parts=parts,
        late=tuple(late),
        tightest=tuple(tight),
        fullest=tuple(full),
        sentences=tuple(_in_all(problem, judged, parts)),
    )


# One order


def _unserved(problem: Problem, plan: Plan, order_id: str) -> str:
    told = [row for row in plan.unserved if row.order == order_id]
    if not told:
        told = [found.unserved for found in find_unserved(problem, plan.draft, only=order_id)]
    [row] = told
    return f"{order_id} is not served ({row.reason}).\n{row.sentence}\nRemedy: {row.remedy}"


def _served(
    problem: Problem, draft: Draft, k: int, where: tuple[Route, Trip, int]
) -> Iterable[str]:
    route, trip, n = where
    order, stop = problem.orders[k], trip.stops[n - 1]
    to = "its locker" if stop.to_locker else "its door"
    yield (
        f"{order.id} is brought to {to} by {route.vehicle} at {clock(stop.starts_s)}: stop {n} of "
        f"{len(trip.stops)} of the trip that leaves at {clock(trip.departs_s)}."
    )
    yield _promise(order, stop)
    yield _warmth(order, stop, trip)
    yield _next_best(problem, draft, k)


def _promise(order: Order, stop: Stop) -> str:
    if stop.late_s:
        left_s = order.latest_s - stop.starts_s
        return (
            f"That is {duration(stop.late_s)} after its promise of {clock(order.due_s)}, and "
            f"{duration(left_s)} before its latest time."
        )
    slack_s = order.due_s - stop.starts_s
    return f"That is {duration(slack_s)} before its promise of {clock(order.due_s)}."


def _warmth(order: Order, stop: Stop, trip: Trip) -> str:
    aboard = f"It is aboard for {duration(stop.starts_s - trip.departs_s)}"
    if order.hold_s is None:
        return f"{aboard}, and has no hold time to keep."
    used = stop.exposure_s * 100 // max(1, order.hold_s)
    return (
        f"{aboard}; with the doors opened before, {duration(stop.exposure_s)} or {used} % of the "
        f"{duration(order.hold_s)} that its box holds are used up."
    )


def _next_best(problem: Problem, draft: Draft, k: int) -> str:
    """Return who else could serve an order, and for how much more than now."""
    order = problem.orders[k]
    vehicle, without = _taken_out(draft, k)
    tries = Tries(problem, without)
    if order.id in tries.judge.aboard:
        return "It is aboard already: no other vehicle can bring it."
    now = tries.judge.day(problem.vehicles[vehicle], draft[vehicle]).cost().total
    saved = now - tries.day(vehicle).cost().total
    spots = (spot for spot in tries.planned(k, ALTERNATIVES) if spot.vehicle != vehicle)
    found = [remedy for spot in spots if (remedy := tries.remedy(k, spot)) is not None]
    allowed = [remedy for remedy in found if moves_no_limit(remedy)]
    if allowed:
        best = min(allowed, key=lambda remedy: remedy.added)
        return _instead(problem, best, saved)
    if not found:
        return "No other vehicle can come to it."
    [first, *_] = (c for c in min(found, key=effort).changes if c.reason != "cost")
    return f"No other vehicle could bring it, as all else stands: {first.fact}."


def _instead(problem: Problem, best: Remedy, saved: int) -> str:
    more = best.added - saved
    who = problem.vehicles[best.vehicle].id
    than = f"{money(abs(more))} {'more' if more >= 0 else 'less'}"
    return (
        f"Serving it costs {money(saved)}. Next best, {who} would bring it at "
        f"{clock(best.starts_s)} for {than}."
    )


def _taken_out(draft: Draft, k: int) -> tuple[int, Draft]:
    """Return the vehicle that serves an order, and the draft without that stop."""

    def without(tour: Tour) -> Tour:
        visits: tuple[Visit, ...] = tuple(visit for visit in tour.visits if visit.order != k)
        return tour._replace(visits=visits)

    rest = tuple(tuple(without(tour) for tour in tours) for tours in draft)
    vehicle = next(v for v, tours in enumerate(draft) if tours != rest[v])
    return vehicle, rest


# The whole plan


def _late(judged: Evaluation) -> Iterable[LateOrder]:
    for route in judged.routes:
        for stop in (stop for trip in route.trips for stop in trip.stops if stop.late_s):
            yield LateOrder(
                order=stop.order,
                vehicle=route.vehicle,
                starts_s=stop.starts_s,
                late_s=stop.late_s,
            )


def _boxes(judged: Evaluation, orders: dict[str, Order]) -> Iterable[TightBox]:
    for route in judged.routes:
        for stop in (stop for trip in route.trips for stop in trip.stops):
            hold_s = orders[stop.order].hold_s
            if hold_s:
                yield TightBox(
                    order=stop.order,
                    vehicle=route.vehicle,
                    exposure_s=stop.exposure_s,
                    hold_s=hold_s,
                )


def _compartments(
    problem: Problem, judged: Evaluation, orders: dict[str, Order]
) -> Iterable[FullTrip]:
    capacity = {vehicle.id: vehicle.capacity.by_zone() for vehicle in problem.vehicles}
    for route in judged.routes:
        for trip in route.trips:
            loads = [orders[stop.order].load.by_zone() for stop in trip.stops] or [(0, 0, 0)]
            for zone, limit, weights in zip(
                ("frozen", "chilled", "ambient"),
                capacity[route.vehicle],
                zip(*loads, strict=True),
                strict=True,
            ):
                if limit:
                    yield FullTrip(
                        vehicle=route.vehicle,
                        departs_s=trip.departs_s,
                        zone=zone,
                        load_g=sum(weights),
                        capacity_g=limit,
                    )


def _in_all(
    problem: Problem, judged: Evaluation, parts: Iterable[tuple[str, int]]
) -> Iterable[str]:
    totals = judged.totals
    served = sum(len(trip.stops) for route in judged.routes for trip in route.trips)
    yield (
        f"Of {count(len(problem.orders), 'order')} {served:,} are served, by "
        f"{count(totals.vehicles_used, 'vehicle')} over {totals.distance_m / 1000:,.1f} km."
    )
    shares = sorted(parts, key=lambda part: -part[1])
    split = ", ".join(f"{PARTS[name]} {money(units)}" for name, units in shares)
    yield f"The plan costs {money(judged.cost.total)}{': ' if split else ''}{split}."
    yield (
        f"Late by {duration(totals.late_s)} in all: {count(totals.late_orders, 'order')}."
        if totals.late_orders
        else "Nothing is late."
    )
    for violation in judged.violations:
        yield f"It breaks a rule ({violation.reason}): {violation.sentence}."
