"""When was it measured?

A truck's clock starts unset, is set by the network, and may be set back. A reading gets its UTC
time once: at once where the clock is set, else as soon as it is. Time never runs backwards for a
logger, unless the clock was wrong by more than a day; each stamp says how far it can be trusted.
"""

import ctypes
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from schemas.reading import ClockConfidence

# 2025-01-01 UTC, before the first release: a clock that says less was never set.
RELEASE_DATE_MS: Final = 1_735_689_600_000
# 2045-01-01 UTC, twenty years later: a clock that says more was set wrong. Below the end of
# schemas.reading.MEASURED_AT_RANGE_MS, so what is stamped can be sent.
LATEST_DATE_MS: Final = 2_366_841_600_000
# How far a stamp may lie ahead of the clock; the ingestor refuses what is further ahead of its own
# (decision 0005).
AHEAD_LIMIT_MS: Final = 24 * 3600 * 1000

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
# adjtimex(2): the return value while no time server holds the clock.
_TIME_ERROR: Final = 5
# struct timex takes 208 bytes on 64-bit Linux; its first field, modes, is 0: only read.
_TIMEX_BYTES: Final = 256


class EdgeClock(Protocol):
    """What an edge knows of time. A replay drives one by its file's times."""

    @property
    def boot_id(self) -> UUID:
        """The boot that `monotonic_ms` counts from."""

    def wall_ms(self) -> int:
        """UTC, milliseconds since 1970, whether set or not."""

    def monotonic_ms(self) -> int:
        """Milliseconds since the boot, suspended or not; never set back."""

    def confidence(self) -> ClockConfidence | None:
        """Return SYNCHRONISED or UNSYNCHRONISED; None while the wall clock is not set."""


class SystemClock:
    """This machine's clock (Linux)."""

    def __init__(self) -> None:
        self.boot_id = UUID(_BOOT_ID.read_text().strip())
        self._adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex

    def wall_ms(self) -> int:
        """Return what the system says, set or not."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return the time since the boot, with the time spent suspended."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def confidence(self) -> ClockConfidence | None:
        """Ask the kernel whether a time server holds the clock; needs no privilege."""
        if not RELEASE_DATE_MS <= self.wall_ms() < LATEST_DATE_MS:
            return None
        state = self._adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
        held = 0 <= state < _TIME_ERROR
        return ClockConfidence.SYNCHRONISED if held else ClockConfidence.UNSYNCHRONISED


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When an advert was heard. `measured_at_ms` and `confidence` are None for an unset clock.

    `begins_epoch`: the stamps before were wrong by more than a day, and this one lies before them.
    """

    monotonic_ms: int
    measured_at_ms: int | None = None
    confidence: ClockConfidence | None = None
    begins_epoch: bool = False


class Stamper:
    """Stamps what is heard, in order. A clock that was set back is caught up with at half speed.

    Beyond AHEAD_LIMIT_MS that would take days, or for ever: the clock is followed at once, and an
    epoch begins. `last_ms` is the newest stamp of this outbox's epoch: time does not run backwards
    over a restart either.
    """

    def __init__(self, clock: EdgeClock, *, last_ms: int | None = None) -> None:
        self._clock = clock
        # The last stamp that was the clock's own; slewed ones are counted from it, all of them,
        # for halves of short steps would round to nothing.
        self._true_ms = last_ms
        self._true_monotonic_ms = clock.monotonic_ms()

    def stamp(self, *, monotonic_ms: int) -> Stamp:
        """Return the stamp of something heard just now, at `monotonic_ms` of the same clock."""
        confidence = self._clock.confidence()
        if confidence is None:
            return Stamp(monotonic_ms=monotonic_ms)
        at_ms = self._clock.wall_ms()
        ahead_ms = self._slewed_ms(monotonic_ms, at_ms) - at_ms
        if 0 < ahead_ms <= AHEAD_LIMIT_MS:
            return Stamp(
                monotonic_ms=monotonic_ms,
                measured_at_ms=at_ms + ahead_ms,
                confidence=ClockConfidence.SLEWED,
            )
        self._true_ms, self._true_monotonic_ms = at_ms, monotonic_ms
        return Stamp(
            monotonic_ms=monotonic_ms,
            measured_at_ms=at_ms,
            confidence=confidence,
            begins_epoch=ahead_ms > 0,
        )

    def _slewed_ms(self, monotonic_ms: int, at_ms: int) -> int:
        """Return what a clock says that has run at half speed since the last true stamp."""
        if self._true_ms is None:
            return at_ms
        return self._true_ms + (monotonic_ms - self._true_monotonic_ms) // 2


def boot_offsets(
    *, boot: int, wall_ms: int, monotonic_ms: int, earlier: Sequence[tuple[int, int]]
) -> Mapping[int, int]:
    """Return for each boot what to add to its monotonic times to get UTC, milliseconds.

    Exact for this `boot`. `earlier` boots, (key, last monotonic time) in order of time, never had
    a clock: each is taken to have ended just before the next one began.
    """
    offsets = {boot: wall_ms - monotonic_ms}
    began_ms = offsets[boot]
    for key, last_monotonic_ms in reversed(earlier):
        began_ms = offsets[key] = began_ms - 1 - last_monotonic_ms
    return offsets
