"""How do batches reach the ingestor?

Published with QoS 1, and again until the ingestor says `stored`: a broker's acknowledgement proves
nothing, for brokers lose acknowledged messages when they are killed. The edge works for days
without a broker.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from edge.broker import (
    NO_MATCHING_SUBSCRIBERS,
    Acknowledged,
    BrokerGone,
    Connection,
    Event,
    Gone,
    PositionsAcknowledged,
    StoredMessage,
    tls_context,
)
from edge.clock import EdgeClock
from edge.metrics import BATCHES, CONNECT_FAILURES, CONNECTED
from edge.outbox import CutBatch, Outbox
from edge.position import Track
from edge.settings import EdgeSettings
from edge.window import Resending, Window
from schemas.ids import GatewayId
from schemas.reading import MEASURED_AT_RANGE_MS
from schemas.status import GatewayStatus
from schemas.stored import UnreadableStored, decode_stored
from schemas.wire import Sender, encode_batch

log = logging.getLogger(__name__)
T = TypeVar("T")

_FAILURE: Final = 0x80  # MQTT 5, 2.4: reason codes from here on


class InOutboxThread(Protocol):
    """Runs a function where the outbox may be touched."""

    def __call__(self, function: Callable[..., T], /, *args: Any) -> Awaitable[T]:
        """Run it there; its result is awaited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkTiming:
    """Real seconds; a test's are shorter."""

    resending: Resending = field(default_factory=Resending)
    status_every_s: float = 60.0
    reconnect_first_s: float = 1.0
    reconnect_max_s: float = 60.0


@dataclass(slots=True)
class UplinkState:
    """What `frostline edge status` shows."""

    connected: bool = False
    last_failure: str = ""
    unconfirmed: int = 0


