"""At most so many unconfirmed batches, resent ever more slowly; live data is not starved."""

from uuid import UUID

import pytest

from edge.outbox import CutBatch
from edge.window import Resending, Window
from schemas.wire import BatchId


def batch(row: int) -> CutBatch:
    batch_id = BatchId(outbox=UUID(int=1), first_row=row, last_row=row)
    return CutBatch(batch_id=batch_id, boot_id=UUID(int=2), readings=1)


def rows(batches: list[CutBatch]) -> list[int]:
    return sorted(entry.batch_id.first_row for entry in batches)


def publish_due(window: Window, now_s: float) -> list[int]:
    due = window.due(now_s)
    for entry in due:
        window.published(entry.batch_id, now_s)
    return rows(due)


def window_with(count: int, *, size: int = 16) -> Window:
    window = Window(size, Resending())
    batches = [batch(row) for row in range(count)]
    window.admit(oldest=batches, newest=batches[::-1], now_s=0)
    return window


def test_a_backlog_takes_most_places_and_the_newest_some() -> None:
    """16 places of 1000 batches: the 12 oldest and the 4 newest."""
    assert rows(window_with(1000).due(0)) == [*range(12), 996, 997, 998, 999]


@pytest.mark.parametrize(("count", "admitted"), [(15, 15), (16, 16), (17, 16)])
def test_no_more_batches_than_places_are_unconfirmed(count: int, admitted: int) -> None:
    window = window_with(count)
    assert len(window) == admitted
    assert window.is_full() is (admitted == 16)


def test_a_window_of_one_still_sends() -> None:
    assert rows(window_with(3, size=1).due(0)) == [0]


def test_a_confirmed_batch_frees_a_place_of_its_own_kind() -> None:
    window = window_with(1000)
    window.forget([batch(999).batch_id])
    assert window.has_room()
    window.admit(oldest=[batch(12)], newest=[batch(1000)], now_s=0)
    assert 1000 in rows(window.due(0))
    assert 12 not in rows(window.due(0))


def test_batches_are_resent_after_30_s_doubling_to_10_min() -> None:
    """0, +30, +60, +120, +240, +480, then every 600."""
    window = window_with(1)
    sent = [at_s for at_s in range(0, 3000, 10) if publish_due(window, at_s)]
    assert sent == [0, 30, 90, 210, 450, 930, 1530, 2130, 2730]


def test_a_batch_that_nobody_subscribed_to_is_tried_again_soon() -> None:
    window = window_with(1)
    publish_due(window, 0)
    window.unheard(batch(0).batch_id, 1)
    assert publish_due(window, 5.9) == []
    assert publish_due(window, 6) == [0]


def test_after_a_kept_session_only_what_was_not_acknowledged_is_resent() -> None:
    window = window_with(2)
    publish_due(window, 0)
    window.acknowledged(batch(0).batch_id)
    window.reconnected(session_present=True, now_s=10)
    assert publish_due(window, 10) == [1]


def test_after_a_lost_session_everything_is_resent() -> None:
    window = window_with(2)
    publish_due(window, 0)
    window.acknowledged(batch(0).batch_id)
    window.reconnected(session_present=False, now_s=10)
    assert publish_due(window, 10) == [0, 1]
