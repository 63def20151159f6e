"""How do two vehicles meet, in a problem that knows no meetings?

By stops of their own, one for each order and vehicle, that are locked: both make for the meeting at
once, and neither begins before the other is there. From then on the order is aboard the taker. One
that goes back to its depot has a stop of that kind too. All here is a function of a problem and its
draft, so that the evaluator prices it as any plan.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from routing.check_values import MAX_TIME_S
from routing.dispatch.cold import ColdLimits
from routing.evaluate import Judge
from routing.plan import Draft, Tour, Visit
from routing.problem import CurrentTrip, Load, Order, Problem, Vehicle

HANDOVER_S: Final = 120
"""To stand beside each other, open both doors and carry a box over (our assumption)."""
NEXT_BOX_S: Final = 20
_NEVER_DROPPED: Final = 100_000_000  # of `routing.check_values`
_MEET: Final = "meet"
_BACK: Final = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One vehicle hands orders to another, at a place of the problem.

    A giver that `stands` has broken down: it waits, and its own day is no matter. `cold`: what the
    taker carries warms no more.
    """

    orders: tuple[str, ...]
    giver: str
    taker: str
    place: str
    stands: bool = False
    cold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """A problem and a draft in which a meeting takes place, at `at_s`."""

    problem: Problem
    draft: Draft
    at_s: int


def meet_id(order: str, vehicle: str) -> str:
    """Return the id of a vehicle's stop to hand an order over."""
    return f"{_MEET}:{vehicle}:{order}"


def back_id(order: str) -> str:
    """Return the id of the stop at which an order is given back to its depot."""
    return f"{_BACK}::{order}"


def real_order(order_id: str) -> tuple[str, str | None]:
    """Return the order that a stop is about, and `meet` or `back` if it is no delivery."""
    kind, _, rest = order_id.partition(":")
    if kind in {_MEET, _BACK} and ":" in rest:
        return rest.split(":", 1)[1], kind
    return order_id, None


def arrange(problem: Problem, draft: Draft, meeting: Meeting) -> Arranged | None:
    """Return the problem with a meeting. None: the vehicles can't meet so.

    Who comes first waits; the orders follow the taker's other stops where it costs least.
    """
    if not _may_meet(problem, meeting):
        return None
    at_s = problem.now_s
    arranged = _meet(problem, draft, meeting, at_s)
    at_s = max(_begins_s(arranged, vehicle, meeting) for vehicle in _parties(meeting))
    arranged = _meet(problem, draft, meeting, at_s)
    return replace(arranged, draft=_place_orders(arranged, meeting))


def bring_back(problem: Problem, draft: Draft, order: str) -> tuple[Problem, Draft] | None:
    """Return the problem in which an order that is aboard goes back to its depot, not to its door.

    It is there when the trip ends. None: it is not aboard, or driven to already.
    """
    v = carrier(problem, order)
    if v is None or order in locked(problem.vehicles[v]):
        return None
    vehicle, k = problem.vehicles[v], number(problem, order)
    there = next(d.place for d in problem.depots if d.id == vehicle.depot)
    row = replace(
        problem.orders[k],
        id=back_id(order),
        place=there,
        locker=None,
        due_s=MAX_TIME_S,
        latest_s=MAX_TIME_S,
        not_before_s=0,
        late_cost_per_min=0,
        service_s=NEXT_BOX_S,
        drop_cost=_NEVER_DROPPED,
        known_vehicle=None,
        only_vehicle=None,
    )
    vehicle = _carrying(vehicle, aboard=[row.id if o == order else o for o in aboard(vehicle)])
    problem = replace(
        problem,
        orders=(*problem.orders[:k], row, *problem.orders[k + 1 :]),
        vehicles=(*problem.vehicles[:v], vehicle, *problem.vehicles[v + 1 :]),
    )
    draft = without(draft, {k})
    rest, *later = draft[v]
    tours = (rest._replace(visits=(*rest.visits, Visit(k))), *later)
    return problem, (*draft[:v], tours, *draft[v + 1 :])


def with_limits(problem: Problem, order: str, limits: ColdLimits) -> Problem:
    """Return the problem in which cold asks this of an order."""
    k = number(problem, order)
    row = replace(
        problem.orders[k],
        hold_s=limits.hold_s,
        warm_after_s=limits.warm_after_s,
        warm_cost_per_min=limits.warm_cost_per_min,
    )
    return replace(problem, orders=(*problem.orders[:k], row, *problem.orders[k + 1 :]))


# What is where -----------------------------------------------------------------------------------


def number(problem: Problem, order: str) -> int:
    """Return an order's index."""
    return next(k for k, row in enumerate(problem.orders) if row.id == order)


def vehicle_number(problem: Problem, vehicle: str) -> int:
    """Return a vehicle's index."""
    return next(k for k, row in enumerate(problem.vehicles) if row.id == vehicle)


