"""A real browser sees the dispatcher's console: live, in both languages, on a desk and a phone."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.links import console_link
from schemas.events import PLAN_CHANGED
from tests.api_world import World, iso, minutes
from tests.dispatch_rows import CITY, CityRows

DESK = {"width": 1440, "height": 1000}
PHONE = {"width": 390, "height": 844}
# The page asks again at most once a second; a busy machine takes longer.
PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def browser(chromium: Any) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable,
            args=list(chromium.arguments),
            env=chromium.environ,
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Any]:
    """Open addresses as a desk's browser does; whatever the page complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(url: str, *, language: str = "en-GB", **options: Any) -> Page:
        context = browser.new_context(locale=language, **{"viewport": DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    # Chromium's own words for the 403 of a refused link.
    assert [c for c in complaints if "403" not in c] == []


@pytest.fixture
def city(world: World) -> CityRows:
    """Write a city at work: six vehicles, 48 stops, one late, two at risk, one left behind."""
    return at_work(world)


def at_work(world: World) -> CityRows:
    """Write a city at work, the same each time but for the hour."""
    chance = random.Random(7)  # where stops lie, the same each time
    city = CityRows(world, begun=world.clock().replace(microsecond=0) - minutes(30))
    kinds = ("van", "van", "van", "tricycle", "courier", "van")
    for number, kind in enumerate(kinds, start=1):
        city.vehicle(f"van-{number}", kind=kind, role="relay" if number == 6 else "regular")
    city.plan(1)
    for index in range(48):
        number = index % 5 + 1
        order_id = f"sh-{index + 1:03}"
        arrives_at = city.begun + minutes(40 + 6 * (index // 5))
        slack = {3: -9, 11: 4, 17: 5}.get(index, 45)
        city.order(
            order_id,
            lat_deg=31.19 + 0.016 * (number - 3) + chance.uniform(-0.02, 0.02),
            lon_deg=121.44 + 0.02 * (index // 10 - 1) + chance.uniform(-0.02, 0.02),
            due_at=arrives_at + minutes(slack),
        )
        city.stop(f"van-{number}", order_id, position=index // 5 + 1, arrives_at=arrives_at)
    for number in range(1, 6):
        city.position(
            f"van-{number}",
            city.begun + minutes(29),
            31.17 + 0.012 * number,
            121.40 + 0.016 * number,
        )
    city.order("sh-099")
    city.unserved("sh-099")
    city.change(1, "sh-004")
    options = [
        {
            "action": action,
            "vehicle_id": "van-2",
            "arrives_at": iso(city.begun + minutes(after)),
            "cost": cost,
            "spoil_chance": chance_,
        }
        for action, after, cost, chance_ in (
            ("keep", 64, 14100, 0.73),
            ("bring_forward", 48, 4300, 0.18),
            ("relay", 44, 6100, 0.09),
        )
    ]
    city.rescue("sh-007", options, "bring_forward")
    loaded = {"step": "loaded", "person": "picker-1", "place_id": "van-1.chilled"}
    world.post("/orders/sh-001/handovers", loaded | {"at": iso(city.begun + minutes(25))})
    failed = {"kind": "cooling_failed", "vehicle_id": "van-4", "from_at": iso(city.begun)}
    world.put("/disruptions/d-1", {"city_id": CITY, **failed}, status=201)
    return city


def link(world: World, minutes_valid: float = 60) -> str:
    until = world.clock() + minutes(minutes_valid)
    return console_link(world.settings, CITY, until, now=world.clock())


def figures(page: Page) -> dict[str, str]:
    return {
        figure.get_attribute("data-figure") or "": figure.locator("dd").inner_text()
        for figure in page.locator("[data-figure]").all()
    }


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(
    ("language", "nobody", "late"),
    [("en-GB", "No dispatcher runs", "late"), ("zh-CN", "没有调度进程", "迟到")],
)
def test_the_console_shows_a_city_at_work(
    world: World, open_page: Any, language: str, nobody: str, late: str
) -> None:
    page = open_page(link(world), language=language)
    expect(page.locator("h1")).to_contain_text(nobody)
    assert figures(page) == {
        "to_come": "48",
        "late": "1",
        "at_risk": "2",
        "unserved": "1",
        "asking": "1",
        "out": "1",
    }
    rows = page.locator("[data-order]")
    assert [row.get_attribute("data-order") for row in rows.all()] == ["sh-004", "sh-012", "sh-018"]
    expect(rows.first.locator(".tag")).to_have_text(late)
    expect(page.locator("[data-unserved=sh-099]")).to_contain_text("25 minutes later")
    assert page.locator("[data-rescue='sh-007.chilled'] .options li").count() == 3
    expect(page.locator("[data-rescue='sh-007.chilled'] .chosen")).to_contain_text("43.00")
    assert page.locator("tr[data-vehicle]").count() == 6
    # On the map: five vehicles that were seen, every stop, shapes for what is wrong.
    assert page.locator(".city-map g.vehicle").count() == 5
    assert page.locator(".city-map g.stop").count() == 48
    assert page.locator(".city-map g.stop.late path").count() == 1
    assert page.locator(".city-map .troubled").get_attribute("data-vehicle") == "van-4"


def test_a_new_plan_shows_by_itself(world: World, open_page: Any, city: CityRows) -> None:
    with city.dispatcher():
        page = open_page(link(world))
        expect(page.locator("h1")).to_have_text("1 late · 2 at risk · 1 left behind")
        expect(page.locator("#live.on")).to_be_visible()
        world.sql("UPDATE plan_stops SET to_version = 2 WHERE order_id = 'sh-004'")
        world.sql("UPDATE plan_unserved SET to_version = 2")
        city.plan(2)
        city.tell(PLAN_CHANGED, {"city_id": CITY, "version": 2})
        expect(page.locator("h1")).to_have_text("2 at risk", timeout=PATIENCE_MS)
        expect(page.locator("[data-version='2']")).to_be_visible()


def test_a_vehicle_moves_by_itself(world: World, open_page: Any, city: CityRows) -> None:
    page = open_page(link(world))
    marker = page.locator(".city-map [data-vehicle='van-1'] circle")
    before = marker.get_attribute("cx") or ""
    expect(page.locator("#live.on")).to_be_visible()
    city.position("van-1", world.clock(), 31.20, 121.47)
    expect(marker).not_to_have_attribute("cx", before, timeout=PATIENCE_MS)


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE])
def test_the_console_fits_a_desk_and_a_phone(
    world: World, open_page: Any, viewport: Any, scheme: str
) -> None:
    page = open_page(link(world), viewport=viewport, color_scheme=scheme)
    expect(page.locator(".city-map")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) / 3
    assert (lightness > 128) == (scheme == "light")


@pytest.mark.usefixtures("city")
def test_who_cannot_see_is_told_the_same(world: World, open_page: Any) -> None:
    page = open_page(link(world))
    assert page.locator("[role=img]").get_attribute("aria-label") == (
        "Map: 6 vehicles and 48 stops to come; the tables say the same in words."
    )
    for section in page.locator("main section[aria-labelledby]").all():
        label = section.get_attribute("aria-labelledby")
        assert page.locator(f"#{label}").count() == 1
    for table in page.locator("table").all():
        assert table.locator("thead th:not([scope=col])").count() == 0
        assert table.locator("tbody tr").count() == table.locator("tbody th[scope=row]").count()


@pytest.mark.usefixtures("city")
def test_without_javascript_the_console_says_the_same_and_loads_again(
    world: World, open_page: Any
) -> None:
    page = open_page(link(world), java_script_enabled=False)
    assert figures(page)["to_come"] == "48"
    assert page.locator("meta[http-equiv=refresh]").count() == 1


@pytest.mark.usefixtures("city")
def test_the_console_closes_when_its_link_expires(world: World, open_page: Any) -> None:
    page = open_page(link(world, minutes_valid=0.07))
    expect(page.locator("#live.on")).to_be_visible()
    expect(page.locator("h1")).to_have_text("This link is not valid", timeout=PATIENCE_MS)
    assert "sh-001" not in page.content()


@pytest.mark.usefixtures("city")
def test_the_console_asks_nobody_else_for_anything(world: World, open_page: Any) -> None:
    asked: list[str] = []
    page = open_page("about:blank")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(link(world))
    expect(page.locator("#live.on")).to_be_visible()
    assert len(asked) >= 5
    assert all(url.startswith(world.settings.public_url) for url in asked)
