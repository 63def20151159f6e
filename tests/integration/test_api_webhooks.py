"""Webhooks' endpoints, secrets, deliveries and replays, over HTTP and a real database."""

import base64
import re
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


# Endpoints ---------------------------------------------------------------------------------------


def test_a_secret_is_shown_once_and_in_no_get(world: World) -> None:
    made = world.post("/webhooks/endpoints", NEW)
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
    first = world.post("/webhooks/endpoints", NEW)
    world.fixed_now = T0
    path = f"/webhooks/endpoints/{first['endpoint_id']}/rotation"
    second = world.post(path, None)
    assert second["old_secret_until"] == "2026-11-22T02:00:00Z"
    assert secrets_of(world) == [second["secret"], first["secret"]]
    third = world.post(path, None)
    assert secrets_of(world) == [third["secret"], second["secret"]]
    world.post("/webhooks/endpoints/we_000000000000/rotation", None, status=404)


def test_an_endpoint_is_changed_where_something_is_given(world: World) -> None:
    made = world.post("/webhooks/endpoints", NEW | {"description": "The ERP"})
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
    made = world.post("/webhooks/endpoints", NEW)
    path = f"/webhooks/endpoints/{made['endpoint_id']}"
    assert world.client.delete(path).status_code == 200
    assert secrets_of(world) == [""]
    assert world.get("/webhooks/endpoints") == []
    assert world.client.delete(path).status_code == 404
    assert world.client.patch(path, json={"enabled": True}).status_code == 404
    assert world.sql("SELECT enabled FROM webhook_endpoints") == [(False,)]


def test_that_an_endpoint_answered_410_is_said(world: World) -> None:
    made = world.post("/webhooks/endpoints", NEW)
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
    answer = world.post("/webhooks/endpoints", NEW | {"url": url}, status=status)
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
    answer = world.post("/webhooks/endpoints", NEW | {"event_types": [pattern]}, status=status)
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
    endpoint_id = world.post("/webhooks/endpoints", NEW)["endpoint_id"]
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


def test_a_replay_is_asked_for_once_until_it_is_taken(world: World) -> None:
    endpoint_id = world.post("/webhooks/endpoints", NEW)["endpoint_id"]
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
