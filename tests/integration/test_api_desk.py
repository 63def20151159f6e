"""Who may command by a link, what a form says, and what the desk lets through."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api import links
from tests.api_world import T0, World, iso, minutes
from tests.dispatch_rows import CITY, CityRows, city_with_an_order

DESK = f"/cities/{CITY}/console/desk"
PIN = {"command_id": "cmd-1", "base_version": "1", "kind": "pin", "order_id": "order-1"}
PIN_VAN_2 = PIN | {"vehicle_id": "van-2"}

pytestmark = pytest.mark.usefixtures("city")


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty, on a fixed morning: 10:30 in Shanghai."""
    wiped_world.fixed_now = T0 + minutes(30)
    return wiped_world


@pytest.fixture
def city(world: World) -> CityRows:
    return city_with_an_order(world)


def secret(world: World, city_id: str = CITY, by: str | None = "Li Wei") -> str:
    """Return what signs in: the last part of a console's link."""
    end = world.clock() + minutes(60)
    url = links.console_link(world.settings, city_id, end, by=by, now=world.clock())
    return url.rpartition("=")[2]


def show(world: World, link: str | None = None, **query: str) -> httpx.Response:
    query = {"link": link or secret(world), "lang": "en", **query}
    return httpx.get(f"{world.settings.public_url}{DESK}", params=query, trust_env=False)


def send(
    world: World, form: dict[str, str], link: str | None = None, **headers: str
) -> httpx.Response:
    return httpx.post(
        f"{world.settings.public_url}{DESK}",
        params={"link": link or secret(world), "lang": "en", "order": "order-1"},
        data=form,
        headers=headers,
        trust_env=False,
    )


def what_came(answer: httpx.Response) -> dict[str, str]:
    """Return what the page that follows a form is asked to show."""
    assert answer.status_code == 303, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: query[name][0] for name in ("said", "refused") if name in query}


def follow(world: World, answer: httpx.Response) -> httpx.Response:
    """Go where a form leads."""
    return httpx.get(world.settings.public_url + answer.headers["location"], trust_env=False)


def written(world: World) -> list[tuple[Any, ...]]:
    return world.sql("SELECT kind, order_id, vehicle_id, commanded_by FROM dispatch_commands")


def test_a_form_is_a_command_in_the_name_of_its_link(world: World) -> None:
    answer = send(world, PIN_VAN_2)
    assert what_came(answer) == {"said": "cmd-1"}
    assert written(world) == [("pin", "order-1", "van-2", "Li Wei")]
    page = follow(world, answer)
    assert "No dispatcher runs for this city" in page.text


def test_nobody_speaks_in_another_name_than_his_links(world: World) -> None:
    assert what_came(send(world, PIN_VAN_2 | {"by": "Wang Fang"})) == {"said": "cmd-1"}
    assert written(world) == [("pin", "order-1", "van-2", "Li Wei")]
    told = world.sql("SELECT data ->> 'by' FROM events WHERE type = 'frostline.command.given'")
    assert told == [("Li Wei",)]


def test_the_outcome_and_its_price_are_shown_and_can_be_undone(
    world: World, city: CityRows
) -> None:
    """The rows' outcomes cost 260 fen and make version 2."""
    send(world, PIN_VAN_2)
    city.outcome("cmd-1", accepted=True, reason="order-1 stays on van-2.")
    page = show(world, said="cmd-1", order="order-1").text
    assert "order-1 stays on van-2. Done in plan 2: costs 2.60 more." in page
    assert re.search(r'name="undo_version" value="2"', page)


def test_what_changes_no_plan_is_done_all_the_same(world: World, city: CityRows) -> None:
    send(world, PIN_VAN_2)
    city.outcome("cmd-1", accepted=True, reason="order-1 stays on van-2.")
    world.sql("UPDATE command_outcomes SET version = NULL")
    page = show(world, said="cmd-1", order="order-1").text
    assert "order-1 stays on van-2. Done; the plan stays as it is." in page


def test_a_refusal_is_shown_with_its_reason_as_text(world: World, city: CityRows) -> None:
    send(world, PIN_VAN_2)
    city.outcome("cmd-1", accepted=False, reason="<b>van-2</b> has left.")
    page = show(world, said="cmd-1").text
    assert "Refused: &lt;b&gt;van-2&lt;/b&gt; has left." in page
    assert "undo_version" not in page


def test_a_form_that_is_sent_twice_is_one_command(world: World) -> None:
    assert what_came(send(world, PIN_VAN_2)) == what_came(send(world, PIN_VAN_2))
    assert len(written(world)) == 1
    other = send(world, PIN | {"vehicle_id": "van-1"})
    assert what_came(other) == {"refused": "already-exists"}


