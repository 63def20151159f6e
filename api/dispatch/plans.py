"""What does a city's plan say, what did each version change, and what was done for warm boxes?"""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api import examples, store
from api.access import DispatchReader
from api.context import InContext
from api.dispatch import examples as told
from api.dispatch import store_plan
from api.dispatch.cities import find_city
from api.dispatch.resources import Plan, PlanChange, PlannedStop, PlanVersion, Rescue, Trip
from api.dispatch.store_plan import StopOfTrip
from api.errors import problems
from api.fields import BeforeRow, CityIdPath, OrderIdField, PageSize
from api.intake import store_deliveries
from api.refusals import NoSuchThing
from schemas.ids import VehicleId

router = APIRouter(tags=["dispatch"])

_LAST = 2**31 - 1
VersionPath = Annotated[int, Path(ge=1, le=_LAST, description="The version's number.")]
_Version = Annotated[
    int | None, Query(ge=0, le=_LAST, description="As it was then; without it, as it is.")
]
_BeforeVersion = Annotated[
    int | None, Query(ge=1, le=_LAST, description="The last version of the page before.")
]
_OrderId = Annotated[OrderIdField | None, Query(description="Only those of this order.")]


@router.get(
    "/cities/{city_id}/plan",
    summary="Look at a city's plan",
    responses={**examples.answers(Plan, told.PLAN), **problems(NoSuchThing)},
)
async def get_plan(
    city_id: CityIdPath, context: InContext, _: DispatchReader, version: _Version = None
) -> Plan:
    """Return the plan as it is, or as it was at a version. Version 0: there is none yet."""
    async with store.transaction(context.pool) as db:
        await find_city(db, city_id)
        newest = await store_plan.newest_version(db, city_id)
        asked = newest if version is None else version
        standing = await store_plan.standing(db, city_id, asked)
        lives = await store_deliveries.dispatcher_lives(db, city_id)
    if standing.made is None and asked > 0:
        raise NoSuchThing("version", f"{asked} of the plan of {city_id}")
    return Plan(
        city_id=city_id,
        version=asked,
        is_newest=asked == newest,
        dispatcher_lives=lives,
        made=standing.made,
        trips=trips_of(standing.stops),
        unserved=standing.unserved,
        pins=standing.pins,
    )


@router.get(
    "/cities/{city_id}/plan/versions",
    summary="List the versions of a city's plan",
    responses={**examples.answers(list[PlanVersion], [told.VERSION]), **problems(NoSuchThing)},
)
async def get_versions(
    city_id: CityIdPath,
    context: InContext,
    _: DispatchReader,
    before: _BeforeVersion = None,
    limit: PageSize = 100,
) -> list[PlanVersion]:
    """List versions, newest first, with what led to each and how much it changed."""
    async with store.transaction(context.pool) as db:
        await find_city(db, city_id)
        return await store_plan.versions(db, city_id, before=before, limit=limit)


@router.get(
    "/cities/{city_id}/plan/versions/{version}/changes",
    summary="Look at what a version of the plan changed",
    responses={**examples.answers(list[PlanChange], [told.CHANGE]), **problems(NoSuchThing)},
)
async def get_changes(
    city_id: CityIdPath, version: VersionPath, context: InContext, _: DispatchReader
) -> list[PlanChange]:
    """List the orders that a version drives otherwise than the one before, and why."""
    async with store.transaction(context.pool) as db:
        await find_city(db, city_id)
        if version > await store_plan.newest_version(db, city_id):
            raise NoSuchThing("version", f"{version} of the plan of {city_id}")
        return await store_plan.changes(db, city_id, version)


@router.get(
    "/cities/{city_id}/rescues",
    summary="List what was done for warming boxes",
    responses={**examples.answers(list[Rescue], [told.RESCUE]), **problems(NoSuchThing)},
)
async def get_rescues(
    city_id: CityIdPath,
    context: InContext,
    _: DispatchReader,
    order_id: _OrderId = None,
    before: BeforeRow = None,
    limit: PageSize = 100,
) -> list[Rescue]:
    """List boxes that became a question, newest first: what was compared, and what was chosen."""
    async with store.transaction(context.pool) as db:
        await find_city(db, city_id)
        return await store_plan.rescues(db, city_id, order_id=order_id, before=before, limit=limit)


def trips_of(stops: list[StopOfTrip]) -> list[Trip]:
    """Gather stops, which come in order, into trips."""
    grouped = groupby(stops, key=lambda stop: (stop.vehicle_id, stop.trip))
    return [
        Trip(
            vehicle_id=VehicleId(vehicle_id),
            trip=trip,
            stops=[PlannedStop.model_validate(stop.model_dump()) for stop in of_trip],
        )
        for (vehicle_id, trip), of_trip in grouped
    ]
