"""Webhooks' endpoints, secrets, deliveries and replays, over HTTP and a real database."""

import base64
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests import api_findings as gateway
from tests.api_world import T0, World

NEW = {"url": "https://erp.example/in", "event_types": ["frostline.excursion.*"]}


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


def secrets_of(world: World) -> list[str]:
    ((secrets,),) = world.sql("SELECT secrets FROM webhook_endpoints")
    return list(secrets)


def register(world: World, *, status: int = 201, key: str | None = None, **changes: Any) -> Any:
    """Register an endpoint, with a key of its own where none is given."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return world.post("/webhooks/endpoints", NEW | changes, status=status, **headers)


def rotate(world: World, made: Any, *, status: int = 201, key: str | None = None) -> Any:
    path = f"/webhooks/endpoints/{made['endpoint_id']}/rotation"
    return world.post(path, None, status=status, **{"Idempotency-Key": key or uuid.uuid4().hex})


# Endpoints ---------------------------------------------------------------------------------------


def test_a_secret_is_shown_once_and_in_no_get(world: World) -> None:
    made = register(world)
    prefix, _, encoded = made["secret"].partition("_")
    # Standard Webhooks: whsec_ and base64 of 24 to 64 bytes.
    assert (prefix, 24 <= len(base64.b64decode(encoded, validate=True)) <= 64) == ("whsec", True)
    Webhook(made["secret"])
    path = f"/webhooks/endpoints/{made['endpoint_id']}"
    for answer in (world.client.get(path), world.client.get("/webhooks/endpoints")):
        assert answer.status_code == 200
        assert "secret" not in answer.text.replace("old_secret_until", "")
        assert encoded not in answer.text
    assert secrets_of(world) == [made["secret"]]


def test_a_rotated_secret_signs_beside_the_new_one_for_a_day(world: World) -> None:
    first = register(world)
    world.fixed_now = T0
    second = rotate(world, first)
    assert second["old_secret_until"] == "2026-11-22T02:00:00Z"
    assert secrets_of(world) == [second["secret"], first["secret"]]
    third = rotate(world, first)
    assert secrets_of(world) == [third["secret"], second["secret"]]
    rotate(world, {"endpoint_id": "we_000000000000"}, status=404)


def test_a_request_that_came_twice_registers_one_endpoint_with_one_secret(world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: register(world, key="key-1"), range(4)))
    assert made == [made[0]] * 4
    assert secrets_of(world) == [made[0]["secret"]]
    register(world, key="key-1", description="another", status=409)
    register(world, key="key-1", url="http://erp.example/in", status=400)


def test_a_rotation_that_came_twice_leaves_the_receivers_secret(world: World) -> None:
    first = register(world)
    second = rotate(world, first, key="key-2")
    assert rotate(world, first, key="key-2") == second
    assert secrets_of(world) == [second["secret"], first["secret"]]
    rotate(world, register(world), key="key-2", status=409)


def test_registering_and_rotating_need_a_key(world: World) -> None:
    world.post("/webhooks/endpoints", NEW, status=422)
    world.post(f"/webhooks/endpoints/{register(world)['endpoint_id']}/rotation", None, status=422)


def test_a_deleted_endpoints_secrets_are_kept_nowhere(world: World) -> None:
    made = register(world, key="key-1")
    rotated = rotate(world, made)
    world.client.delete(f"/webhooks/endpoints/{made['endpoint_id']}")
    kept = str(world.sql("SELECT * FROM idempotency_keys")) + str(secrets_of(world))
    assert made["secret"] not in kept
    assert rotated["secret"] not in kept
    assert register(world, key="key-1") == made | {"secret": ""}


def test_an_endpoint_is_changed_where_something_is_given(world: World) -> None:
    made = register(world, description="The ERP")
    path = f"/webhooks/endpoints/{made['endpoint_id']}"
    changed = world.client.patch(path, json={"enabled": False}).json()
    assert (changed["enabled"], changed["url"], changed["description"]) == (
        False,
        NEW["url"],
        "The ERP",
    )
    body = {"enabled": True, "event_types": [], "url": "https://other.example/"}
    again = world.client.patch(path, json=body).json()
    assert (again["enabled"], again["event_types"], again["url"]) == (True, [], body["url"])
    nobody = world.client.patch("/webhooks/endpoints/we_000000000000", json={"enabled": True})
    assert nobody.status_code == 404


def test_a_deleted_endpoint_is_gone_with_its_secrets(world: World) -> None:
    made = register(world)
    path = f"/webhooks/endpoints/{made['endpoint_id']}"
    assert world.client.delete(path).status_code == 200
    assert secrets_of(world) == [""]
    assert world.get("/webhooks/endpoints") == []
    assert world.client.delete(path).status_code == 404
    assert world.client.patch(path, json={"enabled": True}).status_code == 404
    assert world.sql("SELECT enabled FROM webhook_endpoints") == [(False,)]


def test_that_an_endpoint_answered_410_is_said(world: World) -> None:
    made = register(world)
    world.sql(
        "INSERT INTO webhook_positions (endpoint_id, xid, event_id, disabled_at, disabled_why) "
        "VALUES (%s, '1', 1, %s, 'It answered 410.')",
        made["endpoint_id"],
        T0,
    )
    found = world.get(f"/webhooks/endpoints/{made['endpoint_id']}")
    assert (found["disabled_at"], found["enabled"]) == ("2026-11-21T02:00:00Z", True)


@pytest.mark.parametrize(
    ("url", "status", "says"),
    [
        ("https://erp.example", 201, ""),
        ("https://[2001:4860::1]:8443/x?y=z", 201, ""),
        ("http://erp.example/in", 400, "not https"),
        ("ftp://erp.example/in", 422, "https://host/path"),
        ("https://", 422, "https://host/path"),
        ("https:///in", 422, "https://host/path"),
        ("https://erp.example:0/in", 422, "https://host/path"),
        ("https://erp.example:65536/", 422, "cannot be read"),
        ("https://[::1/in", 422, "cannot be read"),
        ("https://me:pass@erp.example/", 422, "user name"),
        ("https://erp.example/#part", 422, "fragment"),
        ("https://erp.example/a b", 422, "ASCII"),
        ("https://erp.example/\u00e9", 422, "ASCII"),
        ("https://erp.example/" + "x" * 1981, 422, "at most 2000"),
        ("", 422, "at least 1"),
        (None, 422, "string"),
    ],
)
def test_an_address_is_https_and_can_be_read(
    world: World, url: str | None, status: int, says: str
) -> None:
    answer = register(world, status=status, url=url)
    assert says in answer.get("detail", "")


@pytest.mark.parametrize(
    ("pattern", "status"),
    [
        ("frostline.excursion.opened", 201),
        ("frostline.excursion.*", 201),
        ("frostline.*", 201),
        ("frostline.excursion.", 422),
        ("frostline.excursion*", 422),
        ("*", 422),
        ("frostline.readings.stored", 422),
        ("", 422),
    ],
)
def test_event_types_name_something_that_is_told(world: World, pattern: str, status: int) -> None:
    answer = register(world, status=status, event_types=[pattern])
    if status == 422:
        assert "names no event" in answer["detail"]


# Deliveries --------------------------------------------------------------------------------------


def deliver(world: World, endpoint_id: str, sequence: int, **changes: Any) -> int:
    """Write a delivery as the notifier does."""
    values = {
        "endpoint_id": endpoint_id,
        "message_id": f"msg_{sequence}",
        "type": "frostline.excursion.opened",
        "order_id": "order-1",
        "sequence": sequence,
        "body": '{"type":"frostline.excursion.opened"}',
        "created_at": T0,
        **changes,
    }
    return int(gateway.insert(world, "webhook_deliveries", "delivery_id", values))


def test_what_was_told_to_whom_is_found_and_told_in_full(world: World) -> None:
    endpoint_id = register(world)["endpoint_id"]
    waiting = deliver(world, endpoint_id, 1, next_attempt_at=T0)
    done = deliver(world, endpoint_id, 2, delivered_at=T0, order_id="order-2")
    lost = deliver(world, endpoint_id, 3, given_up_at=T0, type="frostline.order.milestone")
    attempt = {"delivery_id": lost, "attempt": 1, "at": T0, "took_ms": 31, "status": 500}
    gateway.insert(world, "webhook_attempts", "attempt", attempt)

    def ids(**asked: Any) -> list[int]:
        return [found["delivery_id"] for found in world.get("/webhooks/deliveries", **asked)]

    assert ids() == ids(endpoint_id=endpoint_id) == [lost, done, waiting]
    assert ids(endpoint_id="we_000000000000") == []
    assert ids(state="waiting") == [waiting]
    assert ids(state="delivered") == ids(order_id="order-2") == [done]
    assert ids(state="given_up") == ids(type="frostline.order.milestone") == [lost]
    assert ids(before=done) == [waiting]
    found = world.get(f"/webhooks/deliveries/{lost}")
    assert (found["state"], found["log"][0]["status"]) == ("given_up", 500)
    assert re.fullmatch(r'\{"type":.*\}', found["body"])
    assert world.client.get("/webhooks/deliveries/404").status_code == 404


def test_replays_that_are_asked_for_at_once_are_one(world: World) -> None:
    delivery_id = deliver(world, register(world)["endpoint_id"], 1, given_up_at=T0)
    path = f"/webhooks/deliveries/{delivery_id}/replay"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.client.post(path), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert world.sql("SELECT count(*) FROM webhook_replays") == [(1,)]


def test_a_replay_is_asked_for_once_until_it_is_taken(world: World) -> None:
    endpoint_id = register(world)["endpoint_id"]
    path = f"/webhooks/deliveries/{deliver(world, endpoint_id, 1, given_up_at=T0)}/replay"
    asked = world.post(path, None)
    assert asked["requested_by"] == "a test"
    assert world.post(path, None, status=200) == asked
    world.sql("DELETE FROM webhook_replays")
    assert world.post(path, None)["replay_id"] > asked["replay_id"]
    world.post("/webhooks/deliveries/404/replay", None, status=404)
    assert world.client.delete(f"/webhooks/endpoints/{endpoint_id}").status_code == 200
    assert "endpoint" in world.post(path, None, status=404)["detail"]


def test_only_its_scope_opens_the_administration_of_webhooks(world: World) -> None:
    others = world.bearer("orders:read", "orders:write", "alerts:write", "triggers:write")
    for method, path in (
        ("GET", "/webhooks/endpoints"),
        ("POST", "/webhooks/endpoints"),
        ("GET", "/webhooks/deliveries"),
    ):
        answer = world.client.request(method, path, json=NEW, headers=others)
        assert answer.status_code == 403
        assert "webhooks:write" in answer.json()["detail"]