def aboard(vehicle: Vehicle) -> tuple[str, ...]:
    """Return what only this vehicle's trip under way can deliver."""
    return vehicle.current.aboard if vehicle.current else ()


def locked(vehicle: Vehicle) -> tuple[str, ...]:
    """Return the next stops of a vehicle that nothing changes."""
    return vehicle.current.locked if vehicle.current else ()


def carrier(problem: Problem, order: str) -> int | None:
    """Return which vehicle an order is aboard, by its index."""
    return next((k for k, row in enumerate(problem.vehicles) if order in aboard(row)), None)


def load_of(problem: Problem, orders: Iterable[str]) -> Load:
    """Return what orders weigh together."""
    wanted = set(orders)
    loads = [order.load.by_zone() for order in problem.orders if order.id in wanted]
    frozen_g, chilled_g, ambient_g = (sum(zone) for zone in zip((0, 0, 0), *loads, strict=True))
    return Load(frozen_g=frozen_g, chilled_g=chilled_g, ambient_g=ambient_g)


# Drafts ------------------------------------------------------------------------------------------


def without(draft: Draft, orders: set[int]) -> Draft:
    """Return a draft that leaves orders out."""
    return tuple(
        tuple(
            tour._replace(visits=tuple(v for v in tour.visits if v.order not in orders))
            for tour in tours
        )
        for tours in draft
    )


def insert_best(problem: Problem, draft: Draft, vehicle: int, orders: Sequence[int]) -> Draft:
    """Return a draft with orders put into a trip under way, behind what is locked.

    One after the other, each where its vehicle's day costs least.
    """
    judge, row = Judge(problem), problem.vehicles[vehicle]
    fixed = len(locked(row))
    tours = draft[vehicle]
    for k in orders:
        tours = min(
            _gaps(tours, fixed, Visit(k)),
            key=lambda tried: _worth(judge, row, tried),
        )
    return (*draft[:vehicle], tours, *draft[vehicle + 1 :])


def _gaps(tours: tuple[Tour, ...], fixed: int, visit: Visit) -> Iterator[tuple[Tour, ...]]:
    visits = tours[0].visits
    for gap in range(min(fixed, len(visits)), len(visits) + 1):
        yield tours[0]._replace(visits=(*visits[:gap], visit, *visits[gap:])), *tours[1:]


def _worth(judge: Judge, vehicle: Vehicle, tours: tuple[Tour, ...]) -> tuple[int, int]:
    day = judge.day(vehicle, tours)
    return len(day.violations), day.cost().total


# A meeting ---------------------------------------------------------------------------------------


def _may_meet(problem: Problem, meeting: Meeting) -> bool:
    """Whether the giver has the orders, and the taker room for them and a trip to bring them."""
    giver = problem.vehicles[vehicle_number(problem, meeting.giver)]
    taker = problem.vehicles[vehicle_number(problem, meeting.taker)]
    if not set(meeting.orders) <= set(aboard(giver)):
        return False
    if not meeting.stands and not set(meeting.orders).isdisjoint(locked(giver)):
        return False  # it is driven to
    if taker.current is None and not taker.returns:
        return False
    load = load_of(problem, (*aboard(taker), *meeting.orders))
    pairs = zip(load.by_zone(), taker.capacity.by_zone(), strict=True)
    return all(needed <= room for needed, room in pairs)


def _parties(meeting: Meeting) -> tuple[str, ...]:
    """Return the vehicles that come to the meeting."""
    return (meeting.taker,) if meeting.stands else (meeting.giver, meeting.taker)


def _meet(problem: Problem, draft: Draft, meeting: Meeting, at_s: int) -> Arranged:
    """Return the problem with the stops of a meeting, and the orders right behind the taker's."""
    stops = {
        vehicle: [_stop(problem, meeting, vehicle, i, at_s) for i in range(len(meeting.orders))]
        for vehicle in _parties(meeting)
    }
    giver = problem.vehicles[vehicle_number(problem, meeting.giver)]
    taker = begun(problem, problem.vehicles[vehicle_number(problem, meeting.taker)])
    orders = [
        _handed(order, meeting, giver, taker) if order.id in meeting.orders else order
        for order in problem.orders
    ]
    orders += [stop for row in stops.values() for stop in row]
    given, taken = (
        tuple(stop.id for stop in stops.get(vehicle, ()))
        for vehicle in (meeting.giver, meeting.taker)
    )
    left = [order for order in aboard(giver) if order not in meeting.orders]
    vehicles = {
        giver.id: _carrying(giver, aboard=(*left, *given), locked=given),
        taker.id: _carrying(
            taker,
            aboard=(*aboard(taker), *taken, *meeting.orders),
            locked=taken,
        ),
    }
    met = replace(
        problem,
        orders=tuple(orders),
        vehicles=tuple(vehicles.get(row.id, row) for row in problem.vehicles),
    )
    begins = {
        giver.id: given,
        taker.id: (*taken, *meeting.orders),
    }
    return Arranged(problem=met, draft=_begin_with(met, problem, draft, begins), at_s=at_s)


