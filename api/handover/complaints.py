"""What did members complain of, and what were they told?"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response, status

from api import examples, store, store_orders
from api.access import ComplaintsWriter, OrdersReader
from api.context import InContext
from api.errors import problems
from api.fields import ComplaintIdPath, OrderIdPath
from api.handover import examples as told
from api.handover import store_complaints
from api.handover.resources import Answer, Complaint, NewComplaint
from api.orders import find_order, require_box_of
from api.refusals import AlreadyAnswered, AlreadyExists, NoSuchThing
from api.store import Connection
from api.store_events import Change, announce

router = APIRouter(tags=["handover"])


@router.post(
    "/complaints",
    summary="Record a member's complaint",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Complaint, told.COMPLAINT, status=200, also=201),
        **problems(NoSuchThing, AlreadyExists),
    },
)
async def post_complaint(
    new: Annotated[NewComplaint, examples.body(told.NEW_COMPLAINT)],
    context: InContext,
    caller: ComplaintsWriter,
    response: Response,
) -> Complaint:
    """Record a complaint under an id of your own. Saying it again gives 200 and adds nothing."""
    async with store.transaction(context.pool) as db:
        if not await store_orders.lock_order(db, new.order_id):
            raise NoSuchThing("order", new.order_id)
        await require_box_of(db, new.order_id, new.consignment_id)
        written = await store_complaints.write_complaint(db, new, by=new.by or caller.name)
        complaint = await store_complaints.standing_complaint(db, new.complaint_id)
        if written:
            await _announce(db, "frostline.complaint.made", complaint, now=context.clock())
            return complaint
    if not _says_the_same(complaint, new):
        raise AlreadyExists("complaint", new.complaint_id)
    response.status_code = status.HTTP_200_OK
    return complaint


@router.get(
    "/complaints/{complaint_id}",
    summary="Look at one complaint",
    responses={**examples.answers(Complaint, told.COMPLAINT), **problems(NoSuchThing)},
)
async def get_complaint(
    complaint_id: ComplaintIdPath, context: InContext, _: OrdersReader
) -> Complaint:
    """Return a complaint, with its answer once there is one."""
    async with store.transaction(context.pool) as db:
        complaint = await store_complaints.complaint(db, complaint_id)
    if complaint is None:
        raise NoSuchThing("complaint", complaint_id)
    return complaint


@router.get(
    "/orders/{order_id}/complaints",
    summary="List an order's complaints",
    responses={**examples.answers(list[Complaint], [told.COMPLAINT]), **problems(NoSuchThing)},
)
async def get_complaints(
    order_id: OrderIdPath, context: InContext, _: OrdersReader
) -> list[Complaint]:
    """List what a member complained of, oldest first."""
    async with store.transaction(context.pool) as db:
        await find_order(db, order_id)
        return await store_complaints.complaints(db, order_id)


@router.put(
    "/complaints/{complaint_id}/answer",
    summary="Answer a complaint",
    responses={
        **examples.answers(Complaint, told.ANSWERED_COMPLAINT),
        **problems(NoSuchThing, AlreadyAnswered),
    },
)
async def put_answer(
    complaint_id: ComplaintIdPath,
    said: Annotated[Answer, examples.body(told.ANSWER)],
    context: InContext,
    _: ComplaintsWriter,
) -> Complaint:
    """Write what the member is told. Repeating it changes nothing; another answer is refused."""
    now = context.clock()
    async with store.transaction(context.pool) as db:
        if await store_complaints.complaint(db, complaint_id) is None:
            raise NoSuchThing("complaint", complaint_id)
        answered = await store_complaints.answer_complaint(db, complaint_id, said.answer, now=now)
        if answered is not None:
            await _announce(db, "frostline.complaint.answered", answered, now=now)
            return answered
        standing = await store_complaints.standing_complaint(db, complaint_id)
    if standing.answer != said.answer:
        raise AlreadyAnswered(complaint_id, standing.answered_at)
    return standing


async def _announce(db: Connection, kind: str, complaint: Complaint, *, now: datetime) -> None:
    change = Change(
        type=kind,
        from_at=complaint.at,
        to_at=now,
        order_id=complaint.order_id,
        data=complaint.model_dump(mode="json"),
    )
    await announce(db, change, now=now)


def _says_the_same(complaint: Complaint, new: NewComplaint) -> bool:
    said = new.model_dump(exclude={"by"})
    return said == complaint.model_dump(include=set(said))
