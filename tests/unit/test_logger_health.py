"""Whether a logger is fit to measure."""

import pytest

from gateway.rules.logger_health import (
    Voltage,
    battery_is_low,
    calibration_has_expired,
    clock_is_out_of_step,
    low_battery_mv,
)
from schemas.reading import ClockConfidence

NOON = 1_795_348_800_000
SYNCHRONISED, ESTIMATED = ClockConfidence.SYNCHRONISED, ClockConfidence.ESTIMATED


# Ruuvi's application: low below 2000 mV under -20 °C, below 2300 mV under 0 °C, else below 2500 mV.
@pytest.mark.parametrize(
    ("temperature_c", "low_mv"),
    [(20.0, 2500), (0.0, 2500), (-0.01, 2300), (-20.0, 2300), (-20.01, 2000), (-40.0, 2000)],
)
def test_the_limit_of_a_coin_cell_falls_with_the_cold(temperature_c: float, low_mv: int) -> None:
    assert low_battery_mv(temperature_c) == low_mv
    for battery_mv, low in ((low_mv, False), (low_mv - 1, True)):
        newest = [Voltage(battery_mv=battery_mv, temperature_c=temperature_c)]
        assert battery_is_low(newest, was_low=False) is low


def test_one_odd_voltage_is_no_low_battery() -> None:
    good = Voltage(battery_mv=2900, temperature_c=4.0)
    odd = Voltage(battery_mv=2000, temperature_c=4.0)
    assert battery_is_low([odd, good, good], was_low=False) is False
    assert battery_is_low([odd, odd, good], was_low=False) is True


def test_each_voltage_counts_against_the_limit_at_its_own_temperature() -> None:
    # 2400 mV: 100 mV too little in the warmth, 100 mV enough in the cold; two of three are cold.
    warm, cold = (Voltage(battery_mv=2400, temperature_c=c) for c in (4.0, -18.0))
    assert battery_is_low([warm, cold, cold], was_low=False) is False
    assert battery_is_low([warm, warm, cold], was_low=False) is True


def test_a_low_battery_stays_low_until_it_is_better_by_100_mv() -> None:
    for battery_mv, low in ((2599, True), (2600, False)):
        newest = [Voltage(battery_mv=battery_mv, temperature_c=20.0)]
        assert battery_is_low(newest, was_low=True) is low


def test_other_cells_and_loggers_without_a_voltage_are_not_judged() -> None:
    assert battery_is_low([], was_low=True) is None
    alkaline = Voltage(battery_mv=1599, temperature_c=20.0)
    assert battery_is_low([alkaline], was_low=False) is None
    least = Voltage(battery_mv=1600, temperature_c=20.0)
    assert battery_is_low([least], was_low=False) is True


def test_a_reading_stored_a_minute_before_it_was_measured_is_out_of_step() -> None:
    for ahead_ms, out in ((60_000, False), (60_001, True)):
        assert (
            clock_is_out_of_step([SYNCHRONISED], measured_at_ms=NOON + ahead_ms, stored_at_ms=NOON)
            is out
        )


def test_times_that_are_mostly_guessed_are_out_of_step() -> None:
    def out_of_step(newest: list[ClockConfidence]) -> bool:
        return clock_is_out_of_step(newest, measured_at_ms=NOON, stored_at_ms=NOON)

    assert not out_of_step([ESTIMATED, SYNCHRONISED])
    assert out_of_step([ESTIMATED, ESTIMATED, SYNCHRONISED])
    assert out_of_step([ClockConfidence.SLEWED])
    assert not out_of_step([ClockConfidence.UNSYNCHRONISED])  # nobody vouches: it may be right
    assert not out_of_step([])


def test_a_calibration_expires_at_its_due_moment() -> None:
    assert not calibration_has_expired(due_at_ms=NOON, now_ms=NOON - 1)
    assert calibration_has_expired(due_at_ms=NOON, now_ms=NOON)
    assert not calibration_has_expired(due_at_ms=None, now_ms=NOON)
