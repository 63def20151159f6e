"""Is each value of a problem possible, and does each name in it mean something?

Bounds are wide for any city and narrow enough for exact arithmetic. With 50,000 orders and 20,000
vehicles all at their bounds, a feasible plan costs less than 2^63 units of `UNITS_PER_MINOR`: what
weighs most is warmth, 50,000 orders x 10,000 fen x 300 units x (1,000,000 s + 60,000 doors of
600 s) = 5.55e18, and all else together stays below 1.5e18. Times, loads and a thousand of the
longest legs in a row fit into 32 bits.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Final, NamedTuple, Protocol, TypeVar

from routing.problem import (
    Break,
    CurrentTrip,
    Depot,
    Locker,
    Order,
    Place,
    Problem,
    Vehicle,
)

MAX_TIME_S: Final = 1_000_000  # eleven days; a tenth of UNREACHABLE_S
MAX_COST: Final = 100_000_000  # fen, of one thing
MAX_PER_MIN: Final = 10_000
MAX_PER_H: Final = 1_000_000
MAX_PER_KM: Final = 100_000
MAX_LOAD_G: Final = 10_000_000
MAX_CAPACITY_G: Final = 100_000_000
MAX_WAY_M: Final = 100_000_000
MAX_DOOR_S: Final = 600
MAX_COUNT: Final = 10_000  # of trips, doors opened, and orders picked an hour
MAX_VEHICLES: Final = 20_000

T = TypeVar("T")

NEAR_AMONG: Final = 1000  # a similar name is looked for among at most so many

Bounds = tuple[tuple[str, int], ...]

LOAD: Final[Bounds] = tuple((name, MAX_LOAD_G) for name in ("frozen_g", "chilled_g", "ambient_g"))
CAPACITY: Final[Bounds] = tuple((name, MAX_CAPACITY_G) for name, _ in LOAD)
LOCKER: Final[Bounds] = (("service_s", MAX_TIME_S), ("cost", MAX_COST))
ORDER: Final[Bounds] = (
    ("ready_s", MAX_TIME_S),
    ("not_before_s", MAX_TIME_S),
    ("due_s", MAX_TIME_S),
    ("latest_s", MAX_TIME_S),
    ("service_s", MAX_TIME_S),
    ("drop_cost", MAX_COST),
    ("move_cost", MAX_COST),
    ("late_cost_per_min", MAX_PER_MIN),
    ("onboard_cost_per_min", MAX_PER_MIN),
    ("warm_cost_per_min", MAX_PER_MIN),
)
ORDER_OPTIONAL: Final[Bounds] = (("hold_s", MAX_TIME_S), ("warm_after_s", MAX_TIME_S))
BREAK: Final[Bounds] = tuple(
    (name, MAX_TIME_S) for name in ("earliest_s", "latest_s", "duration_s")
)
CURRENT: Final[Bounds] = (
    ("departed_s", MAX_TIME_S),
    ("free_s", MAX_TIME_S),
    ("stops_made", MAX_COUNT),
)
VEHICLE: Final[Bounds] = (
    ("start_s", MAX_TIME_S),
    ("end_s", MAX_TIME_S),
    ("max_trips", MAX_COUNT),
    ("reload_s", MAX_TIME_S),
    ("driven_m", MAX_WAY_M),
    ("door_s", MAX_DOOR_S),
    ("fixed_cost", MAX_COST),
    ("cost_per_order", MAX_COST),
    ("cost_per_km", MAX_PER_KM),
    ("cost_per_h", MAX_PER_H),
)
VEHICLE_OPTIONAL: Final[Bounds] = (("range_m", MAX_WAY_M),)


class Fault(NamedTuple):
    """Where a problem can't be planned, and what to change."""

    where: str
    reason: str


