"""What happened, as streams and webhooks tell it?

Each event is a row of `events`: a type, the order where it concerns one, and `data`, one of the
classes below. `WEBHOOK_EVENTS` is what the outside may subscribe to; other types of `events` are
for our own streams. Times are ISO 8601, UTC; amounts are in the currency's smallest unit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

Side = Literal["upper", "lower"]
Severity = Literal["notice", "warning", "critical"]
ExcursionState = Literal["open", "closed", "lost", "closed_by_operator", "withdrawn"]
Outcome = Literal[
    "approved", "already_compensated", "over_limit", "could_not_determine", "blocked", "withdrawn"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionEvent:
    """An excursion was opened, closed or revised: of a box, a place's day, or an intake."""

    excursion_id: int
    revision: int
    subject_kind: Literal["consignment", "watch", "intake"]
    subject_id: str
    order_id: str | None
    place_id: str | None
    limit: str  # its name in the policy
    side: Side
    severity: Severity
    state: ExcursionState
    source: Literal["box", "place"]
    from_at: datetime
    until_at: datetime | None
    extreme_c: float
    degree_minutes: float  # beyond the limit
    duration_s: int
    policy_id: str
    policy_version: int
    readings_sha256: str
    found_late: bool  # readings came late: nothing to act on now


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """A box is forecast to leave its zone, with an 80 % interval; None: beyond the horizon."""

    order_id: str
    consignment_id: str
    side: Side
    made_at: datetime
    leaves_at_q10: datetime | None
    leaves_at_q50: datetime | None
    leaves_at_q90: datetime | None
    chance_within_40_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Nothing was heard of a logger that measures a box or a place."""

    logger_id: str
    order_id: str | None
    consignment_id: str | None
    place_id: str | None
    last_measured_at: datetime | None  # None: it was never heard
    expected_interval_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """An alert was raised, escalated or resolved; `on_duty` is to see to it."""

    alert_id: int
    kind: str
    cause: str
    severity: Severity
    level: int  # 1 to 3
    order_id: str | None
    consignment_id: str | None
    place_id: str | None
    logger_id: str | None
    on_duty: list[str]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationEvent:
    """What a member gets was decided (revision 1) or corrected."""

    trigger_id: int
    revision: int
    order_id: str
    consignment_id: str | None
    cause: str
    outcome: Outcome
    amount: int
    delta: int  # against the revision before
    currency: str
    rulebook_id: str
    rulebook_version: int
    clause: str
    reason: str
    needs_review: bool
    found_late: bool
    evidence_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseEvent:
    """An order will probably be late (with a time that can be kept instead), or is."""

    order_id: str
    due_at: datetime
    arrives_at: datetime | None  # the newest estimate
    delivered_at: datetime | None
    late_s: int
    proposed_at: datetime | None = None  # nine in ten are delivered by then
    compensation: int | None = None  # what the rules give for a delivery then
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedEvent:
    """An order is promised at a time, or at another time than before."""

    order_id: str
    city_id: str
    due_at: datetime
    not_before: datetime | None  # of a booked window
    depot_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What can be done instead of what was wished; its place in the list is its number."""

    due_at: datetime
    window_from: datetime | None
    locker_id: str | None
    depot_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedEvent:
    """What was wished of an order can't be kept. Without offers: nothing can be done."""

    order_id: str
    city_id: str
    offers: list[Offered]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEvent:
    """A city's living plan has a new version; what moved and why is the API's to tell."""

    city_id: str
    version: int
    reason: str  # what led to it: orders, at_risk, breakdown, command, ...
    changed: int  # orders that are driven otherwise than before
    unserved: int  # orders that stay behind
    vehicle_ids: list[str]  # those whose stops changed


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueEvent:
    """A box became a question (it warms, or its vehicle failed), and was answered."""

    city_id: str
    version: int
    order_id: str
    consignment_id: str
    cause: Literal["forecast", "cooling_failed", "breakdown"]
    chosen: Literal["keep", "bring_forward", "swap", "relay", "return", "accept"]
    vehicle_id: str | None
    arrives_at: datetime | None
    cost: int  # more than to go on as planned
    spoil_chance: float  # with what was chosen
    compared: int  # how many ways
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneEvent:
    """A step of an order's journey was recorded.

    Beside handovers and milestones the dispatcher tells `next_stop` (the vehicle drives to this
    order next) and `arriving` (it is minutes away).
    """

    order_id: str
    consignment_id: str | None
    step: str
    at: datetime
    place_id: str | None
    person: str | None
    temperature_c: float | None


EXCURSION_OPENED: Final = "frostline.excursion.opened"
EXCURSION_CLOSED: Final = "frostline.excursion.closed"
EXCURSION_REVISED: Final = "frostline.excursion.revised"
AT_RISK: Final = "frostline.at_risk"
SILENT: Final = "frostline.silent"
ALERT_RAISED: Final = "frostline.alert.raised"
ALERT_ESCALATED: Final = "frostline.alert.escalated"
ALERT_RESOLVED: Final = "frostline.alert.resolved"
COMPENSATION_TRIGGERED: Final = "frostline.compensation.triggered"
COMPENSATION_CORRECTED: Final = "frostline.compensation.corrected"
PROMISE_AT_RISK: Final = "frostline.promise.at_risk"
PROMISE_BROKEN: Final = "frostline.promise.broken"
ORDER_MILESTONE: Final = "frostline.order.milestone"
ORDER_PROMISED: Final = "frostline.order.promised"
ORDER_OFFERED: Final = "frostline.order.offered"
PLAN_CHANGED: Final = "frostline.plan.changed"
RESCUE_DECIDED: Final = "frostline.rescue.decided"

WEBHOOK_EVENTS: Final[Mapping[str, type]] = MappingProxyType(
    {
        EXCURSION_OPENED: ExcursionEvent,
        EXCURSION_CLOSED: ExcursionEvent,
        EXCURSION_REVISED: ExcursionEvent,
        AT_RISK: AtRisk,
        SILENT: Silent,
        ALERT_RAISED: AlertEvent,
        ALERT_ESCALATED: AlertEvent,
        ALERT_RESOLVED: AlertEvent,
        COMPENSATION_TRIGGERED: CompensationEvent,
        COMPENSATION_CORRECTED: CompensationEvent,
        PROMISE_AT_RISK: PromiseEvent,
        PROMISE_BROKEN: PromiseEvent,
        ORDER_MILESTONE: MilestoneEvent,
        ORDER_PROMISED: PromisedEvent,
        ORDER_OFFERED: OfferedEvent,
        PLAN_CHANGED: PlanEvent,
        RESCUE_DECIDED: RescueEvent,
    }
)


def types_matching(pattern: str) -> frozenset[str]:
    """Return the types that a pattern names: one type, or all that begin alike (`….excursion.*`).

    An empty set: the pattern names nothing that is told to the outside.
    """
    if pattern.endswith(".*"):
        return frozenset(type_ for type_ in WEBHOOK_EVENTS if type_.startswith(pattern[:-1]))
    return frozenset({pattern} & WEBHOOK_EVENTS.keys())


def wanted_types(patterns: Iterable[str]) -> frozenset[str]:
    """Return the types that an endpoint is told; no pattern at all: every one."""
    patterns = list(patterns)
    if not patterns:
        return frozenset(WEBHOOK_EVENTS)
    return frozenset().union(*map(types_matching, patterns))
