"""What does a search start from?

From a draft without its visits that break rules, or from nothing but the stops that current trips
are bound to. What is absent then is brought by the first filling.
"""

from collections.abc import Iterable, Iterator

from routing.evaluate import Evaluation, Judge
from routing.plan import Draft, Tour, Violation, Visit
from routing.problem import Problem, Vehicle


class NoFeasiblePlan(ValueError):
    """The stops that a current trip is bound to break a rule whatever else is planned."""


def feasible_start(problem: Problem, start: Draft | None) -> Draft:
    """Return a draft that breaks no rule. Raises `NoFeasiblePlan`, or `MalformedDraft`."""
    judge = Judge(problem)
    draft = _bound(problem) if start is None else start
    evaluation = judge.evaluate(draft)
    if evaluation.feasible:
        return draft
    draft = _with_bound_stops(problem, judge, draft)
    draft = tuple(
        _repaired(problem, judge, vehicle, tours)
        for vehicle, tours in zip(problem.vehicles, draft, strict=True)
    )
    while not (evaluation := judge.evaluate(draft)).feasible:
        draft = _picked_less(problem, draft, evaluation)
    return draft


def _bound(problem: Problem) -> Draft:
    """Return the draft of current trips with their locked stops, and nothing else."""
    return tuple(
        () if vehicle.current is None else (Tour(tuple(_locked(problem, vehicle))),)
        for vehicle in problem.vehicles
    )


def _locked(problem: Problem, vehicle: Vehicle) -> Iterator[Visit]:
    index = {order.id: k for k, order in enumerate(problem.orders)}
    if vehicle.current is not None:
        for order in vehicle.current.locked:
            yield Visit(index[order])


def _with_bound_stops(problem: Problem, judge: Judge, draft: Draft) -> Draft:
    """Return a draft whose current trips begin as they must, and where nothing is loaded twice."""
    aboard = {k for k, order in enumerate(problem.orders) if order.id in judge.aboard}
    fixed: list[tuple[Tour, ...]] = []
    for vehicle, tours in zip(problem.vehicles, draft, strict=True):
        if vehicle.current is None:
            fixed.append(tuple(_without(tour, aboard) for tour in tours))
            continue
        locked = [visit.order for visit in _locked(problem, vehicle)]
        own = {k for k in aboard if judge.aboard[problem.orders[k].id] == vehicle.id}
        as_drafted = {visit.order: visit for visit in tours[0].visits}
        first = [as_drafted.get(k, Visit(k)) for k in locked]
        rest = [v for v in tours[0].visits if v.order in own and v.order not in locked]
        later = (_without(tour, aboard) for tour in tours[1:])
        fixed.append((Tour((*first, *rest)), *later))
    return tuple(fixed)


def _without(tour: Tour, orders: Iterable[int]) -> Tour:
    gone = set(orders)
    return tour._replace(visits=tuple(visit for visit in tour.visits if visit.order not in gone))


def _repaired(
    problem: Problem, judge: Judge, vehicle: Vehicle, tours: tuple[Tour, ...]
) -> tuple[Tour, ...]:
    """Take visits out of one vehicle's day until it breaks no rule."""
    index = {order.id: k for k, order in enumerate(problem.orders)}
    bound = {visit.order for visit in _locked(problem, vehicle)}
    while violations := judge.day(vehicle, tours).violations:
        culprit = _culprit(tours, violations, index, bound)
        if culprit is None:
            raise NoFeasiblePlan(f"{vehicle.id}: {violations[0].sentence}")
        tours = tuple(_without(tour, {culprit}) for tour in tours)
    return tours


def _culprit(
    tours: tuple[Tour, ...], violations: list[Violation], index: dict[str, int], bound: set[int]
) -> int | None:
    """Return a visit to take out: the first that breaks a rule of its own, or else the last."""
    named = [index[violation.order] for violation in violations if violation.order is not None]
    planned = [visit.order for tour in tours for visit in tour.visits]
    free = [order for order in (*named, *reversed(planned)) if order not in bound]
    return free[0] if free else None


def _picked_less(problem: Problem, draft: Draft, evaluation: Evaluation) -> Draft:
    """Take the last trip that leaves in an hour with more orders than its depot picks."""
    routes = {route.vehicle: route for route in evaluation.routes}
    hours = {violation.sentence for violation in evaluation.violations}
    for k, vehicle in reversed(list(enumerate(problem.vehicles))):
        trips = routes[vehicle.id].trips if vehicle.id in routes else ()
        made = [j for j, tour in enumerate(draft[k]) if tour.visits or j < _current(vehicle)]
        for j, trip in reversed(list(zip(made, trips, strict=True))):
            label = f"leave {vehicle.depot} in hour {trip.departs_s // 3600};"
            if j >= _current(vehicle) and any(label in sentence for sentence in hours):
                tours = tuple(Tour(()) if i == j else tour for i, tour in enumerate(draft[k]))
                return (*draft[:k], tours, *draft[k + 1 :])
    raise NoFeasiblePlan("; ".join(sorted(hours)))


def _current(vehicle: Vehicle) -> int:
    return int(vehicle.current is not None)
