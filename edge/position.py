"""Where has this edge been, and what of that is still to be told?

Fixes come from a source and wait in memory, through outages too: bounded, the oldest thinned first,
so that a day without a broker still shows its way. They are told once the broker has acknowledged
them. Unlike readings they are not asked for again: a lost one costs an arrival some seconds.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from math import isfinite
from typing import Final, Protocol

from edge.metrics import FIXES
from schemas.position import (
    ACCURACY_RANGE_M,
    SPEED_RANGE_M_S,
    VERSION,
    Fix,
    Positions,
    encode_positions,
    within,
)

MOST_KEPT: Final = 8_000
"""At one in 10 s, 22 hours before any is thinned; about 1 MB."""
MOST_SENT: Final = 400
"""In one message: at 120 bytes each well below `schemas.position.MAX_BYTES`."""
UNHEARD_AGAIN_S: Final = 5.0
"""Where nobody subscribes, a message is tried again after so long."""


class PositionSource(Protocol):
    """Says where we are: gpsd, or a simulated day."""

    def fixes(self) -> AsyncIterator[Fix]:
        """Yield fixes as they come, in order of time; one that is gone for good just ends."""


@dataclass(slots=True)
class _Sent:
    """A message on its way: its id, and how many of the oldest fixes are in it."""

    message_id: int
    fixes: int


class Track:
    """Fixes that are not told yet, oldest first. One thread at a time."""

    def __init__(
        self,
        gateway_id: str,
        *,
        every_s: float,
        on_fix: Callable[[], None] = lambda: None,
        most: int = MOST_KEPT,
    ) -> None:
        self._gateway_id = gateway_id
        self._every_ms = every_s * 1000
        self._on_fix = on_fix
        self._most = most
        self._fixes: list[Fix] = []
        self._newest_ms: int | None = None
        self._sent: _Sent | None = None
        self._not_before_s = 0.0

    def __len__(self) -> int:
        return len(self._fixes)

    async def follow(self, source: PositionSource) -> None:
        """Take what the source says, until it ends."""
        async for fix in source.fixes():
            self.add(fix)

    def add(self, fix: Fix) -> None:
        """Keep a fix, unless one was kept a moment ago. One that is no number is none.

        A receiver's time may run back: such a fix is kept, and judged by who stores it.
        """
        if not (isfinite(fix.lat_deg) and isfinite(fix.lon_deg)):
            return
        if self._newest_ms is not None and 0 <= fix.at_ms - self._newest_ms < self._every_ms:
            return
        self._newest_ms = fix.at_ms
        self._fixes.append(_rounded(fix))
        FIXES.labels("kept").inc()
        if len(self._fixes) > self._most:
            self._thin()
        self._on_fix()

    def next_message(self, now_s: float) -> bytes | None:
        """Return what is to be published now: the oldest fixes, none while some are on their way.

        `published` must follow.
        """
        if self._sent is not None or not self._fixes or now_s < self._not_before_s:
            return None
        fixes = tuple(self._fixes[:MOST_SENT])
        return encode_positions(Positions(v=VERSION, gateway_id=self._gateway_id, fixes=fixes))

    def published(self, message_id: int) -> None:
        """Note that the message is on its way."""
        self._sent = _Sent(message_id, min(len(self._fixes), MOST_SENT))

    def acknowledged(self, message_id: int, now_s: float, *, unheard: bool = False) -> None:
        """Forget what was taken; what nobody took, or the broker refused, is told again later."""
        sent = self._sent
        if sent is None or sent.message_id != message_id:
            return
        self._sent = None
        if unheard:
            self._not_before_s = now_s + UNHEARD_AGAIN_S
        else:
            FIXES.labels("sent").inc(sent.fixes)
            del self._fixes[: sent.fixes]

    def due_s(self) -> float | None:
        """Return when there is something to publish, None: not before a fix or an answer comes."""
        return self._not_before_s if self._fixes and self._sent is None else None

    def disconnected(self) -> None:
        """Forget what was on its way: it is told again, and stored once."""
        self._sent = None
        self._not_before_s = 0.0

    def _thin(self) -> None:
        """Drop every second fix of the older half: what is oldest has been thinned most."""
        first = 0 if self._sent is None else self._sent.fixes
        until = max(first, len(self._fixes) // 2)
        kept = self._fixes[first:until:2]
        FIXES.labels("thinned").inc(until - first - len(kept))
        self._fixes[first:until] = kept


def _rounded(fix: Fix) -> Fix:
    """Return a fix to the centimetre, which no receiver reaches: short to write."""
    return Fix(
        at_ms=fix.at_ms,
        lat_deg=round(fix.lat_deg, 7),
        lon_deg=round(fix.lon_deg, 7),
        speed_m_s=_round(fix.speed_m_s, 2, SPEED_RANGE_M_S),
        accuracy_m=_round(fix.accuracy_m, 1, ACCURACY_RANGE_M),
    )


def _round(value: float | None, digits: int, limits: tuple[float, float]) -> float | None:
    """Round a value; what can't be true is not known."""
    return round(value, digits) if value is not None and within(value, limits) else None
