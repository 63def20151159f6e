"""When may a window be booked? By the city's own clock."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from api.intake.fleet_examples import POLICY
from api.intake.fleet_resources import PolicyDetails
from api.intake.tiers import window_refusal

MIDNIGHT: Final = datetime(2026, 11, 20, 16, tzinfo=UTC)
"""Of 21 November in Shanghai."""


def refusal(from_h: float, until_h: float, *, closes_s: int) -> str | None:
    policy = PolicyDetails.model_validate(POLICY | {"opens_s": 28_800, "closes_s": closes_s})
    window = (MIDNIGHT + timedelta(hours=from_h), MIDNIGHT + timedelta(hours=until_h))
    return window_refusal(policy, window, "Asia/Shanghai", now=MIDNIGHT)


def test_a_window_may_end_when_the_day_does() -> None:
    assert refusal(22, 24, closes_s=86_400) is None


@pytest.mark.parametrize(
    ("until_h", "said"),
    [(24, "The window 22:00 to 24:00 leaves the opening hours, 08:00 to 23:00"), (25, "midnight")],
)
def test_and_not_later(until_h: float, said: str) -> None:
    assert said in str(refusal(22, until_h, closes_s=82_800))
