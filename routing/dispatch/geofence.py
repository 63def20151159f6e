"""When did a vehicle come to a stop, and when did it leave, by its fixes?

In event time: a visit begins with the first fix within the stop's fence and ends with the last one,
whenever those fixes came. Late fixes heal: the part of a track that they fall into is looked at
again, and what was found there before is corrected or withdrawn. Passing by is no visit.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import asin, cos, degrees, inf, radians, sin, sqrt
from typing import Final

from routing.dispatch.state import (
    VISITS_FOR,
    CityOrder,
    CityState,
    CityVehicle,
    PlannedStop,
    Position,
    Visited,
)
from routing.travel import EARTH_RADIUS_M
from schemas.disruptions import WeatherDetails

LOOK_BACK: Final = timedelta(minutes=5)
"""How much of a track before its first new fix is looked at: more than DWELL."""
FENCE_M: Final = 60.0
"""A door's. A parking space is rarely further off, a receiver in a street errs by some 10 m."""
DEPOT_FENCE_M: Final = 120.0
LEAVES_AT: Final = 1.5
"""It is left beyond so many times its radius: fixes that wander about the edge leave nothing."""
DWELL: Final = timedelta(seconds=45)
"""A shorter stay is a traffic light."""


Point = tuple[float, float]
"""Latitude and longitude, degrees."""
LegSeconds = Callable[[str, Point, Point, datetime], int | None]
"""What a leg takes by the travel's own times: mode, from, to, departure. None: no way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A circle around a stop of one vehicle."""

    order_id: str | None
    depot_id: str | None
    place: Point
    radius_m: float
    stop_planned_s: int | None = None
    opens_at: datetime | None = None
    """Who comes before that waits: how long such a stop takes tells nothing of others."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Time within a fence. `left_at` None: the newest fix is still inside."""

    arrived_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the new fixes say: visits that are new or have changed, and those that were not."""

    visits: tuple[Visited, ...] = ()
    withdrawn: tuple[Visited, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A state's orders and places by id, stops and visits by vehicle: sorted once a look."""

    orders: Mapping[str, CityOrder]
    places: Mapping[str, Point]
    """`depot:…`, `locker:…`."""
    stops: Mapping[str, Sequence[PlannedStop]]
    visits: Mapping[str, Sequence[Visited]]
    aboard: Mapping[str, Sequence[CityOrder]]
    """Orders that are out, by the vehicle that has them."""
    extra_service_s: int
    """How much longer the weather makes each stop: that is planned for, not learned."""

    @classmethod
    def of(cls, state: CityState) -> "Ground":
        """Sort a state."""
        depots = {f"depot:{one.id}": (one.lat_deg, one.lon_deg) for one in state.depots}
        lockers = {f"locker:{one.id}": (one.lat_deg, one.lon_deg) for one in state.lockers}
        stops: dict[str, list[PlannedStop]] = {}
        for stop in sorted(state.plan.stops, key=lambda stop: (stop.trip, stop.position)):
            stops.setdefault(stop.vehicle_id, []).append(stop)
        visits: dict[str, list[Visited]] = {}
        for visit in state.visits:
            visits.setdefault(visit.vehicle_id, []).append(visit)
        aboard: dict[str, list[CityOrder]] = {}
        for order in state.orders:
            if order.stage == "out" and order.aboard is not None:
                aboard.setdefault(order.aboard, []).append(order)
        return cls(
            orders={order.id: order for order in state.orders},
            places=depots | lockers,
            stops=stops,
            visits=visits,
            aboard=aboard,
            extra_service_s=_extra_service_s(state),
        )

    def door_of(self, order: CityOrder, *, to_locker: bool) -> Point:
        """Return where an order is brought: its door or its locker."""
        locker = self.places.get(f"locker:{order.locker_id}") if to_locker else None
        return locker or (order.lat_deg, order.lon_deg)


def distance_m(a: Point, b: Point) -> float:
    """Return the great circle between two points (haversine)."""
    (lat_a, lon_a), (lat_b, lon_b) = ((radians(lat), radians(lon)) for lat, lon in (a, b))
    chord = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def look(state: CityState, leg_s: LegSeconds) -> Seen:
    """Find what the state's new fixes say of its vehicles' stops."""
    visits: list[Visited] = []
    withdrawn: list[Visited] = []
    ground = Ground.of(state)
    for vehicle in state.vehicles:
        track = state.tracks.get(vehicle.id, ())
        if track:
            before = ground.visits.get(vehicle.id, [])
            found = _vehicle_visits(ground, vehicle, track, before)
            found = with_legs(vehicle, found, leg_s)
            visits += [visit for visit in found if visit not in before]
            withdrawn += _withdrawn(before, found)
    said = _said(state, [*state.visits, *visits])
    return Seen(visits=_one_each((*said, *visits)), withdrawn=tuple(withdrawn))


