"""What does a member see of an order?

Rendered here, whole, for a phone without JavaScript; the page's small script only asks for `now`
again when the stream says that something changed. A link that is wrong, expired or foreign shows
nothing, and looks the same in each case.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api import chart, journey, store, store_events, store_orders
from api.access import Member, verify_link
from api.chart import View
from api.compensation import store_rules, store_triggers
from api.compensation.plain import rulebooks_of
from api.context import Context, InContext
from api.curve import ConsignmentCurve, thin
from api.curves import CHART_POINTS, MEDIA_TYPES, with_etag
from api.errors import status_of
from api.findings import store_findings
from api.handover import store_handover
from api.journey import Known
from api.language import Lang
from api.links import MemberLink
from api.live import Listener, Since, live_response
from api.order_curve import Asked, ms_of, read_order_curve, with_excursions
from api.refusals import DatabaseAway, LinkRefused, NoSuchThing, TooManyReadings
from api.resources import Order
from api.store import Connection
from api.store_events import Position
from api.words import WORDS, Language
from schemas.ids import OrderId

router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(str(files("api").joinpath("templates")))
# What a member can do nothing about but wait.
_NOT_NOW: Final = (DatabaseAway, TooManyReadings)
_AGAIN_S: Final = 10
_CARD_WIDTH, _CARD_HEIGHT = 360, 190


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An order as a member's link shows it, as it was behind a position in `events`."""

    order: Order
    curves: Sequence[ConsignmentCurve]
    known: Known
    view: View
    position: Position


@router.get("/m/{link}", response_class=HTMLResponse)
async def get_page(link: str, language: Lang, request: Request, context: InContext) -> Response:
    """Show the whole page."""
    try:
        member_link = verify_link(context, link)
        look = await _look(context, member_link, language)
    except LinkRefused:
        return render("refused.html", request, language, status=status_of(LinkRefused))
    except _NOT_NOW:
        return back_soon(request, language)
    return render("page.html", request, language, link=link, look=look, member_link=member_link)


@router.get("/m/{link}/now", response_class=HTMLResponse)
async def get_now(member: Member, language: Lang, request: Request, context: InContext) -> Response:
    """Show the part of the page that changes."""
    try:
        look = await _look(context, member, language)
    except _NOT_NOW:
        return back_soon(request, language)
    return render("journey.html", request, language, look=look)


@router.get("/m/{link}/curve.svg", response_class=Response)
async def get_member_svg(
    member: Member, language: Lang, request: Request, context: InContext
) -> Response:
    """Show the curves alone."""
    try:
        look = await _look(context, member, language)
    except _NOT_NOW:
        return back_soon(request, language)
    body = chart.draw_order([thin(c, points=CHART_POINTS) for c in look.curves], look.view)
    headers = {"Content-Security-Policy": chart.CONTENT_POLICY}
    return with_etag(body.encode(), MEDIA_TYPES["svg"], request, headers)


@router.get("/m/{link}/live", response_class=Response)
async def get_member_live(member: Member, begin: Since, context: InContext) -> Response:
    """Follow the order live, until the link expires."""
    listener = Listener(
        order_id=member.order_id,
        since=begin,
        expires_at=member.expires_at,
        still_allowed=_always,
    )
    try:
        return await live_response(context, listener)
    except NoSuchThing as error:
        raise LinkRefused from error


async def _look(context: Context, member: MemberLink, language: Language) -> Look:
    now = context.clock()
    async with store.transaction(context.pool) as db:
        position = await store_events.live_position(
            db
        )  # before the curve: the stream goes on from here
        order = await store_orders.order(db, member.order_id)
        if order is None:
            raise LinkRefused
        asked = Asked(now=now, max_readings=context.settings.max_curve_readings)
        curves = await read_order_curve(db, order, asked)
        known = await _known(db, member.order_id)
    curves = with_excursions(curves, known.findings)
    view = View(now_ms=ms_of(now), zone=ZoneInfo(order.time_zone), language=language)
    return Look(order=order, curves=curves, known=known, view=view, position=position)


async def _known(db: Connection, order_id: OrderId) -> Known:
    triggers = await store_triggers.triggers_of_order(db, order_id)
    estimate = await store_handover.newest_estimate(db, order_id)
    return Known(
        findings=await store_findings.findings_of_order(db, order_id),
        triggers=triggers,
        texts={
            rulebook: await store_rules.texts_of_rules(db, *rulebook)
            for rulebook in rulebooks_of(triggers)
        },
        arrives_at=estimate.arrives_at if estimate else None,
        went_back_by=await store_handover.went_back_by(db, order_id),
    )


async def _always() -> bool:
    return True  # a link ends only by its date, or with the secret that signed it


def back_soon(request: Request, language: Language) -> Response:
    """Say that the page comes back by itself."""
    status = status_of(DatabaseAway)
    response = render("back_soon.html", request, language, status=status, again_s=_AGAIN_S)
    response.headers["Retry-After"] = str(_AGAIN_S)
    return response


def render(
    template: str, request: Request, language: Language, *, status: int = 200, **values: Any
) -> Response:
    """Return a page in a reader's language."""
    words = WORDS[language]
    look: Look | None = values.get("look")
    if look is not None:
        card_view = replace(look.view, width=_CARD_WIDTH, height=_CARD_HEIGHT)
        values["journey"] = journey.tell(look.order, look.curves, card_view, look.known)
        values["zone"] = journey.zone_words(look.view.zone)
    member_link: MemberLink | None = values.get("member_link")
    if look is not None and member_link is not None:
        values["valid_until"] = journey.local_time(member_link.expires_at, look.view)
    html = _templates.get_template(template).render(
        words=words,
        language=language,
        other="zh" if language is Language.ENGLISH else "en",
        root=request.scope.get("root_path", ""),
        version=STATIC_VERSION,
        **values,
    )
    headers = {"Content-Language": words.tag, "Vary": "Accept-Language"}
    return HTMLResponse(html, status_code=status, headers=headers)


def _static_version() -> str:
    """Return a name for what is in static: browsers may keep files under it for ever."""
    content = hashlib.sha256()
    for path in sorted(Path(str(files("api").joinpath("static"))).iterdir()):
        content.update(path.read_bytes())
    return content.hexdigest()[:12]


STATIC_VERSION: Final = _static_version()
_templates: Final = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
