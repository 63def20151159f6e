"""How does each request show in metrics and log, and which headers guard its answer?

A request is known by its route's template, never by its path: a member's path is a secret.
"""

import logging
import re
import time
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

_UNROUTED: Final = "(none)"
# Anybody may make up a method, and each label value is kept for ever.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD: Final = "(other)"
_STREAMS: Final = ("/live", "/stream")

# Nothing comes from elsewhere, nothing is framed, no script or style stands in the page itself.
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",  # the link is in the address
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


class Metrics:
    """The process's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "frostline_api_requests_total",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "frostline_api_request_seconds",
            "Time to answer, streams excepted.",
            ["route"],
            registry=self.registry,
        )
        self.streams = Gauge(
            "frostline_api_live_streams", "Live streams now open.", registry=self.registry
        )
        self.slow_streams = Counter(
            "frostline_api_live_streams_slow_total",
            "Live streams closed because their client read too slowly.",
            registry=self.registry,
        )
        self.events = Counter(
            "frostline_api_events_total", "Events read for live streams.", registry=self.registry
        )


class Observed:
    """ASGI middleware: guards each answer, counts it, and logs it in one line."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        finally:
            self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNROUTED)
        method = _method_label(scope["method"]) if route != _UNROUTED else _UNROUTED
        self._metrics.requests.labels(method, route, str(status)).inc()
        if not route.endswith(_STREAMS):
            self._metrics.seconds.labels(route).observe(seconds)
        log.info(
            "request answered",
            extra={
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
            },
        )


def _method_label(method: str) -> str:
    return method if method in _METHODS else _OTHER_METHOD


_CONSOLE_LINK: Final = re.compile(r"(/console\S*[?&]link=)[^&\s]*")


class WithoutLinks(logging.Filter):
    """Hides links in the server's own access log, should somebody turn it on."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the secret in a record's arguments."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                _without_link(value) if isinstance(value, str) else value for value in record.args
            )
        return True


def _without_link(text: str) -> str:
    if text.startswith("/m/"):
        return "/m/(link)"
    return _CONSOLE_LINK.sub(r"\1(link)", text)