def _one_each(visits: Iterable[Visited]) -> tuple[Visited, ...]:
    """Return one visit of each stop and arrival: what fixes say goes before a driver's word."""
    return tuple({visit.key: visit for visit in visits}.values())


def stays(
    track: Sequence[Position], fence: Fence, *, known_since: datetime | None = None
) -> list[Stay]:
    """Return the stays within a fence, by fixes in order of time.

    `known_since`: by an earlier part of the track it arrived then, and stayed for DWELL at least.
    """
    found: list[Stay] = []
    arrived_at, inside_at = known_since, None if known_since is None else known_since + DWELL
    for fix, away_m in zip(track, _away_m(track, fence), strict=True):
        if arrived_at is None or inside_at is None:
            if away_m <= fence.radius_m:
                arrived_at = inside_at = fix.at
        elif away_m <= fence.radius_m * LEAVES_AT:
            inside_at = max(fix.at, inside_at)
        else:
            found.append(Stay(arrived_at, inside_at))
            arrived_at = inside_at = None
    if arrived_at is not None and inside_at is not None:
        if inside_at - arrived_at < DWELL:
            return _long_enough(found)
        return [*_long_enough(found), Stay(arrived_at, None)]
    return _long_enough(found)


def _away_m(track: Sequence[Position], fence: Fence) -> Iterator[float]:
    """Yield how far each fix is from a fence's middle; infinite if that is beyond doubt outside."""
    lat_deg, lon_deg = fence.place
    reach_deg = degrees(fence.radius_m * LEAVES_AT / EARTH_RADIUS_M) * 1.01
    lon_reach_deg = reach_deg / max(cos(radians(lat_deg)), 0.01)
    for fix in track:
        # A box before the circle: most fixes are nowhere near, and sines take their time.
        if abs(fix.lat_deg - lat_deg) > reach_deg or abs(fix.lon_deg - lon_deg) > lon_reach_deg:
            yield inf
        else:
            yield distance_m((fix.lat_deg, fix.lon_deg), fence.place)


def _long_enough(found: Sequence[Stay]) -> list[Stay]:
    return [s for s in found if s.left_at is not None and s.left_at - s.arrived_at >= DWELL]


# One vehicle --------------------------------------------------------------------------------------


def _vehicle_visits(
    ground: Ground,
    vehicle: CityVehicle,
    track: Sequence[Position],
    before: Sequence[Visited],
) -> list[Visited]:
    """Return all visits of a vehicle in order: those before the track, and those of it."""
    from_at = track[0].at
    settled = [v for v in before if v.left_at is not None and v.left_at < from_at]
    found = [v for v in before if v.source == "handover" and v not in settled]
    under_way = {
        (v.order_id, v.depot_id): v
        for v in before
        if v not in settled and v.source == "position" and v.arrived_at < from_at
    }
    for fence in _fences(ground, vehicle, [v for v in before if v not in settled]):
        known = under_way.get((fence.order_id, fence.depot_id))
        since = known.arrived_at if known else None
        found += [
            _visit(vehicle, fence, stay, known) for stay in stays(track, fence, known_since=since)
        ]
    return sorted(
        _without_words([*settled, *found]),
        key=lambda visit: (visit.arrived_at, visit.order_id or ""),
    )


def _without_words(visits: Sequence[Visited]) -> Iterator[Visited]:
    """Yield visits without those that a driver told of before the fixes came that show them."""
    seen = [visit for visit in visits if visit.source == "position"]
    for word in visits:
        if word.source == "position" or not any(_shows(visit, word) for visit in seen):
            yield word


def _shows(visit: Visited, word: Visited) -> bool:
    """Return whether a visit by fixes is the one that a driver told of, about then."""
    if visit.order_id != word.order_id or word.arrived_at < visit.arrived_at - LOOK_BACK:
        return False
    return visit.left_at is None or word.arrived_at <= visit.left_at + LOOK_BACK


def _visit(vehicle: CityVehicle, fence: Fence, stay: Stay, known: Visited | None) -> Visited:
    if known is not None and known.arrived_at == stay.arrived_at:
        return replace(known, left_at=stay.left_at)
    return Visited(
        vehicle_id=vehicle.id,
        order_id=fence.order_id,
        depot_id=fence.depot_id,
        arrived_at=stay.arrived_at,
        left_at=stay.left_at,
        source="position",
        stop_planned_s=None if _waits(fence, stay) else fence.stop_planned_s,
        lat_deg=fence.place[0],
        lon_deg=fence.place[1],
    )


def _waits(fence: Fence, stay: Stay) -> bool:
    return fence.opens_at is not None and stay.arrived_at < fence.opens_at


def _withdrawn(before: Sequence[Visited], found: Sequence[Visited]) -> list[Visited]:
    kept = {visit.key for visit in found}
    return [visit for visit in before if visit.key not in kept]


# Fences -------------------------------------------------------------------------------------------


