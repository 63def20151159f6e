"""What was found of orders and places, in every revision; and which excursions are there?"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api import examples, store, store_loggers
from api.access import AlertsWriter, CurvesReader
from api.context import InContext
from api.errors import problems
from api.fields import (
    BeforeRow,
    OrderIdField,
    OrderIdPath,
    PageSize,
    PlaceIdField,
    PlaceIdPath,
    RowIdPath,
)
from api.findings import examples as told
from api.findings import store_findings
from api.findings.found import FoundExcursion, VerdictRevision
from api.findings.resources import Closing, NewClosing
from api.findings.store_findings import ExcursionFilter
from api.orders import find_order
from api.refusals import AlreadyClosed, EndsBeforeStart, NoSuchThing
from api.store_events import Change, announce
from schemas.ids import IntakeId, OrderId, PlaceId

router = APIRouter(tags=["findings"])


@router.get(
    "/orders/{order_id}/verdicts",
    summary="List every verdict on an order's boxes",
    responses={**examples.answers(list[VerdictRevision], [told.VERDICT]), **problems(NoSuchThing)},
)
async def get_order_verdicts(
    order_id: OrderIdPath, context: InContext, _: CurvesReader
) -> list[VerdictRevision]:
    """List all revisions, by box: a change of mind is a new one, never an overwrite."""
    async with store.transaction(context.pool) as db:
        await find_order(db, order_id)
        return await store_findings.verdicts_of_order(db, order_id)


@router.get(
    "/places/{place_id}/verdicts",
    summary="List the verdicts on a place, a day each",
    responses={**examples.answers(list[VerdictRevision], [told.WATCH]), **problems(NoSuchThing)},
)
async def get_place_verdicts(
    place_id: PlaceIdPath,
    context: InContext,
    _: CurvesReader,
    before: BeforeRow = None,
    limit: PageSize = 100,
) -> list[VerdictRevision]:
    """List all revisions of a place's days, newest first; `before` goes on at a `verdict_id`."""
    async with store.transaction(context.pool) as db:
        if await store_loggers.place(db, place_id) is None:
            raise NoSuchThing("place", place_id)
        return await store_findings.verdicts_of_place(db, place_id, before=before, limit=limit)


def wanted_excursions(
    *,
    order_id: Annotated[OrderIdField | None, Query(description="Only of this order.")] = None,
    place_id: Annotated[PlaceIdField | None, Query(description="Only of this place.")] = None,
    is_open: Annotated[
        bool | None, Query(alias="open", description="true: only those that go on; false: others.")
    ] = None,
) -> ExcursionFilter:
    """Return which excursions are asked for."""
    return ExcursionFilter(order_id=order_id, place_id=place_id, open=is_open)


@router.get(
    "/excursions",
    summary="List excursions of boxes, places and batches",
    responses={**examples.answers(list[FoundExcursion], [told.EXCURSION]), **problems()},
)
async def get_excursions(
    wanted: Annotated[ExcursionFilter, Depends(wanted_excursions)],
    context: InContext,
    _: CurvesReader,
    before: BeforeRow = None,
    limit: PageSize = 100,
) -> list[FoundExcursion]:
    """List excursions in their newest revision, newest first; `before` goes on at an id."""
    async with store.transaction(context.pool) as db:
        return await store_findings.excursions(db, wanted, before=before, limit=limit)


@router.put(
    "/excursions/{excursion_id}/closing",
    summary="Say that an open excursion is over",
    responses={
        **examples.answers(Closing, told.CLOSING),
        **problems(NoSuchThing, AlreadyClosed, EndsBeforeStart),
    },
)
async def put_closing(
    excursion_id: RowIdPath,
    new: Annotated[NewClosing, examples.body(told.NEW_CLOSING)],
    context: InContext,
    caller: AlertsWriter,
) -> Closing:
    """Write an operator's word, for the judge to act on. Repeating it changes nothing."""
    now = context.clock()
    word = Closing(
        excursion_id=excursion_id,
        at=new.at or now,
        by=new.by or caller.name,
        comment=new.comment,
    )
    async with store.transaction(context.pool) as db:
        await store.lock(db, f"excursion {excursion_id}")
        found = await store_findings.excursion(db, excursion_id)
        if found is None:
            raise NoSuchThing("excursion", excursion_id)
        if word.at <= found.from_at:
            raise EndsBeforeStart(found.from_at)
        standing = await store_findings.closing(db, excursion_id)
        if standing is not None and _says_the_same(standing, new):
            return standing
        ended_at = standing.at if standing else _ended_at(found)
        if ended_at is not None:
            raise AlreadyClosed("excursion", excursion_id, ended_at)
        await store_findings.close_excursion(db, word)
        await announce(db, _change(found, word), now=now)
    return word


def _says_the_same(standing: Closing, new: NewClosing) -> bool:
    return standing.comment == new.comment and new.at in {None, standing.at}


def _ended_at(found: FoundExcursion) -> datetime | None:
    """Return when an excursion was over, or was found never to have been; None: it goes on."""
    return found.found_at if found.state == "withdrawn" else found.until_at


def _change(found: FoundExcursion, word: Closing) -> Change:
    is_intake = found.subject_kind == "intake"
    return Change(
        type="frostline.excursion.closing",
        from_at=found.from_at,
        to_at=word.at,
        order_id=OrderId(found.order_id) if found.order_id else None,
        place_id=PlaceId(found.place_id) if found.place_id else None,
        intake_id=IntakeId(found.subject_id) if is_intake else None,
        data=word.model_dump(mode="json"),
    )
