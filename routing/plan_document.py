"""How is a plan written as JSON, and how does one become the start of the next?

A plan's document says who brings what when, what it costs part by part, and what stays behind
(docs/route-problem.md). Reading takes from it only what was decided: the orders of each trip. Times
and costs follow from the problem, and may be absent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches

import msgspec

from routing.check_values import MAX_TIME_S, NEAR_AMONG, number_faults, shown
from routing.document_reading import decoded
from routing.document_shapes import written
from routing.plan import UNITS_PER_MINOR, Cost, Draft, Plan, Route, Totals, Tour, Unserved, Visit
from routing.problem import Problem, Vehicle
from routing.travel import notes_of


class UnreadablePlan(ValueError):
    """A document that is no plan, or none for this problem. `where` is the place in it."""

    def __init__(self, where: str, reason: str):
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A part of the document that refuses fields it doesn't know."""


class StopEntry(_Entry, kw_only=True):
    """One delivery."""

    order: str
    to_locker: bool = False
    arrives_s: int = 0
    starts_s: int = 0
    leaves_s: int = 0
    late_s: int = 0
    exposure_s: int = 0


class TripEntry(_Entry, kw_only=True):
    """One trip; `current` marks one that was under way. It may not leave before `not_before_s`."""

    stops: tuple[StopEntry, ...]
    current: bool = False
    not_before_s: int = 0
    departs_s: int = 0
    ends_s: int = 0
    distance_m: int = 0


class RouteEntry(_Entry, kw_only=True):
    """One vehicle's day."""

    vehicle: str
    trips: tuple[TripEntry, ...]
    breaks_s: tuple[int, ...] = ()


class Amount(_Entry, kw_only=True):
    """A cost: in the smallest currency unit to two decimals, and exactly in 1/18,000 of it."""

    minor: float
    units: int


class PlanDocument(_Entry, kw_only=True):
    """A plan as it is written."""

    engine: str = ""
    seed: int = 0
    iterations: int = 0
    cost: dict[str, Amount] = {}
    totals: Totals = Totals()
    violations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    routes: tuple[RouteEntry, ...]


def write_plan(plan: Plan, problem: Problem) -> bytes:
    """Return a plan's document, a vehicle a line. `plan` answers `problem`, and breaks no rule."""
    index = {vehicle.id: k for k, vehicle in enumerate(problem.vehicles)}
    return written(
        PlanDocument(
            engine=plan.engine,
            seed=plan.seed,
            iterations=plan.iterations,
            cost=amounts(plan.cost),
            totals=plan.totals,
            notes=notes_of(problem.travel),
            unserved=plan.unserved,
            routes=tuple(
                _route(route, problem.vehicles[k], plan.draft[k])
                for route in plan.routes
                for k in (index[route.vehicle],)
            ),
        )
    )


def amounts(cost: Cost) -> dict[str, Amount]:
    """Return each part of a cost, and the total."""
    return {
        part: Amount(minor=round(units / UNITS_PER_MINOR, 2), units=units)
        for part, units in {**asdict(cost), "total": cost.total}.items()
    }


def read_draft(data: bytes, problem: Problem) -> Draft:
    """Return the tours that a plan's document gives the vehicles of `problem`.

    A vehicle that is under way and has no trip marked `current` serves nothing of what is aboard.
    Raises `UnreadablePlan` with the place and the reason.
    """
    return draft_of(decoded(data, PlanDocument, UnreadablePlan), problem)


def draft_of(document: PlanDocument, problem: Problem) -> Draft:
    """Return the tours of a plan's document; see `read_draft`."""
    reader = _Reader(problem)
    tours: dict[str, tuple[Tour, ...]] = {}
    for k, route in enumerate(document.routes):
        where = f"routes[{k}]"
        vehicle = reader.vehicle(f"{where}.vehicle", route.vehicle)
        if vehicle.id in tours:
            raise UnreadablePlan(f"{where}.vehicle", f"{shown(vehicle.id)} has a route already")
        tours[vehicle.id] = tuple(reader.tours(where, route, vehicle))
    return tuple(
        tours.get(vehicle.id) or ((Tour(()),) if vehicle.current is not None else ())
        for vehicle in problem.vehicles
    )


class _Reader:
    """What stands where in a problem, and which orders have been met."""

    def __init__(self, problem: Problem):
        self._problem = problem
        self._orders = {order.id: k for k, order in enumerate(problem.orders)}
        self._vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
        self._met: dict[str, str] = {}

    def vehicle(self, where: str, name: str) -> Vehicle:
        """Return a vehicle by its id."""
        if name not in self._vehicles:
            raise UnreadablePlan(where, _unknown("vehicle", name, self._vehicles))
        return self._vehicles[name]

    def tours(self, where: str, route: RouteEntry, vehicle: Vehicle) -> Iterator[Tour]:
        """Yield the tours of a route; the current one comes first, empty or not."""
        if vehicle.current is not None and not (route.trips and route.trips[0].current):
            yield Tour(())
        for k, trip in enumerate(route.trips):
            at = f"{where}.trips[{k}]"
            if trip.current and (vehicle.current is None or k > 0):
                reason = f"{vehicle.id} has no such trip under way in this problem"
                raise UnreadablePlan(f"{at}.current", reason)
            for fault in number_faults(trip, (("not_before_s", MAX_TIME_S),)):
                raise UnreadablePlan(f"{at}.{fault.where}", fault.reason)
            visits = tuple(
                self._visit(f"{at}.stops[{i}]", stop) for i, stop in enumerate(trip.stops)
            )
            if visits or trip.current:
                yield Tour(visits, trip.not_before_s)

    def _visit(self, where: str, stop: StopEntry) -> Visit:
        if stop.order not in self._orders:
            raise UnreadablePlan(f"{where}.order", _unknown("order", stop.order, self._orders))
        if stop.order in self._met:
            first = self._met[stop.order]
            raise UnreadablePlan(f"{where}.order", f"{shown(stop.order)} is served at {first} too")
        self._met[stop.order] = where
        index = self._orders[stop.order]
        if stop.to_locker and self._problem.orders[index].locker is None:
            raise UnreadablePlan(f"{where}.to_locker", f"{shown(stop.order)} has no locker")
        return Visit(index, stop.to_locker)


def _unknown(kind: str, name: str, names: Mapping[str, object]) -> str:
    near = get_close_matches(name, names, n=1) if len(names) <= NEAR_AMONG else []
    hint = f"did you mean {shown(near[0])}?" if near else "is the plan for another one?"
    return f"no {kind} of the problem is called {shown(name)}; {hint}"


def _route(route: Route, vehicle: Vehicle, tours: Sequence[Tour]) -> RouteEntry:
    under_way = vehicle.current is not None
    driven = [tour for k, tour in enumerate(tours) if tour.visits or (under_way and k == 0)]
    return RouteEntry(
        vehicle=route.vehicle,
        breaks_s=route.breaks_s,
        trips=tuple(
            TripEntry(
                current=under_way and k == 0,
                not_before_s=tour.not_before_s,
                departs_s=trip.departs_s,
                ends_s=trip.ends_s,
                distance_m=trip.distance_m,
                stops=tuple(StopEntry(**stop._asdict()) for stop in trip.stops),
            )
            for k, (trip, tour) in enumerate(zip(route.trips, driven, strict=True))
        ),
    )
