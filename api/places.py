"""Which places are there: cold rooms, vehicles, lockers?"""

from typing import Annotated

from fastapi import APIRouter, Response, status

from api import examples, store, store_loggers
from api.access import LoggersWriter, OrdersReader
from api.context import InContext
from api.errors import problems
from api.fields import AfterId, PageSize, PlaceIdPath
from api.refusals import NoSuchThing
from api.resources import Place, PlaceDetails

router = APIRouter(tags=["places"])


@router.put(
    "/places/{place_id}",
    summary="Register a place, or change it",
    response_model=Place,
    responses={**examples.answers(Place, examples.PLACE, status=200, also=201), **problems()},
)
async def put_place(
    place_id: PlaceIdPath,
    details: Annotated[PlaceDetails, examples.body(examples.PLACE_DETAILS)],
    context: InContext,
    _: LoggersWriter,
    response: Response,
) -> Place:
    """Give a place its kind, name and zone. Repeating it changes nothing."""
    async with store.transaction(context.pool) as db:
        new = await store_loggers.register_place(db, place_id, details)
    response.status_code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
    return Place(place_id=place_id, **details.model_dump())


@router.get(
    "/places",
    summary="List places",
    responses={**examples.answers(list[Place], [examples.PLACE]), **problems()},
)
async def get_places(
    context: InContext,
    _: OrdersReader,
    after: AfterId = "",
    limit: PageSize = 100,
) -> list[Place]:
    """List places in order of their ids."""
    async with store.transaction(context.pool) as db:
        return await store_loggers.places(db, after=after, limit=limit)


@router.get(
    "/places/{place_id}",
    summary="Look at one place",
    responses={**examples.answers(Place, examples.PLACE), **problems(NoSuchThing)},
)
async def get_place(place_id: PlaceIdPath, context: InContext, _: OrdersReader) -> Place:
    """Return a place."""
    async with store.transaction(context.pool) as db:
        place = await store_loggers.place(db, place_id)
    if place is None:
        raise NoSuchThing("place", place_id)
    return place
