"""How do the api's parts become one application?"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from api import (
    bindings,
    curves,
    document,
    errors,
    health,
    live,
    loggers,
    milestones,
    orders,
    page,
    places,
    stays,
    store,
)
from api.alerts import alerts, maintenance
from api.body import LimitedBody
from api.compensation import evidence, rules, triggers
from api.context import Clock, Context, utc_now
from api.dispatch import commands as dispatch_commands
from api.dispatch import console, desk, disruptions, plans, stream, vehicles
from api.findings import verdicts
from api.handover import complaints, handovers, intakes
from api.hub import Hub
from api.intake import batches, cities, depots, promises
from api.intake import orders as intake_orders
from api.intake import vehicles as fleet_vehicles
from api.observe import Metrics, Observed, WithoutLinks
from api.settings import ApiSettings
from api.webhooks import deliveries, endpoints

_STATIC: Final = Path(str(files("api").joinpath("static")))
_DESCRIPTION: Final = (
    "Proves the cold chain of every grocery order. Services show a token "
    "(`Authorization: Bearer`), members a link to one order; times are UTC, temperatures °C. "
    "Refusals are `application/problem+json` (RFC 9457)."
)
_TAGS: Final = [
    {"name": "orders", "description": "Orders, their consignments and milestones."},
    {"name": "handover", "description": "How goods changed hands, and what was said of them."},
    {"name": "bindings", "description": "Which box or place a logger measures, and when."},
    {"name": "stays", "description": "Where a consignment stood, and when."},
    {"name": "curves", "description": "What was measured: a gap is unknown, never fine."},
    {"name": "findings", "description": "What the readings mean: verdicts and excursions."},
    {"name": "alerts", "description": "Why somebody must act, and planned maintenance."},
    {"name": "compensation", "description": "What members get, by which rules, on what evidence."},
    {"name": "webhooks", "description": "Who outside is told what, and whether it arrived."},
    {"name": "fleet", "description": "Where and by whom is delivered, by which policy."},
    {"name": "dispatch", "description": "The living plan of a city, and what is said about it."},
    {"name": "loggers", "description": "Loggers that are registered or were heard."},
    {"name": "places", "description": "Cold rooms, vehicles and lockers with a logger."},
    {"name": "operation", "description": "For those who run the api."},
]
# The documentation's own page: Swagger UI writes styles into itself, and nothing else is inline.
_DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class _KeptStatic(StaticFiles):
    """Static files under versioned addresses: a browser keeps them."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(settings: ApiSettings, *, clock: Clock = utc_now) -> FastAPI:
    """Return the application; its pool and event hub live as long as its lifespan."""
    metrics = Metrics()
    hub = Hub(settings.database_url, queue_events=settings.live_queue_events, metrics=metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = store.make_pool(settings.database_url, max_size=settings.pool_max_size)
        await pool.open()
        app.state.context = Context(
            settings=settings, pool=pool, hub=hub, clock=clock, metrics=metrics
        )
        try:
            async with hub.running():
                yield
        finally:
            await pool.close()

    app = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        title="Frostline",
        summary="Temperature curves of orders, and what travels with them.",
        description=_DESCRIPTION,
        version=version("frostline"),
        openapi_tags=_TAGS,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
    )
    for router in _ROUTERS:
        app.include_router(router)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.mount("/static", _KeptStatic(directory=_STATIC), name="static")
    app.add_middleware(LimitedBody, max_bytes=settings.max_body_bytes)
    app.add_middleware(Observed, metrics=metrics)
    errors.install(app)
    document.complete(app, _ROUTERS)
    logging.getLogger("uvicorn.access").addFilter(_WITHOUT_LINKS)
    return app


_WITHOUT_LINKS: Final = WithoutLinks()  # one: adding it again changes nothing

_ROUTERS: Final[tuple[APIRouter, ...]] = (
    intake_orders.router,
    batches.router,
    promises.router,
    orders.router,
    milestones.router,
    handovers.router,
    complaints.router,
    intakes.router,
    bindings.router,
    stays.router,
    curves.router,
    live.router,
    verdicts.router,
    alerts.router,
    maintenance.router,
    triggers.router,
    evidence.router,
    rules.router,
    cities.router,
    depots.router,
    fleet_vehicles.router,
    plans.router,
    vehicles.router,
    dispatch_commands.router,
    disruptions.router,
    stream.router,
    console.router,
    desk.router,
    endpoints.router,
    deliveries.router,
    loggers.router,
    places.router,
    health.router,
    page.router,
)


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _docs(request: Request) -> HTMLResponse:
    root = request.scope.get("root_path", "")
    html = (_STATIC / "docs.html").read_text(encoding="utf-8")
    html = html.replace("{root}", root).replace("{version}", page.STATIC_VERSION)
    return HTMLResponse(html, headers={"Content-Security-Policy": _DOCS_POLICY})
