"""What is an order's temperature curve, as JSON, CSV or SVG?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from api import chart, examples, formats, store, store_events
from api.access import CurvesReader
from api.context import Context, InContext
from api.curve import ConsignmentCurve, thin
from api.errors import problems
from api.fields import ConsignmentIdField, OrderIdPath, UtcTime
from api.findings import store_findings
from api.findings.found import Findings
from api.negotiate import best_media_type
from api.order_curve import Asked, Period, ms_of, read_order_curve, with_excursions
from api.orders import find_order
from api.refusals import BadQuery, NoSuchThing, NotAcceptable, TooManyReadings
from api.resources import Order
from api.store import Connection
from api.words import Language
from schemas.ids import OrderId

router = APIRouter(tags=["curves"])

Form = Literal["json", "csv", "svg"]

POSITION_HEADER: Final = "Live-Position"

_DEFAULT_POINTS: Final = 1000
_MOST_POINTS: Final = 100_000
CHART_POINTS: Final = 800
MEDIA_TYPES: Final = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "svg": "image/svg+xml",
}
OFFERED: Final[Mapping[str, Form]] = {
    "application/json": "json",
    "text/csv": "csv",
    "image/svg+xml": "svg",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveQuery:
    """What of a curve is asked for, and how it is to be shown."""

    period: Period
    points: int | None  # None: every point
    consignment_id: str | None
    language: Language


@dataclass(frozen=True, slots=True)
class Read:
    """An order with what was measured and what was found of it."""

    order: Order
    curves: list[ConsignmentCurve]
    findings: Mapping[str, Findings]


def curve_query(
    *,
    from_at: Annotated[
        UtcTime | None, Query(alias="from", description="Only from this time on.")
    ] = None,
    to_at: Annotated[
        UtcTime | None, Query(alias="to", description="Only before this time.")
    ] = None,
    raw: Annotated[bool, Query(description="Every point.")] = False,
    points: Annotated[
        int | None,
        Query(
            ge=10,
            le=_MOST_POINTS,
            description="About so many points for each consignment; lowest and highest are kept. "
            f"Without it and without raw: {_DEFAULT_POINTS}.",
        ),
    ] = None,
    consignment_id: Annotated[
        ConsignmentIdField | None, Query(description="Only this consignment.")
    ] = None,
    lang: Annotated[Language, Query(description="Of a chart's words.")] = Language.ENGLISH,
) -> CurveQuery:
    """Read the query; raise BadQuery where it contradicts itself."""
    if raw and points is not None:
        raise BadQuery("Ask for raw or for points, not for both.")
    if from_at and to_at and from_at >= to_at:
        raise BadQuery("from must be before to.")
    return CurveQuery(
        period=Period(from_at=from_at, until_at=to_at),
        points=None if raw else points or _DEFAULT_POINTS,
        consignment_id=consignment_id,
        language=lang,
    )


Asking = Annotated[CurveQuery, Depends(curve_query)]

_REFUSED = problems(NoSuchThing, BadQuery, TooManyReadings)
_ANSWERS: Final[examples.Responses] = {
    200: {
        "description": "The curves.",
        "model": formats.CurveBody,
        "content": {
            "application/json": {"example": examples.CURVE},
            "text/csv": {"schema": {"type": "string"}, "example": examples.CURVE_CSV},
            "image/svg+xml": {"schema": {"type": "string"}, "example": examples.CURVE_SVG},
        },
    },
    304: {"description": "Not changed since the ETag of If-None-Match."},
}


@router.get(
    "/orders/{order_id}/curve",
    summary="Read an order's temperature curve, in the format of Accept",
    response_class=Response,
    responses={**_ANSWERS, **_REFUSED, **problems(NotAcceptable, malformed=False)},
)
async def get_curve(
    order_id: OrderIdPath,
    asking: Asking,
    request: Request,
    context: InContext,
    _: CurvesReader,
) -> Response:
    """Return each consignment's segments, gaps and points. A gap is unknown, never fine."""
    accepted = best_media_type(request.headers.get("accept", ""), tuple(OFFERED))
    if accepted is None:
        raise NotAcceptable(tuple(OFFERED))
    return await _answer(order_id, asking, OFFERED[accepted], request, context)


@router.get(
    "/orders/{order_id}/curve.{form}",
    summary="Read an order's temperature curve, in the format of the suffix",
    response_class=Response,
    responses={**_ANSWERS, **_REFUSED},
)
async def get_curve_as(
    order_id: OrderIdPath,
    form: Annotated[Form, Path(description="json, csv or svg.")],
    asking: Asking,
    request: Request,
    context: InContext,
    _: CurvesReader,
) -> Response:
    """Return the same as without the suffix, whatever the client accepts."""
    return await _answer(order_id, asking, form, request, context)


async def read_curves(
    db: Connection, order: Order, asking: CurveQuery, context: Context, *, now: datetime
) -> list[ConsignmentCurve]:
    """Return what is asked for of an order's curves, thinned; raise NoSuchThing."""
    if asking.consignment_id is not None:
        chosen = [c for c in order.consignments if c.consignment_id == asking.consignment_id]
        if not chosen:
            raise NoSuchThing("consignment of this order named", asking.consignment_id)
        order = order.model_copy(update={"consignments": tuple(chosen)})
    asked = Asked(now=now, max_readings=context.settings.max_curve_readings, period=asking.period)
    curves = await read_order_curve(db, order, asked)
    if asking.points is None:
        return curves
    return [thin(curve, points=asking.points) for curve in curves]


def with_etag(body: bytes, media_type: str, request: Request, headers: dict[str, str]) -> Response:
    """Return a body with its ETag, or 304 where the client has it."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**headers, "ETag": etag}
    known = {tag.strip().removeprefix("W/") for tag in _if_none_match(request).split(",")}
    if etag in known or "*" in known:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


async def _answer(
    order_id: OrderId, asking: CurveQuery, form: Form, request: Request, context: Context
) -> Response:
    now = context.clock()
    async with store.transaction(context.pool) as db:
        position = await store_events.live_position(db)  # before the curve: see api.live
        order = await find_order(db, order_id)
        findings = await store_findings.findings_of_order(db, order_id)
        curves = await read_curves(db, order, asking, context, now=now)
    curves = with_excursions(curves, findings)
    headers = {
        POSITION_HEADER: str(position),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization",
    }
    if form == "svg":
        headers["Content-Security-Policy"] = chart.CONTENT_POLICY
    body = _write(Read(order, curves, findings), asking, form, now)
    return with_etag(body, MEDIA_TYPES[form], request, headers)


def _write(read: Read, asking: CurveQuery, form: Form, now: datetime) -> bytes:
    order, curves = read.order, read.curves
    if form == "csv":
        return formats.to_csv(curves)
    if form == "svg":
        view = chart.View(
            now_ms=ms_of(now), zone=ZoneInfo(order.time_zone), language=asking.language
        )
        return chart.draw_order([thin(c, points=CHART_POINTS) for c in curves], view).encode()
    return formats.to_json(formats.curve_body(order, curves, read.findings, now_ms=ms_of(now)))


def _if_none_match(request: Request) -> str:
    return request.headers.get("if-none-match", "")
