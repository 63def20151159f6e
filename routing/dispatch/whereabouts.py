"""Where is a vehicle now, and what is it about to do?

It is idle at its depot, or on a trip: loading, out, or on its way home. A vehicle that drives to a
stop is locked to it; one that stands at a door is free once it is done there; one that loads can
take no order more. By what was seen (visits, fixes) where something was, else by the plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from routing.dispatch.eta import USUAL_PACE_S_PER_M
from routing.dispatch.geofence import DEPOT_FENCE_M, Point, distance_m
from routing.dispatch.standing import Here, Transfer
from routing.dispatch.state import CityOrder, CityVehicle, PlannedStop, Shift, Visited
from routing.dispatch.world import ABOARD, OPEN, World

LOADING: Final = timedelta(minutes=10)
"""A trip that leaves within so long is being loaded, as in `routing.city_standing`."""
ROAD_FACTOR: Final = 1.35
"""Metres driven for each metre between two doors: nothing has told how far it really was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A trip under way. `at` None: the vehicle is free at the place of `heads_to`, or its depot.

    `heads_to` is locked. `orders` are all that it brings, in the order that it was going to.
    """

    number: int
    departed_s: int
    free_s: int
    departed: bool
    orders: tuple[str, ...] = ()
    at: Point | None = None
    heads_to: str | None = None
    here: Here | None = None
    stops_made: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """A vehicle as it is. `free_s` is from when on it may load, if it is on no trip."""

    shift: Shift
    free_s: int
    trip: Trip | None = None
    started: int = 0
    """Trips that were begun in this shift, with the one under way."""
    first_trip: int = 1
    driven_m: int = 0


@dataclass(slots=True)
class Finder:
    """Finds where one vehicle is."""

    world: World
    vehicle: CityVehicle
    visits: Sequence[Visited] = field(init=False)
    rows: dict[int, list[PlannedStop]] = field(init=False)

    def __post_init__(self) -> None:
        now = self.world.state.now
        seen = self.world.visits.get(self.vehicle.id, [])
        self.visits = [visit for visit in seen if visit.arrived_at <= now]
        self.rows = {}
        for stop in self.world.stops.get(self.vehicle.id, []):
            self.rows.setdefault(stop.trip, []).append(stop)

    def find(self) -> Whereabouts | None:
        """Return where the vehicle is. None: it stands, or nobody drives it any more today."""
        if self.world.is_broken(self.vehicle.id):
            return None
        trip = self._trip()
        since = self._since(trip)
        shift = self._shift(trip, since)
        if shift is None:
            return None
        made = self._trips_made(shift.from_at)
        started = made if trip is None else max(made, 1)
        if trip is not None and not self._seen_since(since):
            started = made + 1
        return Whereabouts(
            shift=shift,
            free_s=self._ready_s(shift),
            trip=trip,
            started=started,
            first_trip=trip.number if trip else self._next_number(),
            driven_m=self._driven_m(shift.from_at),
        )

    # Which shift, which trip

    def _since(self, trip: Trip | None) -> datetime:
        now = self.world.state.now
        return min(now, self.world.clock.time_of(trip.departed_s)) if trip else now

    def _shift(self, trip: Trip | None, since: datetime) -> Shift | None:
        """Return the shift that a trip began in, or else the first that is not over."""
        shifts = sorted(self.vehicle.shifts, key=lambda shift: shift.from_at)
        now = self.world.state.now
        left = next((shift for shift in shifts if shift.until_at > now), None)
        if trip is None:
            return left
        begun = [shift for shift in shifts if shift.from_at <= since]
        if begun:
            return begun[-1]
        return left or Shift(from_at=since, until_at=now, drivers=("nobody",))

    def _trips_made(self, since: datetime) -> int:
        """Return how many times doors followed a depot."""
        made, at_depot = 0, True
        for visit in self.visits:
            if visit.arrived_at >= since:
                made += at_depot and visit.depot_id is None
                at_depot = visit.depot_id is not None
        return made

    def _seen_since(self, since: datetime) -> bool:
        """Return whether the trip that left then has come to a door yet."""
        return any(visit.depot_id is None and visit.arrived_at >= since for visit in self.visits)

    def _next_number(self) -> int:
        """Return the number of the next trip of the day: what the plan calls it, if it has one."""
        made = self._trips_made(self.world.clock.midnight)
        open_ = [number for number, rows in self.rows.items() if self.to_bring(rows)]
        return min(open_, default=max([made, *self.rows]) + 1)

    def _driven_m(self, since: datetime) -> int:
        """Return about how far it has driven in this shift, door to door."""
        doors = [
            (visit.lat_deg, visit.lon_deg)
            for visit in self.visits
            if visit.arrived_at >= since and visit.lat_deg is not None and visit.lon_deg is not None
        ]
        way = [self.world.home(self.vehicle), *doors]
        return round(ROAD_FACTOR * sum(distance_m(a, b) for a, b in pairwise(way)))

    def _ready_s(self, shift: Shift) -> int:
        """Return from when on it may load: back, reloaded, and done with what delays it."""
        world, home_s = self.world, 0
        came = [v.arrived_at for v in self.visits if v.arrived_at >= shift.from_at and v.depot_id]
        if came and self._trips_made(shift.from_at):
            home_s = world.clock.second_of(came[-1]) + self.vehicle.reload_s
        from_s = world.clock.second_of(shift.from_at)
        stands_s = world.stands_until_s(self.vehicle.id)
        return max(from_s, home_s, stands_s)

    # The trip that it is on

    def _trip(self) -> Trip | None:
        aboard = self.world.aboard.get(self.vehicle.id, [])
        meets = [t for t in self.world.transfers if self.vehicle.id in {t.giver, t.taker}]
        if meets and (aboard or meets[0].giver == self.vehicle.id):
            return self._meeting(meets, aboard)
        if any(order.stage == "out" for order in aboard):
            return self._out(aboard)
        home = self._coming_home()
        return home or self._loading(aboard)

    def _meeting(self, meets: Sequence[Transfer], aboard: Sequence[CityOrder]) -> Trip:
        """Return the trip of a vehicle that makes for a meeting: it is free when that is over."""
        last = max(meets, key=lambda each: (each.until, each.orders))
        free_s = max(self.world.now_s, self.world.clock.second_of(last.until))
        own = [order for order in aboard if order.aboard == self.vehicle.id]
        departed_s = self._departed_s(own) if own else self.world.now_s
        return Trip(
            number=self._number(aboard),
            departed_s=min(departed_s, free_s),
            free_s=free_s,
            departed=True,
            orders=self._sequence(aboard),
            at=(last.lat_deg, last.lon_deg),
            stops_made=self._doors_since(departed_s),
        )

    def _out(self, aboard: Sequence[CityOrder]) -> Trip:
        departed_s = self._departed_s(aboard)
        orders = self._sequence(aboard)
        here = self._here(aboard)
        heads_to = here.order_id if here else self._next(orders)
        fix = None if here else self.world.fix(self.vehicle.id)
        return Trip(
            number=self._number(aboard),
            departed_s=departed_s,
            free_s=self._free_s(heads_to, seen=bool(here or fix)),
            departed=True,
            orders=tuple(sorted(orders, key=lambda id_: id_ != heads_to)),
            at=(fix.lat_deg, fix.lon_deg) if fix else None,
            heads_to=heads_to,
            here=here,
            stops_made=self._doors_since(departed_s),
        )

    def _coming_home(self) -> Trip | None:
        """Return the rest of a trip that has brought everything, unless it is back."""
        last = self.visits[-1] if self.visits else None
        if not self.vehicle.returns or last is None or last.depot_id is not None:
            return None
        world, fix = self.world, self.world.fix(self.vehicle.id)
        home = world.home(self.vehicle)
        left_s = world.clock.second_of(last.left_at or world.state.now)
        if fix is not None:
            free_s = world.now_s
            if distance_m((fix.lat_deg, fix.lon_deg), home) <= DEPOT_FENCE_M:
                return None
        else:
            free_s = left_s + self._way_home_s(last, home)
            if free_s <= world.now_s:
                return None
        return Trip(
            number=self._number(()),
            departed_s=world.clock.second_of(last.arrived_at),
            free_s=max(free_s, world.now_s, world.stands_until_s(self.vehicle.id)),
            departed=True,
            at=(fix.lat_deg, fix.lon_deg) if fix else None,
        )

    def _loading(self, aboard: Sequence[CityOrder]) -> Trip | None:
        """Return the next trip if it is being loaded."""
        world = self.world
        for number, rows in sorted(self.rows.items()):
            orders = self.to_bring(rows)
            if not orders:
                continue
            leaves_at = rows[0].leaves_at
            # Past its time, and nothing is aboard: nobody loads, whatever the plan said.
            begins_soon = world.state.now < leaves_at <= world.state.now + LOADING
            if not aboard and not begins_soon:
                return None
            loaded = [o.id for o in aboard if o.id not in orders and self.world.is_brought(o.id)]
            return self._being_loaded(number, (*orders, *loaded), leaves_at)
        ids = tuple(order.id for order in aboard if world.is_brought(order.id))
        if ids:
            return self._being_loaded(self._next_number(), ids, world.state.now)
        return None

    def _being_loaded(self, number: int, orders: Sequence[str], leaves_at: datetime) -> Trip:
        world = self.world
        ready_s = [self._packed_s(world.orders[id_]) for id_ in orders]
        leaves_s = max(
            world.now_s,
            world.clock.second_of(leaves_at),
            world.stands_until_s(self.vehicle.id),
            *ready_s,
        )
        return Trip(
            number=number,
            departed_s=leaves_s,
            free_s=leaves_s,
            departed=False,
            orders=tuple(orders),
        )

    # Details of a trip

    def to_bring(self, rows: Sequence[PlannedStop]) -> tuple[str, ...]:
        """Return the orders of a planned trip that it can still bring, in order."""
        return tuple(
            stop.order_id
            for stop in rows
            if stop.kind == "deliver" and stop.order_id is not None and self._may_bring(stop)
        )

    def _may_bring(self, stop: PlannedStop) -> bool:
        order = self.world.orders.get(stop.order_id or "")
        if order is None or order.stage not in OPEN or not self.world.is_brought(order.id):
            return False
        if order.stage in ABOARD:
            # What was loaded on a vehicle that broke down at its depot goes with another.
            has_it = order.aboard == self.vehicle.id or self.world.is_broken(order.aboard or "")
            return has_it and order.stage == "loaded"
        return self.world.pinned.get(order.id) in {None, self.vehicle.id}

    def _packed_s(self, order: CityOrder) -> int:
        """Return when an order is thought to be packed; 0 is now."""
        if order.stage != "waiting":
            return 0
        picking_s = self.world.depots[self.vehicle.depot_id].picking_s
        return self.world.clock.second_of(order.requested_at) + picking_s

    def _number(self, aboard: Sequence[CityOrder]) -> int:
        """Return the number of the trip that brings these, or of one that comes home."""
        ids = {order.id for order in aboard}
        for number, rows in sorted(self.rows.items()):
            if any(stop.order_id in ids for stop in rows if stop.kind == "deliver"):
                return number
        for number, rows in sorted(self.rows.items()):
            if not self.to_bring(rows):
                return number
        return max(1, self._trips_made(self.world.clock.midnight))

    def _departed_s(self, aboard: Sequence[CityOrder]) -> int:
        left = [order.departed_at for order in aboard if order.departed_at is not None]
        at = min(max(left, default=self.world.state.now), self.world.state.now)
        return self.world.clock.second_of(at)

    def _doors_since(self, departed_s: int) -> int:
        since = self.world.clock.time_of(departed_s)
        doors = [v for v in self.visits if v.depot_id is None and v.arrived_at >= since]
        return sum(visit.left_at is not None for visit in doors)

    def _sequence(self, aboard: Sequence[CityOrder]) -> tuple[str, ...]:
        """Return what is aboard as the plan would bring it, then what it doesn't know."""
        ids = [order.id for order in aboard if self.world.is_brought(order.id)]
        planned = [
            stop.order_id
            for rows in self.rows.values()
            for stop in rows
            if stop.kind == "deliver" and stop.order_id in ids
        ]
        known = list(dict.fromkeys(planned))
        return (*known, *(id_ for id_ in ids if id_ not in known))

    def _here(self, aboard: Sequence[CityOrder]) -> Here | None:
        """Return the door that it stands at."""
        ids = {order.id for order in aboard if self.world.is_brought(order.id)}
        open_ = [v for v in self.visits if v.left_at is None and v.order_id in ids]
        if not open_ or open_[-1].order_id is None:
            return None
        return Here(open_[-1].order_id, open_[-1].arrived_at)

    def _next(self, orders: Sequence[str]) -> str | None:
        """Return the stop that is driven to: the first where nobody was yet."""
        been = {visit.order_id for visit in self.visits if visit.left_at is not None}
        return min(orders, key=lambda id_: id_ in been, default=None)

    def _free_s(self, heads_to: str | None, *, seen: bool) -> int:
        """Return from when on it drives from where it is, or else comes to its next stop."""
        world = self.world
        soonest_s = max(world.now_s, world.stands_until_s(self.vehicle.id))
        return soonest_s if seen else max(soonest_s, self._planned_s(heads_to))

    def _planned_s(self, heads_to: str | None) -> int:
        """Return when it should be at a stop: the planned leg after the stop that it left."""
        rows = [stop for rows in self.rows.values() for stop in rows]
        left = [v for v in self.visits if v.left_at is not None]
        for before, stop in pairwise(rows):
            if heads_to is not None and stop.order_id == heads_to:
                leg = stop.arrives_at - before.leaves_at
                if left and left[-1].left_at and left[-1].order_id == before.order_id:
                    return self.world.clock.second_of(left[-1].left_at + leg)
                return self.world.clock.second_of(stop.arrives_at)
        return 0

    def _way_home_s(self, last: Visited, home: Point) -> int:
        if last.lat_deg is None or last.lon_deg is None:
            return 0
        return round(distance_m((last.lat_deg, last.lon_deg), home) * USUAL_PACE_S_PER_M)
