"""When a logger is silent."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.silence import Rhythm, best_heard, learn_rhythm, silent_at_ms

NOON = 1_795_348_800_000


def every(seconds: float, readings: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return NOON + (np.arange(readings) * seconds * 1000).astype(np.int64)


def test_a_steady_logger_is_silent_after_three_missed_records() -> None:
    rhythm = learn_rhythm(every(30, 201), record_interval_s=None)
    assert rhythm.interval_s == 30.0
    # 200 intervals without a loss: (0 + 2) / (200 + 20) = 0.0091; 0.0091^3 = 7.5e-7 < 1e-6.
    assert rhythm.lost_share == pytest.approx(2 / 220)
    assert rhythm.silent_after_s == 90.0


def test_of_a_logger_that_is_hardly_known_more_must_be_missing() -> None:
    # Nothing known: one in ten lost, 0.1^6 = 1e-6: six records.
    assert learn_rhythm(every(30, 0), record_interval_s=30).silent_after_s == 180.0
    # No interval either: five minutes (EN 12830).
    assert learn_rhythm(every(30, 0), record_interval_s=None).silent_after_s == 1800.0


def test_the_registered_interval_comes_first_unless_readings_come_more_rarely() -> None:
    assert learn_rhythm(every(30, 50), record_interval_s=60).interval_s == 60.0
    assert learn_rhythm(every(30, 50), record_interval_s=1).interval_s == 30.0
    assert learn_rhythm(every(30, 50), record_interval_s=0).interval_s == 30.0
    three = learn_rhythm(every(30, 3), record_interval_s=None)  # too few to learn from
    assert three.interval_s == 300.0


def test_silence_is_never_called_within_a_minute() -> None:
    assert learn_rhythm(every(1, 201), record_interval_s=1).silent_after_s == 60.0


@pytest.mark.parametrize("lost_share", [0.1, 0.3, 0.6])
def test_the_interval_is_learned_although_records_are_lost(lost_share: float) -> None:
    heard = np.random.default_rng(7).random(1000) >= lost_share
    rhythm = learn_rhythm(every(30, 1000)[heard][-200:], record_interval_s=None)
    assert rhythm.interval_s == 30.0
    # Of 200 received, a share of p has a standard error of sqrt(p (1 - p) / 200) <= 0.035.
    assert rhythm.lost_share == pytest.approx(lost_share, abs=0.11)


@pytest.mark.parametrize("lost_share", [0.0, 0.1, 0.3])
def test_a_logger_that_lives_is_hardly_ever_called_silent(lost_share: float) -> None:
    """Ten thousand records at random losses: a day and a half at 15 s, four at 30 s."""
    heard = every(30, 10_000)[np.random.default_rng(11).random(10_000) >= lost_share]
    rhythm = learn_rhythm(heard[:200], record_interval_s=30)
    assert (np.diff(heard) <= rhythm.silent_after_s * 1000).all()


def test_an_outage_is_not_taken_for_loss() -> None:
    at = every(30, 200)
    with_outage = np.concatenate([at, at + 3 * 3_600_000])
    assert learn_rhythm(with_outage[-200:], record_interval_s=30).silent_after_s <= 120.0


def test_jitter_does_not_change_the_interval_much() -> None:
    jitter = np.random.default_rng(3).integers(-3000, 3000, 200)
    rhythm = learn_rhythm(np.sort(every(30, 200) + jitter), record_interval_s=None)
    assert rhythm.interval_s == pytest.approx(30.0, rel=0.05)


def test_the_rhythm_is_that_of_the_gateway_that_hears_most() -> None:
    """Two hear every record, 200 ms apart; the second misses each third one."""
    first, second = every(30, 60), (every(30, 60) + 200)[np.arange(60) % 3 != 0]
    times = np.concatenate([first, second])
    heard_by = np.concatenate([np.full(60, 8), np.full(40, 3)])
    order = np.argsort(times)
    best = best_heard(times[order], heard_by[order])
    assert best.tolist() == first.tolist()
    assert learn_rhythm(best, record_interval_s=None).interval_s == 30.0
    assert best_heard(every(30, 0), np.empty(0, dtype=np.int64)).tolist() == []


def test_silence_counts_from_the_newest_reading_the_binding_and_the_maintenance() -> None:
    rhythm = Rhythm(interval_s=30.0, lost_share=0.01, silent_after_s=90.0)
    bound = NOON
    never_heard = silent_at_ms(rhythm, last_measured_ms=None, bound_from_ms=bound)
    assert never_heard == NOON + 90_000
    assert silent_at_ms(rhythm, last_measured_ms=NOON - 1, bound_from_ms=bound) == NOON + 90_000
    assert silent_at_ms(rhythm, last_measured_ms=NOON + 1, bound_from_ms=bound) == NOON + 90_001
    after_work = silent_at_ms(
        rhythm, last_measured_ms=NOON, bound_from_ms=bound, excused_until_ms=NOON + 7
    )
    assert after_work == NOON + 90_007


@given(
    st.lists(st.integers(1, 10**8), max_size=250),
    st.one_of(st.none(), st.integers(0, 86_400)),
)
def test_any_readings_give_a_limit_of_three_to_twenty_records_and_at_least_a_minute(
    gaps_ms: list[int], registered_s: int | None
) -> None:
    at = NOON + np.cumsum(np.array(gaps_ms, dtype=np.int64))
    rhythm = learn_rhythm(at, record_interval_s=registered_s)
    assert 0.0 < rhythm.lost_share < 1.0
    assert math.isfinite(rhythm.interval_s)
    assert rhythm.interval_s >= (registered_s or 0)
    assert rhythm.silent_after_s >= max(60.0, 3 * rhythm.interval_s)
    assert rhythm.silent_after_s <= max(60.0, 20 * rhythm.interval_s)
