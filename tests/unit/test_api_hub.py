"""Each stream has a bounded queue; a slow one is closed, the others go on."""

import asyncio

from api.hub import Interest, Subscription
from api.store_events import EventRow, Position
from schemas.ids import OrderId

INTEREST = Interest(
    order_id=OrderId("order-1"),
    logger_keys=frozenset({5}),
    place_ids=frozenset(),
    unheard=False,
)


def event(event_id: int, logger_key: int = 5) -> EventRow:
    return EventRow(
        xid=9,
        event_id=event_id,
        type="frostline.readings.stored",
        order_id=None,
        logger_keys=[logger_key],
        from_at=None,
        to_at=None,
        place_id=None,
    )


def subscription(size: int) -> Subscription[Interest]:
    return Subscription(interest=INTEREST, began=Position(1, 0), queue=asyncio.Queue(maxsize=size))


def test_a_queue_that_is_full_closes_its_stream() -> None:
    listening = subscription(2)
    assert [listening.offer(event(n)) for n in (1, 2, 3)] == [True, True, False]
    assert listening.overrun


def test_what_does_not_concern_a_stream_takes_no_room() -> None:
    listening = subscription(1)
    assert all(listening.offer(event(n, logger_key=1)) for n in range(10))
    assert listening.queue.empty()


def test_all_that_waits_is_taken_at_once() -> None:
    async def take() -> list[int]:
        listening = subscription(5)
        for number in (1, 2, 3):
            listening.offer(event(number))
        return [row.event_id for row in await listening.take(timeout_s=5)]

    assert asyncio.run(take()) == [1, 2, 3]


def test_taking_ends_without_news_when_the_time_is_over() -> None:
    async def take() -> list[EventRow]:
        return await subscription(5).take(timeout_s=0.01)

    assert asyncio.run(take()) == []
