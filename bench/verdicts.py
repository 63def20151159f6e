"""A thousand boxes that break their limit at known moments, and who hears of it when.

Each box is out of its zone from its first reading on. What differs is for how long its policy
tolerates that, so that excursions are found all through the measurement.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psycopg

from firmware_sim.scenarios import SimulatedLogger
from frostline.listen import Received, Receiver, serve
from frostline.story import Client
from gateway.judge.library import load, read_policy_document
from gateway.judge.store import Store
from schemas.events import EXCURSION_OPENED

_POLICIES: Final = 20

# Warmer than any box of the simulator's is tolerated for so long.
_POLICY: Final = """
policy_id = "bench-{number}"
version = 1
zone = "chilled"
source = "The bench's own: every box is too warm"
upper_c = -90

[[limits]]
name = "too-warm"
side = "upper"
limit_c = -90
duration_s = {duration_s}
severity = "warning"
"""

# The reading that used up what is tolerated: from then on the excursion could be known.
_BREAKING: Final = """
SELECT e.excursion_id, b.logger_id, r.sequence, e.found_at
FROM excursions e
JOIN bindings b ON b.consignment_id = e.subject_id
JOIN consignments c ON c.consignment_id = e.subject_id
JOIN policies p USING (policy_id)
JOIN LATERAL (
    SELECT sequence FROM heard_readings h
    WHERE h.logger_id = b.logger_id AND h.measured_at >= e.from_at
      + make_interval(secs => (p.document -> 'limits' -> 0 ->> 'duration_s')::float)
    ORDER BY h.measured_at LIMIT 1
) r ON true
WHERE e.revision = 1
"""


@dataclass(frozen=True, slots=True)
class Found:
    """An excursion: which measurement broke the limit, and when the verdict was there."""

    excursion_id: int
    logger_id: str
    sequence: int
    found_at: datetime


def make_orders(
    client: Client, database_url: str, loggers: Sequence[SimulatedLogger], *, over_s: int
) -> None:
    """Make an order for each logger; their excursions spread evenly over so many seconds."""
    now = datetime.now(UTC)
    with Store.connect(database_url, name="frostline bench") as store:
        for number in range(_POLICIES):
            duration_s = (number + 1) * over_s // _POLICIES
            text = _POLICY.format(number=number, duration_s=duration_s)
            load(store, read_policy_document(text, name=f"bench-{number}"), now=now)
    for number, logger in enumerate(loggers):
        _make_order(client, logger, f"bench-{number % _POLICIES}", number, now)


def _make_order(
    client: Client, logger: SimulatedLogger, policy_id: str, number: int, now: datetime
) -> None:
    order_id = f"order-{number}"
    client.send("PUT", f"/loggers/{logger.logger_id}", {})
    order = {
        "order_id": order_id,
        "member_id": "bench",
        "member_level": "V1",
        "placed_at": now.isoformat(),
        "consignments": [{"zone": "chilled", "policy_id": policy_id}],
    }
    client.send("POST", "/orders", order, **{"Idempotency-Key": order_id})
    binding = {"logger_id": logger.logger_id, "from_at": now.isoformat()}
    client.send("POST", "/bindings", binding | {"consignment_id": f"{order_id}.chilled"})


def found_excursions(database_url: str) -> list[Found]:
    """Return what the judge found first of each box."""
    with psycopg.connect(database_url) as connection:
        return [Found(*row) for row in connection.execute(_BREAKING)]


class Arrivals:
    """When a receiver heard of each excursion, by the excursion's id, in ms."""

    def __init__(self) -> None:
        self.at_ms: dict[int, int] = {}

    def take(self, received: Received) -> None:
        """Note a message that was verified."""
        if received.message is not None and received.message["type"] == EXCURSION_OPENED:
            excursion_id = received.message["data"]["excursion_id"]
            self.at_ms.setdefault(excursion_id, time.time_ns() // 1_000_000)


@contextmanager
def receiving(secret: str, port: int) -> Iterator[Arrivals]:
    """Receive webhooks in a thread."""
    arrivals = Arrivals()
    server = serve(Receiver(secret, fail_first=0, on_received=arrivals.take), port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield arrivals
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
