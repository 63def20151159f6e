"""A real browser sees the member's page: live, in both languages, on a phone, light and dark."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from api.links import order_link
from api.settings import ApiSettings
from schemas.events import COMPENSATION_TRIGGERED, EXCURSION_OPENED
from tests import api_findings as gateway
from tests.api_world import BOX_LOGGER, OTHER_LOGGER, World, iso, minutes

PHONE = {"width": 390, "height": 844}
BOX = "[data-consignment='order-1.chilled']"
LINE = f"{BOX} polyline.fl-line:not(.fl-out)"
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
    """Open addresses as a phone does; whatever the page complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(url: str, *, language: str = "en-GB", **options: Any) -> Page:
        context = browser.new_context(viewport=PHONE, locale=language, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    # Chromium's own words for the 403 of a refused link and the 503 of an outage.
    assert [c for c in complaints if "403" not in c and "503" not in c] == []


def begin(world: World) -> datetime:
    """Ship an order whose box has been measured for 20 minutes."""
    begun = world.clock() - minutes(20)
    world.shipped_order(begun=begun)
    step = timedelta(seconds=30)
    world.hear(BOX_LOGGER, [(begun + step * n, 2.0 + n / 100) for n in range(40)])
    return begun


def points_of(page: Page) -> int:
    return len((page.locator(LINE).first.get_attribute("points") or "").split())


@pytest.mark.parametrize(
    ("language", "fine", "warm", "headline"),
    [
        ("en-GB", "In range", "Too warm", "Everything is at the right temperature."),
        ("zh-CN", "温度正常", "温度偏高", "全部商品温度正常。"),
    ],
)
def test_the_curve_grows_live(
    world: World, open_page: Any, language: str, fine: str, warm: str, headline: str
) -> None:
    begin(world)
    page = open_page(world.link("order-1"), language=language)
    expect(page.locator("h1")).to_have_text(headline)
    expect(page.locator(f"{BOX} .pill")).to_have_text(fine)
    expect(page.locator("#live.on")).to_be_visible()
    assert points_of(page) == 40
    world.hear(BOX_LOGGER, [(world.clock(), 7.23)])
    expect(page.locator(f"{BOX} .temperature")).to_have_text("7.2°C", timeout=PATIENCE_MS)
    expect(page.locator(f"{BOX} .pill")).to_have_text(warm)
    assert points_of(page) == 41
    assert page.locator(BOX).get_attribute("data-readings") == "41"


def test_the_journey_grows_live(world: World, open_page: Any) -> None:
    begun = begin(world)
    page = open_page(world.link("order-1"))
    expect(page.locator("[aria-current=step]")).to_contain_text("Ordered")
    expect(page.locator("#live.on")).to_be_visible()
    world.put("/orders/order-1/milestones/packed", {"at": iso(begun)})
    current = page.locator("[aria-current=step]")
    expect(current).to_contain_text("Packed", timeout=PATIENCE_MS)


def test_an_age_counts_on_by_itself(world: World, open_page: Any) -> None:
    begin(world)
    page = open_page(world.link("order-1"))
    age = page.locator(f"{BOX} time")
    before = age.inner_text()
    expect(age).not_to_have_text(before, timeout=PATIENCE_MS)
    assert re.fullmatch(r"\d+ s ago", age.inner_text())


def test_without_javascript_the_page_says_the_same_and_loads_again(
    world: World, open_page: Any
) -> None:
    begin(world)
    page = open_page(world.link("order-1"), java_script_enabled=False)
    expect(page.locator("h1")).to_have_text("Everything is at the right temperature.")
    expect(page.locator(f"{BOX} .temperature")).to_contain_text("2.4")
    assert points_of(page) == 40
    assert page.locator("meta[http-equiv=refresh]").count() == 1


def test_the_language_can_be_changed(world: World, open_page: Any) -> None:
    begin(world)
    page = open_page(world.link("order-1"), language="zh-CN")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("Everything is at the right temperature.")
    assert page.locator("html").get_attribute("lang") == "en"


def test_times_are_the_members(world: World, open_page: Any) -> None:
    begun = begin(world)
    world.sql("UPDATE orders SET time_zone = 'Europe/Helsinki'")
    page = open_page(world.link("order-1"), timezone_id="America/New_York")
    expect(page.locator("footer")).to_contain_text("Europe/Helsinki")
    local = begun.astimezone(ZoneInfo("Europe/Helsinki"))
    expect(page.locator(".steps .when").first).to_contain_text(f"{local:%H:%M}")


def test_a_gap_and_a_place_are_told_in_words_and_never_bridged(
    world: World, open_page: Any
) -> None:
    begun = world.clock() - minutes(40)
    world.shipped_order(begun=begun)
    world.place()
    world.logger(OTHER_LOGGER)
    world.bind(OTHER_LOGGER, begun, place_id="van-1")
    stay = {"consignment_id": "order-1.chilled", "place_id": "van-1", "from_at": iso(begun)}
    world.post("/stays", stay)
    step = timedelta(seconds=30)
    world.hear(BOX_LOGGER, [(begun + step * n, 2.0) for n in range(20)])
    world.hear(OTHER_LOGGER, [(begun + minutes(20) + step * n, 3.0) for n in range(40)])
    page = open_page(world.link("order-1"))
    assert page.locator(LINE).count() == 2
    assert page.locator(f"{BOX} .fl-place").count() > 0
    assert page.locator(f"{BOX} .fl-gap").count() == 1
    expect(page.locator(BOX)).to_contain_text("Dashed: measured in Van 1")
    expect(page.locator(BOX)).to_contain_text("there the temperature is unknown")
    expect(page.locator(f"{BOX} .by")).to_have_text("Measured in Van 1, where your box stands")


def test_an_order_without_readings_says_so(world: World, open_page: Any) -> None:
    world.shipped_order(begun=world.clock() - minutes(1))
    page = open_page(world.link("order-1"))
    expect(page.locator(f"{BOX} .pill")).to_have_text("No reading yet")
    world.hear(BOX_LOGGER, [(world.clock(), 3.0)])
    expect(page.locator(f"{BOX} .temperature")).to_have_text("3.0°C", timeout=PATIENCE_MS)


def spoil(world: World) -> datetime:
    """Ship an order whose box has been too warm for half an hour, and let the gateway say so."""
    begun = world.clock() - minutes(60)
    world.shipped_order(begun=begun)
    step = timedelta(seconds=60)
    world.hear(BOX_LOGGER, [(begun + step * n, 2.0 if n < 20 else 7.2) for n in range(60)])
    world.put("/orders/order-1/arrival-estimate", {"arrives_at": iso(begun + minutes(90))})
    gateway.excursion(world, from_at=begun + minutes(20), extreme_c=7.2)
    gateway.tell(world, EXCURSION_OPENED)
    return begun


@pytest.mark.parametrize(
    ("language", "warm", "gets", "clause"),
    [
        ("en-GB", "Too warm since {start} (", "You get 192 yuan.", "Rule 1.1: If the thermometer"),
        ("zh-CN", "{start} 起温度偏高", "赔付192元。", "条款 1.1：如果保温箱"),
    ],
)
def test_an_excursion_and_what_follows_are_told_live(
    world: World, open_page: Any, language: str, warm: str, gets: str, clause: str
) -> None:
    begin(world)
    page = open_page(world.link("order-1"), language=language)
    expect(page.locator("#live.on")).to_be_visible()
    began = world.clock() - minutes(5)
    gateway.excursion(world, from_at=began)
    gateway.tell(world, EXCURSION_OPENED)
    start = f"{began.astimezone(ZoneInfo('Asia/Shanghai')):%H:%M}"
    note = page.locator(f"{BOX} .note.too_warm")
    expect(note).to_contain_text(warm.format(start=start), timeout=PATIENCE_MS)
    expect(note).to_contain_text("7.2\u00a0°C")
    assert page.locator(f"{BOX} .fl-excursion").count() == 1
    assert page.locator(".paybacks").count() == 0
    gateway.trigger(world)
    gateway.tell(world, COMPENSATION_TRIGGERED)
    expect(page.locator(".payback.decided .gets")).to_have_text(gets, timeout=PATIENCE_MS)
    expect(page.locator(".payback .clause")).to_contain_text(clause)


def test_a_box_at_risk_is_said_to_be_watched_and_nothing_more(world: World, open_page: Any) -> None:
    begin(world)
    gateway.forecast(world)
    page = open_page(world.link("order-1"))
    expect(page.locator(f"{BOX} .note.watch")).to_have_text("We are keeping an eye on this box.")
    expect(page.locator("h1")).to_have_text("Everything is at the right temperature.")


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_what_was_found_fits_a_phone(world: World, open_page: Any, language: str) -> None:
    spoil(world)
    gateway.trigger(world)
    gateway.trigger(
        world, "late", outcome="could_not_determine", needs_review=True, amount=0, clause="2.1"
    )
    page = open_page(world.link("order-1"), language=language)
    expect(page.locator(".payback.review")).to_be_visible()
    expect(page.locator(".due.expected")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_in_light_and_dark(world: World, open_page: Any, scheme: str) -> None:
    begin(world)
    page = open_page(world.link("order-1"), color_scheme=scheme)
    expect(page.locator(f"{BOX} .fl-chart")).to_be_visible()
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) / 3
    assert (lightness > 128) == (scheme == "light")


def test_the_page_asks_nobody_else_for_anything(world: World, open_page: Any) -> None:
    begin(world)
    asked: list[str] = []
    page = open_page("about:blank")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(world.link("order-1"))
    expect(page.locator("#live.on")).to_be_visible()
    assert len(asked) >= 5
    assert all(url.startswith(world.settings.public_url) for url in asked)


@pytest.mark.parametrize("kind", ["wrong", "expired", "foreign"])
@pytest.mark.parametrize(
    ("language", "title"), [("en-GB", "This link is not valid"), ("zh-CN", "链接无效")]
)
def test_a_link_that_is_wrong_expired_or_foreign_shows_nothing(
    world: World, open_page: Any, kind: str, language: str, title: str
) -> None:
    begin(world)
    now = world.clock()
    other = ApiSettings(
        database_url="", link_secrets=("f" * 32,), public_url=world.settings.public_url
    )
    urls = {
        "wrong": world.link("order-1") + "x",
        "expired": order_link(world.settings, "order-1", now - minutes(1), now=now - minutes(2)),
        "foreign": order_link(other, "order-1", now + minutes(1)),
    }
    assert httpx.get(urls[kind], trust_env=False).status_code == 403
    page = open_page(urls[kind], language=language)
    expect(page.locator("h1")).to_have_text(title)
    assert "order-1" not in page.content()
    assert page.locator("svg").count() == 0


def test_the_page_closes_when_its_link_expires(world: World, open_page: Any) -> None:
    begin(world)
    page = open_page(world.link("order-1", expires_at=world.clock() + timedelta(seconds=4)))
    expect(page.locator("#live.on")).to_be_visible()
    expect(page.locator("h1")).to_have_text("This link is not valid", timeout=PATIENCE_MS)
    assert "order-1" not in page.content()


def test_after_an_outage_the_page_that_is_open_is_live_again(world: World, open_page: Any) -> None:
    begin(world)
    refused: list[str] = []

    def refuse_twice(route: Route) -> None:
        """Stand in the way like a proxy that cannot reach the api."""
        if len(refused) == 2:
            route.continue_()
            return
        refused.append(route.request.url)
        route.fulfill(status=503)

    page = open_page("about:blank")
    page.route("**/live?*", refuse_twice)
    page.goto(world.link("order-1"))
    page.evaluate("document.body.dataset.kept = 'yes'")
    expect(page.locator("#live.on")).to_be_visible(timeout=PATIENCE_MS)
    world.hear(BOX_LOGGER, [(world.clock(), 7.23)])
    expect(page.locator(f"{BOX} .temperature")).to_have_text("7.2°C", timeout=PATIENCE_MS)
    assert len(refused) == 2
    assert page.locator("body[data-kept=yes]").count() == 1  # never loaded again


def test_the_documentation_shows_the_operations(world: World, open_page: Any) -> None:
    page = open_page(f"{world.settings.public_url}/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("body")).to_contain_text("Read an order's temperature curve")
