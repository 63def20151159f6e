"""What time is it on a simulated day?

One clock for all: edges, ingest, judge, dispatcher, api and notifier are given it in place of the
machine's. It stands still until the driver moves it on. Who sleeps by it wakes when its time has
come, at the time that it then is: a clock that jumps, jumps for all.
"""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from schemas.reading import ClockConfidence

_NAMESPACE: Final = UUID("8c7c2d5e-6a0b-5c39-9c0f-4f6d1d0a7b11")  # of the boots of simulated days


class ClockRunsBackwards(ValueError):
    """The driver asked for a time that is over."""


class DayClock:
    """Seconds since `began_at`, moved by hand. An edge's clock as well (edge.clock.EdgeClock)."""

    def __init__(self, began_at: datetime) -> None:
        self._began_at = began_at.astimezone(UTC)
        self._began_ms = round(began_at.timestamp() * 1000)
        self._now_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._slept = 0
        self.boot_id = uuid5(_NAMESPACE, self._began_at.isoformat())

    def now(self) -> datetime:
        """Return the time, UTC; any thread may ask."""
        return self._began_at + timedelta(seconds=self._now_s)

    def now_s(self) -> float:
        """Return seconds since the day began."""
        return self._now_s

    def wall_ms(self) -> int:
        """Return milliseconds since 1970."""
        return self._began_ms + round(self._now_s * 1000)

    def monotonic_ms(self) -> int:
        """Return milliseconds since the day began: each machine was booted then."""
        return round(self._now_s * 1000)

    def confidence(self) -> ClockConfidence | None:
        """Return that a time server holds it."""
        return ClockConfidence.SYNCHRONISED

    async def sleep(self, seconds: float) -> None:
        """Wait until so much of the day has passed."""
        due: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slept += 1  # who asked first wakes first
        heapq.heappush(self._sleepers, (self._now_s + seconds, self._slept, due))
        await due

    @property
    def asleep(self) -> int:
        """How many wait for their time to come."""
        return sum(not due.done() for _, _, due in self._sleepers)

    def move_to(self, second: float) -> None:
        """Let it be so many seconds since the beginning, and wake whose time has come.

        To be called in the event loop of those who sleep.
        """
        if second < self._now_s:
            raise ClockRunsBackwards(f"it is {self._now_s:g} s already; asked for {second:g} s")
        self._now_s = second
        while self._sleepers and self._sleepers[0][0] <= second:
            _, _, due = heapq.heappop(self._sleepers)
            if not due.done():  # it may have been cancelled
                due.set_result(None)
