"""How are the locked stops of a trip under way served: each at its door, or at its locker?

The caller says which stops come next, not where. The first way that breaks no rule is taken, doors
before lockers.
"""

from collections.abc import Iterator
from itertools import islice, product
from typing import Final

from routing.evaluate import Judge
from routing.plan import Draft, Tour, Violation, Visit
from routing.problem import Vehicle

MOST_WAYS: Final = 256
"""So many ways are tried for one trip."""


class NoFeasiblePlan(ValueError):
    """The stops that a current trip is bound to break a rule whatever else is planned."""


def locked_tours(judge: Judge, vehicle: Vehicle) -> tuple[tuple[Tour, ...], Violation | None]:
    """Return the tours a vehicle is bound to, and a rule that they break in every way, if so."""
    first: tuple[tuple[Tour, ...], Violation | None] | None = None
    for visits in islice(_ways(judge, vehicle), MOST_WAYS):
        tours = (Tour(visits),) if vehicle.current is not None else ()
        violations = judge.day(vehicle, tours).violations
        if not violations:
            return tours, None
        first = first or (tours, violations[0])
    return first or ((), None)


def locked_draft(judge: Judge) -> Draft:
    """Return the draft of the locked stops alone. Raises `NoFeasiblePlan`."""
    draft = []
    for vehicle in judge.problem.vehicles:
        tours, broken = locked_tours(judge, vehicle)
        if broken is not None:
            raise NoFeasiblePlan(f"the current trip can't be finished: {broken.sentence}")
        draft.append(tours)
    return tuple(draft)


def _ways(judge: Judge, vehicle: Vehicle) -> Iterator[tuple[Visit, ...]]:
    if vehicle.current is None:
        yield ()
        return
    orders = [judge.number_of[order] for order in vehicle.current.locked]
    lockers = [judge.problem.orders[order].locker is not None for order in orders]
    for ways in product(*((False, True) if locker else (False,) for locker in lockers)):
        yield tuple(Visit(order, way) for order, way in zip(orders, ways, strict=True))
