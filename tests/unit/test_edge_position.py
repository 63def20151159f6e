"""What an edge keeps of its way until it is told, and what it lets go first."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

from edge.position import MOST_SENT, UNHEARD_AGAIN_S, Track
from schemas.position import MAX_BYTES, Fix, decode_positions

T0 = 1_790_000_000_000


def fix(seconds: float, **changes: float) -> Fix:
    values = {"lat_deg": 31.2, "lon_deg": 121.5} | changes
    return Fix(at_ms=T0 + round(seconds * 1000), **values)


def track(seconds: Sequence[float], *, every_s: float = 0.0, most: int = 8000) -> Track:
    kept = Track("truck-17", every_s=every_s, most=most)
    for second in seconds:
        kept.add(fix(second))
    return kept


def seconds_of(message: bytes | None) -> list[float]:
    assert message is not None
    return [(each.at_ms - T0) / 1000 for each in decode_positions(message).fixes]


def test_fixes_are_told_oldest_first_and_once_acknowledged_forgotten() -> None:
    kept = track([0, 1, 2])
    assert seconds_of(kept.next_message(0)) == [0, 1, 2]
    kept.published(5)
    kept.add(fix(3))
    assert kept.next_message(0) is None  # one message at a time, so that they come in order
    kept.acknowledged(5, 0)
    assert seconds_of(kept.next_message(0)) == [3]


def test_another_messages_acknowledgement_is_not_ours() -> None:
    kept = track([0])
    kept.next_message(0)
    kept.published(5)
    kept.acknowledged(4, 0)
    assert len(kept) == 1


def test_what_was_on_its_way_when_the_connection_broke_is_told_again() -> None:
    kept = track([0, 1])
    kept.next_message(0)
    kept.published(5)
    kept.disconnected()
    assert seconds_of(kept.next_message(0)) == [0, 1]


def test_where_nobody_listens_it_is_told_again_later() -> None:
    kept = track([0])
    kept.next_message(0)
    kept.published(5)
    kept.acknowledged(5, 100.0, unheard=True)
    assert kept.due_s() == 100.0 + UNHEARD_AGAIN_S
    assert kept.next_message(100.0 + UNHEARD_AGAIN_S - 0.1) is None
    assert seconds_of(kept.next_message(100.0 + UNHEARD_AGAIN_S)) == [0]


def test_fixes_are_kept_at_the_pace_of_the_setting() -> None:
    kept = track(range(31), every_s=10.0)
    assert seconds_of(kept.next_message(0)) == [0, 10, 20, 30]


def test_a_clock_that_runs_back_ends_no_track() -> None:
    kept = track([1000, 0, 10], every_s=10.0)
    assert seconds_of(kept.next_message(0)) == [1000, 0, 10]


def test_a_full_track_is_thinned_where_it_is_oldest() -> None:
    kept = track(range(9), most=8)
    # Nine are one too many: of the older four, each second one goes.
    assert seconds_of(kept.next_message(0)) == [0, 2, 4, 5, 6, 7, 8]


def test_a_long_outage_is_bounded_and_keeps_its_beginning() -> None:
    kept = track(range(10_000), most=100)
    assert len(kept) <= 100
    told = seconds_of(kept.next_message(0))
    gaps = [after - before for before, after in pairwise(told)]
    assert (told[0], told[-1]) == (0, 9999)
    assert gaps[-20:] == [1] * 20  # the newest part is whole


def test_what_is_on_its_way_is_not_thinned() -> None:
    kept = track(range(8), most=8)
    kept.next_message(0)
    kept.published(5)
    kept.add(fix(8))
    kept.acknowledged(5, 0)
    assert seconds_of(kept.next_message(0)) == [8]


def test_a_full_message_fits_however_long_its_numbers_are() -> None:
    kept = Track("g" * 64, every_s=0.0)
    for second in range(MOST_SENT + 1):
        kept.add(fix(second, lat_deg=-math.pi * 20, lon_deg=-math.pi * 50, accuracy_m=1000 / 7))
    message = kept.next_message(0)
    assert message is not None
    assert len(message) <= MAX_BYTES
    assert len(seconds_of(message)) == MOST_SENT


def test_what_is_no_number_is_no_fix() -> None:
    kept = track([])
    kept.add(fix(0, lat_deg=math.nan))
    kept.add(fix(0, lon_deg=math.inf))
    assert len(kept) == 0


def test_a_source_that_ends_leaves_its_fixes() -> None:
    class Day:
        async def fixes(self) -> AsyncIterator[Fix]:
            for second in range(3):
                yield fix(second)

    kept = track([])
    asyncio.run(kept.follow(Day()))
    assert len(kept) == 3


def test_what_a_receiver_cannot_know_is_not_told() -> None:
    kept = track([])
    kept.add(fix(0, speed_m_s=float("nan"), accuracy_m=1e308))
    kept.add(fix(1, speed_m_s=-5.0, accuracy_m=4.04))
    message = kept.next_message(0)
    assert message is not None
    first, second = decode_positions(message).fixes
    assert (first.speed_m_s, first.accuracy_m) == (None, None)
    assert (second.speed_m_s, second.accuracy_m) == (None, 4.0)
