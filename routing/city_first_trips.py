"""How would a dispatcher without a planner fill the first trips of a day?

Vehicle by vehicle: the order that is due first, then always the nearest of those that are ready and
still fit. It makes the vehicles of a re-planned day busy; it is no engine.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from routing.evaluate import Judge
from routing.plan import Draft, Tour, Visit
from routing.problem import CurrentTrip, Order, Problem, Vehicle

STOPS: Final = 8
LOOKS_AT: Final = 40
TRIPS: Final = 2


def first_trips(problem: Problem) -> Draft:
    """Return at most two trips a vehicle; they break no rule but, maybe, the picking's.

    A vehicle that is on its way finishes what is locked.
    """
    judge = Judge(problem)
    waiting: dict[str, list[int]] = {depot.id: [] for depot in problem.depots}
    for k in sorted(range(len(problem.orders)), key=lambda k: (problem.orders[k].due_s, k)):
        if problem.orders[k].id not in judge.aboard:
            waiting[problem.orders[k].depots[0]].append(k)
    return tuple(
        tuple(_tours(judge, vehicle, waiting[vehicle.depot]))
        if vehicle.current is None
        else (_locked(judge, vehicle.current),)
        for vehicle in problem.vehicles
    )


def _locked(judge: Judge, current: CurrentTrip) -> Tour:
    """Return what a vehicle that is on its way can't but do."""
    return Tour(tuple(Visit(judge.number_of[order]) for order in current.locked))


def _tours(judge: Judge, vehicle: Vehicle, waiting: list[int]) -> Iterator[Tour]:
    made: list[Tour] = []
    for _ in range(min(TRIPS, vehicle.max_trips)):
        day = judge.day(vehicle, made)
        ready = _ready(judge, vehicle, waiting, max(day.free_s, vehicle.start_s) + 900)
        tour = _longest(judge, vehicle, made, _chain(judge, vehicle, ready))
        if tour is None:
            break
        made.append(tour)
        for visit in tour.visits:
            waiting.remove(visit.order)
    yield from made


def _ready(judge: Judge, vehicle: Vehicle, waiting: Sequence[int], until_s: int) -> list[int]:
    """Return the first orders to be due that are picked by then and fit the compartments."""
    picked_s = until_s - judge.depots[vehicle.depot].picking_s
    limits = vehicle.capacity.by_zone()
    fitting = (
        k
        for k in waiting
        if judge.problem.orders[k].ready_s <= picked_s
        and _fits(judge.problem.orders[k], limits, (0, 0, 0))
    )
    return [k for k, _ in zip(fitting, range(LOOKS_AT), strict=False)]


def _fits(order: Order, limits: Sequence[int], loaded: Sequence[int]) -> bool:
    return all(
        part + more <= limit
        for part, more, limit in zip(loaded, order.load.by_zone(), limits, strict=True)
    )


def _chain(judge: Judge, vehicle: Vehicle, ready: list[int]) -> list[int]:
    """Go from the first order to the nearest that fits, and so on."""
    orders, travel = judge.problem.orders, judge.problem.travel
    limits, loaded = vehicle.capacity.by_zone(), (0, 0, 0)
    chain: list[int] = []
    while ready and len(chain) < STOPS:
        here = ready[0]
        if chain:
            origin = judge.place_of[orders[chain[-1]].place]
            ends = [judge.place_of[orders[k].place] for k in ready]
            metres, _ = travel.matrix(vehicle.mode, [origin], ends)
            here = ready[int(metres[0].argmin())]
        ready.remove(here)
        if _fits(orders[here], limits, loaded):
            chain.append(here)
            load = orders[here].load.by_zone()
            loaded = (loaded[0] + load[0], loaded[1] + load[1], loaded[2] + load[2])
    return chain


def _longest(judge: Judge, vehicle: Vehicle, made: list[Tour], chain: list[int]) -> Tour | None:
    """Return as much of the chain as one trip can serve."""
    for length in range(len(chain), 0, -1):
        tour = Tour(tuple(Visit(k) for k in chain[:length]))
        if not judge.day(vehicle, [*made, tour]).violations:
            return tour
    return None
