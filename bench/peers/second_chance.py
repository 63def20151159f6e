"""What becomes of orders that an answer leaves out once it breaks no rule any more?

A peer that can't be told of a rule would lose an order for each time it broke it. So what is left
out is offered to every vehicle again, one by one, the dearest to drop first, and goes where it
costs least, if that is less than dropping it. A dispatcher would do as much.
"""

from collections.abc import Iterator

from bench.peers.asked import may_bring
from routing.evaluate import Judge
from routing.plan import UNITS_PER_MINOR, Draft, Tour, Visit
from routing.problem import Problem, Vehicle

Tours = tuple[Tour, ...]


def offer_again(problem: Problem, draft: Draft) -> Draft:
    """Return the draft with what it leaves out put in where that is possible and pays."""
    judge = Judge(problem)
    served = {visit.order for tours in draft for tour in tours for visit in tour.visits}
    left_out = [k for k in range(len(problem.orders)) if k not in served]
    allowed = [may_bring(problem, vehicle) for vehicle in problem.vehicles]
    days = list(draft)
    for k in sorted(left_out, key=lambda k: -problem.orders[k].drop_cost):
        bids = sorted(
            bid
            for v, vehicle in enumerate(problem.vehicles)
            if allowed[v][k] and (bid := _bid(judge, v, vehicle, days[v], k)) is not None
        )
        for _, v, tours in bids:
            tried = [*days[:v], tours, *days[v + 1 :]]
            if judge.evaluate(tuple(tried)).feasible:  # depots pick for several vehicles
                days = tried
                break
    return tuple(days)


def _bid(
    judge: Judge, v: int, vehicle: Vehicle, tours: Tours, k: int
) -> tuple[int, int, Tours] | None:
    """Return the least that a vehicle's day costs more with an order, if less than dropping it."""
    order = judge.problem.orders[k]
    before = judge.day(vehicle, tours).cost().total
    best: tuple[int, int, Tours] | None = None
    for visit in (Visit(k), *([Visit(k, to_locker=True)] if order.locker else [])):
        for longer in _positions(tours, visit):
            day = judge.day(vehicle, longer)
            more = day.cost().total - before
            if not day.violations and more < (best[0] if best else _drop_units(judge, k)):
                best = more, v, longer
    return best


def _positions(tours: Tours, visit: Visit) -> Iterator[Tours]:
    for t, tour in enumerate(tours):
        for j in range(len(tour.visits) + 1):
            visits = (*tour.visits[:j], visit, *tour.visits[j:])
            yield (*tours[:t], tour._replace(visits=visits), *tours[t + 1 :])
    yield (*tours, Tour((visit,)))


def _drop_units(judge: Judge, k: int) -> int:
    return judge.problem.orders[k].drop_cost * UNITS_PER_MINOR
