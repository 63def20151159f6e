"""What do cities, depots, lockers, vehicles and shifts look like on HTTP?

What is put is the whole of a thing: a field that is left out has its default again.
"""

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from api.fields import (
    CityIdField,
    DepotIdField,
    GatewayIdField,
    PlaceIdField,
    Text,
    TimeZoneName,
    UtcTime,
    VehicleIdField,
)
from api.intake.fields import (
    Cost,
    CostPerHour,
    CostPerKm,
    CostPerMinute,
    DoorSeconds,
    Grams,
    Located,
    OrdersPerHour,
    Seconds,
)
from api.intake.geojson import Areas
from api.resources import Request, Resource
from schemas.ids import CityId, DepotId, LockerId, ShiftId, VehicleId
from schemas.reading import Zone

DepotKind = Literal["front_warehouse", "store", "central", "satellite"]
VehicleKind = Literal["van", "tricycle", "courier", "carrier"]
VehicleRole = Literal["regular", "relay", "reserve"]
LONGEST_SHIFT: Final = timedelta(days=7)
"""A plan reckons with ten days, the way home among them."""
Names = Annotated[list[Text], Field(max_length=100)]


# Cities ------------------------------------------------------------------------------------------


class TierDetails(Request):
    """A promise of so many hours. The first tier that names both level and area holds."""

    hours: Annotated[int, Field(ge=1, le=72)]
    levels: Annotated[Names, Field(min_length=1)]
    areas: Names = Field(default_factory=list, description="None: all areas.")
    late_cost_per_min: CostPerMinute = Field(
        default=0, description="What the plan pays for a minute late."
    )
    drop_cost: Cost = Field(default=0, description="What it costs to break the promise.")


class PolicyDetails(Request):
    """What a city promises, where and when. Seconds are those since the local midnight."""

    tiers: Annotated[list[TierDetails], Field(min_length=1, max_length=100)]
    areas: Areas
    opens_s: Seconds = 8 * 3600
    closes_s: Seconds = 23 * 3600
    latest_after_s: Seconds = Field(
        default=7200, description="How long after its promise an order is still delivered."
    )
    window_s: Annotated[int, Field(ge=60, le=86_400)] = Field(
        default=7200, description="The shortest window that can be booked."
    )

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens_s >= self.closes_s:
            raise ValueError("opens_s must come before closes_s")
        return self

    @model_validator(mode="after")
    def _tiers_name_areas_that_are_there(self) -> Self:
        for tier in self.tiers:
            for area in tier.areas:
                if area not in self.areas.names:
                    there = ", ".join(sorted(self.areas.names)[:20])
                    raise ValueError(f"a tier names the area {area}; there are {there}")
        return self


class CityDetails(Request):
    """A city, and what it promises."""

    name: Text
    time_zone: TimeZoneName
    policy: PolicyDetails


class City(Resource):
    """A city, with the policy that holds."""

    city_id: CityId
    name: str
    time_zone: str
    policy: PolicyDetails
    loaded_at: UtcTime


class CityHead(Resource):
    """A city without its policy."""

    city_id: CityId
    name: str
    time_zone: str
    loaded_at: UtcTime


class AddressDetails(Located, Request):
    """Where an address is. Capitals and blanks make no difference."""

    address: Text


class NewAddresses(Request):
    """Addresses to be known from now on; those that were known before stay."""

    addresses: Annotated[list[AddressDetails], Field(min_length=1, max_length=10_000)]


class AddressesKnown(Resource):
    """How many addresses were given, and how many a city knows now."""

    city_id: CityId
    given: int
    known: int


class Address(Resource):
    """Where an address is, as it is kept: lower case, single blanks."""

    address: str
    lat_deg: float
    lon_deg: float


# Depots and lockers ------------------------------------------------------------------------------


class DepotDetails(Located, Request):
    """Where orders are picked and loaded."""

    city_id: CityIdField
    kind: DepotKind
    name: Text
    picking_s: Seconds = Field(default=0, description="From the order to the loaded box.")
    orders_per_hour: Annotated[list[OrdersPerHour], Field(min_length=24, max_length=24)] | None = (
        Field(default=None, description="24 numbers, one a local clock hour; null: no limit.")
    )
    closed_at: UtcTime | None = None


class Stock(Resource):
    """What a depot has of a zone's goods. A zone without: enough."""

    zone: Zone
    available_g: int
    counted_at: UtcTime


class Depot(Resource):
    """A depot, with its stock where that was counted."""

    depot_id: DepotId
    city_id: CityId
    kind: DepotKind
    name: str
    lat_deg: float
    lon_deg: float
    picking_s: int
    orders_per_hour: list[int] | None
    closed_at: UtcTime | None
    stock: tuple[Stock, ...] = ()


