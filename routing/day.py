"""How does one vehicle's day go, and which rules does it break?

The day is walked once, stop by stop:

- a trip leaves when the vehicle is free, its orders are picked, and its tour says so; one whose
  first door is still closed by then waits at its depot
- a leg is driven at the pace of the slices of the day it lies in (`routing.travel.arrival_s`)
- a break begins as soon as its window is open and the vehicle stands: before a departure, after a
  stop, or in a wait that is long enough for it
- exposure is the time since the trip left, plus `door_s` for each door opened before on that trip
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from routing.plan import (
    UNITS_PER_MINOR,
    Cost,
    Reason,
    Route,
    Stop,
    Totals,
    Tour,
    Trip,
    Violation,
    Visit,
)
from routing.problem import CurrentTrip, Depot, Order, Problem, Vehicle
from routing.travel import UNREACHABLE_S, Leg, arrival_s

PER_KM: Final = UNITS_PER_MINOR // 1000
PER_MIN: Final = UNITS_PER_MINOR // 60
PER_H: Final = UNITS_PER_MINOR // 3600


@dataclass(slots=True)
class Day:
    """One vehicle's day while it is walked."""

    problem: Problem
    depots: Mapping[str, Depot]
    place_of: Mapping[str, int]
    vehicle: Vehicle
    free_s: int = field(init=False)
    breaks_taken_s: list[int] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    loaded: list[tuple[int, int]] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    paid_s: int = 0
    on_board_s: int = 0
    lateness: int = 0
    on_board: int = 0
    warmth: int = 0
    orders: int = 0
    changes: int = 0
    moved: int = 0

    def __post_init__(self) -> None:
        self.free_s = max(self.vehicle.start_s, self.problem.now_s)

    def finish_current(self, current: CurrentTrip, visits: tuple[Visit, ...]) -> None:
        """Walk the trip that is under way."""
        self._check_current(current, visits)
        from_s = current.free_s
        self.free_s = self._rest(from_s, from_s)
        self._drive(visits, current.place, current.departed_s, current.stops_made)
        self.paid_s += self.free_s - from_s

    def make_trip(self, tour: Tour) -> None:
        """Walk a trip from the depot."""
        orders = [self.problem.orders[visit.order] for visit in tour.visits]
        depot = self.depots[self.vehicle.depot]
        self._check_loading(orders, depot)
        free_s = self.free_s + (self.vehicle.reload_s if self.trips else 0)
        ready_s = max(order.ready_s + depot.picking_s for order in orders)
        departs_s = self._rest(free_s, max(free_s, ready_s, tour.not_before_s))
        first = self._leg(depot.place, self._stop_place(tour.visits[0]))
        early_s = orders[0].not_before_s - arrival_s(departs_s, first, self._starts_s())
        departs_s = self._rest(departs_s, departs_s + max(0, early_s))
        self.loaded.append((departs_s, len(orders)))
        self.free_s = departs_s
        self._drive(tour.visits, depot.place, departs_s, 0)
        self.paid_s += self.free_s - departs_s

    def end(self) -> None:
        """Hold the whole day against the shift, the range and the breaks."""
        if not self.trips:
            return
        if self.free_s > self.vehicle.end_s:
            self._break_rule("shift", None, f"ends at {self.free_s} s of {self.vehicle.end_s}")
        way_m = self.vehicle.driven_m + sum(trip.distance_m for trip in self.trips)
        if self.vehicle.range_m is not None and way_m > self.vehicle.range_m:
            self._break_rule("range", None, f"drives {way_m} m of {self.vehicle.range_m}")
        for rest in self.vehicle.breaks[len(self.breaks_taken_s) :]:
            if rest.latest_s < self.free_s:
                self._break_rule("break", None, f"misses its break until {rest.latest_s} s")
        new_trips = len(self.trips) - (self.vehicle.current is not None)
        if new_trips > self.vehicle.max_trips:
            self._break_rule("shift", None, f"makes {new_trips} trips of {self.vehicle.max_trips}")
        if not self.vehicle.returns and len(self.trips) > 1:
            self._break_rule("shift", None, "does not return to its depot for another trip")

    def route(self) -> Route:
        """Return the day as it will happen."""
        return Route(
            vehicle=self.vehicle.id, trips=tuple(self.trips), breaks_s=tuple(self.breaks_taken_s)
        )

    def cost(self) -> Cost:
        """Return the day's cost."""
        vehicle = self.vehicle
        starts = bool(self.trips) and vehicle.current is None
        return Cost(
            distance=vehicle.cost_per_km * PER_KM * sum(trip.distance_m for trip in self.trips),
            time=vehicle.cost_per_h * PER_H * self.paid_s,
            vehicles=vehicle.fixed_cost * UNITS_PER_MINOR * starts,
            orders=self.orders * UNITS_PER_MINOR,
            lateness=self.lateness * PER_MIN,
            on_board=self.on_board * PER_MIN,
            warmth=self.warmth * PER_MIN,
            changes=self.changes * UNITS_PER_MINOR,
        )

    def totals(self) -> Totals:
        """Return what the day comes to."""
        stops = [stop for trip in self.trips for stop in trip.stops]
        return Totals(
            distance_m=sum(trip.distance_m for trip in self.trips),
            driving_and_service_s=self.paid_s,
            late_s=sum(stop.late_s for stop in stops),
            late_orders=sum(stop.late_s > 0 for stop in stops),
            on_board_s=self.on_board_s,
            vehicles_used=bool(stops),
            orders_moved=self.moved,
        )

    def _drive(
        self, visits: tuple[Visit, ...], place: str, departed_s: int, doors_before: int
    ) -> None:
        """Drive from `place` at `free_s`, stop by stop, and home. `departed_s` begins exposure."""
        way_m, stops = 0, []
        for doors, visit in enumerate(visits, doors_before):
            before, place = place, self._stop_place(visit)
            way_m += self._go(before, place)
            stops.append(self._serve(visit, departed_s, doors))
        if self.vehicle.returns:
            way_m += self._go(place, self.depots[self.vehicle.depot].place)
        self.trips.append(
            Trip(
                departs_s=departed_s,
                ends_s=self.free_s,
                distance_m=way_m,
                stops=tuple(stops),
            )
        )

    def _go(self, origin: str, destination: str) -> int:
        """Drive one leg; return its metres."""
        leg = self._leg(origin, destination)
        if leg.durations_s[0] >= UNREACHABLE_S:
            self._break_rule("unreachable", None, f"no way from {origin} to {destination}")
        self.free_s = arrival_s(self.free_s, leg, self._starts_s())
        return leg.distance_m

    def _serve(self, visit: Visit, departed_s: int, doors: int) -> Stop:
        order = self.problem.orders[visit.order]
        arrives_s = self.free_s
        starts_s = self._wait(arrives_s, order.not_before_s)
        service_s = order.service_s
        if visit.to_locker and order.locker is not None:
            service_s = order.locker.service_s
            self.orders += order.locker.cost
        exposure_s = starts_s - departed_s + doors * self.vehicle.door_s
        self._charge(order, starts_s, departed_s, exposure_s)
        self._check_stop(order, starts_s, exposure_s)
        leaves_s = starts_s + service_s
        self.free_s = self._rest(leaves_s, leaves_s)
        return Stop(
            order=order.id,
            to_locker=visit.to_locker,
            arrives_s=arrives_s,
            starts_s=starts_s,
            leaves_s=leaves_s,
            late_s=max(0, starts_s - order.due_s),
            exposure_s=exposure_s,
        )

    def _charge(self, order: Order, starts_s: int, departed_s: int, exposure_s: int) -> None:
        self.on_board_s += starts_s - departed_s
        self.on_board += order.onboard_cost_per_min * (starts_s - departed_s)
        self.lateness += order.late_cost_per_min * max(0, starts_s - order.due_s)
        if order.warm_after_s is not None:
            self.warmth += order.warm_cost_per_min * max(0, exposure_s - order.warm_after_s)
        self.orders += self.vehicle.cost_per_order
        if order.known_vehicle not in {None, self.vehicle.id}:
            self.changes += order.move_cost
            self.moved += 1

    def _rest(self, from_s: int, until_s: int) -> int:
        """Stand from `from_s` until at least `until_s`, taking what breaks are due by then."""
        vehicle = self.vehicle
        for rest in vehicle.breaks[len(self.breaks_taken_s) :]:
            if rest.earliest_s > until_s:
                break
            starts_s = max(from_s, rest.earliest_s)
            self._take(starts_s, rest.latest_s)
            from_s = starts_s + rest.duration_s
            until_s = max(until_s, from_s)
        return until_s

    def _wait(self, from_s: int, until_s: int) -> int:
        """Wait at a door that opens at `until_s`, with the breaks that fit into the wait."""
        for rest in self.vehicle.breaks[len(self.breaks_taken_s) :]:
            starts_s = max(from_s, rest.earliest_s)
            if starts_s + rest.duration_s > until_s:
                break
            self._take(starts_s, rest.latest_s)
            from_s = starts_s + rest.duration_s
        return max(from_s, until_s)

    def _take(self, starts_s: int, latest_s: int) -> None:
        self.breaks_taken_s.append(starts_s)
        if starts_s > latest_s:
            self._break_rule("break", None, f"begins its break at {starts_s} s, after {latest_s}")

    def _check_stop(self, order: Order, starts_s: int, exposure_s: int) -> None:
        if starts_s > order.latest_s:
            self._break_rule("promise", order.id, f"served at {starts_s} s, after {order.latest_s}")
        if order.hold_s is not None and exposure_s > order.hold_s:
            self._break_rule("cold", order.id, f"exposed for {exposure_s} s of {order.hold_s}")
        if not order.skills <= self.vehicle.skills:
            missing = ", ".join(sorted(order.skills - self.vehicle.skills))
            self._break_rule("skill", order.id, f"the vehicle lacks {missing}")
        if order.only_vehicle not in {None, self.vehicle.id}:
            self._break_rule("pin", order.id, f"pinned to {order.only_vehicle}")

    def _check_loading(self, orders: list[Order], depot: Depot) -> None:
        for order in orders:
            if depot.id not in order.depots:
                self._break_rule("stock", order.id, f"{depot.id} does not have it")
        loads = [order.load.by_zone() for order in orders]
        for name, limit, weight in zip(
            ("frozen", "chilled", "ambient"),
            self.vehicle.capacity.by_zone(),
            (sum(zone) for zone in zip(*loads, strict=True)),
            strict=True,
        ):
            if weight > limit:
                reason: Reason = "capacity" if limit else "compartment"
                self._break_rule(reason, None, f"loads {weight} g {name} of {limit}")

    def _check_current(self, current: CurrentTrip, visits: tuple[Visit, ...]) -> None:
        ids = [self.problem.orders[visit.order].id for visit in visits]
        for order in ids:
            if order not in current.aboard:
                self._break_rule("pin", order, "is not aboard")
        if tuple(ids[: len(current.locked)]) != current.locked:
            self._break_rule("pin", None, f"locked stops are {', '.join(current.locked)}")

    def _break_rule(self, reason: Reason, order: str | None, sentence: str) -> None:
        self.violations.append(
            Violation(
                reason=reason,
                vehicle=self.vehicle.id,
                order=order,
                sentence=f"{self.vehicle.id}: {f'{order}: ' if order else ''}{sentence}",
            )
        )

    def _stop_place(self, visit: Visit) -> str:
        order = self.problem.orders[visit.order]
        return order.locker.place if visit.to_locker and order.locker else order.place

    def _leg(self, origin: str, destination: str) -> Leg:
        return self.problem.travel.leg(
            self.vehicle.mode, self.place_of[origin], self.place_of[destination]
        )

    def _starts_s(self) -> tuple[int, ...]:
        return self.problem.travel.starts_s(self.vehicle.mode)
