"""What the ingestor's tests share: readings, an edge on a real broker, an ingestor in a thread."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from frostline.stack.waiting import wait_until
from gateway.ingest import ingest
from gateway.ingest.settings import IngestSettings
from schemas.ids import GatewayId, LoggerId
from schemas.reading import Reading
from schemas.stored import decode_stored
from schemas.topics import Kind, subscription, topic_of
from schemas.wire import BATCH_ID_PROPERTY, BatchId, Sender, encode_batch

T0 = 1_790_000_000_000  # 2026-09-21 14:13:20 UTC
TRUCK = GatewayId("truck-17")
OTHER = GatewayId("depot-3")
A, B = LoggerId("C4:A5:E3:00:00:01"), LoggerId("C4:A5:E3:00:00:02")
BOOT = UUID(int=8)
OUTBOX = UUID(int=7)
_NO_MATCHING_SUBSCRIBERS = 0x10  # MQTT 5, 3.4.2.1


class AnyBroker(Protocol):
    @property
    def url(self) -> str: ...

    def password(self, user: str) -> str: ...


def reading(seconds: float = 0, *, logger: LoggerId = A, **changes: object) -> Reading:
    """Return a reading so many seconds after T0."""
    values: dict[str, Any] = {
        "logger_id": logger,
        "frame_format": "ruuvi-df5",
        "measured_at_ms": T0 + round(seconds * 1000),
        "temperature_c": 4.25,
    }
    return Reading(**(values | changes))


def batch_id(number: int) -> BatchId:
    return BatchId(outbox=OUTBOX, first_row=number * 100 + 1, last_row=number * 100 + 100)


def sender(gateway_id: GatewayId = TRUCK, boot_id: UUID = BOOT) -> Sender:
    return Sender(gateway_id=gateway_id, boot_id=boot_id, sent_at_ms=T0, sent_monotonic_ms=5)


def payload_of(number: int, rows: Sequence[Reading], gateway_id: GatewayId = TRUCK) -> bytes:
    return encode_batch(batch_id(number), sender(gateway_id), rows)


@dataclass
class Edge:
    """A gateway's MQTT client: it publishes what it is told, and notes what is answered."""

    client: mqtt.Client
    gateway_id: GatewayId
    stored: list[BatchId] = field(default_factory=list)
    dead_lettered: list[BatchId] = field(default_factory=list)
    pubacks: dict[int, int] = field(default_factory=dict)  # message id -> reason code

    def send(self, number: int, *rows: Reading) -> None:
        self.send_bytes(number, payload_of(number, rows, self.gateway_id))

    def send_bytes(self, number: int | None, payload: bytes, kind: Kind = Kind.READINGS) -> None:
        """Publish until somebody has subscribed; return when the broker has it."""
        topic = topic_of(self.gateway_id, kind)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
        if number is not None:
            properties.UserProperty = (BATCH_ID_PROPERTY, str(batch_id(number)))

        def is_heard() -> bool:
            message = self.client.publish(topic, payload, qos=1, properties=properties)
            wait_until(lambda: message.mid in self.pubacks, what="the broker's PUBACK")
            return self.pubacks.pop(message.mid) != _NO_MATCHING_SUBSCRIBERS

        wait_until(is_heard, what="a subscriber")

    def wait_stored(self, *numbers: int) -> None:
        wanted = [batch_id(number) for number in numbers]
        wait_until(lambda: set(wanted) <= set(self.stored), what=f"stored for {numbers}")


@contextmanager
def edge_on(broker: AnyBroker, gateway_id: GatewayId = TRUCK) -> Iterator[Edge]:
    """Connect a gateway."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(gateway_id, broker.password(gateway_id))
    client.reconnect_delay_set(1, 1)
    edge = Edge(client, gateway_id)
    ready = threading.Event()

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        answer = decode_stored(bytes(message.payload))
        edge.stored += answer.stored
        edge.dead_lettered += answer.dead_lettered

    def on_publish(
        _client: mqtt.Client, _data: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        edge.pubacks[mid] = reason.value

    client.on_message, client.on_publish = on_message, on_publish
    client.on_connect = lambda c, *_: c.subscribe(topic_of(gateway_id, Kind.STORED), qos=1)
    client.on_subscribe = lambda *_: ready.set()
    address = urlsplit(broker.url)
    client.connect(address.hostname or "127.0.0.1", address.port or 1883)
    client.loop_start()
    try:
        wait_until(ready.is_set, what="the edge's subscription")
        yield edge
    finally:
        client.disconnect()
        client.loop_stop()


class Ingestor:
    """`gateway.ingest.run` in a thread."""

    def __init__(self, settings: IngestSettings) -> None:
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[settings], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        self._stop.set()
        self.join()

    def join(self) -> None:
        self._thread.join(90)
        if self._thread.is_alive():
            raise TimeoutError("the ingestor does not end")

    def _run(self, settings: IngestSettings) -> None:
        try:
            ingest.run(settings, self._stop)
        except Exception as error:  # noqa: BLE001  # handed to the test
            self.failure = error


def settings_for(broker: AnyBroker, database_url: str, **changes: object) -> IngestSettings:
    values: dict[str, Any] = {
        "broker_url": broker.url,
        "broker_password": broker.password("ingest"),
        "database_url": database_url,
        "flush_linger_s": 0.02,
    }
    return IngestSettings(**(values | changes))


@contextmanager
def ingesting(settings: IngestSettings) -> Iterator[Ingestor]:
    """Run an ingestor; a bug in it fails the test."""
    ingestor = Ingestor(settings)
    try:
        yield ingestor
    finally:
        ingestor.stop()
    if ingestor.failure is not None:
        raise ingestor.failure


def query(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(statement.encode()).fetchall()


def rows(database_url: str) -> list[tuple[Any, ...]]:
    """Return (logger id, seconds after T0, temperature) of all readings, in order."""
    found = query(
        database_url,
        "SELECT logger_id, (extract(epoch FROM measured_at) * 1000)::bigint, temperature_c "
        "FROM heard_readings ORDER BY logger_id, measured_at",
    )
    return [(logger_id, (ms - T0) / 1000, temperature) for logger_id, ms, temperature in found]


def wait_for_rows(database_url: str, count: int) -> None:
    wait_until(
        lambda: query(database_url, "SELECT count(*) FROM readings") == [(count,)],
        timeout_s=30,
        what=f"{count} rows",
    )


def held_for_ingest(broker: AnyBroker) -> list[bytes]:
    """Return what the broker still holds for a stopped ingestor; its session stays."""
    held: list[bytes] = []
    done = threading.Event()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id="frostline-ingest-00-3f",
        protocol=mqtt.MQTTv5,
        manual_ack=True,
    )
    client.username_pw_set("ingest", broker.password("ingest"))
    client.on_message = lambda _client, _data, message: held.append(bytes(message.payload))
    # The answer to a request comes after what was waiting.
    client.on_connect = lambda c, *_: c.subscribe(subscription(0, Kind.READINGS), qos=1)
    client.on_subscribe = lambda *_: done.set()
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
    properties.SessionExpiryInterval = 3600
    address = urlsplit(broker.url)
    client.connect(
        address.hostname or "", address.port or 1883, clean_start=False, properties=properties
    )
    client.loop_start()
    wait_until(done.is_set, what="the broker's answer")
    client.disconnect()
    client.loop_stop()
    return held
