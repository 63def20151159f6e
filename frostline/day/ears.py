"""What does the outside hear of a simulated day? A receiver of webhooks, as a partner would run it.

It checks the signature of each message, and keeps what it says. Not the age: a day's messages are
of the day's own time.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

WANTED = (
    "frostline.order.promised",
    "frostline.order.offered",
    "frostline.promise.*",
    "frostline.rescue.*",
    "frostline.compensation.*",
)
"""What a day's receiver asks for."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that was signed by us."""

    type: str
    at: datetime
    data: Mapping[str, Any]


class Ears:
    """Keeps each message once; any thread may call."""

    def __init__(self) -> None:
        self._webhook: Webhook | None = None
        self._lock = threading.Lock()
        self._heard: dict[str, Heard] = {}
        self.unsigned = 0

    def trust(self, secret: str) -> None:
        """Take messages that are signed with this secret."""
        self._webhook = Webhook(secret)

    def heard(self) -> list[Heard]:
        """Return what was heard, in an order that does not depend on who came first."""
        with self._lock:
            heard = list(self._heard.values())
        return sorted(heard, key=lambda h: (h.at, h.type, json.dumps(h.data, sort_keys=True)))

    def receive(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take a message; return the status to answer with."""
        message_id = headers.get("webhook-id", "")
        if not self._is_signed(message_id, headers, body):
            self.unsigned += 1
            return 401
        message = json.loads(body)
        heard = Heard(
            message["type"], datetime.fromisoformat(message["timestamp"]), message["data"]
        )
        with self._lock:
            self._heard[message_id] = heard
        return 204

    def _is_signed(self, message_id: str, headers: Mapping[str, str], body: bytes) -> bool:
        if self._webhook is None:
            return False
        at = datetime.fromtimestamp(int(headers.get("webhook-timestamp", "0")), UTC)
        wanted = self._webhook.sign(message_id, at, body.decode())
        return wanted in headers.get("webhook-signature", "").split()


@contextmanager
def listening(ears: Ears) -> Iterator[str]:
    """Listen on this machine; give the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(ears.receive(headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="ears", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
