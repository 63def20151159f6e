"""Server-sent events of a running api, as the HTML standard reads them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.api_world import World

# A stream that says nothing for so long has failed.
SILENCE_S = 8.0


@dataclass(frozen=True)
class Said:
    """One server-sent event."""

    event: str
    id: str
    data: Any


@contextmanager
def stream(world: World, url: str, **headers: str) -> Iterator[Iterator[Said]]:
    timeout = httpx.Timeout(SILENCE_S)
    with world.client.stream("GET", url, headers=headers, timeout=timeout) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parse(answer.iter_lines())


def parse(lines: Iterator[str]) -> Iterator[Said]:
    """Read events as the HTML standard says; comments are heartbeats."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            yield Said(event="heartbeat", id="", data=None)
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            data = json.loads(fields.get("data", "null"))
            yield Said(event=fields.get("event", ""), id=fields.get("id", ""), data=data)
            fields = {}
