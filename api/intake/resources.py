"""What do an order's delivery, its promise and its offers look like on HTTP?"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from api.fields import CityIdField, LockerIdField, Text, UtcTime
from api.intake.fields import Grams, Latitude, Longitude, refuse_nowhere
from api.resources import NewOrder, Order, Request, Resource
from schemas.ids import CityId, OrderId

Wish = Literal["fastest", "window", "locker"]
PromiseState = Literal["requested", "promised", "offered", "impossible", "cancelled"]


class NewDelivery(Request):
    """Where an order is to go, how heavy it is, and how soon it is wished."""

    city_id: CityIdField
    lat_deg: Latitude | None = None
    lon_deg: Longitude | None = None
    address: Text | None = Field(
        default=None,
        description="Looked up in the city's addresses where no coordinates are given.",
    )
    wish: Wish = Field(
        default="fastest", description="As fast as the level allows, a booked window, a locker."
    )
    window_from: UtcTime | None = None
    window_until: UtcTime | None = None
    locker_id: LockerIdField | None = Field(
        default=None, description="The locker that is wished, or that would do as well."
    )
    frozen_g: Grams = 0
    chilled_g: Grams = 0
    ambient_g: Grams = 0
    service_s: Annotated[int, Field(ge=0, le=7200)] = Field(
        default=180, description="How long the stop takes."
    )

    @property
    def grams(self) -> dict[str, int]:
        """Return what is to be delivered, by zone."""
        return {"frozen": self.frozen_g, "chilled": self.chilled_g, "ambient": self.ambient_g}

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.lat_deg is None) != (self.lon_deg is None):
            raise ValueError("give both lat_deg and lon_deg")
        refuse_nowhere(self.lat_deg, self.lon_deg)
        if self.lat_deg is None and self.address is None and self.wish != "locker":
            raise ValueError("give lat_deg and lon_deg, or an address")
        return self

    @model_validator(mode="after")
    def _a_whole_wish(self) -> Self:
        window = self.window_from, self.window_until
        if self.wish != "window" and window != (None, None):
            raise ValueError("window_from and window_until belong to the wish window")
        if self.wish == "window" and None in window:
            raise ValueError("the wish window needs window_from and window_until")
        if self.window_from and self.window_until and self.window_until <= self.window_from:
            raise ValueError("window_until must come after window_from")
        if self.wish == "locker" and self.locker_id is None:
            raise ValueError("the wish locker needs locker_id")
        return self


def _nothing(value: object) -> bool:
    return value is None


class RequestedOrder(NewOrder):
    """An order; with `delivery`, one that the dispatcher is to promise."""

    # Left out where there is none: such a request is, spelled out, what it always was.
    delivery: NewDelivery | None = Field(default=None, exclude_if=_nothing)

    @model_validator(mode="after")
    def _due_by_promise(self) -> Self:
        if self.delivery is not None and self.due_at is not None:
            raise ValueError("with delivery the promise says when it is due; leave due_at out")
        return self

    @model_validator(mode="after")
    def _goods_that_weigh(self) -> Self:
        if self.delivery is None:
            return self
        zones = {consignment.zone.value for consignment in self.consignments}
        for zone, grams in self.delivery.grams.items():
            if grams and zone not in zones:
                raise ValueError(f"{zone}_g is given, and no consignment is {zone}")
            if zone in zones and not grams:
                raise ValueError(f"a consignment is {zone}; give its weight as {zone}_g")
        return self


class Delivery(Resource):
    """Where an order is to go, with the tier that level and area give."""

    city_id: CityId
    lat_deg: float
    lon_deg: float
    address: str | None
    area: str | None
    tier_h: int
    frozen_g: int
    chilled_g: int
    ambient_g: int
    service_s: int
    wish: Wish
    window_from: UtcTime | None
    window_until: UtcTime | None
    locker_id: str | None
    requested_at: UtcTime


class Offer(Resource):
    """What can be done instead of what was wished."""

    due_at: UtcTime
    window_from: UtcTime | None = None
    locker_id: str | None = None
    depot_id: str | None = None


class Promise(Resource):
    """What the dispatcher answered an order, or why there is no answer yet."""

    order_id: OrderId
    city_id: CityId
    state: PromiseState = Field(description="requested: not answered yet.")
    due_at: UtcTime | None = None
    not_before: UtcTime | None = None
    depot_id: str | None = None
    alternates: tuple[str, ...] = Field(
        default=(), description="Other depots that could keep the promise."
    )
    offers: tuple[Offer, ...] = ()
    accepted_offer: int | None = Field(
        default=None, description="Which offer was accepted, until the dispatcher has answered."
    )
    reason: str
    version: int | None = Field(default=None, description="Of the plan it was inserted into.")
    decided_at: UtcTime | None = None

    @property
    def is_answered(self) -> bool:
        """Tell whether the dispatcher has answered the newest word."""
        return self.state != "requested" and self.accepted_offer is None


class DeliveredOrder(Order):
    """An order that is to be delivered, with its promise."""

    delivery: Delivery
    promise: Promise


class OfferAnswer(Request):
    """Which of the offers is accepted."""

    offer: Annotated[int, Field(ge=0, le=100, strict=True)] | None = Field(
        description="Its number, from 0. Null declines all of them, and cancels the order."
    )


# Batches -----------------------------------------------------------------------------------------


class NewBatch(Request):
    """Several orders at once, each as `POST /orders` takes it."""

    orders: Annotated[list[RequestedOrder], Field(min_length=1, max_length=500)]
    all_or_nothing: bool = Field(
        default=False, description="Write none of them where one is refused."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for order in self.orders:
            if order.order_id in seen:
                raise ValueError(f"the order {order.order_id} stands in the batch twice")
            seen.add(order.order_id)
        return self


class BatchItem(Resource):
    """What became of one order of a batch."""

    order_id: OrderId
    status: int = Field(description="As POST /orders would have answered it.")
    promise: Promise | None = None
    problem: dict[str, Any] | None = Field(default=None, description="Why it was refused.")


class Batch(Resource):
    """An answer for each order, in their order."""

    written: int
    refused: int
    orders: tuple[BatchItem, ...]
