"""What happens if an order is put there?

Each try is a vehicle's whole day, walked by the evaluator itself. Where orders and vehicles are
many, only the most suitable vehicles and the nearest stops are tried.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.day import Day
from routing.evaluate import Judge
from routing.plan import Draft, Reason, Tour, Visit
from routing.problem import Order, Problem, Vehicle
from routing.remedy import Change, Remedy, changes_of, drop_change, picking_change
from routing.travel import IntArray, Leg, Travel

DELAYS: Final = 3
"""How many later departures are tried, where leaving later may help."""


class Spot(NamedTuple):
    """A vehicle, by its index, and its day with an order put into it."""

    vehicle: int
    tours: tuple[Tour, ...]
    new_tour: int | None = None


class RememberedTravel:
    """A source of travel that is asked for each leg only once."""

    def __init__(self, travel: Travel) -> None:
        self.travel = travel
        self._legs: dict[tuple[str, int, int], Leg] = {}
        self._starts_s = {mode: travel.starts_s(mode) for mode in travel.modes}

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return self.travel.modes

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self._starts_s[mode]

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        key = mode, origin, destination
        if key not in self._legs:
            self._legs[key] = self.travel.leg(*key)
        return self._legs[key]

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        return self.travel.matrix(mode, origins, destinations)


@dataclass(frozen=True, slots=True)
class Served:
    """Every stop of a draft, a row each: vehicle, tour, position, and its place."""

    vehicle: NDArray[np.int64]
    tour: NDArray[np.int64]
    position: NDArray[np.int64]
    place: NDArray[np.int64]


class Fleet:
    """Every vehicle of a problem, a row each: what can be seen of it without a try."""

    def __init__(self, problem: Problem, judge: Judge) -> None:
        vehicles = problem.vehicles
        self.ids = np.array([vehicle.id for vehicle in vehicles])
        self.depot_ids = np.array([vehicle.depot for vehicle in vehicles])
        self.depot = np.array(
            [judge.place_of[judge.depots[vehicle.depot].place] for vehicle in vehicles], np.int64
        )
        self.room = np.array([vehicle.capacity.by_zone() for vehicle in vehicles], np.int64)
        self.gone = np.array([vehicle.end_s <= problem.now_s for vehicle in vehicles])
        self.skills = [vehicle.skills for vehicle in vehicles]

    def mismatches(self, order: Order) -> NDArray[np.int64]:
        """Return how many rules each vehicle would break, of those that need no try."""
        count = self.gone.astype(np.int64)
        count += ~np.isin(self.depot_ids, order.depots)
        count += (self.room < order.load.by_zone()).any(axis=1)
        if order.only_vehicle is not None:
            count += self.ids != order.only_vehicle
        if order.skills:
            count += np.array([not order.skills <= skills for skills in self.skills])
        return count


class Tries:
    """A draft, into which orders are put to see what happens."""

    def __init__(self, problem: Problem, draft: Draft) -> None:
        self.problem = replace(problem, travel=RememberedTravel(problem.travel))
        self.draft = draft
        self.judge = Judge(self.problem)
        self.orders = {order.id: order for order in problem.orders}
        self.number = {vehicle.id: k for k, vehicle in enumerate(problem.vehicles)}
        self._days: dict[int, Day] = {}
        self.leaving = self._all_leaving()
        self.served = self._served()
        self.fleet = Fleet(self.problem, self.judge)
        self.position = _positions(problem)
        self.kinds = _first_of_each(problem, range(len(problem.vehicles)))
        self.idle = _first_of_each(problem, (k for k, tours in enumerate(draft) if not any(tours)))

    def day(self, vehicle: int) -> Day:
        """Return a vehicle's day as planned."""
        if vehicle not in self._days:
            row = self.problem.vehicles[vehicle]
            self._days[vehicle] = self.judge.day(row, self.draft[vehicle])
        return self._days[vehicle]

    # Where an order may be put

    def alone(self, order: int, limit: int) -> Iterator[Spot]:
        """Yield days that serve nothing else but what a trip under way has locked."""
        carrier = self.judge.aboard.get(self.problem.orders[order].id)
        if carrier is not None:
            vehicle = self.number[carrier]
            locked = self._locked(vehicle)
            first = self.draft[vehicle][0]
            for visit in self._visits(order):
                yield Spot(vehicle, (Tour((*first.visits[:locked], visit)),))
            return
        for vehicle in islice(self._suitable(order, self.kinds), limit):
            kept = self.draft[vehicle][: self.problem.vehicles[vehicle].current is not None]
            for visit in self._visits(order):
                yield Spot(vehicle, (*kept, Tour((visit,))), len(kept))

    def planned(self, order: int, limit: int) -> Iterator[Spot]:
        """Yield days of the plan with one order more, the most promising first."""
        near = self._beside_stops(order)
        yield from islice(near, max(2, limit // 2))
        if self.problem.orders[order].id in self.judge.aboard:
            return
        yield from islice(self._own_trips(order), max(2, limit // 2))

    def _beside_stops(self, order: int) -> Iterator[Spot]:
        """Yield the gaps of tours, those beside the nearest stops first."""
        seen: set[tuple[int, int, int]] = set()
        for row in self._rows(order):
            vehicle, k = int(self.served.vehicle[row]), int(self.served.tour[row])
            for gap in (int(self.served.position[row]), int(self.served.position[row]) + 1):
                if (vehicle, k, gap) in seen or not self._open(order, vehicle, k, gap):
                    continue
                seen.add((vehicle, k, gap))
                for visit in self._visits(order):
                    yield self._put(vehicle, k, gap, visit)
        carrier = self.judge.aboard.get(self.problem.orders[order].id)
        if carrier is not None and not self.draft[self.number[carrier]][0].visits:
            for visit in self._visits(order):
                yield self._put(self.number[carrier], 0, 0, visit)

    def _own_trips(self, order: int) -> Iterator[Spot]:
        """Yield days with a trip more for this order alone, between, before or after others."""
        busy = (k for k, tours in enumerate(self.draft) if any(tours))
        for vehicle in self._suitable(order, [*self.idle, *busy]):
            row = self.problem.vehicles[vehicle]
            first = row.current is not None
            tours = tuple(
                tour for k, tour in enumerate(self.draft[vehicle]) if tour.visits or k < first
            )
            if tours and not row.returns:
                continue
            for gap in range(len(tours), first - 1, -1):
                for visit in self._visits(order):
                    yield Spot(vehicle, (*tours[:gap], Tour((visit,)), *tours[gap:]), gap)

    def _open(self, order: int, vehicle: int, tour: int, gap: int) -> bool:
        """Return whether an order may be put there at all: a trip under way takes none."""
        carrier = self.judge.aboard.get(self.problem.orders[order].id)
        under_way = tour == 0 and self.problem.vehicles[vehicle].current is not None
        if carrier is None:
            return not under_way
        return under_way and vehicle == self.number[carrier] and gap >= self._locked(vehicle)

    def _put(self, vehicle: int, k: int, gap: int, visit: Visit) -> Spot:
        tours = self.draft[vehicle]
        visits = tours[k].visits
        tour = tours[k]._replace(visits=(*visits[:gap], visit, *visits[gap:]))
        return Spot(vehicle, (*tours[:k], tour, *tours[k + 1 :]))

    def _visits(self, order: int) -> tuple[Visit, ...]:
        if self.problem.orders[order].locker is None:
            return (Visit(order),)
        return Visit(order), Visit(order, to_locker=True)

    def _locked(self, vehicle: int) -> int:
        current = self.problem.vehicles[vehicle].current
        return len(current.locked) if current else 0

    # Who is suitable, and near

    def _suitable(self, order: int, vehicles: Sequence[int]) -> list[int]:
        """Return vehicles by how many rules they would break at sight, and by their way."""
        row = self.problem.orders[order]
        them = np.asarray(vehicles, np.int64)
        away = self._away(row, self.fleet.depot[them])
        best = np.lexsort((them, away, self.fleet.mismatches(row)[them]))
        return [int(vehicle) for vehicle in them[best]]

    def _rows(self, order: int) -> NDArray[np.int64]:
        """Return served stops: those of vehicles that break no rule at sight first, then by way."""
        row = self.problem.orders[order]
        carrier = self.judge.aboard.get(row.id)
        if carrier is not None:
            return np.flatnonzero(self.served.vehicle == self.number[carrier])
        strange = self.fleet.mismatches(row)[self.served.vehicle]
        return np.lexsort((self._away(row, self.served.place), strange))

    def _away(self, order: Order, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how far places are from an order, in whatever unit."""
        here = self.judge.place_of[order.place]
        if self.position is not None:
            x, y = self.position[places].T
            across = np.abs(x - self.position[here, 0]) + np.abs(y - self.position[here, 1])
            return np.asarray(across, np.float64)
        if not places.size:
            return np.empty(0)
        mode = self.problem.vehicles[0].mode
        metres, _ = self.problem.travel.matrix(mode, [here], places.tolist())
        return np.asarray(metres[0], np.float64)

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
        row = self.problem.orders[order]
        day = self.judge.day(vehicle, spot.tours)
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

    def _served(self) -> Served:
        place_of = self.judge.place_of
        rows = [
            (vehicle, k, position, place_of[_place(self.problem.orders[visit.order], visit)])
            for vehicle, tours in enumerate(self.draft)
            for k, tour in enumerate(tours)
            for position, visit in enumerate(tour.visits)
        ]
        columns = np.array(rows, np.int64).reshape(-1, 4).T
        return Served(*columns)


def effort(remedy: Remedy) -> tuple[int, int, int]:
    """Return what a remedy takes: how many limits move, how far in all, and its cost."""
    return len(remedy.changes), remedy.share, remedy.added


def _leaving(day: Day) -> Counter[int]:
    leaving: Counter[int] = Counter()
    for departs_s, orders in day.loaded:
        leaving[departs_s // 3600] += orders
    return leaving


def _place(order: Order, visit: Visit) -> str:
    return order.locker.place if visit.to_locker and order.locker else order.place


def _positions(problem: Problem) -> NDArray[np.float64] | None:
    """Return places on a plane, if all have coordinates: near enough to tell who is near."""
    pairs = [(place.lat_deg, place.lon_deg) for place in problem.places]
    if any(lat is None or lon is None for lat, lon in pairs):
        return None
    plane = np.array(pairs, np.float64)
    plane[:, 1] *= np.cos(np.radians(plane[:, 0].mean()))
    return plane


def _first_of_each(problem: Problem, vehicles: Iterator[int] | range) -> list[int]:
    """Return the first of vehicles that differ by nothing but their id."""
    kinds: dict[Vehicle, int] = {}
    for k in vehicles:
        kinds.setdefault(replace(problem.vehicles[k], id=""), k)
    return list(kinds.values())
