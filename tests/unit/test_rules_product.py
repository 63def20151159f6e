"""The goods follow the air as an exponential does, whatever the steps."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules.product import product_temperature_c

NO_GAP = np.empty(0, dtype=np.int64)
MINUTE_MS = 60_000
# A cup's measured cooling curve, every ten minutes, in air of 74.6 °F.
MEASURED_F = [182.0, 151.7, 133.9, 122.0, 113.1, 106.2, 101.1, 96.7, 93.5, 90.9]
AIR_F = 74.6


def product(
    air_c: list[float],
    held_ms: list[int],
    *,
    time_constant_s: float,
    after_gap: tuple[int, ...] = (),
) -> list[float]:
    answer: list[float] = product_temperature_c(
        np.array(held_ms, dtype=np.int64),
        np.array(air_c, dtype=np.float64),
        time_constant_s=time_constant_s,
        after_gap=np.array(after_gap, dtype=np.int64),
    ).tolist()
    return answer


def time_constant_min(curve: list[float], minutes: list[float]) -> float:
    """Fit it: the log of what a curve lies above its air falls by 1/τ a minute."""
    return float(-1 / np.polyfit(minutes, np.log(np.array(curve) - AIR_F), 1)[0])


def test_the_measured_curve_has_a_time_constant_of_49_minutes_and_so_has_the_filters() -> None:
    assert time_constant_min(MEASURED_F, [10.0 * i for i in range(10)]) == pytest.approx(
        49.0, abs=0.05
    )
    air, held = [MEASURED_F[0], *[AIR_F] * 9], [0, *[10 * MINUTE_MS] * 9]
    filtered = product(air, held, time_constant_s=49 * 60)[1:]
    assert time_constant_min(filtered, [10.0 * i for i in range(9)]) == pytest.approx(49.0)


def test_from_half_an_hour_on_the_filter_cools_as_the_measured_cup_did() -> None:
    air, held = [MEASURED_F[3], *[AIR_F] * 7], [0, *[10 * MINUTE_MS] * 7]
    filtered = product(air, held, time_constant_s=49 * 60)[1:]
    assert filtered == pytest.approx(MEASURED_F[3:], abs=3.0)  # 3 °F are 1.7 °C


def test_after_one_time_constant_63_percent_of_a_step_have_been_made() -> None:
    # 1 - 1/e = 0.632121 of the way from 2 to 12 °C
    assert product([2, 12, 12], [0, 3_600_000, 0], time_constant_s=3600)[2] == pytest.approx(
        2 + 10 * 0.632121, abs=1e-5
    )


def test_one_long_step_is_as_good_as_many_short_ones() -> None:
    short = product([2.0, *[12.0] * 60], [0, *[MINUTE_MS] * 60], time_constant_s=1800)[-1]
    long = product([2.0, 12.0, 12.0], [0, 59 * MINUTE_MS, 0], time_constant_s=1800)[-1]
    assert short == pytest.approx(long, abs=2e-6)


def test_a_step_longer_than_the_time_constant_does_not_overshoot() -> None:
    # Euler's step would give 2 + 10 * 3600 / 60 = 602 °C.
    assert product([2, 12, 12], [0, 3_600_000, 0], time_constant_s=60)[2] == 12


def test_a_reading_acts_until_the_next_one_and_not_before_it() -> None:
    assert product([2, 30, 2], [MINUTE_MS, MINUTE_MS, 0], time_constant_s=600)[:2] == [2, 2]


def test_behind_a_gap_the_goods_are_as_warm_as_the_air() -> None:
    filtered = product([2, 12, 12, 7], [0, MINUTE_MS, 0, 0], time_constant_s=3600, after_gap=(3,))
    assert filtered[2] < 3
    assert filtered[3] == 7


def test_without_a_time_constant_the_goods_are_the_air() -> None:
    assert product([2, 12], [MINUTE_MS, 0], time_constant_s=0) == [2, 12]


def test_air_at_a_limit_never_makes_goods_beyond_it() -> None:
    assert set(product([8.1] * 500, [30_000] * 500, time_constant_s=1777)) == {8.1}


def one_by_one(air_c: list[float], held_ms: list[int], time_constant_s: float) -> list[float]:
    filtered = [air_c[0]]
    for air, held in zip(air_c[:-1], held_ms[:-1], strict=True):
        filtered.append(air + (filtered[-1] - air) * math.exp(-held / 1000 / time_constant_s))
    return filtered


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-90, 90), st.integers(0, 10**8)), min_size=1, max_size=60),
    st.sampled_from([0.001, 1.0, 600.0, 2940.0, 1e7]),
)
def test_it_is_the_exact_step_repeated(
    steps: list[tuple[float, int]], time_constant_s: float
) -> None:
    air_c, held_ms = [c for c, _ in steps], [held for _, held in steps]
    assert product(air_c, held_ms, time_constant_s=time_constant_s) == pytest.approx(
        one_by_one(air_c, held_ms, time_constant_s), abs=2e-6
    )