def _begin_with(
    met: Problem, problem: Problem, draft: Draft, begins: dict[str, tuple[str, ...]]
) -> Draft:
    """Return a draft whose trips under way begin with these orders, and go on as they did."""
    index = {order.id: k for k, order in enumerate(met.orders)}
    known = {v.order: v for tours in draft for tour in tours for v in tour.visits}
    moved = {index[order] for row in begins.values() for order in row}
    rows = []
    for old, row, tours in zip(problem.vehicles, met.vehicles, draft, strict=True):
        if row.id not in begins:
            rows.append(tours)
            continue
        first = [known.get(index[o], Visit(index[o])) for o in begins[row.id]]
        if old.current is None:
            rows.append((Tour(tuple(first)), *tours))
            continue
        current, *later = tours
        rest = [v for v in current.visits if v.order not in moved]
        rows.append((current._replace(visits=(*first, *rest)), *later))
    return tuple(rows)


def _place_orders(arranged: Arranged, meeting: Meeting) -> Draft:
    """Return the draft with the orders where they cost the taker least."""
    problem = arranged.problem
    taker = vehicle_number(problem, meeting.taker)
    orders = [number(problem, order) for order in meeting.orders]
    return insert_best(problem, without(arranged.draft, set(orders)), taker, orders)


def _begins_s(arranged: Arranged, vehicle: str, meeting: Meeting) -> int:
    """Return when a vehicle would begin to hand over."""
    problem, v = arranged.problem, vehicle_number(arranged.problem, vehicle)
    day = Judge(problem).day(problem.vehicles[v], arranged.draft[v])
    first = meet_id(meeting.orders[0], vehicle)
    return next(stop.starts_s for trip in day.trips for stop in trip.stops if stop.order == first)


def begun(problem: Problem, vehicle: Vehicle) -> Vehicle:
    """Return a vehicle on a trip: its own, or one that it begins now, at its depot."""
    if vehicle.current is not None:
        return vehicle
    there = next(depot.place for depot in problem.depots if depot.id == vehicle.depot)
    free_s = max(problem.now_s, vehicle.start_s)
    return replace(
        vehicle,
        current=CurrentTrip(departed_s=free_s, place=there, free_s=free_s),
        max_trips=max(0, vehicle.max_trips - 1),
        breaks=tuple(rest for rest in vehicle.breaks if rest.latest_s >= free_s),
    )


def _carrying(
    vehicle: Vehicle, *, aboard: Iterable[str], locked: Iterable[str] | None = None
) -> Vehicle:
    if vehicle.current is None:
        return vehicle
    current = replace(vehicle.current, aboard=tuple(aboard))
    if locked is not None:
        current = replace(current, locked=tuple(locked))
    return replace(vehicle, current=current)


def _stop(problem: Problem, meeting: Meeting, vehicle: str, i: int, at_s: int) -> Order:
    """Return a vehicle's stop for the i-th order of a meeting."""
    row = problem.vehicles[vehicle_number(problem, vehicle)]
    return Order(
        id=meet_id(meeting.orders[i], vehicle),
        place=meeting.place,
        load=Load(),
        depots=(row.depot,),
        due_s=MAX_TIME_S,
        latest_s=MAX_TIME_S,
        drop_cost=_NEVER_DROPPED,
        not_before_s=at_s,
        service_s=NEXT_BOX_S if i else HANDOVER_S,
    )


def _handed(order: Order, meeting: Meeting, giver: Vehicle, taker: Vehicle) -> Order:
    """Return an order whose exposure counts from the taker's departure, at the same moments."""
    order = replace(order, known_vehicle=None, only_vehicle=None, hold_s=None)
    if order.warm_after_s is None or meeting.cold:
        return replace(order, warm_after_s=None, warm_cost_per_min=0)
    later_s = _counts_from_s(giver) - _counts_from_s(taker)
    return replace(order, warm_after_s=max(0, order.warm_after_s + later_s))


def lost_before(problem: Problem, meeting: Meeting, order: str) -> int:
    """Return what an order loses by its slope before the taker's trip began (smallest unit).

    There the slope would begin below nought, which no problem can say.
    """
    row = problem.orders[number(problem, order)]
    giver = problem.vehicles[vehicle_number(problem, meeting.giver)]
    taker = begun(problem, problem.vehicles[vehicle_number(problem, meeting.taker)])
    if row.warm_after_s is None:
        return 0
    begins_s = row.warm_after_s + _counts_from_s(giver) - _counts_from_s(taker)
    return max(0, -begins_s) * row.warm_cost_per_min // 60


def _counts_from_s(vehicle: Vehicle) -> int:
    """Return when a vehicle's exposure was nought, its opened doors counted as time."""
    if vehicle.current is None:
        return 0
    return vehicle.current.departed_s - vehicle.current.stops_made * vehicle.door_s
