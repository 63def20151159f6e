"""How does a simulated day speak to the api? Over HTTP, as any program does, one call at a time."""

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

_TIMEOUT_S: Final = 60.0


class ApiRefused(RuntimeError):
    """The api refused what the day told it. The message has its words."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: {status} {body[:500]}")
        self.status = status


class Door:
    """One connection that is kept open. Not for several threads at once."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port, timeout=_TIMEOUT_S
        )
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.calls = 0

    def send(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Any:
        """Send JSON and return the answer's, or {}; raise ApiRefused where it is no success."""
        headers = self._headers if key is None else self._headers | {"Idempotency-Key": key}
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        self.calls += 1
        if not 200 <= answer.status < 300:
            raise ApiRefused(method, path, answer.status, text.decode(errors="replace"))
        return json.loads(text) if text else {}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
