"""What would a dispatcher do who sends each order as it comes from the nearest depot?

The opponent of the search: first come, first served. An order goes to the nearest depot that has
it and there to the vehicle that can be at its door first, as the last stop of a trip that has not
left yet or as a trip of its own, if nobody before it gets late by that. Nothing is planned again:
what has a place keeps it. Where no vehicle of the nearest depot can bring it, the next depot is
asked. What nobody could bring is asked about again when something has happened to the fleet, for
days only fill up. It knows every rule of the evaluator, and breaks none.
"""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from routing.day import Day
from routing.dispatch.decision import NewPlan, NewPromise
from routing.dispatch.geofence import distance_m
from routing.dispatch.promising import Answers, next_asked
from routing.dispatch.replanning import Why, inserted
from routing.dispatch.standing import Bound, Standing
from routing.dispatch.state import CityDepot, CityOrder
from routing.dispatch.times import asked_day_of
from routing.dispatch.wanted import wanted
from routing.dispatch.world import World
from routing.evaluate import Judge
from routing.plan import Draft, Tour, Visit
from routing.problem import Order, Problem

ENGINE: Final = "greedy"
FULLER: Final = frozenset({"orders", "progress", "late"})
"""Reasons for which no vehicle has more time than it had before."""


def answer(standing: Standing) -> Answers:
    """Promise each order what its member wished, without asking whether it can be kept."""
    promises = []
    for order in next_asked(standing.state):
        promise = _promise(standing, order)
        promises.append(promise)
        if promise.due_at is not None:
            standing = _with_order(standing, order, promise)
    return Answers(promises=tuple(promises), standing=standing)


def as_version(standing: Standing, why: Why) -> NewPlan | None:
    """Return the next version of the plan; None: the living plan stands."""
    behind = {row.order_id for row in standing.state.plan.unserved}
    hopeless = frozenset(behind if why.reason in FULLER else ())
    draft = first_come(standing.problem, standing.start, hopeless=hopeless)
    standing = replace(standing, start=draft)
    plan = inserted(standing, why)
    return None if plan is None else replace(plan, engine=ENGINE)


def _promise(standing: Standing, order: CityOrder) -> NewPromise:
    here = order.lat_deg, order.lon_deg
    depots = [depot for depot in standing.state.depots if _has(depot, order)]
    depots.sort(key=lambda depot: (distance_m((depot.lat_deg, depot.lon_deg), here), depot.id))
    due_at = _due_at(standing, order)
    can = bool(depots) and due_at > standing.state.now
    return NewPromise(
        order_id=order.id,
        state="promised" if can else "impossible",
        due_at=due_at if can else None,
        not_before=order.window[0] if can and order.window else None,
        depot_id=depots[0].id if can else None,
        alternates=tuple(depot.id for depot in depots[1:]) if can else (),
        offers=(),
        reason="As its tier says." if can else "No depot has the goods, or it is too late.",
    )


def _due_at(standing: Standing, order: CityOrder) -> datetime:
    """Return the end of the window or of the tier's hours, which run from opening on."""
    day = asked_day_of(standing.state)
    begins_at = max(order.requested_at, day.opens_at)
    due_at = order.window[1] if order.window else begins_at + timedelta(hours=order.tier_h)
    return min(due_at, day.closes_at)


def _has(depot: CityDepot, order: CityOrder) -> bool:
    wanted_g = {
        "frozen": order.load.frozen_g,
        "chilled": order.load.chilled_g,
        "ambient": order.load.ambient_g,
    }
    return all(wanted_g[zone] <= stock_g for zone, stock_g in depot.stock_g.items())


def _with_order(standing: Standing, order: CityOrder, promise: NewPromise) -> Standing:
    """Return the standing with a promised order in its problem, in nobody's hands yet."""
    world = World(standing.state, standing.ways, Bound(transfers=standing.transfers))
    depots = [depot for depot in (promise.depot_id, *promise.alternates) if depot is not None]
    asked = replace(order, stage="waiting", due_at=promise.due_at, not_before=promise.not_before)
    row = wanted(world, asked, depots=depots)
    problem = replace(standing.problem, orders=(*standing.problem.orders, row))
    just = {**standing.just_promised, order.id: depots[0]}
    return replace(standing, problem=problem, just_promised=just)


