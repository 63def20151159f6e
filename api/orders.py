"""Which orders are there, what travels for them, and how far is their journey?"""

from typing import Annotated

from fastapi import APIRouter, Response, status
from fastapi.responses import JSONResponse

from api import examples, links, store, store_bindings, store_events, store_orders
from api.access import LinksWriter, OrdersReader, OrdersWriter
from api.context import Context, InContext
from api.errors import problems
from api.fields import AfterId, IdempotencyKey, OrderIdPath, PageSize
from api.findings import examples as found
from api.findings import store_findings
from api.findings.resources import JudgedOrder, judged
from api.idempotency import answer_once, keyed
from api.links import LinkTooLong
from api.refusals import (
    AlreadyExists,
    BadQuery,
    KeyReused,
    NoSuchThing,
)
from api.resources import (
    Link,
    NewConsignment,
    NewLink,
    NewOrder,
    Order,
    OrderHead,
)
from api.store import Connection
from api.store_events import Change
from schemas.ids import ConsignmentId, OrderId

router = APIRouter(tags=["orders"])


@router.post(
    "/orders",
    summary="Create an order with its consignments",
    status_code=status.HTTP_201_CREATED,
    response_model=Order,
    responses={
        **examples.answers(Order, examples.ORDER, status=201),
        **problems(AlreadyExists, KeyReused, NoSuchThing),
    },
)
async def post_order(
    new: Annotated[NewOrder, examples.body(examples.NEW_ORDER)],
    key: IdempotencyKey,
    context: InContext,
    caller: OrdersWriter,
) -> Response:
    """Write an order. The same key and body give the first answer again, another body 409."""
    asked = keyed(context, caller, key, "POST /orders", new)
    async with store.transaction(context.pool) as db:
        answer = await answer_once(
            db, asked, status.HTTP_201_CREATED, lambda: _create(db, new, context)
        )
    headers = {"Location": f"/orders/{new.order_id}"}
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)


@router.get(
    "/orders",
    summary="List orders",
    responses={**examples.answers(list[OrderHead], [examples.ORDER_HEAD]), **problems()},
)
async def get_orders(
    context: InContext,
    _: OrdersReader,
    after: AfterId = "",
    limit: PageSize = 100,
) -> list[OrderHead]:
    """List orders in order of their ids."""
    async with store.transaction(context.pool) as db:
        return await store_orders.orders(db, after=after, limit=limit)


@router.get(
    "/orders/{order_id}",
    summary="Look at one order",
    responses={**examples.answers(JudgedOrder, found.JUDGED_ORDER), **problems(NoSuchThing)},
)
async def get_order(order_id: OrderIdPath, context: InContext, _: OrdersReader) -> JudgedOrder:
    """Return an order with its journey, boxes, bindings and stays, and what was found of them."""
    async with store.transaction(context.pool) as db:
        order = await find_order(db, order_id)
        findings = await store_findings.findings_of_order(db, order_id)
    return judged(order, findings)


@router.post(
    "/orders/{order_id}/links",
    summary="Make a member's link to an order",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Link, examples.LINK, status=201),
        **problems(NoSuchThing, BadQuery),
    },
)
async def post_link(
    order_id: OrderIdPath,
    new: Annotated[NewLink, examples.body(examples.NEW_LINK)],
    context: InContext,
    _: LinksWriter,
) -> Link:
    """Return an address that shows this order, and nothing else, until it expires."""
    async with store.transaction(context.pool) as db:
        await find_order(db, order_id)
    try:
        url = links.order_link(context.settings, order_id, new.expires_at, now=context.clock())
    except LinkTooLong as error:
        raise BadQuery(str(error)) from error
    return Link(url=url, expires_at=new.expires_at)


async def find_order(db: Connection, order_id: OrderId) -> Order:
    """Return an order; raise NoSuchThing."""
    order = await store_orders.order(db, order_id)
    if order is None:
        raise NoSuchThing("order", order_id)
    return order


async def require_box_of(
    db: Connection, order_id: OrderId, consignment_id: ConsignmentId | None
) -> None:
    """Raise NoSuchThing where a box is named that is none of the order's."""
    if consignment_id is None:
        return
    found = await store_bindings.consignment(db, consignment_id)
    if found is None or found.order_id != order_id:
        raise NoSuchThing("consignment of this order named", consignment_id)


async def _create(db: Connection, new: NewOrder, context: Context) -> Order:
    time_zone = new.time_zone or context.settings.default_time_zone
    if not await store_orders.create_order(db, new, time_zone=time_zone):
        raise AlreadyExists("order", new.order_id)
    for consignment in new.consignments:
        await _open(db, new, consignment)
    change = Change(
        type="frostline.order.created",
        from_at=new.placed_at,
        to_at=context.clock(),
        order_id=new.order_id,
        data={"member_level": new.member_level},
    )
    await store_events.announce(db, change, now=context.clock())
    return await find_order(db, new.order_id)


async def _open(db: Connection, order: NewOrder, new: NewConsignment) -> None:
    policy = await store_orders.choose_policy(db, new)
    if policy is None and new.policy_id is None and new.product_class is not None:
        raise NoSuchThing(f"policy for {new.zone} goods of the class", new.product_class)
    if policy is None:
        raise NoSuchThing(f"policy for {new.zone} goods named", new.policy_id or new.zone)
    if not await store_orders.open_consignment(db, order, new, policy):
        raise AlreadyExists("consignment", order.id_of(new))
