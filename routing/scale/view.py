"""What does a part of a problem look like as a problem of its own?

A part names some of the whole's orders and vehicles. Its view has the places that they need and
nothing else, travel that is looked up in the whole's, and a share of each depot's picking.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from routing.plan import Draft, Tour, Visit
from routing.problem import Depot, Order, Problem, Vehicle
from routing.travel import GreatCircle, IntArray, Leg, Matrices, ModeMatrix, Travel

Hours = tuple[int, ...]
"""A number for each clock hour."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which orders and vehicles of the whole, by their index there, in rising order."""

    orders: tuple[int, ...]
    vehicles: tuple[int, ...]


class SelectedTravel:
    """Some places of another source: place k here is `places[k]` there.

    Pickled, it carries the whole's coordinates where they are enough, else the matrices of its own
    places alone.
    """

    def __init__(self, base: Travel, places: Sequence[int], modes: Iterable[str]) -> None:
        self._base = base
        self._places = np.asarray(places, dtype=np.int64)
        self._modes = tuple(modes)

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it shows."""
        return self._modes

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice of the day begins."""
        return self._base.starts_s(mode)

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        return self._base.leg(mode, int(self._places[origin]), int(self._places[destination]))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return metres (origins x destinations) and seconds (slices x origins x destinations)."""
        here, there = np.asarray(origins, dtype=np.int64), np.asarray(destinations, dtype=np.int64)
        return self._base.matrix(mode, self._places[here].tolist(), self._places[there].tolist())

    def __reduce__(self) -> tuple[object, ...]:
        if isinstance(self._base, GreatCircle):  # 24 bytes a place: less than any matrix
            return SelectedTravel, (self._base, self._places, self._modes)
        places = range(len(self._places))
        by_mode = {
            mode: ModeMatrix(*self.matrix(mode, places, places), self.starts_s(mode))
            for mode in self._modes
        }
        return Matrices, (by_mode,)


def everything(problem: Problem) -> Part:
    """Return the part that is the whole."""
    return Part(tuple(range(len(problem.orders))), tuple(range(len(problem.vehicles))))


def view(problem: Problem, part: Part, picking: Mapping[str, Hours | None]) -> Problem:
    """Return a part as a problem. `picking` is its share of each depot's orders an hour.

    Depots that its orders name but none of its vehicles uses are kept, so that orders stay as they
    are.
    """
    orders = tuple(problem.orders[k] for k in part.orders)
    vehicles = tuple(problem.vehicles[k] for k in part.vehicles)
    depots = tuple(_depots(problem, orders, vehicles, picking))
    needed = set(_places(orders, vehicles, depots))
    kept = [k for k, place in enumerate(problem.places) if place.id in needed]
    return replace(
        problem,
        places=tuple(problem.places[k] for k in kept),
        orders=orders,
        depots=depots,
        vehicles=vehicles,
        travel=SelectedTravel(problem.travel, kept, sorted({vehicle.mode for vehicle in vehicles})),
    )


def inside(part: Part, draft: Draft) -> Draft:
    """Return the part's vehicles' share of the whole's draft, by the part's own indices."""
    index = {order: k for k, order in enumerate(part.orders)}
    return tuple(_renamed(draft[vehicle], index) for vehicle in part.vehicles)


def outside(part: Part, draft: Draft) -> dict[int, tuple[Tour, ...]]:
    """Return a part's draft by the whole's indices: the tours of each of its vehicles."""
    index = dict(enumerate(part.orders))
    return {
        vehicle: _renamed(tours, index) for vehicle, tours in zip(part.vehicles, draft, strict=True)
    }


def _renamed(tours: tuple[Tour, ...], index: Mapping[int, int]) -> tuple[Tour, ...]:
    return tuple(
        tour._replace(
            visits=tuple(Visit(index[visit.order], visit.to_locker) for visit in tour.visits)
        )
        for tour in tours
    )


def _depots(
    problem: Problem,
    orders: Sequence[Order],
    vehicles: Sequence[Vehicle],
    picking: Mapping[str, Hours | None],
) -> Iterator[Depot]:
    named = {depot for order in orders for depot in order.depots}
    named |= {vehicle.depot for vehicle in vehicles}
    for depot in problem.depots:
        if depot.id in named:
            yield replace(depot, orders_per_hour=picking[depot.id])


def _places(
    orders: Sequence[Order], vehicles: Sequence[Vehicle], depots: Sequence[Depot]
) -> Iterator[str]:
    yield from (order.place for order in orders)
    yield from (order.locker.place for order in orders if order.locker)
    yield from (vehicle.current.place for vehicle in vehicles if vehicle.current)
    yield from (depot.place for depot in depots)
