"""What do plans, vehicles, commands and rescues look like on HTTP?"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from api.dispatch.disruption_bodies import Disruption
from api.fields import CommandIdField, Comment, OrderIdField, Text, UtcTime, VehicleIdField
from api.resources import Request, Resource
from schemas.ids import CityId, CommandId, ConsignmentId, OrderId, PlaceId, VehicleId
from schemas.reading import Zone

StopKind = Literal["load", "meet", "deliver", "return"]
CommandKind = Literal["pin", "move", "hold", "release", "undo"]
LONGEST_HOLD: Final = timedelta(days=7)
"""A plan reckons with ten days, the order's way and lateness among them."""
_Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Latitude = float
_Longitude = float


class Outlook(StrEnum):
    """Will a stop keep its order's promise?"""

    ON_TIME = "on_time"
    AT_RISK = "at_risk"  # the interval reaches beyond the promise
    LATE = "late"  # the expected time does


# The living plan --------------------------------------------------------------------------------


class PlannedStop(Resource):
    """A stop of the plan. Position 0 of a trip is its loading."""

    position: int
    kind: StopKind
    order_id: OrderId | None
    depot_id: str | None
    to_locker: bool
    arrives_at: UtcTime
    earliest_at: UtcTime = Field(description="80 % of such stops are reached from here on …")
    latest_at: UtcTime = Field(description="… until here.")
    leaves_at: UtcTime
    locked: bool = Field(description="Driven to, or being loaded: no plan changes it.")
    due_at: UtcTime | None = Field(description="What the order was promised.")
    outlook: Outlook | None = Field(description="Null: nothing was promised.")
    lat_deg: _Latitude | None = Field(description="Where it is: door, locker, depot or meeting.")
    lon_deg: _Longitude | None


class Trip(Resource):
    """One vehicle's stops from a loading to the next."""

    vehicle_id: VehicleId
    trip: int
    stops: list[PlannedStop]


class Unserved(Resource):
    """An order that stays behind, why, and the smallest change that would serve it."""

    order_id: OrderId
    reason: str
    sentence: str
    remedy: str


class Pin(Resource):
    """A dispatcher's standing wish, and what it costs."""

    order_id: OrderId
    kind: Literal["pin", "hold"]
    vehicle_id: VehicleId | None
    hold_until: UtcTime | None
    price: int = Field(description="More than without it, in the currency's smallest unit.")
    by: str


class Made(Resource):
    """How a version of the plan came about."""

    version: int
    made_at: UtcTime
    reason: str = Field(description="orders, at_risk, breakdown, command, progress, …")
    why: dict[str, Any]
    engine: str
    seed: int
    iterations: int
    problem_sha256: str
    cost: dict[str, Any] = Field(description="By part, in the currency's smallest unit.")
    pins_cost: int = Field(description="What the pins cost more than the plan without them.")
    took_ms: int


class PlanVersion(Made):
    """A version of the plan, and how much it changed."""

    changed: int = Field(description="Orders that are driven otherwise than before.")
    unserved: int


class Plan(Resource):
    """A city's plan as it is, or was at a version. Version 0: there is none yet."""

    city_id: CityId
    version: int
    is_newest: bool
    dispatcher_lives: bool = Field(description="Somebody is there to change it.")
    made: Made | None
    trips: list[Trip]
    unserved: list[Unserved]
    pins: list[Pin]


class PlanChange(Resource):
    """What a version changed for an order, and why."""

    version: int
    order_id: OrderId
    what: Literal["planned", "moved", "resequenced", "delayed", "earlier", "dropped", "done"]
    from_vehicle: VehicleId | None
    to_vehicle: VehicleId | None
    from_at: UtcTime | None
    to_at: UtcTime | None
    why: str


# Vehicles ---------------------------------------------------------------------------------------


class VehiclePosition(Resource):
    """Where a vehicle was seen last, by the receiver's own time."""

    at: UtcTime
    lat_deg: _Latitude
    lon_deg: _Longitude
    speed_m_s: float | None


class LoadByZone(Resource):
    """Grams by zone."""

    frozen_g: int
    chilled_g: int
    ambient_g: int


class Compartment(Resource):
    """A compartment with a logger, and what was measured there last."""

    zone: Zone
    place_id: PlaceId
    temperature_c: float | None
    measured_at: UtcTime | None
    failed_since: UtcTime | None = Field(
        description="Since when it cools no more, by the judge: what is packed for it needs packs."
    )


