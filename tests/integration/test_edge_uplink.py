"""With a real broker: a batch is deleted when the ingestor says so, and only then.

The ingestor here is a client that the test makes answer, or not.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.advert import Sample
from edge.broker import UnusableCertificates, tls_context
from edge.clock import Stamp, SystemClock
from edge.outbox import Measurement, Outbox
from edge.settings import EdgeSettings
from edge.uplink import Uplink, UplinkTiming
from edge.window import Resending
from frostline.stack.waiting import wait_until
from schemas.columns import Batch, decode_batch
from schemas.ids import GatewayId
from schemas.reading import ClockConfidence
from schemas.status import VERSION, GatewayStatus, decode_status
from schemas.stored import Stored, encode_stored
from schemas.topics import Kind, topic_of
from schemas.wire import BATCH_ID_PROPERTY, BatchId, parse_batch_id

NOON = 1_790_000_000_000
QUICK = UplinkTiming(
    resending=Resending(first_s=0.5, max_s=1.0, unheard_s=0.1),
    reconnect_first_s=0.05,
    reconnect_max_s=0.1,
)
# Nothing is resent by time: what comes again comes for another reason.
PATIENT = UplinkTiming(
    resending=Resending(first_s=600, max_s=600, unheard_s=0.1),
    reconnect_first_s=0.05,
    reconnect_max_s=0.1,
)
T = TypeVar("T")


class Ingestor:
    """Subscribes to one edge's readings, and answers as told."""

    def __init__(self, broker: Any, gateway_id: str, *, answers: bool) -> None:
        self.answers = answers
        self.payloads: list[bytes] = []
        self.ids: list[BatchId] = []
        self.statuses: list[GatewayStatus] = []
        self._gateway_id = GatewayId(gateway_id)
        self._subscribed = threading.Event()
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"ingest-{gateway_id}", protocol=mqtt.MQTTv5
        )
        client.username_pw_set("ingest", broker.password("ingest"))
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = self._on_message
        client.reconnect_delay_set(1, 1)
        parts = urlsplit(broker.url)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 3600
        client.connect(
            parts.hostname or "", parts.port or 0, clean_start=False, properties=properties
        )
        client.loop_start()
        assert self._subscribed.wait(10)

    def answer(self, stored: list[BatchId], dead_lettered: list[BatchId] | None = None) -> None:
        answer = Stored(stored=tuple(stored), dead_lettered=tuple(dead_lettered or ()))
        self._client.publish(topic_of(self._gateway_id, Kind.STORED), encode_stored(answer), qos=1)

    def publish(self, kind: Kind, payload: bytes) -> None:
        self._client.publish(topic_of(self._gateway_id, kind), payload, qos=1)

    def batches(self) -> list[Batch]:
        return [decode_batch(payload) for payload in self.payloads]

    def times(self) -> list[int]:
        return [int(t) for batch in self.batches() for t in batch.columns.measured_at_ms]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, *_: object) -> None:
        for kind in (Kind.READINGS, Kind.STATUS):
            self._client.subscribe(topic_of(self._gateway_id, kind), qos=1)

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith(Kind.STATUS):
            self.statuses.append(decode_status(bytes(message.payload)))
            return
        assert message.properties is not None
        properties = dict(message.properties.UserProperty)  # type: ignore[attr-defined]
        self.payloads.append(bytes(message.payload))
        self.ids.append(parse_batch_id(properties[BATCH_ID_PROPERTY]))
        if self.answers:
            self.answer([self.ids[-1]])


