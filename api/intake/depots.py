"""From where is delivered, and where may members fetch? Depots, their stock, and lockers."""

from typing import Annotated

from fastapi import APIRouter, Response

from api import examples, store
from api.access import DispatchReader, FleetWriter
from api.context import InContext
from api.errors import problems
from api.fields import AfterId, DepotIdPath, LockerIdPath, PageSize
from api.intake import fleet, fleet_examples, store_fleet
from api.intake.cities import status_of
from api.intake.fields import CityIdQuery
from api.intake.fleet_resources import Depot, DepotDetails, Locker, LockerDetails, StockCount
from api.refusals import NoSuchThing
from api.store import Connection
from schemas.ids import DepotId
from schemas.reading import Zone

router = APIRouter(tags=["fleet"])


@router.put(
    "/depots/{depot_id}",
    summary="Put a depot",
    response_model=Depot,
    responses={
        **examples.answers(Depot, fleet_examples.DEPOT, status=200, also=201),
        **problems(NoSuchThing),
    },
)
async def put_depot(
    depot_id: DepotIdPath,
    details: Annotated[DepotDetails, examples.body(fleet_examples.DEPOT_DETAILS)],
    context: InContext,
    _: FleetWriter,
    response: Response,
) -> Depot:
    """Write where orders are picked and loaded. Its stock stays as it was counted."""
    async with store.transaction(context.pool) as db:
        is_new = await fleet.write_depot(db, depot_id, details)
        depot = await _find_depot(db, depot_id)
    response.status_code = status_of(is_new=is_new)
    return depot


@router.get(
    "/depots",
    summary="List a city's depots",
    responses={
        **examples.answers(list[Depot], [fleet_examples.DEPOT | {"stock": []}]),
        **problems(),
    },
)
async def get_depots(
    city_id: CityIdQuery,
    context: InContext,
    _: DispatchReader,
    after: AfterId = "",
    limit: PageSize = 100,
) -> list[Depot]:
    """List depots in order of their ids, without their stock."""
    page = {"city_id": city_id, "after": after, "limit": limit}
    async with store.transaction(context.pool) as db:
        return await store_fleet.depots(db, page)


@router.get(
    "/depots/{depot_id}",
    summary="Look at one depot",
    responses={**examples.answers(Depot, fleet_examples.DEPOT), **problems(NoSuchThing)},
)
async def get_depot(depot_id: DepotIdPath, context: InContext, _: DispatchReader) -> Depot:
    """Return a depot with its stock, as it was counted last."""
    async with store.transaction(context.pool) as db:
        return await _find_depot(db, depot_id)


@router.put(
    "/depots/{depot_id}/stock/{zone}",
    summary="Say what a depot has of a zone's goods",
    responses={**examples.answers(Depot, fleet_examples.DEPOT), **problems(NoSuchThing)},
)
async def put_stock(
    depot_id: DepotIdPath,
    zone: Zone,
    count: Annotated[StockCount, examples.body(fleet_examples.STOCK_COUNT)],
    context: InContext,
    _: FleetWriter,
) -> Depot:
    """Write a count, unless a later one stands. A zone that was never counted has enough."""
    async with store.transaction(context.pool) as db:
        await fleet.write_stock(db, depot_id, zone, count, now=context.clock())
        return await _find_depot(db, depot_id)


@router.put(
    "/lockers/{locker_id}",
    summary="Put a locker",
    response_model=Locker,
    responses={
        **examples.answers(Locker, fleet_examples.LOCKER, status=200, also=201),
        **problems(NoSuchThing),
    },
)
async def put_locker(
    locker_id: LockerIdPath,
    details: Annotated[LockerDetails, examples.body(fleet_examples.LOCKER_DETAILS)],
    context: InContext,
    _: FleetWriter,
    response: Response,
) -> Locker:
    """Write where members may fetch their orders, and how many find room at once."""
    async with store.transaction(context.pool) as db:
        is_new = await fleet.write_locker(db, locker_id, details)
    response.status_code = status_of(is_new=is_new)
    return Locker(locker_id=locker_id, **dict(details))


@router.get(
    "/lockers",
    summary="List a city's lockers",
    responses={**examples.answers(list[Locker], [fleet_examples.LOCKER]), **problems()},
)
async def get_lockers(
    city_id: CityIdQuery,
    context: InContext,
    _: DispatchReader,
    after: AfterId = "",
    limit: PageSize = 100,
) -> list[Locker]:
    """List lockers in order of their ids."""
    page = {"city_id": city_id, "after": after, "limit": limit}
    async with store.transaction(context.pool) as db:
        return await store_fleet.lockers(db, page)


@router.get(
    "/lockers/{locker_id}",
    summary="Look at one locker",
    responses={**examples.answers(Locker, fleet_examples.LOCKER), **problems(NoSuchThing)},
)
async def get_locker(locker_id: LockerIdPath, context: InContext, _: DispatchReader) -> Locker:
    """Return a locker."""
    async with store.transaction(context.pool) as db:
        locker = await store_fleet.locker(db, locker_id)
    if locker is None:
        raise NoSuchThing("locker", locker_id)
    return locker


async def _find_depot(db: Connection, depot_id: DepotId) -> Depot:
    depot = await store_fleet.depot(db, depot_id)
    if depot is None:
        raise NoSuchThing("depot", depot_id)
    return depot
