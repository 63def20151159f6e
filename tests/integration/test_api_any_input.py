"""Whatever is sent to whichever operation, the answer is a problem or an answer, never a fault."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api import examples
from api.openapi import document
from tests import api_findings as gateway
from tests.api_world import World

DOCUMENT = json.loads(document())
ORDER_ID = examples.NEW_ORDER["order_id"]
BOX = f"{ORDER_ID}.chilled"
# Where an operation's path leads to something that is there, as in the examples of bodies.
THERE = {
    "order_id": ORDER_ID,
    "consignment_id": BOX,
    "logger_id": examples.NEW_BINDING["logger_id"],
    "place_id": examples.NEW_STAY["place_id"],
    "milestone": "packed",
    "complaint_id": "c-1",
    "intake_id": "in-1",
    "excursion_id": "1",
    "alert_id": "1",
    "trigger_id": "1",
    "maintenance_id": "1",
    "binding_id": "1",
    "stay_id": "1",
    "delivery_id": "1",
    "policy_id": "chilled",
    "version": "1",
    "endpoint_id": "we_000000000000",
    "form": "json",
}
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    1e308,
    "",
    "\u0000",
    "x" * 3000,
    "\ud800",
    "2026-11-21",
    [],
    [None],
    {"a": {}},
)
ODD_TEXTS = ("%00", "-1", "0", "9" * 40, "%F0%9F%A7%8A", "a" * 300, "null", "1.5", "%20")


def operations() -> Iterator[Any]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if not path.endswith(("/live", "/metrics")):
                yield pytest.param(method.upper(), path, operation, id=f"{method} {path}")


def bodies_of(operation: dict[str, Any]) -> Iterator[object]:
    """Yield the operation's own example with junk in one place after the other."""
    if "requestBody" not in operation:
        return
    shown = operation["requestBody"]["content"]["application/json"]["examples"]
    usual: dict[str, Any] = shown["usual"]["value"]
    yield from JUNK
    for name in usual:
        yield from (usual | {name: junk} for junk in JUNK)
        yield {key: value for key, value in usual.items() if key != name}


@pytest.fixture(scope="module")
def world(shared_world: World) -> World:
    """Lend an api with something of each kind in it."""
    world, box = shared_world, {"order_id": ORDER_ID, "subject_id": BOX}
    world.post("/orders", examples.NEW_ORDER, **{"Idempotency-Key": "key-0"})
    world.logger(THERE["logger_id"])
    world.place(THERE["place_id"])
    gateway.excursion(world, verdict_id=gateway.verdict(world, **box), **box)
    gateway.alert(world, order_id=ORDER_ID, consignment_id=BOX)
    gateway.trigger(world, f"spoiled:{BOX}", order_id=ORDER_ID)
    return shared_world


def ask(world: World, method: str, path: str, body: object = None) -> None:
    content = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": "key-1"}
    answer = world.client.request(method, path, content=content, headers=headers)
    assert answer.status_code < 500, (method, path, body, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_no_operation_falters(
    world: World, method: str, path: str, operation: dict[str, Any]
) -> None:
    there = path.format_map(THERE)
    for body in bodies_of(operation):
        ask(world, method, there, body)
    for parameter in operation.get("parameters", []):
        for odd in ODD_TEXTS:
            if parameter["in"] == "query":
                ask(world, method, f"{there}?{parameter['name']}={odd}")
            if parameter["in"] == "path":
                ask(world, method, path.format_map(THERE | {parameter["name"]: odd}))
