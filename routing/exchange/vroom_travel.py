"""Where is everything in a VROOM input, how far apart, and what does a leg cost?

VROOM charges travel alone: `per_hour` for its time and `per_km` for its way, or a matrix of costs.
Our vehicles pay for metres, and by the hour also for service and waiting. So a problem's "metres"
are what a leg costs by VROOM, in the largest steps that keep it exact: seconds where only time is
charged, true metres where only the way is. Where both are, and no such step is large enough, a leg
is counted to the nearest step: to half a millionth of the dearest leg.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.check import ImpossibleProblem
from routing.check_travel import MAX_LEG_M
from routing.check_values import MAX_PER_KM, shown
from routing.exchange.vroom_shapes import (
    DEFAULT_PER_HOUR,
    Carrier,
    Input,
    Location,
    Numbers,
    Rows,
)
from routing.problem import Place
from routing.travel import GreatCircle, IntArray, Pace

PACES: Final[Mapping[str, Pace]] = {
    "car": Pace((30.0,)),
    "bike": Pace((15.0,)),
    "foot": Pace((5.0,)),
}
"""Profiles of coordinates without matrices, on the great circle. Our assumptions."""

MOST_PARTS: Final = 100  # a rate beyond `MAX_PER_KM` is split into so many at most
MAX_LOCATIONS: Final = 5000
MAX_SECONDS: Final = 2**31 - 1


class UnreadableVroom(ImpossibleProblem):
    """A VROOM input that is none, or says what can't be expressed. `where` is the place in it."""


class Ways(NamedTuple):
    """One profile's seconds, and metres and costs where they are known."""

    durations_s: IntArray
    distances_m: IntArray | None = None
    costs: IntArray | None = None


class Price(NamedTuple):
    """What a vehicle's leg costs: `a` a second, `b` a metre, and `c` of its matrix of costs.

    `step` of that is what the problem calls a metre; for a thousand `fen_per_km` is paid.
    """

    fen_per_km: int
    step: int
    a: int = 0
    b: int = 0
    c: int = 0

    @property
    def shape(self) -> tuple[Fraction, Fraction, Fraction]:
        """Return what makes one matrix of steps differ from another."""
        return Fraction(self.a, self.step), Fraction(self.b, self.step), Fraction(self.c, self.step)

    def total(self, ways: Ways) -> NDArray[np.int64]:
        """Return what each leg costs, in the units of `a`, `b` and `c`."""
        total = self.a * ways.durations_s.astype(np.int64)
        for factor, part in ((self.b, ways.distances_m), (self.c, ways.costs)):
            if factor and part is not None:
                total = total + factor * part.astype(np.int64)
        return total

    def steps(self, ways: Ways) -> IntArray:
        """Return what each leg costs in steps, to the nearest."""
        steps = (2 * self.total(ways) + self.step) // (2 * self.step)
        return np.minimum(steps, MAX_SECONDS).astype(np.int32)


@dataclass(frozen=True)
class Sites:
    """The places of an input, each by its index or by its coordinates."""

    places: tuple[Place, ...]
    by_location: Mapping[Location, int] | None

    def index_of(self, where: str, location: Location | None, index: int | None) -> int:
        """Return which place something is at; `where` names it up to `location`."""
        if self.by_location is None:
            if index is None:
                raise UnreadableVroom(f"{where}_index", "is missing; matrices need it")
            if index >= len(self.places):
                reason = f"is {index}; the matrices have {len(self.places)} rows"
                raise UnreadableVroom(f"{where}_index", reason)
            return index
        if location is None:
            raise UnreadableVroom(where, "is missing; give [lon, lat], or matrices and an index")
        return self.by_location[location]


def sites_of(source: Input) -> Sites:
    """Return the places: the matrices' rows, or else each location once."""
    spots = [
        *((job.location, job.location_index) for job in source.jobs),
        *((vehicle.start, vehicle.start_index) for vehicle in source.vehicles),
        *((vehicle.end, vehicle.end_index) for vehicle in source.vehicles),
    ]
    if not source.matrices:
        known = {location: None for location, _ in spots if location is not None}
        if len(known) > MAX_LOCATIONS:
            reason = f"are at {len(known)} locations; at most {MAX_LOCATIONS} go without matrices"
            raise UnreadableVroom("jobs", reason)
        places = tuple(_place(k, location) for k, location in enumerate(known))
        return Sites(places, {location: k for k, location in enumerate(known)})
    rows = {len(numbers.durations or numbers.costs or ()) for numbers in source.matrices.values()}
    at = {index: location for location, index in spots if location is not None}
    return Sites(tuple(_place(k, at.get(k)) for k in range(max(rows))), None)


def _place(k: int, location: Location | None) -> Place:
    lon_deg, lat_deg = location or (None, None)
    return Place(id=str(k), lat_deg=lat_deg, lon_deg=lon_deg)


def ways_of(source: Input, sites: Sites) -> dict[str, Ways]:
    """Return the ways of each profile that a vehicle has."""
    ways = {}
    for k, vehicle in enumerate(source.vehicles):
        if vehicle.profile not in ways:
            where = f"vehicles[{k}].profile"
            if source.matrices:
                ways[vehicle.profile] = _given(where, vehicle.profile, source, len(sites.places))
            else:
                ways[vehicle.profile] = _straight(where, vehicle.profile, sites.places)
    return ways


