"""How fast does paho take messages and acknowledge them by hand, with nothing else to do?

`python -m bench.drain URL CLIENT_ID MESSAGES`, the password in BENCH_PASSWORD: prints the seconds
from the connection to the last acknowledgement.
"""

import os
import sys
import threading
import time
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


def drain(url: str, client_id: str, messages: int, password: str) -> float:
    """Return how many seconds it took."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True
    )
    client.username_pw_set("ingest", password)
    done = threading.Event()
    started_at: list[float] = []
    left = messages

    def on_message(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal left
        client.ack(message.mid, message.qos)
        left -= 1
        if not left:
            done.set()

    client.on_connect = lambda *_: started_at.append(time.perf_counter())
    client.on_message = on_message
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = 1000
    address = urlsplit(url)
    client.connect(
        address.hostname or "127.0.0.1",
        address.port or 1883,
        clean_start=False,
        properties=properties,
    )
    client.loop_start()
    done.wait()
    took_s = time.perf_counter() - started_at[0]
    client.disconnect()
    client.loop_stop()
    return took_s


if __name__ == "__main__":
    print(drain(sys.argv[1], sys.argv[2], int(sys.argv[3]), os.environ["BENCH_PASSWORD"]))
