"""When has all that was said arrived?

A day may go on once each radio has confirmed what it heard, each edge knows that its readings are
stored, and each position stands in the database. Nothing waits then in an outbox, at the broker or
in the ingestor, so what judge and dispatcher see depends on the day alone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from frostline.day.gps import DayReceiver
from frostline.day.loggers import DayLoggers
from frostline.day.roles import Roles
from frostline.day.store import DayStore

_COMMIT_AFTER_S: Final = 0.5  # of the day: an edge commits every 0.2 s


class Barrier:
    """Lets readings and positions through, and waits for them in real time."""

    def __init__(
        self,
        roles: Roles,
        loggers: DayLoggers,
        store: DayStore,
        receivers: Mapping[str, DayReceiver],
    ) -> None:
        self._roles = roles
        self._loggers = loggers
        self._store = store
        self.receivers = receivers

    async def pass_(self, second: float, *, since: datetime, positions: int) -> None:
        """Wait until everything is stored; `positions` were told since then.

        The day's clock moves on by half a second: edges commit by it.
        """
        roles = self._roles
        await roles.until(lambda: self._loggers.is_silent, "the radios to hear the adverts")
        await roles.until(self._is_told, "the edges to take their positions")
        roles.clock.move_to(second + _COMMIT_AFTER_S)
        await roles.until(self._is_stored, "the edges' readings to be stored")
        if positions:
            await roles.until(
                lambda: self._store.positions_since(since) >= positions,
                f"{positions} positions to be stored",
            )

    def _is_told(self) -> bool:
        return all(receiver.is_heard for receiver in self.receivers.values())

    def _is_stored(self) -> bool:
        return all(agent.is_settled for agent in self._roles.agents.values())
