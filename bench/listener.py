"""What does an edge put on the wire? Counted by a second subscriber, outside the edge."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from schemas.columns import decode_batch
from schemas.topics import Kind


class Listener:
    """Counts batches, readings and payload bytes of every gateway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batches = self._readings = self._payload_bytes = 0

    def take(self, payload: bytes) -> None:
        """Count one message."""
        readings = len(decode_batch(payload).columns)
        with self._lock:
            self._batches += 1
            self._readings += readings
            self._payload_bytes += len(payload)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return batches, readings, payload bytes so far."""
        with self._lock:
            return self._batches, self._readings, self._payload_bytes


@contextmanager
def listening(broker_url: str, password: str) -> Iterator[Listener]:
    """Subscribe as the ingestor's user, beside the ingestor."""
    listener = Listener()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set("ingest", password)
    client.on_connect = lambda c, *_: c.subscribe(f"frostline/v1/+/+/{Kind.READINGS}", qos=1)

    def on_message(_client: mqtt.Client, _data: object, message: MQTTMessage) -> None:
        listener.take(bytes(message.payload))

    client.on_message = on_message
    address = urlsplit(broker_url)
    client.connect(address.hostname or "127.0.0.1", address.port or 1883)
    client.loop_start()
    try:
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()
