"""The whole edge, from a radio's advert to the ingestor's answer, in one process."""

import asyncio
import contextlib
import http.client
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, ClassVar
from uuid import uuid4

import paho.mqtt.client as mqtt
import pytest
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from paho.mqtt.enums import CallbackAPIVersion

from edge import agent
from edge.clock import EdgeClock, SystemClock
from edge.radio import RadioSilent
from edge.settings import EdgeSettings
from edge.status import describe, render
from frostline.stack.ports import free_port
from frostline.stack.waiting import wait_until
from schemas.columns import decode_batch
from schemas.ids import GatewayId
from schemas.reading import ClockConfidence
from schemas.stored import Stored, encode_stored
from schemas.topics import Kind, topic_of

# docs.ruuvi.com, data format 5, "valid data": 24.3 °C
DF5 = bytes.fromhex("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F")


class Scanner(BaseBleakScanner):
    """A backend for bleak that hears what a test says."""

    begun: ClassVar[list["Scanner"]]

    def __init__(self, callback: Any, uuids: Any, _mode: str, **_platform: object) -> None:
        super().__init__(callback, uuids)

    async def start(self) -> None:
        self.begun.append(self)

    async def stop(self) -> None:
        pass

    def hear(self, sequence: int, address: str = "C4:A5:E3:00:00:01") -> None:
        frame = DF5[:16] + sequence.to_bytes(2, "big") + DF5[18:]
        advert = AdvertisementData(None, {0x0499: frame}, {}, [], None, -60, ())
        device = self.create_or_update_device(address, address, None, None, advert)
        self.call_detection_callbacks(device, advert)


@pytest.fixture
def backend() -> type[Scanner]:
    class Fresh(Scanner):
        begun: ClassVar[list[Scanner]] = []

    return Fresh


def settings_for(broker: Any, path: Path, **changes: object) -> EdgeSettings:
    gateway_id = f"edge-{uuid4().hex[:8]}"
    values: dict[str, Any] = {
        "gateway_id": gateway_id,
        "broker_url": broker.url,
        "broker_password": broker.password(gateway_id),
        "outbox_path": path / "outbox",
        "record_interval_s": 0.0,
        "commit_interval_s": 0.02,
        "batch_linger_s": 0.05,
    }
    return EdgeSettings(**(values | changes))


class LateClock(SystemClock):
    """This machine's clock, not set until a test says so."""

    is_set = False

    def confidence(self) -> ClockConfidence | None:
        return super().confidence() if self.is_set else None


class FarClock(SystemClock):
    """This machine's clock, set to 2103."""

    def wall_ms(self) -> int:
        return 4_200_000_000_000


class SlowDisk(ThreadPoolExecutor):
    """A disk that brings a commit to its end only once something else is asked of it."""

    def __init__(self) -> None:
        super().__init__(1)
        self.is_committing = False
        self._asked = Event()

    def submit(self, job: Callable[..., Any], /, *args: Any, **words: Any) -> Future[Any]:
        self._asked.set()
        if job.__name__ != "commit":
            return super().submit(job, *args, **words)
        self._asked = Event()
        self.is_committing = True
        return super().submit(self._slowly, self._asked, job, *args, **words)

    @staticmethod
    def _slowly(asked: Event, job: Callable[..., Any], *args: Any, **words: Any) -> Any:
        assert asked.wait(20)
        return job(*args, **words)


def run_edge(
    settings: EdgeSettings,
    backend: type[Scanner],
    script: Callable[[], Awaitable[None]],
    *,
    clock: EdgeClock | None = None,
    disk: Executor | None = None,
) -> None:
    """Run an edge until the script ends."""

    async def both() -> None:
        stop = asyncio.Event()
        timing = agent.AgentTiming(executor=disk)
        edge = agent.run(settings, backend, stop, clock=clock, timing=timing)
        running = asyncio.create_task(edge)
        await until(lambda: backend.begun)
        with contextlib.suppress(asyncio.CancelledError):
            await script()
        stop.set()
        async with asyncio.timeout(20):
            await running

    asyncio.run(both())


async def until(condition: Callable[[], object]) -> None:
    await asyncio.to_thread(wait_until, condition, what="the edge")


