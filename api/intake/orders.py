"""How does an order come in, and what is it promised at once?"""

from typing import Annotated

from fastapi import APIRouter, status
from fastapi.responses import JSONResponse, Response

from api import store
from api.access import Caller, OrdersWriter
from api.context import Context, InContext
from api.errors import problems
from api.fields import IdempotencyKey
from api.idempotency import answer_once, keyed
from api.intake import examples as shown
from api.intake import store_deliveries
from api.intake.awaiting import promises_of
from api.intake.creating import Now, create_order
from api.intake.fields import WaitSeconds
from api.intake.resources import DeliveredOrder, RequestedOrder
from api.refusals import AlreadyExists, KeyReused, NoSuchThing, NotDelivered, StillToCome
from api.store import Answer

router = APIRouter(tags=["orders"])


@router.post(
    "/orders",
    summary="Create an order with its consignments",
    status_code=status.HTTP_201_CREATED,
    response_model=None,  # declared below, with an example of each
    responses={
        **shown.order_answers(),
        **problems(AlreadyExists, KeyReused, NoSuchThing, NotDelivered, StillToCome),
    },
)
async def post_order(
    new: Annotated[RequestedOrder, shown.order_body()],
    key: IdempotencyKey,
    context: InContext,
    caller: OrdersWriter,
    wait_s: WaitSeconds = 2,
) -> Response:
    """Write an order. The same key and body give the first answer again, another body 409.

    With `delivery` the dispatcher is asked, and the request waits for it up to `wait_s`: 201 with
    what it promises or offers, else 202 with the reason in `promise`, and Location.
    """
    answer = await _written(new, key, context, caller)
    location = f"/orders/{new.order_id}"
    if new.delivery is None:
        return JSONResponse(answer.body, status_code=answer.status, headers={"Location": location})
    promise = (await promises_of(context, [new.order_id], wait_s=wait_s))[new.order_id]
    async with store.transaction(context.pool) as db:
        delivery = await store_deliveries.delivery(db, new.order_id)
    body = DeliveredOrder.model_validate(
        {**answer.body, "due_at": promise.due_at, "delivery": delivery, "promise": promise},
        from_attributes=True,
    )
    answered = promise.is_answered
    return JSONResponse(
        body.model_dump(mode="json"),
        status_code=status.HTTP_201_CREATED if answered else status.HTTP_202_ACCEPTED,
        headers={"Location": location if answered else f"{location}/promise"},
    )


async def _written(new: RequestedOrder, key: str, context: Context, caller: Caller) -> Answer:
    asked = keyed(context, caller, key, "POST /orders", new)
    now = Now(at=asked.now, time_zone=context.settings.default_time_zone)
    async with store.transaction(context.pool) as db:
        return await answer_once(
            db, asked, status.HTTP_201_CREATED, lambda: create_order(db, new, now)
        )
