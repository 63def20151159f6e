"""How does time pass for a loop: as it really does, or as a simulated day has it?

What a broker or a radio is given to answer is always real time; this is for work that is done again
and again. `now_s` only rises, from any beginning.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pace:
    """A clock that only rises, seconds, and a wait by that clock."""

    now_s: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


REAL_PACE: Final = Pace(time.monotonic, asyncio.sleep)
