"""What was an order promised, and which of the offers does its member take?"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response, status

from api import examples, milestones, store, store_orders
from api.access import OrdersReader, OrdersWriter
from api.context import InContext
from api.errors import problems
from api.fields import OrderIdPath
from api.intake import examples as shown
from api.intake import store_deliveries
from api.intake.awaiting import look, promises_of
from api.intake.fields import WaitSeconds
from api.intake.resources import OfferAnswer, Promise
from api.intake.store_deliveries import SaidToOffers
from api.refusals import JourneyContradicted, NoSuchThing, NotOffered
from api.store import Connection
from api.store_events import Change, announce
from schemas.ids import OrderId

router = APIRouter(tags=["orders"])


@router.get(
    "/orders/{order_id}/promise",
    summary="Look what an order was promised",
    responses={**examples.answers(Promise, shown.PROMISE), **problems(NoSuchThing)},
)
async def get_promise(
    order_id: OrderIdPath, context: InContext, _: OrdersReader, wait_s: WaitSeconds = 0
) -> Promise:
    """Return the dispatcher's answer; `requested` with the reason where there is none yet."""
    promises = await promises_of(context, [order_id], wait_s=wait_s)
    if order_id not in promises:
        raise NoSuchThing("order with a delivery named", order_id)
    return promises[order_id]


@router.post(
    "/orders/{order_id}/offer",
    summary="Accept one of the offers, or none",
    responses={
        **examples.answers(Promise, shown.PROMISE),
        202: {
            "model": Promise,
            "description": "Written, and not answered yet: look again at Location.",
            "content": {"application/json": {"example": shown.ACCEPTED}},
        },
        **problems(NoSuchThing, NotOffered, JourneyContradicted),
    },
)
async def post_offer(
    order_id: OrderIdPath,
    answer: Annotated[OfferAnswer, examples.body(shown.OFFER_ANSWER)],
    context: InContext,
    caller: OrdersWriter,
    response: Response,
    wait_s: WaitSeconds = 2,
) -> Promise:
    """Answer the newest offers, and wait up to `wait_s` for the promise: 200 with it, else 202.

    Saying it again changes nothing. Null declines all of them, and cancels the order.
    """
    now = context.clock()
    async with store.transaction(context.pool) as db:
        if await _answer(db, order_id, answer.offer, now=now) and answer.offer is None:
            step = milestones.step_of(order_id, "cancelled", at=now, person=caller.name)
            await milestones.reach(db, order_id, step, now=now)
    promise = (await promises_of(context, [order_id], wait_s=wait_s))[order_id]
    if not promise.is_answered:
        response.status_code = status.HTTP_202_ACCEPTED
        response.headers["Location"] = f"/orders/{order_id}/promise"
    return promise


async def _answer(db: Connection, order_id: OrderId, offer: int | None, *, now: datetime) -> bool:
    """Write an answer to the offers that stand; False: it was said before."""
    if not await store_orders.lock_order(db, order_id):
        raise NoSuchThing("order", order_id)
    promises, _ = await look(db, [order_id])
    if order_id not in promises:
        raise NoSuchThing("order with a delivery named", order_id)
    promise = promises[order_id]
    said = await store_deliveries.said_to_offers(db, order_id)
    if _is_standing(promise, said) and said is not None:
        if said.offer == offer:
            return False
        raise NotOffered(f"{_words(said.offer)} at {said.answered_at.isoformat()}; that stands.")
    _refuse_what_is_not_offered(promise, offer, now=now)
    await store_deliveries.answer_offer(db, order_id, offer, now=now)
    change = Change(
        type="frostline.order.offer_answered",
        from_at=now,
        to_at=now,
        order_id=order_id,
        data={"offer": offer},
    )
    await announce(db, change, now=now)
    return True


def _is_standing(promise: Promise, said: SaidToOffers | None) -> bool:
    """Tell whether an answer is about the newest offers, or led to what was decided since."""
    if said is None or promise.decided_at is None:
        return False
    return promise.state != "offered" or said.answered_at >= promise.decided_at


def _words(offer: int | None) -> str:
    return "The offers were declined" if offer is None else f"Offer {offer} was accepted"


def _refuse_what_is_not_offered(promise: Promise, offer: int | None, *, now: datetime) -> None:
    if promise.state != "offered":
        raise NotOffered(f"The order is {promise.state}; nothing is offered.")
    if offer is None:
        return
    if offer >= len(promise.offers):
        raise NotOffered(f"There are {len(promise.offers)} offers; the first has the number 0.")
    due_at = promise.offers[offer].due_at
    if due_at <= now:
        raise NotOffered(f"Offer {offer} was until {due_at.isoformat()}; that is over.")
