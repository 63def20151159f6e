"""Who works on the plan: which vehicle, in which shift, with which tours of the living plan?

A vehicle of the problem is one shift of a vehicle of the city; its second shift is another. Relay
vehicles work on emergencies alone, and stand in for what has broken down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from routing.dispatch.state import CityVehicle, PlannedStop, Shift, Visited
from routing.dispatch.times import asked_day_of
from routing.dispatch.whereabouts import Finder, Trip, Whereabouts
from routing.dispatch.world import World
from routing.problem import Break, CurrentTrip, Vehicle

OVERTIME: Final = timedelta(minutes=30)
"""A trip may end so long after its shift to keep promises that were made; none is made on it."""
MOST_OF: Final = 0.8
"""A pause that lasts so much of a break was that break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A shift of a vehicle, as a vehicle of the problem. The tour of a trip under way is `trip`'s.

    `tours` are orders and planned departures of what comes after it.
    """

    name: str
    vehicle: CityVehicle
    shift: Shift
    where: Whereabouts | None
    tours: tuple[tuple[tuple[str, ...], int], ...] = ()

    @property
    def trip(self) -> Trip | None:
        """Return the trip under way."""
        return self.where.trip if self.where else None


def duties(world: World, modes: Sequence[str]) -> list[Duty]:
    """Return everyone's duties, by vehicle and shift."""
    found: list[Duty] = []
    for vehicle in sorted(world.state.vehicles, key=lambda vehicle: vehicle.id):
        if vehicle.id in world.stuck or vehicle.mode not in modes:
            continue
        if vehicle.depot_id not in world.depots:
            continue
        finder = Finder(world, vehicle)
        where = finder.find()
        if where is not None and _works(world, vehicle, where):
            found += _duties_of(world, finder, where)
    return found


def _works(world: World, vehicle: CityVehicle, where: Whereabouts) -> bool:
    pinned = vehicle.id in world.pinned.values()
    return vehicle.role != "relay" or where.trip is not None or pinned or _stands_in(world)


def _stands_in(world: World) -> bool:
    """Return whether a vehicle has broken down that would be at work: a spare takes its place."""
    now = world.state.now
    return any(
        world.is_broken(vehicle.id)
        and any(shift.from_at <= now < shift.until_at for shift in vehicle.shifts)
        for vehicle in world.state.vehicles
        if vehicle.role != "relay"
    )


def _duties_of(world: World, finder: Finder, where: Whereabouts) -> Iterator[Duty]:
    vehicle = finder.vehicle
    ends_at = asked_day_of(world.state).ends_at
    later = sorted(
        (s for s in vehicle.shifts if where.shift.from_at < s.from_at < ends_at),
        key=lambda shift: shift.from_at,
    )
    shifts = [where.shift, *later]
    tours: list[list[tuple[tuple[str, ...], int]]] = [[] for _ in shifts]
    # A trip may have left with less than was planned for it, or with what was for a later one.
    current = set(where.trip.orders) if where.trip else set()
    for _, rows in sorted(finder.rows.items()):
        orders = tuple(id_ for id_ in finder.to_bring(rows) if id_ not in current)
        if orders:
            tours[_shift_of(shifts, rows)].append(
                (orders, world.clock.second_of(rows[0].leaves_at))
            )
    for k, shift in enumerate(shifts):
        yield Duty(
            name=vehicle.id if k == 0 else f"{vehicle.id}#{k + 1}",
            vehicle=vehicle,
            shift=shift,
            where=where if k == 0 else None,
            tours=tuple(tours[k]),
        )


def _shift_of(shifts: Sequence[Shift], rows: Sequence[PlannedStop]) -> int:
    begun = [k for k, shift in enumerate(shifts) if shift.from_at <= rows[0].leaves_at]
    return begun[-1] if begun else 0


# As a vehicle of the problem ----------------------------------------------------------------------


def as_vehicle(world: World, duty: Duty) -> Vehicle:
    """Return a duty as the router sees it, before limits are widened to what is real."""
    row, where, clock = duty.vehicle, duty.where, world.clock
    started = where.started if where else 0
    end_s = clock.second_of(_may_end_at(duty))
    start_s = where.free_s if where else clock.second_of(duty.shift.from_at)
    rested_s, breaks = _breaks(world, duty)
    vehicle = Vehicle(
        id=duty.name,
        depot=row.depot_id,
        mode=row.mode,
        capacity=row.capacity,
        start_s=min(max(start_s, rested_s), end_s),
        end_s=end_s,
        kind=row.kind,
        max_trips=_trips_left(world, row, started),
        reload_s=row.reload_s,
        range_m=row.range_m,
        driven_m=where.driven_m if where and row.range_m is not None else 0,
        door_s=row.door_s,
        breaks=breaks,
        returns=row.returns,
        skills=world.skills(row),
        # A staffed shift is paid for, driven or not: only what is hired for the job costs more.
        fixed_cost=0 if started or row.role != "reserve" else row.fixed_cost,
        cost_per_km=row.cost_per_km,
        cost_per_h=row.cost_per_h,
        cost_per_order=row.cost_per_order,
    )
    if duty.trip is None:
        return vehicle
    return replace(vehicle, start_s=min(start_s, end_s), current=_current(world, duty, rested_s))