@dataclass
class Edge:
    """An outbox and an uplink in an event loop of its own thread."""

    settings: EdgeSettings
    outbox: Outbox
    timing: UplinkTiming
    executor: ThreadPoolExecutor
    uplink: Uplink | None = None
    taken: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _stop: asyncio.Event | None = None
    _thread: threading.Thread | None = field(default=None)

    def with_outbox(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return self.executor.submit(lambda: function(*args, **kwargs)).result(30)

    def measure(self, count: int, *, batch: int = 10) -> list[int]:
        """Put readings into the outbox, in batches; return their times."""
        times = [NOON + self.taken + i for i in range(count)]
        self.taken += count
        sample = Sample(frame_format="ruuvi-df5", temperature_c=4.25)
        rows = [
            Measurement(
                logger_id="C4:A5:E3:00:00:01",
                sample=sample,
                heard=Stamp(
                    monotonic_ms=0,
                    measured_at_ms=at_ms,
                    confidence=ClockConfidence.SYNCHRONISED,
                ),
            )
            for at_ms in times
        ]
        self.with_outbox(self.outbox.append, rows)
        self.with_outbox(self.outbox.cut, max_readings=batch, partial=True)
        if self._loop is not None and self.uplink is not None:
            self._loop.call_soon_threadsafe(self.uplink.wake)
        return times

    @property
    def held(self) -> int:
        return self.outbox.holdings().readings

    @property
    def connected(self) -> bool:
        return self.uplink is not None and self.uplink.state.connected

    def start(self) -> None:
        ready = threading.Event()

        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            self.uplink = Uplink(
                self.settings,
                clock=SystemClock(),
                outbox=self.outbox,
                in_outbox_thread=lambda f, *args: asyncio.get_running_loop().run_in_executor(
                    self.executor, f, *args
                ),
                status=lambda: GatewayStatus(
                    v=VERSION, gateway_id=self.settings.gateway_id, state="online"
                ),
                timing=self.timing,
            )
            running = asyncio.create_task(self.uplink.run())
            ready.set()
            await self._stop.wait()
            running.cancel()
            await asyncio.wait([running])
            if not running.cancelled():
                running.result()

        self._thread = threading.Thread(target=lambda: asyncio.run(main()))
        self._thread.start()
        assert ready.wait(10)

    def stop(self) -> None:
        if self._thread is not None and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(20)
            assert not self._thread.is_alive()
            self._thread = None


@contextmanager
def edge_with(
    broker: Any, path: Path, timing: UplinkTiming = QUICK, **changes: object
) -> Iterator[Edge]:
    gateway_id = f"edge-{uuid4().hex[:8]}"
    values: dict[str, Any] = {
        "gateway_id": gateway_id,
        "broker_url": broker.url,
        "broker_password": broker.password(gateway_id),
    }
    settings = EdgeSettings(**(values | changes))
    with ThreadPoolExecutor(1) as executor:
        outbox = Outbox(path / "outbox", boot_id=SystemClock().boot_id)
        edge = Edge(settings, outbox, timing, executor)
        try:
            yield edge
        finally:
            edge.stop()
            outbox.close()


def confirmed_by(edge: Edge) -> None:
    wait_until(lambda: edge.held == 0, what="the outbox to empty")


def test_a_batch_is_published_as_cut_and_deleted_when_stored(broker: Any, tmp_path: Path) -> None:
    with edge_with(broker, tmp_path) as edge:
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=True)
        times = edge.measure(25)
        edge.start()
        confirmed_by(edge)
        assert ingestor.times() == times
        assert [(b.first_row, b.last_row) for b in ingestor.ids] == [(1, 10), (11, 20), (21, 25)]
        for batch, batch_id in zip(ingestor.batches(), ingestor.ids, strict=True):
            assert batch.batch_id == batch_id
            assert batch.sender.gateway_id == edge.settings.gateway_id
            assert batch.sender.boot_id == SystemClock().boot_id
        ingestor.close()


def test_the_brokers_acknowledgement_deletes_nothing(broker: Any, tmp_path: Path) -> None:
    """The batch comes again by time, until it is answered."""
    with edge_with(broker, tmp_path) as edge:
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=False)
        times = edge.measure(5)
        edge.start()
        wait_until(lambda: len(ingestor.payloads) >= 3, what="the batch to come three times")
        assert edge.held == 5
        assert ingestor.times() == times * len(ingestor.payloads)
        ingestor.answer([ingestor.ids[0]])
        confirmed_by(edge)
        ingestor.close()


