"""One measurement heard by two gateways stands once on the curve; nothing else is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.curve import Curve, collapse_repeats


def a_curve(at_s: list[float], sequence: list[int], heard_by: list[int]) -> Curve:
    return Curve(
        measured_at_ms=np.array([round(at * 1000) for at in at_s], dtype=np.int64),
        temperature_c=np.linspace(2.0, 4.0, len(at_s)),
        sequence=np.array(sequence, dtype=np.int64),
        heard_by=np.array(heard_by, dtype=np.int64),
    )


def seconds(curve: Curve) -> list[float]:
    return [at / 1000 for at in curve.measured_at_ms.tolist()]


def test_an_equal_counter_of_another_gateway_soon_after_is_the_same_measurement() -> None:
    curve = a_curve([0, 0.4, 10, 10.2], [5, 5, 6, 6], [1, 2, 1, 2])
    assert seconds(collapse_repeats(curve, counter_wrap=256)) == [0, 10]


def test_a_gateway_that_stamps_later_is_matched_too() -> None:
    curve = a_curve([0, 10, 10.5, 20], [5, 6, 5, 6], [1, 1, 2, 2])
    assert seconds(collapse_repeats(curve, counter_wrap=256)) == [0, 10]


def test_one_gateways_equal_counters_are_two_measurements() -> None:
    """The logger lost power after six measurements and counts from 0 again."""
    at = [10.0 * i for i in range(12)]
    counters = [*range(6), *range(6)]
    assert len(collapse_repeats(a_curve(at, counters, [1] * 12), counter_wrap=65_535)) == 12


def test_a_reboot_heard_by_two_gateways_keeps_both_runs() -> None:
    at = [10.0 * i + g / 10 for i in range(12) for g in range(2)]
    counters = [i % 6 for i in range(12) for _ in range(2)]
    curve = a_curve(at, counters, [1, 2] * 12)
    assert seconds(collapse_repeats(curve, counter_wrap=65_535)) == [10.0 * i for i in range(12)]


@pytest.mark.parametrize(("later_s", "kept"), [(128, 3), (128.001, 4)])
def test_equal_counters_are_one_measurement_within_half_the_counters_turn(
    later_s: float, kept: int
) -> None:
    """256 values at one a second: half a turn is 128 s. The others give the interval of 1 s."""
    curve = a_curve([0, 1, 2, later_s], [5, 6, 7, 5], [1, 1, 1, 2])
    assert len(collapse_repeats(curve, counter_wrap=256)) == kept


def test_without_a_counter_nothing_collapses() -> None:
    assert len(collapse_repeats(a_curve([0, 0.1], [-1, -1], [1, 2]), counter_wrap=256)) == 2
    assert len(collapse_repeats(a_curve([0, 0.1], [5, 5], [1, 2]), counter_wrap=0)) == 2
    assert len(collapse_repeats(a_curve([], [], []), counter_wrap=256)) == 0


@given(st.integers(0, 65_534), st.integers(1, 300), st.integers(1, 3))
def test_each_measurement_stays_exactly_once(start: int, length: int, gateways: int) -> None:
    sequence = [(start + i) % 65_535 for i in range(length) for _ in range(gateways)]
    at = [10.0 * i + g / 10 for i in range(length) for g in range(gateways)]
    heard_by = [g for _ in range(length) for g in range(gateways)]
    curve = collapse_repeats(a_curve(at, sequence, heard_by), counter_wrap=65_535)
    assert seconds(curve) == [10.0 * i for i in range(length)]
