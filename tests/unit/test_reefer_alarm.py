"""Whether the cooling of a place has failed: 4 °C above the limit, for 15 minutes, not falling."""

import numpy as np

from gateway.rules.reefer import ReeferFailure, reefer_failure
from schemas.segments import Window

NOON = 1_795_348_800_000
MINUTE = 60_000
GAP = 3 * MINUTE


def judge(
    temperatures_c: list[float],
    *,
    minutes: list[float] | None = None,
    suspended: tuple[Window, ...] = (),
) -> ReeferFailure | None:
    """Judge readings a minute apart (or at given minutes) of a place of at most 4 °C."""
    at = range(len(temperatures_c)) if minutes is None else minutes
    return reefer_failure(
        np.array([NOON + round(minute * MINUTE) for minute in at], dtype=np.int64),
        np.array(temperatures_c, dtype=np.float64),
        upper_c=4.0,
        gap_limit_ms=GAP,
        suspended=suspended,
    )


def test_eight_degrees_is_not_beyond_and_a_little_more_is() -> None:
    assert judge([8.0] * 16) is None
    assert judge([8.1] * 16) == ReeferFailure(since_ms=NOON, newest_c=8.1)


def test_it_takes_fifteen_minutes() -> None:
    assert judge([12.0] * 16) is not None
    assert judge([12.0] * 15) is None
    assert judge([12.0] * 2, minutes=[0, 2]) is None


def test_one_reading_within_the_limit_begins_the_time_anew() -> None:
    assert judge([12.0] * 10 + [8.0] + [12.0] * 15) is None
    failure = judge([12.0] * 10 + [8.0] + [12.0] * 16)
    assert failure is not None
    assert failure.since_ms == NOON + 11 * MINUTE


def test_air_that_falls_is_a_place_that_recovers() -> None:
    # The first five minutes' mean against the last five's: 0.5 °C less counts as falling.
    assert judge([12.0] * 8 + [11.5] * 8) is None
    assert judge([12.0] * 8 + [11.51] * 8) is not None
    assert judge([float(c) for c in np.linspace(12.0, 20.0, 16)]) is not None


def test_a_gap_is_unknown_and_no_part_of_the_time() -> None:
    minutes: list[float] = [*range(8), *range(11, 20)]
    assert judge([12.0] * 17, minutes=[*range(8), *range(10, 19)]) is not None  # 3 min: no gap
    assert judge([12.0] * 17, minutes=minutes) is None


def test_a_planned_defrost_does_not_count() -> None:
    defrost = Window(from_ms=NOON, until_ms=NOON + 10 * MINUTE)
    assert judge([12.0] * 25, suspended=(defrost,)) is None  # minutes 10 to 24: 14 of them
    failure = judge([12.0] * 26, suspended=(defrost,))
    assert failure is not None
    assert failure.since_ms == NOON + 10 * MINUTE


def test_without_readings_nothing_is_known() -> None:
    assert judge([]) is None
    assert judge([12.0]) is None
