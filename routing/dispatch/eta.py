"""When will a vehicle be at each of its stops, and how sure is that?

From where it is now: at a stop, on its way by its newest fix, or still at its depot. Rows of the
plan give the legs and services (means, see `learning`); the last piece of a leg is measured by
the pace of the plan's own legs. Each leg and service adds its spread. Part of that is common to a
day (traffic), the rest each one's own, so it grows slower than the sum and faster than the root.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import sqrt
from statistics import median
from typing import Final

from routing.dispatch.geofence import Ground, Point, distance_m
from routing.dispatch.learning import Ratio, TimeBook
from routing.dispatch.state import (
    CityState,
    CityVehicle,
    Disruption,
    PlannedStop,
    Visited,
)
from schemas.disruptions import DelayDetails

COMMON: Final = 0.3
"""The share of the variance that all legs of a way have in common."""
FRESH: Final = timedelta(minutes=10)
"""An older fix doesn't say where a vehicle is."""
SHORTEST_LEG_M: Final = 200.0
"""A shorter one tells of parking, not of pace."""
USUAL_PACE_S_PER_M: Final = 0.25
"""Where the plan has no leg to measure: 4 m/s as the crow flies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """When a vehicle comes to an order's stop; eight in ten come from `earliest` to `latest`."""

    order_id: str
    vehicle_id: str
    arrives_at: datetime
    earliest_at: datetime
    latest_at: datetime
    is_next: bool
    """The vehicle is out, and comes to no other stop before."""


class Spread:
    """How far off a sum of means may be, to either side, seconds."""

    def __init__(self) -> None:
        self._sums = [0.0, 0.0]
        self._squares = [0.0, 0.0]

    def add(self, mean_s: float, ratio: Ratio) -> None:
        """Add a part of so many seconds in the mean."""
        for side, end in enumerate((ratio.mean - ratio.q10, ratio.q90 - ratio.mean)):
            off_s = mean_s * max(0.0, end) / ratio.mean
            self._sums[side] += off_s
            self._squares[side] += off_s * off_s

    def absorb(self, wait_s: float) -> None:
        """Let a wait take up what came before: who is late waits less, who is early longer."""
        late_s = self.ends_s()[1]
        left = max(0.0, 1 - wait_s / late_s) if late_s > 0 else 0.0
        if wait_s > 0:
            self._sums = [part * left for part in self._sums]
            self._squares = [part * left * left for part in self._squares]

    def ends_s(self) -> tuple[float, float]:
        """Return how much earlier and how much later eight in ten are at most."""
        early_s, late_s = (
            sqrt(COMMON * total * total + (1 - COMMON) * squares)
            for total, squares in zip(self._sums, self._squares, strict=True)
        )
        return early_s, late_s


def expected(state: CityState, book: TimeBook) -> tuple[Expected, ...]:
    """Return what is expected of each stop that is still to come, by vehicle and in order."""
    ground = Ground.of(state)
    paces = paces_of(state, ground)
    found: list[Expected] = []
    for vehicle in state.vehicles:
        if vehicle.id in ground.stops and not is_broken_down(state, vehicle.id):
            way = _Way(state, ground, vehicle, book, paces.get(vehicle.mode, USUAL_PACE_S_PER_M))
            found += way.expected()
    return tuple(found)


def is_broken_down(state: CityState, vehicle_id: str) -> bool:
    """Return whether a vehicle stands, and nobody knows until when."""
    return any(
        one.kind == "breakdown" and one.until_at is None and _holds(one, vehicle_id, state.now)
        for one in state.disruptions
    )


def _stands_until(disruption: Disruption) -> datetime | None:
    """Return until when a disruption has its vehicle stand; None: it doesn't, or nobody knows."""
    if disruption.kind == "breakdown":
        return disruption.until_at
    if isinstance(disruption.details, DelayDetails):
        return disruption.from_at + timedelta(seconds=disruption.details.delay_s)
    return None


def _holds(disruption: Disruption, vehicle_id: str, now: datetime) -> bool:
    until_at = disruption.until_at
    began = disruption.vehicle_id == vehicle_id and disruption.from_at <= now
    return began and (until_at is None or now < until_at)


