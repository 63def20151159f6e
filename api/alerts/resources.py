"""What do alerts and planned maintenance look like on HTTP?"""

from typing import Any, Literal

from pydantic import Field, model_validator

from api.fields import Comment, LoggerIdField, PlaceIdField, Text, UtcTime
from api.resources import Request, Resource
from schemas.events import Severity
from schemas.ids import ConsignmentId, LoggerId, OrderId, PlaceId

AlertState = Literal["raised", "acknowledged", "resolved"]
What = Literal[
    "raised",
    "notified",
    "held",
    "acknowledged",
    "commented",
    "escalated",
    "ceased",
    "returned",
    "resolved",
]


class Alert(Resource):
    """Why somebody has to act; one that is not resolved for one cause."""

    alert_id: int
    cause: str
    kind: str
    severity: Severity
    state: AlertState
    level: int = Field(description="Whom it has reached, 1 to 3.")
    order_id: OrderId | None
    consignment_id: ConsignmentId | None
    place_id: PlaceId | None
    logger_id: LoggerId | None
    facts: dict[str, Any]
    raised_at: UtcTime
    escalates_at: UtcTime | None
    acknowledged_at: UtcTime | None
    ceased_at: UtcTime | None = Field(description="The cause has gone; resolved if it stays away.")
    resolved_at: UtcTime | None


class LogEntry(Resource):
    """Who did what about an alert, when."""

    entry_id: int
    at: UtcTime
    what: What
    level: int | None
    by: str
    comment: str | None


class AlertWithTimeline(Alert):
    """An alert, and all that was done about it, oldest first."""

    timeline: tuple[LogEntry, ...]


class AlertComment(Request):
    """What a person says of an alert."""

    comment: Comment
    by: Text | None = Field(default=None, description="Who says so; without it the token's name.")


class NewMaintenance(Request):
    """Planned work on a place or a logger."""

    place_id: PlaceIdField | None = None
    logger_id: LoggerIdField | None = None
    from_at: UtcTime
    until_at: UtcTime | None = Field(default=None, description="Without it: until it is ended.")
    why: Comment
    by: Text | None = Field(default=None, description="Who plans it; without it the token's name.")

    @model_validator(mode="after")
    def _one_thing_for_some_time(self) -> "NewMaintenance":
        if (self.place_id is None) == (self.logger_id is None):
            raise ValueError("give either place_id or logger_id")
        if self.until_at is not None and self.until_at <= self.from_at:
            raise ValueError("until_at must come after from_at")
        return self


class Maintenance(Resource):
    """Planned work: what is measured then is not judged, and no alert is raised for it."""

    maintenance_id: int
    place_id: PlaceId | None
    logger_id: LoggerId | None
    from_at: UtcTime
    until_at: UtcTime | None
    why: str
    planned_by: str
    planned_at: UtcTime
