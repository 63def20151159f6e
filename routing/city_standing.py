"""Where does a vehicle stand in the middle of its planned day, and what has it still to do?

A leg that was begun is driven to its end: the vehicle is free at the stop that it drives to, from
its arrival on, and that stop is locked.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from routing.day import Day
from routing.evaluate import Judge
from routing.plan import Stop, Tour, Trip, Visit
from routing.problem import Break, CurrentTrip, Vehicle

LOADING_S: Final = 600
"""A trip that leaves within so long is being loaded (our assumption)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A vehicle as it is now, and the tours that it still has to make, the current one first."""

    vehicle: Vehicle
    tours: tuple[Tour, ...]
    delivered: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the vehicle of a current trip is free, and when; `heads_to` is locked."""

    made: int
    places: tuple[str, ...]
    free_s: int
    heads_to: Stop | None = None


def stand(judge: Judge, vehicle: Vehicle, tours: Sequence[Tour], now_s: int) -> Standing:
    """Return how a vehicle stands at `now_s` that drives these tours."""
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
    return _on_trip(_Way(judge, idle, day, over), left, ended, now_s)


def _after_trips(vehicle: Vehicle, day: Day, over: int, now_s: int) -> Vehicle:
    """Return a vehicle whose first `over` trips lie behind it."""
    breaks = vehicle.breaks[bisect_right(day.breaks_taken_s, now_s) :]
    if not over:
        start_s = min(_rested_s(day, vehicle.start_s, now_s), vehicle.end_s)
        return replace(vehicle, start_s=start_s, breaks=_from(breaks, max(now_s, start_s)))
    began = over - (vehicle.current is not None)
    free_s = _rested_s(day, day.trips[over - 1].ends_s + vehicle.reload_s, now_s)
    return replace(
        vehicle,
        current=None,
        start_s=min(free_s, vehicle.end_s),
        fixed_cost=0,
        driven_m=vehicle.driven_m + sum(trip.distance_m for trip in day.trips[:over]),
        max_trips=vehicle.max_trips - began if vehicle.returns else 0,
        breaks=_from(breaks, max(now_s, free_s)),
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """A vehicle on a trip: as it was before the trip, its whole day, and the trip's number."""

    judge: Judge
    vehicle: Vehicle
    day: Day
    number: int

    @property
    def trip(self) -> Trip:
        return self.day.trips[self.number]

    def began(self) -> CurrentTrip:
        """Return the trip as it was when it began, or as the problem gave it."""
        if self.number == 0 and self.vehicle.current is not None:
            return self.vehicle.current
        return CurrentTrip(
            departed_s=self.trip.departs_s, place=self.depot(), free_s=self.trip.departs_s
        )

    def depot(self) -> str:
        return self.judge.depots[self.vehicle.depot].place


def _on_trip(way: _Way, tours: list[Tour], ended: tuple[int, ...], now_s: int) -> Standing:
    began, visits = way.began(), tours[0].visits
    spot = _spot(way, began, visits, now_s)
    planned = [stop.order for stop in way.trip.stops]
    current = replace(
        began,
        place=spot.places[-1],
        free_s=spot.free_s,
        aboard=(*planned[spot.made :], *(id_ for id_ in began.aboard if id_ not in planned)),
        locked=_locked(began, planned[: spot.made], spot.heads_to),
        stops_made=began.stops_made + spot.made,
    )
    vehicle = way.vehicle
    new = way.number > 0 or vehicle.current is None
    vehicle = replace(
        vehicle,
        current=current,
        driven_m=vehicle.driven_m + _way_m(way.judge, vehicle.mode, spot.places),
        max_trips=vehicle.max_trips - new if vehicle.returns else 0,
        breaks=_breaks_left(way.day, spot, now_s),
    )
    return Standing(
        vehicle,
        (Tour(visits[spot.made :]), *tours[1:]),
        (*ended, *(visit.order for visit in visits[: spot.made])),
    )


def _spot(way: _Way, began: CurrentTrip, visits: Sequence[Visit], now_s: int) -> _Spot:
    """Return where the vehicle is free next: at a stop, on its way to one, or coming home."""
    stops = way.trip.stops
    made = sum(stop.starts_s <= now_s for stop in stops)
    places = (began.place, *(_place(way.judge, visit) for visit in visits[: made + 1]))
    free_s = _rested_s(way.day, stops[made - 1].leaves_s, now_s) if made else began.free_s
    if free_s > now_s:
        return _Spot(made, places[: made + 1], free_s)
    if made == len(stops):
        return _Spot(made, (*places, way.depot()), way.trip.ends_s)
    waits_s = _rested_s(way.day, max(stops[made].arrives_s, now_s), now_s)
    return _Spot(made, places, waits_s, stops[made])


def _locked(began: CurrentTrip, made: Sequence[str], heads_to: Stop | None) -> tuple[str, ...]:
    """Return what was locked before, or else the stop that is driven to."""
    before = tuple(order for order in began.locked if order not in made)
    return before or ((heads_to.order,) if heads_to else ())


def _place(judge: Judge, visit: Visit) -> str:
    order = judge.problem.orders[visit.order]
    return order.locker.place if visit.to_locker and order.locker else order.place


def _way_m(judge: Judge, mode: str, places: Sequence[str]) -> int:
    travel = judge.problem.travel
    return sum(
        travel.leg(mode, judge.place_of[a], judge.place_of[b]).distance_m
        for a, b in pairwise(places)
    )


def _rested_s(day: Day, free_s: int, now_s: int) -> int:
    """Return when a vehicle is free, after the breaks that it has begun."""
    for starts_s, rest in zip(day.breaks_taken_s, day.vehicle.breaks, strict=False):
        if starts_s <= now_s:
            free_s = max(free_s, starts_s + rest.duration_s)
    return free_s


def _breaks_left(day: Day, spot: _Spot, now_s: int) -> tuple[Break, ...]:
    """Return the breaks that come after the spot; none comes between a locked stop and its door."""
    taken = max(
        bisect_right(day.breaks_taken_s, now_s), bisect_left(day.breaks_taken_s, spot.free_s)
    )
    left = _from(day.vehicle.breaks[taken:], spot.free_s)
    if not left or spot.heads_to is None:
        return left
    earliest_s = max(left[0].earliest_s, min(spot.heads_to.leaves_s, left[0].latest_s))
    return (replace(left[0], earliest_s=earliest_s), *left[1:])


def _from(breaks: tuple[Break, ...], free_s: int) -> tuple[Break, ...]:
    """Leave out breaks whose window has passed: the vehicle stood anyway."""
    return tuple(rest for rest in breaks if rest.latest_s >= free_s)
