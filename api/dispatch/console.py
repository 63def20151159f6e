"""What does a dispatcher's screen show of a city?

Rendered here, whole, as the member's page is; its small script asks for `now` again when the city's
stream says that something happened. A browser shows a signed link, since it cannot show a token in
its address bar; a program may show a token with the scope `dispatch:read`.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.responses import HTMLResponse

from api import access, examples, links, page, store, store_events
from api.access import Credentials, DispatchWriter
from api.context import Context, InContext
from api.dispatch import examples as told
from api.dispatch import store_console, store_disruptions, store_plan, store_vehicles
from api.dispatch.board import CityLook, board_of
from api.dispatch.cities import find_city
from api.dispatch.console_words import CONSOLE_WORDS
from api.dispatch.desk_address import address_of
from api.dispatch.desk_words import DESK_WORDS
from api.dispatch.resources import ConsoleLink, NewConsoleLink
from api.dispatch.stream import CityListener, city_response
from api.errors import problems, status_of
from api.fields import CityIdPath
from api.intake import store_deliveries
from api.language import Lang
from api.links import LinkTooLong
from api.live import Since, still_allowed
from api.refusals import BadQuery, DatabaseAway, LinkRefused, NoSuchThing
from api.tokens import Scope
from api.words import Language
from schemas.ids import CityId

router = APIRouter(tags=["dispatch"])

_STOPS_SHOWN: Final = 1000  # of a vehicle: all
_CHANGES_SHOWN, _RESCUES_SHOWN, _DISRUPTIONS_SHOWN = 12, 5, 20
_VERSIONS_BACK: Final = 20

_Link = Annotated[str | None, Query(max_length=500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who may look at a city's console, and until when; `link` None: he showed a token.

    `by` is who commands by the link; None: it only shows.
    """

    link: str | None
    by: str | None
    listener: CityListener


@router.post(
    "/cities/{city_id}/console-links",
    summary="Make a link to a city's console",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(ConsoleLink, told.CONSOLE_LINK, status=201),
        **problems(NoSuchThing, BadQuery),
    },
)
async def post_console_link(
    city_id: CityIdPath,
    new: Annotated[NewConsoleLink, examples.body(told.NEW_CONSOLE_LINK)],
    context: InContext,
    _: DispatchWriter,
) -> ConsoleLink:
    """Sign a link that shows the console to whoever has it; with `by`, that person may command.

    Without `by` it lets nobody say anything.
    """
    async with store.transaction(context.pool) as db:
        await find_city(db, city_id)
    try:
        url = links.console_link(
            context.settings, city_id, new.expires_at, by=new.by, now=context.clock()
        )
    except LinkTooLong as error:
        raise BadQuery(str(error)) from error
    return ConsoleLink(url=url, expires_at=new.expires_at)


async def _viewer(
    city_id: CityIdPath,
    context: InContext,
    credentials: Credentials,
    begin: Since,
    link: _Link = None,
) -> Viewer:
    """Return who looks, by his link or token; raise LinkRefused or NoToken."""
    if link is not None:
        allowed = links.verify_console(context.settings, link, now=context.clock())
        if allowed.city_id != city_id:
            raise LinkRefused
        return _by_link(link, allowed, begin)
    caller = await access.find_bearer(context, credentials, Scope.DISPATCH_READ)
    listener = CityListener(
        city_id=city_id,
        since=begin,
        expires_at=caller.expires_at,
        still_allowed=lambda: still_allowed(context, caller, Scope.DISPATCH_READ),
    )
    return Viewer(link=None, by=None, listener=listener)


def _by_link(link: str, allowed: links.ConsoleLink, begin: store_events.Position | None) -> Viewer:
    listener = CityListener(
        city_id=allowed.city_id,
        since=begin,
        expires_at=allowed.expires_at,
        still_allowed=_always,
    )
    return Viewer(link=link, by=allowed.by, listener=listener)


InView = Annotated[Viewer, Depends(_viewer)]


@router.get("/cities/{city_id}/console", response_class=HTMLResponse, include_in_schema=False)
async def get_console(
    city_id: CityIdPath,
    context: InContext,
    language: Lang,
    request: Request,
    credentials: Credentials,
    link: _Link = None,
) -> Response:
    """Show the whole console."""
    try:
        viewer = await _viewer(city_id, context, credentials, None, link)
        look = await _look(context, city_id)
    except LinkRefused:
        refused = status_of(LinkRefused)
        return page.render("refused.html", request, language, status=refused)
    except DatabaseAway:
        return page.back_soon(request, language)
    return page.render(
        "console.html",
        request,
        language,
        city=look,
        board=board_of(look, language),
        console=CONSOLE_WORDS[language],
        link=viewer.link,
        desk=_desk(viewer, request, language),
        desk_title=DESK_WORDS[language].title,
    )


@router.get("/cities/{city_id}/console/now", response_class=HTMLResponse, include_in_schema=False)
async def get_console_now(
    viewer: InView, context: InContext, language: Lang, request: Request
) -> Response:
    """Show the part of the console that changes."""
    try:
        look = await _look(context, viewer.listener.city_id)
    except DatabaseAway:
        return page.back_soon(request, language)
    return page.render(
        "board.html",
        request,
        language,
        city=look,
        board=board_of(look, language),
        console=CONSOLE_WORDS[language],
        desk=_desk(viewer, request, language),
    )


@router.get("/cities/{city_id}/console/live", response_class=Response, include_in_schema=False)
async def get_console_live(viewer: InView, context: InContext) -> Response:
    """Follow the city live, until the link expires."""
    return await city_response(context, viewer.listener)


def _desk(viewer: Viewer, request: Request, language: Language) -> str | None:
    """Return where commands are given, to which an order's id is added; None: not by this link."""
    if viewer.by is None or viewer.link is None:
        return None
    return address_of(request, viewer.listener.city_id, lang=language, link=viewer.link, order="")


async def _look(context: Context, city_id: CityId) -> CityLook:
    now = context.clock()
    async with store.transaction(context.pool) as db:
        position = await store_events.live_position(db)  # first: the stream goes on from here
        city = await find_city(db, city_id)
        version = await store_plan.newest_version(db, city_id)
        return CityLook(
            city=city,
            now=now,
            position=position,
            version=version,
            dispatcher_lives=await store_deliveries.dispatcher_lives(db, city_id),
            standing=await store_plan.standing(db, city_id, version),
            vehicles=await store_vehicles.vehicles(db, city_id, now=now, next_stops=_STOPS_SHOWN),
            changes=await store_plan.newest_changes(
                db, city_id, after=version - _VERSIONS_BACK, limit=_CHANGES_SHOWN
            ),
            rescues=await store_plan.rescues(db, city_id, limit=_RESCUES_SHOWN),
            disruptions=await store_disruptions.disruptions(
                db, city_id, open_at=now, after="", limit=_DISRUPTIONS_SHOWN
            ),
            landmarks=await store_console.landmarks(db, city_id),
            asking=await store_console.asking(db, city_id, now=now),
        )


async def _always() -> bool:
    return True  # a link ends only by its date, or with the secret that signed it
