"""By which steps did an order's goods change hands?

Each is only added to. A step that is a milestone of the journey reaches it, the first time that it
is said; `signed`, `refused` and `returned` close the boxes they are about.
"""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Response, status

from api import examples, milestones, store, store_bindings, store_loggers, store_orders
from api.access import HandoversWriter, OrdersReader
from api.context import InContext
from api.errors import problems
from api.fields import ConsignmentIdPath, OrderIdPath
from api.handover import examples as told
from api.handover import store_handover
from api.handover.resources import (
    ArrivalEstimate,
    Handover,
    NewArrivalEstimate,
    NewHandover,
)
from api.orders import find_order, require_box_of
from api.refusals import JourneyContradicted, NoSuchThing, StillToCome
from api.resources import Order, PackingDetails
from api.store import Connection
from api.store_bindings import Boxes
from api.store_events import Change, announce
from schemas.events import MilestoneEvent
from schemas.ids import ConsignmentId, OrderId

router = APIRouter(tags=["handover"])

_MILESTONES: Final = frozenset({"packed", "departed", "arrived"})
_ENDS: Final = frozenset({"signed", "refused", "returned"})


@router.post(
    "/orders/{order_id}/handovers",
    summary="Record a step by which goods change hands",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Handover, told.HANDOVER, status=200, also=201),
        **problems(NoSuchThing, JourneyContradicted, StillToCome),
    },
)
async def post_handover(
    order_id: OrderIdPath,
    new: Annotated[NewHandover, examples.body(told.NEW_HANDOVER)],
    context: InContext,
    _: HandoversWriter,
    response: Response,
) -> Handover:
    """Record a step of the whole order or of one box. Saying it again gives 200 and adds nothing.

    `packed`, `departed` and `arrived` also reach the milestone; `signed`, `refused` and `returned`
    close the boxes, and a journey that has ended with a signature is `delivered`. A milestone that
    contradicts the journey is refused: departed before packed, signed for before it is packed. So
    is a step more than 5 minutes ahead.
    """
    now = context.clock()
    async with store.transaction(context.pool) as db:
        await _require_what_it_names(db, order_id, new)
        standing = await store_handover.same_handover(db, order_id, new)
        if standing is not None:
            response.status_code = status.HTTP_200_OK
            return standing
        handover = await store_handover.write_handover(db, order_id, new, now=now)
        step = _step_of(handover)
        milestones.refuse_to_come(step, now=now)
        await milestones.refuse_handover(db, order_id, step)
        await milestones.announce(db, step, now=now)
        await _follow(db, step, now=now)
    return handover


@router.get(
    "/orders/{order_id}/handovers",
    summary="List an order's handovers",
    responses={**examples.answers(list[Handover], [told.HANDOVER]), **problems(NoSuchThing)},
)
async def get_handovers(
    order_id: OrderIdPath, context: InContext, _: OrdersReader
) -> list[Handover]:
    """List the steps by which an order's goods changed hands, oldest first."""
    async with store.transaction(context.pool) as db:
        await find_order(db, order_id)
        return await store_handover.handovers(db, order_id)


@router.put(
    "/orders/{order_id}/arrival-estimate",
    summary="Say when an order is thought to arrive",
    responses={
        **examples.answers(ArrivalEstimate, told.ARRIVAL_ESTIMATE),
        **problems(NoSuchThing),
    },
)
async def put_arrival_estimate(
    order_id: OrderIdPath,
    new: Annotated[NewArrivalEstimate, examples.body(told.NEW_ARRIVAL_ESTIMATE)],
    context: InContext,
    caller: HandoversWriter,
) -> ArrivalEstimate:
    """Write the newest estimate. Repeating the time that stands changes nothing."""
    now = context.clock()
    async with store.transaction(context.pool) as db:
        if not await store_orders.lock_order(db, order_id):
            raise NoSuchThing("order", order_id)
        standing = await store_handover.newest_estimate(db, order_id)
        if standing is not None and standing.arrives_at == new.arrives_at:
            return standing
        estimate = await store_handover.write_estimate(
            db, order_id, new.arrives_at, by=new.by or caller.name, now=now
        )
        change = Change(
            type="frostline.order.arrival_estimated",
            from_at=now,
            to_at=now,
            order_id=order_id,
            data=estimate.model_dump(mode="json"),
        )
        await announce(db, change, now=now)
    return estimate


@router.put(
    "/consignments/{consignment_id}/packing",
    summary="Say how a box was packed",
    responses={**examples.answers(Order, examples.ORDER), **problems(NoSuchThing)},
)
async def put_packing(
    consignment_id: ConsignmentIdPath,
    packing: Annotated[PackingDetails, examples.body(examples.PACKING)],
    context: InContext,
    _: HandoversWriter,
) -> Order:
    """Write how a box was packed, in place of what was known before, and return its order."""
    now = context.clock()
    async with store.transaction(context.pool) as db:
        found = await store_bindings.consignment(db, consignment_id)
        if found is None:
            raise NoSuchThing("consignment", consignment_id)
        await store_orders.lock_order(db, found.order_id)
        await store_orders.write_packing(db, consignment_id, packing)
        change = Change(
            type="frostline.consignment.packing",
            from_at=packing.packed_at,
            to_at=now,
            order_id=found.order_id,
            data={"consignment_id": consignment_id, **packing.model_dump(mode="json")},
        )
        await announce(db, change, now=now)
        return await find_order(db, found.order_id)


async def _require_what_it_names(db: Connection, order_id: OrderId, new: NewHandover) -> None:
    """Hold the order; raise NoSuchThing where it, its box or the place isn't there."""
    if not await store_orders.lock_order(db, order_id):
        raise NoSuchThing("order", order_id)
    await require_box_of(db, order_id, new.consignment_id)
    if new.place_id is not None and await store_loggers.place(db, new.place_id) is None:
        raise NoSuchThing("place", new.place_id)


async def _follow(db: Connection, step: MilestoneEvent, *, now: datetime) -> None:
    """Reach the milestone of a handover; close boxes that it ends."""
    order_id = OrderId(step.order_id)
    if step.step in _MILESTONES:
        await store_orders.reach_milestone(db, order_id, step.step, at=step.at)
    if step.step in _ENDS:
        box = ConsignmentId(step.consignment_id) if step.consignment_id else None
        await milestones.end_boxes(db, Boxes(order_id=order_id, consignment_id=box), step)
        if await store_handover.is_delivered(db, order_id):
            await milestones.deliver(db, order_id, step, now=now)


def _step_of(handover: Handover) -> MilestoneEvent:
    return MilestoneEvent(
        order_id=handover.order_id,
        consignment_id=handover.consignment_id,
        step=handover.step,
        at=handover.at,
        place_id=handover.place_id,
        person=handover.person,
        temperature_c=handover.temperature_c,
    )
