"""What has happened since a stream's position, for every stream of this process?

One hub a process reads `events`: woken by NOTIFY, and every 2 seconds as well, since a notification
may be missed and the table may not. Each stream has a bounded queue; one that is full is closed,
and its client resumes from the position that it last saw.
"""

import asyncio
import logging
import random
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from api import store, store_events
from api.observe import Metrics
from api.refusals import BadQuery, DatabaseAway
from api.store import Connection
from api.store_events import EventRow, Position
from schemas.events import WEBHOOK_EVENTS
from schemas.ids import CityId, OrderId

log = logging.getLogger(__name__)

READINGS_STORED: Final = "frostline.readings.stored"
# What our own streams of a city tell beside what webhooks do.
_TOLD_OF_CITIES: Final = frozenset(
    {
        *WEBHOOK_EVENTS,
        "frostline.disruption.recorded",
        "frostline.disruption.ended",
        "frostline.command.given",
    }
)

_POLL_S: Final = 2.0
_EVENTS_AT_ONCE: Final = 1000
_LONGEST_WAIT_S: Final = 15.0

_POSITION = re.compile(r"(\d{1,19})-(\d{1,18})")


def parse_position(text: str) -> Position:
    """Read an SSE id; raise BadQuery."""
    match = _POSITION.fullmatch(text)
    if not match:
        raise BadQuery(f"{text[:80]!r} is not a position such as 740-12; leave it out for now.")
    return Position(int(match[1]), int(match[2]))


class Concern(Protocol):
    """What a stream is about."""

    def concerns(self, event: EventRow, /) -> bool:
        """Tell whether an event may change what the stream shows."""


ConcernT = TypeVar("ConcernT", bound=Concern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """What a stream is about: an order, the loggers that measure for it, the places it stood at.

    `unheard`: some of its loggers have no key yet.
    """

    order_id: OrderId
    logger_keys: frozenset[int]
    place_ids: frozenset[str]
    unheard: bool

    def concerns(self, event: EventRow) -> bool:
        """Tell whether an event may change what the stream shows."""
        if event.order_id is not None:
            return event.order_id == self.order_id
        if event.place_id is not None:
            return event.place_id in self.place_ids
        return not self.logger_keys.isdisjoint(event.logger_keys or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What changed for a stream, up to a position.

    New readings lie in [from_at, to_at]; `reload`: more than readings changed.
    """

    position: Position
    reload: bool
    from_at: datetime | None = None
    to_at: datetime | None = None


def gather(events: list[EventRow], interest: Interest) -> News | None:
    """Return what events mean for a stream, as one piece of news; None: nothing."""
    concerning = [event for event in events if interest.concerns(event)]
    if not concerning:
        return None
    last = concerning[-1]
    stored = [e for e in concerning if e.type == READINGS_STORED and e.from_at and e.to_at]
    return News(
        position=last.position,
        reload=len(stored) < len(concerning),
        from_at=min((e.from_at for e in stored if e.from_at), default=None),
        to_at=max((e.to_at for e in stored if e.to_at), default=None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CityInterest:
    """A stream about a city: its plan, and all that is told of orders delivered there."""

    city_id: CityId

    def concerns(self, event: EventRow) -> bool:
        """Tell whether an event is of the city, and of a kind that is told."""
        return event.city_id == self.city_id and event.type in _TOLD_OF_CITIES


@dataclass(eq=False, kw_only=True)
class Subscription(Generic[ConcernT]):
    """One stream's place at the hub. Events after `began` come through `take`."""

    interest: ConcernT
    began: Position
    queue: asyncio.Queue[EventRow]
    overrun: bool = field(default=False)

    def offer(self, event: EventRow) -> bool:
        """Queue an event that concerns the stream; False once its client is too slow."""
        if not self.interest.concerns(event):
            return True
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.overrun = True
        return not self.overrun

    async def take(self, *, timeout_s: float) -> list[EventRow]:
        """Return what is queued, waiting for the first for at most that time."""
        events: list[EventRow] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                events.append(await self.queue.get())
        while not self.queue.empty():
            events.append(self.queue.get_nowait())
        return events


class Hub:
    """Reads events once for all streams of a process."""

    def __init__(self, database_url: str, *, queue_events: int, metrics: Metrics) -> None:
        self._database_url = database_url
        self._queue_events = queue_events
        self._metrics = metrics
        self._subscriptions: set[Subscription[Any]] = set()
        self._position: Position | None = None
        self._woken = asyncio.Event()

    def next_wake_up(self) -> asyncio.Event:
        """Return what is set when anything is committed, or 2 seconds later at the latest."""
        return self._woken

    def require_position(self) -> Position:
        """Return how far the hub has read; raise DatabaseAway before it reached the database."""
        if self._position is None:
            raise DatabaseAway
        return self._position

    @contextmanager
    def subscribe(
        self, interest: ConcernT, *, queue_events: int | None = None
    ) -> Iterator[Subscription[ConcernT]]:
        """Lend a subscription; raise DatabaseAway before the database was ever reached."""
        subscription = Subscription(
            interest=interest,
            began=self.require_position(),
            queue=asyncio.Queue(maxsize=queue_events or self._queue_events),
        )
        self._subscriptions.add(subscription)
        self._metrics.streams.inc()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            self._metrics.streams.dec()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read events until the block is left."""
        task = asyncio.create_task(self._run(), name="event hub")
        task.add_done_callback(_end_process_on_bug)
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        wait_s = 0.5
        while True:
            try:
                async with store.listening(self._database_url) as db:
                    wait_s = 0.5
                    while True:
                        await self._read(db)
                        await store.wait_for_wake_up(db, timeout_s=_POLL_S)
                        self._woken.set()
                        self._woken = asyncio.Event()
            except DatabaseAway:
                log.warning("event hub lost its database", extra={"retry_s": round(wait_s, 1)})
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    async def _read(self, db: Connection) -> None:
        if self._position is None or not self._subscriptions:
            # Nobody listens: what passes meanwhile is found by position, should anybody resume.
            position = await store_events.live_position(db)
            if self._position is None or not self._subscriptions:  # still: one may have come
                self._position = position
            return
        while True:
            events = await store_events.events_after(db, self._position, limit=_EVENTS_AT_ONCE)
            self._spread(events)
            if len(events) < _EVENTS_AT_ONCE:
                return

    def _spread(self, events: list[EventRow]) -> None:
        for event in events:
            self._position = event.position
            for subscription in list(self._subscriptions):
                if not subscription.offer(event):
                    self._subscriptions.discard(subscription)
                    self._metrics.slow_streams.inc()
        self._metrics.events.inc(len(events))


def _end_process_on_bug(task: asyncio.Task[None]) -> None:
    """End the process, as any bug does: a server whose streams are dead would look alive."""
    if task.cancelled() or task.exception() is None:
        return
    log.critical("event hub failed; the process ends", exc_info=task.exception())
    signal.raise_signal(signal.SIGTERM)
