"""May a supplier's batch come in?

The readings of the logger that came with it are judged by the gateway: a request waits a moment for
that, and else is told where to look.
"""

import asyncio
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Response, status

from api import examples, store, store_bindings
from api.access import IntakesWriter, OrdersReader
from api.context import Context, InContext
from api.errors import problems
from api.fields import AfterId, IntakeIdPath, PageSize
from api.handover import examples as told
from api.handover import store_intakes
from api.handover.resources import Intake, NewIntake
from api.refusals import AlreadyExists, NoSuchThing
from api.store import Connection
from api.store_events import Change, announce
from schemas.ids import IntakeId

router = APIRouter(tags=["handover"])

_PATIENCE_S: Final = 2.0


@router.post(
    "/intakes",
    summary="Ask whether a supplier's batch may come in",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Intake, told.INTAKE, status=200, also=201),
        202: {
            "model": Intake,
            "description": "Not decided yet: look again at Location.",
            "content": {"application/json": {"example": told.WAITING_INTAKE}},
        },
        **problems(NoSuchThing, AlreadyExists),
    },
)
async def post_intake(
    new: Annotated[NewIntake, examples.body(told.NEW_INTAKE)],
    context: InContext,
    caller: IntakesWriter,
    response: Response,
) -> Intake:
    """Write a batch under an id of your own, and wait up to 2 s for the decision.

    201 with the decision, 202 without one yet, 200 where the same was asked before.
    """
    async with store.transaction(context.pool) as db:
        is_new = await _ask(db, new, by=new.by or caller.name, context=context)
    intake = await _decided(context, new.intake_id)
    if not is_new and not _asks_the_same(intake, new):
        raise AlreadyExists("intake", new.intake_id)
    response.headers["Location"] = f"/intakes/{new.intake_id}"
    response.status_code = _status(intake, is_new=is_new)
    return intake


@router.get(
    "/intakes",
    summary="List suppliers' batches",
    responses={**examples.answers(list[Intake], [told.INTAKE]), **problems()},
)
async def get_intakes(
    context: InContext, _: OrdersReader, after: AfterId = "", limit: PageSize = 100
) -> list[Intake]:
    """List batches in order of their ids, each with the newest decision."""
    async with store.transaction(context.pool) as db:
        return await store_intakes.intakes(db, after=after, limit=limit)


@router.get(
    "/intakes/{intake_id}",
    summary="Look at one supplier's batch",
    responses={**examples.answers(Intake, told.INTAKE), **problems(NoSuchThing)},
)
async def get_intake(intake_id: IntakeIdPath, context: InContext, _: OrdersReader) -> Intake:
    """Return a batch with the newest decision: readings that come late may change it."""
    return await _find(context, intake_id)


async def _ask(db: Connection, new: NewIntake, *, by: str, context: Context) -> bool:
    """Write a batch and mark it for the judge; False: its id was there before."""
    if not await store_bindings.lock_logger(db, new.logger_id):
        raise NoSuchThing("registered logger", new.logger_id)
    now = context.clock()
    if not await store_intakes.write_intake(db, new, by=by, now=now):
        if await store_intakes.intake(db, new.intake_id) is None:
            raise NoSuchThing("policy named", new.policy_id)
        return False
    change = Change(
        type="frostline.intake.requested",
        from_at=new.from_at,
        to_at=now,
        intake_id=new.intake_id,
        data=new.model_dump(mode="json"),
    )
    await announce(db, change, now=now)
    return True


async def _decided(context: Context, intake_id: IntakeId) -> Intake:
    """Return a batch once it is decided, or as it is when patience ends."""
    clock = asyncio.get_running_loop().time
    until = clock() + _PATIENCE_S
    while True:
        woken = context.hub.next_wake_up()  # taken before the look: none is missed
        intake = await _find(context, intake_id)
        left_s = until - clock()
        if intake.decision is not None or left_s <= 0:
            return intake
        with suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await woken.wait()


async def _find(context: Context, intake_id: IntakeId) -> Intake:
    async with store.transaction(context.pool) as db:
        intake = await store_intakes.intake(db, intake_id)
    if intake is None:
        raise NoSuchThing("intake", intake_id)
    return intake


def _asks_the_same(intake: Intake, new: NewIntake) -> bool:
    asked = new.model_dump(exclude={"by"})
    return asked == intake.model_dump(include=set(asked))


def _status(intake: Intake, *, is_new: bool) -> int:
    if intake.decision is None:
        return status.HTTP_202_ACCEPTED
    return status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
