"""How does paho get its bytes without a system call for each byte of a packet's head?

It reads the first byte, each byte of the length and the rest by calls of their own, and asks before
each packet whether there is one. Each call gives up the interpreter's lock, which the threads that
read and commit batches then hold for a while. Reading ahead makes that one call for many packets.
"""

import ssl
from typing import TYPE_CHECKING, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike  # exists for type checkers alone

_AHEAD_BYTES: Final = 1 << 16


class ReadAheadSocket:
    """A socket that reads as much as there is and hands it out in the pieces asked for."""

    def __init__(self, socket: "SocketLike") -> None:
        self._socket = socket
        self._ahead = b""
        self._taken = 0
        self.send, self.fileno = socket.send, socket.fileno
        self.setblocking, self.close = socket.setblocking, socket.close

    def recv(self, buffer_size: int) -> bytes:
        """Return at most so many bytes; an empty text at the end of the stream."""
        start = self._taken
        if start >= len(self._ahead):
            self._ahead = self._socket.recv(_AHEAD_BYTES)
            start = 0
        self._taken = start + buffer_size
        return self._ahead[start : self._taken]

    def pending(self) -> int:
        """Return how many bytes can be had without waiting; paho asks before it waits."""
        ahead = max(0, len(self._ahead) - self._taken)
        return ahead or (self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0)


class ReadAheadClient(mqtt.Client):
    """paho's client on such a socket."""

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handle all packets that were read ahead."""
        while True:
            result = super().loop_read(max_packets)
            socket = self.socket()
            if result or not isinstance(socket, ReadAheadSocket) or not socket.pending():
                return result

    def _create_socket(self) -> "SocketLike":
        return ReadAheadSocket(super()._create_socket())
