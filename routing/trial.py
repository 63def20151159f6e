"""What happens if an order is put there?

Each try is a vehicle's whole day, walked by the evaluator itself. Where orders and vehicles are
many, only the most suitable vehicles and the nearest stops are tried.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

from routing.day import Day
from routing.evaluate import Judge
from routing.plan import Draft, Reason, Tour, Visit
from routing.problem import Problem, Vehicle
from routing.remedy import Change, Remedy, changes_of, drop_change, picking_change
from routing.remembered import remembered
from routing.suitable import Suitable

DELAYS: Final = 3
"""How many later departures are tried, where leaving later may help."""


class Spot(NamedTuple):
    """A vehicle, by its index, and its day with an order put into it.

    Before `free_s` the vehicle has other stops to make, whatever comes of the order.
    """

    vehicle: int
    tours: tuple[Tour, ...]
    new_tour: int | None = None
    free_s: int = 0


class Tries:
    """A draft, into which orders are put to see what happens."""

    def __init__(self, problem: Problem, draft: Draft) -> None:
        self.problem = replace(problem, travel=remembered(problem.travel))
        self.draft = draft
        self.judge = Judge(self.problem)
        self.orders = {order.id: order for order in problem.orders}
        self.number = {vehicle.id: k for k, vehicle in enumerate(problem.vehicles)}
        self._days: dict[int, Day] = {}
        self.leaving = self._all_leaving()
        self.suitable = Suitable(self.judge, draft)
        self.kinds = _first_of_each(problem, range(len(problem.vehicles)))
        busy = [any(tour.visits for tour in tours) for tours in draft]
        idle = _first_of_each(problem, [k for k, is_busy in enumerate(busy) if not is_busy])
        self.tried = [*idle, *(k for k, is_busy in enumerate(busy) if is_busy)]

    def day(self, vehicle: int) -> Day:
        """Return a vehicle's day as planned."""
        if vehicle not in self._days:
            row = self.problem.vehicles[vehicle]
            self._days[vehicle] = self.judge.day(row, self.draft[vehicle])
        return self._days[vehicle]

    # Where an order may be put

    def alone(self, order: int, limit: int) -> Iterator[Spot]:
        """Yield days that serve nothing else but what a trip under way has planned or locked."""
        row = self.problem.orders[order]
        carrier = self.judge.aboard.get(row.id)
        if carrier is not None:
            vehicle = self.number[carrier]
            visits = self.draft[vehicle][0].visits[: self._locked(vehicle)]
            for visit in self._visits(order):
                yield Spot(vehicle, (Tour((*visits, visit)),))
            return
        for vehicle in islice(self.suitable.vehicles(row, self.kinds), limit):
            kept = self.draft[vehicle][: self.problem.vehicles[vehicle].current is not None]
            for visit in self._visits(order):
                yield Spot(vehicle, (*kept, Tour((visit,))), len(kept))

    def planned(self, order: int, limit: int) -> Iterator[Spot]:
        """Yield days of the plan with one order more, the most promising first."""
        carrier = self.judge.aboard.get(self.problem.orders[order].id)
        if carrier is not None:
            yield from islice(self._aboard(order, self.number[carrier]), limit)
            return
        half = max(2, limit // 2)
        yield from islice(self._beside_stops(order), half)
        yield from islice(self._own_trips(order), half)

    def _aboard(self, order: int, vehicle: int) -> Iterator[Spot]:
        """Yield the gaps of the trip under way, after what is locked."""
        for gap in range(self._locked(vehicle), len(self.draft[vehicle][0].visits) + 1):
            for visit in self._visits(order):
                yield self._put(vehicle, 0, gap, visit)

    def _beside_stops(self, order: int) -> Iterator[Spot]:
        """Yield the gaps of trips that have not left, those beside the nearest stops first."""
        seen: set[tuple[int, int, int]] = set()
        for vehicle, k, position in map(tuple, self.suitable.stops(self.problem.orders[order])):
            if k == 0 and self.problem.vehicles[vehicle].current is not None:
                continue
            for gap in (position, position + 1):
                if (vehicle, k, gap) not in seen:
                    seen.add((vehicle, k, gap))
                    for visit in self._visits(order):
                        yield self._put(int(vehicle), int(k), int(gap), visit)

    def _own_trips(self, order: int) -> Iterator[Spot]:
        """Yield days with a trip more for this order alone, between, before or after others."""
        for vehicle in self.suitable.vehicles(self.problem.orders[order], self.tried):
            row = self.problem.vehicles[vehicle]
            first = row.current is not None
            tours = self._driven(vehicle, self.draft[vehicle])
            if tours and not row.returns:
                continue
            for gap in range(len(tours), first - 1, -1):
                for visit in self._visits(order):
                    with_trip = (*tours[:gap], Tour((visit,)), *tours[gap:])
                    yield Spot(vehicle, with_trip, gap, self._free_s(vehicle, gap, 0))

    def _put(self, vehicle: int, k: int, gap: int, visit: Visit) -> Spot:
        tours = self.draft[vehicle]
        visits = tours[k].visits
        tour = tours[k]._replace(visits=(*visits[:gap], visit, *visits[gap:]))
        free_s = self._free_s(vehicle, len(self._driven(vehicle, tours[:k])), gap)
        return Spot(vehicle, (*tours[:k], tour, *tours[k + 1 :]), free_s=free_s)

    def _driven(self, vehicle: int, tours: tuple[Tour, ...]) -> tuple[Tour, ...]:
        """Return the tours that are trips: those with stops, and the one under way."""
        first = self.problem.vehicles[vehicle].current is not None
        return tuple(tour for k, tour in enumerate(tours) if tour.visits or k < first)

    def _free_s(self, vehicle: int, trips: int, stops: int) -> int:
        """Return when a vehicle has made so many trips, and so many stops of the next."""
        made = self.day(vehicle).trips
        if stops:
            return made[trips].stops[stops - 1].leaves_s
        return made[trips - 1].ends_s if trips else 0

    def _visits(self, order: int) -> tuple[Visit, ...]:
        if self.problem.orders[order].locker is None:
            return (Visit(order),)
        return Visit(order), Visit(order, to_locker=True)

    def _locked(self, vehicle: int) -> int:
        current = self.problem.vehicles[vehicle].current
        return len(current.locked) if current else 0

    # What happens there

    def remedy(self, order: int, spot: Spot, *, alone: bool = False) -> Remedy | None:
        """Return what it takes to serve an order there, or `None` where nothing helps.

        A trip of its own may leave later, if that breaks less.
        """
        best = self._walk(order, spot, alone=alone)
        if best is None or spot.new_tour is None:
            return best
        reasons = {change.reason for change in best.changes}
        if reasons & {"break", "cold", "picking"}:
            for later in self._later(spot, spot.new_tour, reasons):
                other = self._walk(order, later, alone=alone)
                if other is not None:
                    best = min(best, other, key=effort)
        return best

    def fit(self, order: int, spot: Spot) -> Remedy | None:
        """Return what it costs to serve an order there, or `None` where a limit is in its way.

        The same as a `remedy` without changes, and much faster where there is none.
        """
        if spot.free_s > self.problem.orders[order].latest_s:
            return None
        if spot.new_tour is not None:
            found = self.remedy(order, spot)
        else:
            day = self.judge.day(self.problem.vehicles[spot.vehicle], spot.tours)
            found = None if day.violations else self._walked(order, spot, day)
        return None if found is None or found.changes else found

    def one_more(self, order: int, like: int) -> Remedy | None:
        """Return what it takes to serve an order by one more vehicle of a kind."""
        row = self.problem.vehicles[like]
        extra = replace(
            row, id=f"{row.id}+1", current=None, driven_m=0, max_trips=max(1, row.max_trips)
        )
        remedies = [
            self._walk(order, Spot(len(self.draft), (Tour((visit,)),)), extra=extra)
            for visit in self._visits(order)
        ]
        return min((r for r in remedies if r is not None), key=effort, default=None)

    def _walk(
        self, order: int, spot: Spot, *, alone: bool = False, extra: Vehicle | None = None
    ) -> Remedy | None:
        vehicle = extra or self.problem.vehicles[spot.vehicle]
        day = self.judge.day(vehicle, spot.tours)
        return self._walked(order, spot, day, alone=alone, extra=extra)

    def _walked(
        self,
        order: int,
        spot: Spot,
        day: Day,
        *,
        alone: bool = False,
        extra: Vehicle | None = None,
    ) -> Remedy | None:
        row = self.problem.orders[order]
        changes = changes_of(day, self.orders, row)
        if changes is None:
            return None
        before = None if extra else self.day(spot.vehicle)
        changes = (*changes, *self._overpicked(day, before, alone=alone))
        added = day.cost().total - (before.cost().total if before else 0)
        raised = drop_change(row, added)
        if not alone and raised.value > row.drop_cost:
            changes = (*changes, raised)
        starts_s = next(s.starts_s for t in day.trips for s in t.stops if s.order == row.id)
        return Remedy(
            changes=changes,
            vehicle=spot.vehicle,
            tours=spot.tours,
            starts_s=starts_s,
            added=added,
            extra=extra,
        )

    def _later(self, spot: Spot, k: int, reasons: set[Reason]) -> Iterator[Spot]:
        """Yield later departures of a trip: at full hours, after a break, or at another pace."""
        vehicle = self.problem.vehicles[spot.vehicle]
        trip = self.judge.day(vehicle, spot.tours).trips[k]
        moments: set[int] = set()
        if "break" in reasons:
            moments.update(rest.earliest_s for rest in vehicle.breaks)
        if "cold" in reasons:
            moments.update(self.problem.travel.starts_s(vehicle.mode))
        if "picking" in reasons:
            hour = trip.departs_s // 3600
            moments.update((hour + n) * 3600 for n in range(1, DELAYS + 1))
        later = sorted(moment for moment in moments if moment > trip.departs_s)
        for moment in later[:DELAYS]:
            tour = spot.tours[k]._replace(not_before_s=moment)
            yield spot._replace(tours=(*spot.tours[:k], tour, *spot.tours[k + 1 :]))

    def _overpicked(self, day: Day, before: Day | None, *, alone: bool) -> Iterator[Change]:
        """Yield the moves of a depot's picking that a day needs beside all others."""
        depot = self.judge.depots[day.vehicle.depot]
        if depot.orders_per_hour is None:
            return
        now = _leaving(day)
        for hour, orders in sorted(now.items()):
            others = 0 if alone else self.leaving[depot.id, hour]
            if before is not None and not alone:
                others -= _leaving(before)[hour]
            if others + orders > depot.orders_per_hour[hour % 24]:
                yield picking_change(depot, hour, others + orders)

    def _all_leaving(self) -> Counter[tuple[str, int]]:
        leaving: Counter[tuple[str, int]] = Counter()
        for k, vehicle in enumerate(self.problem.vehicles):
            if self.judge.depots[vehicle.depot].orders_per_hour is not None:
                for hour, orders in _leaving(self.day(k)).items():
                    leaving[vehicle.depot, hour] += orders
        return leaving


def effort(remedy: Remedy) -> tuple[int, int, int]:
    """Return what a remedy takes: how many limits move, how far in all, and its cost."""
    return len(remedy.changes), remedy.share, remedy.added


def _leaving(day: Day) -> Counter[int]:
    leaving: Counter[int] = Counter()
    for departs_s, orders in day.loaded:
        leaving[departs_s // 3600] += orders
    return leaving


def _first_of_each(problem: Problem, vehicles: Iterable[int]) -> list[int]:
    """Return the first of vehicles that differ by nothing but their id."""
    kinds: dict[Vehicle, int] = {}
    for k in vehicles:
        kinds.setdefault(replace(problem.vehicles[k], id=""), k)
    return list(kinds.values())
