"""What was told to whom, did it arrive, and shall it be told again?"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, status

from api import examples, store
from api.access import WebhooksWriter
from api.context import InContext
from api.errors import problems
from api.fields import BeforeRow, OrderIdField, PageSize, RowIdPath, Text
from api.refusals import NoSuchThing
from api.webhooks import examples as told
from api.webhooks import store_webhooks
from api.webhooks.resources import Delivery, DeliveryLog, DeliveryState, Replay
from api.webhooks.store_webhooks import DeliveryFilter

router = APIRouter(tags=["webhooks"])


def wanted_deliveries(
    endpoint_id: Annotated[
        str | None, Query(pattern=r"^we_[0-9a-f]{12}$", description="Only to this endpoint.")
    ] = None,
    order_id: Annotated[OrderIdField | None, Query(description="Only about this order.")] = None,
    kind: Annotated[
        Text | None, Query(alias="type", description="Only of this event type.")
    ] = None,
    state: Annotated[DeliveryState | None, Query(description="Only in this state.")] = None,
) -> DeliveryFilter:
    """Return which deliveries are asked for."""
    return DeliveryFilter(endpoint_id=endpoint_id, order_id=order_id, type=kind, state=state)


@router.get(
    "/webhooks/deliveries",
    summary="List what was told to whom",
    responses={**examples.answers(list[Delivery], [told.DELIVERY]), **problems()},
)
async def get_deliveries(
    wanted: Annotated[DeliveryFilter, Depends(wanted_deliveries)],
    context: InContext,
    _: WebhooksWriter,
    before: BeforeRow = None,
    limit: PageSize = 100,
) -> list[Delivery]:
    """List deliveries, newest first; `before` goes on at a `delivery_id`."""
    async with store.transaction(context.pool) as db:
        return await store_webhooks.deliveries(db, wanted, before=before, limit=limit)


@router.get(
    "/webhooks/deliveries/{delivery_id}",
    summary="Look at one delivery, with its attempts",
    responses={**examples.answers(DeliveryLog, told.DELIVERY_LOG), **problems(NoSuchThing)},
)
async def get_delivery(
    delivery_id: RowIdPath, context: InContext, _: WebhooksWriter
) -> DeliveryLog:
    """Return a delivery with its body and every attempt."""
    async with store.transaction(context.pool) as db:
        delivery = await store_webhooks.delivery(db, delivery_id)
    if delivery is None:
        raise NoSuchThing("delivery", delivery_id)
    return delivery


@router.post(
    "/webhooks/deliveries/{delivery_id}/replay",
    summary="Have a delivery sent again",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Replay, told.REPLAY, status=200, also=201),
        **problems(NoSuchThing),
    },
)
async def post_replay(
    delivery_id: RowIdPath, context: InContext, caller: WebhooksWriter, response: Response
) -> Replay:
    """Ask for one more attempt, with the same `webhook-id`; its log tells how it ended.

    While an earlier wish waits, asking again gives 200 and adds nothing. An endpoint that answered
    410 is told again once it takes a replay.
    """
    async with store.transaction(context.pool) as db:
        await store.lock(db, f"delivery {delivery_id}")
        delivery = await store_webhooks.delivery(db, delivery_id)
        if delivery is None:
            raise NoSuchThing("delivery", delivery_id)
        if await store_webhooks.endpoint(db, delivery.endpoint_id) is None:
            raise NoSuchThing("endpoint any more named", delivery.endpoint_id)
        waiting = await store_webhooks.waiting_replay(db, delivery_id)
        if waiting is not None:
            response.status_code = status.HTTP_200_OK
            return waiting
        return await store_webhooks.ask_for_replay(
            db, delivery_id, by=caller.name, now=context.clock()
        )
