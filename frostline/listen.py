"""How does a receiver of webhooks look, for trying them out?

It verifies each message with the convention's library, as any receiver should, answers, and prints
what came. It listens on this machine only.
"""

import base64
import binascii
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from frostline.errors import CommandRefused

_LONGEST_BODY_BYTES: Final = 1_000_000
_SHORTEST_KEY_BYTES: Final = 24  # as Standard Webhooks asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request, and what was made of it."""

    message_id: str
    answered: int
    seen_before: bool  # the same id was accepted before: a receiver ignores it
    problem: str | None  # why it was not accepted
    message: Mapping[str, Any] | None  # type, timestamp, sequence, data; None: not ours


class Receiver:
    """Decides on messages; the server below speaks HTTP for it."""

    def __init__(
        self, secret: str, *, fail_first: int, on_received: Callable[[Received], None]
    ) -> None:
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
            self._webhook = Webhook(secret)
        except (binascii.Error, ValueError, EmptyWebhookSecretError) as error:
            raise CommandRefused("the secret is not whsec_ and base64.") from error
        if not secret.startswith("whsec_") or len(key) < _SHORTEST_KEY_BYTES:
            raise CommandRefused(
                "the secret is not one of ours: whsec_ and 24 bytes or more in base64, as the "
                "answer that made the endpoint or rotated its secret shows it."
            )
        self._failures_left = fail_first
        self._on_received = on_received
        self._accepted: set[str] = set()
        self._lock = threading.Lock()  # each request has a thread of its own

    def receive(self, headers: Mapping[str, str], body: bytes) -> int:
        """Return the status to answer with: 204, 401 not signed by us, 500 asked to fail."""
        message_id = headers.get("webhook-id", "")
        message, problem = self._verify(headers, body)
        with self._lock:
            answer = self._answer(message)
            seen_before = message_id in self._accepted
            if answer == 204:
                self._accepted.add(message_id)
            self._on_received(
                Received(
                    message_id=message_id,
                    answered=answer,
                    seen_before=seen_before,
                    problem=problem,
                    message=message,
                )
            )
        return answer

    def _verify(
        self, headers: Mapping[str, str], body: bytes
    ) -> tuple[Mapping[str, Any] | None, str | None]:
        try:
            return self._webhook.verify(body, dict(headers)), None
        except (WebhookVerificationError, ValueError) as error:  # ValueError: not base64, not JSON
            return None, str(error)

    def _answer(self, message: Mapping[str, Any] | None) -> int:
        if message is None:
            return 401
        if self._failures_left > 0:
            self._failures_left -= 1
            return 500
        return 204


def serve(receiver: Receiver, port: int) -> ThreadingHTTPServer:
    """Return a server that asks the receiver; raises CommandRefused if the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdecimal() or int(length) > _LONGEST_BODY_BYTES:
                self._answer(413)
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(receiver.receive(headers, body))

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: the receiver says what came."""

    try:
        return ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise CommandRefused(f"port {port} cannot be listened on: {error.strerror}.") from error


def as_json(received: Received) -> str:
    """Write a request as one line of JSON."""
    return json.dumps(asdict(received), ensure_ascii=False)


def as_line(received: Received) -> str:
    """Write a request for a person."""
    if received.message is None:
        return f"refused with {received.answered}: {received.problem}"
    message = received.message
    again = ", seen before" if received.seen_before else ""
    head = (
        f"{message.get('timestamp')} {message.get('type')} #{message.get('sequence')} "
        f"{received.message_id} answered {received.answered}{again}"
    )
    return f"{head}\n  {json.dumps(message.get('data'), ensure_ascii=False)}"
