"""How do messages come from the broker, and answers go back?

paho's thread only puts into the inbox, and never raises: an exception there would end it silently.
When the inbox is full it waits: mosquitto 2.0.11 keeps to our receive maximum only until the first
acknowledgement, and would send us all it holds.
A message id means something only on the connection that it came by; a broker that lost our session
gives the same ids to other messages. So each receipt carries the epoch of its connection, and an
acknowledgement for an earlier one is left out: its message comes again.
"""

import logging
import queue
import ssl
import threading
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.ingest import metrics
from gateway.ingest.delivery import Delivery
from gateway.ingest.errors import BrokerRefused, ClientIdTaken
from gateway.ingest.readahead import ReadAheadClient
from gateway.ingest.settings import IngestSettings
from schemas.ids import GatewayId
from schemas.stored import Stored, encode_stored
from schemas.topics import Kind, subscription, topic_of

log = logging.getLogger(__name__)

_SESSION_EXPIRY_S: Final = 7 * 24 * 3600
_KEEPALIVE_S: Final = 30
_FULL_POLL_S: Final = 0.005
_RECONNECT_S: Final = (1, 30)
_CLOSE_TIMEOUT_S: Final = 5.0
_DEFAULT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
# MQTT 5, 3.2.2.2 and 3.14.2.1
_NOT_FOR_US: Final = {0x84, 0x85, 0x86, 0x87, 0x8A}  # trying again would not help
_SESSION_TAKEN_OVER: Final = 0x8E


_HEARD: Final = (Kind.READINGS, Kind.STATUS, Kind.POSITION)

Inbox = queue.SimpleQueue[Delivery | Exception]