class StockCount(Request):
    """What was counted of a zone's goods."""

    available_g: Annotated[int, Field(ge=0, le=10**12)]
    counted_at: UtcTime | None = Field(default=None, description="Without it: now.")


class LockerDetails(Located, Request):
    """A chilled pick-up point; each order takes a compartment until it is collected."""

    city_id: CityIdField
    name: Text
    compartments: Annotated[int, Field(ge=0, le=10_000)]
    place_id: PlaceIdField | None = Field(default=None, description="Whose logger watches it.")
    closed_at: UtcTime | None = None


class Locker(Resource):
    """A chilled pick-up point."""

    locker_id: LockerId
    city_id: CityId
    name: str
    lat_deg: float
    lon_deg: float
    compartments: int
    place_id: str | None
    closed_at: UtcTime | None


# Vehicles and shifts -----------------------------------------------------------------------------


class VehicleDetails(Request):
    """What drives from a depot, what it carries in each zone, and what it costs."""

    depot_id: DepotIdField
    kind: VehicleKind
    role: VehicleRole = Field(
        default="regular", description="relay: kept for emergencies; reserve: hired at peaks."
    )
    mode: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,31}$")] = Field(
        description="Of travel, as the city's roads know it: van, tricycle, ebike."
    )
    frozen_g: Grams = 0
    chilled_g: Grams = 0
    ambient_g: Grams = 0
    range_m: Annotated[int, Field(gt=0, le=10_000_000)] | None = Field(
        default=None, description="Of a charged battery, for a shift."
    )
    max_trips: Annotated[int, Field(ge=1, le=100)] = 1
    reload_s: Seconds = 0
    door_s: DoorSeconds = Field(
        default=0, description="How much a door's opening warms the others."
    )
    returns: bool = True
    fixed_cost: Cost = 0
    cost_per_km: CostPerKm = 0
    cost_per_h: CostPerHour = 0
    cost_per_order: Cost = 0
    gateway_id: GatewayIdField | None = Field(default=None, description="The edge on board.")
    frozen_place_id: PlaceIdField | None = None
    chilled_place_id: PlaceIdField | None = None
    ambient_place_id: PlaceIdField | None = None
    retired_at: UtcTime | None = None

    @model_validator(mode="after")
    def _carries_something(self) -> Self:
        if not (self.frozen_g or self.chilled_g or self.ambient_g):
            raise ValueError("a vehicle carries something: give frozen_g, chilled_g or ambient_g")
        return self


class Vehicle(Resource):
    """A vehicle of a city's fleet."""

    vehicle_id: VehicleId
    city_id: CityId
    depot_id: DepotId
    kind: VehicleKind
    role: VehicleRole
    mode: str
    frozen_g: int
    chilled_g: int
    ambient_g: int
    range_m: int | None
    max_trips: int
    reload_s: int
    door_s: int
    returns: bool
    fixed_cost: int
    cost_per_km: int
    cost_per_h: int
    cost_per_order: int
    gateway_id: str | None
    frozen_place_id: str | None
    chilled_place_id: str | None
    ambient_place_id: str | None
    retired_at: UtcTime | None


class Break(Request):
    """A rest that begins within its window."""

    earliest_at: UtcTime
    latest_at: UtcTime
    duration_s: Annotated[int, Field(ge=60, le=14_400)]


def _two_are_two(drivers: list[str]) -> list[str]:
    if len(set(drivers)) < len(drivers):
        raise ValueError("two drivers are two persons: give one, or two names")
    return drivers


Drivers = Annotated[list[Text], Field(min_length=1, max_length=2), AfterValidator(_two_are_two)]


class ShiftDetails(Request):
    """When a vehicle is staffed, and by whom: 7 days at most."""

    vehicle_id: VehicleIdField
    from_at: UtcTime
    until_at: UtcTime
    drivers: Drivers
    breaks: Annotated[tuple[Break, ...], Field(max_length=4)] = ()
    cancelled_at: UtcTime | None = None

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.until_at <= self.from_at:
            raise ValueError("until_at must come after from_at")
        if self.until_at - self.from_at > LONGEST_SHIFT:
            raise ValueError("a shift lasts 7 days at most: give an earlier until_at")
        return self

    @model_validator(mode="after")
    def _breaks_lie_within(self) -> Self:
        for rest in self.breaks:
            if not self.from_at <= rest.earliest_at <= rest.latest_at <= self.until_at:
                raise ValueError("a break begins between from_at and until_at, earliest_at first")
        return self


class Shift(Resource):
    """A vehicle's time with drivers."""

    shift_id: ShiftId
    vehicle_id: VehicleId
    from_at: UtcTime
    until_at: UtcTime
    drivers: list[str]
    breaks: tuple[Break, ...]
    cancelled_at: UtcTime | None
