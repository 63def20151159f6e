"""What do a day's loggers say on the air?

Each runs the simulated firmware: it samples what is given as the truth, with its sensor's lag and
noise, and advertises real frames. A real logger repeats a measurement every second or so until the
next; here each goes on the air once and none is lost, which is what comes of a hundred repeats.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware_sim import chance
from firmware_sim.air import AirServer, Beacon, Channel, Ledger
from firmware_sim.battery import Battery
from firmware_sim.frame import FrameFormat
from firmware_sim.logger import Firmware, Logger, Sensor, frame_of
from frostline.day.clock import DayClock
from schemas.ids import GatewayId, LoggerId

READINGS_EVERY_S: Final = 120
"""How often each logger measures."""
_HUMIDITY_PCT: Final = 60.0
_LOG_CAPACITY: Final = 64  # nobody reads the ring log of a day's logger
_CHANNEL: Final = Channel(loss=0.0, duplicates=0.0, delay_max_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What surrounds a logger's case, and where it is: metres on the city's own grid."""

    logger_id: LoggerId
    surroundings_c: float
    position_m: tuple[float, float]


class DayLoggers:
    """The air of one day, and the loggers that speak there."""

    def __init__(self, air_path: Path, clock: DayClock, *, seed: int) -> None:
        self.ledger = Ledger()
        self._clock = clock
        self._seed = seed
        self._units: dict[LoggerId, tuple[Logger, Beacon]] = {}
        self._radios: dict[GatewayId, tuple[float, float]] = {}
        self._air = AirServer(
            air_path, _CHANNEL, seed=seed, ledger=self.ledger, wall_ms=clock.wall_ms
        )

    async def open(self) -> None:
        """Open the air for edges."""
        await self._air.start()

    async def close(self) -> None:
        """Close the air."""
        await self._air.close()

    @property
    def is_silent(self) -> bool:
        """Whether each radio has confirmed all that it heard."""
        return self._air.is_silent

    @property
    def radios(self) -> int:
        """How many radios listen."""
        return self._air.radios

    def place_radio(self, gateway_id: GatewayId, position_m: tuple[float, float]) -> None:
        """Let a gateway's radio be there from now on."""
        if self._radios.get(gateway_id) != position_m:
            self._radios[gateway_id] = position_m
            self._air.move(gateway_id, position_m)

    async def say(self, measured: Iterable[Measured]) -> None:
        """Let loggers measure now and advertise it; return once the frames have left."""
        for each in measured:
            logger, beacon = self._unit_of(each.logger_id)
            beacon.position_m = each.position_m
            now_ms = self._clock.wall_ms()
            sample = logger.sample(now_ms, each.surroundings_c, _HUMIDITY_PCT)
            beacon.frame = frame_of(each.logger_id, FrameFormat.RUUVI, sample)
            beacon.measurement = self.ledger.take(each.logger_id, FrameFormat.RUUVI, sample, now_ms)
            self._air.transmit(beacon)
        await asyncio.sleep(0)

    def _unit_of(self, logger_id: LoggerId) -> tuple[Logger, Beacon]:
        unit = self._units.get(logger_id)
        if unit is None:
            unit = (self._logger(logger_id), Beacon(logger_id, (0.0, 0.0)))
            self._units[logger_id] = unit
        return unit

    def _logger(self, logger_id: LoggerId) -> Logger:
        return Logger(
            logger_id=logger_id,
            firmware=Firmware(sample_interval_s=READINGS_EVERY_S, log_capacity=_LOG_CAPACITY),
            sensor=Sensor(),
            battery=Battery(
                used_share=0.7 * chance.uniform(chance.key_of(self._seed, logger_id), 0)
            ),
            noise_key=chance.key_of(self._seed, logger_id, "noise"),
            booted_ms=float(self._clock.wall_ms()),
        )
