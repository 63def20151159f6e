"""Readings as columns of five minutes."""

import numpy as np

from gateway.rules.forecast_grid import hold_last, step_means

NOW_MS = 10_000_000


def means(at_ms: list[int], values: list[float], steps: int = 3) -> list[float]:
    curve = (np.array(at_ms, np.int64), np.array(values, np.float64))
    return step_means([curve], now_ms=NOW_MS, steps=steps)[0].tolist()


def test_a_step_is_the_mean_of_its_readings_and_ends_now() -> None:
    found = means([NOW_MS - 400_000, NOW_MS - 100_000, NOW_MS], [1.0, 2.0, 4.0])
    assert np.isnan(found[0])
    assert found[1:] == [1.0, 3.0]


def test_a_reading_five_minutes_old_belongs_to_the_step_before() -> None:
    assert means([NOW_MS - 299_999], [1.0], steps=1) == [1.0]
    assert np.isnan(means([NOW_MS - 300_000], [1.0], steps=1)[0])


def test_a_reading_of_the_future_is_not_there() -> None:
    assert np.isnan(means([NOW_MS + 1], [1.0], steps=1)[0])


def test_a_repeated_reading_counts_once() -> None:
    assert means([NOW_MS - 2, NOW_MS - 2, NOW_MS], [1.0, 1.0, 4.0], steps=1) == [2.5]


def test_curves_do_not_mix() -> None:
    at_ms = np.array([NOW_MS - 1, NOW_MS])
    found = step_means(
        [(at_ms, np.array([1.0, 3.0])), (at_ms, np.array([5.0, 7.0]))], now_ms=NOW_MS, steps=1
    )
    assert found[:, 0].tolist() == [2.0, 6.0]


def test_a_gap_holds_the_value_before_and_a_first_gap_the_one_after() -> None:
    nan = np.nan
    found = hold_last(np.array([[nan, 1.0, nan, 2.0, nan], [nan, nan, nan, nan, nan]]))
    assert found[0].tolist() == [1.0, 1.0, 1.0, 2.0, 2.0]
    assert np.isnan(found[1]).all()
