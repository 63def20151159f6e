"""What does the simulated world show to those who run a day, and what do they tell it?

Seconds are those since the city's local midnight. Ids are the ones that the API knows. What is
true but nobody can see stands in `BoxTruth` and `VehicleUse` alone: nothing that plans may read
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.ids import GatewayId, LoggerId

Zone = Literal["frozen", "chilled", "ambient"]
StopKind = Literal["load", "meet", "deliver", "return"]
Step = Literal["packed", "loaded", "departed", "arrived", "signed", "returned"]


# What the world is given -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """A stop of the living plan, as a driver reads it. The order of a vehicle's stops is theirs.

    `load` names a depot, `deliver` and `meet` an order; a `return` with an order brings that back.
    A vehicle leaves a `load` no earlier than `leaves_s`. A `meet` has the place, for both vehicles.
    """

    trip: int
    kind: StopKind
    arrives_s: float
    leaves_s: float
    order_id: str | None = None
    depot_id: str | None = None
    to_locker: bool = False
    lat_deg: float | None = None
    lon_deg: float | None = None


# What everybody may know -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A thing that stands in the API before the day begins; send them in their order."""

    method: Literal["PUT", "POST"]
    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOrder:
    """An order, the second at which it is placed, and its body for `POST /orders`."""

    order_id: str
    placed_s: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Goods change hands: for `POST /orders/{order_id}/handovers`. `place_id` at `loaded` only."""

    at_s: float
    order_id: str
    step: Step
    person: str
    vehicle_id: str | None = None
    consignment_id: str | None = None
    place_id: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPacked:
    """A box is packed: bind its logger, and `PUT /consignments/{id}/packing`.

    The record is what the packer wrote down, not what is true.
    """

    at_s: float
    order_id: str
    consignment_id: str
    logger_id: LoggerId
    box_material: str | None
    wall_w_per_k: float | None
    pack_kind: str
    pack_kg: float
    product_kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What dispatchers learn of the world: a body for `PUT /disruptions/{disruption_id}`.

    It is learned at `at_s`; the body's `from_at` may lie before that, or after (a forecast).
    """

    at_s: float
    disruption_id: str
    body: Mapping[str, Any]


Happening = Handover | BoxPacked | Reported


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerNow:
    """A logger, the temperature of its case, and the gateway that hears it (None: none does)."""

    logger_id: LoggerId
    case_c: float
    gateway_id: GatewayId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleFix:
    """Where the receiver of a vehicle's edge says that it is."""

    vehicle_id: str
    gateway_id: GatewayId
    lat_deg: float
    lon_deg: float
    speed_m_s: float
    accuracy_m: float


# What is true ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxTruth:
    """What became of a box. A box is spoiled once its goods broke a critical limit of its policy.

    `spoiled_s` is when they did, before delivery; None: they never did.
    """

    order_id: str
    consignment_id: str
    zone: Zone
    goods_value: int
    packed_s: float | None
    loaded_s: float | None
    delivered_s: float | None
    spoiled_s: float | None
    broke: str | None
    """The limit or budget that was broken first, by its name in the policy."""
    warmest_c: float | None
    """Of the goods, from packing to delivery."""
    compartment_failed: bool
    """It was aboard a compartment that did not cool any more."""
    product_class: str | None = None
    """Whose policy holds; None: the zone's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleUse:
    """What a vehicle did. Busy is driving, loading and serving; staffed its shifts, less rests."""

    vehicle_id: str
    staffed_s: float
    busy_s: float
    driven_m: float
    driving_s: float
    serving_s: float
    loading_s: float
    trips: int
    deliveries: int
