"""How is a budget dealt out to parts, so that hands are busy and the time is used up?"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Final

from routing.engine import Budget
from routing.scale.view import Part

SHORTEST_S: Final = 0.5
"""A shorter search of a part is not worth its start."""


class Purse:
    """A budget that is spent phase by phase, and the clock that goes with it."""

    def __init__(self, budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        if budget.time_limit_s is None and budget.iterations is None:
            raise ValueError("a budget has seconds or iterations")
        self._budget = budget
        self._clock = clock
        self._began_s = clock()
        self._iterations_left = budget.iterations

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the budget was opened."""
        return self._clock() - self._began_s

    @property
    def left_s(self) -> float:
        """Return the seconds that are left: infinite if only iterations count."""
        if self._budget.time_limit_s is None:
            return math.inf
        return self._budget.time_limit_s - self.elapsed_s

    @property
    def spent(self) -> bool:
        """Return whether there is too little left for another search."""
        is_used_up = self.left_s < SHORTEST_S or self._iterations_left == 0
        return is_used_up or self.called_off()

    def called_off(self) -> bool:
        """Return whether nobody waits for more than there is."""
        return self._budget.called_off()

    def deal(
        self, share: float, parts: Sequence[Part], hands: int, *, most_s: float = math.inf
    ) -> list[Budget]:
        """Deal a share of what is left to parts that so many hands search, by turns.

        Each gets the same seconds, `most_s` at most, and iterations in proportion to its orders.
        """
        each_s = self._deal_s(share, -(-len(parts) // hands), most_s)
        return [
            Budget(time_limit_s=each_s, iterations=count)
            for count in self._deal_iterations(share, parts)
        ]

    def _deal_s(self, share: float, turns: int, most_s: float) -> float | None:
        """Return a part's seconds: none if only iterations count, or the clock would decide."""
        if self._budget.time_limit_s is None:
            return None
        return max(SHORTEST_S, min(most_s, self.left_s * share / max(1, turns)))

    def _deal_iterations(self, share: float, parts: Sequence[Part]) -> Sequence[int | None]:
        if self._iterations_left is None:
            return [None] * len(parts)
        amount = int(self._iterations_left * share)
        self._iterations_left -= amount
        orders = sum(len(part.orders) for part in parts)
        return [amount * len(part.orders) // max(1, orders) for part in parts]