class Named(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """Return the caller's name of it."""


@dataclass(frozen=True, slots=True)
class Names:
    """Every id of a problem."""

    places: Collection[str]
    orders: Collection[str]
    depots: Collection[str]
    vehicles: Collection[str]


def value_faults(problem: Problem) -> Iterator[Fault]:
    """Yield what is wrong with the values of a problem, travel apart."""
    named = (problem.places, problem.orders, problem.depots, problem.vehicles)
    names = Names(*(frozenset(thing.id for thing in things) for things in named))
    now = list(number_faults(problem, (("now_s", MAX_TIME_S),)))
    if now:
        yield from now
        return
    yield from place_faults(problem.places, needed=False)
    yield from _each("depots", problem.depots, lambda depot: _depot(depot, names))
    yield from _each("orders", problem.orders, lambda order: _order(order, names))
    yield from _each(
        "vehicles", problem.vehicles, lambda vehicle: _vehicle(vehicle, names, problem.now_s)
    )


def id_faults(problem: Problem) -> Iterator[Fault]:
    """Yield each id that is no text, or stands for two things."""
    for name in ("places", "orders", "depots", "vehicles"):
        first: dict[str, int] = {}
        things: Sequence[Named] = getattr(problem, name)
        for k, thing in enumerate(things):
            if type(thing.id) is not str or not thing.id:
                yield Fault(f"{name}[{k}].id", f"is {shown(thing.id)}; give a text")
            elif first.setdefault(thing.id, k) != k:
                same = f"{name}[{first[thing.id]}]"
                yield Fault(f"{name}[{k}].id", f"is {shown(thing.id)} as of {same}; ids differ")


def place_faults(places: Iterable[Place], *, needed: bool) -> Iterator[Fault]:
    """Yield coordinates that are not on Earth, and, where they are `needed`, absent ones."""
    for k, place in enumerate(places):
        if place.lat_deg is None and place.lon_deg is None and not needed:
            continue
        for name, limit in (("lat_deg", 90), ("lon_deg", 180)):
            value = getattr(place, name)
            if value is None:
                yield Fault(f"places[{k}].{name}", "is absent; give degrees, WGS 84")
            elif not _is_real(value) or not -limit <= value <= limit:
                reason = f"is {shown(value)}; give -{limit} to {limit} degrees"
                yield Fault(f"places[{k}].{name}", reason)


def number_faults(value: object, bounds: Bounds, *, optional: bool = False) -> Iterator[Fault]:
    """Yield each number of `value` that is not whole, or out of its bounds."""
    for name, limit in bounds:
        number = getattr(value, name)
        if type(number) is int and 0 <= number <= limit:
            continue
        if optional and number is None:
            continue
        yield Fault(name, number_reason(number, limit))


def number_reason(number: object, limit: int) -> str:
    """Say what to give instead of a number."""
    if type(number) is not int:
        return f"is {shown(number)}; give a whole number"
    return f"is {number}; give {'0 or more' if number < 0 else f'at most {limit}'}"


def shown(value: object) -> str:
    """Return a value as a message shows it: in JSON's quotes, and not too long."""
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:56]} ..."


