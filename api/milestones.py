"""How far is an order on its journey?

A milestone is reached once. The last ones close the boxes and free their loggers.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path

from api import bindings, examples, stays, store, store_events, store_orders
from api.access import OrdersWriter
from api.context import InContext
from api.errors import problems
from api.fields import OrderIdPath
from api.intake import store_deliveries
from api.orders import find_order
from api.refusals import JourneyContradicted, MilestoneReached, NoSuchThing, StillToCome
from api.resources import MilestoneTime, NewMilestone, Order
from api.steps import ORDER_OF_STEPS, Journey, contradiction, is_to_come
from api.store import Connection
from api.store_bindings import Boxes
from api.store_events import Change
from schemas.events import ORDER_MILESTONE, MilestoneEvent
from schemas.ids import OrderId

router = APIRouter(tags=["orders"])

# These end the journey: the consignments close, and their loggers are free.
LAST_MILESTONES: Final = frozenset({"delivered", "cancelled"})


@router.put(
    "/orders/{order_id}/milestones/{milestone}",
    summary="Say that an order has reached a milestone",
    responses={
        **examples.answers(Order, examples.ORDER),
        **problems(NoSuchThing, MilestoneReached, JourneyContradicted, StillToCome),
    },
)
async def put_milestone(
    order_id: OrderIdPath,
    milestone: Annotated[NewMilestone, Path(description="A step of the journey.")],
    reached: Annotated[MilestoneTime, examples.body(examples.MILESTONE_TIME)],
    context: InContext,
    caller: OrdersWriter,
) -> Order:
    """Write a milestone. `delivered` and `cancelled` close the consignments and free their loggers.

    Repeating it changes nothing. Another time for a milestone that was reached is refused, and so
    is what contradicts the journey: cancelled after delivered, delivered before packed. A time more
    than 5 minutes ahead is refused as well.
    """
    step = step_of(order_id, milestone, at=reached.at, person=caller.name)
    async with store.transaction(context.pool) as db:
        return await reach(db, order_id, step, now=context.clock())


async def reach(db: Connection, order_id: OrderId, step: MilestoneEvent, *, now: datetime) -> Order:
    """Reach a milestone and return the order; a milestone that was reached then stays as it is.

    Raises NoSuchThing, MilestoneReached, JourneyContradicted, StillToCome.
    """
    if not await store_orders.lock_order(db, order_id):
        raise NoSuchThing("order", order_id)
    journey = await journey_of(db, order_id)
    written = journey.reached.get(step.step)
    if written is None:
        refuse_to_come(step, now=now)
        _refuse_contradiction(journey, step)
        await store_orders.reach_milestone(db, order_id, step.step, at=step.at)
        if step.step in LAST_MILESTONES:
            await end_boxes(db, Boxes(order_id=order_id), step)
        await announce(db, step, now=now)
    elif written != step.at:
        raise MilestoneReached(step.step, written)
    return await find_order(db, order_id)


async def journey_of(db: Connection, order_id: OrderId) -> Journey:
    """Return how far an order is, as it was said so far."""
    order = await find_order(db, order_id)
    waits = await store_deliveries.waits_to_be_packed(db, order_id)
    return Journey({m.milestone: m.at for m in order.milestones}, waits_to_be_packed=waits)


async def refuse_handover(db: Connection, order_id: OrderId, step: MilestoneEvent) -> None:
    """Raise JourneyContradicted for a handover that reaches a milestone which cannot be.

    What becomes of a cancelled order's goods is recorded all the same: a signature for it reaches
    nothing.
    """
    reaches = "delivered" if step.step == "signed" else step.step
    journey = await journey_of(db, order_id)
    if step.step == "signed" and journey.is_cancelled:
        return
    if reaches in ORDER_OF_STEPS and reaches not in journey.reached:
        _refuse_contradiction(journey, replace(step, step=reaches))


def refuse_to_come(step: MilestoneEvent, *, now: datetime) -> None:
    """Raise StillToCome for a step that has not happened yet: it would stand in the true one's way.

    Two clocks may differ by some minutes.
    """
    if is_to_come(step.at, now):
        raise StillToCome("at", step.at, now=now)


def step_of(order_id: OrderId, step: str, *, at: datetime, person: str | None) -> MilestoneEvent:
    """Return what is told of a milestone that the whole order has reached."""
    return MilestoneEvent(
        order_id=order_id,
        consignment_id=None,
        step=step,
        at=at,
        place_id=None,
        person=person,
        temperature_c=None,
    )


async def announce(db: Connection, step: MilestoneEvent, *, now: datetime) -> None:
    """Tell those who follow of a step of an order's journey."""
    change = Change(
        type=ORDER_MILESTONE,
        from_at=step.at,
        to_at=now,
        order_id=OrderId(step.order_id),
        data=msgspec.to_builtins(step),
    )
    await store_events.announce(db, change, now=now)


async def deliver(
    db: Connection, order_id: OrderId, last: MilestoneEvent, *, now: datetime
) -> None:
    """Reach `delivered` with the last step of a journey, unless it was reached before."""
    if await store_orders.reach_milestone(db, order_id, "delivered", at=last.at):
        step = step_of(order_id, "delivered", at=last.at, person=last.person)
        await announce(db, step, now=now)


async def end_boxes(db: Connection, boxes: Boxes, step: MilestoneEvent) -> None:
    """Close boxes by a step of the journey, and free their loggers."""
    await bindings.end_all(db, boxes, at=step.at, by=step.person or "", why=step.step)
    await stays.end_all(db, boxes, at=step.at)
    await store_orders.close_consignments(db, boxes, at=step.at)


def _refuse_contradiction(journey: Journey, step: MilestoneEvent) -> None:
    reason = contradiction(journey, step.step, step.at)
    if reason is not None:
        raise JourneyContradicted(reason)
