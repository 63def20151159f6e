"""What does a state say of each vehicle, looked up?

Indices over a `CityState`, and the disruptions that hold. Everything is in the order of ids, so
that a plan doesn't depend on the order in which rows were read.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from routing.dispatch.cold import Began, began_on, cooled_by, failures
from routing.dispatch.geofence import Point
from routing.dispatch.standing import Bound, Transfer, Ways
from routing.dispatch.state import (
    CityOrder,
    CityState,
    CityVehicle,
    Disruption,
    PlannedStop,
    Position,
    Visited,
    Zone,
)
from routing.dispatch.times import clock_of
from schemas.disruptions import DelayDetails, WeatherDetails

WAITING: Final = frozenset({"waiting", "packed"})
ABOARD: Final = frozenset({"loaded", "out"})
OPEN: Final = WAITING | ABOARD
MISSED_AFTER: Final = timedelta(minutes=20)
"""A meeting that has not been so long after its time is missed (our assumption): then the giver
brings what it has, and both go on."""
FRESH: Final = timedelta(minutes=5)
"""An older fix doesn't say where a vehicle is that drives."""


class World:
    """A state, looked up by vehicle and by order."""

    def __init__(self, state: CityState, ways: Ways, bound: Bound) -> None:
        self.state = state
        self.ways = ways
        self.clock = clock_of(state)
        self.now_s = self.clock.second_of(state.now)
        self.orders = {order.id: order for order in state.orders}
        self.depots = {depot.id: depot for depot in state.depots}
        self.lockers = {locker.id: locker for locker in state.lockers}
        self.vehicles = {vehicle.id: vehicle for vehicle in state.vehicles}
        self.holding = holding(state)
        self._failed = failures(state)
        self.pinned = {pin.order_id: pin.vehicle_id for pin in state.pins if pin.kind == "pin"}
        self.held = {pin.order_id: pin.hold_until for pin in state.pins if pin.kind == "hold"}
        self.stops: dict[str, list[PlannedStop]] = defaultdict(list)
        for stop in sorted(state.plan.stops, key=_by_place):
            self.stops[stop.vehicle_id].append(stop)
        self.visits: dict[str, list[Visited]] = defaultdict(list)
        for visit in sorted(state.visits, key=_by_time):
            self.visits[visit.vehicle_id].append(visit)
        arranged = (*bound.transfers, *_standing_transfers(state, bound, self.orders))
        self.transfers = tuple(each for each in arranged if not self.is_broken(each.taker))
        self.returning = bound.returning | returning(state)
        self.cut_off: frozenset[str] = frozenset()
        self.stuck: frozenset[str] = frozenset()
        self.aboard = self._aboard()

    def _aboard(self) -> dict[str, list[CityOrder]]:
        """Return what each vehicle carries, as it will be after all meetings."""
        taker = {id_: each.taker for each in self.transfers for id_ in each.orders}
        aboard: dict[str, list[CityOrder]] = defaultdict(list)
        for order in sorted(self.state.orders, key=lambda order: order.id):
            if order.stage in ABOARD and order.aboard is not None:
                vehicle = taker.get(order.id, order.aboard)
                if not (order.stage == "loaded" and self.is_broken(vehicle)):
                    aboard[vehicle].append(order)
        return aboard

    def is_brought(self, order_id: str) -> bool:
        """Return whether an order is to be delivered: it has a way, and isn't on its way back."""
        return order_id not in self.returning and order_id not in self.cut_off

    # Disruptions

    def weather(self) -> tuple[int, int]:
        """Return how much longer each stop takes, and the percent of hold times that is left."""
        weather = [one.details for one in self.holding if isinstance(one.details, WeatherDetails)]
        extra_s = max((each.extra_service_s for each in weather), default=0)
        hold = min((each.hold_percent for each in weather), default=100)
        return extra_s, max(1, hold)

    def is_broken(self, vehicle_id: str) -> bool:
        """Return whether a vehicle stands, and nobody knows until when."""
        return any(
            one.kind == "breakdown" and one.vehicle_id == vehicle_id and one.until_at is None
            for one in self.holding
        )

    def stands_until_s(self, vehicle_id: str) -> int:
        """Return until when a vehicle loses time, 0 if it doesn't."""
        until_s = 0
        for one in self.holding:
            if one.vehicle_id != vehicle_id:
                continue
            if one.kind == "breakdown" and one.until_at is not None:
                until_s = max(until_s, self.clock.second_of(one.until_at))
            if isinstance(one.details, DelayDetails):
                begins_s = self.clock.second_of(one.from_at)
                until_s = max(until_s, begins_s + one.details.delay_s)
        return until_s

    def cooled_by(self, vehicle: CityVehicle) -> frozenset[Zone]:
        """Return the zones that a vehicle cools, as its compartments are now."""
        return cooled_by(vehicle, self._failed.get(vehicle.id, {}))

    def skills(self, vehicle: CityVehicle) -> frozenset[str]:
        """Return what a vehicle can that others can't: to cool what has no pack of its own."""
        return frozenset(map(cooling, self.cooled_by(vehicle)))

    def skills_at(self, depots: Collection[str]) -> frozenset[str]:
        """Return what the vehicles of some depots can that are at work yet."""
        return frozenset[str]().union(
            *(
                self.skills(vehicle)
                for vehicle in self.state.vehicles
                if vehicle.depot_id in depots
                and vehicle.role != "relay"
                and not self.is_broken(vehicle.id)
                and any(shift.until_at > self.state.now for shift in vehicle.shifts)
            )
        )

    # Where things are

    def fix(self, vehicle_id: str) -> Position | None:
        """Return where a vehicle is, if its newest fix is fresh."""
        position = self.vehicles[vehicle_id].position
        if position is None or self.state.now - position.at > FRESH:
            return None
        return position

    def home(self, vehicle: CityVehicle) -> Point:
        """Return where a vehicle's depot is."""
        depot = self.depots[vehicle.depot_id]
        return depot.lat_deg, depot.lon_deg

    def hold_percent(self) -> int:
        """Return the percent of hold times that the weather leaves."""
        return self.weather()[1]

    def began(self, departed_s: int, doors: int, vehicle: CityVehicle) -> Began:
        """Return a trip under way as cold reckons it."""
        doors_s = doors * vehicle.door_s
        return began_on(self.state, vehicle, at=self.clock.time_of(departed_s), doors_s=doors_s)


