"""What do loggers, places, orders and bindings look like on HTTP?

Times are aware and UTC; an unknown field is refused, so that a typing error is not silently lost.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.curve import Policy
from api.fields import (
    Amount,
    ConsignmentIdField,
    GoodsKilograms,
    Kilograms,
    LoggerIdField,
    OrderIdField,
    PlaceIdField,
    Text,
    TimeZoneName,
    UtcTime,
)
from schemas.ids import (
    ConsignmentId,
    LoggerId,
    MalformedId,
    OrderId,
    PlaceId,
    parse_consignment_id,
)
from schemas.reading import Zone

PlaceKind = Literal["cold_room", "vehicle", "locker"]
Milestone = Literal[
    "placed",
    "packed",
    "departed",
    "next_stop",  # the dispatcher saw the vehicle on its way to this door
    "arriving",  # and close to it
    "arrived",
    "delivered",
    "cancelled",
]
NewMilestone = Literal["packed", "departed", "arrived", "delivered", "cancelled"]
BoxMaterial = Literal["eps", "epp", "pu", "vip"]
PackKind = Literal["none", "ice", "brine", "paraffin_15", "dry_ice"]


class Resource(BaseModel):
    """An answer: frozen."""

    model_config = ConfigDict(frozen=True)


class Request(BaseModel):
    """A request's body: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# Loggers and places ----------------------------------------------------------------------------


class LoggerDetails(Request):
    """What is registered of a logger."""

    label: Text | None = None
    model: Text | None = None
    record_interval_s: Annotated[int, Field(ge=0, le=86_400)] | None = Field(
        default=None, description="How often it records; without it the interval is learned."
    )
    calibration_due_at: UtcTime | None = Field(
        default=None, description="From then on its readings are not to be trusted."
    )


class Logger(Resource):
    """A logger that is registered, or was heard, or both."""

    logger_id: LoggerId
    label: str | None
    model: str | None
    record_interval_s: int | None
    calibration_due_at: UtcTime | None
    registered_at: UtcTime | None
    frame_format: str | None
    first_heard_at: UtcTime | None
    unassigned: bool = Field(description="Heard, and nobody registered it.")
    newest_at: UtcTime | None
    newest_temperature_c: float | None


class PlaceDetails(Request):
    """What is registered of a place."""

    kind: PlaceKind
    name: Text
    zone: Zone


class Place(Resource):
    """A cold room, vehicle compartment or locker with a logger."""

    place_id: PlaceId
    kind: PlaceKind
    name: str
    zone: Zone


# Orders ----------------------------------------------------------------------------------------


class PackingDetails(Request):
    """How a box was packed: what the forecast of its temperature starts from."""

    packed_at: UtcTime
    box_serial: Text | None = None
    box_material: BoxMaterial | None = None
    wall_w_per_k: Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False)] | None = Field(
        default=None, description="What the box lets through, W/K, where it was measured."
    )
    pack_kind: PackKind | None = Field(default=None, description="What keeps it cold.")
    pack_kg: Kilograms | None = None
    product_kg: GoodsKilograms | None = Field(
        default=None, description="What the goods weigh, 0.01 kg at least; null: not known."
    )

    @model_validator(mode="after")
    def _a_pack_that_weighs(self) -> Self:
        if self.pack_kg == 0 and self.pack_kind not in {None, "none"}:
            raise ValueError(
                f"pack_kg is 0 and pack_kind {self.pack_kind}: give what the pack weighs, 0.01 kg "
                "at least, or pack_kind none"
            )
        return self


class Packing(Resource):
    """How a box was packed, as far as it is known."""

    packed_at: UtcTime
    box_serial: str | None
    box_material: BoxMaterial | None
    wall_w_per_k: float | None
    pack_kind: PackKind | None
    pack_kg: float | None
    product_kg: float | None


class NewConsignment(Request):
    """An order's goods of one zone, in a box of their own."""

    zone: Zone
    consignment_id: ConsignmentIdField | None = Field(
        default=None, description="Without it: `<order_id>.<zone>`."
    )
    policy_id: Text | None = Field(
        default=None, description="A policy by its name; its newest version holds."
    )
    product_class: Text | None = Field(
        default=None, description="What the goods are; without policy_id, its policy holds."
    )
    goods_value: Amount | None = None
    packing: PackingDetails | None = None


