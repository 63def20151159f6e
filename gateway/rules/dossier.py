"""What is needed to judge an order, and nothing else?

The judge fills a dossier from the database; rules turn it into a judgement, with no other input. So
the same dossier gives the same answer anywhere: it is what evidence carries, and what `evidence
verify` judges again. Times are ms UTC, amounts the currency's smallest unit.
"""

from dataclasses import dataclass
from typing import Literal

from gateway.rules.compensation_rules import CompensationRules
from gateway.rules.policy import Policy
from schemas.reading import Zone
from schemas.segments import Recording, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A step by which goods changed hands."""

    step: str
    at_ms: int
    consignment_id: str | None  # None: the whole order
    place_id: str | None
    person: str
    temperature_c: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a member complained of. One loss is compensated once, whoever asks for it."""

    complaint_id: str
    severity: Literal["minor", "serious"]
    at_ms: int
    amount: int | None  # asked for
    about: Literal["spoiled", "late", "other"] = "other"
    consignment_id: str | None = None  # None: the whole order


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A person's word on a compensation; the newest of a cause holds."""

    cause: str
    at_ms: int
    by: str
    decision: Literal["approve", "reject", "amount"]
    amount: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentFile:
    """One box: its policy, its life, what measured it. `life` None: nothing was ever bound."""

    consignment_id: str
    zone: Zone
    policy: Policy
    goods_value: int | None
    life: Window | None
    own: tuple[Recording, ...]  # of its own loggers, repeats collapsed
    places: tuple[Recording, ...]  # of places of its zone, while it stood there
    packed_at_ms: tuple[int, ...] = ()  # begins of the policy's ignore periods, by handover or
    loaded_at_ms: tuple[int, ...] = ()  # milestone, of this box or of the whole order
    suspended: tuple[Window, ...] = ()
    closed_by_operator_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """An order as far as the judge needs it. `delivered_at_ms`: signed, or the milestone."""

    order_id: str
    member_level: str
    time_zone: str
    currency: str
    delivery_fee: int
    placed_at_ms: int
    due_at_ms: int | None
    arrives_at_ms: int | None = None  # as last estimated
    delivered_at_ms: int | None
    cancelled_at_ms: int | None
    as_of_ms: int
    consignments: tuple[ConsignmentFile, ...]
    handovers: tuple[Handover, ...]
    complaints: tuple[Complaint, ...]
    reviews: tuple[Review, ...]
    rules: CompensationRules | None
