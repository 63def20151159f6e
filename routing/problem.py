"""What is to be planned: which orders, from which depots, by which vehicles?

Frozen values, all integers: seconds since the local midnight of the day, metres, grams, and the
currency's smallest unit (fen). Ids are the caller's. The same values are the JSON document
(docs/route-problem.md); only `Problem.travel` is made from what the document names.
"""

from dataclasses import dataclass
from typing import Literal

from routing.travel import Travel

DepotKind = Literal["front_warehouse", "store", "central", "satellite"]
VehicleKind = Literal["van", "tricycle", "courier", "carrier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point that is driven to. Coordinates are WGS 84; matrices alone do without them."""

    id: str
    lat_deg: float | None = None
    lon_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Grams by zone: what an order weighs, or what a vehicle's compartments carry."""

    frozen_g: int = 0
    chilled_g: int = 0
    ambient_g: int = 0

    def by_zone(self) -> tuple[int, int, int]:
        """Return (frozen, chilled, ambient)."""
        return self.frozen_g, self.chilled_g, self.ambient_g


@dataclass(frozen=True, slots=True, kw_only=True)
class Locker:
    """A chilled pick-up point that may take an order instead of its door, at a cost."""

    place: str
    service_s: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One delivery.

    It leaves a depot no earlier than `ready_s` plus the depot's picking time. Its service begins
    within `not_before_s` and `latest_s`; each minute after `due_s`, the promise, costs
    `late_cost_per_min`. Its *exposure* is the time on board since its trip left the depot, plus the
    vehicle's `door_s` for each stop before it: over `hold_s` is impossible, each minute over
    `warm_after_s` costs `warm_cost_per_min`. `None` means no limit. `drop_cost` is the price of not
    serving it, `move_cost` that of another vehicle than `known_vehicle`, `only_vehicle` a pin.
    """

    id: str
    place: str
    load: Load
    depots: tuple[str, ...]
    due_s: int
    latest_s: int
    drop_cost: int
    ready_s: int = 0
    not_before_s: int = 0
    late_cost_per_min: int = 0
    service_s: int = 0
    onboard_cost_per_min: int = 0
    hold_s: int | None = None
    warm_after_s: int | None = None
    warm_cost_per_min: int = 0
    locker: Locker | None = None
    skills: frozenset[str] = frozenset()
    known_vehicle: str | None = None
    move_cost: int = 0
    only_vehicle: str | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """Return where it may be handed over: its door, and its locker if it has one."""
        return (self.place,) if self.locker is None else (self.place, self.locker.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """Where orders are picked and loaded.

    `orders_per_hour` has 24 numbers, one a clock hour: at most so many orders leave within it.
    """

    id: str
    place: str
    kind: DepotKind = "front_warehouse"
    picking_s: int = 0
    orders_per_hour: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A rest that begins within its window, at a stop or a depot."""

    earliest_s: int
    latest_s: int
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentTrip:
    """A trip that has left its depot or is being loaded: no order joins it any more.

    The vehicle is free at `place` from `free_s`. Only this trip can deliver `aboard`; `locked`, a
    part of them, are its next stops in this order. `stops_made` doors have been opened since
    `departed_s`.
    """

    departed_s: int
    place: str
    free_s: int
    aboard: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    stops_made: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle or courier of one depot, for one shift.

    A zone with no capacity can't be carried. `range_m` bounds the whole shift, of which `driven_m`
    is used. `max_trips` counts the trips that may still start; `reload_s` passes between two. Paid
    are `fixed_cost` if it is used and not already out, the way, the time between a trip's departure
    and its return, and each order. Without `returns` its only trip ends at the last stop.
    """

    id: str
    depot: str
    mode: str
    capacity: Load
    start_s: int
    end_s: int
    kind: VehicleKind = "van"
    max_trips: int = 1
    reload_s: int = 0
    range_m: int | None = None
    driven_m: int = 0
    door_s: int = 0
    breaks: tuple[Break, ...] = ()
    returns: bool = True
    skills: frozenset[str] = frozenset()
    fixed_cost: int = 0
    cost_per_km: int = 0
    cost_per_h: int = 0
    cost_per_order: int = 0
    current: CurrentTrip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A city's orders, depots and vehicles from `now_s` on. Nothing starts before `now_s`."""

    places: tuple[Place, ...]
    orders: tuple[Order, ...]
    depots: tuple[Depot, ...]
    vehicles: tuple[Vehicle, ...]
    travel: Travel
    now_s: int = 0