class Broker:
    """One connection to the broker, for a range of shards, with a session that outlives it."""

    def __init__(self, settings: IngestSettings, shards: range, inbox: Inbox) -> None:
        self._settings = settings
        self._filters = [subscription(shard, kind) for shard in shards for kind in _HEARD]
        self._inbox = inbox
        self._epoch = 0
        self._epoch_lock = threading.Lock()
        self._started = False
        self._closing = threading.Event()
        self._suspects = 0  # deliveries after a reconnect that may repeat what is stored
        self._unconfirmed = 0  # answers without the broker's word that it has them
        self._answers = threading.Condition()
        self.client_id = f"frostline-ingest-{shards[0]:02x}-{shards[-1]:02x}"
        self._client = self._make_client()
        self._unsubscribed = threading.Event()
        self._leaving = threading.Event()
        self._subscribed = threading.Event()

    def start(self) -> None:
        """Connect and stay connected, in a thread of its own; a second call does nothing."""
        if self._started:
            return
        self._started = True
        url = urlsplit(self._settings.broker_url)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        properties.ReceiveMaximum = self._settings.receive_maximum
        self._client.connect_async(
            url.hostname or "localhost",
            url.port or _DEFAULT_PORTS[url.scheme],
            keepalive=_KEEPALIVE_S,
            clean_start=False,
            properties=properties,
        )
        self._client.loop_start()

    def wait_subscribed(self, timeout_s: float) -> bool:
        """Wait until the broker has confirmed the subscriptions."""
        return self._subscribed.wait(timeout_s)

    def acknowledge(self, receipts: Iterable[tuple[int, int]]) -> None:
        """Tell the broker that these are stored, in the order in which they came."""
        # The lock: no disconnect can come between the test and the acknowledgement.
        with self._epoch_lock:
            for epoch, message_id in receipts:
                if epoch == self._epoch:
                    self._client.ack(message_id, 1)
                else:
                    metrics.STALE_ACKS.inc()

    def answer(self, gateway_id: GatewayId, stored: Stored) -> None:
        """Tell a gateway what became of its batches."""
        with self._answers:
            self._unconfirmed += 1
        self._client.publish(topic_of(gateway_id, Kind.STORED), encode_stored(stored), qos=1)

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._client.is_connected()

    def unsubscribe(self, timeout_s: float) -> bool:
        """Ask for no more messages; those that the session holds still come."""
        self._unsubscribed.clear()
        self._leaving.set()
        self._client.unsubscribe(self._filters)
        return self._unsubscribed.wait(timeout_s)

    def close(self, *, end_session: bool) -> None:
        """Disconnect, once the answers are out; `end_session`: the broker forgets us."""
        self._wait_for_answers()
        self._closing.set()
        properties = None
        if end_session:
            properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]  # paho's
            properties.SessionExpiryInterval = 0
        self._client.disconnect(properties=properties)
        self._client.loop_stop()

    def _make_client(self) -> mqtt.Client:
        client = ReadAheadClient(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
        )
        client.username_pw_set(self._settings.broker_username, self._settings.broker_password)
        client.reconnect_delay_set(*_RECONNECT_S)
        if self._settings.broker_url.startswith("mqtts:"):
            client.tls_set_context(_tls_context(self._settings))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def _wait_for_answers(self) -> None:
        """Wait until the broker has confirmed each `stored`, if it is there to do so."""
        with self._answers:
            if not self._answers.wait_for(lambda: not self._unconfirmed, _CLOSE_TIMEOUT_S):
                log.warning("answers not confirmed by the broker; edges will ask again")

    # What follows runs in paho's thread.

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            if reason.value in _NOT_FOR_US:
                self._inbox.put(BrokerRefused(self._refusal(reason)))
            log.warning("broker refused the connection", extra={"reason": str(reason)})
            return
        metrics.BROKER_CONNECTED.set(1)
        metrics.BROKER_CONNECTIONS.inc()
        log.info(
            "broker connected",
            extra={"client_id": self.client_id, "session_present": flags.session_present},
        )
        if self._leaving.is_set():  # what the session holds still comes
            client.unsubscribe(self._filters)
            return
        # At each connect: the broker may have lost the session. Retained words only where it had.
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        client.subscribe([(topic, options) for topic in self._filters])

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _message_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            self._inbox.put(
                BrokerRefused(
                    f"the broker does not let user {self._settings.broker_username!r} subscribe: "
                    f"{refused[0]}; grant it frostline/v1/+/+/readings, frostline/v1/+/+/status "
                    "and frostline/v1/+/+/position"
                )
            )
        else:
            self._subscribed.set()

    def _on_unsubscribe(self, *_: object) -> None:
        self._unsubscribed.set()

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._epoch_lock:
            self._epoch += 1
            self._suspects = self._settings.receive_maximum
        metrics.BROKER_CONNECTED.set(0)
        log.warning("broker disconnected", extra={"reason": str(reason)})
        if reason.value == _SESSION_TAKEN_OVER:
            self._inbox.put(
                ClientIdTaken(
                    f"another ingestor connected as {self.client_id}: it was started with the same "
                    "shards; stop one of them"
                )
            )
        self._drop_waiting()

    def _drop_waiting(self) -> None:
        """Leave out what came by the old connection and waits: unacknowledged, it comes again.

        Otherwise a broker that comes and goes while the database is away would fill the memory.
        """
        kept: list[Exception] = []
        while True:
            try:
                item = self._inbox.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, Exception):
                kept.append(item)
        for error in kept:
            self._inbox.put(error)

    def _on_message(
        self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        while self._inbox.qsize() >= self._settings.receive_maximum:
            if self._closing.wait(_FULL_POLL_S):
                return  # not acknowledged: it comes again
        may_repeat = message.dup or self._suspects > 0
        if self._suspects:
            self._suspects -= 1
        self._inbox.put(
            Delivery(
                topic=_topic(message),
                payload=bytes(message.payload),
                may_repeat=may_repeat,
                user_properties=getattr(message.properties, "UserProperty", ()),
                receipt=(self._epoch, message.mid) if message.qos else None,
            )
        )

    def _on_publish(self, *_: object) -> None:
        with self._answers:
            self._unconfirmed -= 1
            self._answers.notify_all()

    def _refusal(self, reason: ReasonCode) -> str:
        return (
            f"the broker at {self._settings.broker_url} refused user "
            f"{self._settings.broker_username!r}: {reason}; check FROSTLINE_INGEST_BROKER_USERNAME "
            "and FROSTLINE_INGEST_BROKER_PASSWORD"
        )


def _topic(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:  # a broker should have refused it
        return "\N{REPLACEMENT CHARACTER}"


def _tls_context(settings: IngestSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.cert_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    return context
