"""Whatever is sent to whichever operation, the answer is a problem or an answer, never a fault."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api import examples
from api.openapi import document
from tests import api_findings as gateway
from tests.api_world import T0, World, iso
from tests.dispatch_rows import CITY, CityRows

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
    "city_id": CITY,
    "vehicle_id": "van-3",
    "depot_id": "xuhui",
    "locker_id": "locker-1",
    "shift_id": "shift-van-3",
    "zone": "chilled",
    "disruption_id": "d-1",
    "command_id": "cmd-1",
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
            if not path.endswith(("/live", "/metrics", "/stream")):
                yield pytest.param(method.upper(), path, operation, id=f"{method} {path}")


def bodies_of(operation: dict[str, Any]) -> Iterator[object]:
    """Yield the operation's own examples with junk in one place after the other."""
    if "requestBody" not in operation:
        return
    yield from JUNK
    for shown in operation["requestBody"]["content"]["application/json"]["examples"].values():
        usual: dict[str, Any] = shown["value"]
        yield usual
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
    _city(world)
    return shared_world


def _city(world: World) -> None:
    """Write a city whose plan, version 1, has a stop, and something that was said of it."""
    city = CityRows(world)
    for vehicle_id in ("van-3", "van-5"):
        city.vehicle(vehicle_id)
    city.order("2026-1121-0011")
    city.plan(1)
    city.stop("van-3", "2026-1121-0011")
    delay = {"city_id": CITY, "kind": "delay", "vehicle_id": "van-3", "from_at": iso(T0)}
    world.put("/disruptions/d-1", delay | {"details": {"delay_s": 60}}, status=201)
    release = {"command_id": "cmd-1", "kind": "release", "order_id": "2026-1121-0011"}
    world.post(f"/cities/{CITY}/commands", release | {"base_version": 1}, status=202)


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
