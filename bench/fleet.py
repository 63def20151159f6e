"""Who fills the broker, and who hears `stored`? Gateways, each with a user of its own."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from bench.batches import Message, gateway_id_of
from frostline.stack.broker import Broker
from schemas.stored import decode_stored
from schemas.topics import SHARD_COUNT, Kind, subscription, topic_of
from schemas.wire import BATCH_ID_PROPERTY, BatchId

_TIMEOUT_S: Final = 300.0
_SESSION_EXPIRY_S: Final = 3600


class Fleet:
    """Gateways that publish batches and collect the answers."""

    def __init__(self, broker: Broker, gateways: int) -> None:
        self._changed = threading.Condition()
        self._unconfirmed = 0
        self._stored: set[BatchId] = set()
        self._clients = {
            gateway_id_of(i): _client(broker, f"bench-fleet-{i}", gateway_id_of(i))
            for i in range(gateways)
        }
        for gateway_id, client in self._clients.items():
            client.on_message, client.on_publish = self._on_message, self._on_publish
            _subscribe(client, [topic_of(gateway_id, Kind.STORED)])

    def publish(self, messages: Iterable[Message]) -> None:
        """Publish, and return when the broker has confirmed all."""
        for message in messages:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
            properties.UserProperty = (BATCH_ID_PROPERTY, str(message.batch_id))
            with self._changed:
                self._unconfirmed += 1
            self._clients[message.gateway_id].publish(
                topic_of(message.gateway_id, Kind.READINGS),
                message.payload,
                qos=1,
                properties=properties,
            )
        with self._changed:
            _require(self._changed.wait_for(lambda: not self._unconfirmed, _TIMEOUT_S), "PUBACKs")

    def forget_answers(self) -> None:
        """Begin anew."""
        with self._changed:
            self._stored.clear()

    def wait_stored(self, batches: int) -> None:
        """Return when so many different batches were called stored."""
        with self._changed:
            done = self._changed.wait_for(lambda: len(self._stored) >= batches, _TIMEOUT_S)
            _require(done, f"`stored` for {batches} batches, got {len(self._stored)}")

    def close(self) -> None:
        """Disconnect."""
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        answer = decode_stored(bytes(message.payload))
        with self._changed:
            self._stored.update(answer.stored)
            self._changed.notify_all()

    def _on_publish(self, *_: object) -> None:
        with self._changed:
            self._unconfirmed -= 1
            self._changed.notify_all()


@contextmanager
def fleet(broker: Broker, gateways: int) -> Iterator[Fleet]:
    """Connect so many gateways."""
    connected = Fleet(broker, gateways)
    try:
        yield connected
    finally:
        connected.close()


def open_session(broker: Broker, client_id: str) -> None:
    """Leave an ingestor's session with its subscriptions at the broker, so that messages wait."""
    client = _client(broker, client_id, "ingest")
    _subscribe(client, [subscription(shard, Kind.READINGS) for shard in range(SHARD_COUNT)])
    client.disconnect()
    client.loop_stop()


def end_session(broker: Broker, client_id: str) -> int:
    """End a session; return how many messages the broker still held for it."""
    held: list[int] = []
    client = _client(broker, client_id, "ingest", lambda *_: held.append(1))
    # An answer to a request comes after what was waiting has been sent.
    _subscribe(client, [subscription(0, Kind.READINGS)])
    properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]  # paho's
    properties.SessionExpiryInterval = 0
    client.disconnect(properties=properties)
    client.loop_stop()
    return len(held)


def _client(
    broker: Broker, client_id: str, user: str, on_message: mqtt.CallbackOnMessage | None = None
) -> mqtt.Client:
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=mqtt.MQTTv5,
        manual_ack=user == "ingest",
    )
    client.max_inflight_messages_set(500)  # half of what the broker allows
    client.username_pw_set(user, broker.password(user))
    client.on_message = on_message
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
    properties.SessionExpiryInterval = _SESSION_EXPIRY_S if user == "ingest" else 0
    address = urlsplit(broker.url)
    client.connect(
        address.hostname or "127.0.0.1",
        address.port or 1883,
        clean_start=False,
        properties=properties,
    )
    client.loop_start()
    _require(connected.wait(_TIMEOUT_S), f"CONNACK for {user}")
    return client


def _subscribe(client: mqtt.Client, filters: list[str]) -> None:
    answered = threading.Event()
    client.on_subscribe = lambda *_: answered.set()
    client.subscribe([(text, SubscribeOptions(qos=1)) for text in filters])
    _require(answered.wait(_TIMEOUT_S), "SUBACK")


def _require(came: bool, what: str) -> None:
    if not came:
        raise TimeoutError(f"waited {_TIMEOUT_S:g} s for {what}")
