"""What changes on an order's curve, as it happens (server-sent events)?

Each message's `id` is a position in `events`; whoever comes back with it as `Last-Event-ID` misses
nothing. `points` carries readings, perhaps some that were sent before; `reload` says that more
changed: read the order and its curve again. The stream ends when what allowed it ends.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from api import access, examples, formats, hub, store, store_curves, store_events
from api.access import Caller, CurvesReader
from api.context import Context, InContext
from api.curve import cut
from api.errors import problems
from api.fields import OrderIdPath
from api.hub import Interest, News, Subscription, parse_position
from api.order_curve import Asked, Period, ms_of, read_order_curve
from api.orders import find_order
from api.refusals import BadQuery, DatabaseAway, NoSuchThing, NoToken, ScopeMissing
from api.store_events import Position
from api.tokens import Scope
from schemas.ids import OrderId
from schemas.segments import Window

router = APIRouter(tags=["curves"])

# A logger that was never heard has no key in events: while one is awaited, look for it that often.
_FIRST_READING_S: Final = 3.0
_STUCK_S: Final = 60
_EVENTS_AT_ONCE: Final = 1000
# Whether a place fills a stretch, and a logger's interval, show only with what surrounds it.
_SURROUNDINGS: Final = timedelta(hours=1)

Recheck = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who listens: to which order, from where on, until when, and whether still."""

    order_id: OrderId
    since: Position | None
    expires_at: datetime | None
    still_allowed: Recheck


def since(
    after: Annotated[
        str | None, Query(description="Begin behind this position: Live-Position of a curve.")
    ] = None,
    last_event_id: Annotated[
        str | None, Header(description="Where the last stream ended; browsers send it.")
    ] = None,
) -> Position | None:
    """Return where to begin, None: now. A browser that comes back knows better than the address."""
    text = last_event_id or after
    return parse_position(text) if text else None


Since = Annotated[Position | None, Depends(since)]


@router.get(
    "/orders/{order_id}/live",
    summary="Follow an order's curve live",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "A stream of server-sent events.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": examples.LIVE,
                }
            },
        },
        **problems(NoSuchThing, BadQuery),
    },
)
async def get_live(
    order_id: OrderIdPath, begin: Since, context: InContext, caller: CurvesReader
) -> Response:
    """Send new points as `points`, and `reload` where more has changed."""
    listener = Listener(
        order_id=order_id,
        since=begin,
        expires_at=caller.expires_at,
        still_allowed=lambda: still_allowed(context, caller, Scope.CURVES_READ),
    )
    return await live_response(context, listener)


async def live_response(context: Context, listener: Listener) -> Response:
    """Return the stream for a listener; raise NoSuchThing or DatabaseAway before it begins."""
    interest = await _interest(context, listener.order_id)
    context.hub.require_position()
    return EventSourceResponse(
        _stream(context, listener, interest),
        ping=context.settings.live_heartbeat_s,
        send_timeout=_STUCK_S,
        sep="\n",
    )


async def _stream(
    context: Context, listener: Listener, interest: Interest
) -> AsyncIterator[ServerSentEvent]:
    with context.hub.subscribe(interest) as subscription:
        # What was bound before the hub knew of us came to nobody: look again, now that it does.
        rebound = await _refresh(context, listener, subscription, subscription.began)
        seen, missed = await _catch_up(context, listener, subscription)
        yield _message("ready", seen, {"heartbeat_s": context.settings.live_heartbeat_s})
        if rebound is not None:
            missed = News(position=seen, reload=True)
        if missed is not None:
            yield await _tell(context, listener.order_id, missed)
        async for news in _news(context, listener, subscription, seen):
            yield await _tell(context, listener.order_id, news)
        if not subscription.overrun:  # who was only too slow comes back, and resumes
            yield ServerSentEvent(event="end", data="{}")


