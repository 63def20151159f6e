"""What do handovers, packings, arrival estimates, complaints and intakes look like on HTTP?"""

from typing import Literal

from pydantic import Field, model_validator

from api.fields import (
    Amount,
    Comment,
    ComplaintIdField,
    ConsignmentIdField,
    IntakeIdField,
    LoggerIdField,
    OrderIdField,
    PlaceIdField,
    Temperature,
    Text,
    UtcTime,
)
from api.resources import Request, Resource
from schemas.ids import ComplaintId, ConsignmentId, IntakeId, LoggerId, OrderId, PlaceId

Step = Literal[
    "packed",
    "loaded",
    "departed",
    "arrived",
    "opened",
    "checked",
    "signed",
    "refused",
    "returned",
]
About = Literal["spoiled", "late", "other"]


class NewHandover(Request):
    """A step by which goods change hands."""

    step: Step
    at: UtcTime
    consignment_id: ConsignmentIdField | None = Field(
        default=None, description="One box; without it the whole order."
    )
    place_id: PlaceIdField | None = None
    person: Text
    temperature_c: Temperature | None = Field(
        default=None, description="As measured by hand; needed at `checked`."
    )
    comment: Comment | None = None

    @model_validator(mode="after")
    def _checked_with_a_temperature(self) -> "NewHandover":
        if self.step == "checked" and self.temperature_c is None:
            raise ValueError("checked needs temperature_c: what was measured by hand")
        return self


class Handover(Resource):
    """A step by which goods changed hands."""

    handover_id: int
    order_id: OrderId
    consignment_id: ConsignmentId | None
    step: Step
    at: UtcTime
    place_id: PlaceId | None
    person: str
    temperature_c: float | None
    comment: str | None
    recorded_at: UtcTime


class NewArrivalEstimate(Request):
    """When an order is thought to arrive."""

    arrives_at: UtcTime
    by: Text | None = Field(default=None, description="Who says so; without it the token's name.")


class ArrivalEstimate(Resource):
    """When an order was thought to arrive, and by whom."""

    order_id: OrderId
    estimated_at: UtcTime
    arrives_at: UtcTime
    by: str


class NewComplaint(Request):
    """What a member complains of."""

    complaint_id: ComplaintIdField
    order_id: OrderIdField
    severity: Literal["minor", "serious"]
    about: About = Field(default="other", description="What was lost is compensated once.")
    consignment_id: ConsignmentIdField | None = Field(
        default=None, description="One box; without it the whole order."
    )
    at: UtcTime
    amount: Amount | None = Field(default=None, description="What the member asks for.")
    comment: Comment
    by: Text | None = Field(default=None, description="Who took it; without it the token's name.")


class Complaint(Resource):
    """What a member complained of, and what was answered."""

    complaint_id: ComplaintId
    order_id: OrderId
    severity: Literal["minor", "serious"]
    about: About
    consignment_id: ConsignmentId | None
    at: UtcTime
    amount: int | None
    comment: str
    by: str
    answered_at: UtcTime | None
    answer: str | None


class Answer(Request):
    """What the member is told."""

    answer: Comment


class NewIntake(Request):
    """A supplier's batch at the door, with the logger that came with it."""

    intake_id: IntakeIdField
    supplier: Text
    batch: Text
    logger_id: LoggerIdField
    policy_id: Text = Field(description="What its journey is held against; the newest version.")
    from_at: UtcTime
    until_at: UtcTime
    by: Text | None = Field(default=None, description="Who asks; without it the token's name.")

    @model_validator(mode="after")
    def _some_time(self) -> "NewIntake":
        if self.until_at <= self.from_at:
            raise ValueError("until_at must come after from_at")
        return self


class IntakeDecision(Resource):
    """Whether a batch may come in, and why."""

    revision: int
    decided_at: UtcTime
    accepted: bool
    reason_code: str
    reason: str


class Intake(Resource):
    """A supplier's batch at the door. `decision` null: its readings are still being judged."""

    intake_id: IntakeId
    supplier: str
    batch: str
    logger_id: LoggerId
    policy_id: str
    policy_version: int
    from_at: UtcTime
    until_at: UtcTime
    requested_at: UtcTime
    requested_by: str
    decision: IntakeDecision | None
