"""What does an order look like with what was found of it?"""

from collections.abc import Mapping

from pydantic import Field

from api.fields import Comment, Text, UtcTime
from api.findings.found import (
    NOTHING_FOUND,
    Findings,
    Forecast,
    FoundExcursion,
    VerdictRevision,
)
from api.resources import Consignment, Order, OrderHead, ReachedMilestone, Request, Resource


class JudgedConsignment(Consignment):
    """A box, with what is thought of it now. `verdict` null: it was not judged yet."""

    verdict: VerdictRevision | None
    excursions: tuple[FoundExcursion, ...]
    forecast: Forecast | None


class JudgedOrder(OrderHead):
    """An order, its journey so far, and its boxes with what was found of them."""

    milestones: tuple[ReachedMilestone, ...]
    consignments: tuple[JudgedConsignment, ...]


def judged(order: Order, findings: Mapping[str, Findings]) -> JudgedOrder:
    """Return an order with what was found of its boxes."""
    head = order.model_dump(exclude={"consignments"})
    boxes = [_judged(box, findings.get(box.consignment_id)) for box in order.consignments]
    return JudgedOrder(**head, consignments=tuple(boxes))


def _judged(box: Consignment, found: Findings | None) -> JudgedConsignment:
    found = found or NOTHING_FOUND
    return JudgedConsignment(
        **dict(box),
        verdict=found.verdict,
        excursions=found.excursions,
        forecast=found.forecast,
    )


class NewClosing(Request):
    """Say that an open excursion is over: its logger died, the goods were moved."""

    at: UtcTime | None = Field(default=None, description="When it was over; without it: now.")
    comment: Comment
    by: Text | None = Field(default=None, description="Who says so; without it the token's name.")


class Closing(Resource):
    """An operator's word that an excursion is over."""

    excursion_id: int
    at: UtcTime
    by: str
    comment: str
