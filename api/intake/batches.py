"""What becomes of many orders at once? An answer for each."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter

from api import examples, store
from api.access import OrdersWriter
from api.context import InContext
from api.errors import problem_of, problems, status_of
from api.fields import IdempotencyKey
from api.idempotency import answer_once, keyed
from api.intake import examples as shown
from api.intake.awaiting import Promises, promises_of
from api.intake.creating import Now, create_order
from api.intake.fields import WaitSeconds
from api.intake.resources import Batch, BatchItem, NewBatch, RequestedOrder
from api.refusals import BatchRefused, DatabaseAway, KeyReused, Refused
from api.store import Connection
from schemas.ids import OrderId

router = APIRouter(tags=["orders"])

_CREATED = 201
_ACCEPTED = 202


@router.post(
    "/orders/batch",
    summary="Create several orders",
    responses={
        **examples.answers(Batch, shown.BATCH),
        **problems(KeyReused, BatchRefused),
    },
)
async def post_batch(
    new: Annotated[NewBatch, examples.body(shown.NEW_BATCH)],
    key: IdempotencyKey,
    context: InContext,
    caller: OrdersWriter,
    wait_s: WaitSeconds = 2,
) -> Batch:
    """Write orders, each as `POST /orders` does, and answer each with a status of its own.

    One that is refused leaves the others alone, unless `all_or_nothing` is wanted. The same key and
    body write nothing again; promises are as they stand by then.
    """
    asked = keyed(context, caller, key, "POST /orders/batch", new)
    now = Now(at=asked.now, time_zone=context.settings.default_time_zone)
    async with store.transaction(context.pool) as db:
        kept = await answer_once(db, asked, 200, lambda: _write_all(db, new, now))
    written = Batch.model_validate(kept.body)
    waiting = [item.order_id for item in written.orders if item.status == _ACCEPTED]
    promises = await promises_of(context, waiting, wait_s=wait_s) if waiting else {}
    return written.model_copy(
        update={"orders": tuple(_with_promise(item, promises) for item in written.orders)}
    )


async def _write_all(db: Connection, new: NewBatch, now: Now) -> Batch:
    items = tuple([await _write_one(db, order, now) for order in new.orders])
    refused = tuple(_faults(items))
    if refused and new.all_or_nothing:
        raise BatchRefused(refused)
    return Batch(written=len(items) - len(refused), refused=len(refused), orders=items)


async def _write_one(db: Connection, new: RequestedOrder, now: Now) -> BatchItem:
    try:
        async with db.transaction():  # a savepoint: what is refused is as if it had not been asked
            await create_order(db, new, now)
    except DatabaseAway:
        raise
    except Refused as refusal:
        status, problem = status_of(type(refusal)), problem_of(refusal)
        return BatchItem(order_id=new.order_id, status=status, problem=problem)
    return BatchItem(order_id=new.order_id, status=_ACCEPTED if new.delivery else _CREATED)


def _faults(items: tuple[BatchItem, ...]) -> Iterator[tuple[str, str]]:
    for index, item in enumerate(items):
        if item.problem is not None:
            yield f"body.orders[{index}]", item.problem["detail"]


def _with_promise(item: BatchItem, promises: Promises) -> BatchItem:
    promise = promises.get(OrderId(item.order_id))
    if promise is None:
        return item
    status = _CREATED if promise.is_answered else _ACCEPTED
    return item.model_copy(update={"status": status, "promise": promise})
