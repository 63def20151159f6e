"""What does a dispatcher want otherwise, and what became of it?

A command names the version of the plan that its dispatcher saw. What the api can see to be stale is
refused at once; the dispatcher process decides finally, and writes the outcome.
"""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response, status

from api import examples, store
from api.access import DispatchReader, DispatchWriter
from api.context import Context, InContext
from api.dispatch import examples as told
from api.dispatch import store_commands, store_disruptions, store_plan
from api.dispatch.cities import NOBODY, find_city
from api.dispatch.resources import LONGEST_HOLD, Command, NewCommand
from api.errors import problems
from api.fields import CityIdPath, CommandIdPath, PageSize, UtcTime
from api.intake import store_deliveries
from api.refusals import AlreadyExists, BadQuery, CommandRefused, NoSuchThing, StalePlan
from api.store import Connection
from api.store_events import Change, announce
from schemas.ids import CityId, CommandId

router = APIRouter(tags=["dispatch"])

COMMANDED: Final = "frostline.command.given"
_PATIENCE_S: Final = 2.0
_NOT_YET: Final = "The dispatcher has not decided yet; look again at Location."
_Before = Annotated[
    UtcTime | None, Query(description="`commanded_at` of the last one of the page before.")
]


@router.post(
    "/cities/{city_id}/commands",
    summary="Pin, move, hold or release an order, or undo",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Command, told.COMMAND, status=200, also=201),
        202: {
            "model": Command,
            "description": "Not decided yet: look again at Location.",
            "content": {"application/json": {"example": told.WAITING_COMMAND}},
        },
        **problems(NoSuchThing, AlreadyExists, StalePlan, CommandRefused, BadQuery),
    },
)
async def post_command(
    city_id: CityIdPath,
    new: Annotated[NewCommand, examples.body(told.NEW_COMMAND)],
    context: InContext,
    caller: DispatchWriter,
    response: Response,
) -> Command:
    """Say what is to be otherwise, under an id of your own, and wait up to 2 s for the outcome.

    201 with the outcome and its price, 202 without one yet, 200 where the same was said before.
    409 where the plan has another version than `base_version`, or the dispatcher refuses.
    """
    async with store.transaction(context.pool) as db:
        is_new = await say(db, city_id, new, by=new.by or caller.name, now=context.clock())
    command = await decided(context, new.command_id)
    if not is_new and not says_the_same(command, city_id, new):
        raise AlreadyExists("command", new.command_id)
    response.headers["Location"] = f"/commands/{new.command_id}"
    if command.outcome is None:
        response.status_code = status.HTTP_202_ACCEPTED
    elif not command.outcome.accepted:
        raise CommandRefused(new.command_id, command.outcome.reason)
    elif not is_new:
        response.status_code = status.HTTP_200_OK
    return command


@router.get(
    "/cities/{city_id}/commands",
    summary="List what dispatchers said",
    responses={**examples.answers(list[Command], [told.COMMAND]), **problems(NoSuchThing)},
)
async def get_commands(
    city_id: CityIdPath,
    context: InContext,
    _: DispatchReader,
    before: _Before = None,
    limit: PageSize = 100,
) -> list[Command]:
    """List commands with their outcomes, newest first."""
    async with store.transaction(context.pool) as db:
        await find_city(db, city_id)
        return await store_commands.commands(db, city_id, before=before, limit=limit)


@router.get(
    "/commands/{command_id}",
    summary="Look at one command",
    responses={**examples.answers(Command, told.COMMAND), **problems(NoSuchThing)},
)
async def get_command(command_id: CommandIdPath, context: InContext, _: DispatchReader) -> Command:
    """Return a command with its outcome, or why there is none yet."""
    return await _find(context, command_id)


async def say(db: Connection, city_id: CityId, new: NewCommand, *, by: str, now: datetime) -> bool:
    """Write a command and wake the dispatcher; False: its id was there before.

    Raises NoSuchThing, StalePlan, BadQuery.
    """
    await find_city(db, city_id)
    if await store_commands.command(db, new.command_id) is not None:
        return False
    await _require_what_it_names(db, city_id, new)
    newest = await store_plan.newest_version(db, city_id)
    if new.base_version != newest:
        raise StalePlan(city_id, said=new.base_version, newest=newest)
    _require_time_to_hold(new.hold_until, now)
    if not await store_commands.write_command(db, city_id, new, by=by, now=now):
        return False
    change = Change(
        type=COMMANDED,
        from_at=now,
        to_at=now,
        data={"city_id": city_id, **new.model_dump(mode="json"), "by": by},
    )
    await announce(db, change, now=now)
    return True


def _require_time_to_hold(until: datetime | None, now: datetime) -> None:
    if until is None:
        return
    if until <= now:
        raise BadQuery(f"hold_until is over; it is {now.isoformat()} now.")
    if until > now + LONGEST_HOLD:
        latest = (now + LONGEST_HOLD).isoformat()
        raise BadQuery(f"hold_until is too far ahead; give {latest} at the latest.")


async def _require_what_it_names(db: Connection, city_id: CityId, new: NewCommand) -> None:
    if new.order_id and not await store_commands.is_delivery_of(db, city_id, new.order_id):
        raise NoSuchThing(f"delivery in {city_id} of the order", new.order_id)
    if new.vehicle_id and not await store_disruptions.is_vehicle_of(db, city_id, new.vehicle_id):
        raise NoSuchThing(f"vehicle of {city_id}", new.vehicle_id)


async def decided(context: Context, command_id: CommandId) -> Command:
    """Return a command once it is decided, or as it is when patience ends."""
    clock = asyncio.get_running_loop().time
    until = clock() + _PATIENCE_S
    while True:
        woken = context.hub.next_wake_up()  # taken before the look: none is missed
        command = await _find(context, command_id)
        left_s = until - clock()
        if command.outcome is not None or command.waits_for == NOBODY or left_s <= 0:
            return command
        with suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await woken.wait()


async def _find(context: Context, command_id: CommandId) -> Command:
    async with store.transaction(context.pool) as db:
        command = await store_commands.command(db, command_id)
        if command is None:
            raise NoSuchThing("command", command_id)
        if command.outcome is not None:
            return command
        waits_for = (
            _NOT_YET if await store_deliveries.dispatcher_lives(db, command.city_id) else NOBODY
        )
    return command.model_copy(update={"waits_for": waits_for})


def says_the_same(command: Command, city_id: CityId, new: NewCommand) -> bool:
    """Tell whether a command that was given before is this one."""
    said = new.model_dump(exclude={"by"})
    return command.city_id == city_id and said == command.model_dump(include=set(said))
