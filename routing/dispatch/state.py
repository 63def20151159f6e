"""What does a dispatcher know of its city, at one moment?

One frozen value, read in one transaction. All decisions are functions of it and of a seed, so that
the same state gives the same plan, whoever reads it. Times are aware and UTC, amounts in the
currency's smallest unit.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from routing.problem import DepotKind, Load, VehicleKind
from schemas.delivery_policy import DeliveryPolicy

Zone = Literal["frozen", "chilled", "ambient"]
Wish = Literal["fastest", "window", "locker"]
PromiseState = Literal["promised", "offered", "impossible", "cancelled"]
Stage = Literal["requested", "waiting", "packed", "loaded", "out", "delivered", "ended"]
"""Of an order: not answered yet, promised, packed, on a vehicle at the depot, on its way,
delivered, or cancelled, refused and returned."""
Role = Literal["regular", "relay", "reserve"]
"""A relay vehicle is kept free for emergencies, a reserve one (a hired carrier) for peaks."""
StopKind = Literal["load", "meet", "deliver", "return"]
"""Two vehicles that *meet* hand a box from one to the other: `order_id` says which."""

VISITS_FOR: Final = timedelta(hours=18)
"""How long visits are known: a day's, that is learned from and says what has been made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """Where, and by which policy."""

    id: str
    time_zone: str
    policy: DeliveryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class CityDepot:
    """A depot. `stock` are grams by zone; a zone that is missing has enough."""

    id: str
    kind: DepotKind
    lat_deg: float
    lon_deg: float
    picking_s: int
    orders_per_hour: tuple[int, ...] | None = None
    stock_g: dict[Zone, int] = field(default_factory=dict)
    ended_this_hour: int = 0
    """Orders that left it within this clock hour and whose journey has ended; 0 without a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CityLocker:
    """A locker, and how many of its compartments nobody has yet."""

    id: str
    lat_deg: float
    lon_deg: float
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """When a vehicle is staffed. `breaks` are (earliest, latest, seconds)."""

    from_at: datetime
    until_at: datetime
    drivers: tuple[str, ...]
    breaks: tuple[tuple[datetime, datetime, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The newest fix of a vehicle's edge."""

    at: datetime
    lat_deg: float
    lon_deg: float
    speed_m_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CityVehicle:
    """A vehicle, its shifts of the day, and where it was seen last."""

    id: str
    depot_id: str
    kind: VehicleKind
    role: Role
    mode: str
    capacity: Load
    range_m: int | None
    max_trips: int
    reload_s: int
    door_s: int
    returns: bool
    fixed_cost: int
    cost_per_km: int
    cost_per_h: int
    cost_per_order: int
    gateway_id: str | None = None
    compartments: dict[Zone, str] = field(default_factory=dict)
    """The place of each compartment with a logger."""
    shifts: tuple[Shift, ...] = ()
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxForecast:
    """The judge's word on one box. None: not within its horizon."""

    made_at: datetime
    leaves_at_q10: datetime | None
    leaves_at_q50: datetime | None
    leaves_at_q90: datetime | None
    chance_within_40_min: float
    at_risk: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An order's goods of one zone, how they were packed, and what the judge says of them."""

    id: str
    zone: Zone
    goods_value: int
    packed_at: datetime | None
    box_material: str | None
    pack_kind: str | None
    pack_kg: float | None
    product_kg: float | None
    spoil_cost: int
    wall_w_per_k: float | None = None
    """The box's own conductance, where its record says it."""
    lower_c: float | None = None
    """The range of its own policy, and the lowest limit beyond which its goods spoil."""
    upper_c: float | None = None
    spoils_c: float | None = None
    spoils_after_s: float = 0.0
    """For how long the goods bear that limit."""
    forecast: BoxForecast | None = None
    left_at: datetime | None = None
    """Since when it is out of its zone: it warms, and may be saved yet."""
    has_left_range: bool = False
    """A critical excursion was found: what could be saved is lost already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What can be done instead of what was wished."""

    due_at: datetime
    window_from: datetime | None = None
    locker_id: str | None = None
    depot_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CityOrder:
    """An order that is requested or under way, with all that was said of it."""

    id: str
    stage: Stage
    level: str
    tier_h: int
    lat_deg: float
    lon_deg: float
    load: Load
    service_s: int
    placed_at: datetime
    requested_at: datetime
    wish: Wish
    window: tuple[datetime, datetime] | None = None
    locker_id: str | None = None
    delivery_fee: int = 0
    due_at: datetime | None = None
    not_before: datetime | None = None
    depot_id: str | None = None
    alternates: tuple[str, ...] = ()
    packed_at: datetime | None = None
    departed_at: datetime | None = None
    aboard: str | None = None
    """The vehicle that it was loaded on last, once it was."""
    boxes: tuple[Box, ...] = ()
    offers: tuple[Offer, ...] = ()
    accepted_offer: int | None = None
    """Which of the offers the member took; the order is `requested` again, as that offer says."""
    arrived_at: datetime | None = None
    """When the driver said that he is at the door (handover `arrived`), if he did."""
    delivered_at: datetime | None = None
    estimate: "Estimated | None" = None
    """The newest one, whoever made it."""
    next_stop_at: datetime | None = None
    """The milestones that were told already."""
    arriving_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """When an order was last said to arrive; the ends are of an 80 % interval, where one is."""

    arrives_at: datetime
    earliest_at: datetime | None = None
    latest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disruption:
    """Something that holds now or is to come; `details` is of `schemas.disruptions`."""

    id: str
    kind: str
    vehicle_id: str | None
    details: Any
    from_at: datetime
    until_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPlace:
    """A place whose cooling has failed, as the judge found by its air."""

    place_id: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRescue:
    """What was decided last of a box on its way (`decision.Rescue`), and its chance then."""

    order_id: str
    consignment_id: str
    cause: str
    chosen: str
    decided_at: datetime
    spoil_chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A dispatcher's word that has no outcome yet."""

    id: str
    base_version: int
    kind: Literal["pin", "move", "hold", "release", "undo"]
    order_id: str | None
    vehicle_id: str | None
    hold_until: datetime | None
    undo_version: int | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A standing wish: this vehicle, or not before this time."""

    order_id: str
    kind: Literal["pin", "hold"]
    vehicle_id: str | None
    hold_until: datetime | None
    price: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A command that was followed, and how its order stood before."""

    kind: Literal["pin", "move", "hold", "release", "undo"]
    order_id: str
    vehicle_before: str | None
    pins_before: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStop:
    """A row of the living plan; position 0 of a trip is its loading."""

    vehicle_id: str
    trip: int
    position: int
    kind: StopKind
    order_id: str | None
    depot_id: str | None
    to_locker: bool
    arrives_at: datetime
    earliest_at: datetime
    latest_at: datetime
    leaves_at: datetime
    locked: bool
    lat_deg: float | None = None
    """Where two vehicles meet; other stops are at their order's or their depot's."""
    lon_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedUnserved:
    """An order that the plan leaves behind."""

    order_id: str
    reason: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingPlan:
    """The plan that stands. Version 0 is no plan yet."""

    version: int
    made_at: datetime | None = None
    searched_at: datetime | None = None
    """When a version was last searched for, and not only inserted into."""
    inserted_at: datetime | None = None
    """When the first version since was made."""
    why: dict[str, Any] = field(default_factory=dict)
    """What that search went by (`plans.why`)."""
    pins_cost: int = 0
    """What the pins cost, as the newest version says."""
    stops: tuple[PlannedStop, ...] = ()
    unserved: tuple[PlannedUnserved, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A stop that a vehicle really came to. `left_at` None: it is there."""

    vehicle_id: str
    order_id: str | None
    depot_id: str | None
    arrived_at: datetime
    left_at: datetime | None
    source: Literal["position", "handover"]
    leg_planned_s: int | None = None
    leg_actual_s: int | None = None
    stop_planned_s: int | None = None
    lat_deg: float | None = None
    """Where the stop is: its order may be gone from the state before the vehicle is."""
    lon_deg: float | None = None

    @property
    def key(self) -> tuple[str, str | None, str | None, datetime]:
        """Return which visit it is: when a vehicle came to which stop."""
        return self.vehicle_id, self.order_id, self.depot_id, self.arrived_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CityState:
    """Everything that a decision may depend on."""

    now: datetime
    city: City
    depots: tuple[CityDepot, ...]
    lockers: tuple[CityLocker, ...]
    vehicles: tuple[CityVehicle, ...]
    orders: tuple[CityOrder, ...]
    plan: LivingPlan
    disruptions: tuple[Disruption, ...] = ()
    commands: tuple[Command, ...] = ()
    pins: tuple[Pin, ...] = ()
    rescues: tuple[StandingRescue, ...] = ()
    failed_places: tuple[FailedPlace, ...] = ()
    earlier: dict[int, tuple[Earlier, ...]] = field(default_factory=dict)
    """What was commanded for those versions that a command wants undone."""
    visits: tuple[Visited, ...] = ()
    tracks: dict[str, tuple[Position, ...]] = field(default_factory=dict)
    """Of each vehicle with fixes not looked at yet: all its fixes from 5 minutes before the oldest
    of those on, oldest first (`geofence.LOOK_BACK`)."""
