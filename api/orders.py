"""Which orders are there, what travels for them, and how far is their journey?"""

from typing import Annotated

from fastapi import APIRouter, status

from api import examples, links, store, store_bindings, store_orders
from api.access import LinksWriter, OrdersReader
from api.context import InContext
from api.errors import problems
from api.fields import AfterId, OrderIdPath, PageSize
from api.findings import examples as found
from api.findings import store_findings
from api.findings.resources import JudgedOrder, judged
from api.links import LinkTooLong
from api.refusals import BadQuery, NoSuchThing
from api.resources import Link, NewLink, Order, OrderHead
from api.store import Connection
from schemas.ids import ConsignmentId, OrderId

router = APIRouter(tags=["orders"])


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