async def _catch_up(
    context: Context, listener: Listener, subscription: Subscription[Interest]
) -> tuple[Position, News | None]:
    """Return up to where the listener knows all, once it is told what it has missed."""
    since_position, began = listener.since, subscription.began
    if since_position is None:
        return began, None
    async with store.transaction(context.pool) as db:
        newest = await store_events.live_position(db)
        if since_position > newest or not await store_events.position_is_kept(db, since_position):
            # Of another database, or so old that events after it are gone.
            return began, News(position=began, reload=True)
        events = await store_events.events_after(db, since_position, limit=_EVENTS_AT_ONCE)
    if len(events) == _EVENTS_AT_ONCE:
        return began, News(position=began, reload=True)
    missed = [event for event in events if event.position <= began]
    return max(since_position, began), hub.gather(missed, subscription.interest)


async def _news(
    context: Context, listener: Listener, subscription: Subscription[Interest], seen: Position
) -> AsyncIterator[News]:
    """Yield what changes until the listener may no longer listen or is too slow."""
    clock = asyncio.get_running_loop().time
    beat_s = float(context.settings.live_heartbeat_s)
    recheck_at = clock() + beat_s
    while (left := left_s(context, listener.expires_at)) > 0 and not subscription.overrun:
        wait_s = _FIRST_READING_S if subscription.interest.unheard else beat_s
        events = await subscription.take(timeout_s=min(left, wait_s))
        fresh = [event for event in events if event.position > seen]
        news = hub.gather(fresh, subscription.interest)
        if news is not None:
            seen = news.position
        if subscription.interest.unheard or (news and news.reload):
            news = await _refresh(context, listener, subscription, seen) or news
        if news is not None:
            yield news
        if clock() >= recheck_at:
            recheck_at = clock() + beat_s
            if not await listener.still_allowed():
                return


async def _refresh(
    context: Context, listener: Listener, subscription: Subscription[Interest], seen: Position
) -> News | None:
    """Look again which loggers and places the order has; say so where they are others."""
    interest = await _interest(context, listener.order_id)
    if interest == subscription.interest:
        return None
    subscription.interest = interest
    return News(position=seen, reload=True)


async def _tell(context: Context, order_id: OrderId, news: News) -> ServerSentEvent:
    if news.reload or news.from_at is None or news.to_at is None:
        return _message("reload", news.position, {})
    asked = Asked(
        now=context.clock(),
        max_readings=context.settings.max_curve_readings,
        period=Period(from_at=news.from_at - _SURROUNDINGS, until_at=news.to_at + _SURROUNDINGS),
    )
    async with store.transaction(context.pool) as db:
        curves = await read_order_curve(db, await find_order(db, order_id), asked)
    window = Window(from_ms=ms_of(news.from_at), until_ms=ms_of(news.to_at))
    points = formats.points_body([cut(curve, window) for curve in curves])
    return _message("points", news.position, {"consignments": points})


def _message(kind: str, position: Position, data: object) -> ServerSentEvent:
    return ServerSentEvent(event=kind, id=str(position), data=formats.to_json(data).decode())


async def _interest(context: Context, order_id: OrderId) -> Interest:
    async with store.transaction(context.pool) as db:
        order = await find_order(db, order_id)
        recordings = await store_curves.recordings_of_order(db, order_id)
    stays = [stay for consignment in order.consignments for stay in consignment.stays]
    return Interest(
        order_id=order_id,
        unheard=any(row.logger_key is None for row in recordings),
        logger_keys=frozenset(row.logger_key for row in recordings if row.logger_key),
        place_ids=frozenset(stay.place_id for stay in stays),
    )


def left_s(context: Context, expires_at: datetime | None) -> float:
    """Return how long what allows a stream still holds."""
    if expires_at is None:
        return math.inf
    return (expires_at - context.clock()).total_seconds()


async def still_allowed(context: Context, caller: Caller, scope: Scope) -> bool:
    """Tell whether a stream's token still has its scope."""
    try:
        await access.find_caller(context, caller.presented, scope)
    except (NoToken, ScopeMissing):
        return False
    except DatabaseAway:
        return True  # an outage revokes nothing; the stream's own end still holds
    return True
