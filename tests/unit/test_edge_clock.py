"""A reading's time: UTC as soon as it can be known, never running backwards."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import LATEST_DATE_MS, RELEASE_DATE_MS, Stamp, Stamper, SystemClock, boot_offsets
from schemas.reading import ClockConfidence

NOON = 1_790_000_000_000
DAY_MS = 86_400_000
SYNC, UNSYNC, SLEWED = (
    ClockConfidence.SYNCHRONISED,
    ClockConfidence.UNSYNCHRONISED,
    ClockConfidence.SLEWED,
)


@dataclass
class HandClock:
    """A clock whose hands are moved by hand."""

    wall: int = NOON
    monotonic: int = 1000
    state: ClockConfidence | None = SYNC
    boot_id: UUID = field(default_factory=lambda: UUID(int=1))

    def wall_ms(self) -> int:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.monotonic

    def confidence(self) -> ClockConfidence | None:
        return self.state

    def pass_ms(self, elapsed: int) -> None:
        self.wall += elapsed
        self.monotonic += elapsed


def stamp(stamper: Stamper, clock: HandClock) -> tuple[int | None, ClockConfidence | None]:
    given_stamp = stamper.stamp(monotonic_ms=clock.monotonic)
    return given_stamp.measured_at_ms, given_stamp.confidence


@pytest.mark.parametrize("state", [SYNC, UNSYNC])
def test_a_set_clock_is_taken_at_its_word(state: ClockConfidence) -> None:
    clock = HandClock(state=state)
    assert stamp(Stamper(clock), clock) == (NOON, state)


def test_an_unset_clock_gives_only_the_time_since_the_boot() -> None:
    clock = HandClock(wall=5, state=None)
    assert Stamper(clock).stamp(monotonic_ms=1000) == Stamp(monotonic_ms=1000)


def test_a_clock_set_back_is_caught_up_with_at_half_speed() -> None:
    """Set back by 10 s: after 8 s more, NOON + 8/2; after 20 s both agree again."""
    clock = HandClock()
    stamper = Stamper(clock)
    stamp(stamper, clock)
    clock.wall -= 10_000
    clock.pass_ms(8_000)
    assert stamp(stamper, clock) == (NOON + 4_000, SLEWED)
    clock.pass_ms(11_998)
    assert stamp(stamper, clock) == (NOON + 9_999, SLEWED)
    clock.pass_ms(2)
    assert stamp(stamper, clock) == (NOON + 10_000, SYNC)


def test_many_short_steps_slew_as_far_as_one_long_one() -> None:
    """Half of 1 ms is nothing; half of 1000 of them is 500 ms."""
    clock = HandClock()
    stamper = Stamper(clock)
    stamp(stamper, clock)
    clock.wall -= 60_000
    for _ in range(999):
        clock.pass_ms(1)
        stamp(stamper, clock)
    clock.pass_ms(1)
    assert stamp(stamper, clock) == (NOON + 500, SLEWED)


def test_a_clock_set_back_while_the_edge_was_off_is_caught_up_with_too() -> None:
    clock = HandClock(wall=NOON - 3000)
    stamper = Stamper(clock, last_ms=NOON)
    clock.pass_ms(1000)
    assert stamp(stamper, clock) == (NOON + 500, SLEWED)


@pytest.mark.parametrize(
    ("back_ms", "expected"),
    [
        # The last stamp was NOON; 2 s later the clock says NOON + 2 s - back.
        (DAY_MS + 1000, (NOON + 1000, SLEWED)),  # slewed, it is a day ahead
        (DAY_MS + 1001, (NOON + 2000 - DAY_MS - 1001, SYNC)),  # it would be a day and 1 ms ahead
    ],
)
def test_a_clock_set_back_by_more_than_a_day_is_followed_at_once(
    back_ms: int, expected: tuple[int, ClockConfidence]
) -> None:
    clock = HandClock()
    stamper = Stamper(clock)
    stamp(stamper, clock)
    clock.wall -= back_ms
    clock.pass_ms(2000)
    given_stamp = stamper.stamp(monotonic_ms=clock.monotonic)
    assert (given_stamp.measured_at_ms, given_stamp.confidence) == expected
    assert given_stamp.begins_epoch is (expected[1] is SYNC)
    clock.pass_ms(1000)
    assert not stamper.stamp(monotonic_ms=clock.monotonic).begins_epoch


def test_a_stamp_of_a_year_too_far_is_left_behind_over_a_restart() -> None:
    clock = HandClock()
    given_stamp = Stamper(clock, last_ms=4_200_000_000_000).stamp(monotonic_ms=1000)  # 2103
    assert (given_stamp.measured_at_ms, given_stamp.begins_epoch) == (NOON, True)


@given(st.lists(st.tuples(st.integers(-3 * DAY_MS, 3 * DAY_MS), st.integers(0, DAY_MS))))
def test_stamps_are_never_more_than_a_day_ahead_of_the_clock(moves: list[tuple[int, int]]) -> None:
    """So the ingestor, which refuses what is, refuses nothing while the clock is true."""
    clock = HandClock()
    stamper = Stamper(clock)
    last = 0
    for jump_ms, elapsed_ms in moves:
        clock.wall += jump_ms
        clock.pass_ms(elapsed_ms)
        given_stamp = stamper.stamp(monotonic_ms=clock.monotonic)
        at_ms = given_stamp.measured_at_ms
        assert at_ms is not None
        assert clock.wall <= at_ms <= clock.wall + DAY_MS
        assert at_ms >= last or given_stamp.begins_epoch
        last = at_ms


def test_a_clock_set_forward_is_followed_at_once() -> None:
    clock = HandClock()
    stamper = Stamper(clock)
    stamp(stamper, clock)
    clock.wall += 86_400_000
    assert stamp(stamper, clock) == (NOON + 86_400_000, SYNC)


@given(st.lists(st.tuples(st.integers(-100_000, 100_000), st.integers(0, 100_000)), max_size=30))
def test_stamps_never_run_backwards(moves: list[tuple[int, int]]) -> None:
    clock = HandClock()
    stamper = Stamper(clock)
    last = 0
    for jump_ms, elapsed_ms in moves:
        clock.wall += jump_ms
        clock.pass_ms(elapsed_ms)
        at_ms, _ = stamp(stamper, clock)
        assert at_ms is not None
        assert at_ms >= last
        assert at_ms >= clock.wall
        last = at_ms


def test_this_boots_readings_are_placed_exactly() -> None:
    """The clock says NOON 60 s after the boot: the boot was at NOON - 60 s."""
    offsets = boot_offsets(boot=3, wall_ms=NOON, monotonic_ms=60_000, earlier=[])
    assert offsets == {3: NOON - 60_000}


def test_earlier_boots_are_placed_one_before_the_other() -> None:
    """Boot 3 began at NOON - 60 s; 2 lasted 10 s, and 1 lasted 5 s, and 1 ms lies between."""
    offsets = boot_offsets(
        boot=3, wall_ms=NOON, monotonic_ms=60_000, earlier=[(1, 5_000), (2, 10_000)]
    )
    assert offsets == {3: NOON - 60_000, 2: NOON - 70_001, 1: NOON - 75_002}


def test_the_systems_clock_knows_its_boot_and_whether_it_is_set() -> None:
    clock = SystemClock()
    assert clock.boot_id == SystemClock().boot_id
    assert clock.monotonic_ms() <= clock.monotonic_ms()
    is_set = RELEASE_DATE_MS <= clock.wall_ms() < LATEST_DATE_MS
    assert clock.confidence() in ({SYNC, UNSYNC} if is_set else {None})


@pytest.mark.parametrize(
    ("wall_ms", "is_set"),
    [
        (1_735_689_599_999, False),  # 2025-01-01 UTC less 1 ms
        (1_735_689_600_000, True),
        (2_366_841_599_999, True),
        (2_366_841_600_000, False),  # 2045-01-01 UTC
    ],
)
def test_a_date_before_the_release_or_twenty_years_after_it_is_no_date(
    wall_ms: int, is_set: bool
) -> None:
    class Given(SystemClock):
        def wall_ms(self) -> int:
            return wall_ms

    assert (Given().confidence() is not None) is is_set
