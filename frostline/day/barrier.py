"""When has all that was said arrived?

A day may go on once each radio has confirmed what it heard, each edge knows that its readings are
stored, and each position stands in the database. Nothing waits then in an outbox, at the broker or
in the ingestor, so what judge and dispatcher see depends on the day alone.
"""

from collections.abc import Mapping
from typing import Final

from frostline.day.gps import DayReceiver
from frostline.day.loggers import DayLoggers
from frostline.day.roles import Roles
from gateway.ingest import metrics

_COMMIT_AFTER_S: Final = 0.5  # of the day: an edge commits every 0.2 s
_REPEATED: Final = "repeated"


class Barrier:
    """Lets readings and positions through, and waits for them in real time."""

    def __init__(
        self,
        roles: Roles,
        loggers: DayLoggers,
        receivers: Mapping[str, DayReceiver],
    ) -> None:
        self._roles = roles
        self._loggers = loggers
        self.receivers = receivers
        self._fixes = _fixes_taken()

    async def pass_(self, second: float, *, positions: int) -> None:
        """Wait until everything is stored; so many `positions` were told since the last time.

        The day's clock moves on by half a second: edges commit by it. It waits for those that are
        at work, for one that goes to sleep afterwards would not wake before the next tick.
        """
        roles = self._roles
        await roles.until(lambda: self._loggers.is_silent, "the radios to hear the adverts")
        await roles.until(self._is_told, "the edges to take their positions")
        await roles.until(self._is_asleep, "the edges to wait for their next commit")
        roles.clock.move_to(second + _COMMIT_AFTER_S)
        await roles.until(self._is_stored, "the edges' readings to be stored")
        self._fixes += positions
        await roles.until(lambda: _fixes_taken() >= self._fixes, "the positions to be stored")

    def _is_told(self) -> bool:
        return all(receiver.is_heard for receiver in self.receivers.values())

    def _is_asleep(self) -> bool:
        return self._roles.clock.asleep >= len(self._roles.agents)

    def _is_stored(self) -> bool:
        return all(agent.is_settled for agent in self._roles.agents.values())


def _fixes_taken() -> int:
    """Return how many fixes ingest has committed, or kept out for what they say.

    Each once: what an edge told again, for it had lost the broker's word, is no other fix.
    """
    samples = (sample for metric in metrics.FIXES.collect() for sample in metric.samples)
    return round(
        sum(
            sample.value
            for sample in samples
            if sample.name.endswith("_total") and sample.labels["outcome"] != _REPEATED
        )
    )
