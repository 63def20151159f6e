"""What did the loggers put on the air before the simulation began?

The same world, from packing until second 0, without the air's losses: for a demo that begins in the
middle of a journey. Counters end just below their turn, for the loggers of the simulation start at
0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from firmware_sim.frame import Frame
from firmware_sim.logger import Sample, Sensor, frame_of
from firmware_sim.scenarios import SimulatedLogger, loggers_of
from firmware_sim.settings import SimSettings
from firmware_sim.world import World, humidity_pct
from schemas.ids import LoggerId
from schemas.reading import COUNTER_WRAP

_BATTERY_MV: Final = 2950  # hardly used


@dataclass(frozen=True, slots=True)
class PastFrame:
    """One advert; `at_s` is below 0: seconds before the simulation began."""

    at_s: float
    logger_id: LoggerId
    frame: Frame


def past_frames(settings: SimSettings, *, interval_s: float) -> Iterator[PastFrame]:
    """Yield an advert of every logger each interval since packing, in order of time."""
    loggers = loggers_of(settings)
    world = World(loggers, settings.seed, packed_s=settings.packed_s)
    noise = np.random.default_rng(settings.seed)
    times_s = np.arange(-settings.packed_s, 0.0, interval_s).tolist()
    for number, at_s in enumerate(times_s):
        world.advance_to(at_s)
        exact_c = world.loggers_c()
        measured_c = exact_c + Sensor().noise_c * noise.standard_normal(len(loggers))
        humidities_pct = humidity_pct(exact_c).tolist()
        for logger, temperature_c, humidity in zip(
            loggers, measured_c.tolist(), humidities_pct, strict=True
        ):
            sample = Sample(
                boot=0,
                uptime_ms=round((at_s + settings.packed_s) * 1000.0),
                sequence=_counter(logger, number - len(times_s)),
                temperature_c=round(temperature_c, 2),
                humidity_pct=humidity,
                battery_mv=_BATTERY_MV,
            )
            frame = frame_of(logger.logger_id, logger.frame_format, sample)
            yield PastFrame(at_s, logger.logger_id, frame)


def _counter(logger: SimulatedLogger, before_the_turn: int) -> int:
    wrap = COUNTER_WRAP[logger.frame_format]
    return before_the_turn % wrap
