"""What makes the world other than planned?"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from api import examples, store
from api.access import DispatchReader, DispatchWriter
from api.context import InContext
from api.dispatch import examples as told
from api.dispatch import store_disruptions
from api.dispatch.cities import find_city
from api.dispatch.disruption_bodies import Disruption, DisruptionEnd, NewDisruption
from api.errors import problems
from api.fields import AfterId, CityIdPath, DisruptionIdPath, PageSize
from api.refusals import AlreadyClosed, AlreadyExists, EndsBeforeStart, NoSuchThing
from api.store import Connection
from api.store_events import Change, announce
from schemas.ids import DisruptionId

router = APIRouter(tags=["dispatch"])

RECORDED = "frostline.disruption.recorded"
ENDED = "frostline.disruption.ended"
_OnlyOpen = Annotated[bool, Query(alias="open", description="Without those that are over.")]


@router.put(
    "/disruptions/{disruption_id}",
    summary="Say what makes the world other than planned",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(Disruption, told.DISRUPTION, status=200, also=201),
        **problems(NoSuchThing, AlreadyExists),
    },
)
async def put_disruption(
    disruption_id: DisruptionIdPath,
    new: Annotated[NewDisruption, told.disruption_bodies()],
    context: InContext,
    caller: DispatchWriter,
    response: Response,
) -> Disruption:
    """Write weather, a closed road, a breakdown, a delay or failed cooling; wake the dispatcher.

    201 for a new one. Said again with other details or times it is changed (200); its kind, city
    and vehicle stand: another is 409.
    """
    now = context.clock()
    async with store.transaction(context.pool) as db:
        await _require_what_it_names(db, new)
        # Two who say the same at once: the second waits, and sees what the first wrote.
        await store.lock(db, f"disruption {disruption_id}")
        standing = await store_disruptions.disruption(db, disruption_id)
        if standing is not None:
            response.status_code = status.HTTP_200_OK
            _refuse_another(standing, new)
            if _says_the_same(standing, new):
                return standing
        written = await store_disruptions.write_disruption(
            db, disruption_id, new, by=new.by or caller.name, now=now
        )
        await _announce(db, RECORDED, written, now=now)
    return written


@router.get(
    "/disruptions/{disruption_id}",
    summary="Look at one disruption",
    responses={**examples.answers(Disruption, told.DISRUPTION), **problems(NoSuchThing)},
)
async def get_disruption(
    disruption_id: DisruptionIdPath, context: InContext, _: DispatchReader
) -> Disruption:
    """Return a disruption."""
    async with store.transaction(context.pool) as db:
        return await _find(db, disruption_id)


@router.post(
    "/disruptions/{disruption_id}/end",
    summary="Say that a disruption is over",
    responses={
        **examples.answers(Disruption, told.ENDED_DISRUPTION),
        **problems(NoSuchThing, AlreadyClosed, EndsBeforeStart),
    },
)
async def post_end(
    disruption_id: DisruptionIdPath,
    end: Annotated[DisruptionEnd, examples.body(told.DISRUPTION_END)],
    context: InContext,
    _: DispatchWriter,
) -> Disruption:
    """Write when it was over. Repeating it changes nothing; one that has ended stays so."""
    now = context.clock()
    async with store.transaction(context.pool) as db:
        standing = await _find(db, disruption_id)
        if standing.until_at == end.at:
            return standing
        if standing.until_at is not None and standing.until_at <= now:
            raise AlreadyClosed("disruption", disruption_id, standing.until_at)
        if end.at <= standing.from_at:
            raise EndsBeforeStart(standing.from_at)
        ended = await store_disruptions.end_disruption(db, disruption_id, at=end.at)
        await _announce(db, ENDED, ended, now=now)
    return ended


@router.get(
    "/cities/{city_id}/disruptions",
    summary="List a city's disruptions",
    responses={**examples.answers(list[Disruption], [told.DISRUPTION]), **problems(NoSuchThing)},
)
async def get_disruptions(
    city_id: CityIdPath,
    context: InContext,
    _: DispatchReader,
    only_open: _OnlyOpen = False,
    after: AfterId = "",
    limit: PageSize = 100,
) -> list[Disruption]:
    """List disruptions in order of their ids."""
    open_at = context.clock() if only_open else None
    async with store.transaction(context.pool) as db:
        await find_city(db, city_id)
        return await store_disruptions.disruptions(
            db, city_id, open_at=open_at, after=after, limit=limit
        )


async def _find(db: Connection, disruption_id: DisruptionId) -> Disruption:
    found = await store_disruptions.disruption(db, disruption_id)
    if found is None:
        raise NoSuchThing("disruption", disruption_id)
    return found


async def _require_what_it_names(db: Connection, new: NewDisruption) -> None:
    await find_city(db, new.city_id)
    vehicle_id = getattr(new, "vehicle_id", None)
    if vehicle_id is not None and not await store_disruptions.is_vehicle_of(
        db, new.city_id, vehicle_id
    ):
        raise NoSuchThing(f"vehicle of {new.city_id}", vehicle_id)


def _refuse_another(standing: Disruption, new: NewDisruption) -> None:
    said = (new.kind, new.city_id, getattr(new, "vehicle_id", None))
    if said != (standing.kind, standing.city_id, standing.vehicle_id):
        raise AlreadyExists("disruption", standing.disruption_id)


def _says_the_same(standing: Disruption, new: NewDisruption) -> bool:
    said: tuple[Any, ...] = (new.details.model_dump(mode="json"), new.from_at, new.until_at)
    return said == (standing.details, standing.from_at, standing.until_at)


async def _announce(db: Connection, kind: str, disruption: Disruption, *, now: Any) -> None:
    change = Change(
        type=kind,
        from_at=disruption.from_at,
        to_at=now,
        data=disruption.model_dump(mode="json"),
    )
    await announce(db, change, now=now)
