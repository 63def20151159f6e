"""What is the whole plan now, and is a part's new answer good for it?

Only the vehicles that a part names are walked again, by the evaluator's own walk; costs, what is
left behind and what leaves each depot are kept up to date. `routing.evaluate` of the whole draft
gives the same total.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from routing.evaluate import Judge
from routing.locked import locked_draft
from routing.plan import UNITS_PER_MINOR, Draft, Tour
from routing.problem import Problem
from routing.scale.picking import Leaving, leaving_by_hour
from routing.scale.view import Part, outside

Tours = tuple[Tour, ...]


class _Walked(NamedTuple):
    """One vehicle's day."""

    total: int
    late_s: int
    loaded: tuple[tuple[int, int], ...]
    rules_broken: int


class Whole:
    """The plan of a whole problem; it never gets worse."""

    def __init__(self, problem: Problem, draft: Draft) -> None:
        self.problem = problem
        self._judge = Judge(problem)
        self._tours = list(draft)
        self._days = [self._walk(k, tours) for k, tours in enumerate(draft)]
        self.unserved = set(range(len(problem.orders))) - _orders(draft)
        self.total = sum(day.total for day in self._days) + self._drops(self.unserved)

    @property
    def draft(self) -> Draft:
        """Return the plan as engines know it."""
        return tuple(self._tours)

    @property
    def late_s(self) -> int:
        """Return how late its orders are, together."""
        return sum(day.late_s for day in self._days)

    def offer(self, part: Part, draft: Draft) -> bool:
        """Take a part's draft if the whole breaks no rule with it and costs no more."""
        tours = outside(part, draft)
        days = {k: self._walk(k, mine) for k, mine in tours.items()}
        before, after = _orders(self._tours[k] for k in tours), _orders(tours.values())
        change = sum(day.total - self._days[k].total for k, day in days.items())
        change += self._drops(before - after) - self._drops(after - before)
        taken = after - before - self.unserved
        worse = any(day.rules_broken > self._days[k].rules_broken for k, day in days.items())
        if change > 0 or taken or worse or self._overpicked(days):
            return False
        for k, mine in tours.items():
            self._tours[k], self._days[k] = mine, days[k]
        self.unserved = (self.unserved | before) - after
        self.total += change
        return True

    def leaving(self, vehicles: Iterable[int]) -> Leaving:
        """Count what leaves each depot with some vehicles, by clock hour."""
        return leaving_by_hour(
            (self.problem.vehicles[k].depot, *load)
            for k in vehicles
            for load in self._days[k].loaded
        )

    def _walk(self, vehicle: int, tours: Tours) -> _Walked:
        day = self._judge.day(self.problem.vehicles[vehicle], tours)
        return _Walked(
            day.cost().total, day.totals().late_s, tuple(day.loaded), len(day.violations)
        )

    def _drops(self, orders: Iterable[int]) -> int:
        return UNITS_PER_MINOR * sum(self.problem.orders[k].drop_cost for k in orders)

    def _overpicked(self, changed: Mapping[int, _Walked]) -> bool:
        """Return whether a depot would have to pick more than it can, were these days changed."""
        depots = {self.problem.vehicles[k].depot for k in changed}
        leaving: Counter[tuple[str, int]] = Counter()
        for k, vehicle in enumerate(self.problem.vehicles):
            if vehicle.depot in depots:
                for departs_s, orders in changed.get(k, self._days[k]).loaded:
                    leaving[vehicle.depot, departs_s // 3600] += orders
        limits = {depot.id: depot.orders_per_hour for depot in self.problem.depots}
        return any(
            orders > limit[hour % 24]
            for (depot, hour), orders in leaving.items()
            for limit in [limits[depot]]
            if limit is not None
        )


def merge(problem: Problem, drafts: Iterable[tuple[Part, Draft]]) -> Draft:
    """Return the whole's draft from its parts'.

    A vehicle of no part makes the stops that its current trip is bound to, and no others.
    """
    tours: dict[int, Tours] = dict(enumerate(locked_draft(Judge(problem))))
    for part, draft in drafts:
        tours.update(outside(part, draft))
    return tuple(tours[k] for k in range(len(problem.vehicles)))


def _orders(drafts: Iterable[Tours]) -> set[int]:
    return {visit.order for tours in drafts for tour in tours for visit in tour.visits}