def within(path: str, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Yield faults of a part, seen from the whole."""
    for fault in faults:
        yield Fault(f"{path}.{fault.where}", fault.reason)


def _each(
    name: str, things: Iterable[T], faults_of: Callable[[T], Iterable[Fault]]
) -> Iterator[Fault]:
    for k, thing in enumerate(things):
        yield from within(f"{name}[{k}]", faults_of(thing))


def _is_real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _known(path: str, kind: str, name: object, names: Collection[str]) -> Iterator[Fault]:
    if name in names:
        return
    near = get_close_matches(str(name), names, n=1) if len(names) <= NEAR_AMONG else []
    hint = f"; did you mean {shown(near[0])}?" if near else f"; give the id of a {kind}"
    yield Fault(path, f"no {kind} is called {shown(name)}{hint}")


def _depot(depot: Depot, names: Names) -> Iterator[Fault]:
    yield from number_faults(depot, (("picking_s", MAX_TIME_S),))
    yield from _known("place", "place", depot.place, names.places)
    hours = depot.orders_per_hour
    if hours is None:
        return
    if len(hours) != 24:
        yield Fault("orders_per_hour", f"has {len(hours)} numbers; give 24, one an hour")
    for k, number in enumerate(hours):
        if type(number) is not int or not 0 <= number <= MAX_COUNT:
            yield Fault(f"orders_per_hour[{k}]", number_reason(number, MAX_COUNT))


def _order(order: Order, names: Names) -> Iterator[Fault]:
    numbers = [
        *within("load", number_faults(order.load, LOAD)),
        *number_faults(order, ORDER),
        *number_faults(order, ORDER_OPTIONAL, optional=True),
    ]
    yield from numbers or _order_times(order)
    yield from _order_names(order, names)
    if order.locker is not None:
        yield from within("locker", _locker(order.locker, names))


def _order_times(order: Order) -> Iterator[Fault]:
    if order.not_before_s > order.latest_s:
        reason = f"is {order.latest_s}, before not_before_s, {order.not_before_s}; open first"
        yield Fault("latest_s", reason)
    elif order.due_s > order.latest_s:
        reason = f"is {order.latest_s}, before due_s, {order.due_s}; give the promise or later"
        yield Fault("latest_s", reason)


def _order_names(order: Order, names: Names) -> Iterator[Fault]:
    if order.place not in names.places:
        yield from _known("place", "place", order.place, names.places)
    if not order.depots:
        yield Fault("depots", "is empty; name a depot that has the goods, or leave the order out")
    for k, depot in enumerate(order.depots):
        if depot not in names.depots:
            yield from _known(f"depots[{k}]", "depot", depot, names.depots)
    for name in ("known_vehicle", "only_vehicle"):
        vehicle = getattr(order, name)
        if vehicle is not None and vehicle not in names.vehicles:
            yield from _known(name, "vehicle", vehicle, names.vehicles)


def _locker(locker: Locker, names: Names) -> Iterator[Fault]:
    yield from number_faults(locker, LOCKER)
    yield from _known("place", "place", locker.place, names.places)


def _vehicle(vehicle: Vehicle, names: Names, now_s: int) -> Iterator[Fault]:
    yield from within("capacity", number_faults(vehicle.capacity, CAPACITY))
    yield from _known("depot", "depot", vehicle.depot, names.depots)
    numbers = [
        *number_faults(vehicle, VEHICLE),
        *number_faults(vehicle, VEHICLE_OPTIONAL, optional=True),
    ]
    yield from numbers
    if vehicle.current is not None:
        yield from within("current", _current(vehicle.current, names, now_s))
    if not numbers:
        yield from _shift(vehicle)
        yield from _breaks(vehicle, now_s)


def _shift(vehicle: Vehicle) -> Iterator[Fault]:
    if vehicle.end_s < vehicle.start_s:
        reason = f"is {vehicle.end_s}, before start_s, {vehicle.start_s}; a shift ends after it"
        yield Fault("end_s", reason)
    trips = 1 if vehicle.current is None else 0
    if not vehicle.returns and vehicle.max_trips > trips:
        reason = "makes one trip" if trips else "makes none after its current one"
        reason = f"is {vehicle.max_trips}; a vehicle that doesn't return {reason}: give {trips}"
        yield Fault("max_trips", reason)


def _breaks(vehicle: Vehicle, now_s: int) -> Iterator[Fault]:
    begins_s = max(vehicle.start_s, now_s)
    if vehicle.current is not None and type(vehicle.current.free_s) is int:
        begins_s = vehicle.current.free_s
    before_s = 0
    for k, rest in enumerate(vehicle.breaks):
        numbers = list(number_faults(rest, BREAK))
        yield from within(f"breaks[{k}]", numbers or _break(rest, begins_s, before_s))
        if not numbers:
            before_s = rest.earliest_s


def _break(rest: Break, begins_s: int, before_s: int) -> Iterator[Fault]:
    if rest.latest_s < rest.earliest_s:
        yield Fault("latest_s", f"is {rest.latest_s}, before earliest_s, {rest.earliest_s}")
    elif rest.latest_s < begins_s:
        reason = f"is {rest.latest_s}, before the vehicle is free, {begins_s}"
        yield Fault("latest_s", f"{reason}; leave out a break that is over")
    if rest.earliest_s < before_s:
        reason = f"is {rest.earliest_s}, before that of the break before it; give them in order"
        yield Fault("earliest_s", reason)


def _current(current: CurrentTrip, names: Names, now_s: int) -> Iterator[Fault]:
    numbers = list(number_faults(current, CURRENT))
    yield from numbers or _current_times(current, now_s)
    yield from _known("place", "place", current.place, names.places)
    for k, order in enumerate(current.aboard):
        if order not in names.orders:
            yield Fault(f"aboard[{k}]", f"no order is called {shown(order)}; give its id")
    for k, order in enumerate(current.locked):
        if order not in current.aboard:
            yield Fault(f"locked[{k}]", f"{shown(order)} is not in aboard; lock what is aboard")
        elif order in current.locked[:k]:
            yield Fault(f"locked[{k}]", f"{shown(order)} is locked already; give it once")


def _current_times(current: CurrentTrip, now_s: int) -> Iterator[Fault]:
    if current.free_s < current.departed_s:
        reason = f"is {current.free_s}, before departed_s, {current.departed_s}; give it or later"
        yield Fault("free_s", reason)
    elif current.free_s < now_s:
        yield Fault("free_s", f"is {current.free_s}, before now_s, {now_s}; give now_s or later")
