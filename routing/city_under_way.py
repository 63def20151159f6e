"""How does a planned day stand in the middle of it, when it is to be planned again?

`under_way` drives a draft until `now_s`: what was delivered is gone, trips that left or are being
loaded can take no order more, the stop that is driven to is locked, and drivers know what they were
to bring. The draft that comes back is the rest of the plan; it costs what remains of it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from routing.city_first_trips import first_trips
from routing.day import Day
from routing.evaluate import Judge
from routing.plan import Draft, Stop, Tour, Trip, Visit
from routing.problem import Break, CurrentTrip, Order, Problem, Vehicle

LOADING_S: Final = 600
"""A trip that leaves within so long is being loaded (our assumption)."""

MOVE_COST: Final = 300
"""Fen to tell a driver that an order is not his any more (our assumption)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A vehicle as it is now, and the tours that it still has to make, the current one first."""

    vehicle: Vehicle
    tours: tuple[Tour, ...]
    delivered: tuple[int, ...]


def under_way(problem: Problem, draft: Draft, now_s: int) -> tuple[Problem, Draft]:
    """Return the problem as it stands at `now_s`, and what remains of the draft.

    Orders that the draft leaves out and that can't be begun any more are gone as well.
    """
    judge = Judge(problem)
    rows = [
        _stand(judge, vehicle, tours, now_s)
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


def _stand(judge: Judge, vehicle: Vehicle, tours: tuple[Tour, ...], now_s: int) -> Standing:
    driven = [
        tour
        for k, tour in enumerate(tours)
        if tour.visits or (k == 0 and vehicle.current is not None)
    ]
    day = judge.day(vehicle, driven)
    over = bisect_right([trip.ends_s for trip in day.trips], now_s)
    ended = tuple(visit.order for tour in driven[:over] for visit in tour.visits)
    idle = _after_trips(vehicle, day, over, now_s)
    left = driven[over:]
    if not left or day.trips[over].departs_s > now_s + LOADING_S:
        return Standing(idle, tuple(left), ended)
    return _on_trip(_Leg(judge, idle, day, over), left, ended, now_s)


def _after_trips(vehicle: Vehicle, day: Day, over: int, now_s: int) -> Vehicle:
    """Return a vehicle whose first `over` trips lie behind it."""
    if not over:
        return replace(vehicle, breaks=_breaks_left(vehicle, day, now_s))
    new_trips = over - (vehicle.current is not None)
    return replace(
        vehicle,
        current=None,
        start_s=_rested_s(vehicle, day, day.trips[over - 1].ends_s + vehicle.reload_s, now_s),
        fixed_cost=0,
        driven_m=vehicle.driven_m + sum(trip.distance_m for trip in day.trips[:over]),
        max_trips=vehicle.max_trips - new_trips if vehicle.returns else 0,
        breaks=_breaks_left(vehicle, day, now_s),
    )


@dataclass(frozen=True, slots=True)
class _Leg:
    """A vehicle on its way: as it was before the trip, its whole day, and the trip's number."""

    judge: Judge
    vehicle: Vehicle
    day: Day
    number: int

    @property
    def trip(self) -> Trip:
        return self.day.trips[self.number]

    def began(self) -> CurrentTrip:
        """Return the trip as it was when it began, or when it was last looked at."""
        if self.number == 0 and self.vehicle.current is not None:
            return self.vehicle.current
        depot = self.judge.depots[self.vehicle.depot].place
        return CurrentTrip(departed_s=self.trip.departs_s, place=depot, free_s=self.trip.departs_s)


def _on_trip(leg: _Leg, tours: list[Tour], ended: tuple[int, ...], now_s: int) -> Standing:
    began, stops, visits = leg.began(), leg.trip.stops, tours[0].visits
    made = sum(stop.starts_s <= now_s for stop in stops)
    places = [began.place, *(_place(leg.judge, visit) for visit in visits[:made])]
    free_s = stops[made - 1].leaves_s if made else began.free_s
    free_s = _rested_s(leg.day.vehicle, leg.day, free_s, now_s) if made else free_s
    planned = [stop.order for stop in stops]
    current = replace(
        began,
        place=places[-1],
        free_s=free_s,
        aboard=(*planned[made:], *(order for order in began.aboard if order not in planned)),
        locked=_locked(began, stops, made, max(now_s, free_s)),
        stops_made=began.stops_made + made,
    )
    vehicle = leg.vehicle
    new = leg.number > 0 or vehicle.current is None
    vehicle = replace(
        vehicle,
        current=current,
        driven_m=vehicle.driven_m + _way_m(leg.judge, vehicle.mode, places),
        max_trips=max(0, vehicle.max_trips - new) if vehicle.returns else 0,
        breaks=_breaks_left(leg.day.vehicle, leg.day, max(now_s, free_s - 1)),
    )
    return Standing(
        vehicle,
        (Tour(visits[made:]), *tours[1:]),
        (*ended, *(visit.order for visit in visits[:made])),
    )


def _locked(began: CurrentTrip, stops: Sequence[Stop], made: int, from_s: int) -> tuple[str, ...]:
    """Return what was locked before, and the stop that is driven to."""
    before = [order for order in began.locked if order not in {s.order for s in stops[:made]}]
    if made < len(stops) and began.free_s <= from_s and not before:
        before = [stops[made].order]
    return tuple(before)


def _place(judge: Judge, visit: Visit) -> str:
    order = judge.problem.orders[visit.order]
    return order.locker.place if visit.to_locker and order.locker else order.place


def _way_m(judge: Judge, mode: str, places: Sequence[str]) -> int:
    travel = judge.problem.travel
    return sum(
        travel.leg(mode, judge.place_of[a], judge.place_of[b]).distance_m
        for a, b in pairwise(places)
    )


def _rested_s(vehicle: Vehicle, day: Day, free_s: int, now_s: int) -> int:
    """Return when a vehicle is free, after the breaks that it has begun."""
    for starts_s, rest in zip(day.breaks_taken_s, vehicle.breaks, strict=False):
        if starts_s <= now_s and starts_s + rest.duration_s > free_s:
            free_s = starts_s + rest.duration_s
    return free_s


def _breaks_left(vehicle: Vehicle, day: Day, until_s: int) -> tuple[Break, ...]:
    taken = bisect_right(day.breaks_taken_s, until_s)
    return vehicle.breaks[taken:]
