"""The convention's retry times, a receiver's wish to be left alone, and the last attempt."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notify.retries import Answer, retry_delay_s, spread_of, wished_pause_s

AT = datetime(2015, 10, 21, 7, 27, 0, tzinfo=UTC)
HOUR = 3600.0


def answered(status: int | None, retry_after: str | None = None) -> Answer:
    return Answer(at=AT, took_ms=12, status=status, retry_after=retry_after)


# Standard Webhooks, "Deliverability and reliability": immediately, then after 5 seconds, 5 minutes,
# 30 minutes, 2 hours, 5 hours, 10 hours, 14 hours, 20 hours, 24 hours.
CONVENTION = [5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]


@pytest.mark.parametrize(("made", "delay_s"), list(enumerate(CONVENTION, start=1)))
def test_the_convention_says_how_long_after_each_attempt(made: int, delay_s: float) -> None:
    assert retry_delay_s(answered(500), made=made, spread=0) == delay_s
    assert retry_delay_s(answered(None), made=made, spread=1) == pytest.approx(delay_s * 1.1)


def test_the_tenth_attempt_is_the_last() -> None:
    assert retry_delay_s(answered(500), made=9, spread=0) is not None
    assert retry_delay_s(answered(500), made=10, spread=0) is None


def test_who_is_gone_is_not_tried_again() -> None:
    assert retry_delay_s(answered(410), made=1, spread=0) is None
    assert retry_delay_s(answered(404), made=1, spread=0) == 5


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_heeded_where_it_is_longer(status: int) -> None:
    assert retry_delay_s(answered(status, "4"), made=1, spread=0) == 5
    assert retry_delay_s(answered(status, "6"), made=1, spread=0) == 6


def test_other_statuses_have_no_say() -> None:
    assert retry_delay_s(answered(500, "60"), made=1, spread=0) == 5
    assert wished_pause_s(answered(302, "60")) == 0


def test_retry_after_may_be_a_date() -> None:
    """The date of RFC 9110, 5.6.7's examples' form, a minute after the attempt."""
    assert wished_pause_s(answered(503, "Wed, 21 Oct 2015 07:28:00 GMT")) == 60
    assert wished_pause_s(answered(503, "Wed, 21 Oct 2015 07:28:00 -0000")) == 60
    assert wished_pause_s(answered(503, "Wed, 21 Oct 2015 07:26:00 GMT")) == 0


def test_a_wish_is_heeded_for_an_hour_at_most() -> None:
    assert wished_pause_s(answered(429, "3600")) == HOUR
    assert wished_pause_s(answered(429, "3601")) == HOUR
    assert wished_pause_s(answered(429, "9" * 5000)) == HOUR


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 +99999999999999999999",
        "Thu, 01 Jan 1970 00:00:00 +9999",
    ],
)
def test_a_date_beyond_any_calendar_is_no_wish(text: str) -> None:
    assert wished_pause_s(answered(503, text)) == 0


@given(st.text())
def test_any_retry_after_is_a_bounded_wish(text: str) -> None:
    assert 0 <= wished_pause_s(answered(503, text)) <= HOUR


@given(st.text(), st.integers(min_value=1, max_value=10))
def test_the_spread_is_a_share_and_the_same_each_time(message_id: str, made: int) -> None:
    spread = spread_of(message_id, made)
    assert 0 <= spread <= 1
    assert spread == spread_of(message_id, made)


def test_messages_that_fail_together_come_back_apart() -> None:
    spreads = {spread_of(f"msg_{number}", 1) for number in range(100)}
    assert len(spreads) == 100
    assert max(spreads) - min(spreads) > 0.8


@pytest.mark.parametrize(
    ("status", "taken"), [(199, False), (200, True), (299, True), (300, False)]
)
def test_2xx_is_taken(status: int, *, taken: bool) -> None:
    assert answered(status).is_success is taken
