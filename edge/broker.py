"""How does an edge speak to the broker?

The only door to paho. One `Connection` is one connection and one paho client: nothing is left over
from the connection before, so a late acknowledgement can't be taken for a new one. paho's thread
only hands events to the event loop.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.settings import EdgeSettings
from schemas.ids import GatewayId
from schemas.status import VERSION, GatewayStatus, encode_status
from schemas.topics import Kind, topic_of
from schemas.wire import BATCH_ID_PROPERTY, BatchId

if TYPE_CHECKING:
    from paho.mqtt.reasoncodes import ReasonCode

_KEEPALIVE_S: Final = 30
_CONNECT_TIMEOUT_S: Final = 10.0
# The broker keeps `stored` messages for a device that is away this long.
_SESSION_EXPIRY_S: Final = 7 * 24 * 3600
# MQTT 5, 3.4.2.1: taken, and thrown away.
NO_MATCHING_SUBSCRIBERS: Final = 0x10


class BrokerGone(ConnectionError):
    """No connection to the broker. The message says why, in the broker's words."""


class UnusableCertificates(ValueError):
    """The settings' certificates cannot be used. The message names the settings."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A PUBACK. `reason` below 0x80 is no failure; see NO_MATCHING_SUBSCRIBERS."""

    batch_id: BatchId
    reason: int
    words: str


@dataclass(frozen=True, slots=True)
class PositionsAcknowledged:
    """A PUBACK of positions, by message id; `reason` as above."""

    message_id: int
    reason: int


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A `stored` message's payload."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """The connection broke."""

    words: str


Event = Acknowledged | PositionsAcknowledged | StoredMessage | Gone


class Connection:
    """One connection; `on_event` is called in the event loop."""

    def __init__(
        self,
        settings: EdgeSettings,
        tls: ssl.SSLContext | None,
        on_event: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._tls = tls
        self._gateway_id = GatewayId(settings.gateway_id)
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[bool] = self._loop.create_future()
        self._subscribed: asyncio.Future[str] = self._loop.create_future()
        self._batches: dict[int, BatchId] = {}
        self._positions: set[int] = set()
        self._client = self._make_client()

    async def open(self) -> bool:
        """Connect and subscribe; say whether the broker kept the session. Raise BrokerGone."""
        host, port = self._settings.broker_address()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await asyncio.to_thread(self._connect, host, port)
                self._client.loop_start()
                session_present = await self._connected
                self._client.subscribe(topic_of(self._gateway_id, Kind.STORED), qos=1)
                refusal = await self._subscribed
        except TimeoutError as error:
            raise BrokerGone(f"no answer from {host}:{port}") from error
        except (OSError, ValueError) as error:
            raise BrokerGone(f"{host}:{port}: {error}") from error
        if refusal:
            raise BrokerGone(f"may not listen to {Kind.STORED}: {refusal}")
        return session_present

    def publish_batch(self, batch_id: BatchId, payload: bytes) -> None:
        """Hand a batch to the broker; an Acknowledged event follows, or Gone."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = (BATCH_ID_PROPERTY, str(batch_id))
        topic = topic_of(self._gateway_id, Kind.READINGS)
        info = self._client.publish(topic, payload, qos=1, properties=properties)
        self._batches[info.mid] = batch_id

    def publish_positions(self, payload: bytes) -> int:
        """Hand positions to the broker and return the message id; their answer is an event too."""
        topic = topic_of(self._gateway_id, Kind.POSITION)
        message_id = self._client.publish(topic, payload, qos=1).mid
        self._positions.add(message_id)
        return message_id

    def publish_status(self, status: GatewayStatus) -> None:
        """Publish a retained status."""
        topic = topic_of(self._gateway_id, Kind.STATUS)
        self._client.publish(topic, encode_status(status), qos=1, retain=True)

    async def close(self) -> None:
        """Disconnect, saying that we go."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _connect(self, host: str, port: int) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        self._client.connect(
            host, port, keepalive=_KEEPALIVE_S, clean_start=False, properties=properties
        )

    def _make_client(self) -> mqtt.Client:
        settings = self._settings
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"frostline-edge-{self._gateway_id}",
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(settings.uplink_window)
        user = settings.broker_username or settings.gateway_id
        client.username_pw_set(user, settings.broker_password or None)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        offline = GatewayStatus(v=VERSION, gateway_id=self._gateway_id, state="offline")
        topic = topic_of(self._gateway_id, Kind.STATUS)
        client.will_set(topic, encode_status(offline), qos=1, retain=True)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    # Called by paho's thread: hand over, nothing else --------------------------------------------

    def _on_connect(
        self, _client: object, _data: object, flags: Any, reason: "ReasonCode", _more: object
    ) -> None:
        def settle() -> None:
            if self._connected.done():
                return
            if reason.is_failure:
                self._connected.set_exception(BrokerGone(_refusal(reason)))
            else:
                self._connected.set_result(flags.session_present)

        self._loop.call_soon_threadsafe(settle)

    def _on_subscribe(
        self, _client: object, _data: object, _mid: int, reasons: Any, _more: object
    ) -> None:
        refusal = next((str(reason) for reason in reasons if reason.is_failure), "")
        self._loop.call_soon_threadsafe(_settle, self._subscribed, refusal)

    def _on_publish(
        self, _client: object, _data: object, mid: int, reason: "ReasonCode", _more: object
    ) -> None:
        self._loop.call_soon_threadsafe(self._acknowledge, mid, reason.value, str(reason))

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self._on_event, StoredMessage(bytes(message.payload)))

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, reason: "ReasonCode", _more: object
    ) -> None:
        self._loop.call_soon_threadsafe(self._lose, str(reason))

    # Called by the event loop --------------------------------------------------------------------

    def _acknowledge(self, mid: int, reason: int, words: str) -> None:
        batch_id = self._batches.pop(mid, None)
        if batch_id is not None:
            self._on_event(Acknowledged(batch_id, reason, words))
        elif mid in self._positions:
            self._positions.discard(mid)
            self._on_event(PositionsAcknowledged(mid, reason))

    def _lose(self, words: str) -> None:
        for future in (self._connected, self._subscribed):
            if not future.done():
                future.set_exception(BrokerGone(words))
                future.exception()  # nobody may be waiting for it
        self._on_event(Gone(words))


def _send_at_once(_client: object, _data: object, sock: Any) -> None:
    """Turn off Nagle's algorithm: with the other side's delayed acknowledgements it costs 40 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _settle(future: "asyncio.Future[str]", result: str) -> None:
    if not future.done():
        future.set_result(result)


def _refusal(reason: "ReasonCode") -> str:
    if reason.value in {0x86, 0x87}:  # bad user name or password; not authorised
        return f"broker refuses the user name or password: {reason}"
    return f"broker refuses: {reason}"


def tls_context(settings: EdgeSettings) -> ssl.SSLContext | None:
    """Return what `mqtts` needs, None for `mqtt`; raise UnusableCertificates."""
    if not settings.broker_url.startswith("mqtts:"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file is not None:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except OSError as error:  # ssl.SSLError is one
        raise UnusableCertificates(
            "FROSTLINE_EDGE_CA_FILE, _CERT_FILE and _KEY_FILE must name readable PEM files:"
            f" {settings.ca_file}, {settings.cert_file}, {settings.key_file}: {error}"
        ) from error
    return context
