"""What work is planned, on which place or logger, and when?

What is measured meanwhile is not judged, and raises no alert.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from api import examples, store, store_bindings, store_loggers
from api.access import AlertsReader, AlertsWriter
from api.alerts import examples as told
from api.alerts import store_maintenance
from api.alerts.resources import Maintenance, NewMaintenance
from api.context import InContext
from api.errors import problems
from api.fields import BeforeRow, LoggerIdField, PageSize, PlaceIdField, RowIdPath
from api.refusals import AlreadyClosed, NoSuchThing
from api.store import Connection
from api.store_events import Change, announce

router = APIRouter(tags=["alerts"])


@router.post(
    "/maintenance",
    summary="Plan work on a place or a logger",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Maintenance, told.MAINTENANCE, status=200, also=201),
        **problems(NoSuchThing),
    },
)
async def post_maintenance(
    new: Annotated[NewMaintenance, examples.body(told.NEW_MAINTENANCE)],
    context: InContext,
    caller: AlertsWriter,
    response: Response,
) -> Maintenance:
    """Plan work, also such as is done already. Planning the same again gives 200."""
    now = context.clock()
    async with store.transaction(context.pool) as db:
        await _require_what_it_names(db, new)
        standing = await store_maintenance.same_maintenance(db, new)
        if standing is not None:
            response.status_code = status.HTTP_200_OK
            return standing
        work = await store_maintenance.plan(db, new, by=new.by or caller.name, now=now)
        await _announce(db, "frostline.maintenance.planned", work, work.from_at, now)
    return work


@router.get(
    "/maintenance",
    summary="List planned work",
    responses={**examples.answers(list[Maintenance], [told.MAINTENANCE]), **problems()},
)
async def get_maintenance(
    context: InContext,
    _: AlertsReader,
    place_id: Annotated[PlaceIdField | None, Query(description="Only on this place.")] = None,
    logger_id: Annotated[LoggerIdField | None, Query(description="Only on this logger.")] = None,
    before: BeforeRow = None,
    limit: PageSize = 100,
) -> list[Maintenance]:
    """List work, newest first, past work too; `before` goes on at a `maintenance_id`."""
    async with store.transaction(context.pool) as db:
        return await store_maintenance.all_maintenance(
            db, place_id=place_id, logger_id=logger_id, before=before, limit=limit
        )


@router.delete(
    "/maintenance/{maintenance_id}",
    summary="End planned work now, or take it back",
    responses={
        **examples.answers(Maintenance, told.MAINTENANCE),
        **problems(NoSuchThing, AlreadyClosed),
    },
)
async def delete_maintenance(
    maintenance_id: RowIdPath, context: InContext, _: AlertsWriter
) -> Maintenance:
    """End work that is under way; work that has not begun is taken back as if never planned."""
    now = context.clock()
    async with store.transaction(context.pool) as db:
        work = await store_maintenance.maintenance(db, maintenance_id)
        if work is None:
            raise NoSuchThing("maintenance", maintenance_id)
        if work.until_at is not None and work.until_at <= now:
            raise AlreadyClosed("maintenance", maintenance_id, work.until_at)
        await _announce(db, "frostline.maintenance.ended", work, now, now)
        if now <= work.from_at:
            await store_maintenance.take_back(db, maintenance_id)
            return work
        await store_maintenance.end(db, maintenance_id, at=now)
    return work.model_copy(update={"until_at": now})


async def _require_what_it_names(db: Connection, new: NewMaintenance) -> None:
    """Hold what it names; raise NoSuchThing where it isn't there."""
    await store.lock(db, f"maintenance {new.place_id or new.logger_id}")
    if new.place_id is not None and await store_loggers.place(db, new.place_id) is None:
        raise NoSuchThing("place", new.place_id)
    if new.logger_id is not None and not await store_bindings.lock_logger(db, new.logger_id):
        raise NoSuchThing("registered logger", new.logger_id)


async def _announce(
    db: Connection, kind: str, work: Maintenance, from_at: datetime, now: datetime
) -> None:
    change = Change(
        type=kind,
        from_at=from_at,
        to_at=max(now, work.until_at or now),
        place_id=work.place_id,
        logger_id=work.logger_id,
        data=work.model_dump(mode="json"),
    )
    await announce(db, change, now=now)