class _Spot(NamedTuple):
    """A vehicle's day with the order in it; the smaller, the better."""

    late_cost: int
    starts_s: int
    vehicle: int
    tours: tuple[Tour, ...]


def first_come(problem: Problem, start: Draft, hopeless: Set[str] = frozenset()) -> Draft:
    """Return the draft with each order that it left out, if there is a place for it at all.

    `hopeless` orders are not tried.
    """
    greedy = _Greedy(problem, start)
    served = {visit.order for tours in start for tour in tours for visit in tour.visits}
    waiting = [
        k for k, order in enumerate(problem.orders) if k not in served and order.id not in hopeless
    ]
    for k in sorted(waiting, key=lambda k: (problem.orders[k].ready_s, problem.orders[k].id)):
        greedy.place(k)
    return greedy.draft


class _Greedy:
    """A draft that grows by one order after the other."""

    def __init__(self, problem: Problem, start: Draft) -> None:
        self._problem = problem
        self._judge = Judge(problem)
        self._draft = list(start)

    @property
    def draft(self) -> Draft:
        """Return what was decided until now."""
        return tuple(self._draft)

    def place(self, k: int) -> None:
        """Give an order to a vehicle, or to none."""
        order = self._problem.orders[k]
        carrier = self._judge.aboard.get(order.id)
        if carrier is not None:
            return  # dropped from the trip that it is on: that was decided
        for depot in self._nearest(order):
            spots = [
                spot
                for vehicle, row in enumerate(self._problem.vehicles)
                if row.depot == depot
                for spot in self._spots(k, vehicle)
            ]
            if spots:
                best = min(spots)
                self._draft[best.vehicle] = best.tours
                return

    def _nearest(self, order: Order) -> Sequence[str]:
        """Return an order's depots, the nearest first."""
        problem, place_of = self._problem, self._judge.place_of
        mode = problem.travel.modes[0]

        def away_m(depot: str) -> tuple[int, str]:
            origin = place_of[self._judge.depots[depot].place]
            return problem.travel.leg(mode, origin, place_of[order.place]).distance_m, depot

        return sorted(order.depots, key=away_m)

    def _spots(self, k: int, vehicle: int) -> Iterator[_Spot]:
        """Yield the days of a vehicle with one order more that break no rule."""
        row, tours = self._problem.vehicles[vehicle], self._draft[vehicle]
        visit = Visit(k)
        before = self._judge.day(row, tours).cost().lateness
        for longer in _one_more(tours, visit, is_out=row.current is not None, again=row.returns):
            day = self._judge.day(row, longer)
            if not day.violations and self._can_be_picked(vehicle, day):
                starts_s = next(
                    stop.starts_s
                    for trip in day.trips
                    for stop in trip.stops
                    if stop.order == self._problem.orders[k].id
                )
                yield _Spot(day.cost().lateness - before, starts_s, vehicle, longer)

    def _can_be_picked(self, vehicle: int, day: Day) -> bool:
        """Say whether the depot can pick for this day beside all others."""
        depot = self._judge.depots[day.vehicle.depot]
        if depot.orders_per_hour is None:
            return True
        leaving: Counter[int] = Counter()
        for k, tours in enumerate(self._draft):
            row = self._problem.vehicles[k]
            if row.depot == depot.id:
                other = day if k == vehicle else self._judge.day(row, tours)
                for departs_s, orders in other.loaded:
                    leaving[departs_s // 3600] += orders
        return all(count <= depot.orders_per_hour[hour % 24] for hour, count in leaving.items())


def _one_more(
    tours: tuple[Tour, ...], visit: Visit, *, is_out: bool, again: bool
) -> Iterator[tuple[Tour, ...]]:
    """Yield tours with a visit at the end of the last that has not left, and as a new last one."""
    waiting = len(tours) > is_out and bool(tours[-1].visits)
    if waiting:
        last = tours[-1]
        yield (*tours[:-1], last._replace(visits=(*last.visits, visit)))
    if again or not tours:
        yield (*tours, Tour((visit,)))
