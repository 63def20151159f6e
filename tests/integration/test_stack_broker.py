"""The broker keeps gateways apart, and their word for what is stored to ingest alone."""

import threading
from urllib.parse import urlsplit

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from frostline.stack import mqtt_probe
from schemas.ids import GatewayId
from schemas.topics import Kind, topic_of

NO_SUBSCRIBERS, NOT_AUTHORIZED = 0x10, 0x87  # MQTT 5, 2.4
TRUCK, OTHER = GatewayId("truck-7"), GatewayId("truck-8")


class Client:
    """A client of the shared broker that remembers what it hears."""

    def __init__(self, broker, user, client_id=""):
        self.heard = []
        self.lost = threading.Event()
        self._subscribed = threading.Event()
        self._acks = {}
        self._acked = threading.Condition()
        self._connected = threading.Event()
        self.mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5)
        self.mqtt.username_pw_set(user, broker.password(user))
        self.mqtt.on_connect = lambda *_: self._connected.set()
        self.mqtt.on_disconnect = lambda *_: self.lost.set()
        self.mqtt.on_subscribe = lambda *_: self._subscribed.set()
        self.mqtt.on_message = lambda _client, _data, message: self.heard.append(message)
        self.mqtt.on_publish = self._on_publish
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600 if client_id else 0
        parts = urlsplit(broker.url)
        self.mqtt.connect(
            parts.hostname, parts.port, clean_start=not client_id, properties=properties
        )
        self.mqtt.loop_start()
        assert self._connected.wait(10)

    def subscribe(self, topic):
        self.mqtt.subscribe(topic, qos=1)
        assert self._subscribed.wait(10)

    def publish(self, topic, payload=b"x"):
        """Publish, and return the reason code of the acknowledgement."""
        message_id = self.mqtt.publish(topic, payload, qos=1).mid
        with self._acked:
            assert self._acked.wait_for(lambda: message_id in self._acks, timeout=10)
        return self._acks[message_id].value

    def close(self):
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def _on_publish(self, _client, _data, message_id, reason, _properties):
        with self._acked:
            self._acks[message_id] = reason
            self._acked.notify_all()


@pytest.fixture
def connect(broker):
    clients = []

    def connect(user, at=broker, client_id=""):
        clients.append(Client(at, user, client_id))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_ingest_hears_readings_and_the_gateway_hears_that_they_are_stored(connect, wait_until):
    ingest, truck = connect("ingest"), connect(TRUCK)
    ingest.subscribe("frostline/v1/+/+/readings")
    truck.subscribe(topic_of(TRUCK, Kind.STORED))
    assert truck.publish(topic_of(TRUCK, Kind.READINGS)) == 0
    assert ingest.publish(topic_of(TRUCK, Kind.STORED)) == 0
    wait_until(lambda: ingest.heard and truck.heard, what="both messages")


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        (TRUCK, topic_of(TRUCK, Kind.STORED)),
        (TRUCK, topic_of(OTHER, Kind.STORED)),
        (TRUCK, topic_of(OTHER, Kind.READINGS)),
        (TRUCK, topic_of(OTHER, Kind.STATUS)),
        (TRUCK, topic_of(TRUCK, Kind.CONFIG)),
        (TRUCK, "frostline/v1/00/truck-7/readings/more"),
        ("ingest", topic_of(TRUCK, Kind.READINGS)),
    ],
    ids=lambda value: value.rpartition("v1/")[2],
)
def test_a_forged_message_is_refused_and_reaches_nobody(connect, wait_until, user, topic):
    victim, ingest = connect(TRUCK), connect("ingest")
    victim.subscribe(topic_of(TRUCK, Kind.STORED))
    ingest.subscribe("frostline/v1/+/+/readings")
    assert connect(user).publish(topic, b"forged") == NOT_AUTHORIZED
    ingest.publish(topic_of(TRUCK, Kind.STORED), b"true")
    victim.publish(topic_of(TRUCK, Kind.READINGS), b"true")
    wait_until(lambda: victim.heard and ingest.heard, what="the true messages")
    assert {message.payload for message in victim.heard + ingest.heard} == {b"true"}


def test_a_gateway_that_listens_to_everything_hears_only_its_own(connect, wait_until):
    curious, truck, ingest = connect(OTHER), connect(TRUCK), connect("ingest")
    curious.subscribe("#")
    truck.publish(topic_of(TRUCK, Kind.READINGS))
    ingest.publish(topic_of(TRUCK, Kind.STORED))
    ingest.publish(topic_of(OTHER, Kind.STORED))
    wait_until(lambda: curious.heard, what="the message that is its own")
    assert [message.topic for message in curious.heard] == [topic_of(OTHER, Kind.STORED)]


def test_nobody_gets_in_with_anothers_password(broker):
    port = urlsplit(broker.url).port
    broker.password(TRUCK)
    assert mqtt_probe.reason_code(port, TRUCK, broker.password(OTHER)) == NOT_AUTHORIZED
    assert mqtt_probe.reason_code(port, "stranger", "") == NOT_AUTHORIZED


def test_a_new_user_does_not_disturb_those_who_are_connected(connect, broker):
    truck = connect(TRUCK)
    broker.password("truck-new")
    assert truck.publish(topic_of(TRUCK, Kind.READINGS)) in {0, NO_SUBSCRIBERS}
    assert not truck.lost.is_set()


def test_an_absent_ingestor_finds_all_that_was_queued_after_a_restart(
    connect, make_broker, wait_until
):
    """More than the 1,000 messages that mosquitto would keep by itself."""
    private = make_broker()
    ingest = connect("ingest", at=private, client_id="ingest-00-3f")
    ingest.subscribe("frostline/v1/+/+/readings")
    ingest.close()
    truck = connect(TRUCK, at=private)
    for _ in range(1500):
        truck.mqtt.publish(topic_of(TRUCK, Kind.READINGS), b"x", qos=1)
    assert truck.publish(topic_of(TRUCK, Kind.READINGS)) == 0
    private.stop()
    private.start()
    again = connect("ingest", at=private, client_id="ingest-00-3f")
    wait_until(lambda: len(again.heard) == 1501, what="1501 messages")


def test_a_killed_broker_comes_back_on_its_port_with_its_users(make_broker):
    private = make_broker()
    url, password = private.url, private.password(TRUCK)
    private.kill()
    assert mqtt_probe.reason_code(private.port, TRUCK, password) is None
    private.start()
    assert (private.url, private.password(TRUCK)) == (url, password)
    assert mqtt_probe.reason_code(private.port, TRUCK, password) == mqtt_probe.ACCEPTED