def _fences(ground: Ground, vehicle: CityVehicle, visits: Sequence[Visited]) -> Iterator[Fence]:
    """Yield the fences of what is aboard, of the trip at hand, its depots, visits that may change.

    What is aboard may be brought though the plan says otherwise: drivers deviate.
    """
    fences = {
        (visit.order_id, visit.depot_id): _again(visit, here)
        for visit in visits
        if (here := _place(visit)) is not None
    }
    for order in ground.aboard.get(vehicle.id, ()):
        fences[order.id, None] = _door(ground, order, to_locker=order.wish == "locker")
    depots = {vehicle.depot_id}
    for stop in trip_at_hand(ground.stops.get(vehicle.id, ())):
        known = ground.orders.get(stop.order_id or "")
        if stop.depot_id is not None:
            depots.add(stop.depot_id)
        elif stop.kind == "deliver" and known is not None and known.aboard in {None, vehicle.id}:
            fences[known.id, None] = _door(ground, known, to_locker=stop.to_locker)
    yield from fences.values()
    for depot_id in sorted(depots):
        place = ground.places.get(f"depot:{depot_id}")
        if place is not None and (None, depot_id) not in fences:
            yield Fence(order_id=None, depot_id=depot_id, place=place, radius_m=DEPOT_FENCE_M)


def _again(visit: Visited, here: Point) -> Fence:
    """Return the fence that a visit was seen by."""
    return Fence(
        order_id=visit.order_id,
        depot_id=visit.depot_id,
        place=here,
        radius_m=FENCE_M if visit.depot_id is None else DEPOT_FENCE_M,
        stop_planned_s=visit.stop_planned_s,
    )


def _extra_service_s(state: CityState) -> int:
    extra_s = 0
    for one in state.disruptions:
        is_over = one.until_at is not None and one.until_at <= state.now
        if isinstance(one.details, WeatherDetails) and one.from_at <= state.now and not is_over:
            extra_s = max(extra_s, one.details.extra_service_s)
    return extra_s


def _door(ground: Ground, order: CityOrder, *, to_locker: bool) -> Fence:
    return Fence(
        order_id=order.id,
        depot_id=None,
        place=ground.door_of(order, to_locker=to_locker),
        radius_m=FENCE_M,
        stop_planned_s=None if to_locker else order.service_s + ground.extra_service_s,
        opens_at=order.not_before,
    )


def trip_at_hand(stops: Sequence[PlannedStop]) -> list[PlannedStop]:
    """Return those of a vehicle's stops that belong to its first trip that is not done."""
    first = min((stop.trip for stop in stops), default=0)
    return [stop for stop in stops if stop.trip == first]


# Legs ---------------------------------------------------------------------------------------------


def with_legs(vehicle: CityVehicle, visits: Sequence[Visited], leg_s: LegSeconds) -> list[Visited]:
    """Give each visit the leg that led to it, where it came straight from another.

    Two doors in one fence have no leg between them, and nobody knows which one a minute was for.
    """
    done = list(visits[:1])
    for visit in visits[1:]:
        before = done[-1]
        if before.left_at is None or before.left_at > visit.arrived_at:
            done[-1] = replace(before, stop_planned_s=None)
            done.append(replace(visit, stop_planned_s=None))
        elif visit.leg_actual_s is None or visit.leg_planned_s is None:
            done.append(_with_leg(vehicle, before, visit, leg_s))
        else:
            done.append(visit)
    return done


def _with_leg(vehicle: CityVehicle, before: Visited, visit: Visited, leg_s: LegSeconds) -> Visited:
    origin, here = _place(before), _place(visit)
    if origin is None or here is None or before.left_at is None:
        return visit
    planned_s = leg_s(vehicle.mode, origin, here, before.left_at)
    actual_s = round((visit.arrived_at - before.left_at).total_seconds())
    return replace(visit, leg_planned_s=planned_s, leg_actual_s=actual_s)


def _place(visit: Visited) -> Point | None:
    if visit.lat_deg is None or visit.lon_deg is None:
        return None
    return (visit.lat_deg, visit.lon_deg)


# By the driver's word -----------------------------------------------------------------------------


def _said(state: CityState, visits: Sequence[Visited]) -> Iterator[Visited]:
    """Yield the visits that a driver told of and no fix did."""
    known = {visit.order_id: visit for visit in visits}
    for order in state.orders:
        if order.arrived_at is None or order.aboard is None:
            continue
        visit = known.get(order.id)
        if visit is None and order.arrived_at <= state.now - VISITS_FOR:
            continue  # it may well be written: visits of then are not read any more
        if visit is None:
            yield Visited(
                vehicle_id=order.aboard,
                order_id=order.id,
                depot_id=None,
                arrived_at=order.arrived_at,
                left_at=order.delivered_at,
                source="handover",
                lat_deg=order.lat_deg,
                lon_deg=order.lon_deg,
            )
        elif visit.source == "handover" and visit.left_at is None and order.delivered_at:
            yield replace(visit, left_at=order.delivered_at)
