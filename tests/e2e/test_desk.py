"""A dispatcher commands in a real browser, without JavaScript, and a real dispatcher decides."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.links import console_link
from tests.api_world import World, iso, minutes
from tests.conftest import WaitUntil
from tests.dispatcher_process import dispatching, zone_where_it_is_ten
from tests.intake_world import CITY, depot, order, policy, shift, vehicle

PATIENCE_MS = 20_000


@pytest.fixture
def page(chromium: Any) -> Iterator[Page]:
    """Open a desk's browser with its scripts switched off; what it complains of fails the test."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(
            executable_path=chromium.executable,
            args=list(chromium.arguments),
            env=chromium.environ,
        )
        context = browser.new_context(
            locale="en-GB", java_script_enabled=False, viewport={"width": 1440, "height": 1000}
        )
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        yield page
        browser.close()
    assert complaints == []


@pytest.fixture
def dispatched(world: World, wait_until: WaitUntil, tmp_path: Path) -> Iterator[World]:
    """Run a city of two vans in the middle of its day, with a dispatcher and a promised order."""
    now = world.clock()
    body = {"name": "Here", "time_zone": zone_where_it_is_ten(now), "policy": policy()}
    world.put(f"/cities/{CITY}", body, status=201)
    # Nobody loads yet: what leaves within ten minutes stays where it is.
    unhurried = depot(lat_deg=31.24, lon_deg=121.44, picking_s=3600)
    world.put("/depots/depot-1", unhurried, status=201)
    times = {"from_at": iso(now - timedelta(hours=1)), "until_at": iso(now + timedelta(hours=9))}
    for name, per_km in (("van-1", 100), ("van-2", 500)):
        world.put(f"/vehicles/{name}", vehicle(max_trips=4, cost_per_km=per_km), status=201)
        world.put(f"/shifts/of-{name}", shift(vehicle_id=name, **times), status=201)
    quiet = {"batch_s": "3600", "replan_s": "86400"}  # no version but those that are asked for
    with dispatching(world, CITY, wait_until, tmp_path / "dispatch.log", **quiet):
        for order_id in ("order-1", "order-2"):
            place(world, order_id)
        yield world


def place(world: World, order_id: str) -> None:
    """Place an order; the plan's next version brings it."""
    placed = order(order_id) | {"placed_at": iso(world.clock())}
    key = {"Idempotency-Key": f"key-{order_id}"}
    made = world.post("/orders?wait_s=10", placed, status=201, **key)
    assert made["promise"]["state"] == "promised"


def stands(world: World) -> dict[str, str]:
    """Return which vehicle brings which order."""
    rows = world.sql(
        "SELECT order_id, vehicle_id FROM plan_stops WHERE to_version IS NULL AND kind = 'deliver'"
    )
    return dict(rows)


def test_an_order_is_moved_for_its_price_and_that_is_undone(dispatched: World, page: Page) -> None:
    """Two ways of 1.46 km (31.24, 121.44 to 31.25, 121.45) at four yuan a km more are 11.68 yuan.

    If the neighbour's order stays where it is, they are five yuan a km more.
    """
    world = dispatched
    assert set(stands(world).values()) == {"van-1"}
    until = world.clock() + minutes(60)
    page.goto(console_link(world.settings, CITY, until, by="Li Wei", now=world.clock()))
    page.get_by_role("link", name="Commands").click()
    page.get_by_role("textbox", name="Order").fill("order-1")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("main")).to_contain_text("van-1 brings it")

    move = page.locator("form[data-say=move]")
    move.get_by_label("Vehicle").select_option("van-2")
    move.get_by_role("button", name="Move").click()
    said = page.get_by_role("status")
    expect(said).to_contain_text("order-1 goes to van-2. Done in plan", timeout=PATIENCE_MS)
    expect(page.locator("main")).to_contain_text("van-2 brings it")
    assert stands(world)["order-1"] == "van-2"
    ((price, by),) = world.sql(
        "SELECT price, commanded_by FROM command_outcomes JOIN dispatch_commands USING (command_id)"
    )
    assert price > 1100
    expect(said).to_contain_text(f"costs {price / 100:.2f} more")
    assert by == "Li Wei"
    page.reload()  # shows it again, and says nothing anew
    assert len(world.sql("SELECT 1 FROM dispatch_commands")) == 1

    page.locator("form[data-say=undo] button").click()
    expect(said).to_contain_text("is taken back. Done in plan", timeout=PATIENCE_MS)
    assert stands(world)["order-1"] == "van-1"


def test_a_plan_that_has_changed_meanwhile_is_shown_anew(dispatched: World, page: Page) -> None:
    world = dispatched
    until = world.clock() + minutes(60)
    url = console_link(world.settings, CITY, until, by="Li Wei", now=world.clock())
    page.goto(url.replace("/console?", "/console/desk?order=order-1&lang=en&"))
    field = page.locator("form[data-say=release] [name=base_version]")
    seen = int(field.get_attribute("value") or 0)
    place(world, "order-3")
    page.locator("form[data-say=release] button").click()
    expect(page.get_by_role("status")).to_contain_text("nothing was done", timeout=PATIENCE_MS)
    assert int(field.get_attribute("value") or 0) > seen
