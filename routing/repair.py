"""Which visits have to be taken out of a draft until it breaks no rule?

Whatever made the draft: a plan of an hour ago, an engine that knows fewer rules. Each vehicle's day
is mended alone: of the visits without which fewest rules are broken, the one goes that is cheapest
to go, again and again; what fits again afterwards goes back to its place. At last depots that
would pick too much in an hour give up their cheapest orders.
"""

from collections import Counter
from collections.abc import Iterator, Set
from typing import Final, NamedTuple

from routing.day import Day
from routing.evaluate import Judge
from routing.locked import locked_tours
from routing.plan import UNITS_PER_MINOR, Draft, Reason, Tour, Visit
from routing.problem import Problem, Vehicle

Tours = tuple[Tour, ...]

HOPELESS: Final[Set[Reason]] = frozenset({"stock", "skill", "pin"})
"""Rules between one order and one vehicle: nothing but parting them helps."""


class _Removal(NamedTuple):
    """A visit that may go: how many rules stay broken without it, and what that costs."""

    broken: int
    cost: int
    visit: Visit


def repair(problem: Problem, draft: Draft) -> Draft:
    """Return a draft that breaks no rule, by taking visits out.

    Locked stops stay, and are put back where they belong; a trip under way that can't be done in
    time whatever it leaves out stays as it is. Raises `MalformedDraft` as `evaluate` does.
    """
    judge = Judge(problem)
    if judge.evaluate(draft).feasible:
        return draft
    days = [
        _mend(judge, vehicle, tours)
        for vehicle, tours in zip(problem.vehicles, _in_place(judge, draft), strict=True)
    ]
    while crowded := _crowded(judge, days):
        k, visit = _cheapest(judge, days, crowded)
        days[k] = _mend(judge, problem.vehicles[k], _without(days[k], {visit}))
    return tuple(days)


def _in_place(judge: Judge, draft: Draft) -> Iterator[Tours]:
    """Yield each vehicle's tours, with what is aboard a trip under way on that trip alone."""
    number = judge.number_of
    aboard = {Visit(number[order], it) for order in judge.aboard for it in (False, True)}
    at = {visit.order: visit for tours in draft for tour in tours for visit in tour.visits}
    for vehicle, tours in zip(judge.problem.vehicles, draft, strict=True):
        first: Tours = ()
        if vehicle.current is not None:
            bound, _ = locked_tours(judge, vehicle)
            locked = [visit.order for visit in bound[0].visits]
            mine = {number[order] for order in vehicle.current.aboard} - set(locked)
            visits = [at.get(visit.order, visit) for visit in bound[0].visits]
            if judge.day(vehicle, (Tour(tuple(visits)),)).violations:
                visits = list(bound[0].visits)
            visits += [visit for visit in tours[0].visits if visit.order in mine]
            first = (Tour(tuple(visits)),)
        later = [tour for tour in _without(tours[len(first) :], aboard) if tour.visits]
        yield (*first, *later[: _trips(vehicle)])


def _trips(vehicle: Vehicle) -> int:
    """Return how many trips a vehicle may still start."""
    if vehicle.returns:
        return vehicle.max_trips
    return 0 if vehicle.current is not None else min(1, vehicle.max_trips)


def _mend(judge: Judge, vehicle: Vehicle, tours: Tours) -> Tours:
    """Return a vehicle's day without the visits that break rules."""
    gone = _hopeless(judge, judge.day(vehicle, tours), tours)
    while (day := judge.day(vehicle, _without(tours, gone))).violations:
        removals = [_removal(judge, vehicle, tours, gone, it) for it in _free(vehicle, tours, gone)]
        if not removals:
            break
        gone.add(min(removals).visit)
    if not day.violations:
        _put_back(judge, vehicle, tours, gone)
    return tuple(
        tour
        for k, tour in enumerate(_without(tours, gone))
        if tour.visits or (k == 0 and vehicle.current is not None)
    )


def _hopeless(judge: Judge, day: Day, tours: Tours) -> set[Visit]:
    """Return the visits that this vehicle can't make whatever else it does."""
    ids = {it.order for it in day.violations if it.reason in HOPELESS and it.order is not None}
    orders = judge.problem.orders
    return {visit for tour in tours for visit in tour.visits if orders[visit.order].id in ids}


def _free(vehicle: Vehicle, tours: Tours, gone: Set[Visit]) -> list[Visit]:
    """Return the visits that are left and not locked."""
    locked = len(vehicle.current.locked) if vehicle.current is not None else 0
    visits = [visit for tour in tours for visit in tour.visits]
    return [visit for visit in visits[locked:] if visit not in gone]


def _removal(
    judge: Judge, vehicle: Vehicle, tours: Tours, gone: Set[Visit], visit: Visit
) -> _Removal:
    day = judge.day(vehicle, _without(tours, {*gone, visit}))
    drop_cost = judge.problem.orders[visit.order].drop_cost * UNITS_PER_MINOR
    return _Removal(len(day.violations), day.cost().total + drop_cost, visit)


def _put_back(judge: Judge, vehicle: Vehicle, tours: Tours, gone: set[Visit]) -> None:
    """Give back what fits after all and costs less than its drop, the dearest drop first."""
    orders = judge.problem.orders
    total = judge.day(vehicle, _without(tours, gone)).cost().total
    for visit in sorted(gone, key=lambda it: (-orders[it.order].drop_cost, it.order)):
        day = judge.day(vehicle, _without(tours, gone - {visit}))
        with_it = day.cost().total
        if not day.violations and with_it < total + orders[visit.order].drop_cost * UNITS_PER_MINOR:
            gone.remove(visit)
            total = with_it


def _crowded(judge: Judge, days: list[Tours]) -> list[tuple[int, Tour]]:
    """Return the trips, with their vehicles, that leave a depot in an hour of too many orders."""
    leaving: Counter[tuple[str, int]] = Counter()
    trips: dict[tuple[str, int], list[tuple[int, Tour]]] = {}
    for k, (vehicle, tours) in enumerate(zip(judge.problem.vehicles, days, strict=True)):
        if judge.depots[vehicle.depot].orders_per_hour is None:
            continue
        started = tours[vehicle.current is not None :]
        loaded = judge.day(vehicle, tours).loaded
        for tour, (departs_s, orders) in zip(started, loaded, strict=True):
            key = vehicle.depot, departs_s // 3600
            leaving[key] += orders
            trips.setdefault(key, []).append((k, tour))
    for (depot, hour), count in sorted(leaving.items()):
        limits = judge.depots[depot].orders_per_hour
        if limits is not None and count > limits[hour % 24]:
            return trips[depot, hour]
    return []


def _cheapest(judge: Judge, days: list[Tours], trips: list[tuple[int, Tour]]) -> tuple[int, Visit]:
    """Return the vehicle and the visit of these trips that is cheapest to leave out."""
    vehicles = judge.problem.vehicles
    before = {k: judge.day(vehicles[k], days[k]).cost().total for k, _ in trips}
    options = []
    for k, tour in trips:
        for visit in tour.visits:
            broken, cost, _ = _removal(judge, vehicles[k], days[k], frozenset(), visit)
            options.append((broken, cost - before[k], k, visit))
    _, _, k, visit = min(options)
    return k, visit


def _without(tours: Tours, gone: Set[Visit]) -> Tours:
    if not gone:
        return tours
    return tuple(
        Tour(tuple(visit for visit in tour.visits if visit not in gone), tour.not_before_s)
        for tour in tours
    )
