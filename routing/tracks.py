"""Where does a plan go? Each trip as points on the map."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from routing.plan import Route, Stop, Trip
from routing.problem import Order, Problem, Vehicle

LonLat = tuple[float, float]


class NoCoordinates(ValueError):
    """A place that no map can show. `place` is its id."""

    def __init__(self, place: str):
        super().__init__(f"the place {place} has no lat_deg and lon_deg, so no map can show it")
        self.place = place


@dataclass(frozen=True, slots=True)
class Track:
    """A trip: its line from start to end, and where its stops are."""

    vehicle: Vehicle
    number: int
    trip: Trip
    line: tuple[LonLat, ...]
    doors: tuple[LonLat, ...]


def check_mappable(problem: Problem) -> None:
    """Raise `NoCoordinates` if a place that a plan may show has none."""
    atlas = Atlas(problem)
    lockers = (order.locker.place for order in problem.orders if order.locker)
    standing = (vehicle.current.place for vehicle in problem.vehicles if vehicle.current)
    depots = (depot.place for depot in problem.depots)
    for place in chain(depots, (order.place for order in problem.orders), lockers, standing):
        atlas.lon_lat(place)


class Atlas:
    """Where everything of a problem is, by id."""

    def __init__(self, problem: Problem):
        self._places = {place.id: place for place in problem.places}
        self._vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
        self._homes = {depot.id: depot.place for depot in problem.depots}
        self.orders = {order.id: order for order in problem.orders}

    def lon_lat(self, place: str) -> LonLat:
        """Return a place's longitude and latitude. Raises `NoCoordinates`."""
        found = self._places[place]
        if found.lon_deg is None or found.lat_deg is None:
            raise NoCoordinates(place)
        return found.lon_deg, found.lat_deg

    def door(self, stop: Stop) -> LonLat:
        """Return where a stop is: at a door or a locker."""
        order = self.orders[stop.order]
        return self.lon_lat(_place(order, stop))

    def tracks(self, routes: Sequence[Route]) -> Iterator[Track]:
        """Yield every trip. A line goes straight from stop to stop."""
        for route in routes:
            vehicle = self._vehicles[route.vehicle]
            for k, trip in enumerate(route.trips):
                doors = tuple(self.door(stop) for stop in trip.stops)
                home = self.lon_lat(self._homes[vehicle.depot])
                start = home
                if k == 0 and vehicle.current is not None:
                    start = self.lon_lat(vehicle.current.place)
                line = (start, *doors, *((home,) if vehicle.returns else ()))
                yield Track(vehicle, k + 1, trip, line, doors)


def _place(order: Order, stop: Stop) -> str:
    return order.locker.place if stop.to_locker and order.locker else order.place
