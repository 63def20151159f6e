"""How would OR-Tools' own users solve a plain VRPTW: one depot, equal vehicles, hard windows?

Parallel cheapest insertion, then guided local search, with transit matrices instead of callbacks.
Its search is slowed by vehicles that it doesn't need, so that the fleet is capped at what the first
solution used and two more: of the settings tried that was the best by far.
"""

import time
from typing import Final

from ortools.constraint_solver import (  # type: ignore[import-untyped]
    pywrapcp,
    routing_enums_pb2,
)
from ortools.constraint_solver.routing_parameters_pb2 import (  # type: ignore[import-untyped]
    RoutingSearchParameters,
)

from bench.peers.asked import Answer, doors_of, places_of, promised_s
from routing.day import PER_KM
from routing.plan import Draft, Tour, Visit
from routing.problem import Problem

SPARE_VEHICLES: Final = 2


class NotPlain(ValueError):
    """A problem with more than one depot, or with vehicles that differ."""


def answer(problem: Problem, *, seconds: float) -> Answer:
    """Return the best answer after so many seconds, the models' building among them."""
    began_s = time.perf_counter()
    deadline_s = began_s + seconds
    vehicles = len(problem.vehicles)
    first = _solve(problem, vehicles, deadline_s, improve=False)
    if first is None:
        return Answer(drafts=(((),) * vehicles,))
    first_answer_s = time.perf_counter() - began_s
    fleet = min(vehicles, sum(bool(tours) for tours in first) + SPARE_VEHICLES)
    better = _solve(problem, fleet, deadline_s, improve=True)
    return Answer(drafts=(better or first,), first_answer_s=first_answer_s)


def _solve(problem: Problem, fleet: int, deadline_s: float, *, improve: bool) -> Draft | None:
    """Search with so many vehicles; the others stay at home."""
    manager = pywrapcp.RoutingIndexManager(len(problem.orders) + 1, fleet, 0)
    model = pywrapcp.RoutingModel(manager)
    _say(problem, manager, model)
    found = model.SolveWithParameters(_parameters(deadline_s, improve=improve))
    if found is None:
        return None
    days = [_day(manager, model, found, k) for k in range(fleet)]
    return (*days, *((),) * (len(problem.vehicles) - fleet))


def _say(
    problem: Problem, manager: pywrapcp.RoutingIndexManager, model: pywrapcp.RoutingModel
) -> None:
    vehicle = problem.vehicles[0]
    if len(problem.depots) != 1 or len({v.mode for v in problem.vehicles}) != 1:
        raise NotPlain("one depot and one kind of vehicle are asked for")
    places = places_of(problem, doors_of(problem))
    metres, slices_s = problem.travel.matrix(vehicle.mode, places, places)
    seconds = slices_s[0].astype("int64")
    seconds[1:] += [[order.service_s] for order in problem.orders]
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(metres.tolist()))
    for name, loads, room in _loads(problem):
        index = model.RegisterUnaryTransitVector(loads)
        model.AddDimension(index, 0, room, True, name)
    clock = model.RegisterTransitMatrix(seconds.tolist())
    model.AddDimension(clock, vehicle.end_s, vehicle.end_s, False, "time")
    times = model.GetDimensionOrDie("time")
    for k, order in enumerate(problem.orders):
        index = manager.NodeToIndex(k + 1)
        times.CumulVar(index).SetRange(order.not_before_s, promised_s(order, 0))
        model.AddDisjunction([index], _penalty(problem, order.drop_cost))
    for k in range(manager.GetNumberOfVehicles()):
        times.CumulVar(model.Start(k)).SetMin(vehicle.start_s)


def _penalty(problem: Problem, drop_cost: int) -> int:
    """Return an order's drop cost in metres: what the objective counts."""
    fen_per_m = problem.vehicles[0].cost_per_km * PER_KM
    return round(drop_cost * 1000 * PER_KM / fen_per_m) if fen_per_m else drop_cost


def _loads(problem: Problem) -> list[tuple[str, list[int], int]]:
    zones = zip(*(order.load.by_zone() for order in problem.orders), strict=True)
    rooms = problem.vehicles[0].capacity.by_zone()
    return [
        (name, [0, *loads], room)
        for name, loads, room in zip(("frozen", "chilled", "ambient"), zones, rooms, strict=True)
        if any(loads)
    ]


def _parameters(deadline_s: float, *, improve: bool) -> RoutingSearchParameters:
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    strategies = routing_enums_pb2.FirstSolutionStrategy
    methods = routing_enums_pb2.LocalSearchMetaheuristic
    parameters.first_solution_strategy = strategies.PARALLEL_CHEAPEST_INSERTION
    if improve:
        parameters.local_search_metaheuristic = methods.GUIDED_LOCAL_SEARCH
    else:
        parameters.solution_limit = 1
    left_s = max(0.05, deadline_s - time.perf_counter())
    parameters.time_limit.FromMilliseconds(round(left_s * 1000))
    return parameters


def _day(
    manager: pywrapcp.RoutingIndexManager,
    model: pywrapcp.RoutingModel,
    found: pywrapcp.Assignment,
    vehicle: int,
) -> tuple[Tour, ...]:
    visits, index = [], found.Value(model.NextVar(model.Start(vehicle)))
    while not model.IsEnd(index):
        visits.append(Visit(manager.IndexToNode(index) - 1))
        index = found.Value(model.NextVar(index))
    return (Tour(tuple(visits)),) if visits else ()