def test_a_dead_lettered_batch_is_not_sent_again_and_kept(broker: Any, tmp_path: Path) -> None:
    with edge_with(broker, tmp_path) as edge:
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=False)
        edge.measure(5)
        edge.start()
        wait_until(lambda: ingestor.ids)
        ingestor.answer([], [ingestor.ids[0]])
        wait_until(lambda: edge.outbox.holdings().dead_lettered == 5)
        assert edge.with_outbox(edge.outbox.waiting, 10) == []
        ingestor.close()


def test_another_outboxs_answer_is_ignored(broker: Any, tmp_path: Path) -> None:
    """A `stored` for the same rows of a deleted outbox was still queued."""
    with edge_with(broker, tmp_path) as edge:
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=False)
        edge.measure(5)
        edge.start()
        wait_until(lambda: ingestor.ids)
        foreign = [BatchId(outbox=UUID(int=7), first_row=1, last_row=5)]
        ingestor.answer(foreign, foreign)
        ingestor.publish(Kind.STORED, b"\xff not a stored message")
        published = len(ingestor.payloads)
        wait_until(lambda: len(ingestor.payloads) > published, what="the batch to come again")
        assert edge.held == 5
        ingestor.close()


@pytest.mark.parametrize("size", [1, 4, 16])
def test_no_more_batches_than_the_window_are_unconfirmed(
    broker: Any, tmp_path: Path, size: int
) -> None:
    with edge_with(broker, tmp_path, PATIENT, uplink_window=size) as edge:
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=False)
        edge.measure(40, batch=1)
        edge.start()
        unanswered: set[BatchId] = set()
        for _ in range(40):
            wait_until(lambda: len(set(ingestor.ids)) > len(answered(ingestor, unanswered)))
            fresh = set(ingestor.ids) - unanswered
            assert len(fresh) <= size
            first = min(fresh, key=lambda batch_id: batch_id.first_row)
            unanswered.add(first)
            ingestor.answer([first])
        confirmed_by(edge)
        ingestor.close()


def answered(ingestor: Ingestor, done: set[BatchId]) -> set[BatchId]:
    return set(ingestor.ids) & done


def test_a_batch_that_nobody_subscribes_to_counts_as_unsent(broker: Any, tmp_path: Path) -> None:
    """The broker acknowledges it with "no matching subscribers" and throws it away."""
    with edge_with(broker, tmp_path, PATIENT) as edge:
        times = edge.measure(5)
        edge.start()
        wait_until(lambda: edge.connected)
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=True)
        confirmed_by(edge)
        assert ingestor.times() == times
        ingestor.close()


def test_an_edge_that_starts_again_goes_on_with_what_it_holds(broker: Any, tmp_path: Path) -> None:
    with edge_with(broker, tmp_path, PATIENT) as edge:
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=False)
        times = edge.measure(5)
        edge.start()
        wait_until(lambda: ingestor.ids)
        edge.stop()
        ingestor.answers = True
        edge.start()
        confirmed_by(edge)
        assert set(ingestor.times()) == set(times)
        assert len(set(ingestor.ids)) == 1
        ingestor.close()


def test_an_answer_given_while_the_edge_was_away_is_waiting_for_it(
    broker: Any, tmp_path: Path
) -> None:
    """The edge's session is kept: the broker queues the answer."""
    with edge_with(broker, tmp_path, PATIENT) as edge:
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=False)
        edge.measure(5)
        edge.start()
        wait_until(lambda: ingestor.ids)
        edge.stop()
        ingestor.answer([ingestor.ids[0]])
        edge.start()
        confirmed_by(edge)
        ingestor.close()