def _may_end_at(duty: Duty) -> datetime:
    """Return the end of a shift with overtime, as far as nobody waits for the vehicle."""
    later = [each.from_at for each in duty.vehicle.shifts if each.from_at >= duty.shift.until_at]
    return min([duty.shift.until_at + OVERTIME, *later])


def place_of_trip(world: World, duty: Duty, trip: Trip) -> str:
    """Return the name of the place at which a vehicle under way is free."""
    if trip.at is not None:
        return f"vehicle:{duty.vehicle.id}"
    if trip.heads_to is None:
        return f"depot:{duty.vehicle.depot_id}"
    order = world.orders[trip.heads_to]
    if order.wish == "locker" and order.locker_id in world.lockers:
        return f"locker:{order.locker_id}"
    return f"order:{order.id}"


def _current(world: World, duty: Duty, rested_s: int) -> CurrentTrip | None:
    trip = duty.trip
    if trip is None:
        return None
    return CurrentTrip(
        departed_s=trip.departed_s,
        place=place_of_trip(world, duty, trip),
        free_s=max(trip.free_s, rested_s, world.now_s),
        aboard=trip.orders,
        locked=(trip.heads_to,) if trip.heads_to is not None else (),
        stops_made=trip.stops_made,
    )


def _trips_left(world: World, row: CityVehicle, started: int) -> int:
    if row.role == "relay" and started and not _stands_in(world):
        return 0
    if not row.returns:
        return 0 if started else 1
    return max(0, row.max_trips - started)


# Breaks -------------------------------------------------------------------------------------------


def _breaks(world: World, duty: Duty) -> tuple[int, tuple[Break, ...]]:
    """Return until when the crew rests now, 0 if it doesn't, and the breaks still to come."""
    rested_s, left = 0, []
    for earliest_at, latest_at, duration_s in sorted(duty.shift.breaks):
        rest = Break(
            earliest_s=world.clock.second_of(earliest_at),
            latest_s=world.clock.second_of(latest_at),
            duration_s=duration_s,
        )
        began_s = _began_s(world, duty, rest)
        if began_s is None:
            left.append(rest)
        else:
            rested_s = max(rested_s, began_s + duration_s)
    if rested_s <= world.now_s:
        rested_s = 0
    begins_s = max(world.now_s, rested_s, _begins_s(world, duty))
    return rested_s, tuple(rest for rest in left if rest.latest_s >= begins_s)


def _begins_s(world: World, duty: Duty) -> int:
    if duty.trip is not None:
        return duty.trip.free_s
    return duty.where.free_s if duty.where else world.clock.second_of(duty.shift.from_at)


def _began_s(world: World, duty: Duty, rest: Break) -> int | None:
    """Return when a break began, as far as can be seen: a crew that stands long enough rests."""
    if duty.where is None or world.now_s < rest.earliest_s:
        return None
    for from_s, until_s in _pauses(world, duty):
        begins_s = max(from_s, rest.earliest_s)
        still = until_s is None and begins_s <= min(world.now_s, rest.latest_s)
        if still or (until_s is not None and until_s - begins_s >= MOST_OF * rest.duration_s):
            return begins_s
    return None


def _pauses(world: World, duty: Duty) -> Iterator[tuple[int, int | None]]:
    """Yield when a vehicle stood without serving or driving; None is until now."""
    visits = [
        v for v in world.visits.get(duty.vehicle.id, ()) if v.arrived_at >= duty.shift.from_at
    ]
    for visit in visits:
        yield from _pauses_of(world, visit)
    trip = duty.trip
    depots = [v.arrived_at for v in visits if v.depot_id is not None]
    came_at = depots[-1] if depots else duty.shift.from_at
    if trip is None or not trip.departed:
        if not visits or visits[-1].depot_id is not None:
            yield world.clock.second_of(came_at), None
        return
    yield world.clock.second_of(came_at), trip.departed_s
    if trip.here is not None:
        order = world.orders[trip.here.order_id]
        yield world.clock.second_of(trip.here.since) + order.service_s, None
    elif visits and visits[-1].left_at is None:
        yield _done_s(world, visits[-1]), None


def _done_s(world: World, visit: Visited) -> int:
    """Return since when a vehicle stands at a door without having anything to do there."""
    order = world.orders.get(visit.order_id or "")
    if order is not None and order.delivered_at is not None:
        return world.clock.second_of(order.delivered_at)
    return world.clock.second_of(visit.arrived_at) + (visit.stop_planned_s or 0)


def _pauses_of(world: World, visit: Visited) -> Iterator[tuple[int, int | None]]:
    """Yield the rest of a leg and of a stop that took longer than they had to."""
    clock = world.clock
    arrived_s = clock.second_of(visit.arrived_at)
    if visit.leg_actual_s is not None and visit.leg_planned_s is not None:
        yield arrived_s - visit.leg_actual_s + visit.leg_planned_s, arrived_s
    if visit.left_at is not None:
        serving_s = visit.stop_planned_s or 0
        yield arrived_s + serving_s, clock.second_of(visit.left_at)