def paces_of(state: CityState, ground: Ground) -> dict[str, float]:
    """Return each mode's seconds for a metre as the crow flies, in the median leg of the plan."""
    paces: dict[str, list[float]] = {}
    for vehicle in state.vehicles:
        for before, after in pairwise(ground.stops.get(vehicle.id, ())):
            here, there = _place(before, ground), _place(after, ground)
            if before.trip != after.trip or here is None or there is None:
                continue
            away_m = distance_m(here, there)
            if away_m >= SHORTEST_LEG_M:
                paces.setdefault(vehicle.mode, []).append(_gap_s(before, after) / away_m)
    return {mode: median(of) for mode, of in paces.items()}


def _gap_s(before: PlannedStop, after: PlannedStop) -> float:
    return max(0.0, (after.arrives_at - before.leaves_at).total_seconds())


def _place(stop: PlannedStop, ground: Ground) -> Point | None:
    if stop.lat_deg is not None and stop.lon_deg is not None:
        return (stop.lat_deg, stop.lon_deg)
    if stop.depot_id is not None:
        return ground.places.get(f"depot:{stop.depot_id}")
    order = ground.orders.get(stop.order_id or "")
    return None if order is None else ground.door_of(order, to_locker=stop.to_locker)


class _Way:
    """One vehicle's way through what it has still to do."""

    def __init__(
        self,
        state: CityState,
        ground: Ground,
        vehicle: CityVehicle,
        book: TimeBook,
        pace_s_per_m: float,
    ) -> None:
        self._state = state
        self._ground = ground
        self._vehicle = vehicle
        self._orders = ground.orders
        self._stops = ground.stops.get(vehicle.id, ())
        self._leg, self._service = book.leg_ratio(vehicle.mode), book.stop_ratio()
        self._pace_s_per_m = pace_s_per_m
        self._visits = ground.visits.get(vehicle.id, ())
        self._spread = Spread()
        self._at = state.now
        """When the vehicle leaves the stop before, or where it is now."""

    def expected(self) -> Iterator[Expected]:
        """Yield what is expected of each delivery, in order."""
        here = self._here()
        at_door = None if here is None else here.order_id
        stops = [stop for stop in self._stops if not self._is_done(stop)]
        if at_door is not None:  # though the plan may have another stop before
            stops.sort(key=lambda stop: stop.order_id != at_door)
        is_out = here is not None or self._is_under_way(stops)
        before: PlannedStop | None = None
        for stop in stops:
            if here is not None and here.order_id == stop.order_id:
                self._stay(here, stop)
            elif stop.kind == "load":
                self._load(before, stop)
            else:
                self._drive(before, stop, is_out=is_out)
                if stop.kind == "deliver" and stop.order_id is not None:
                    yield self._expected(stop, is_next=is_out and before is None)
                self._serve(stop)
            before = stop

    def _here(self) -> Visited | None:
        """Return the visit that the vehicle is at: a door that it came to and has not left."""
        open_visits = [v for v in self._visits if v.left_at is None and v.order_id in self._orders]
        here = max(open_visits, key=lambda v: v.arrived_at, default=None)
        if here is None or self._orders[here.order_id or ""].stage in {"delivered", "ended"}:
            return None
        return here

    def _is_done(self, stop: PlannedStop) -> bool:
        if stop.kind == "load":
            return self._is_under_way([s for s in self._stops if s.trip == stop.trip])
        if stop.kind == "return" or stop.order_id is None:
            return False
        if stop.kind == "meet":
            return self._has_met(stop.order_id)
        order = self._orders.get(stop.order_id)
        left = any(v.order_id == stop.order_id and v.left_at is not None for v in self._visits)
        return order is None or order.stage in {"delivered", "ended"} or left

    def _has_met(self, order_id: str) -> bool:
        """Return whether a box has changed hands: the giver has it no more, the taker has it."""
        order = self._orders.get(order_id)
        takes = any(s.kind == "deliver" and s.order_id == order_id for s in self._stops)
        return order is None or (order.aboard == self._vehicle.id) == takes

    def _is_under_way(self, stops: Sequence[PlannedStop]) -> bool:
        """Return whether the first of these trips has left its depot."""
        trip = min((stop.trip for stop in stops), default=0)
        ids = [stop.order_id for stop in stops if stop.trip == trip and stop.order_id is not None]
        orders = [self._orders[id_] for id_ in ids if id_ in self._orders]
        return any(o.stage == "out" and o.aboard in {None, self._vehicle.id} for o in orders)

    # Moving the clock on --------------------------------------------------------------------------

    def _stay(self, visit: Visited, stop: PlannedStop) -> None:
        """Stay at a door for what is left of such a stop's time."""
        service_s = self._service_s(stop)
        done_s = (self._state.now - visit.arrived_at).total_seconds()
        left_s = max(0.0, service_s - done_s)
        self._at = self._state.now + timedelta(seconds=left_s)
        self._spread.add(max(left_s, service_s / 4), self._service)

    def _load(self, before: PlannedStop | None, stop: PlannedStop) -> None:
        """Stand at the depot until the trip may leave; one that comes back reloads first."""
        if before is not None:
            self._at += timedelta(seconds=self._vehicle.reload_s)
        self._wait_until(stop.leaves_at)

    def _drive(self, before: PlannedStop | None, stop: PlannedStop, *, is_out: bool) -> None:
        if before is not None:
            self._go_on(self._way_s(before, stop))
        elif is_out:
            self._go_on(self._rest_of_leg_s(stop))
        else:
            self._at = max(self._state.now, stop.arrives_at)

    def _way_s(self, before: PlannedStop, stop: PlannedStop) -> float:
        """Return the way between two stops: the plan's, or by its pace if it has others between."""
        if stop.trip != before.trip or stop.position == before.position + 1:
            return _gap_s(before, stop)
        here, there = _place(before, self._ground), _place(stop, self._ground)
        if here is None or there is None:
            return _gap_s(before, stop)
        return distance_m(here, there) * self._pace_s_per_m

    def _go_on(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        self._spread.add(seconds, self._leg)

    def _rest_of_leg_s(self, stop: PlannedStop) -> float:
        """Return what is left of the way to a stop, by the newest fix or else by the plan."""
        fix, there = self._vehicle.position, _place(stop, self._ground)
        now = self._state.now
        loses_s = self._delay_s()
        if fix is None or there is None or now - fix.at > FRESH:
            return max(loses_s, (stop.arrives_at - now).total_seconds(), 0.0)
        left_s = distance_m((fix.lat_deg, fix.lon_deg), there) * self._pace_s_per_m
        since_s = max(0.0, (now - fix.at).total_seconds())
        way_s = loses_s + max(0.0, left_s - since_s)
        if self._rests():
            return max(way_s, (stop.arrives_at - now).total_seconds())
        return way_s

    def _rests(self) -> bool:
        """Return whether it still stands at a door where all is done: the plan knows how long."""
        return bool(self._visits) and self._visits[-1].left_at is None

    def _delay_s(self) -> float:
        """Return what is left of the time that the vehicle was said to lose."""
        now = self._state.now
        ends = [
            _stands_until(one)
            for one in self._state.disruptions
            if _holds(one, self._vehicle.id, now)
        ]
        return max([0.0, *((at - now).total_seconds() for at in ends if at is not None)])

    def _serve(self, stop: PlannedStop) -> None:
        opens_at = self._opens_at(stop)
        if opens_at is not None:
            self._wait_until(opens_at)
        seconds = self._service_s(stop)
        self._at += timedelta(seconds=seconds)
        self._spread.add(seconds, self._service)

    def _wait_until(self, at: datetime) -> None:
        wait_s = (at - self._at).total_seconds()
        if wait_s > 0:
            self._spread.absorb(wait_s)
            self._at = at

    def _opens_at(self, stop: PlannedStop) -> datetime | None:
        order = self._orders.get(stop.order_id or "")
        return None if order is None else order.not_before

    def _service_s(self, stop: PlannedStop) -> float:
        opens_at = self._opens_at(stop)
        begins_at = max(stop.arrives_at, opens_at) if opens_at else stop.arrives_at
        return max(0.0, (stop.leaves_at - begins_at).total_seconds())

    def _expected(self, stop: PlannedStop, *, is_next: bool) -> Expected:
        early_s, late_s = self._spread.ends_s()
        return Expected(
            order_id=stop.order_id or "",
            vehicle_id=self._vehicle.id,
            arrives_at=self._at,
            earliest_at=max(self._state.now, self._at - timedelta(seconds=early_s)),
            latest_at=self._at + timedelta(seconds=late_s),
            is_next=is_next,
        )
