"""What is one measurement of a logger, and which values can be true?

A reading is one measurement, not one advert: the same sample is repeated in many adverts.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from schemas.ids import LoggerId


class Source(IntEnum):
    """How a reading reached the edge. The numbers stand on the wire and in the database."""

    LIVE = 0  # heard in an advert
    HISTORY = 1  # read from the logger's own log


class ClockConfidence(IntEnum):
    """How far `measured_at` can be trusted. The numbers stand on the wire and in the database."""

    SYNCHRONISED = 0  # the edge's clock was held by a time server
    UNSYNCHRONISED = 1  # the clock was set, but nobody vouched for it
    SLEWED = 2  # the clock had been set back: the edge ran slower until it was true again
    ESTIMATED = 3  # placed by order only: the edge lost power before its clock was ever set


class Zone(StrEnum):
    """Temperature zone of goods. Its limits are policy data, in the table `policies`."""

    FROZEN = "frozen"
    CHILLED = "chilled"
    AMBIENT = "ambient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measurement as the edge keeps it.

    `sequence` is the logger's own measurement counter (or packet id), None where it has none.
    """

    logger_id: LoggerId
    frame_format: str  # "ruuvi-df5", "bthome-v2", or the parser's name; see COUNTER_WRAP
    measured_at_ms: int  # UTC
    temperature_c: float
    humidity_pct: float | None = None
    battery_mv: int | None = None
    rssi_dbm: int | None = None
    sequence: int | None = None
    source: Source = Source.LIVE
    clock: ClockConfidence = ClockConfidence.SYNCHRONISED


# The number of values a format's measurement counter takes before it starts again at 0; formats
# without a counter are absent. Ruuvi: 65535 means "not available", docs.ruuvi.com, data format 5.
COUNTER_WRAP: Final = MappingProxyType({"ruuvi-df5": 65535, "bthome-v2": 256})

# What can be true, inclusive; a value outside is a fault of the sensor or of the sender.
# Temperature: below a dry-ice box (-78.5 °C) and above a truck in the sun. Battery: SMALLINT.
TEMPERATURE_RANGE_C: Final = (-100.0, 100.0)
HUMIDITY_RANGE_PCT: Final = (0.0, 100.0)
BATTERY_RANGE_MV: Final = (0, 32_767)
RSSI_RANGE_DBM: Final = (-127, 20)  # Bluetooth Core 5.4, vol 4 part E, 7.7.65.2
SEQUENCE_RANGE: Final = (0, 2**31 - 1)
MEASURED_AT_RANGE_MS: Final = (1_262_304_000_000, 4_102_444_800_000)  # 2010 to 2100, UTC
