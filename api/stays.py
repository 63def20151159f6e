"""Where did a consignment stand, and when?

A box stands in one place at a time: where a stay begins, the one before it ends.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status

from api import examples, store, store_bindings, store_events, store_loggers
from api.access import OrdersWriter
from api.bindings import SHORTEST, lock_order_of
from api.context import InContext
from api.errors import problems
from api.fields import RowIdPath
from api.refusals import AlreadyClosed, EndsBeforeStart, NoSuchThing, StayOverlaps
from api.resources import NewStay, Stay, StayEnd
from api.store import Connection
from api.store_bindings import Boxes
from api.store_events import Change
from schemas.ids import OrderId

router = APIRouter(tags=["stays"])


@router.post(
    "/stays",
    summary="Say where a consignment stands",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Stay, examples.STAY, status=201),
        **problems(NoSuchThing, StayOverlaps, AlreadyClosed, EndsBeforeStart),
    },
)
async def post_stay(
    new: Annotated[NewStay, examples.body(examples.NEW_STAY)],
    context: InContext,
    _: OrdersWriter,
) -> Stay:
    """Let a consignment stand at a place; where it stood before, it stands no longer."""
    if new.until_at is not None and new.until_at <= new.from_at:
        raise EndsBeforeStart(new.from_at)
    async with store.transaction(context.pool) as db:
        if await store_loggers.place(db, new.place_id) is None:
            raise NoSuchThing("place", new.place_id)
        order_id = await lock_order_of(db, new.consignment_id, until_at=new.until_at)
        for standing in await store_bindings.stays_overlapping(db, new):
            if standing.from_at >= new.from_at:
                raise StayOverlaps(standing.stay_id, standing.from_at)
            await store_bindings.end_stay(db, standing.stay_id, at=new.from_at)
        stay = await store_bindings.begin_stay(db, new)
        await _announce(db, "frostline.stay.begun", stay, order_id, context.clock())
    return stay


@router.post(
    "/stays/{stay_id}/end",
    summary="Say that a consignment has left a place",
    responses={
        **examples.answers(Stay, examples.ENDED_STAY),
        **problems(NoSuchThing, AlreadyClosed, EndsBeforeStart),
    },
)
async def post_stay_end(
    stay_id: RowIdPath,
    end: Annotated[StayEnd, examples.body(examples.STAY_END)],
    context: InContext,
    _: OrdersWriter,
) -> Stay:
    """End a stay."""
    async with store.transaction(context.pool) as db:
        found = await store_bindings.stay(db, stay_id)
        if found is None:
            raise NoSuchThing("stay", stay_id)
        order_id = await lock_order_of(db, found.consignment_id, until_at=end.at)
        stay = await store_bindings.stay(db, stay_id) or found  # it may have ended while we waited
        if stay.until_at is not None and stay.until_at <= end.at:
            raise AlreadyClosed("stay", stay_id, stay.until_at)
        if end.at <= stay.from_at:
            raise EndsBeforeStart(stay.from_at)
        ended = await store_bindings.end_stay(db, stay_id, at=end.at)
        await _announce(db, "frostline.stay.ended", ended, order_id, context.clock())
    return ended


async def end_all(db: Connection, boxes: Boxes, *, at: datetime) -> None:
    """End the stays of boxes; one that begins later ends as soon as it can."""
    for stay in await store_bindings.stays_after(db, boxes, at):
        end_at = max(at, stay.from_at + SHORTEST)
        if stay.until_at is None or stay.until_at > end_at:
            await store_bindings.end_stay(db, stay.stay_id, at=end_at)


async def _announce(
    db: Connection, kind: str, stay: Stay, order_id: OrderId, now: datetime
) -> None:
    change = Change(
        type=kind,
        from_at=stay.from_at,
        to_at=max(now, stay.until_at or now),
        order_id=order_id,
        data=stay.model_dump(mode="json", exclude_none=True),
    )
    await store_events.announce(db, change, now=now)
