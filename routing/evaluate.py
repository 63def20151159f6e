"""What does a draft cost, and does it break a rule?

The only judge of a plan: every engine's draft goes through here, in plain Python. `routing.day`
walks each vehicle's day; here they are added up, and held against what vehicles share.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TypeVar

from routing.day import Day
from routing.plan import UNITS_PER_MINOR, Cost, Draft, Route, Totals, Tour, Violation
from routing.problem import Problem, Vehicle

Sums = TypeVar("Sums", Cost, Totals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a draft comes to. It is feasible if it breaks no rule."""

    routes: tuple[Route, ...]
    cost: Cost
    totals: Totals
    violations: tuple[Violation, ...]

    @property
    def feasible(self) -> bool:
        """Return whether no rule is broken."""
        return not self.violations


class MalformedDraft(ValueError):
    """A draft that does not fit its problem: an order twice, or a vehicle's tours missing."""


class Judge:
    """The evaluator of one problem. It keeps where everything is by id, and nothing else."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.place_of = {place.id: k for k, place in enumerate(problem.places)}
        self.number_of = {order.id: k for k, order in enumerate(problem.orders)}
        self.depots = {depot.id: depot for depot in problem.depots}
        self.aboard = {
            order: vehicle.id
            for vehicle in problem.vehicles
            if vehicle.current
            for order in vehicle.current.aboard
        }

    def evaluate(self, draft: Draft) -> Evaluation:
        """Return what a draft costs, when everything happens, and every rule that it breaks."""
        served = _check_shape(self.problem, draft)
        days = [
            self.day(vehicle, tours)
            for vehicle, tours in zip(self.problem.vehicles, draft, strict=True)
        ]
        dropped = sum(
            order.drop_cost for k, order in enumerate(self.problem.orders) if k not in served
        )
        return Evaluation(
            routes=tuple(day.route() for day in days if day.trips),
            cost=_sum(Cost, [*(day.cost() for day in days), Cost(drops=dropped * UNITS_PER_MINOR)]),
            totals=_sum(Totals, [day.totals() for day in days]),
            violations=(
                *(violation for day in days for violation in day.violations),
                *self._overpicked(days),
                *self._reloaded(draft),
            ),
        )

    def day(self, vehicle: Vehicle, tours: Iterable[Tour]) -> Day:
        """Return one vehicle's day, judged alone: all but the depots' picking capacity."""
        day = Day(self.problem, self.depots, self.place_of, vehicle)
        for k, tour in enumerate(tours):
            if k == 0 and vehicle.current is not None:
                day.finish_current(vehicle.current, tour.visits)
            elif tour.visits:
                day.make_trip(tour)
        day.end()
        return day

    def _reloaded(self, draft: Draft) -> Iterator[Violation]:
        """Yield each order that is aboard one trip and planned for another."""
        for vehicle, tours in zip(self.problem.vehicles, draft, strict=True):
            for tour in tours[vehicle.current is not None :]:
                for order in (self.problem.orders[visit.order].id for visit in tour.visits):
                    if order in self.aboard:
                        yield Violation(
                            reason="pin",
                            vehicle=vehicle.id,
                            order=order,
                            sentence=f"{order} is aboard {self.aboard[order]}",
                        )

    def _overpicked(self, days: Iterable[Day]) -> Iterator[Violation]:
        leaving: Counter[tuple[str, int]] = Counter()
        for day in days:
            for departs_s, orders in day.loaded:
                leaving[day.vehicle.depot, departs_s // 3600] += orders
        for (depot, hour), orders in sorted(leaving.items()):
            limits = self.depots[depot].orders_per_hour
            if limits is not None and orders > limits[hour % 24]:
                yield Violation(
                    reason="picking",
                    vehicle="",
                    order=None,
                    sentence=f"{orders} orders leave {depot} in hour {hour}; "
                    f"it picks {limits[hour % 24]}",
                )


def evaluate(problem: Problem, draft: Draft) -> Evaluation:
    """Return what a draft costs, when everything happens, and every rule that it breaks.

    Raises `MalformedDraft` if the draft names an order twice or isn't for this problem's vehicles.
    """
    return Judge(problem).evaluate(draft)


def _check_shape(problem: Problem, draft: Draft) -> set[int]:
    """Return the orders that a draft serves."""
    if len(draft) != len(problem.vehicles):
        raise MalformedDraft(f"{len(draft)} vehicles in the draft, {len(problem.vehicles)} in all")
    for vehicle, tours in zip(problem.vehicles, draft, strict=True):
        if vehicle.current is not None and not tours:
            raise MalformedDraft(f"{vehicle.id} is on its way, and its trip is not in the draft")
    served: set[int] = set()
    for visit in (visit for tours in draft for tour in tours for visit in tour.visits):
        if not 0 <= visit.order < len(problem.orders):
            raise MalformedDraft(f"no order {visit.order} among {len(problem.orders)}")
        order = problem.orders[visit.order]
        if visit.order in served:
            raise MalformedDraft(f"{order.id} is served twice")
        if visit.to_locker and order.locker is None:
            raise MalformedDraft(f"{order.id} has no locker")
        served.add(visit.order)
    return served


def _sum(cls: type[Sums], parts: list[Sums]) -> Sums:
    return cls(**{part.name: sum(getattr(p, part.name) for p in parts) for part in fields(cls)})