class NewOrder(Request):
    """An order with its consignments."""

    order_id: OrderIdField
    member_id: Text
    member_level: Text
    time_zone: TimeZoneName | None = Field(
        default=None, description="Of the member (IANA); without it the api's default."
    )
    placed_at: UtcTime
    due_at: UtcTime | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217.")] = "CNY"
    delivery_fee: Amount = 0
    consignments: Annotated[list[NewConsignment], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _due_after_it_was_placed(self) -> "NewOrder":
        if self.due_at is not None and self.due_at < self.placed_at:
            raise ValueError("due_at is before placed_at; give the time promised to the member")
        return self

    @model_validator(mode="after")
    def _named_consignments(self) -> "NewOrder":
        for consignment in self.consignments:
            try:
                self.id_of(consignment)
            except MalformedId as error:
                raise ValueError(
                    f"the order's id is too long for a consignment {self.order_id}."
                    f"{consignment.zone}; give consignment_id"
                ) from error
        return self

    def id_of(self, consignment: NewConsignment) -> ConsignmentId:
        """Return the id that a consignment was given, else `<order_id>.<zone>`."""
        return consignment.consignment_id or parse_consignment_id(
            f"{self.order_id}.{consignment.zone}"
        )


class ReachedMilestone(Resource):
    """A step of the journey, and when it was taken."""

    milestone: Milestone
    at: UtcTime


class Binding(Resource):
    """Which box or place a logger measures, and when."""

    binding_id: int
    logger_id: LoggerId
    consignment_id: ConsignmentId | None
    place_id: PlaceId | None
    from_at: UtcTime
    until_at: UtcTime | None
    bound_by: str
    closed_by: str | None
    closed_why: str | None


class Stay(Resource):
    """Where a consignment stood, and when."""

    stay_id: int
    consignment_id: ConsignmentId
    place_id: PlaceId
    from_at: UtcTime
    until_at: UtcTime | None


class Consignment(Resource):
    """An order's goods of one zone in a box, with what measured them and where they stood."""

    consignment_id: ConsignmentId
    zone: Zone
    policy: Policy
    product_class: str | None
    goods_value: int | None
    packing: Packing | None
    opened_at: UtcTime
    closed_at: UtcTime | None
    bindings: tuple[Binding, ...] = ()
    stays: tuple[Stay, ...] = ()


class OrderHead(Resource):
    """An order without what travels."""

    order_id: OrderId
    member_id: str
    member_level: str
    time_zone: str
    placed_at: UtcTime
    due_at: UtcTime | None
    currency: str
    delivery_fee: int


class Order(OrderHead):
    """An order, its journey so far, and its consignments."""

    milestones: tuple[ReachedMilestone, ...]
    consignments: tuple[Consignment, ...]


class MilestoneTime(Request):
    """When a milestone was reached."""

    at: UtcTime


# Bindings and stays ----------------------------------------------------------------------------


class NewBinding(Request):
    """Bind a logger for a time to a consignment's box, or to a place."""

    logger_id: LoggerIdField
    consignment_id: ConsignmentIdField | None = None
    place_id: PlaceIdField | None = None
    from_at: UtcTime
    until_at: UtcTime | None = None
    by: Text | None = Field(default=None, description="Who binds; without it the token's name.")
    takeover: bool = Field(
        default=True, description="Close what the logger was bound to; false: answer 409 instead."
    )

    @model_validator(mode="after")
    def _one_target(self) -> "NewBinding":
        if (self.consignment_id is None) == (self.place_id is None):
            raise ValueError("give either consignment_id or place_id")
        return self


class BindingOpened(Resource):
    """The new binding, and those it closed."""

    binding: Binding
    closed: tuple[Binding, ...]


class BindingEnd(Request):
    """End a binding: when, by whom and why."""

    at: UtcTime
    why: Text
    by: Text | None = Field(default=None, description="Who ends it; without it the token's name.")


class NewStay(Request):
    """A consignment begins to stand at a place; where it stood before, it stands no longer."""

    consignment_id: ConsignmentIdField
    place_id: PlaceIdField
    from_at: UtcTime
    until_at: UtcTime | None = None


class StayEnd(Request):
    """A consignment leaves a place."""

    at: UtcTime


# Links -----------------------------------------------------------------------------------------


class NewLink(Request):
    """Until when a member may look."""

    expires_at: UtcTime


class Link(Resource):
    """A member's address for one order."""

    url: str
    expires_at: UtcTime
