"""Does a problem's travel fit its places, and can each order be brought from where it is?

An order is out of reach if no vehicle of a depot that has it can drive from there to its door or
to its locker. The way back is looked at where travel is given as matrices; other sources would
have to look for it from every door.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.check_values import MAX_TIME_S, Fault, place_faults, shown
from routing.problem import Order, Problem, Vehicle
from routing.travel import UNREACHABLE_S, GreatCircle, Matrices, ModeMatrix, Pace, Travel
from routing.weather import Weathered

MAX_LEG_M: Final = 2_000_000
MAX_LEG_S: Final = MAX_TIME_S

Reached = dict[str, NDArray[np.bool_]]
"""For each depot, at which places its vehicles can serve a door."""


def travel_faults(problem: Problem) -> Iterator[Fault]:
    """Yield what is wrong with a problem's travel."""
    travel, modes = problem.travel, problem.travel.modes
    for k, vehicle in enumerate(problem.vehicles):
        if vehicle.mode not in modes:
            known = ", ".join(modes) or "none"
            reason = f"travel knows no {shown(vehicle.mode)}; its modes are {known}"
            yield Fault(f"vehicles[{k}].mode", reason)
    while isinstance(travel, Weathered):
        travel = travel.clear
    if isinstance(travel, Matrices):
        for mode, matrix in travel.by_mode.items():
            yield from matrix_faults(f"travel.modes.{mode}", matrix, len(problem.places))
    elif isinstance(travel, GreatCircle):
        yield from place_faults(problem.places, needed=True)
        for mode, pace in travel.paces.items():
            yield from pace_faults(f"travel.modes.{mode}", pace)


def _extent_faults(travel: Travel, places: int) -> Iterator[Fault]:
    """Yield a fault if a travel that was made of coordinates ends before the places do."""
    if isinstance(travel, Matrices) or not places or not travel.modes:
        return
    try:
        travel.leg(travel.modes[0], places - 1, places - 1)
    except IndexError:
        reason = f"doesn't know places[{places - 1}]; make it of all places"
        yield Fault("travel", reason)


def slice_faults(where: str, starts_s: Sequence[int], slices: int) -> Iterator[Fault]:
    """Yield what is wrong with the beginnings of a day's slices."""
    where = f"{where}.starts_s"
    if len(starts_s) != slices:
        yield Fault(where, f"has {len(starts_s)} slices, the durations {slices}; give as many")
    if any(type(start_s) is not int for start_s in starts_s):
        yield Fault(where, "gives other than whole numbers; give seconds")
    elif not starts_s or starts_s[0] != 0:
        yield Fault(where, "doesn't begin at 0; the first slice begins at midnight")
    else:
        for k in range(1, len(starts_s)):
            if not starts_s[k - 1] < starts_s[k] <= MAX_TIME_S:
                reason = f"is {starts_s[k]} after {starts_s[k - 1]}; each slice begins later"
                yield Fault(f"{where}[{k}]", f"{reason}, by {MAX_TIME_S} at most")


def pace_faults(where: str, pace: Pace) -> Iterator[Fault]:
    """Yield what is wrong with a mode's pace."""
    yield from slice_faults(where, pace.starts_s, len(pace.speed_kmh))
    for k, speed in enumerate(pace.speed_kmh):
        if not isfinite(speed) or not 1 <= speed <= 1000:
            yield Fault(f"{where}.speed_kmh[{k}]", f"is {speed}; give 1 to 1000")
    if not isfinite(pace.road_factor) or not 1 <= pace.road_factor <= 10:
        yield Fault(f"{where}.road_factor", f"is {pace.road_factor}; give 1 to 10")
    if type(pace.stop_s) is not int or not 0 <= pace.stop_s <= 3600:
        yield Fault(f"{where}.stop_s", f"is {pace.stop_s}; give 0 to 3600, whole")


def matrix_faults(where: str, matrix: ModeMatrix, places: int) -> Iterator[Fault]:
    """Yield what is wrong with a mode's matrices."""
    ways, times = np.asarray(matrix.distance_m), np.asarray(matrix.duration_s)
    shaped = True
    if ways.shape != (places, places):
        shaped = False
        yield Fault(f"{where}.distance_m", f"is {_by(ways)}; give {places} x {places}, by place")
    if times.ndim != 3 or times.shape[1:] != (places, places):
        shaped = False
        reason = f"is {_by(times)}; give slices x {places} x {places}"
        yield Fault(f"{where}.duration_s", reason)
    else:
        yield from slice_faults(where, matrix.starts_s, len(times))
    if shaped:
        yield from _entry_faults(f"{where}.distance_m", ways, MAX_LEG_M, None)
        yield from _entry_faults(f"{where}.duration_s", times, MAX_LEG_S, UNREACHABLE_S)
        yield from _closed_faults(f"{where}.duration_s", times)


