"""What do members get, why, and what did people say to it?"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, status

from api import examples, store
from api.access import TriggersReader, TriggersWriter
from api.compensation import examples as told
from api.compensation import store_triggers
from api.compensation.resources import Ledger, NewReview, Review, Trigger
from api.compensation.store_triggers import TriggerFilter
from api.context import InContext
from api.errors import problems
from api.fields import BeforeRow, OrderIdPath, PageSize, RowIdPath, Text
from api.orders import find_order
from api.refusals import NoSuchThing
from api.store import Connection
from api.store_events import Change, announce
from schemas.events import Outcome

router = APIRouter(tags=["compensation"])


@router.get(
    "/orders/{order_id}/triggers",
    summary="List what an order's member gets",
    responses={**examples.answers(list[Trigger], [told.TRIGGER]), **problems(NoSuchThing)},
)
async def get_order_triggers(
    order_id: OrderIdPath, context: InContext, _: TriggersReader
) -> list[Trigger]:
    """List an order's triggers, oldest first, each with what was decided of it last."""
    async with store.transaction(context.pool) as db:
        await find_order(db, order_id)
        return await store_triggers.triggers_of_order(db, order_id)


def wanted_triggers(
    outcome: Annotated[Outcome | None, Query(description="Only with this outcome.")] = None,
    *,
    needs_review: Annotated[
        bool | None, Query(description="true: only those that wait for a person.")
    ] = None,
    clause: Annotated[Text | None, Query(description="Only under this clause: 1.1.")] = None,
) -> TriggerFilter:
    """Return which triggers are asked for."""
    return TriggerFilter(outcome=outcome, needs_review=needs_review, clause=clause)


@router.get(
    "/triggers",
    summary="List compensation",
    responses={**examples.answers(list[Trigger], [told.TRIGGER]), **problems()},
)
async def get_triggers(
    wanted: Annotated[TriggerFilter, Depends(wanted_triggers)],
    context: InContext,
    _: TriggersReader,
    before: BeforeRow = None,
    limit: PageSize = 100,
) -> list[Trigger]:
    """List triggers as last decided, newest first; `before` goes on at a `trigger_id`."""
    async with store.transaction(context.pool) as db:
        return await store_triggers.triggers(db, wanted, before=before, limit=limit)


@router.get(
    "/triggers/{trigger_id}",
    summary="Look at one compensation, with its ledger",
    responses={**examples.answers(Ledger, told.LEDGER), **problems(NoSuchThing)},
)
async def get_trigger(trigger_id: RowIdPath, context: InContext, _: TriggersReader) -> Ledger:
    """Return a trigger with every decision and every review, oldest first."""
    async with store.transaction(context.pool) as db:
        trigger = await find_trigger(db, trigger_id)
        ledger = await store_triggers.ledger(db, trigger_id)
        reviews = await store_triggers.reviews(db, trigger_id)
    return Ledger(
        **trigger.model_dump(),
        net=sum(decision.delta for decision in ledger),
        ledger=tuple(ledger),
        reviews=tuple(reviews),
    )


@router.post(
    "/triggers/{trigger_id}/reviews",
    summary="Review a compensation",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Review, told.REVIEW, status=200, also=201),
        **problems(NoSuchThing),
    },
)
async def post_review(
    trigger_id: RowIdPath,
    new: Annotated[NewReview, examples.body(told.NEW_REVIEW)],
    context: InContext,
    caller: TriggersWriter,
    response: Response,
) -> Review:
    """Say what a person decides; the ledger gets a correction once the gateway has acted on it.

    The newest word holds. Repeating it gives 200 and adds nothing.
    """
    now, by = context.clock(), new.by or caller.name
    async with store.transaction(context.pool) as db:
        await store_triggers.lock_trigger(db, trigger_id)
        trigger = await find_trigger(db, trigger_id)
        standing = await store_triggers.reviews(db, trigger_id)
        if standing and _says_the_same(standing[-1], new, by):
            response.status_code = status.HTTP_200_OK
            return standing[-1]
        review = await store_triggers.write_review(db, trigger_id, new, by=by, now=now)
        change = Change(
            type="frostline.compensation.reviewed",
            from_at=now,
            to_at=now,
            order_id=trigger.order_id,
            data=review.model_dump(mode="json"),
        )
        await announce(db, change, now=now)
    return review


@router.get(
    "/triggers/{trigger_id}/similar",
    summary="List what was decided earlier in like cases",
    responses={**examples.answers(list[Trigger], [told.TRIGGER]), **problems(NoSuchThing)},
)
async def get_similar(
    trigger_id: RowIdPath, context: InContext, _: TriggersReader, limit: PageSize = 20
) -> list[Trigger]:
    """List earlier decisions under the same clause, newest first: like cases are treated alike."""
    async with store.transaction(context.pool) as db:
        own = await find_trigger(db, trigger_id)
        return await store_triggers.similar_triggers(db, own, limit=limit)


async def find_trigger(db: Connection, trigger_id: int) -> Trigger:
    """Return a trigger; raise NoSuchThing."""
    trigger = await store_triggers.trigger(db, trigger_id)
    if trigger is None:
        raise NoSuchThing("trigger", trigger_id)
    return trigger


def _says_the_same(review: Review, new: NewReview, by: str) -> bool:
    said = (new.decision, new.amount, new.comment, by)
    return (review.decision, review.amount, review.comment, review.by) == said
