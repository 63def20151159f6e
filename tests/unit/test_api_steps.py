"""Which steps of a journey contradict what was said of it before?"""

from datetime import UTC, datetime, timedelta

import pytest

from api.steps import CLOCKS_DIFFER, Journey, contradiction

T0 = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)


def journey(**hours: float) -> Journey:
    return Journey({step: T0 + timedelta(hours=h) for step, h in hours.items()})


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


@pytest.mark.parametrize("step", ["packed", "departed", "arrived", "delivered", "cancelled"])
def test_any_step_may_follow_the_order(step: str) -> None:
    assert contradiction(journey(placed=0), step, at(1)) is None


def test_what_was_delivered_cannot_be_cancelled() -> None:
    reason = contradiction(journey(placed=0, delivered=2), "cancelled", at(1))
    assert reason is not None
    assert "delivered at 2026-11-21T04:00:00+00:00" in reason


@pytest.mark.parametrize("step", ["placed", "packed", "departed", "arrived"])
def test_a_cancellation_does_not_come_before_what_was_reached(step: str) -> None:
    reached = journey(**{step: 3})
    assert contradiction(reached, "cancelled", at(3) - CLOCKS_DIFFER) is None
    reason = contradiction(reached, "cancelled", at(3) - CLOCKS_DIFFER - A_SECOND)
    assert f"The order was {step} at 2026-11-21T05:00:00+00:00" in (reason or "")


@pytest.mark.parametrize("step", ["packed", "departed", "arrived", "delivered"])
def test_nothing_follows_a_cancellation(step: str) -> None:
    cancelled = journey(placed=0, cancelled=2)
    assert contradiction(cancelled, step, at(2)) is None
    assert "cancelled at" in (contradiction(cancelled, step, at(2) + A_SECOND) or "")


def test_what_nobody_packed_cannot_be_delivered() -> None:
    on_the_shelf = Journey({"placed": T0}, waits_to_be_packed=True)
    assert "say packed first" in (contradiction(on_the_shelf, "delivered", at(1)) or "")
    assert contradiction(on_the_shelf, "packed", at(1)) is None


def test_a_step_does_not_come_before_an_earlier_one() -> None:
    packed = journey(placed=0, packed=1)
    assert contradiction(packed, "delivered", at(1) - CLOCKS_DIFFER) is None
    reason = contradiction(packed, "delivered", at(1) - CLOCKS_DIFFER - A_SECOND)
    assert "packed at 2026-11-21T03:00:00+00:00" in (reason or "")


def test_a_step_that_is_said_late_does_not_come_after_a_later_one() -> None:
    delivered = journey(placed=0, delivered=2)
    assert contradiction(delivered, "packed", at(2) + CLOCKS_DIFFER) is None
    reason = contradiction(delivered, "packed", at(2) + CLOCKS_DIFFER + A_SECOND)
    assert "delivered at 2026-11-21T04:00:00+00:00" in (reason or "")
