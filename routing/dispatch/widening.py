"""Which limits has reality broken already, and how far do they have to move?

Who is late comes home after the end of the shift, all the same. A vehicle under way has its shift,
its range and its breaks widened to what the rest of its trip takes, at the pace of the plan; what
it may do besides stays within them.
"""

from dataclasses import replace
from itertools import islice

from routing.day import Day
from routing.evaluate import Judge
from routing.plan import Tour, Visit
from routing.problem import Vehicle


def widened(judge: Judge, vehicle: Vehicle, visits: tuple[Visit, ...]) -> Vehicle | None:
    """Return a vehicle that can make the rest of its trip; None if there is no way.

    Both ways must be allowed: everything aboard, and the locked stops alone.
    """
    current = vehicle.current
    if current is None:
        return vehicle
    locked = tuple(islice(visits, len(current.locked)))
    for _ in range(2 + len(vehicle.breaks)):
        before = vehicle
        for tour in (locked, visits):
            vehicle = _moved(judge.day(vehicle, (Tour(tour),)))
        if vehicle == before:
            break
    days = (judge.day(vehicle, (Tour(tour),)) for tour in (locked, visits))
    return None if any(day.violations for day in days) else vehicle


def _moved(day: Day) -> Vehicle:
    vehicle = day.vehicle
    if not day.violations:
        return vehicle
    way_m = vehicle.driven_m + sum(trip.distance_m for trip in day.trips)
    breaks = tuple(
        replace(rest, latest_s=max(rest.latest_s, _reached_s(day, k)))
        for k, rest in enumerate(vehicle.breaks)
    )
    return replace(
        vehicle,
        end_s=max(vehicle.end_s, day.free_s),
        range_m=None if vehicle.range_m is None else max(vehicle.range_m, way_m),
        breaks=breaks,
    )


def _reached_s(day: Day, k: int) -> int:
    """Return when a break begins in a day, or when the day ends without it."""
    return day.breaks_taken_s[k] if k < len(day.breaks_taken_s) else day.free_s