def cooling(zone: Zone) -> str:
    """Return the skill of a vehicle that cools a zone."""
    return f"cools {zone}"


def holding(state: CityState) -> tuple[Disruption, ...]:
    """Return the disruptions that hold now, in a fixed order."""
    now = [
        one
        for one in state.disruptions
        if one.from_at <= state.now and (one.until_at is None or state.now < one.until_at)
    ]
    return tuple(sorted(now, key=lambda one: one.id))


def _by_place(stop: PlannedStop) -> tuple[int, int, str]:
    return stop.trip, stop.position, stop.order_id or ""


def _by_time(visit: Visited) -> tuple[datetime, str]:
    return visit.arrived_at, visit.order_id or ""


def is_to_meet(stop: PlannedStop, now: datetime) -> bool:
    """Say whether a stop is a meeting, and was not missed."""
    return stop.kind == "meet" and now <= stop.leaves_at + MISSED_AFTER


def _standing_transfers(
    state: CityState, bound: Bound, orders: dict[str, CityOrder]
) -> Sequence[Transfer]:
    """Return the meetings that stand in the plan and have not been yet.

    Who brings the order after it is the taker; the giver's row says nothing once that is over.
    """
    news = {id_ for each in bound.transfers for id_ in each.orders}
    brings = {(s.vehicle_id, s.order_id) for s in state.plan.stops if s.kind == "deliver"}
    meets = [
        stop
        for stop in state.plan.stops
        if stop.order_id not in news
        and is_to_meet(stop, state.now)
        and (stop.vehicle_id, stop.order_id) in brings
    ]
    found = []
    for stop in sorted(meets, key=lambda stop: (stop.order_id or "", stop.vehicle_id)):
        order = orders.get(stop.order_id or "")
        if order is None or order.stage not in ABOARD or order.aboard in {None, stop.vehicle_id}:
            continue
        if stop.lat_deg is not None and stop.lon_deg is not None and order.aboard is not None:
            found.append(
                Transfer(
                    orders=(order.id,),
                    giver=order.aboard,
                    taker=stop.vehicle_id,
                    lat_deg=stop.lat_deg,
                    lon_deg=stop.lon_deg,
                    meets_at=stop.arrives_at,
                    until=stop.leaves_at,
                )
            )
    return found


def returning(state: CityState) -> frozenset[str]:
    """Return the orders on their way that were decided to come back."""
    newest: dict[str, str] = {}
    for rescue in sorted(state.rescues, key=lambda rescue: rescue.decided_at):
        newest[rescue.order_id] = rescue.chosen
    return frozenset(id_ for id_, chosen in newest.items() if chosen == "return")
