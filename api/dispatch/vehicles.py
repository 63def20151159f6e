"""Where are a city's vehicles, what do they carry, and when do they come where?"""

from typing import Annotated

from fastapi import APIRouter, Query

from api import examples, store
from api.access import DispatchReader
from api.context import InContext
from api.dispatch import examples as told
from api.dispatch import store_vehicles
from api.dispatch.cities import find_city
from api.dispatch.resources import VehicleNow
from api.errors import problems
from api.fields import CityIdPath
from api.refusals import NoSuchThing

router = APIRouter(tags=["dispatch"])

_NextStops = Annotated[int, Query(ge=0, le=100, description="So many of each one's next stops.")]


@router.get(
    "/cities/{city_id}/vehicles",
    summary="Look at a city's vehicles",
    responses={**examples.answers(list[VehicleNow], [told.VEHICLE]), **problems(NoSuchThing)},
)
async def get_vehicles(
    city_id: CityIdPath, context: InContext, _: DispatchReader, next_stops: _NextStops = 5
) -> list[VehicleNow]:
    """List vehicles as they are now: position, load, compartments, and next stops with intervals.

    `aboard` is what was loaded last on this vehicle and has not been handed over.
    """
    async with store.transaction(context.pool) as db:
        await find_city(db, city_id)
        return await store_vehicles.vehicles(
            db, city_id, now=context.clock(), next_stops=next_stops
        )
