"""What happens in a city, as it happens (server-sent events)?

`event` carries what webhooks carry too; `positions` where vehicles are now, every few seconds;
`reload` says that more happened than is told: read the plan again. Positions have no id: nobody
wants those that he missed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from api import formats, store, store_events
from api.access import DispatchReader
from api.context import Context, InContext
from api.dispatch import examples as told
from api.dispatch import store_plan, store_vehicles
from api.dispatch.cities import find_city
from api.errors import problems
from api.fields import CityIdPath
from api.hub import CityInterest, Subscription
from api.live import Since, left_s, still_allowed
from api.refusals import BadQuery, DatabaseAway, NoSuchThing
from api.store_events import EventRow, Position
from api.tokens import Scope
from schemas.ids import CityId

router = APIRouter(tags=["dispatch"])

_POSITIONS_S: Final = 5.0
_STUCK_S: Final = 60
_EVENTS_AT_ONCE: Final = 1000
# A plan for hundreds of orders tells as many events in one moment.
_QUEUE_EVENTS: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class CityListener:
    """Who follows which city: from where on, until when, and whether still."""

    city_id: CityId
    since: Position | None
    expires_at: datetime | None
    still_allowed: Callable[[], Awaitable[bool]]


@router.get(
    "/cities/{city_id}/stream",
    summary="Follow a city live",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "A stream of server-sent events.",
            "content": {
                "text/event-stream": {"schema": {"type": "string"}, "example": told.STREAM}
            },
        },
        **problems(NoSuchThing, BadQuery),
    },
)
async def get_stream(
    city_id: CityIdPath, begin: Since, context: InContext, caller: DispatchReader
) -> Response:
    """Send what happens as `event`, where vehicles are as `positions`, and `reload` after a gap."""
    listener = CityListener(
        city_id=city_id,
        since=begin,
        expires_at=caller.expires_at,
        still_allowed=lambda: still_allowed(context, caller, Scope.DISPATCH_READ),
    )
    return await city_response(context, listener)


async def city_response(context: Context, listener: CityListener) -> Response:
    """Return the stream of a city; raise NoSuchThing or DatabaseAway before it begins."""
    async with store.transaction(context.pool) as db:
        await find_city(db, listener.city_id)
    context.hub.require_position()
    return EventSourceResponse(
        _stream(context, listener),
        ping=context.settings.live_heartbeat_s,
        send_timeout=_STUCK_S,
        sep="\n",
    )


async def _stream(context: Context, listener: CityListener) -> AsyncIterator[ServerSentEvent]:
    interest = CityInterest(city_id=listener.city_id)
    with context.hub.subscribe(interest, queue_events=_QUEUE_EVENTS) as subscription:
        seen, missed = await _catch_up(context, listener, subscription)
        yield await _ready(context, listener, seen)
        if missed is None:
            yield _message("reload", {}, seen)
        async for message in _tell(context, missed or []):
            yield message
        async for message in _news(context, listener, subscription, seen):
            yield message
        if not subscription.overrun:  # who was only too slow comes back, and resumes
            yield _message("end", {})


async def _ready(context: Context, listener: CityListener, seen: Position) -> ServerSentEvent:
    async with store.transaction(context.pool) as db:
        version = await store_plan.newest_version(db, listener.city_id)
    beat_s = context.settings.live_heartbeat_s
    return _message("ready", {"heartbeat_s": beat_s, "version": version}, seen)


async def _catch_up(
    context: Context, listener: CityListener, subscription: Subscription[CityInterest]
) -> tuple[Position, list[EventRow] | None]:
    """Return up to where the listener knows all once it is told what it missed; None: too much."""
    since, began = listener.since, subscription.began
    if since is None:
        return began, []
    async with store.transaction(context.pool) as db:
        newest = await store_events.live_position(db)
        if since > newest or not await store_events.position_is_kept(db, since):
            return began, None  # of another database, or so old that events after it are gone
        events = await store_events.events_after(db, since, limit=_EVENTS_AT_ONCE)
    if len(events) == _EVENTS_AT_ONCE:
        return began, None
    missed = [e for e in events if e.position <= began and subscription.interest.concerns(e)]
    return max(since, began), missed


async def _news(
    context: Context,
    listener: CityListener,
    subscription: Subscription[CityInterest],
    seen: Position,
) -> AsyncIterator[ServerSentEvent]:
    """Yield what happens until the listener may no longer listen or is too slow."""
    clock = asyncio.get_running_loop().time
    beat_s = float(context.settings.live_heartbeat_s)
    recheck_at, positions_at = clock() + beat_s, clock()
    shown: Mapping[str, Any] = {}
    while (left := left_s(context, listener.expires_at)) > 0 and not subscription.overrun:
        if clock() >= positions_at:
            positions_at = clock() + _POSITIONS_S
            moved, shown = await _moved(context, listener.city_id, shown)
            if moved:
                yield _message("positions", {"vehicles": moved})
        wait_s = min(left, beat_s, max(positions_at - clock(), 0.0))
        events = await subscription.take(timeout_s=wait_s)
        async for message in _tell(context, [e for e in events if e.position > seen]):
            yield message
        if clock() >= recheck_at:
            recheck_at = clock() + beat_s
            if not await listener.still_allowed():
                return


async def _tell(context: Context, events: list[EventRow]) -> AsyncIterator[ServerSentEvent]:
    if not events:
        return
    async with store.transaction(context.pool) as db:
        said = await store_events.told(db, [event.event_id for event in events])
    for event in events:
        if event.event_id in said:  # else its age has deleted it
            row = said[event.event_id]
            data = {name: row[name] for name in ("type", "at", "order_id", "data")}
            yield _message("event", data, event.position)


async def _moved(
    context: Context, city_id: CityId, shown: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], Mapping[str, Any]]:
    """Return the vehicles that are elsewhere than shown, and where all are now."""
    try:
        async with store.transaction(context.pool) as db:
            fixes = await store_vehicles.positions(db, city_id, now=context.clock())
    except DatabaseAway:
        return [], shown  # the next look shows it
    now = {fix["vehicle_id"]: fix for fix in fixes}
    return [fix for fix in fixes if shown.get(fix["vehicle_id"]) != fix], now


def _message(kind: str, data: object, position: Position | None = None) -> ServerSentEvent:
    return ServerSentEvent(
        event=kind,
        id=None if position is None else str(position),
        data=formats.to_json(data).decode(),
    )
