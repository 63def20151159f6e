"""Does a broker let a user in?

One MQTT 5 CONNECT, and the reason code of the answer: so the stack knows that a broker is up, and
has read a new password, without an MQTT library of its own.
"""

import socket
import struct
from typing import Final

ACCEPTED: Final = 0x00
_CONNACK: Final = 0x20
_TIMEOUT_S: Final = 2.0


def connect_packet(user: str, password: str) -> bytes:
    """Return a CONNECT with clean start and a client id that the broker draws (MQTT 5, 3.1)."""
    flags = 0b1100_0010  # user name, password, clean start
    head = _text("MQTT") + struct.pack(">BBH", 5, flags, 10) + b"\x00"  # keep alive, no properties
    body = head + _text("") + _text(user) + _text(password)
    if len(body) > 127:
        raise ValueError("a probe's user name and password have at most 100 bytes together")
    return bytes([0x10, len(body)]) + body


def reason_code(port: int, user: str, password: str) -> int | None:
    """Return the broker's answer, 0 if it lets the user in; None if there is no answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as connection:
            connection.sendall(connect_packet(user, password))
            answer = connection.recv(4)  # type, length, session present, reason code
            connection.sendall(b"\xe0\x00")  # DISCONNECT
    except OSError:
        return None
    return answer[3] if len(answer) == 4 and answer[0] == _CONNACK else None


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">H", len(data)) + data