def test_times_are_of_the_citys_clock(world: World) -> None:
    """18:30 in Shanghai is 10:30 UTC."""
    at = T0.date()
    form = PIN | {"kind": "hold", "hold_until": f"{at}T18:30"}
    assert what_came(send(world, form)) == {"said": "cmd-1"}
    ((held,),) = world.sql("SELECT hold_until FROM dispatch_commands")
    assert held == datetime(at.year, at.month, at.day, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "refused"),
    [
        (PIN_VAN_2 | {"base_version": "7"}, "stale-plan"),
        (PIN_VAN_2 | {"order_id": "order-9"}, "not-found"),
        (PIN | {"vehicle_id": "van-9"}, "not-found"),
        (PIN | {"kind": "hold", "hold_until": f"{T0.date()}T08:00"}, "bad-query"),
        (PIN | {"kind": "hold", "hold_until": "2099-01-01T08:00"}, "bad-query"),
        (PIN | {"kind": "hold", "hold_until": "tomorrow"}, "malformed"),
        (PIN, "malformed"),
        (PIN_VAN_2 | {"price": "0"}, "malformed"),
        ({}, "malformed"),
    ],
)
def test_what_cannot_be_said_is_told_and_not_written(
    world: World, form: dict[str, str], refused: str
) -> None:
    answer = send(world, form)
    assert what_came(answer) == {"refused": refused}
    page = follow(world, answer)
    assert "nothing was done" in page.text
    assert written(world) == []


def refused_links(world: World) -> list[str]:
    """Return links that only show, are of another city, of a member, expired, or changed."""
    before = world.clock() - timedelta(hours=2)
    end = world.clock() - timedelta(hours=1)
    over = links.console_link(world.settings, CITY, end, by="Li Wei", now=before)
    return [
        secret(world, by=None),
        secret(world, "suzhou"),
        world.link("order-1").rpartition("/")[2],
        over.rpartition("=")[2],
        secret(world)[:-1],
        "none",
    ]


def test_no_other_link_commands_or_shows_the_desk(world: World) -> None:
    for link in refused_links(world):
        assert send(world, PIN_VAN_2, link).status_code == 403
        shown = show(world, link, order="order-1")
        assert shown.status_code == 403
        assert "van-1" not in shown.text
    assert written(world) == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_though_it_has_the_link(world: World, site: str) -> None:
    assert send(world, PIN_VAN_2, **{"Sec-Fetch-Site": site}).status_code == 403
    assert written(world) == []
    assert what_came(send(world, PIN_VAN_2, **{"Sec-Fetch-Site": "same-origin"}))


def test_only_the_desk_may_send_forms_and_only_to_its_own_origin(world: World) -> None:
    policy = show(world).headers["content-security-policy"]
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert show(world).headers["referrer-policy"] == "no-referrer"
    console = httpx.get(
        f"{world.settings.public_url}/cities/{CITY}/console",
        params={"link": secret(world)},
        trust_env=False,
    )
    assert "form-action 'none'" in console.headers["content-security-policy"]


@pytest.mark.parametrize(("by", "leads"), [("Li Wei", True), (None, False)])
def test_a_console_leads_to_the_desk_where_its_link_commands(
    world: World, city: CityRows, by: str | None, leads: bool
) -> None:
    city.unserved("order-1")
    link = secret(world, by=by)
    for part in ("", "/now"):
        address = f"{world.settings.public_url}/cities/{CITY}/console{part}"
        page = httpx.get(address, params={"link": link}, trust_env=False)
        assert page.status_code == 200
        assert ("&amp;order=order-1" in page.text) == leads


def test_a_commanding_link_ends_with_a_shift_and_its_token_may_write(world: World) -> None:
    path = f"/cities/{CITY}/console-links"
    by = {"by": "Li Wei"}
    made = world.post(path, by | {"expires_at": iso(world.clock() + timedelta(hours=12))})
    link = made["url"].rpartition("=")[2]
    assert show(world, link).status_code == 200
    world.post(path, by | {"expires_at": iso(world.clock() + timedelta(hours=13))}, status=400)
    longer = {"expires_at": iso(world.clock() + timedelta(hours=13))}
    world.post(path, longer)  # to look, for longer
    world.post(path, longer | {"by": "x" * 41}, status=422)


def test_an_order_that_is_not_there_and_a_name_that_is_none_are_told(world: World) -> None:
    assert "no order order-9" in show(world, order="order-9").text
    assert "Give the id of an order" in show(world, order="<script>").text
    assert "<script>" not in show(world, order="<script>").text
    assert "van-1 brings it at" in show(world, order="order-1").text
