"""When does each of many loggers sample and advertise?

One heap of due times for all. `tick` does what is due and takes the time as an argument; `run`
calls it every few milliseconds. A process that was held up skips what it missed, as a logger
without power would, rather than shout it all at once.
"""

import asyncio
import heapq
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmware_sim import chance
from firmware_sim.air import Beacon, Ledger, UnknownLogger
from firmware_sim.battery import Battery
from firmware_sim.logger import Firmware, Logger, Sensor, frame_of
from firmware_sim.scenarios import LidOpening, SimulatedLogger
from firmware_sim.world import World, humidity_pct
from schemas.ids import LoggerId

log = logging.getLogger(__name__)

_TICK_S: Final = 0.01
_PHYSICS_STEP_S: Final = 1.0
_ADVERT_DELAY_MAX_S: Final = 0.01  # advDelay: Bluetooth Core 5.4, vol 6 part B, 4.4.2.2.1
_CRYSTAL_PPM: Final = 20.0  # tolerance of the crystals used with Bluetooth LE chips


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How often each logger does what, how much it keeps, and from which seed it differs."""

    sample_interval_s: float
    advert_interval_s: float
    log_capacity: int
    seed: int


@dataclass(slots=True)
class _Unit:
    """One logger in the fleet; `row` is its row in the world."""

    row: int
    logger: Logger
    beacon: Beacon
    delay_key: int
    stopped: bool = False


class Fleet:
    """All loggers of a simulation; the air's `Stage`. Times: seconds since the beginning."""

    def __init__(
        self,
        loggers: list[SimulatedLogger],
        world: World,
        setup: Setup,
        transmit: Callable[[Beacon], None],
        ledger: Ledger,
    ) -> None:
        self._world = world
        self._setup = setup
        self._transmit = transmit
        self._ledger = ledger
        self._units = [_unit(row, logger, setup) for row, logger in enumerate(loggers)]
        self._by_id = {unit.logger.logger_id: unit for unit in self._units}
        self._now_s = 0.0
        self._wall_ms = 0
        self._physics_due_s = 0.0
        self._lids: list[tuple[float, int, LidOpening]] = []
        # (when, twice the row, plus 1 for an advert): one number sorts and tells.
        self._due: list[tuple[float, int]] = []
        for unit in self._units:
            sample_s = setup.sample_interval_s * chance.uniform(unit.delay_key, 0)
            advert_s = sample_s + setup.advert_interval_s * chance.uniform(unit.delay_key, 1)
            self._due += [(sample_s, 2 * unit.row), (advert_s, 2 * unit.row + 1)]
        heapq.heapify(self._due)
        self._temperatures_c: list[float] = []
        self._humidities_pct: list[float] = []
        self._frozen = False

    def schedule(self, openings: list[LidOpening]) -> None:
        """Let lids open by themselves."""
        self._lids += [(opening.first_s, i, opening) for i, opening in enumerate(openings)]
        heapq.heapify(self._lids)

    async def run(self, stop: asyncio.Event) -> None:
        """Live in real time until `stop`."""
        clock = asyncio.get_running_loop().time
        began_s = clock()
        while not stop.is_set():
            self.tick(clock() - began_s, time.time_ns() // 1_000_000)
            await asyncio.sleep(_TICK_S)

    def tick(self, now_s: float, wall_ms: int) -> None:
        """Do what is due by `now_s`; `wall_ms` is the UTC time that goes into the ledger."""
        self._now_s, self._wall_ms = now_s, wall_ms
        if self._frozen:
            return
        if now_s >= self._physics_due_s:
            self._let_physics_pass(now_s)
        due = self._due
        while due and due[0][0] <= now_s:
            when_s, what = due[0]
            unit = self._units[what >> 1]
            if unit.stopped:
                heapq.heappop(due)
                continue
            interval_s = self._advertise(unit) if what & 1 else self._measure(unit)
            next_s = when_s + interval_s
            heapq.heapreplace(due, (next_s if next_s > now_s else now_s + interval_s, what))

    # As the air's stage ------------------------------------------------------------------------

    def freeze(self) -> None:
        """Stop everything for good."""
        self._frozen = True

    def stop_logger(self, logger_id: LoggerId) -> None:
        """Let a logger die."""
        self._unit_of(logger_id).stopped = True

    def reboot_logger(self, logger_id: LoggerId) -> None:
        """Let a logger start again; it measures at once."""
        unit = self._unit_of(logger_id)
        unit.logger.reboot(self._now_s * 1000.0)
        if not (unit.stopped or self._frozen):
            self._measure(unit)

    def open_lid(self, logger_id: LoggerId, seconds: float) -> None:
        """Open the box or the compartment of a logger."""
        self._world.open_lid(self._unit_of(logger_id).row, seconds)
        log.info("lid opened", extra={"logger_id": logger_id, "seconds": seconds})

    def _unit_of(self, logger_id: LoggerId) -> _Unit:
        unit = self._by_id.get(logger_id)
        if unit is None:
            raise UnknownLogger(f"{logger_id} is not among the {len(self._units)} loggers")
        return unit

    # What is due --------------------------------------------------------------------------------

    def _let_physics_pass(self, now_s: float) -> None:
        while self._lids and self._lids[0][0] <= now_s:
            _, number, opening = self._lids[0]
            heapq.heapreplace(self._lids, (now_s + opening.every_s, number, opening))
            self.open_lid(opening.logger_id, opening.open_s)
        self._world.advance_to(now_s)
        self._physics_due_s = now_s + _PHYSICS_STEP_S
        temperatures_c = self._world.loggers_c()
        self._temperatures_c = temperatures_c.tolist()
        self._humidities_pct = humidity_pct(temperatures_c).tolist()

    def _measure(self, unit: _Unit) -> float:
        logger, beacon = unit.logger, unit.beacon
        sample = logger.sample(
            self._now_s * 1000.0, self._temperatures_c[unit.row], self._humidities_pct[unit.row]
        )
        frame_format = logger.firmware.frame_format
        beacon.frame = frame_of(logger.logger_id, frame_format, sample)
        beacon.measurement = self._ledger.take(
            logger.logger_id, frame_format, sample, self._wall_ms
        )
        return logger.firmware.true_sample_interval_ms / 1000.0

    def _advertise(self, unit: _Unit) -> float:
        self._transmit(unit.beacon)
        delay_s = _ADVERT_DELAY_MAX_S * chance.uniform(unit.delay_key, 2 + unit.beacon.adverts)
        return self._setup.advert_interval_s + delay_s


def _unit(row: int, simulated: SimulatedLogger, setup: Setup) -> _Unit:
    key = chance.key_of(setup.seed, simulated.logger_id)
    logger = Logger(
        logger_id=simulated.logger_id,
        firmware=Firmware(
            frame_format=simulated.frame_format,
            sample_interval_s=setup.sample_interval_s,
            log_capacity=setup.log_capacity,
            drift_ppm=_CRYSTAL_PPM * (2.0 * chance.uniform(key, 0) - 1.0),
        ),
        sensor=Sensor(),
        battery=Battery(used_share=0.7 * chance.uniform(key, 1)),
        noise_key=chance.key_of(setup.seed, simulated.logger_id, "noise"),
        booted_ms=0.0,
    )
    beacon = Beacon(simulated.logger_id, simulated.position_m)
    return _Unit(row, logger, beacon, chance.key_of(setup.seed, simulated.logger_id, "delay"))
