"""Can a step of a journey follow what was said of it before?

Pure. Times are those of what happened, as people and devices say them, so two of them may differ by
as much as their clocks do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ORDER_OF_STEPS: Final = ("placed", "packed", "departed", "arrived", "delivered")
CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""Of two handhelds whose clocks are set: what more than that contradicts is no matter of clocks."""


@dataclass(frozen=True, slots=True)
class Journey:
    """When each milestone was reached."""

    reached: Mapping[str, datetime]
    waits_to_be_packed: bool = False
    """Of an order that we deliver ourselves: its goods are still on the shelf."""

    @property
    def is_cancelled(self) -> bool:
        """Tell whether the order was cancelled."""
        return "cancelled" in self.reached


def is_to_come(at: datetime, now: datetime) -> bool:
    """Tell whether a time is further ahead than clocks differ: nothing has happened then."""
    return at > now + CLOCKS_DIFFER


def contradiction(journey: Journey, step: str, at: datetime) -> str | None:
    """Return why a milestone that was not reached yet cannot be reached then; None: it can."""
    if step == "cancelled":
        return _too_late_to_cancel(journey) or _too_early(journey, step, at, ORDER_OF_STEPS)
    if journey.is_cancelled and at > journey.reached["cancelled"]:
        return f"{_said(journey, 'cancelled')}; it can't be {step} after that."
    if step == "delivered" and journey.waits_to_be_packed:
        return "Nobody has packed the order; say packed first, then delivered."
    return _out_of_order(journey, step, at)


def _too_late_to_cancel(journey: Journey) -> str | None:
    if "delivered" not in journey.reached:
        return None
    return f"{_said(journey, 'delivered')}; it can't be cancelled any more. Say `returned` instead."


def _too_early(journey: Journey, step: str, at: datetime, befores: Iterable[str]) -> str | None:
    """Return why a step cannot be then: one that comes before it was reached later."""
    for before in befores:
        if before in journey.reached and journey.reached[before] > at + CLOCKS_DIFFER:
            return f"{_said(journey, before)}; it can't be {step} at {at.isoformat()}, before that."
    return None


def _out_of_order(journey: Journey, step: str, at: datetime) -> str | None:
    place = ORDER_OF_STEPS.index(step)
    too_early = _too_early(journey, step, at, ORDER_OF_STEPS[:place])
    if too_early is not None:
        return too_early
    for after in ORDER_OF_STEPS[place + 1 :]:
        if after in journey.reached and journey.reached[after] + CLOCKS_DIFFER < at:
            return f"{_said(journey, after)}; it can't be {step} at {at.isoformat()}, after that."
    return None


def _said(journey: Journey, step: str) -> str:
    return f"The order was {step} at {journey.reached[step].isoformat()}"
