"""A measurement is recorded once, however often its advert is heard."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.advert import Sample
from edge.dedupe import Track


def sample(sequence: int | None, temperature_c: float = 4.0) -> Sample:
    frame_format = "govee-ble" if sequence is None else "bthome-v2"
    return Sample(frame_format=frame_format, temperature_c=temperature_c, sequence=sequence)


def hear(track: Track, heard: Sample, now_ms: int) -> bool:
    """Feed a frame as the recorder does; the payload is made from the values."""
    payload = f"{heard.sequence} {heard.temperature_c}".encode()
    if not track.may_be_new(({1: payload}, {}), now_ms) or not track.is_new(heard):
        return False
    track.record(heard, -60)
    return True


def recorded(heard: list[tuple[int, Sample]], record_interval_s: float = 0) -> list[int]:
    """Return the times, in seconds, of the frames that were recorded."""
    track = Track(record_interval_s)
    return [at_s for at_s, frame in heard if hear(track, frame, at_s * 1000)]


def test_a_repeated_counter_is_one_measurement() -> None:
    assert recorded([(0, sample(7)), (1, sample(7)), (2, sample(7)), (3, sample(8))]) == [0, 3]


def test_equal_values_under_a_new_counter_are_a_new_measurement() -> None:
    assert recorded([(0, sample(7, 4.0)), (10, sample(8, 4.0))]) == [0, 10]


def test_a_delayed_repeat_behind_newer_ones_is_no_measurement() -> None:
    heard = [(0, sample(7)), (1, sample(8, 5.0)), (2, sample(7)), (3, sample(9, 6.0))]
    assert recorded(heard) == [0, 1, 3]


def test_a_counter_that_goes_round_keeps_counting() -> None:
    assert recorded([(0, sample(254)), (1, sample(255)), (2, sample(0)), (3, sample(1))]) == [
        0, 1, 2, 3,
    ]  # fmt: skip


def test_a_rebooted_logger_is_heard_though_its_counter_was_heard_before() -> None:
    heard = [(0, sample(0, 4.0)), (1, sample(1, 4.1)), (2, sample(0, 4.2)), (3, sample(1, 4.3))]
    assert recorded(heard) == [0, 1, 2, 3]


@pytest.mark.parametrize(("absent_s", "again"), [(899, []), (900, [900])])
def test_a_logger_unheard_for_a_quarter_of_an_hour_measured_anew(
    absent_s: int, again: list[int]
) -> None:
    assert recorded([(0, sample(7)), (absent_s, sample(7))]) == [0, *again]


def test_without_a_counter_changed_values_are_a_measurement() -> None:
    heard = [(0, sample(None, 4.0)), (1, sample(None, 4.0)), (2, sample(None, 4.1))]
    assert recorded(heard) == [0, 2]


@pytest.mark.parametrize(("at_s", "again"), [(29, []), (30, [30])])
def test_without_a_counter_unchanged_values_are_recorded_again_in_time(
    at_s: int, again: list[int]
) -> None:
    """A box at a constant temperature is no gap in the curve."""
    assert recorded([(0, sample(None)), (at_s, sample(None))]) == [0, *again]


@pytest.mark.parametrize(("at_s", "again"), [(26, []), (27, [27])])
@pytest.mark.parametrize("counter", [8, None])
def test_measurements_are_recorded_once_an_interval_less_a_tenth(
    at_s: int, again: list[int], counter: int | None
) -> None:
    first = sample(None if counter is None else 7, 4.0)
    heard = [(0, first), (at_s, sample(counter, 5.0))]
    assert recorded(heard, record_interval_s=30) == [0, *again]


@pytest.mark.parametrize(("at_s", "late"), [(29, []), (30, [30])])
def test_a_measurement_heard_too_soon_is_recorded_if_it_lasts_until_the_interval_has_passed(
    at_s: int, late: list[int]
) -> None:
    """No tenth is given to it: it has been on the air all the while."""
    heard = [(0, sample(7)), (20, sample(8, 5.0)), (at_s, sample(8, 5.0))]
    assert recorded(heard, record_interval_s=30) == [0, *late]


def test_a_measurement_that_leaves_the_air_too_soon_is_passed_over() -> None:
    heard = [(0, sample(7)), (20, sample(8, 5.0)), (30, sample(9, 6.0)), (31, sample(9, 6.0))]
    assert recorded(heard, record_interval_s=30) == [0, 30]


def on_the_air(every_s: int, from_s: int, to_s: int) -> list[tuple[int, Sample]]:
    """Return an advert a second of a logger that measures every so often, from 0 on."""
    return [(at_s, sample(at_s // every_s, at_s // every_s / 100)) for at_s in range(from_s, to_s)]


@pytest.mark.parametrize(
    ("every_s", "from_s", "expected"),
    [
        # Measured at 35, 70, ...: 5, 10, 15, 20, 25 s after a record, so each waits for the 30th.
        (35, 30, [30, 60, 90, 120, 150, 180, 210, 245]),
        (60, 50, [50, 80, 120, 180, 240]),  # 60 waits for 80; 120 is 40 s after it
        (300, 290, [290, 320, 600]),
        (60, 0, [0, 60, 120, 180, 240]),  # heard from the start, each is on time
    ],
)
def test_no_measurement_of_a_slow_logger_is_lost_to_the_interval(
    every_s: int, from_s: int, expected: list[int]
) -> None:
    heard = on_the_air(every_s, from_s, expected[-1] + every_s // 2)
    assert recorded(heard, record_interval_s=30) == expected


@given(st.integers(30, 400), st.data())
def test_whenever_it_is_first_heard_a_slow_logger_loses_nothing(
    every_s: int, data: st.DataObject
) -> None:
    """Each once, and never two within 27 s: 30 s less a tenth."""
    from_s = data.draw(st.integers(0, every_s - 1))
    times_s = recorded(on_the_air(every_s, from_s, 10 * every_s), record_interval_s=30)
    assert [at_s // every_s for at_s in times_s] == list(range(10))
    assert all(later - at_s >= 27 for at_s, later in pairwise(times_s))


def test_nothing_is_decoded_while_it_is_too_soon() -> None:
    track = Track(30)
    assert hear(track, sample(7), 0)
    for now_ms in range(1000, 27_000, 1000):
        assert not track.may_be_new(({1: b"%d" % (now_ms // 5000)}, {}), now_ms)


def test_a_late_measurement_is_decoded_once() -> None:
    track = Track(30)
    assert hear(track, sample(7), 0)
    decoded = [track.may_be_new(({1: b"8 5.0"}, {}), at_s * 1000) for at_s in range(20, 60)]
    assert [20 + i for i, decoded_then in enumerate(decoded) if decoded_then] == [30]


def test_without_a_counter_the_interval_records_what_was_passed_over() -> None:
    heard = [(0, sample(None, 4.0)), (20, sample(None, 5.0)), (30, sample(None, 5.0))]
    assert recorded(heard, record_interval_s=30) == [0, 30]


def test_a_record_that_lies_in_the_future_makes_no_logger_unheard() -> None:
    """The time since it is negative: it says nothing, and never that it is too soon."""
    track = Track.resumed(30, sample(7), recorded_ms=3_600_000)
    assert not hear(track, sample(7), 0)
    assert hear(track, sample(8), 1000)


def test_the_same_bytes_are_not_decoded_twice() -> None:
    track = Track(0)
    assert hear(track, sample(7), 0)
    assert not track.may_be_new(({1: b"7 4.0"}, {}), 1000)


def learned_interval_ms(heard_ms: list[int]) -> float | None:
    track = Track(0)
    for number, now_ms in enumerate(heard_ms):
        hear(track, sample(number % 250), now_ms)
    return track.interval_ms


def test_the_advertising_interval_is_learned() -> None:
    assert learned_interval_ms([0, 1000, 2000, 3000]) == 1000


def test_an_absence_is_hardly_learned() -> None:
    """A minute counts as three intervals, an eighth of which is a quarter of a second more."""
    assert learned_interval_ms([0, 1000, 2000, 62_000]) == 1250


def test_an_advert_heard_twice_at_once_is_no_interval() -> None:
    assert learned_interval_ms([0, 5, 1005, 1010, 2010]) == 1000


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.integers(0, 255))
def test_each_measurement_is_recorded_once_whatever_the_repeats(
    repeats: list[int], first: int
) -> None:
    """A counter of 256 values, each measurement repeated 1 to 5 times."""
    track = Track(0)
    now_ms = 0
    for number, copies in enumerate(repeats):
        frame = sample((first + number) % 256, number / 100)
        news = []
        for _ in range(copies):
            now_ms += 1000
            news.append(hear(track, frame, now_ms))
        assert news == [True] + [False] * (copies - 1)
