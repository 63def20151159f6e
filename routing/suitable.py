"""Who could serve an order, by what can be seen without a try, and which stops are near it?

All that it says is an order in which to try: nothing is ruled out.
"""

import numpy as np
from numpy.typing import NDArray

from routing.evaluate import Judge
from routing.plan import Draft, Visit
from routing.problem import Order, Problem

Ints = NDArray[np.int64]


class Suitable:
    """Every vehicle of a problem and every stop of a draft, a row each."""

    def __init__(self, judge: Judge, draft: Draft) -> None:
        self.problem = judge.problem
        self.place_of = judge.place_of
        vehicles = self.problem.vehicles
        depots = [judge.depots[vehicle.depot] for vehicle in vehicles]
        self._ids = np.array([vehicle.id for vehicle in vehicles])
        self._depots = np.array([depot.id for depot in depots])
        self._home = np.array([self.place_of[depot.place] for depot in depots], np.int64)
        room = [vehicle.capacity.by_zone() for vehicle in vehicles]
        self._room = np.array(room, np.int64).reshape(-1, 3)
        self._gone = np.array([vehicle.end_s <= self.problem.now_s for vehicle in vehicles])
        self._plane = _plane(self.problem)
        self._stops, self._places = self._of(draft)

    def vehicles(self, order: Order, among: list[int]) -> list[int]:
        """Return vehicles by how many rules they would break at sight, then by their way."""
        them = np.asarray(among, np.int64)
        away = self._away(order, self._home[them])
        best = np.lexsort((them, away, self._mismatches(order)[them]))
        return [int(vehicle) for vehicle in them[best]]

    def stops(self, order: Order) -> Ints:
        """Return rows of vehicle, tour and position: of vehicles as above, then the nearest."""
        strange = self._mismatches(order)[self._stops[:, 0]]
        return self._stops[np.lexsort((self._away(order, self._places), strange))]

    def _mismatches(self, order: Order) -> Ints:
        """Return how many rules each vehicle would break, of those that need no try."""
        count = self._gone.astype(np.int64)
        count += ~np.isin(self._depots, order.depots)
        count += (self._room < order.load.by_zone()).any(axis=1)
        if order.only_vehicle is not None:
            count += self._ids != order.only_vehicle
        if order.skills:
            fleet = self.problem.vehicles
            count += np.array([not order.skills <= vehicle.skills for vehicle in fleet], np.int64)
        return count

    def _away(self, order: Order, places: Ints) -> NDArray[np.float64]:
        """Return how far places are from an order, in whatever unit."""
        if not places.size:
            return np.empty(0)
        here = self.place_of[order.place]
        if self._plane is not None:
            x, y = (self._plane[places] - self._plane[here]).T
            return np.asarray(np.abs(x) + np.abs(y), np.float64)
        mode = self.problem.vehicles[0].mode
        metres, _ = self.problem.travel.matrix(mode, [here], places.tolist())
        return np.asarray(metres[0], np.float64)

    def _of(self, draft: Draft) -> tuple[Ints, Ints]:
        """Return a draft's stops as rows, and the place of each."""
        rows = [
            (vehicle, k, position, self._place(visit))
            for vehicle, tours in enumerate(draft)
            for k, tour in enumerate(tours)
            for position, visit in enumerate(tour.visits)
        ]
        table = np.array(rows, np.int64).reshape(-1, 4)
        return table[:, :3], table[:, 3]

    def _place(self, visit: Visit) -> int:
        order = self.problem.orders[visit.order]
        at_locker = visit.to_locker and order.locker
        return self.place_of[at_locker.place if at_locker else order.place]


def _plane(problem: Problem) -> NDArray[np.float64] | None:
    """Return places on a plane, if all have coordinates: good enough to tell who is near."""
    pairs = [(place.lat_deg, place.lon_deg) for place in problem.places]
    if any(lat is None or lon is None for lat, lon in pairs):
        return None
    plane = np.array(pairs, np.float64)
    plane[:, 1] *= np.cos(np.radians(plane[:, 0].mean()))
    return plane
