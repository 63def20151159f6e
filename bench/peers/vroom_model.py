"""How would VROOM's own users ask it for our plan, and what comes back?

It has vehicles with their own shift, breaks, range, capacity and costs, and skills: an order asks
for the skill of those that may bring it, whichever depot they stand at. Serving as many as it can
always comes first (`priority` says whom), so an order is never dropped because it costs too much.
It charges driving alone: the time a stop takes is put into the way that leaves it.

With *shipments* each order is first loaded at its nearest depot, no earlier than it is picked, and
a vehicle may load again: that says release times and several trips. Jobs say neither. There is no
soft promise, locker, cost of time on board or time of day, and the cold budget is only a limit of a
vehicle's whole time on the road.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

import numpy as np
import vroom  # type: ignore[import-untyped]
from vroom.solution.solution import Solution  # type: ignore[import-untyped]

from bench.peers.asked import (
    DAY_S,
    Answer,
    Kind,
    doors_of,
    kinds_of,
    places_of,
    promised_s,
    ready_s,
    seconds_over_shift,
)
from routing.evaluate import Judge
from routing.plan import UNITS_PER_MINOR, Draft, Tour, Visit
from routing.problem import Problem, Vehicle

EXPLORATION: Final = 5  # VROOM's most thorough
MOST_PRIORITY: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What stands in for rules that VROOM does not have."""

    shipments: bool = False
    grace_s: int = 0
    """How late an order may be; free of cost, for VROOM knows no other."""
    most_on_road_s: int | None = None
    """The longest a vehicle may drive and serve, for the sake of cold goods."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The problem as both kinds of question need it."""

    problem: Problem
    tuning: Tuning
    kinds: list[Kind]
    doors: list[Visit]
    places: list[int]


def answer(problem: Problem, *, seconds: float, tuning: Tuning) -> Answer:
    """Return VROOM's answer after so many seconds, the model's building among them."""
    began_s = time.perf_counter()
    asked = _ask(problem, tuning)
    question = _question(asked)
    left_s = max(0.05, seconds - (time.perf_counter() - began_s))
    solution = question.solve(
        exploration_level=EXPLORATION, nb_threads=1, timeout=timedelta(seconds=left_s)
    )
    draft = _draft(asked, solution)
    return Answer(
        drafts=(draft, _few_enough(problem, draft)),
        own_total=_own_total(problem, draft, solution),
    )


def _ask(problem: Problem, tuning: Tuning) -> _Asked:
    doors = [door for door in doors_of(problem) if not door.to_locker]
    return _Asked(problem, tuning, kinds_of(problem), doors, places_of(problem, doors))


def _question(asked: _Asked) -> vroom.Input:
    question = vroom.Input()
    allowed = _may_bring(asked)
    numbers = {row: k for k, row in enumerate(sorted(set(allowed)))}
    for k, kind in enumerate(asked.kinds):
        _set_ways(question, asked, f"kind{k}", kind.example)
        skills = {number for row, number in numbers.items() if row[k]}
        for vehicle in kind.vehicles:
            question.add_vehicle(_vehicle(asked, vehicle, f"kind{k}", skills))
    for k, row in enumerate(allowed):
        if any(row):
            _add_order(question, asked, k, numbers[row])
    return question


def _set_ways(question: vroom.Input, asked: _Asked, profile: str, vehicle: Vehicle) -> None:
    """Give a kind its ways. What it is paid by the order is a cost of the way to the door."""
    metres, seconds = seconds_over_shift(asked.problem, vehicle, asked.places)
    depots = len(asked.problem.depots)
    service_s = [0] * depots
    service_s += [asked.problem.orders[door.order].service_s for door in asked.doors]
    stays_s = seconds + np.array(service_s)[:, None]
    np.fill_diagonal(stays_s, 0)
    question.set_durations_matrix(profile, stays_s.astype(np.uint32))
    question.set_distances_matrix(profile, metres.astype(np.uint32))
    if vehicle.cost_per_order:
        costs = np.rint(
            metres * (vehicle.cost_per_km / 1000) + stays_s * (vehicle.cost_per_h / 3600)
        )
        costs[:, depots:] += vehicle.cost_per_order
        np.fill_diagonal(costs, 0)
        question.set_costs_matrix(profile, costs.astype(np.uint32))


def _costs(vehicle: Vehicle) -> vroom.VehicleCosts:
    if vehicle.cost_per_order:
        return vroom.VehicleCosts(fixed=vehicle.fixed_cost)
    return vroom.VehicleCosts(
        fixed=vehicle.fixed_cost, per_hour=vehicle.cost_per_h, per_km=vehicle.cost_per_km
    )


def _may_bring(asked: _Asked) -> list[tuple[bool, ...]]:
    """Return for each order which kinds may bring it; with shipments, from its nearest depot."""
    rows = np.stack([kind.may_bring for kind in asked.kinds], axis=1)
    if asked.tuning.shipments:
        for k in range(len(rows)):
            home = asked.problem.depots[_nearest_depot(asked, k)].id
            rows[k] &= [kind.example.depot == home for kind in asked.kinds]
    return [tuple(map(bool, row)) for row in rows]


def _nearest_depot(asked: _Asked, order: int) -> int:
    """Return which of the order's depots is nearest by van, or whatever drives here first."""
    problem = asked.problem
    ids = [depot.id for depot in problem.depots]
    choice = [ids.index(depot) for depot in problem.orders[order].depots]
    place = asked.places[len(ids) + order]
    mode = problem.travel.modes[0]
    return min(choice, key=lambda k: problem.travel.leg(mode, asked.places[k], place).distance_m)


