"""What does the demo tell through the API? Two orders in a van, each in three boxes.

Everything is registered as any program would do it: over HTTP, with a token.
"""

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from api import tokens
from firmware_sim.scenarios import Role, SimulatedLogger

_SCOPES: Final = (
    "orders:read",
    "orders:write",
    "loggers:write",
    "curves:read",
    "links:write",
    "metrics:read",
)
_VAN: Final = "van-1.chilled"
_TIMEOUT_S: Final = 10.0
_MEMBERS: Final = {1: ("member-1", "diamond"), 2: ("member-2", "V4")}


@dataclass(frozen=True, slots=True)
class Client:
    """The API, with a token."""

    url: str
    token: str

    def send(self, method: str, path: str, body: object, **headers: str) -> Any:
        """Send JSON and return the answer's."""
        request = urllib.request.Request(  # noqa: S310  # our own http address
            f"{self.url}{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                **headers,
            },
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return json.load(answer)

    def get(self, path: str) -> bytes:
        """Return what stands at a path."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.url}{path}", headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            content: bytes = answer.read()
            return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The orders that were created, and the member's link to each."""

    client: Client
    links: dict[str, str]
    boxes: dict[str, dict[str, str]]  # by order: each box's consignment and its logger


def make_token(database_url: str, name: str) -> str:
    """Make a token that may do everything, for a day."""
    now = datetime.now(UTC)
    with psycopg.connect(database_url) as connection:
        return tokens.create(connection, name, _SCOPES, now + timedelta(days=1), now=now)


def tell(client: Client, loggers: Sequence[SimulatedLogger], now: datetime) -> Story:
    """Register loggers and van, create the orders, bind each box's logger, set off."""
    client.send("PUT", f"/places/{_VAN}", {"kind": "vehicle", "name": "Van 1", "zone": "chilled"})
    for logger in loggers:
        client.send("PUT", f"/loggers/{logger.logger_id}", {"label": logger.name})
        if logger.role is Role.PLACE:
            _bind(client, logger, now, place_id=_VAN)
    orders = sorted({logger.order for logger in loggers if logger.order is not None})
    links, boxes_of = {}, {}
    for number in orders:
        boxes = [logger for logger in loggers if logger.order == number]
        order_id = f"order-{number}"
        _order(client, order_id, number, boxes, now)
        links[order_id] = _link(client, order_id, now)
        boxes_of[order_id] = {f"{order_id}.{box.zone}": str(box.logger_id) for box in boxes}
    return Story(client=client, links=links, boxes=boxes_of)


def _order(
    client: Client, order_id: str, number: int, boxes: Sequence[SimulatedLogger], now: datetime
) -> None:
    member_id, level = _MEMBERS[number]
    consignments = [{"zone": box.zone, "consignment_id": f"{order_id}.{box.zone}"} for box in boxes]
    order = {
        "order_id": order_id,
        "member_id": member_id,
        "member_level": level,
        "placed_at": (now - timedelta(minutes=20)).isoformat(),
        "due_at": (now + timedelta(minutes=100)).isoformat(),
        "consignments": consignments,
    }
    client.send("POST", "/orders", order, **{"Idempotency-Key": f"demo-{order_id}"})
    for box in boxes:
        consignment_id = f"{order_id}.{box.zone}"
        _bind(client, box, now, consignment_id=consignment_id)
        if box.zone == "chilled":
            stay = {"consignment_id": consignment_id, "place_id": _VAN}
            client.send("POST", "/stays", stay | {"from_at": now.isoformat()})
    for milestone in ("packed", "departed"):
        reached = {"at": now.isoformat()}
        client.send("PUT", f"/orders/{order_id}/milestones/{milestone}", reached)


def _bind(client: Client, logger: SimulatedLogger, now: datetime, **target: str) -> None:
    binding = {"logger_id": logger.logger_id, "from_at": now.isoformat(), "by": "demo"}
    client.send("POST", "/bindings", binding | target)


def _link(client: Client, order_id: str, now: datetime) -> str:
    until = {"expires_at": (now + timedelta(days=1)).isoformat()}
    url: str = client.send("POST", f"/orders/{order_id}/links", until)["url"]
    return url
