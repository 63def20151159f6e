"""How does a recording get through an ordinary edge into the database?"""

import asyncio
from collections.abc import Callable
from typing import Final

from edge import agent
from edge.settings import EdgeSettings
from edge.status import describe
from frostline.errors import CommandRefused
from frostline.recorded_radio import Recording, scanner_of

_POLL_S: Final = 0.2
_SETTLED_S: Final = 1.0  # longer than the edge takes to commit what it heard last
_PATIENCE_S: Final = 60.0  # without a single batch confirmed


async def hear(
    recording: Recording,
    edge: EdgeSettings,
    *,
    check: Callable[[], None],
    progress: Callable[[int, int], None],
) -> None:
    """Feed every frame, and wait until all that became readings is stored.

    `check` raises if what this needs has ended; `progress` is told the frames heard and the
    readings not yet confirmed. Raises CommandRefused where nobody confirms.
    """
    stop = asyncio.Event()
    running = asyncio.create_task(
        agent.run(edge, scanner_of(recording), stop, clock=recording),
    )
    try:
        await _watch(recording, edge, running, check=check, progress=progress)
    finally:
        stop.set()
        await running


async def _watch(
    recording: Recording,
    edge: EdgeSettings,
    running: "asyncio.Task[None]",
    *,
    check: Callable[[], None],
    progress: Callable[[int, int], None],
) -> None:
    held_before, quiet_s = -1, 0.0
    while not running.done():
        await asyncio.sleep(_POLL_S)
        check()
        held = describe(edge.outbox_path).readings
        progress(recording.heard, held)
        if recording.is_over and held == 0 and quiet_s >= _SETTLED_S:
            return
        quiet_s = 0.0 if held != held_before else quiet_s + _POLL_S
        held_before = held
        if quiet_s > _PATIENCE_S:
            raise CommandRefused(
                f"{held} readings were not confirmed for {_PATIENCE_S:.0f} s; is an ingestor "
                "running for this broker?"
            )
