"""What drives, and who drives it when? Vehicles and their shifts."""

from typing import Annotated

from fastapi import APIRouter, Response

from api import examples, store
from api.access import DispatchReader, FleetWriter
from api.context import InContext
from api.errors import problems
from api.fields import AfterId, PageSize, ShiftIdPath, VehicleIdPath
from api.intake import fleet, fleet_examples, store_fleet
from api.intake.cities import status_of
from api.intake.fields import CityIdQuery
from api.intake.fleet_resources import Shift, ShiftDetails, Vehicle, VehicleDetails
from api.refusals import NoSuchThing, ShiftOverlaps
from api.store import Connection
from schemas.ids import VehicleId

router = APIRouter(tags=["fleet"])


@router.put(
    "/vehicles/{vehicle_id}",
    summary="Put a vehicle",
    response_model=Vehicle,
    responses={
        **examples.answers(Vehicle, fleet_examples.VEHICLE, status=200, also=201),
        **problems(NoSuchThing),
    },
)
async def put_vehicle(
    vehicle_id: VehicleIdPath,
    details: Annotated[VehicleDetails, examples.body(fleet_examples.VEHICLE_DETAILS)],
    context: InContext,
    _: FleetWriter,
    response: Response,
) -> Vehicle:
    """Write a vehicle of a depot. It drives once it has a shift; `retired_at` ends it."""
    async with store.transaction(context.pool) as db:
        is_new = await fleet.write_vehicle(db, vehicle_id, details)
        vehicle = await _find_vehicle(db, vehicle_id)
    response.status_code = status_of(is_new=is_new)
    return vehicle


@router.get(
    "/vehicles",
    summary="List a city's fleet",
    responses={**examples.answers(list[Vehicle], [fleet_examples.VEHICLE]), **problems()},
)
async def get_fleet(
    city_id: CityIdQuery,
    context: InContext,
    _: DispatchReader,
    after: AfterId = "",
    limit: PageSize = 100,
) -> list[Vehicle]:
    """List vehicles in order of their ids: what they are, not where they are."""
    page = {"city_id": city_id, "after": after, "limit": limit}
    async with store.transaction(context.pool) as db:
        return await store_fleet.vehicles(db, page)


@router.get(
    "/vehicles/{vehicle_id}",
    summary="Look at one vehicle",
    responses={**examples.answers(Vehicle, fleet_examples.VEHICLE), **problems(NoSuchThing)},
)
async def get_vehicle(vehicle_id: VehicleIdPath, context: InContext, _: DispatchReader) -> Vehicle:
    """Return a vehicle."""
    async with store.transaction(context.pool) as db:
        return await _find_vehicle(db, vehicle_id)


@router.put(
    "/shifts/{shift_id}",
    summary="Put a vehicle's shift",
    response_model=Shift,
    responses={
        **examples.answers(Shift, fleet_examples.SHIFT, status=200, also=201),
        **problems(NoSuchThing, ShiftOverlaps),
    },
)
async def put_shift(
    shift_id: ShiftIdPath,
    details: Annotated[ShiftDetails, examples.body(fleet_examples.SHIFT_DETAILS)],
    context: InContext,
    _: FleetWriter,
    response: Response,
) -> Shift:
    """Write when a vehicle is staffed, and by whom. `cancelled_at` takes it back."""
    async with store.transaction(context.pool) as db:
        is_new = await fleet.write_shift(db, shift_id, details)
    response.status_code = status_of(is_new=is_new)
    return Shift(shift_id=shift_id, **dict(details))


@router.get(
    "/shifts",
    summary="List the shifts of a city's vehicles",
    responses={**examples.answers(list[Shift], [fleet_examples.SHIFT]), **problems()},
)
async def get_shifts(
    city_id: CityIdQuery,
    context: InContext,
    _: DispatchReader,
    after: AfterId = "",
    limit: PageSize = 100,
) -> list[Shift]:
    """List shifts in order of their ids, cancelled ones too."""
    page = {"city_id": city_id, "after": after, "limit": limit}
    async with store.transaction(context.pool) as db:
        return await store_fleet.shifts(db, page)


@router.get(
    "/shifts/{shift_id}",
    summary="Look at one shift",
    responses={**examples.answers(Shift, fleet_examples.SHIFT), **problems(NoSuchThing)},
)
async def get_shift(shift_id: ShiftIdPath, context: InContext, _: DispatchReader) -> Shift:
    """Return a shift."""
    async with store.transaction(context.pool) as db:
        shift = await store_fleet.shift(db, shift_id)
    if shift is None:
        raise NoSuchThing("shift", shift_id)
    return shift


async def _find_vehicle(db: Connection, vehicle_id: VehicleId) -> Vehicle:
    vehicle = await store_fleet.vehicle(db, vehicle_id)
    if vehicle is None:
        raise NoSuchThing("vehicle", vehicle_id)
    return vehicle
