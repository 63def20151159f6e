"""What is a moment: a `datetime` in rows, milliseconds of UTC in rules?"""

from datetime import UTC, datetime


def ms_of(at: datetime) -> int:
    """Return a time as ms since 1970 UTC."""
    return round(at.timestamp() * 1000)


def time_of(at_ms: int) -> datetime:
    """Return ms since 1970 as a time, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