class ShiftNow(Resource):
    """The shift that a vehicle is on, or its next one."""

    from_at: UtcTime
    until_at: UtcTime
    drivers: list[str]


class NextStop(PlannedStop):
    """A stop that a vehicle has still to make."""

    trip: int


class VehicleNow(Resource):
    """A vehicle as it is now."""

    vehicle_id: VehicleId
    kind: Literal["van", "tricycle", "courier", "carrier"]
    role: Literal["regular", "relay", "reserve"]
    depot_id: str
    shift: ShiftNow | None
    position: VehiclePosition | None
    capacity: LoadByZone
    aboard: LoadByZone
    orders_aboard: list[OrderId]
    compartments: list[Compartment]
    disruptions: list[Disruption] = Field(description="Those of this vehicle that hold now.")
    stops_left: int
    next_stops: list[NextStop]


# Commands ---------------------------------------------------------------------------------------


class NewCommand(Request):
    """A dispatcher's word about the plan that he saw."""

    command_id: CommandIdField = Field(description="Your own; said again, it gives the same.")
    base_version: _Version = Field(description="Of the plan that you saw; another is 409.")
    kind: CommandKind
    order_id: OrderIdField | None = Field(default=None, description="Of all kinds but undo.")
    vehicle_id: VehicleIdField | None = Field(
        default=None, description="Of pin and move: which vehicle is to bring it."
    )
    hold_until: UtcTime | None = Field(
        default=None, description="Of hold: it is not brought before. 7 days ahead at most."
    )
    undo_version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="Of undo: the version whose command is taken back."
    )
    comment: Comment | None = None
    by: Text | None = Field(default=None, description="Who says so; without it the token's name.")

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> "NewCommand":
        needed = _NEEDED[self.kind]
        given = {name for name in _OF_KINDS if getattr(self, name) is not None}
        if missing := sorted(needed - given):
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        if foreign := sorted(given - needed):
            raise ValueError(f"{self.kind} has no {', '.join(foreign)}")
        if self.undo_version is not None and self.undo_version > self.base_version:
            raise ValueError("undo_version is newer than base_version, the plan that you saw")
        return self


_NEEDED: dict[str, set[str]] = {
    "pin": {"order_id", "vehicle_id"},
    "move": {"order_id", "vehicle_id"},
    "hold": {"order_id", "hold_until"},
    "release": {"order_id"},
    "undo": {"undo_version"},
}
_OF_KINDS = ("order_id", "vehicle_id", "hold_until", "undo_version")


class CommandOutcome(Resource):
    """What became of a command."""

    accepted: bool
    reason: str
    version: int | None = Field(description="The plan that it made.")
    price: int | None = Field(description="What it costs more, in the smallest unit.")
    decided_at: UtcTime


class Command(Resource):
    """A dispatcher's word, and its outcome once the dispatcher process has decided."""

    command_id: CommandId
    city_id: CityId
    base_version: int
    kind: CommandKind
    order_id: OrderId | None
    vehicle_id: VehicleId | None
    hold_until: UtcTime | None
    undo_version: int | None
    comment: str | None
    commanded_at: UtcTime
    commanded_by: str
    outcome: CommandOutcome | None
    waits_for: str | None = Field(description="Why there is no outcome yet.")


# Rescues ----------------------------------------------------------------------------------------

Action = Literal["keep", "bring_forward", "swap", "relay", "return", "accept"]


class RescueOption(Resource):
    """One way to deal with a warming box."""

    action: Action
    vehicle_id: VehicleId | None
    arrives_at: UtcTime | None
    cost: int = Field(description="More than to go on as planned, in the smallest unit.")
    spoil_chance: float


class Rescue(Resource):
    """A box that became a question, what was compared, and what was done."""

    rescue_id: int
    version: int
    order_id: OrderId
    consignment_id: ConsignmentId
    cause: Literal["forecast", "cooling_failed", "breakdown"]
    options: list[RescueOption]
    chosen: Action
    why: str
    decided_at: UtcTime


# The console ------------------------------------------------------------------------------------


# Short: it stands in the link, and beside each command that is given by it.
Dispatcher = Annotated[Text, Field(max_length=40)]


class NewConsoleLink(Request):
    """How long a link to the console is to be good, and who may command by it."""

    expires_at: UtcTime
    by: Dispatcher | None = Field(
        default=None, description="Who may command by it; without it the link only shows."
    )


class ConsoleLink(Resource):
    """An address that shows a city's console to whoever has it, until it ends."""

    url: str
    expires_at: UtcTime
