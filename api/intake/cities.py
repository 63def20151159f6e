"""Where is delivered, and by which policy? Cities and the user's own table of addresses."""

from typing import Annotated

from fastapi import APIRouter, Response, status

from api import examples, store
from api.access import DispatchReader, FleetWriter
from api.context import InContext
from api.errors import problems
from api.fields import AfterId, AfterText, CityIdPath, PageSize
from api.intake import fleet, fleet_examples, store_cities
from api.intake.fleet_resources import (
    Address,
    AddressesKnown,
    City,
    CityDetails,
    CityHead,
    NewAddresses,
)
from api.refusals import NoSuchThing

router = APIRouter(tags=["fleet"])


@router.put(
    "/cities/{city_id}",
    summary="Put a city and its policy",
    response_model=City,
    responses={**examples.answers(City, fleet_examples.CITY, status=200, also=201), **problems()},
)
async def put_city(
    city_id: CityIdPath,
    details: Annotated[CityDetails, examples.body(fleet_examples.CITY_DETAILS)],
    context: InContext,
    _: FleetWriter,
    response: Response,
) -> City:
    """Write where and how soon a city delivers. Orders that were requested keep their tier."""
    now = context.clock()
    async with store.transaction(context.pool) as db:
        is_new = await fleet.write_city(db, city_id, details, now=now)
    response.status_code = status_of(is_new=is_new)
    return City(city_id=city_id, loaded_at=now, **dict(details))


@router.get(
    "/cities",
    summary="List cities",
    responses={**examples.answers(list[CityHead], [fleet_examples.CITY_HEAD]), **problems()},
)
async def get_cities(
    context: InContext, _: DispatchReader, after: AfterId = "", limit: PageSize = 100
) -> list[CityHead]:
    """List cities in order of their ids, without their policies."""
    async with store.transaction(context.pool) as db:
        return await store_cities.cities(db, after=after, limit=limit)


@router.get(
    "/cities/{city_id}",
    summary="Look at one city",
    responses={**examples.answers(City, fleet_examples.CITY), **problems(NoSuchThing)},
)
async def get_city(city_id: CityIdPath, context: InContext, _: DispatchReader) -> City:
    """Return a city with the policy that holds."""
    async with store.transaction(context.pool) as db:
        return await fleet.find_city(db, city_id)


@router.put(
    "/cities/{city_id}/addresses",
    summary="Say where addresses are",
    responses={
        **examples.answers(AddressesKnown, fleet_examples.ADDRESSES_KNOWN),
        **problems(NoSuchThing),
    },
)
async def put_addresses(
    city_id: CityIdPath,
    new: Annotated[NewAddresses, examples.body(fleet_examples.NEW_ADDRESSES)],
    context: InContext,
    _: FleetWriter,
) -> AddressesKnown:
    """Write addresses beside those that are known; one that is known already is put right."""
    async with store.transaction(context.pool) as db:
        known = await fleet.write_addresses(db, city_id, new.addresses)
    return AddressesKnown(city_id=city_id, given=len(new.addresses), known=known)


@router.get(
    "/cities/{city_id}/addresses",
    summary="List a city's addresses",
    responses={
        **examples.answers(list[Address], [fleet_examples.ADDRESS]),
        **problems(NoSuchThing),
    },
)
async def get_addresses(
    city_id: CityIdPath,
    context: InContext,
    _: DispatchReader,
    after: AfterText = "",
    limit: PageSize = 100,
) -> list[Address]:
    """List the addresses that a city knows, in their order."""
    async with store.transaction(context.pool) as db:
        await fleet.find_city(db, city_id)
        return await store_cities.addresses(db, city_id, after=after, limit=limit)


def status_of(*, is_new: bool) -> int:
    """Return the status of a thing that was put."""
    return status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