@contextlib.contextmanager
def ingestor_for(broker: Any, settings: EdgeSettings, *, answers: bool = True) -> Any:
    """Collect the sequences that an edge publishes, and answer `stored`."""
    gateway_id = GatewayId(settings.gateway_id)
    sequences: list[int] = []
    subscribed: list[object] = []

    def on_message(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        batch = decode_batch(bytes(message.payload))
        sequences.extend(int(sequence) for sequence in batch.columns.sequence)
        if answers:
            answer = encode_stored(Stored(stored=(batch.batch_id,)))
            client.publish(topic_of(gateway_id, Kind.STORED), answer, qos=1)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set("ingest", broker.password("ingest"))
    client.on_message = on_message
    client.on_subscribe = lambda *_: subscribed.append(True)

    def on_connect(*_: object) -> None:
        client.subscribe(topic_of(gateway_id, Kind.READINGS), qos=1)

    client.on_connect = on_connect
    host, _, port = broker.url.removeprefix("mqtt://").partition(":")
    client.connect(host, int(port))
    client.loop_start()
    wait_until(lambda: subscribed)
    try:
        yield sequences
    finally:
        client.disconnect()
        client.loop_stop()


def test_each_measurement_is_published_once_and_the_outbox_empties(
    broker: Any, tmp_path: Path, backend: type[Scanner]
) -> None:
    settings = settings_for(broker, tmp_path)
    with ingestor_for(broker, settings) as sequences:

        async def script() -> None:
            for sequence in range(100):
                for _ in range(3):  # each advert is heard three times
                    backend.begun[0].hear(sequence)
                await asyncio.sleep(0)
            await until(lambda: len(sequences) == 100)

        run_edge(settings, backend, script)
        assert sequences == list(range(100))
    assert describe(settings.outbox_path).readings == 0


def test_a_stopping_edge_sends_what_it_has_just_heard(
    broker: Any, tmp_path: Path, backend: type[Scanner]
) -> None:
    settings = settings_for(broker, tmp_path, batch_linger_s=60.0, drain_s=10.0)
    with ingestor_for(broker, settings) as sequences:

        async def script() -> None:
            await until(lambda: describe_connected(settings))
            backend.begun[0].hear(7)

        run_edge(settings, backend, script)
        assert sequences == [7]
    assert describe(settings.outbox_path).readings == 0


def test_a_stopping_edge_sends_what_it_is_just_committing(
    broker: Any, tmp_path: Path, backend: type[Scanner]
) -> None:
    settings = settings_for(broker, tmp_path, batch_linger_s=60.0, drain_s=10.0)
    with ingestor_for(broker, settings) as sequences, SlowDisk() as disk:

        async def script() -> None:
            await until(lambda: describe_connected(settings))
            backend.begun[0].hear(7)
            await until(lambda: disk.is_committing)

        run_edge(settings, backend, script, disk=disk)
        assert sequences == [7]
    assert describe(settings.outbox_path).readings == 0


def test_readings_that_waited_for_the_clock_are_sent_once_it_is_set(
    broker: Any, tmp_path: Path, backend: type[Scanner]
) -> None:
    """Though no logger is heard any more."""
    settings = settings_for(broker, tmp_path)
    clock = LateClock()
    with ingestor_for(broker, settings) as sequences:

        async def script() -> None:
            backend.begun[0].hear(7)
            await until(lambda: describe(settings.outbox_path).unplaced == 1)
            clock.is_set = True
            await until(lambda: sequences == [7])

        run_edge(settings, backend, script, clock=clock)
    assert describe(settings.outbox_path).readings == 0


def test_readings_kept_from_before_are_sent_readably_by_a_clock_in_2103(
    broker: Any, tmp_path: Path, backend: type[Scanner]
) -> None:
    """Its own new readings wait. `decode_batch` refuses a sender that says 2103."""
    settings = settings_for(broker, tmp_path)
    without_broker = replace(settings, broker_url="mqtt://127.0.0.1:1", drain_s=0.0)

    async def hear() -> None:
        backend.begun[-1].hear(7)
        await until(lambda: describe(settings.outbox_path).readings == 1)

    run_edge(without_broker, backend, hear)
    with ingestor_for(broker, settings) as sequences:

        async def script() -> None:
            backend.begun[-1].hear(8, "C4:A5:E3:00:00:02")
            await until(lambda: sequences == [7])

        run_edge(settings, backend, script, clock=FarClock())
    assert describe(settings.outbox_path).unplaced == 1


def describe_connected(settings: EdgeSettings) -> bool:
    snapshot = describe(settings.outbox_path).snapshot
    return snapshot is not None and snapshot.broker_connected


def test_an_edge_without_a_broker_keeps_what_it_hears(
    broker: Any, tmp_path: Path, backend: type[Scanner]
) -> None:
    settings = settings_for(broker, tmp_path, broker_url="mqtt://127.0.0.1:1", drain_s=0.0)

    async def script() -> None:
        for sequence in range(10):
            backend.begun[0].hear(sequence)
        await until(lambda: describe(settings.outbox_path).readings == 10)

    run_edge(settings, backend, script)
    text = render(describe(settings.outbox_path))
    assert "10 readings" in text
    assert "not connected: 127.0.0.1:1" in text
    assert "C4:A5:E3:00:00:01  ruuvi-df5" in text


def test_a_deaf_radio_ends_the_edge_and_what_was_heard_is_kept(
    broker: Any, tmp_path: Path, backend: type[Scanner]
) -> None:
    settings = settings_for(broker, tmp_path, radio_silence_s=0.05, commit_interval_s=0.5)

    async def until_it_ends() -> None:
        running = asyncio.create_task(agent.run(settings, backend, asyncio.Event()))
        await until(lambda: backend.begun)
        backend.begun[0].hear(1)
        async with asyncio.timeout(20):
            await running

    with pytest.raises(RadioSilent):
        asyncio.run(until_it_ends())
    assert describe(settings.outbox_path).readings == 1


def test_metrics_are_served_on_this_machine(
    broker: Any, tmp_path: Path, backend: type[Scanner]
) -> None:
    settings = settings_for(broker, tmp_path, metrics_port=free_port(), drain_s=0.0)

    async def script() -> None:
        backend.begun[0].hear(1)
        text = await asyncio.to_thread(scrape, settings.metrics_port)
        assert 'frostline_edge_adverts_total{outcome="recorded"}' in text
        assert "frostline_edge_outbox_readings" in text

    run_edge(settings, backend, script)


def scrape(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text
