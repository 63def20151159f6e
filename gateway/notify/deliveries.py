"""What becomes of an event at each endpoint, and of a delivery after an attempt?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.notify.bodies import Event, body_of, message_id_of
from gateway.notify.endpoints import Endpoint, Position
from gateway.notify.retries import Answer, retry_delay_s, spread_of
from schemas.events import wanted_types


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """An event that an endpoint is to be told."""

    endpoint_id: str
    message_id: str
    type: str
    order_id: str | None
    sequence: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery that is to be attempted now."""

    delivery_id: int
    endpoint_id: str
    message_id: str
    type: str
    body: str
    created_at: datetime
    is_first: bool
    made: int  # attempts of the schedule until now
    replay_id: int | None  # a person asked for this attempt
    requested_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a delivery is after an attempt; `keeps`: its schedule is as it was."""

    due: Due
    answer: Answer
    keeps: bool = False
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    given_up_at: datetime | None = None


def plan_deliveries(
    endpoint: Endpoint, events: Iterable[Event], end: Position
) -> tuple[list[NewDelivery], Endpoint]:
    """Return what an endpoint is to be told of these events, and how it stands afterwards.

    `events` reach up to `end`, in the order of positions; the endpoint may have read some of them.
    """
    wanted = wanted_types(endpoint.event_types) if endpoint.is_told else frozenset()
    unread = [
        event
        for event in events
        if event.type in wanted and Position(event.xid, event.event_id) > endpoint.position
    ]
    deliveries = [
        _new_delivery(endpoint.endpoint_id, event, sequence)
        for sequence, event in enumerate(unread, endpoint.next_sequence)
    ]
    return deliveries, _moved(endpoint, max(endpoint.position, end), len(deliveries))


def outcome_of(due: Due, answer: Answer) -> Outcome:
    """Say what an attempt has changed; times count from its end."""
    at = answer.at + timedelta(milliseconds=answer.took_ms)
    if answer.is_success:
        return Outcome(due=due, answer=answer, delivered_at=at)
    if due.replay_id is not None:
        return Outcome(due=due, answer=answer, keeps=True)
    made = due.made + 1
    delay_s = retry_delay_s(answer, made=made, spread=spread_of(due.message_id, made))
    if delay_s is None:
        return Outcome(due=due, answer=answer, given_up_at=at)
    return Outcome(due=due, answer=answer, next_attempt_at=at + timedelta(seconds=delay_s))


def given_up(outcomes: Sequence[Outcome]) -> int:
    """Count what no further attempt will be made of."""
    return sum(outcome.given_up_at is not None for outcome in outcomes)


def _new_delivery(endpoint_id: str, event: Event, sequence: int) -> NewDelivery:
    return NewDelivery(
        endpoint_id=endpoint_id,
        message_id=message_id_of(event),
        type=event.type,
        order_id=event.order_id,
        sequence=sequence,
        body=body_of(event, sequence),
    )


def _moved(endpoint: Endpoint, position: Position, deliveries: int) -> Endpoint:
    return replace(endpoint, position=position, next_sequence=endpoint.next_sequence + deliveries)
