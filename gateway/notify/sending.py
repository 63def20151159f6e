"""How is one attempt made, and how does it end?

Over a connection of its own, to an address that the guard has let pass, without proxies and without
following redirects. The answer is its status: of the body, no more is read than politeness asks.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final

import httpcore

from gateway.notify.guard import AddressRefused, addresses_of, read_url, require_allowed
from gateway.notify.retries import Answer
from gateway.notify.settings import NotifySettings
from schemas.webhook_url import Target

BODY_READ_BYTES: Final = 64 * 1024

_LONGEST_ERROR: Final = 300  # characters; what a receiver does wrong may be quoted in it
_USER_AGENT: Final = "Frostline"
_FAILURES: Final = (
    AddressRefused,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
)
"""What a receiver or its network may do to us."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent, and where."""

    url: str
    headers: Mapping[str, str]
    body: str


class Sender:
    """Makes attempts. Any number of threads may use it."""

    def __init__(self, settings: NotifySettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._tls = ssl.create_default_context(cafile=settings.ca_file)

    def attempt(self, message: Message) -> Answer:
        """Send a message once. What goes wrong outside is part of the answer."""
        at, started_s = self._clock(), time.monotonic()
        status: int | None = None
        error: str | None = None
        retry_after: str | None = None
        try:
            status, retry_after = self._post(message)
        except _FAILURES as failure:
            error = _sentence(failure, self._settings)
        if status is not None and 300 <= status < 400:
            error = "redirects are not followed; change the endpoint's URL"
        took_ms = round((time.monotonic() - started_s) * 1000)
        return Answer(at=at, took_ms=took_ms, status=status, error=error, retry_after=retry_after)

    def _post(self, message: Message) -> tuple[int, str | None]:
        """Return the status, and what Retry-After says."""
        target = read_url(message.url, allow_http=self._settings.allow_http)
        network = _Network(self._settings)
        with (
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=network) as pool,
            pool.stream(
                "POST",
                httpcore.URL(
                    scheme=target.scheme, host=target.host, port=target.port, target=target.path
                ),
                headers=_headers(target, message),
                content=message.body.encode(),
                extensions={"timeout": {"connect": self._settings.connect_timeout_s}},
            ) as response,
        ):
            _read_a_little(response)
            return response.status, _header(response, b"retry-after")


def _headers(target: Target, message: Message) -> list[tuple[bytes | str, bytes | str]]:
    headers = {
        "Host": target.host_header,
        "User-Agent": _USER_AGENT,
        "Content-Type": "application/json",
        "Connection": "close",
        **message.headers,
    }
    return list(headers.items())


def _read_a_little(response: httpcore.Response) -> None:
    """Let the receiver write its answer, up to a limit; the status is known already."""
    size = 0
    try:
        for chunk in response.iter_stream():
            size += len(chunk)
            if size >= BODY_READ_BYTES:
                return
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        return


def _header(response: httpcore.Response, name: bytes) -> str | None:
    for key, value in response.headers:
        if key.lower() == name:
            return value.decode("latin-1")
    return None


def _sentence(failure: Exception, settings: NotifySettings) -> str:
    """Say what went wrong; time-outs have no words of their own."""
    if isinstance(failure, httpcore.ConnectTimeout):
        return f"no connection within {settings.connect_timeout_s:g} s"
    if isinstance(failure, httpcore.TimeoutException):
        return f"no answer within {settings.timeout_s:g} s"
    return str(failure)[:_LONGEST_ERROR] or type(failure).__name__


class _Network(httpcore.NetworkBackend):
    """Connects to addresses that the guard lets pass, for one attempt."""

    def __init__(self, settings: NotifySettings) -> None:
        self._allow_private = settings.allow_private_addresses
        self._sockets = httpcore.SyncBackend()
        self._deadline_s = time.monotonic() + settings.timeout_s

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the host that answers, `timeout` seconds for all."""
        until_s = time.monotonic() + (timeout or 0.0)
        failure: Exception = httpcore.ConnectTimeout()
        for address in addresses_of(host, port, allow_private=self._allow_private):
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                break
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, left_s, local_address, socket_options
                )
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                failure = error
                continue
            return self._checked(stream)
        raise failure

    def _checked(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        """Judge whom the socket says it is connected to, not whom we meant."""
        try:
            peer = ip_address(stream.get_extra_info("server_addr")[0])
            require_allowed(peer, allow_private=self._allow_private)
        except OSError as error:
            stream.close()
            raise httpcore.ConnectError(str(error)) from error
        except AddressRefused:
            stream.close()
            raise
        return _TimedStream(stream, self._deadline_s)


class _TimedStream(httpcore.NetworkStream):
    """A connection that ends at a time, however slowly its other end drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline_s: float) -> None:
        self._stream = stream
        self._deadline_s = deadline_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        del timeout  # the deadline is the only one
        return self._stream.read(max_bytes, self._left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        del timeout
        self._stream.write(buffer, self._left_s())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on in TLS, within the time to connect."""
        left_s = self._left_s()
        secured = self._stream.start_tls(
            ssl_context, server_hostname, left_s if timeout is None else min(left_s, timeout)
        )
        return _TimedStream(secured, self._deadline_s)

    def get_extra_info(self, info: str) -> object:
        """Return what httpcore wants to know of the socket."""
        return self._stream.get_extra_info(info)

    def _left_s(self) -> float:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise httpcore.ReadTimeout
        return left_s
