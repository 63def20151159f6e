"""What does the demo tell through the API? Two orders in a van, each in three boxes.

They were packed two hours ago, one box with too little ice. Everything is registered as any program
would do it: over HTTP, with a token.
"""

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from api import tokens
from firmware_sim.scenarios import Role, SimulatedLogger, Story
from firmware_sim.world import packed
from schemas.reading import Zone

_SCOPES: Final = (
    "orders:read",
    "orders:write",
    "loggers:write",
    "curves:read",
    "links:write",
    "metrics:read",
    "handovers:write",
    "alerts:read",
    "triggers:read",
    "webhooks:write",
)
_VAN: Final = "van-1.chilled"
_TIMEOUT_S: Final = 10.0
_MEMBERS: Final = {1: ("member-1", "V3"), 2: ("member-2", "gold")}  # four hours
_PROMISE: Final = timedelta(hours=4)
_PICKING: Final = timedelta(minutes=20)
_DELIVERY_FEE: Final = 600  # fen
_GOODS_VALUE: Final = {Zone.FROZEN: 12_800, Zone.CHILLED: 8_650, Zone.AMBIENT: 4_200}  # fen
# The box that warms is judged in a hurry: a demo does not wait half an hour. The others go by the
# policies that come along: a lid that stands open for 40 s is no excursion.
_HURRIED_POLICY: Final = "chilled-demo"


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
class Telling:
    """The orders that were created, and the member's link to each."""

    client: Client
    links: dict[str, str]
    boxes: dict[str, dict[str, str]]  # by order: each box's consignment and its logger


def make_token(database_url: str, name: str) -> str:
    """Make a token that may do everything, for a day."""
    now = datetime.now(UTC)
    with psycopg.connect(database_url) as connection:
        return tokens.create(connection, name, _SCOPES, now + timedelta(days=1), now=now)


def tell(
    client: Client, loggers: Sequence[SimulatedLogger], now: datetime, *, packed_s: float
) -> Telling:
    """Register loggers and van, create the orders, bind each box's logger, set off."""
    packed_at = now - timedelta(seconds=packed_s)
    client.send("PUT", f"/places/{_VAN}", {"kind": "vehicle", "name": "Van 1", "zone": "chilled"})
    for logger in loggers:
        client.send("PUT", f"/loggers/{logger.logger_id}", {"label": logger.name})
        if logger.role is Role.PLACE:
            _bind(client, logger, packed_at, place_id=_VAN)
    orders = sorted({logger.order for logger in loggers if logger.order is not None})
    links, boxes_of = {}, {}
    for number in orders:
        boxes = [logger for logger in loggers if logger.order == number]
        order_id = f"order-{number}"
        _order(client, order_id, _MEMBERS[number], boxes, packed_at)
        links[order_id] = _link(client, order_id, now)
        boxes_of[order_id] = {f"{order_id}.{box.zone}": str(box.logger_id) for box in boxes}
    return Telling(client=client, links=links, boxes=boxes_of)


def subscribe(client: Client, url: str) -> str:
    """Let a receiver be told everything; return the secret that signs it."""
    endpoint = {"url": url, "description": "The demo's own receiver"}
    key = {"Idempotency-Key": "demo-receiver"}
    secret: str = client.send("POST", "/webhooks/endpoints", endpoint, **key)["secret"]
    return secret


def _order(
    client: Client,
    order_id: str,
    member: tuple[str, str],
    boxes: Sequence[SimulatedLogger],
    packed_at: datetime,
) -> None:
    order = {
        "order_id": order_id,
        "member_id": member[0],
        "member_level": member[1],
        "placed_at": (packed_at - _PICKING).isoformat(),
        "due_at": (packed_at - _PICKING + _PROMISE).isoformat(),
        "delivery_fee": _DELIVERY_FEE,
        "consignments": [_consignment(order_id, box, packed_at) for box in boxes],
    }
    client.send("POST", "/orders", order, **{"Idempotency-Key": f"demo-{order_id}"})
    for box in boxes:
        consignment_id = f"{order_id}.{box.zone}"
        _bind(client, box, packed_at, consignment_id=consignment_id)
        if box.zone is Zone.CHILLED and box.story is not Story.WARMING:
            stay = {"consignment_id": consignment_id, "place_id": _VAN}
            client.send("POST", "/stays", stay | {"from_at": packed_at.isoformat()})
    for step in ("packed", "departed"):
        handover = {"step": step, "at": packed_at.isoformat(), "person": "demo"}
        client.send("POST", f"/orders/{order_id}/handovers", handover)


def _consignment(order_id: str, box: SimulatedLogger, packed_at: datetime) -> dict[str, object]:
    how = packed(box)
    return {
        "zone": box.zone,
        "consignment_id": f"{order_id}.{box.zone}",
        "policy_id": _HURRIED_POLICY if box.story is Story.WARMING else None,
        "goods_value": _GOODS_VALUE[box.zone],
        "packing": {
            "packed_at": packed_at.isoformat(),
            "box_material": how.box_material,
            "pack_kind": how.pack_kind,
            "pack_kg": how.pack_kg,
            "product_kg": how.product_kg,
        },
    }


def _bind(client: Client, logger: SimulatedLogger, from_at: datetime, **target: str) -> None:
    binding = {"logger_id": logger.logger_id, "from_at": from_at.isoformat(), "by": "demo"}
    client.send("POST", "/bindings", binding | target)


def _link(client: Client, order_id: str, now: datetime) -> str:
    until = {"expires_at": (now + timedelta(days=1)).isoformat()}
    url: str = client.send("POST", f"/orders/{order_id}/links", until)["url"]
    return url
