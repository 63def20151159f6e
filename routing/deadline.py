"""How long may a server take for its whole answer?

A time-out of each read doesn't bound it: who sends a byte a second, in the head or in the body, is
never late. Here every read and write has only what is left until one moment.
"""

import math
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
from httpcore import SOCKET_OPTION


class Deadline(httpcore.NetworkBackend):
    """The network until `until_s`, by the monotonic clock; then httpcore's time-outs are raised."""

    def __init__(self) -> None:
        self._network = httpcore.SyncBackend()
        self.until_s = math.inf

    def left_s(self) -> float:
        """Return the seconds that are left."""
        left_s = self.until_s - time.monotonic()
        if left_s <= 0:
            raise httpcore.ReadTimeout
        return left_s

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection."""
        del timeout
        try:
            stream = self._network.connect_tcp(
                host, port, self.left_s(), local_address, socket_options
            )
        except UnicodeError as error:  # Python's, of a name with an empty or too long part
            raise httpcore.ConnectError(f"{host} is no name of a host") from error
        return _Stream(stream, self)


class _Stream(httpcore.NetworkStream):
    """A connection of a deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline):
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive something."""
        del timeout
        return self._stream.read(max_bytes, self._deadline.left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send something."""
        del timeout
        self._stream.write(buffer, self._deadline.left_s())

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return the same connection, encrypted."""
        del timeout
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s())
        return _Stream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks of a connection, such as whether it is readable."""
        return self._stream.get_extra_info(info)
