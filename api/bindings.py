"""Which box or place does a logger measure, and when?

Binding a logger takes it over: what it was bound to ends where the new binding begins, with who
and why. Bindings of one logger never overlap: the database's constraint says so.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Response, status

from api import examples, store, store_bindings, store_events, store_loggers, store_orders
from api.access import OrdersWriter
from api.context import InContext
from api.errors import problems
from api.fields import RowIdPath
from api.refusals import AlreadyClosed, BindingOverlaps, EndsBeforeStart, NoSuchThing
from api.resources import Binding, BindingEnd, BindingOpened, NewBinding
from api.store import Connection
from api.store_bindings import Boxes
from api.store_events import Change
from schemas.ids import ConsignmentId, OrderId

router = APIRouter(tags=["bindings"])

# A span must have a length (the table's CHECK); this is the resolution of a reading's time.
SHORTEST: Final = timedelta(milliseconds=1)


@router.post(
    "/bindings",
    summary="Bind a logger to a box or a place",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(BindingOpened, examples.BINDING_OPENED, status=201),
        **problems(NoSuchThing, BindingOverlaps, AlreadyClosed, EndsBeforeStart),
    },
)
async def post_binding(
    new: Annotated[NewBinding, examples.body(examples.NEW_BINDING)],
    context: InContext,
    caller: OrdersWriter,
    response: Response,
) -> BindingOpened:
    """Bind a logger for a time. What it was bound to ends there, unless `takeover` is false.

    Repeating a request that was answered gives 200 and changes nothing.
    """
    if new.until_at is not None and new.until_at <= new.from_at:
        raise EndsBeforeStart(new.from_at)
    by, now = new.by or caller.name, context.clock()
    async with store.transaction(context.pool) as db:
        order_id = await _lock_target(db, new)
        if not await store_bindings.lock_logger(db, new.logger_id):
            raise NoSuchThing("registered logger", new.logger_id)
        standing = await store_bindings.bindings_overlapping(db, new)
        same = find_same(standing, new)
        if same is not None:
            response.status_code = status.HTTP_200_OK
            return BindingOpened(binding=same, closed=())
        closed = [
            await _end(db, binding, BindingEnd(at=new.from_at, why=_why(new), by=by), now)
            for binding in to_take_over(standing, new)
        ]
        binding = await store_bindings.bind(db, new, by=by)
        await _announce(db, "frostline.binding.opened", binding, order_id, now)
    return BindingOpened(binding=binding, closed=tuple(closed))


@router.post(
    "/bindings/{binding_id}/end",
    summary="End a binding",
    responses={
        **examples.answers(Binding, examples.ENDED_BINDING),
        **problems(NoSuchThing, AlreadyClosed, EndsBeforeStart, BindingOverlaps),
    },
)
async def post_binding_end(
    binding_id: RowIdPath,
    end: Annotated[BindingEnd, examples.body(examples.BINDING_END)],
    context: InContext,
    caller: OrdersWriter,
) -> Binding:
    """Let a logger go, and say why."""
    named = end if end.by else end.model_copy(update={"by": caller.name})
    async with store.transaction(context.pool) as db:
        await store_bindings.lock_logger_of(db, binding_id)
        binding = await store_bindings.binding(db, binding_id)
        if binding is None:
            raise NoSuchThing("binding", binding_id)
        if binding.until_at is not None and binding.until_at <= end.at:
            raise AlreadyClosed("binding", binding_id, binding.until_at)
        if end.at <= binding.from_at:
            raise EndsBeforeStart(binding.from_at)
        return await _end(db, binding, named, context.clock())


def find_same(standing: Sequence[Binding], new: NewBinding) -> Binding | None:
    """Return the binding that is already what is asked for."""
    for binding in standing:
        same_target = (binding.consignment_id, binding.place_id) == (
            new.consignment_id,
            new.place_id,
        )
        if same_target and (binding.from_at, binding.until_at) == (new.from_at, new.until_at):
            return binding
    return None


def to_take_over(standing: Sequence[Binding], new: NewBinding) -> list[Binding]:
    """Return the bindings that must end for the new one; raise BindingOverlaps.

    Only a binding that began before can end where the new one begins.
    """
    for binding in standing:
        if not new.takeover:
            raise BindingOverlaps.taken(new.logger_id, binding.binding_id)
        if binding.from_at >= new.from_at:
            raise BindingOverlaps.begins_later(binding.binding_id, binding.from_at)
    return list(standing)


async def end_all(db: Connection, boxes: Boxes, *, at: datetime, by: str, why: str) -> None:
    """End the bindings of boxes; one that begins later ends as soon as it can."""
    for found in await store_bindings.bindings_after(db, boxes, at):
        await store_bindings.lock_logger(db, found.logger_id)
        # Somebody may have taken the logger over while we waited: what has ended stays so.
        binding = await store_bindings.binding(db, found.binding_id) or found
        end_at = max(at, binding.from_at + SHORTEST)
        if binding.until_at is None or binding.until_at > end_at:
            await store_bindings.end_binding(db, binding.binding_id, at=end_at, by=by, why=why)


async def _lock_target(db: Connection, new: NewBinding) -> OrderId | None:
    if new.place_id is not None:
        if await store_loggers.place(db, new.place_id) is None:
            raise NoSuchThing("place", new.place_id)
        return None
    if new.consignment_id is None:
        return None
    return await lock_order_of(db, new.consignment_id, until_at=new.until_at)


async def lock_order_of(
    db: Connection, consignment_id: ConsignmentId, *, until_at: datetime | None
) -> OrderId:
    """Hold a consignment's order; refuse what would outlast a consignment that is closed."""
    found = await store_bindings.consignment(db, consignment_id)
    if found is None:
        raise NoSuchThing("consignment", consignment_id)
    await store_orders.lock_order(db, found.order_id)
    held = await store_bindings.consignment(
        db, consignment_id
    )  # it may have been closed while we waited
    closed_at = held and held.closed_at
    if closed_at and (until_at is None or until_at > closed_at):
        raise AlreadyClosed("consignment", consignment_id, closed_at)
    return found.order_id


async def _end(db: Connection, binding: Binding, end: BindingEnd, now: datetime) -> Binding:
    ended = await store_bindings.end_binding(
        db, binding.binding_id, at=end.at, by=end.by or "", why=end.why
    )
    head = binding.consignment_id and await store_bindings.consignment(db, binding.consignment_id)
    await _announce(db, "frostline.binding.ended", ended, head.order_id if head else None, now)
    return ended


async def _announce(
    db: Connection, kind: str, binding: Binding, order_id: OrderId | None, now: datetime
) -> None:
    ended = kind.endswith("ended") and binding.until_at
    change = Change(
        type=kind,
        # What lay behind an end is no longer this binding's: from there on all is to be looked at.
        from_at=ended or binding.from_at,
        to_at=max(now, binding.until_at or now),
        order_id=order_id,
        place_id=binding.place_id,
        logger_id=binding.logger_id,
        data=binding.model_dump(mode="json", exclude_none=True),
    )
    await store_events.announce(db, change, now=now)


def _why(new: NewBinding) -> str:
    target = f"consignment {new.consignment_id}" if new.consignment_id else f"place {new.place_id}"
    return f"taken over by {target}"
