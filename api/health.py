"""Is the api alive, is it ready, and how busy is it?

The first two are open, and say nothing else.
"""

import logging

from fastapi import APIRouter, Response, status
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api import examples, store
from api.access import MetricsReader
from api.context import InContext
from api.errors import problems
from api.refusals import DatabaseAway

log = logging.getLogger(__name__)

router = APIRouter(tags=["operation"])


@router.get(
    "/healthz",
    summary="Is the process alive?",
    response_class=PlainTextResponse,
    responses=examples.text("alive"),
)
async def get_healthz() -> str:
    """Answer, which is all."""
    return "alive"


@router.get(
    "/readyz",
    summary="Can it serve: database there, and migrated?",
    response_class=PlainTextResponse,
    responses={**examples.text("ready"), **examples.text("not ready", status=503)},
)
async def get_readyz(context: InContext) -> Response:
    """Look at the database and its schema's level. The reason for a no stands in the log."""
    try:
        async with store.transaction(context.pool) as db:
            ready = await store.is_migrated(db)
            reason = "" if ready else "the database needs `frostline migrate`"
    except DatabaseAway as error:
        ready, reason = False, str(error)
    if ready:
        return PlainTextResponse("ready")
    log.warning("not ready", extra={"reason": reason})
    return PlainTextResponse("not ready", status_code=status.HTTP_503_SERVICE_UNAVAILABLE)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=PlainTextResponse,
    responses={**examples.text("frostline_api_live_streams 3.0\n"), **problems(malformed=False)},
)
async def get_metrics(context: InContext, _: MetricsReader) -> Response:
    """Return the process's metrics as text."""
    body = generate_latest(context.metrics.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
