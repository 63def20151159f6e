"""Can a problem be planned at all, and if not, what must be changed, and where?

`check` looks at values and names first (`routing.check_values`), then at travel, then at whether
each order's place can be reached (`routing.check_travel`), and last at whether vehicles that are
under way can still keep every rule. Within one of these it finds all that is wrong, up to
`MOST_FAULTS`. An order that merely can't be served is no fault: it is part of a plan.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from routing.check_travel import reach_faults, travel_faults
from routing.check_values import MAX_VEHICLES, Fault, id_faults, value_faults
from routing.evaluate import Judge
from routing.locked import locked_tours
from routing.problem import Problem

MAX_ORDERS: Final = 50_000
MOST_FAULTS: Final = 20


class ImpossibleProblem(ValueError):
    """A problem that can't be planned. `where` is the place of the first fault in the document."""

    def __init__(self, where: str, reason: str, more: tuple[Fault, ...] = ()):
        self.faults = (Fault(where, reason), *more)
        self.where, self.reason = where, reason
        super().__init__("\n".join(f"{fault.where}: {fault.reason}" for fault in self.faults))

    def __reduce__(self) -> tuple[object, ...]:
        # It may be raised in another process.
        return type(self), (self.where, self.reason, self.faults[1:])


def check(problem: Problem, *, max_orders: int = MAX_ORDERS) -> None:
    """Raise `ImpossibleProblem` with the places and the reasons if it can't be planned."""
    refuse(_size_faults(problem, max_orders))
    for faults_of in (id_faults, value_faults, aboard_faults, travel_faults, reach_faults):
        refuse(faults_of(problem))
    refuse(_way_faults(problem))


def refuse(faults: Iterator[Fault]) -> None:
    """Raise `ImpossibleProblem` if there is a fault."""
    found = tuple(islice(faults, MOST_FAULTS))
    if found:
        raise ImpossibleProblem(found[0].where, found[0].reason, found[1:])


def aboard_faults(problem: Problem) -> Iterator[Fault]:
    """Yield each order that is aboard twice."""
    first: dict[str, str] = {}
    for k, vehicle in enumerate(problem.vehicles):
        for i, order in enumerate(vehicle.current.aboard if vehicle.current else ()):
            if order in first:
                reason = f'"{order}" is aboard {first[order]} already; it is in one place'
                yield Fault(f"vehicles[{k}].current.aboard[{i}]", reason)
            first.setdefault(order, vehicle.id)


def _size_faults(problem: Problem, max_orders: int) -> Iterator[Fault]:
    if len(problem.orders) > max_orders:
        reason = f"has {len(problem.orders)} orders; at most {max_orders} are planned at once"
        yield Fault("orders", f"{reason}, split the city")
    if len(problem.vehicles) > MAX_VEHICLES:
        reason = f"has {len(problem.vehicles)}; at most {MAX_VEHICLES} are planned at once"
        yield Fault("vehicles", f"{reason}, split the city")


def _way_faults(problem: Problem) -> Iterator[Fault]:
    """Yield each vehicle whose current trip breaks a rule even with its locked stops alone."""
    judge = Judge(problem)
    for k, vehicle in enumerate(problem.vehicles):
        _, broken = locked_tours(judge, vehicle)
        if broken is not None:
            reason = f"can't be finished: {broken.sentence}"
            yield Fault(f"vehicles[{k}].current", f"{reason}; unlock stops or give later limits")
