"""The logger's firmware."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.battery import Battery, voltage_mv
from firmware_sim.frame import FrameFormat
from firmware_sim.logger import Firmware, Logger, RingLog, Sample, Sensor
from schemas.ids import LoggerId

IDEAL = Sensor(noise_c=0.0, time_constant_s=1e-9)


def a_logger(firmware: Firmware | None = None, sensor: Sensor = IDEAL) -> Logger:
    return Logger(
        logger_id=LoggerId("C4:F0:57:00:00:01"),
        firmware=firmware or Firmware(),
        sensor=sensor,
        battery=Battery(),
        noise_key=1,
        booted_ms=0.0,
    )


def take(logger: Logger, count: int, surroundings_c: float = 4.0) -> list[Sample]:
    """Take samples 10 s apart, the first 10 s after boot."""
    return [
        logger.sample(logger.booted_ms + 10_000.0 * (n + 1), surroundings_c, 50.0)
        for n in range(count)
    ]


SAMPLES = st.builds(
    Sample,
    boot=st.integers(0, 1000),
    uptime_ms=st.integers(0, 2**40),
    sequence=st.integers(0, 65_534),
    temperature_c=st.integers(-800_000, 800_000).map(lambda tenths: tenths / 10_000),
    humidity_pct=st.integers(0, 10_000).map(lambda centi: centi / 100),
    battery_mv=st.integers(0, 3646),
)


@given(capacity=st.integers(1, 20), samples=st.lists(SAMPLES, max_size=50))
def test_a_ring_log_keeps_the_newest_and_counts_what_it_overwrote(
    capacity: int, samples: list[Sample]
) -> None:
    log = RingLog(capacity)
    for sample in samples:
        log.append(sample)

    assert log.samples() == samples[-capacity:]
    assert len(log) == len(samples[-capacity:])
    assert log.overwritten == max(0, len(samples) - capacity)


@given(capacity=st.integers(1, 5), count=st.integers(0, 12), after=st.integers(0, 12))
def test_a_cleared_ring_log_is_as_new(capacity: int, count: int, after: int) -> None:
    log, new = RingLog(capacity), RingLog(capacity)
    logged = take(a_logger(), count + after)
    for sample in logged[:count]:
        log.append(sample)
    log.clear()
    for sample in logged[count:]:
        log.append(sample)
        new.append(sample)

    assert log.samples() == new.samples()


@pytest.mark.parametrize(
    ("frame_format", "values"),
    [(FrameFormat.RUUVI, 65_535), (FrameFormat.BTHOME, 256)],  # DF5: 65535 is "not available"
)
def test_a_sequence_starts_again_after_the_formats_last_value(
    frame_format: FrameFormat, values: int
) -> None:
    logger = a_logger(Firmware(frame_format=frame_format, log_capacity=3))
    take(logger, values + 1)

    assert [s.sequence for s in logger.log.samples()] == [values - 2, values - 1, 0]


def test_a_reboot_restarts_sequence_and_clock_and_keeps_the_log_in_flash() -> None:
    logger = a_logger(Firmware(keeps_log=True))
    take(logger, 3)
    logger.reboot(40_000.0)
    take(logger, 1)

    log = [(s.boot, s.sequence, s.uptime_ms) for s in logger.log.samples()]
    assert log == [(0, 0, 10_000), (0, 1, 20_000), (0, 2, 30_000), (1, 0, 10_000)]


def test_a_reboot_loses_a_log_that_is_not_in_flash() -> None:
    logger = a_logger(Firmware(keeps_log=False))
    take(logger, 3)
    logger.reboot(40_000.0)

    assert len(logger.log) == 0


def test_a_fast_crystal_counts_more_time_and_samples_more_often() -> None:
    firmware = Firmware(drift_ppm=100.0)
    logger = a_logger(firmware)

    # 100 ppm of a day are 8.64 s.
    assert logger.uptime_ms(86_400_000.0) == pytest.approx(86_408_640.0)
    assert firmware.true_sample_interval_ms == pytest.approx(10_000.0 / 1.0001)


def test_a_sensor_follows_a_step_by_63_percent_in_its_time_constant() -> None:
    logger = a_logger(sensor=Sensor(noise_c=0.0, time_constant_s=10.0))
    logger.sample(0.0, 0.0, 50.0)

    # 1 - 1/e = 0.632
    assert logger.sample(10_000.0, 10.0, 50.0).temperature_c == 6.32


@given(surroundings_c=st.floats(-40, 60), resolution_c=st.sampled_from([0.01, 0.005, 0.1, 0.5]))
def test_a_sensor_reads_multiples_of_its_resolution(
    surroundings_c: float, resolution_c: float
) -> None:
    sensor = Sensor(noise_c=0.0, time_constant_s=1e-9, resolution_c=resolution_c)
    (sample,) = take(a_logger(sensor=sensor), 1, surroundings_c)
    steps = sample.temperature_c / resolution_c

    assert math.isclose(steps, round(steps), abs_tol=1e-6)
    assert abs(sample.temperature_c - surroundings_c) <= resolution_c / 2 + 1e-9


def test_noise_spreads_as_told_and_repeats_with_its_key() -> None:
    sensor = Sensor(noise_c=0.1, time_constant_s=1e-9)
    readings = [s.temperature_c for s in take(a_logger(sensor=sensor), 2000)]
    mean_c = sum(readings) / len(readings)
    spread_c = math.sqrt(sum((r - mean_c) ** 2 for r in readings) / len(readings))

    assert abs(mean_c - 4.0) < 0.01  # over four standard errors of 0.1/sqrt(2000)
    assert abs(spread_c - 0.1) < 0.01
    assert [s.temperature_c for s in take(a_logger(sensor=sensor), 2000)] == readings


def test_a_reboot_does_not_bring_the_same_noise_back() -> None:
    logger = a_logger(sensor=Sensor(noise_c=0.1, time_constant_s=1e-9))
    before = [s.temperature_c for s in take(logger, 10)]
    logger.reboot(200_000.0)

    assert [s.temperature_c for s in take(logger, 10)] != before


@given(warm_c=st.floats(-30, 40), colder_k=st.floats(1, 30), used=st.floats(0, 1))
def test_cold_lowers_a_batterys_voltage(warm_c: float, colder_k: float, used: float) -> None:
    warm = voltage_mv(used_share=used, temperature_c=warm_c)

    assert voltage_mv(used_share=used, temperature_c=warm_c - colder_k) < warm


@given(used=st.floats(0, 0.9), more=st.floats(0.01, 0.1))
def test_use_lowers_a_batterys_voltage(used: float, more: float) -> None:
    fresh = voltage_mv(used_share=used, temperature_c=20.0)

    assert voltage_mv(used_share=used + more, temperature_c=20.0) <= fresh


def test_a_battery_is_used_up_by_its_load_after_its_capacity() -> None:
    # 1000 mAh at 18 µA last 55,556 h, 6.3 years: Ruuvi's wiki says five at room temperature.
    battery = Battery(capacity_mah=1000.0, load_ua=18.0, used_share=0.0)

    assert battery.used_after(hours=27_778) == pytest.approx(0.5, abs=1e-4)
    assert battery.used_after(hours=1e9) == 1.0
