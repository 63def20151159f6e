"""What does the database know of orders? Rows, as they are read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.events import ExcursionState, Outcome, Severity, Side
from schemas.ids import LoggerId, PlaceId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order, its promise and its end."""

    order_id: str
    member_level: str
    time_zone: str
    currency: str
    delivery_fee: int
    placed_at: datetime
    due_at: datetime | None
    arrives_at: datetime | None  # as last estimated
    latest_at: datetime | None  # 90 % come by then, where the estimate says it
    service_s: int | None  # that handing over takes; None: nobody is to deliver it
    is_left_behind: bool  # by the plan that stands, or brought back undelivered
    delivered_at: datetime | None
    cancelled_at: datetime | None
    packed_at: datetime | None
    departed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentRow:
    """A box, and how it was packed as far as that is known."""

    order_id: str
    consignment_id: str
    zone: str
    policy_id: str
    policy_version: int
    goods_value: int | None
    begun_at: datetime | None  # the first binding or stay
    closed_at: datetime | None
    packed_at: datetime | None
    box_material: str | None
    wall_w_per_k: float | None
    pack_kind: str | None
    pack_kg: float | None
    product_kg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRow:
    """A step by which goods changed hands."""

    order_id: str
    consignment_id: str | None
    step: str
    at: datetime
    place_id: str | None
    person: str
    temperature_c: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRow:
    """What a member complained of."""

    order_id: str
    complaint_id: str
    consignment_id: str | None
    about: Literal["spoiled", "late", "other"]
    severity: Literal["minor", "serious"]
    at: datetime
    amount: int | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A person's word on a compensation."""

    order_id: str
    cause: str
    at: datetime
    by: str
    decision: Literal["approve", "reject", "amount"]
    amount: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRow:
    """A logger that measured a box or a place, from when until when."""

    subject_id: str  # the consignment, the place or the intake that it counts for
    logger_id: LoggerId
    place_id: PlaceId | None
    place_name: str | None
    from_at: datetime
    until_at: datetime | None
    logger_key: int | None  # None: never heard
    counter_wrap: int | None
    record_interval_s: int | None
    fills: bool = True  # False: of another zone, it is the box's ambient and says nothing of it


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceRow:
    """Planned work on a place or a logger."""

    place_id: str | None
    logger_id: str | None
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRow:
    """An operator's word that an excursion is over."""

    subject_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingVerdict:
    """The newest revision of a verdict, and what it says in short."""

    subject_id: str
    revision: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingExcursion:
    """The newest revision of an excursion."""

    excursion_id: int
    revision: int
    subject_id: str
    limit_name: str
    side: Side
    severity: Severity
    source: Literal["box", "place"]
    state: ExcursionState
    from_at: datetime
    until_at: datetime | None
    extreme_c: float
    degree_minutes: float
    duration_s: int
    found_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingDecision:
    """What was last decided for a cause."""

    order_id: str
    cause: str
    trigger_id: int
    revision: int
    consignment_id: str | None
    outcome: Outcome
    amount: int
    currency: str
    rulebook_id: str
    rulebook_version: int
    clause: str
    reason: str
    needs_review: bool
    decided_by: str
    found_late: bool
    evidence_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingForecast:
    """What was last forecast of a box, as far as it is looked at again."""

    consignment_id: str
    made_at: datetime
    side: Side | None
    leaves_in_s_q50: float | None
    at_risk: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """All that is known of some orders, readings excepted."""

    orders: list[OrderRow]
    consignments: list[ConsignmentRow]
    handovers: list[HandoverRow]
    complaints: list[ComplaintRow]
    reviews: list[ReviewRow]
    recordings: list[RecordingRow]
    maintenance: list[MaintenanceRow]
    closings: list[ClosingRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was found of some orders before."""

    verdicts: list[StandingVerdict]
    excursions: list[StandingExcursion]
    decisions: list[StandingDecision]
    forecasts: list[StandingForecast]
