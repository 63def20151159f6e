"""What do triggers, reviews, rules and policies look like on HTTP?"""

from typing import Any, Literal

from pydantic import Field, model_validator

from api.fields import Amount, Comment, Text, UtcTime
from api.resources import Request, Resource
from schemas.events import Outcome
from schemas.ids import ConsignmentId, OrderId
from schemas.reading import Zone

ReviewDecision = Literal["approve", "reject", "amount"]


class Decision(Resource):
    """One entry of a trigger's ledger, which only grows."""

    revision: int
    decided_at: UtcTime
    decided_by: str = Field(description="`rules`, or who reviewed.")
    outcome: Outcome
    amount: int = Field(description="What the member gets in all, in the smallest unit.")
    delta: int = Field(description="Against the revision before; all deltas add up to the amount.")
    currency: str
    rulebook_id: str
    rulebook_version: int
    clause: str
    reason: str
    needs_review: bool
    found_late: bool
    evidence_sha256: str


class Trigger(Decision):
    """A cause of compensation, with what was decided of it last."""

    trigger_id: int
    order_id: OrderId
    consignment_id: ConsignmentId | None
    cause: str
    triggered_at: UtcTime


class Review(Resource):
    """A person's word on a compensation; the newest holds."""

    review_id: int
    trigger_id: int
    at: UtcTime
    by: str
    decision: ReviewDecision
    amount: int | None
    comment: str


class Ledger(Trigger):
    """A trigger with all that was decided of it and said to it, oldest first."""

    net: int = Field(description="All deltas together: what the member gets.")
    ledger: tuple[Decision, ...]
    reviews: tuple[Review, ...]


class NewReview(Request):
    """A person's word on a compensation: approve what is proposed, reject it, or set an amount."""

    decision: ReviewDecision
    amount: Amount | None = Field(default=None, description="With the decision `amount` only.")
    comment: Comment
    by: Text | None = Field(default=None, description="Who says so; without it the token's name.")

    @model_validator(mode="after")
    def _amount_with_amount(self) -> "NewReview":
        if (self.decision == "amount") != (self.amount is not None):
            raise ValueError("give amount with the decision amount, and with no other")
        return self


class PublishedRules(Resource):
    """The rules of compensation that hold now, as data, as written, and as members read them."""

    rulebook_id: str
    version: int
    loaded_at: UtcTime
    sha256: str
    document: dict[str, Any]
    toml: str
    language: str
    text: str | None = Field(description="For members, in Markdown.")
    clauses: dict[str, str] = Field(description="Each clause's sentence by its number.")


class PolicyHead(Resource):
    """The limits of a zone or of a product class, by version."""

    policy_id: str
    version: int
    zone: Zone
    product_class: str | None
    lower_c: float | None
    upper_c: float | None
    source: str
    loaded_at: UtcTime | None


class PolicyDocument(PolicyHead):
    """A policy with all that it says; null: one of plain limits, from before documents."""

    sha256: str | None
    document: dict[str, Any] | None
    toml: str | None
