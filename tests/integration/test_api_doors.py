"""No door is open: tokens, links, headers, and what the log may not say."""

import logging
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api import links, tokens
from api.settings import ApiSettings
from tests.api_world import BOX_LOGGER, T0, World, every, minutes

OPEN = {"/healthz", "/readyz"}


def test_every_documented_operation_but_the_health_checks_needs_a_token(world: World) -> None:
    document = world.client.get("/openapi.json").json()
    for template, operations in document["paths"].items():
        path = re.sub(r"\{\w+\}", "1", template)
        for method in operations:
            answer = httpx.request(method, f"{world.settings.public_url}{path}", trust_env=False)
            expected = 200 if path in OPEN else 401
            assert answer.status_code == expected, (method, path)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer frostline_a_b"])
def test_a_wrong_token_is_refused_without_a_reason(world: World, header: str) -> None:
    url = f"{world.settings.public_url}/orders"
    answer = httpx.get(url, headers={"Authorization": header}, trust_env=False)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


def test_wrong_expired_and_revoked_tokens_get_the_same_answer(world: World) -> None:
    good = world.token("orders:read")
    expired = world.token("orders:read", expires_at=world.clock() - timedelta(seconds=1))
    revoked = world.token("orders:read")
    world.sql("UPDATE tokens SET revoked_at = now() WHERE token_id = %s", revoked.split("_")[1])
    answers = set()
    for token in (good[:-1] + "x", expired, revoked, "frostline_000000000000_x"):
        headers = {"Authorization": f"Bearer {token}"}
        answer = world.client.get("/orders", headers=headers)
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1
    assert world.client.get("/orders", headers=world.bearer("orders:read")).status_code == 200


def test_a_token_opens_only_what_its_scopes_say(world: World) -> None:
    headers = world.bearer("orders:read")
    assert world.client.get("/orders", headers=headers).status_code == 200
    refused = world.client.get("/metrics", headers=headers)
    assert refused.status_code == 403
    assert "metrics:read" in refused.json()["detail"]
    assert world.client.get("/orders/order-1/curve", headers=headers).status_code == 403


def test_only_the_hash_of_a_token_is_kept(world: World) -> None:
    secret = world.token("orders:read").split("_", 2)[2]
    dumped = str(world.sql("SELECT tokens::text, encode(secret_sha256, 'escape') FROM tokens"))
    assert secret not in dumped


def test_a_scope_that_does_not_exist_is_refused_with_those_that_do(world: World) -> None:
    with pytest.raises(tokens.UnknownScope, match="orders:read"):
        world.token("orders:reed")


# Members' links ----------------------------------------------------------------------------------


def refused_links(world: World) -> list[str]:
    """Return links that are wrong, expired, and foreign in two ways."""
    good = world.link("order-1")
    end = world.clock() + timedelta(hours=1)
    foreign = ApiSettings(
        database_url="", link_secrets=("f" * 32,), public_url=world.settings.public_url
    )
    expired = links.order_link(
        world.settings,
        "order-1",
        world.clock() - timedelta(hours=1),
        now=world.clock() - timedelta(hours=2),
    )
    return [
        good[:-1],
        f"{world.settings.public_url}/m/x",
        expired,
        links.order_link(foreign, "order-1", end),
        world.link("order-of-another-shop"),
    ]


@pytest.mark.parametrize("suffix", ["", "/now", "/curve.svg", "/live"])
def test_wrong_expired_and_foreign_links_show_the_same_nothing(world: World, suffix: str) -> None:
    world.shipped_order()
    world.hear(BOX_LOGGER, every(minutes(1), 3))
    answers = {
        (answer.status_code, answer.text)
        for answer in (httpx.get(url + suffix, trust_env=False) for url in refused_links(world))
    }
    ((status, body),) = answers
    assert status == 403
    assert "order-1" not in body


def test_a_link_shows_its_order_and_opens_nothing_else(world: World) -> None:
    world.shipped_order()
    link = world.link("order-1")
    assert "order-1" in httpx.get(link, trust_env=False).text
    secret = link.rpartition("/")[2]
    headers = {"Authorization": f"Bearer {secret}"}
    answer = world.client.get("/orders/order-1/curve", headers=headers)
    assert answer.status_code == 401


def test_a_service_makes_a_members_link(world: World) -> None:
    world.order()
    until = (world.clock() + timedelta(hours=2)).isoformat()
    made = world.post("/orders/order-1/links", {"expires_at": until})
    assert httpx.get(made["url"], trust_env=False).status_code == 200
    too_long = (world.clock() + timedelta(days=400)).isoformat()
    world.post("/orders/order-1/links", {"expires_at": too_long}, status=400)
    world.post("/orders/order-2/links", {"expires_at": until}, status=404)


# Headers and logs --------------------------------------------------------------------------------


def test_the_page_allows_no_inline_script_and_leaks_no_referrer(world: World) -> None:
    world.order()
    answer = httpx.get(world.link("order-1"), trust_env=False)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", answer.text)


def test_the_log_names_routes_and_never_a_link(
    world: World, caplog: pytest.LogCaptureFixture, wait_until: Any
) -> None:
    world.order()
    link = world.link("order-1")

    def records() -> list[dict[str, Any]]:
        return [r.__dict__ for r in caplog.records if r.name != "httpx"]

    with caplog.at_level(logging.INFO):
        httpx.get(link, trust_env=False)
        logging.getLogger("uvicorn.access").info("%s %s", "GET", link[link.index("/m/") :])
        wait_until(lambda: any(r.get("route") == "/m/{link}" for r in records()), what="the log")
    assert link.rpartition("/")[2] not in str(records())


# Operation ---------------------------------------------------------------------------------------


def test_metrics_count_requests_by_route_and_status(world: World) -> None:
    world.client.get("/orders/order-404")
    world.client.get("/nowhere/at/all")
    text = world.client.get("/metrics").text
    counted = 'frostline_api_requests_total{method="GET",route="/orders/{order_id}",status="404"}'
    assert f"{counted} 1.0" in text
    assert 'route="(none)",status="404"} 1.0' in text
    assert "order-404" not in text


def test_methods_that_a_client_makes_up_are_counted_as_one(world: World) -> None:
    for method in ("PROPFIND", "LOCK"):
        assert world.client.request(method, "/healthz").status_code == 405
    text = world.client.get("/metrics").text
    assert 'method="(other)",route="/healthz",status="405"} 2.0' in text
    assert "PROPFIND" not in text


def test_a_database_that_lacks_a_migration_is_not_ready(world: World) -> None:
    assert world.client.get("/readyz").status_code == 200
    world.sql("DELETE FROM schema_migrations")
    answer = httpx.get(f"{world.settings.public_url}/readyz", trust_env=False)
    assert (answer.status_code, answer.text) == (503, "not ready")
    assert world.client.get("/healthz").text == "alive"


def test_the_documentation_is_open_and_loads_nothing_from_elsewhere(world: World) -> None:
    page = httpx.get(f"{world.settings.public_url}/docs", trust_env=False)
    assert page.status_code == 200
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        answer = httpx.get(f"{world.settings.public_url}{address}", trust_env=False)
        assert answer.status_code == 200, address


def test_a_fixed_clock_moves_the_end_of_a_link(world: World) -> None:
    world.order()
    world.fixed_now = T0
    link = world.link("order-1", expires_at=T0 + minutes(10))
    world.fixed_now = T0 + minutes(9)
    assert httpx.get(link, trust_env=False).status_code == 200
    world.fixed_now = T0 + minutes(10)
    assert httpx.get(link, trust_env=False).status_code == 403
