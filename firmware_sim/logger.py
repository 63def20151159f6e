"""What does a logger's firmware do with time?

It samples, keeps the sample in a ring log, and repeats it in every advert until the next. It knows
no calendar: it counts from its boot, on a crystal that drifts. Time comes in as an argument, in
true milliseconds UTC.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from firmware_sim import bthome, chance, ruuvi
from firmware_sim.battery import Battery, voltage_mv
from firmware_sim.frame import Frame, FrameFormat
from schemas.ids import LoggerId
from schemas.reading import COUNTER_WRAP

_TX_POWER_DBM: Final = 4
_PRESSURE_PA: Final = 101_325
_STANDING_MG: Final = (0, 0, 1000)
# A log's entry: boot, uptime ms, sequence, temperature, humidity 0.01 %, battery mV.
_ENTRY: Final = struct.Struct("<IqHiHH")
_TENTHS_OF_MILLIKELVIN: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """The sensing element behind its vent."""

    resolution_c: float = 0.01
    noise_c: float = 0.02  # standard deviation, assumed
    time_constant_s: float = 5.0  # of a digital sensor in moving air; data sheets say 5 to 30 s
    offset_c: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """How a logger is set up."""

    frame_format: FrameFormat = FrameFormat.RUUVI
    sample_interval_s: float = 10.0
    log_capacity: int = 2880  # 8 h of samples at 10 s
    keeps_log: bool = True  # over a reboot: in flash, not in RAM
    drift_ppm: float = 0.0  # positive: the crystal is fast

    @property
    def true_sample_interval_ms(self) -> float:
        """The sampling interval as the world's clock sees it."""
        return self.sample_interval_s * 1000.0 / (1.0 + self.drift_ppm * 1e-6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement, as it stands in the log. `uptime_ms` is the logger's own clock."""

    boot: int
    uptime_ms: int
    sequence: int
    temperature_c: float
    humidity_pct: float
    battery_mv: int


class RingLog:
    """The last `capacity` samples; the next one overwrites the oldest.

    Packed as in a flash chip, 22 bytes a sample: ten thousand loggers keep theirs in memory.
    """

    __slots__ = ("_capacity", "_count", "_flash")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._flash = bytearray()
        self._count = 0  # appended since the last clear

    def __len__(self) -> int:
        return min(self._count, self._capacity)

    @property
    def overwritten(self) -> int:
        """How many samples were lost to newer ones."""
        return self._count - len(self)

    def append(self, sample: Sample) -> None:
        """Keep a sample, at the cost of the oldest if the log is full."""
        at = self._count % self._capacity * _ENTRY.size
        self._flash[at : at + _ENTRY.size] = _ENTRY.pack(
            sample.boot,
            sample.uptime_ms,
            sample.sequence,
            round(sample.temperature_c * _TENTHS_OF_MILLIKELVIN),
            round(sample.humidity_pct * 100.0),
            sample.battery_mv,
        )
        self._count += 1

    def clear(self) -> None:
        """Forget everything."""
        self._flash.clear()
        self._count = 0

    def samples(self) -> list[Sample]:
        """Return what is kept, oldest first."""
        entries = [_unpacked(entry) for entry in _ENTRY.iter_unpack(self._flash)]
        oldest = self._count % self._capacity if self.overwritten else 0
        return entries[oldest:] + entries[:oldest]


def _unpacked(entry: tuple[int, ...]) -> Sample:
    boot, uptime_ms, sequence, temperature, humidity, battery_mv = entry
    return Sample(
        boot=boot,
        uptime_ms=uptime_ms,
        sequence=sequence,
        temperature_c=temperature / _TENTHS_OF_MILLIKELVIN,
        humidity_pct=humidity / 100.0,
        battery_mv=battery_mv,
    )


@dataclass(slots=True)
class Logger:
    """A logger's whole state. Make it at `booted_ms`, then call `sample` when one is due."""

    logger_id: LoggerId
    firmware: Firmware
    sensor: Sensor
    battery: Battery
    noise_key: int  # of firmware_sim.chance
    booted_ms: float
    boot: int = 0
    log: RingLog = field(init=False)
    _made_ms: float = field(init=False)
    _taken: int = field(default=0, init=False)  # since boot
    _noise_drawn: int = field(default=0, init=False)  # ever: a reboot brings no old noise back
    _element_c: float = field(default=math.nan, init=False)
    _element_ms: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.log = RingLog(self.firmware.log_capacity)
        self._made_ms = self.booted_ms

    def uptime_ms(self, now_ms: float) -> float:
        """Return the logger's own clock."""
        return (now_ms - self.booted_ms) * (1.0 + self.firmware.drift_ppm * 1e-6)

    def sample(self, now_ms: float, surroundings_c: float, humidity_pct: float) -> Sample:
        """Measure and log. `surroundings_c` is the temperature inside the logger's case."""
        element_c = self._follow(now_ms, surroundings_c)
        noise_c = self.sensor.noise_c * chance.normal(self.noise_key, self._noise_drawn)
        hours = (now_ms - self._made_ms) / 3_600_000.0
        sample = Sample(
            boot=self.boot,
            uptime_ms=round(self.uptime_ms(now_ms)),
            sequence=self._taken % COUNTER_WRAP[self.firmware.frame_format],
            temperature_c=self._quantised(element_c + self.sensor.offset_c + noise_c),
            humidity_pct=round(humidity_pct, 2),
            battery_mv=voltage_mv(
                used_share=self.battery.used_after(hours), temperature_c=element_c
            ),
        )
        self._taken += 1
        self._noise_drawn += 1
        self.log.append(sample)
        return sample

    def reboot(self, now_ms: float) -> None:
        """Start again: the sequence and the clock from 0, the log as the firmware says."""
        self.boot += 1
        self.booted_ms = now_ms
        self._taken = 0
        if not self.firmware.keeps_log:
            self.log.clear()

    def _follow(self, now_ms: float, surroundings_c: float) -> float:
        """First-order lag, exact for surroundings that were constant since the last sample."""
        if math.isnan(self._element_c):
            self._element_c = surroundings_c
        elapsed_s = (now_ms - self._element_ms) / 1000.0
        left = math.exp(-elapsed_s / self.sensor.time_constant_s)
        self._element_c = surroundings_c + (self._element_c - surroundings_c) * left
        self._element_ms = now_ms
        return self._element_c

    def _quantised(self, temperature_c: float) -> float:
        steps = round(temperature_c / self.sensor.resolution_c)
        return round(steps * self.sensor.resolution_c, 4)


def frame_of(logger_id: LoggerId, frame_format: FrameFormat, sample: Sample) -> Frame:
    """Return the advert that repeats a sample until the next one."""
    return _FRAMES[frame_format](logger_id, sample)


def _ruuvi_frame(logger_id: LoggerId, sample: Sample) -> Frame:
    payload = ruuvi.encode(
        ruuvi.RawV2(
            temperature_c=sample.temperature_c,
            humidity_pct=sample.humidity_pct,
            pressure_pa=_PRESSURE_PA,
            acceleration_mg=_STANDING_MG,
            battery_mv=sample.battery_mv,
            tx_power_dbm=_TX_POWER_DBM,
            movements=0,
            sequence=sample.sequence,
            address=bytes.fromhex(logger_id.replace(":", "")),
        )
    )
    return Frame(manufacturer_data={ruuvi.COMPANY: payload}, service_data={})


def _bthome_frame(logger_id: LoggerId, sample: Sample) -> Frame:
    payload = bthome.encode(
        bthome.BTHomeV2(
            packet_id=sample.sequence,
            temperature_c=sample.temperature_c,
            humidity_pct=sample.humidity_pct,
            battery_mv=sample.battery_mv,
        )
    )
    name = f"FL-{logger_id[-5:].replace(':', '')}"
    return Frame(manufacturer_data={}, service_data={bthome.SERVICE: payload}, local_name=name)


_FRAMES: Final = MappingProxyType[FrameFormat, Callable[[LoggerId, Sample], Frame]](
    {FrameFormat.RUUVI: _ruuvi_frame, FrameFormat.BTHOME: _bthome_frame}
)
