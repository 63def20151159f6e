"""One measurement heard by two gateways stands once on the curve."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.curve import Curve, collapse_repeats


def a_curve(at_s: list[float], sequence: list[int]) -> Curve:
    return Curve(
        measured_at_ms=np.array([round(at * 1000) for at in at_s], dtype=np.int64),
        temperature_c=np.linspace(2.0, 4.0, len(at_s)),
        sequence=np.array(sequence, dtype=np.int64),
    )


def test_an_equal_counter_soon_after_is_the_same_measurement() -> None:
    curve = collapse_repeats(a_curve([0, 0.4, 10, 10.2], [5, 5, 6, 6]), counter_wrap=256)
    assert curve.measured_at_ms.tolist() == [0, 10_000]


def test_interleaved_gateways_collapse_too() -> None:
    """A second gateway that stamps seconds later: 5, 6, 5, 6 are two measurements."""
    curve = collapse_repeats(a_curve([0, 10, 10.5, 20], [5, 6, 5, 6]), counter_wrap=256)
    assert curve.measured_at_ms.tolist() == [0, 10_000]


def test_a_counter_that_came_round_is_another_measurement() -> None:
    """256 values at 10 s: the same counter returns after 2,560 s."""
    at = [10.0 * i for i in range(257)]
    assert (
        len(collapse_repeats(a_curve(at, [i % 256 for i in range(257)]), counter_wrap=256)) == 257
    )


def test_an_equal_counter_after_a_long_silence_is_another_measurement() -> None:
    assert len(collapse_repeats(a_curve([0, 3600], [5, 5]), counter_wrap=256)) == 2


def test_without_a_counter_nothing_collapses() -> None:
    assert len(collapse_repeats(a_curve([0, 0.1], [-1, -1]), counter_wrap=256)) == 2
    assert len(collapse_repeats(a_curve([0, 0.1], [5, 5]), counter_wrap=0)) == 2


@given(st.integers(0, 65_534), st.integers(1, 300), st.integers(1, 3))
def test_each_measurement_stays_exactly_once(start: int, length: int, gateways: int) -> None:
    sequence = [(start + i) % 65_535 for i in range(length) for _ in range(gateways)]
    at = [10.0 * i + g / 10 for i in range(length) for g in range(gateways)]
    curve = collapse_repeats(a_curve(at, sequence), counter_wrap=65_535)
    assert curve.measured_at_ms.tolist() == [10_000 * i for i in range(length)]