def _by(values: NDArray[np.generic]) -> str:
    return " x ".join(str(size) for size in values.shape) or "one number"


def _entry_faults(
    where: str, values: NDArray[np.generic], limit: int, no_way: int | None
) -> Iterator[Fault]:
    """Yield the first entry that is none: negative, too much, or no whole number."""
    if not np.issubdtype(values.dtype, np.integer):
        yield Fault(where, f"holds {values.dtype}; give whole numbers")
        return
    if not values.size or (values.min() >= 0 and values.max() <= limit):
        return
    bad = (values < 0) | (values > limit)  # type: ignore[operator]  # integers, as seen above
    if no_way is not None:
        bad &= values != no_way
    if bad.any():
        index = np.unravel_index(int(bad.argmax()), bad.shape)
        reason = "give 0 or more" if values[index] < 0 else f"give at most {limit}"
        hint = ", or null for no way" if no_way is not None else ""
        path = "".join(f"[{k}]" for k in index)
        yield Fault(f"{where}{path}", f"is {values[index]}; {reason}{hint}")


def _closed_faults(where: str, times: NDArray[np.generic]) -> Iterator[Fault]:
    """Yield the first leg that has no way in one slice and one in another."""
    closed = times == UNREACHABLE_S
    differs = closed != closed[:1]
    if len(times) > 1 and differs.any():
        k, a, b = np.unravel_index(int(differs.argmax()), differs.shape)
        here, there = (closed[i, a, b] for i in (k, 0))
        reason = f"has {_way(here)} way while slice 0 has {_way(there)}; roads open all day, or not"
        yield Fault(f"{where}[{k}][{a}][{b}]", reason)


def _way(closed: bool) -> str:
    return "no" if closed else "a"


def reach_faults(problem: Problem) -> Iterator[Fault]:
    """Yield each order whose place no vehicle can reach from where the order is."""
    beyond = list(_extent_faults(problem.travel, len(problem.places)))
    if beyond:
        yield from beyond
        return
    index = {place.id: k for k, place in enumerate(problem.places)}
    reached = _reached(problem, index)
    carried = {
        order: vehicle
        for vehicle in problem.vehicles
        if vehicle.current
        for order in vehicle.current.aboard
    }
    for k, order in enumerate(problem.orders):
        doors = [index[place] for place in order.places]
        vehicle = carried.get(order.id)
        if vehicle is not None:
            if not _on_its_way(problem.travel, vehicle, index, doors):
                yield Fault(f"orders[{k}].place", _carried_reason(vehicle))
        elif not _in_reach(order, reached, doors):
            yield Fault(f"orders[{k}].place", _no_way_reason(order))


def _in_reach(order: Order, reached: Reached, doors: list[int]) -> bool:
    """Return whether some depot reaches it; without any vehicle it is unserved, and no fault."""
    rows = [reached[depot] for depot in order.depots if depot in reached]
    return not rows or any(row[door] for row in rows for door in doors)


def _reached(problem: Problem, index: dict[str, int]) -> Reached:
    """Return for each depot that has vehicles the doors that they can serve, by place."""
    at = {depot.id: index[depot.place] for depot in problem.depots}
    by_mode: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for vehicle in problem.vehicles:
        by_mode[vehicle.mode, vehicle.returns].add(vehicle.depot)
    doors = sorted({index[place] for order in problem.orders for place in order.places})
    reached: Reached = {}
    for (mode, returns), names in by_mode.items() if doors else ():
        depots = sorted(names)
        origins = [at[depot] for depot in depots]
        _, there_s = problem.travel.matrix(mode, origins, doors)
        open_ways = np.zeros((len(origins), len(problem.places)), np.bool_)
        open_ways[:, doors] = there_s[0] < UNREACHABLE_S
        if returns and isinstance(problem.travel, Matrices):
            _, back_s = problem.travel.matrix(mode, doors, origins)
            open_ways[:, doors] &= back_s[0].T < UNREACHABLE_S
        for depot, row in zip(depots, open_ways, strict=True):
            reached[depot] = reached[depot] | row if depot in reached else row
    return reached


def _on_its_way(travel: Travel, vehicle: Vehicle, index: dict[str, int], doors: list[int]) -> bool:
    if vehicle.current is None:
        return False
    origin = index[vehicle.current.place]
    return any(
        origin == door or travel.leg(vehicle.mode, origin, door).durations_s[0] < UNREACHABLE_S
        for door in doors
    )


def _carried_reason(vehicle: Vehicle) -> str:
    at = vehicle.current.place if vehicle.current else ""
    reason = f"{vehicle.id} carries it and has no way there from {shown(at)}"
    return f"{reason}; correct the place or the travel"


def _no_way_reason(order: Order) -> str:
    depots = ", ".join(order.depots[:5])
    reason = f"no vehicle has a way to {shown(order.place)} and back from {depots}"
    return f"{reason}; correct the place or the travel, or leave the order out"
