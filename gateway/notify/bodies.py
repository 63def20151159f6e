"""What does a receiver read?

`{"type", "timestamp", "sequence", "data"}`, less than 20 kB, as the Standard Webhooks convention
recommends. What would be longer is cut down to its ids, and says so; the rest is asked of the API.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

BODY_LIMIT_BYTES: Final = 20_000
# At 6 bytes a character, the longest that JSON makes of one, these stay below the limit.
_MOST_IDS: Final = 10
_LONGEST_ID: Final = 100
_BIGGEST_ID: Final = 2**63  # of a bigint


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A row of `events`, as the outside is told."""

    xid: int
    event_id: int
    at: datetime
    type: str
    order_id: str | None
    data: Mapping[str, Any]


def message_id_of(event: Event) -> str:
    """Return the id that tells a receiver that it has seen this event.

    The same whoever makes it; the time is in it because a database that was restored from a copy
    gives its numbers again.
    """
    row = f"{event.xid} {event.event_id} {event.at.astimezone(UTC).isoformat()}"
    return f"msg_{sha256(row.encode()).hexdigest()[:32]}"


def body_of(event: Event, sequence: int) -> str:
    """Return the body of a message, JSON."""
    head: dict[str, object] = {
        "type": event.type,
        "timestamp": _iso(event.at),
        "sequence": sequence,
    }
    body = _json(head | {"data": event.data})
    if len(body.encode()) < BODY_LIMIT_BYTES:
        return body
    return _json(head | {"truncated": True, "data": _ids(event.data)})


def _ids(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the ids among an event's data, as many as surely fit."""
    found = {
        name: value
        for name, value in data.items()
        if name.endswith("_id") and len(name) <= _LONGEST_ID and _is_short(value)
    }
    return dict(list(found.items())[:_MOST_IDS])


def _is_short(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) < _BIGGEST_ID
    return isinstance(value, str) and len(value) <= _LONGEST_ID


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