class Uplink:
    """Publishes what waits in the outbox; `wake` it when there is more."""

    def __init__(
        self,
        settings: EdgeSettings,
        *,
        clock: EdgeClock,
        outbox: Outbox,
        in_outbox_thread: InOutboxThread,
        status: Callable[[], GatewayStatus],
        timing: UplinkTiming,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._outbox = outbox
        self._in_outbox_thread = in_outbox_thread
        self._status = status
        self._timing = timing
        self._tls = tls_context(settings)
        self._window = Window(settings.uplink_window, timing.resending)
        self._events: deque[Event] = deque()
        self._woken = asyncio.Event()
        self._status_due_s = 0.0
        self.track = Track(
            settings.gateway_id, every_s=settings.position_every_s, on_fix=self._woken.set
        )
        self.state = UplinkState()
        self.idle = asyncio.Event()  # nothing cut waits to be confirmed
        self.idle.set()

    def wake(self) -> None:
        """Say that a batch was cut."""
        self.idle.clear()
        self._woken.set()

    def wants_batches(self) -> bool:
        """Whether a batch cut now would be published at once."""
        return self.state.connected and self._window.has_room()

    async def run(self) -> None:
        """Connect, publish, and connect again, until cancelled."""
        failures = 0
        while True:
            self._events.clear()  # what an earlier connection said holds no longer
            connection = Connection(self._settings, self._tls, self._take_event)
            try:
                session_present = await connection.open()
                failures = 0
                await self._serve(connection, session_present=session_present)
            except BrokerGone as error:
                failures += 1
                self._note_failure(str(error))
            finally:
                await self._leave(connection)
            await asyncio.sleep(self._reconnect_delay_s(failures))

    async def _serve(self, connection: Connection, *, session_present: bool) -> None:
        log.info("broker is there", extra={"session_kept": session_present})
        self.state.connected, self.state.last_failure = True, ""
        CONNECTED.set(1)
        self.track.disconnected()
        self._window.reconnected(session_present=session_present, now_s=_now_s())
        self._status_due_s = _now_s()
        while True:
            self._woken.clear()
            while self._events:
                await self._handle(self._events.popleft())
            await self._fill()
            await self._publish_due(connection)
            self._publish_positions(connection)
            self._publish_status_if_due(connection)
            self._note_progress()
            await self._sleep_until_needed()

    def _note_progress(self) -> None:
        self.state.unconfirmed = len(self._window)
        if len(self._window) > 0:
            self.idle.clear()
        elif not self._woken.is_set():
            self.idle.set()

    async def _leave(self, connection: Connection) -> None:
        if self.state.connected:
            connection.publish_status(_gone(self._status()))
        self.state.connected = False
        CONNECTED.set(0)
        await connection.close()

    def _note_failure(self, words: str) -> None:
        CONNECT_FAILURES.inc()
        if words != self.state.last_failure:  # once for each reason, not for each attempt
            log.error("no broker; readings are kept", extra={"reason": words})
        self.state.last_failure = words

    def _reconnect_delay_s(self, failures: int) -> float:
        longest_s = self._timing.reconnect_first_s * 2 ** min(failures, 16)
        delay_s: float = min(longest_s, self._timing.reconnect_max_s)
        return delay_s * random.uniform(0.5, 1)  # noqa: S311  # spreads a fleet; no secret

    # Events ---------------------------------------------------------------------------------------

    def _take_event(self, event: Event) -> None:
        self._events.append(event)
        self._woken.set()

    async def _handle(self, event: Event) -> None:
        match event:
            case Gone(words):
                raise BrokerGone(words)
            case StoredMessage(payload):
                await self._confirm(payload)
            case Acknowledged():
                self._acknowledge(event)
            case PositionsAcknowledged(message_id, reason):
                unheard = reason == NO_MATCHING_SUBSCRIBERS or reason >= _FAILURE
                self.track.acknowledged(message_id, _now_s(), unheard=unheard)

    def _acknowledge(self, event: Acknowledged) -> None:
        if event.reason == NO_MATCHING_SUBSCRIBERS:
            BATCHES.labels("unheard").inc()
            self._window.unheard(event.batch_id, _now_s())
        elif event.reason >= _FAILURE:
            BATCHES.labels("refused").inc()
            self.state.last_failure = f"broker refuses a batch: {event.words}"
            log.error("broker refuses a batch", extra={"reason": event.words})
        else:
            self._window.acknowledged(event.batch_id)

    async def _confirm(self, payload: bytes) -> None:
        try:
            answer = decode_stored(payload)
        except UnreadableStored as error:
            log.error("stored message is unreadable", extra={"reason": str(error)})  # noqa: TRY400
            return
        await self._in_outbox_thread(self._outbox.confirm, answer.stored, answer.dead_lettered)
        self._window.forget((*answer.stored, *answer.dead_lettered))
        BATCHES.labels("stored").inc(len(answer.stored))
        BATCHES.labels("dead_lettered").inc(len(answer.dead_lettered))
        if answer.dead_lettered:
            ids = [str(batch_id) for batch_id in answer.dead_lettered]
            log.error("ingestor could not read batches", extra={"batches": ids})

    # Publishing -----------------------------------------------------------------------------------

    async def _fill(self) -> None:
        if self._window.is_full():
            return
        limit = 2 * self._window.size  # some of them are in the window already
        oldest = await self._in_outbox_thread(self._outbox.waiting, limit)
        newest = oldest[::-1]
        if len(oldest) == limit:
            newest = await self._in_outbox_thread(self._outbox.newest_waiting, limit)
        self._window.admit(oldest=oldest, newest=newest, now_s=_now_s())

    async def _publish_due(self, connection: Connection) -> None:
        for batch in self._window.due(_now_s()):
            payload = await self._in_outbox_thread(self._encode, batch)
            if payload is None:  # dropped by a full outbox
                self._window.forget([batch.batch_id])
                continue
            connection.publish_batch(batch.batch_id, payload)
            again = self._window.published(batch.batch_id, _now_s())
            BATCHES.labels("resent" if again else "published").inc()

    def _encode(self, batch: CutBatch) -> bytes | None:
        readings = self._outbox.readings_of(batch.batch_id)
        if not readings:
            return None
        this_boot = batch.boot_id == self._clock.boot_id
        sender = Sender(
            gateway_id=GatewayId(self._settings.gateway_id),
            boot_id=batch.boot_id,
            # A clock set too far says more than a batch may; 2100 is as good as 2103.
            sent_at_ms=min(self._clock.wall_ms(), MEASURED_AT_RANGE_MS[1]),
            # An earlier boot's monotonic clock has stopped: 0 says that there is none.
            sent_monotonic_ms=self._clock.monotonic_ms() if this_boot else 0,
        )
        return encode_batch(batch.batch_id, sender, readings)

    def _publish_positions(self, connection: Connection) -> None:
        payload = self.track.next_message(_now_s())
        if payload is not None:
            self.track.published(connection.publish_positions(payload))

    def _publish_status_if_due(self, connection: Connection) -> None:
        if _now_s() >= self._status_due_s:
            connection.publish_status(self._status())
            self._status_due_s = _now_s() + self._timing.status_every_s

    async def _sleep_until_needed(self) -> None:
        dues_s = (self._window.next_due_s(), self.track.due_s(), self._status_due_s)
        until_s = min(due_s for due_s in dues_s if due_s is not None)
        try:
            async with asyncio.timeout(max(0.0, until_s - _now_s())):
                await self._woken.wait()
        except TimeoutError:
            pass


def _gone(status: GatewayStatus) -> GatewayStatus:
    return GatewayStatus(v=status.v, gateway_id=status.gateway_id, state="offline")


def _now_s() -> float:
    return asyncio.get_running_loop().time()
