"""When is a delivery tried again, and when is it given up?

The times of the Standard Webhooks convention, each counted from the attempt before, up to a tenth
longer by chance so that what failed together does not come back together.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0
RETRY_DELAYS_S: Final = (
    5.0,
    5 * _MINUTE_S,
    30 * _MINUTE_S,
    2 * _HOUR_S,
    5 * _HOUR_S,
    10 * _HOUR_S,
    14 * _HOUR_S,
    20 * _HOUR_S,
    24 * _HOUR_S,
)
"""From each failed attempt to the next one; the first attempt is made at once (ten in all).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md,
"Deliverability and reliability".
"""

PASSES_AFTER_S: Final = 300.0
"""So long an order's later events wait for one that fails (decision D7)."""

RETRY_AFTER_MAX_S: Final = _HOUR_S
"""A receiver's wish to be left alone is heeded so long: a bad header must not silence us."""

_JITTER: Final = 0.1  # share of the delay
_GONE: Final = 410
_ASKS_TO_WAIT: Final = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How an attempt ended."""

    at: datetime  # when it began
    took_ms: int
    status: int | None = None  # None: no answer
    error: str | None = None
    retry_after: str | None = None  # the header, as it came

    @property
    def is_success(self) -> bool:
        """Whether the receiver has taken the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == _GONE


def retry_delay_s(answer: Answer, *, made: int, spread: float) -> float | None:
    """Return when to try again, in seconds after a failure; None: never.

    `made` counts the attempts of the schedule, this one included; `spread` is from 0 to 1.
    """
    if answer.is_gone or made > len(RETRY_DELAYS_S):
        return None
    delay_s = RETRY_DELAYS_S[made - 1] * (1 + _JITTER * spread)
    return max(delay_s, wished_pause_s(answer))


def wished_pause_s(answer: Answer) -> float:
    """Return how long a receiver that is overloaded wants to be left alone; 0: it says nothing.

    RFC 9110, 10.2.3: Retry-After is a number of seconds, or a date.
    """
    if answer.status not in _ASKS_TO_WAIT or answer.retry_after is None:
        return 0.0
    text = answer.retry_after.strip()
    wished_s = _digits(text) if text.isdecimal() else _seconds_until(text, answer.at)
    return min(max(wished_s, 0.0), RETRY_AFTER_MAX_S)


def spread_of(message_id: str, made: int) -> float:
    """Return a number from 0 to 1 that depends on message and attempt alone."""
    digest = sha256(f"{message_id} {made}".encode()).digest()
    return int.from_bytes(digest[:4]) / 0xFFFF_FFFF


def _digits(text: str) -> float:
    """Read a number that may have any length."""
    return float(text[:20])


def _seconds_until(text: str, now: datetime) -> float:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # OverflowError: a year or a zone of twenty digits
        return 0.0
    if date.tzinfo is None:  # "-0000": UTC, by RFC 5322
        date = date.replace(tzinfo=UTC)
    return (date - now).total_seconds()
