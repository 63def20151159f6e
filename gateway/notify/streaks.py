"""Which endpoints fail again and again?

They get half of the places, and are looked after every few seconds only: eight that hang would keep
everybody waiting, and what is due at one that is dead is costly to find. One answer ends a streak.
"""

from collections import Counter
from collections.abc import Iterable

from gateway.notify.deliveries import Outcome


class Streaks:
    """Failures in a row, by endpoint. What a notifier before had seen is not known."""

    def __init__(self, *, long: int) -> None:
        self._long = long
        self._failures: Counter[str] = Counter()

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """Count how attempts ended."""
        for outcome in outcomes:
            if outcome.answer.is_success:
                self._failures.pop(outcome.due.endpoint_id, None)
            else:
                self._failures[outcome.due.endpoint_id] += 1

    def is_long(self, endpoint_id: str) -> bool:
        """Whether an endpoint has failed so often since it last took a message."""
        return self._failures[endpoint_id] >= self._long