def _vehicle(asked: _Asked, k: int, profile: str, skills: set[int]) -> vroom.Vehicle:
    vehicle = asked.problem.vehicles[k]
    depot = [depot.id for depot in asked.problem.depots].index(vehicle.depot)
    limits = {}
    if vehicle.range_m is not None:
        limits["max_distance"] = max(0, vehicle.range_m - vehicle.driven_m)
    if asked.tuning.most_on_road_s is not None:
        limits["max_travel_time"] = asked.tuning.most_on_road_s
    return vroom.Vehicle(
        k,
        start=depot,
        end=depot if vehicle.returns else None,
        profile=profile,
        capacity=list(vehicle.capacity.by_zone()),
        skills=skills,
        time_window=vroom.TimeWindow(max(vehicle.start_s, asked.problem.now_s), vehicle.end_s),
        breaks=[
            vroom.Break(j, [vroom.TimeWindow(r.earliest_s, r.latest_s)], service=r.duration_s)
            for j, r in enumerate(vehicle.breaks)
        ],
        costs=_costs(vehicle),
        **limits,
    )


def _add_order(question: vroom.Input, asked: _Asked, k: int, skill: int) -> None:
    problem, tuning = asked.problem, asked.tuning
    order = problem.orders[k]
    dearest = max(order.drop_cost for order in problem.orders)
    priority = round(MOST_PRIORITY * order.drop_cost / max(1, dearest))
    location = len(problem.depots) + k
    load = vroom.Amount(list(order.load.by_zone()))
    until_s = promised_s(order, tuning.grace_s)
    picked_s = ready_s(problem, order)
    if not tuning.shipments:
        from_s = max(order.not_before_s, _reached_s(asked, k, picked_s))
        question.add_job(
            vroom.Job(
                k,
                location,
                delivery=load,
                skills={skill},
                priority=priority,
                time_windows=[vroom.TimeWindow(from_s, until_s)] if from_s <= until_s else [],
            )
        )
        return
    home = _nearest_depot(asked, k)
    question.add_shipment(
        vroom.ShipmentStep(
            k,
            home,
            # VROOM counts a setup where the stop before was elsewhere: on coming back to load.
            default_setup=_reload_s(asked, home),
            time_windows=[vroom.TimeWindow(picked_s, DAY_S)],
        ),
        vroom.ShipmentStep(
            k, location, time_windows=[vroom.TimeWindow(order.not_before_s, until_s)]
        ),
        load,
        skills={skill},
        priority=priority,
    )


def _reload_s(asked: _Asked, depot: int) -> int:
    """Return the longest that vehicles of a depot take to load again."""
    home = asked.problem.depots[depot].id
    return max(vehicle.reload_s for vehicle in asked.problem.vehicles if vehicle.depot == home)


def _reached_s(asked: _Asked, k: int, picked_s: int) -> int:
    """Return when an order could be at its door, straight from its nearest depot."""
    if picked_s <= min(vehicle.start_s for vehicle in asked.problem.vehicles):
        return 0
    depot, place = asked.places[_nearest_depot(asked, k)], asked.places[-len(asked.doors) + k]
    travel = asked.problem.travel
    return picked_s + min(travel.leg(mode, depot, place).durations_s[0] for mode in travel.modes)


def _draft(asked: _Asked, solution: Solution) -> Draft:
    days: list[tuple[Tour, ...]] = [()] * len(asked.problem.vehicles)
    steps = solution.routes
    for vehicle, rows in steps.groupby("vehicle_id", sort=False):
        marks = zip(rows["type"], rows["location_index"], rows.get("id", []), strict=False)
        days[int(vehicle)] = tuple(_tours(marks))
    return tuple(days)


def _tours(marks: Iterator[tuple[str, int, int]]) -> Iterator[Tour]:
    """Yield a tour each time the vehicle has loaded and then delivered."""
    visits: list[Visit] = []
    for kind, _, order in marks:
        if kind == "pickup" and visits:
            yield Tour(tuple(visits))
            visits = []
        elif kind in {"job", "delivery"}:
            visits.append(Visit(int(order)))
    if visits:
        yield Tour(tuple(visits))


def _few_enough(problem: Problem, draft: Draft) -> Draft:
    """Read the answer with no more trips than a vehicle may make: join two where that is best."""
    judge = Judge(problem)
    days = []
    for vehicle, tours in zip(problem.vehicles, draft, strict=True):
        day = tours
        while len(day) > vehicle.max_trips:
            day = min(_joined(day), key=lambda tours: _badness(judge, vehicle, tours))
        days.append(day)
    return tuple(days)


def _joined(tours: tuple[Tour, ...]) -> Iterator[tuple[Tour, ...]]:
    for k, (one, other) in enumerate(pairwise(tours)):
        yield (*tours[:k], Tour((*one.visits, *other.visits)), *tours[k + 2 :])


def _badness(judge: Judge, vehicle: Vehicle, tours: tuple[Tour, ...]) -> tuple[int, int]:
    day = judge.day(vehicle, tours)
    return len(day.violations), day.cost().total


def _own_total(problem: Problem, draft: Draft, solution: Solution) -> int:
    """Return VROOM's cost in our units, and the drop costs it has no word for."""
    served = {visit.order for tours in draft for tour in tours for visit in tour.visits}
    drops = sum(order.drop_cost for k, order in enumerate(problem.orders) if k not in served)
    return (int(solution.summary.cost) + drops) * UNITS_PER_MINOR
