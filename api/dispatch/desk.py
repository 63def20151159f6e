"""How does a dispatcher command in a browser? By plain forms, which work without JavaScript.

The link is the right: it is signed, names city and person, and ends with a shift. No cookie stands
for it, so no other site can make a browser speak; what a browser says comes from another site is
refused besides. Each form has an id of its own: sent twice, it is one command.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field, ValidationError

from api import links, page, store
from api.context import Context, InContext
from api.dispatch import commands, store_commands, store_console, store_plan
from api.dispatch.cities import find_city
from api.dispatch.console_words import CONSOLE_WORDS
from api.dispatch.desk_address import address_of
from api.dispatch.desk_view import DeskLook, DeskSpeech, desk_of
from api.dispatch.desk_words import DESK_WORDS
from api.dispatch.resources import Command, NewCommand
from api.dispatch.store_plan import City
from api.errors import KINDS, MALFORMED, status_of
from api.fields import CityIdPath
from api.intake import store_deliveries
from api.language import Lang
from api.observe import CONTENT_POLICY
from api.refusals import (
    AlreadyExists,
    BadQuery,
    DatabaseAway,
    LinkRefused,
    NoSuchThing,
    Refused,
    StalePlan,
)
from api.store import Connection
from api.words import Language
from schemas.ids import CityId, CommandId, MalformedId, OrderId, parse_command_id, parse_order_id

router = APIRouter(include_in_schema=False)

_SHOWN: Final = 12
_FIELDS_AT_MOST: Final = 20
# What a browser itself says of where a form was; old ones say nothing.
_FROM_HERE: Final = frozenset({None, "same-origin", "none"})
_POLICY: Final = CONTENT_POLICY.replace("form-action 'none'", "form-action 'self'")


class DeskQuery(BaseModel):
    """What the address says: the link, the order that is shown, and what came of a command."""

    link: Annotated[str, Field(max_length=500)] = ""
    order: Annotated[str, Field(max_length=200)] = ""
    said: Annotated[str, Field(max_length=200)] = ""
    refused: Annotated[str, Field(max_length=50)] = ""


InQuery = Annotated[DeskQuery, Query()]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, what its link allows, and in which language."""

    query: DeskQuery
    allowed: links.ConsoleLink
    language: Language


@router.get("/cities/{city_id}/console/desk", response_class=HTMLResponse)
async def get_desk(
    city_id: CityIdPath, context: InContext, language: Lang, request: Request, asked: InQuery
) -> Response:
    """Show an order with what can be said of it, and what was said last."""
    try:
        allowed = _allowed(context, asked.link, city_id)
        look = await _look(context, city_id, asked)
    except LinkRefused:
        return _refused(request, language)
    except DatabaseAway:
        return page.back_soon(request, language)
    speech = DeskSpeech(
        words=DESK_WORDS[language],
        console=CONSOLE_WORDS[language],
        zone=ZoneInfo(look.city.time_zone),
        now=look.now,
    )
    return _page(look, speech, Asked(asked, allowed, language), request)


@router.post("/cities/{city_id}/console/desk", response_class=Response)
async def post_desk(
    city_id: CityIdPath, context: InContext, language: Lang, request: Request, asked: InQuery
) -> Response:
    """Say what a form says, wait for what comes of it, and show that."""
    if request.headers.get("sec-fetch-site") not in _FROM_HERE:
        return _refused(request, language)
    try:
        allowed = _allowed(context, asked.link, city_id)
    except LinkRefused:
        return _refused(request, language)
    what_came = await _say(context, allowed, _form(await request.body()))
    shown = {"lang": language, "link": asked.link, "order": asked.order}
    return RedirectResponse(
        address_of(request, city_id, **shown, **what_came),
        status_code=status.HTTP_303_SEE_OTHER,
    )


def _refused(request: Request, language: Language) -> Response:
    return page.render("refused.html", request, language, status=status_of(LinkRefused))


def _allowed(context: Context, link: str, city_id: CityId) -> links.ConsoleLink:
    """Return what a link allows, if it lets somebody command here; else raise LinkRefused."""
    allowed = links.verify_console(context.settings, link, now=context.clock())
    if allowed.by is None or allowed.city_id != city_id:
        raise LinkRefused
    return allowed


