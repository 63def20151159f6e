"""Which events become deliveries, with which numbers; and what an attempt changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notify.bodies import Event
from gateway.notify.deliveries import Due, outcome_of, plan_deliveries
from gateway.notify.endpoints import Endpoint, Position
from gateway.notify.retries import Answer
from schemas.events import WEBHOOK_EVENTS, types_matching, wanted_types

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
TYPES = sorted(WEBHOOK_EVENTS)
ENDPOINT = Endpoint(
    endpoint_id="shop",
    url="https://shop.example/hooks",
    event_types=(),
    secrets=("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",),
    old_secret_until=None,
    enabled=True,
    is_told=True,
    position=Position(100, 0),
    next_sequence=1,
)
DUE = Due(
    delivery_id=1,
    endpoint_id="shop",
    message_id="msg_1",
    type="frostline.excursion.opened",
    body="{}",
    created_at=NOW,
    is_first=True,
    made=0,
    replay_id=None,
    requested_by=None,
)


def event(xid: int, event_id: int, type_: str = "frostline.excursion.opened") -> Event:
    return Event(xid=xid, event_id=event_id, at=NOW, type=type_, order_id="order-1", data={})


def test_only_what_lies_behind_the_position_is_told() -> None:
    endpoint = replace(ENDPOINT, position=Position(100, 5))
    events = [event(99, 9), event(100, 4), event(100, 5), event(100, 6), event(101, 1)]
    deliveries, moved = plan_deliveries(endpoint, events, Position(102, 0))
    assert [delivery.sequence for delivery in deliveries] == [1, 2]
    assert moved == replace(endpoint, position=Position(102, 0), next_sequence=3)


def test_only_wanted_types_are_told_and_the_position_moves_past_the_others() -> None:
    endpoint = replace(ENDPOINT, event_types=("frostline.excursion.*",))
    events = [event(101, 1, "frostline.silent"), event(101, 2)]
    deliveries, moved = plan_deliveries(endpoint, events, Position(101, 2))
    assert [delivery.type for delivery in deliveries] == ["frostline.excursion.opened"]
    assert moved.position == Position(101, 2)


def test_who_is_not_told_gets_nothing_and_piles_nothing_up() -> None:
    endpoint = replace(ENDPOINT, is_told=False)
    deliveries, moved = plan_deliveries(endpoint, [event(101, 1)], Position(102, 0))
    assert deliveries == []
    assert moved == replace(endpoint, position=Position(102, 0))


def test_a_position_never_moves_back() -> None:
    """A new endpoint begins at once; others may still be behind it."""
    endpoint = replace(ENDPOINT, position=Position(500, 0))
    deliveries, moved = plan_deliveries(endpoint, [event(101, 1)], Position(102, 0))
    assert (deliveries, moved) == ([], endpoint)


@given(st.lists(st.sampled_from(TYPES), max_size=20), st.integers(min_value=0, max_value=20))
def test_in_how_many_steps_it_is_read_makes_no_difference(types: list[str], cut: int) -> None:
    events = [event(101 + number, number, type_) for number, type_ in enumerate(types)]
    whole = plan_deliveries(ENDPOINT, events, Position(200, 0))
    end = Position(101 + cut, cut) if cut < len(events) else Position(200, 0)
    first, halfway = plan_deliveries(ENDPOINT, events[: cut + 1], end)
    second, moved = plan_deliveries(halfway, events, Position(200, 0))
    assert (first + second, moved) == whole


@pytest.mark.parametrize(
    ("pattern", "types"),
    [
        ("frostline.alert.raised", {"frostline.alert.raised"}),
        (
            "frostline.alert.*",
            {"frostline.alert.raised", "frostline.alert.escalated", "frostline.alert.resolved"},
        ),
        ("frostline.*", set(TYPES)),
        ("frostline.ale.*", set()),
        ("frostline.alert", set()),
        ("frostline.readings.stored", set()),
    ],
)
def test_a_pattern_names_types_of_the_outside(pattern: str, types: set[str]) -> None:
    assert types_matching(pattern) == types


def test_no_pattern_means_every_type() -> None:
    assert wanted_types([]) == set(TYPES)
    assert wanted_types(["frostline.readings.stored"]) == set()


def answer(status: int | None) -> Answer:
    return Answer(at=NOW, took_ms=250, status=status)


def test_a_success_ends_a_delivery() -> None:
    outcome = outcome_of(DUE, answer(204))
    assert outcome.delivered_at == NOW + timedelta(milliseconds=250)
    assert outcome.next_attempt_at is outcome.given_up_at is None


def test_a_failure_comes_again_after_at_least_the_convention_s_time() -> None:
    outcome = outcome_of(DUE, answer(500))
    assert outcome.next_attempt_at is not None
    delay_s = (outcome.next_attempt_at - NOW).total_seconds() - 0.25
    assert 5 <= delay_s <= 5.5


def test_the_tenth_failure_is_given_up() -> None:
    assert outcome_of(replace(DUE, made=8), answer(None)).given_up_at is None
    assert outcome_of(replace(DUE, made=9), answer(None)).given_up_at is not None


def test_a_person_s_failure_leaves_the_schedule_alone() -> None:
    asked = replace(DUE, made=9, replay_id=5, requested_by="Li")
    assert outcome_of(asked, answer(500)).keeps
    outcome = outcome_of(asked, answer(200))
    assert not outcome.keeps
    assert outcome.delivered_at is not None
