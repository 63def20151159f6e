"""Is a logger fit to measure: its battery, its times, its calibration?"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from schemas.reading import ClockConfidence

READINGS_TO_JUDGE_BY: Final = 10  # the newest so many: one odd voltage is no news
# A lithium coin cell gives less when it is cold, and is not empty for that. Below the second figure
# (mV) it is low, from the first one (°C) upwards: as Ruuvi's own application judges its tags
# (ruuvi/com.ruuvi.station.webui, src/utils/battery.js).
_LOW_BATTERY_MV: Final = ((0.0, 2500), (-20.0, 2300), (float("-inf"), 2000))
# Once low it stays so until it is better by this: cells recover by some ten millivolts at rest.
_CHANGED_BATTERY_MV: Final = 100
# What RuuviTags can report begins here (docs.ruuvi.com, data format 5). Less comes from another
# kind of cell, which these limits do not fit.
_LEAST_COIN_CELL_MV: Final = 1600
# An edge held by a time server is right within a second; a message takes no negative time.
_AHEAD_TOLERATED_MS: Final = 60_000
_GUESSED: Final = frozenset({ClockConfidence.SLEWED, ClockConfidence.ESTIMATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Voltage:
    """A battery's voltage, and how warm it was."""

    battery_mv: int
    temperature_c: float


def low_battery_mv(temperature_c: float) -> int:
    """Return the voltage below which a lithium coin cell is low at a temperature."""
    return next(limit_mv for from_c, limit_mv in _LOW_BATTERY_MV if temperature_c >= from_c)


def battery_is_low(newest: Sequence[Voltage], *, was_low: bool) -> bool | None:
    """Judge a coin cell by the newest voltages, each against the limit at its temperature.

    None: nothing to judge by. `was_low`: it was so when last judged.
    """
    margins_mv = [
        voltage.battery_mv - low_battery_mv(voltage.temperature_c)
        for voltage in newest
        if voltage.battery_mv >= _LEAST_COIN_CELL_MV
    ]
    if not margins_mv:
        return None
    return median(margins_mv) < (_CHANGED_BATTERY_MV if was_low else 0)


def clock_is_out_of_step(
    newest: Sequence[ClockConfidence], *, measured_at_ms: int, stored_at_ms: int
) -> bool:
    """Return whether a logger's times are wrong, or were mostly guessed.

    A reading that is stored before it was measured has a wrong time. A clock that nobody vouches
    for may well be right: that alone is no alarm.
    """
    guessed = sum(confidence in _GUESSED for confidence in newest)
    return measured_at_ms - stored_at_ms > _AHEAD_TOLERATED_MS or guessed * 2 > len(newest)


def calibration_has_expired(*, due_at_ms: int | None, now_ms: int) -> bool:
    """Return whether a calibration was due; one without a date never is."""
    return due_at_ms is not None and now_ms >= due_at_ms
