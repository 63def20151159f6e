"""Will a planned stop keep what its order was promised?"""

from collections.abc import Mapping
from typing import Any

from api.dispatch.resources import Outlook


def outlook_of(stop: Mapping[str, Any]) -> Outlook | None:
    """Hold a stop's expected time and its interval against its promise; None: there is none."""
    due_at = stop["due_at"]
    if due_at is None:
        return None
    if stop["arrives_at"] > due_at:
        return Outlook.LATE
    return Outlook.AT_RISK if stop["latest_at"] > due_at else Outlook.ON_TIME