def _given(where: str, profile: str, source: Input, size: int) -> Ways:
    if profile not in source.matrices:
        raise UnreadableVroom(where, f"no matrices are given for {shown(profile)}")
    numbers: Numbers = source.matrices[profile]
    at = f"matrices.{profile}"
    if numbers.durations is None:
        raise UnreadableVroom(f"{at}.durations", "is missing; give seconds")
    return Ways(
        _square(f"{at}.durations", numbers.durations, size),
        None if numbers.distances is None else _square(f"{at}.distances", numbers.distances, size),
        None if numbers.costs is None else _square(f"{at}.costs", numbers.costs, size),
    )


def _square(where: str, rows: Rows, size: int) -> IntArray:
    if len(rows) != size:
        raise UnreadableVroom(where, f"has {len(rows)} rows; give {size}")
    for k, row in enumerate(rows):
        if len(row) != size:
            raise UnreadableVroom(f"{where}[{k}]", f"has {len(row)} numbers; give {size}")
        if max(row) > MAX_SECONDS:
            raise UnreadableVroom(f"{where}[{k}]", f"holds {max(row)}; it is too large")
    return np.array(rows, np.int32)


def _straight(where: str, profile: str, places: Sequence[Place]) -> Ways:
    if profile not in PACES:
        known = ", ".join(PACES)
        reason = f"is {shown(profile)}; without matrices known are {known}"
        raise UnreadableVroom(where, reason)
    lat_deg = [place.lat_deg or 0.0 for place in places]
    lon_deg = [place.lon_deg or 0.0 for place in places]
    travel = GreatCircle(lat_deg, lon_deg, {profile: PACES[profile]})
    everywhere = range(len(places))
    metres, seconds = travel.matrix(profile, everywhere, everywhere)
    return Ways(seconds[0], metres)


def hundredths(speed_factor: float) -> int:
    """Return a factor as it counts."""
    return max(1, round(speed_factor * 100))


def faster(ways: Ways, speed_factor: float) -> Ways:
    """Return ways whose seconds are divided by a factor, of which two decimals count."""
    divisor = hundredths(speed_factor)
    seconds = (ways.durations_s.astype(np.int64) * 100 + divisor // 2) // divisor
    return ways._replace(durations_s=np.minimum(seconds, MAX_SECONDS).astype(np.int32))


def scale_of(source: Input) -> int:
    """Return how many fen one of VROOM's cost is, so that every rate is exact."""
    return 1 if all(vehicle.costs.per_hour % 18 == 0 for vehicle in source.vehicles) else 18


def price_of(where: str, vehicle: Carrier, ways: Ways, scale: int) -> Price:
    """Return what a vehicle's travel costs.

    A leg of `s` seconds and `m` metres costs `per_hour s / 3,600 + per_km m / 1,000`. The step is
    the largest that divides both rates, or a coarser one where a leg had too many of it.
    """
    costs = vehicle.costs
    if costs.per_km and ways.distances_m is None:
        raise UnreadableVroom(f"{where}.costs.per_km", "needs distances; give the matrix")
    if ways.costs is not None:
        if costs.per_hour != DEFAULT_PER_HOUR or costs.per_km:
            raise UnreadableVroom(f"{where}.costs", "doesn't go with a matrix of costs; leave one")
        return Price(1000 * scale, 1000 * scale, c=1000 * scale)
    a, b = 5 * costs.per_hour * scale // 18, costs.per_km * scale
    if a == b == 0:
        return Price(0, 1, b=1) if vehicle.max_distance is not None else Price(0, 1, a=1)
    step = _affordable(gcd(a, b))
    dearest = int(Price(step, step, a, b).total(ways).max(initial=0))
    step = max(step, -(-dearest // MAX_LEG_M))
    if step > MAX_PER_KM:
        raise UnreadableVroom(f"{where}.costs", "are too high for so long a leg; give smaller ones")
    return Price(step, step, a, b)


def _affordable(rate: int) -> int:
    """Return a rate by the kilometre, or a part of it that isn't beyond what a problem allows."""
    parts = (t for t in range(1, MOST_PARTS + 1) if rate % t == 0 and rate // t <= MAX_PER_KM)
    return next((rate // t for t in parts), MAX_PER_KM)


def range_of(where: str, vehicle: Carrier, price: Price, ways: Ways) -> int | None:
    """Return the bound on a vehicle's travel, in the steps that its price counts."""
    if vehicle.max_distance is not None:
        if ways.distances_m is None:
            raise UnreadableVroom(f"{where}.max_distance", "needs distances; give the matrix")
        if price.a or price.c or vehicle.max_travel_time is not None:
            reason = "can only be kept where the way alone costs; give costs.per_hour 0"
            raise UnreadableVroom(f"{where}.max_distance", reason)
        return vehicle.max_distance * price.b // price.step
    if vehicle.max_travel_time is not None:
        if price.b or price.c:
            reason = "can only be kept where time alone costs; give costs.per_km 0"
            raise UnreadableVroom(f"{where}.max_travel_time", reason)
        return vehicle.max_travel_time * price.a // price.step
    return None
