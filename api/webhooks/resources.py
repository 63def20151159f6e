"""What do webhooks' endpoints and deliveries look like on HTTP?"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from api.fields import Text, UtcTime
from api.resources import Request, Resource
from api.webhooks.urls import WebhookUrl
from schemas.events import WEBHOOK_EVENTS, types_matching

DeliveryState = Literal["waiting", "delivered", "given_up"]


def _names_something(pattern: str) -> str:
    if not types_matching(pattern):
        raise ValueError(
            f"{pattern[:80]!r} names no event; there are {', '.join(WEBHOOK_EVENTS)}, "
            "and what begins alike: frostline.excursion.*"
        )
    return pattern


EventPattern = Annotated[str, StringConstraints(max_length=100), AfterValidator(_names_something)]
EventPatterns = Annotated[
    list[EventPattern],
    Field(max_length=50, description="Event types, or `frostline.excursion.*`; empty: all."),
]


class NewEndpoint(Request):
    """Where to tell what."""

    url: WebhookUrl
    event_types: EventPatterns = Field(default_factory=list)
    description: Text | None = None


class EndpointChange(Request):
    """What to change of an endpoint; what is left out stays as it is."""

    url: WebhookUrl | None = None
    event_types: EventPatterns | None = None
    description: Text | None = None
    enabled: bool | None = Field(default=None, description="false: it is told nothing meanwhile.")


class Endpoint(Resource):
    """Who is told what. Its secret is shown only when it is made."""

    endpoint_id: str
    url: str
    event_types: list[str]
    description: str | None
    enabled: bool
    old_secret_until: UtcTime | None = Field(description="The secret before signs too until then.")
    created_at: UtcTime
    disabled_at: UtcTime | None = Field(
        description="It answered 410, and is told nothing until a replay to it is taken."
    )
    disabled_why: str | None


class EndpointWithSecret(Endpoint):
    """An endpoint with its new secret: the only time that it can be read."""

    secret: str


class Delivery(Resource):
    """What an endpoint is told of an event, and whether it was."""

    delivery_id: int
    endpoint_id: str
    message_id: str = Field(description="`webhook-id`: the same at each attempt.")
    type: str
    order_id: str | None
    sequence: int
    state: DeliveryState
    created_at: UtcTime
    attempts: int
    next_attempt_at: UtcTime | None
    delivered_at: UtcTime | None
    given_up_at: UtcTime | None


class Attempt(Resource):
    """One attempt, with the answer. `status` null: there was none, and `error` says why."""

    attempt: int
    at: UtcTime
    took_ms: int
    status: int | None
    error: str | None
    requested_by: str | None = Field(description="Who asked for it, where it was a person.")


class DeliveryLog(Delivery):
    """A delivery with its body and every attempt, oldest first."""

    body: str
    log: tuple[Attempt, ...]


class Replay(Resource):
    """A person's wish that a delivery be sent again."""

    replay_id: int
    delivery_id: int
    requested_at: UtcTime
    requested_by: str
