"""The database goes away and comes back; the api says so meanwhile, and streams go on."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from frostline.migrate import migrate
from tests.api_world import BOX_LOGGER, T0, minutes, ms, running_world
from tests.integration.test_api_live import LIVE, stream, times_of


def test_requests_are_refused_while_the_database_is_away_and_streams_go_on_after(
    make_postgres, wait_until
) -> None:
    server = make_postgres(durable=True)
    dsn = server.dsn("postgres")
    migrate(dsn, require_timescaledb=True)
    with running_world(dsn) as world:
        world.shipped_order()
        world.hear(BOX_LOGGER, [(T0, 2.0)])
        with stream(world, LIVE) as said:
            next(said)
            server.kill()
            with ThreadPoolExecutor() as pool:  # each waits for the database for 5 s
                answer, ready, alive = pool.map(
                    world.client.get, ("/orders/order-1", "/readyz", "/healthz")
                )
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:frostline:problem:database-away"
            assert answer.headers["retry-after"] == "3"
            assert (ready.status_code, alive.status_code) == (503, 200)
            server.start()
            url = f"{world.settings.public_url}/readyz"
            wait_until(
                # A request waits for the pool for 5 s, which is also httpx's own patience.
                lambda: httpx.get(url, trust_env=False, timeout=20).status_code == 200,
                timeout_s=30,
                what="the api to be ready again",
            )
            world.hear(BOX_LOGGER, [(T0 + minutes(1), 2.0)])
            points = next(event for event in said if event.event == "points")
        assert times_of(points) == [ms(T0 + minutes(1))]


def test_a_member_reads_that_the_page_is_back_soon_while_the_database_is_away(
    make_postgres,
) -> None:
    server = make_postgres(durable=True)
    migrate(server.dsn("postgres"), require_timescaledb=True)
    with running_world(server.dsn("postgres")) as world, ThreadPoolExecutor(4) as pool:
        world.shipped_order()
        link = world.link("order-1")
        server.kill()
        english = pool.map(ask, [f"{link}{part}?lang=en" for part in ("", "/now", "/curve.svg")])
        chinese = pool.map(ask, [f"{link}?lang=zh"])
        for answer in english:
            says_back_soon(answer, "Back soon")
        for answer in chinese:
            says_back_soon(answer, "稍后恢复")


def test_a_member_whose_curve_is_too_long_reads_the_same(database_url: str) -> None:
    with running_world(database_url, max_curve_readings=1) as world:
        world.shipped_order()
        world.hear(BOX_LOGGER, [(T0, 2.0), (T0 + minutes(1), 2.0)])
        says_back_soon(ask(f"{world.link('order-1')}?lang=en"), "Back soon")


def ask(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=20)


def says_back_soon(answer: httpx.Response, title: str) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert f"<h1>{title}</h1>" in answer.text
    assert '<meta http-equiv="refresh"' in answer.text
    assert "order-1" not in answer.text


def test_an_api_that_starts_before_the_migration_serves_after_it(
    empty_database_url, wait_until
) -> None:
    with running_world(empty_database_url, ready=False) as world:
        url = world.settings.public_url
        assert ask(f"{url}/readyz").status_code == 503
        assert ask(f"{url}/orders").status_code == 401
        unknown = {"Authorization": "Bearer frostline_000000000000_x"}
        answer = httpx.get(f"{url}/orders", headers=unknown, trust_env=False)
        assert answer.status_code == 503
        migrate(empty_database_url, require_timescaledb=True)
        world.become_client()
        world.shipped_order()
        world.hear(BOX_LOGGER, [(T0, 2.0)])
        wait_until(lambda: world.client.get("/metrics").status_code == 200, what="the api")
        live = world.client.stream
        wait_until(lambda: _answers(live), timeout_s=20, what="the live stream")


def _answers(live) -> bool:
    with live("GET", LIVE) as answer:
        return answer.status_code == 200