def test_a_killed_broker_that_lost_its_session_gets_everything_again(
    make_broker: Any, tmp_path: Path
) -> None:
    """Acknowledged by the broker, then lost with it: nothing is resent by time here."""
    broker = make_broker()
    with edge_with(broker, tmp_path, PATIENT) as edge:
        broker.password("ingest")
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=False)
        times = edge.measure(30)
        edge.start()
        wait_until(lambda: len(set(ingestor.ids)) == 3)
        ingestor.close()
        broker.kill()
        wait_until(lambda: not edge.connected)
        broker.start()
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=True)
        confirmed_by(edge)
        assert set(ingestor.times()) == set(times)
        ingestor.close()


def test_after_days_offline_the_backlog_drains_and_live_data_is_not_starved(
    make_broker: Any, tmp_path: Path
) -> None:
    """2,000 batches wait while there is no broker; then each new one passes them."""
    broker = make_broker()
    with edge_with(broker, tmp_path, PATIENT) as edge:
        broker.password("ingest")
        broker.stop()
        edge.start()
        wait_until(lambda: edge.uplink is not None and edge.uplink.state.last_failure)
        times = edge.measure(20_000)
        broker.start()
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=True)
        wait_until(lambda: len(ingestor.ids) > 50, what="the backlog to move")
        live = edge.measure(1)
        wait_until(lambda: edge.held < 20_001 and is_in(ingestor, live[0]), what="the live one")
        assert edge.held > 10_000
        wait_until(lambda: edge.held == 0, timeout_s=120, what="the backlog to drain")
        assert sorted(set(ingestor.times())) == times + live
        ingestor.close()


def is_in(ingestor: Ingestor, at_ms: int) -> bool:
    """Say whether a reading has come, by its row: the batch of the newest rows holds it."""
    row = at_ms - NOON + 1
    return any(batch_id.first_row <= row <= batch_id.last_row for batch_id in ingestor.ids[:])


def test_a_wrong_password_is_said_plainly_and_tried_again(
    broker: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with edge_with(broker, tmp_path, broker_password="wrong") as edge:
        edge.start()
        wait_until(lambda: "password" in edge.uplink.state.last_failure if edge.uplink else False)
        failures = [getattr(record, "reason", "") for record in caplog.records]
        assert any("refuses the user name or password" in reason for reason in failures)


def test_a_gateway_may_not_speak_for_another(broker: Any, tmp_path: Path) -> None:
    """The name on the topic is not the user's: what it publishes is refused, and kept."""
    other = f"edge-{uuid4().hex[:8]}"
    with edge_with(broker, tmp_path) as edge:
        user = edge.settings.gateway_id
        ingestor = Ingestor(broker, other, answers=True)
        edge.settings = EdgeSettings(
            gateway_id=other,
            broker_url=broker.url,
            broker_username=user,
            broker_password=edge.settings.broker_password,
        )
        edge.measure(5)
        edge.start()
        wait_until(lambda: edge.uplink is not None and edge.uplink.state.last_failure)
        assert "Not authorized" in edge.uplink.state.last_failure  # type: ignore[union-attr]
        assert (edge.held, ingestor.payloads) == (5, [])
        ingestor.close()


def test_the_status_is_retained_and_the_last_will_says_offline(broker: Any, tmp_path: Path) -> None:
    with edge_with(broker, tmp_path) as edge:
        ingestor = Ingestor(broker, edge.settings.gateway_id, answers=True)
        edge.start()
        wait_until(lambda: [s.state for s in ingestor.statuses] == ["online"])
        ingestor.close()
        late = Ingestor(broker, edge.settings.gateway_id, answers=True)
        wait_until(lambda: "online" in [s.state for s in late.statuses], what="the retained one")
        edge.stop()
        wait_until(lambda: late.statuses[-1].state == "offline")
        late.close()


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_certificates_that_cannot_be_used_are_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    settings = EdgeSettings(gateway_id="truck-17", broker_url="mqtts://broker", ca_file=path)
    with pytest.raises(UnusableCertificates, match=r"FROSTLINE_EDGE_CA_FILE.*ca\.pem"):
        tls_context(settings)