def _form(body: bytes) -> dict[str, str]:
    """Return a form's fields; what can't be read is none."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=_FIELDS_AT_MOST, strict_parsing=True)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {name: values[-1].strip() for name, values in fields.items()}


async def _say(
    context: Context, allowed: links.ConsoleLink, form: Mapping[str, str]
) -> dict[str, str]:
    """Give a form's command; return what the page is to show of it."""
    try:
        async with store.transaction(context.pool) as db:
            city = await find_city(db, allowed.city_id)
            new = _command(form, city)
            is_new = await commands.say(
                db, city.city_id, new, by=allowed.by or "", now=context.clock()
            )
        command = await commands.decided(context, new.command_id)
    except ValidationError:
        return {"refused": MALFORMED.name}
    except (NoSuchThing, StalePlan, BadQuery, DatabaseAway) as refusal:
        return {"refused": _name(refusal)}
    if not is_new and not commands.says_the_same(command, city.city_id, new):
        return {"refused": KINDS[AlreadyExists].name}
    return {"said": new.command_id}


def _name(refusal: Refused) -> str:
    return next(kind.name for cls, kind in KINDS.items() if isinstance(refusal, cls))


def _command(form: Mapping[str, str], city: City) -> NewCommand:
    """Return what a form says; its times are of the city's clock. Raises ValidationError."""
    values: dict[str, object] = {name: text for name, text in form.items() if text}
    held = form.get("hold_until")
    if held:
        values["hold_until"] = _at(held, ZoneInfo(city.time_zone))
    return NewCommand.model_validate(values)


def _at(text: str, zone: ZoneInfo) -> object:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text  # which the model refuses
    return at if at.tzinfo else at.replace(tzinfo=zone)


async def _look(context: Context, city_id: CityId, asked: DeskQuery) -> DeskLook:
    now = context.clock()
    order_id = _parsed_order(asked.order)
    async with store.transaction(context.pool) as db:
        version = await store_plan.newest_version(db, city_id)
        return DeskLook(
            city=await find_city(db, city_id),
            now=now,
            version=version,
            standing=await store_plan.standing(db, city_id, version),
            order_id=order_id,
            is_known=order_id is not None
            and await store_commands.is_delivery_of(db, city_id, order_id),
            takers=await store_console.takers(db, city_id, now=now),
            commands=await store_commands.commands(db, city_id, before=None, limit=_SHOWN),
            said=await _said(db, city_id, asked.said),
            refused=asked.refused or None,
            dispatcher_lives=await store_deliveries.dispatcher_lives(db, city_id),
        )


def _parsed_order(text: str) -> OrderId | None:
    try:
        return parse_order_id(text.strip())
    except MalformedId:
        return None


async def _said(db: Connection, city_id: CityId, text: str) -> Command | None:
    """Return the city's command that the address names, if it names one."""
    try:
        command_id: CommandId = parse_command_id(text)
    except MalformedId:
        return None
    command = await store_commands.command(db, command_id)
    return command if command is not None and command.city_id == city_id else None


def _page(look: DeskLook, speech: DeskSpeech, asked: Asked, request: Request) -> Response:
    words, link, language = speech.words, asked.query.link, asked.language
    city_id = look.city.city_id
    shown = {"link": link, "order": asked.query.order, "said": asked.query.said}
    response = page.render(
        "desk.html",
        request,
        language,
        city=look.city,
        desk=desk_of(look, speech),
        desk_words=words,
        order_id=look.order_id or "",
        plan=look.version,
        by=words.by.format(by=asked.allowed.by, time=speech.clock(asked.allowed.expires_at)),
        link=link,
        here=address_of(request, city_id, lang=language, link=link, order=asked.query.order),
        again=address_of(request, city_id, lang=language, **shown),
        in_other={each: address_of(request, city_id, lang=each, **shown) for each in Language},
        new_id=_new_id,
    )
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def _new_id() -> str:
    """Return an id for the command of one form."""
    return f"desk-{secrets.token_hex(8)}"
