"""Who is told what, and how far?"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far `events` has been read: up to this row, in the order of (xid, event_id)."""

    xid: int
    event_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A receiver, as it is set up now."""

    endpoint_id: str
    url: str
    event_types: tuple[str, ...]  # patterns; none: every type
    secrets: tuple[str, ...]  # newest first
    old_secret_until: datetime | None
    enabled: bool  # by whoever administers it
    is_told: bool  # enabled, and it never answered 410
    position: Position
    next_sequence: int
