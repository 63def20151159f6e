"""Who may see a city's console, and what it may not let through."""

import logging
from datetime import timedelta

import httpx
import pytest

from api import links
from api.observe import WithoutLinks
from api.settings import ApiSettings
from tests.api_world import World, iso, minutes
from tests.dispatch_rows import CITY, CityRows
from tests.sse import stream

CONSOLE = f"/cities/{CITY}/console"


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


@pytest.fixture
def city(world: World) -> CityRows:
    """Write a city that leaves order-1 behind."""
    city = CityRows(world)
    city.vehicle("van-1")
    city.order("order-1")
    city.plan(1)
    city.unserved("order-1")
    return city


def good_link(world: World, city_id: str = CITY) -> str:
    return links.console_link(
        world.settings, city_id, world.clock() + minutes(60), now=world.clock()
    )


def refused_links(world: World) -> list[str]:
    """Return links that are wrong, expired, of another city, of a member, and foreign."""
    url = f"{world.settings.public_url}{CONSOLE}?link="
    now = world.clock()
    foreign = ApiSettings(
        database_url="", link_secrets=("f" * 32,), public_url=world.settings.public_url
    )
    before = now - timedelta(hours=2)
    of_another = good_link(world, "suzhou").rpartition("=")[2]
    return [
        good_link(world)[:-1],
        f"{url}x",
        url + of_another,
        url + world.link("order-1").rpartition("/")[2],
        links.console_link(world.settings, CITY, now - timedelta(hours=1), now=before),
        links.console_link(foreign, CITY, now + minutes(60), now=now),
    ]


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize("part", ["", "/now", "/live"])
def test_links_that_are_wrong_expired_or_foreign_show_the_same_nothing(
    world: World, part: str
) -> None:
    answers = set()
    for link in refused_links(world):
        answer = httpx.get(link.replace("/console?", f"/console{part}?"), trust_env=False)
        answers.add((answer.status_code, answer.text))
    ((status, body),) = answers
    assert status == 403
    assert "order-1" not in body


@pytest.mark.usefixtures("city")
def test_a_link_shows_its_city_and_opens_nothing_else(world: World) -> None:
    link = good_link(world)
    assert "order-1" in httpx.get(link, trust_env=False).text
    now = httpx.get(link.replace("/console?", "/console/now?"), trust_env=False)
    assert "order-1" in now.text
    assert "<html" not in now.text
    secret = link.rpartition("=")[2]
    for path in (f"/cities/{CITY}/plan?link={secret}", f"/cities/{CITY}/commands?link={secret}"):
        answer = httpx.get(f"{world.settings.public_url}{path}", trust_env=False)
        assert answer.status_code == 401
    assert httpx.get(f"{world.settings.public_url}/m/{secret}", trust_env=False).status_code == 403


@pytest.mark.usefixtures("city")
def test_a_program_sees_the_console_by_its_token(world: World) -> None:
    assert httpx.get(f"{world.settings.public_url}{CONSOLE}", trust_env=False).status_code == 401
    reads = world.bearer("dispatch:read")
    assert "order-1" in world.client.get(CONSOLE, headers=reads).text
    assert world.client.get(CONSOLE, headers=world.bearer("orders:read")).status_code == 403
    with stream(world, f"{CONSOLE}/live", **reads) as said:
        assert next(said).event == "ready"


@pytest.mark.usefixtures("city")
def test_a_link_is_made_for_a_city_that_is_there_and_not_for_too_long(world: World) -> None:
    until = {"expires_at": iso(world.clock() + timedelta(hours=2))}
    made = world.post(f"/cities/{CITY}/console-links", until)
    assert httpx.get(made["url"], trust_env=False).status_code == 200
    too_long = {"expires_at": iso(world.clock() + timedelta(days=400))}
    world.post(f"/cities/{CITY}/console-links", too_long, status=400)
    world.post("/cities/nowhere/console-links", until, status=404)
    reads = world.bearer("dispatch:read")
    refused = world.client.post(f"/cities/{CITY}/console-links", json=until, headers=reads)
    assert refused.status_code == 403


@pytest.mark.usefixtures("city")
def test_the_console_allows_no_inline_script_and_leaks_no_referrer(world: World) -> None:
    answer = httpx.get(good_link(world), trust_env=False)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert " style=" not in answer.text
    assert "<script>" not in answer.text


@pytest.mark.usefixtures("city")
def test_what_planners_and_users_wrote_is_shown_as_text(world: World) -> None:
    world.sql("UPDATE plan_unserved SET sentence = '<script>alert(1)</script>'")
    world.sql("UPDATE cities SET name = '<b>Shanghai</b>'")
    text = httpx.get(good_link(world), trust_env=False).text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<b>Shanghai" not in text


def test_the_servers_own_log_hides_links() -> None:
    record = logging.LogRecord(
        "uvicorn.access",
        logging.INFO,
        "",
        0,
        '%s - "%s %s"',
        ("127.0.0.1", "GET", f"{CONSOLE}/live?after=1-0&link=a-secret&lang=en"),
        None,
    )
    assert WithoutLinks().filter(record)
    assert "a-secret" not in record.getMessage()
    assert "after=1-0&link=(link)&lang=en" in record.getMessage()
