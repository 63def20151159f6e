"""How does a whole city come in at once? All of it, or nothing."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from api import store, store_loggers
from api.fields import (
    CityIdField,
    DepotIdField,
    LockerIdField,
    PlaceIdField,
    ShiftIdField,
    VehicleIdField,
)
from api.intake import fleet, store_fleet
from api.intake.fleet_resources import (
    AddressDetails,
    CityDetails,
    DepotDetails,
    Drivers,
    LockerDetails,
    ShiftDetails,
    StockCount,
    VehicleDetails,
)
from api.resources import PlaceDetails, Request
from api.store import Connection
from schemas.ids import ShiftId
from schemas.reading import Zone

DAYS_AHEAD: Final = 7
_ClockTime = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class PlaceEntry(PlaceDetails):
    """A place with its id."""

    place_id: PlaceIdField


class DepotEntry(DepotDetails):
    """A depot with its id, and what it has of each zone, in grams."""

    depot_id: DepotIdField
    stock: dict[Zone, Annotated[int, Field(ge=0, le=10**12)]] = Field(default_factory=dict)


class LockerEntry(LockerDetails):
    """A locker with its id."""

    locker_id: LockerIdField


class VehicleEntry(VehicleDetails):
    """A vehicle with its id."""

    vehicle_id: VehicleIdField


class ShiftEntry(ShiftDetails):
    """A shift with its id."""

    shift_id: ShiftIdField


class DailyShiftEntry(Request):
    """A shift of every day, by the city's clock; one that ends before it begins ends tomorrow."""

    shift_id: Annotated[ShiftIdField, Field(max_length=50)]
    vehicle_id: VehicleIdField
    from_time: _ClockTime
    until_time: _ClockTime
    drivers: Drivers

    def on(self, day: date, zone: ZoneInfo) -> ShiftEntry:
        """Return the shift of one day; its id has the date."""
        ends_on = day if self.from_time < self.until_time else day + timedelta(days=1)
        return ShiftEntry(
            shift_id=ShiftId(f"{self.shift_id}-{day:%Y-%m-%d}"),
            vehicle_id=self.vehicle_id,
            from_at=_at(day, self.from_time, zone),
            until_at=_at(ends_on, self.until_time, zone),
            drivers=self.drivers,
        )


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hours, minutes = map(int, clock.split(":"))
    on = day + timedelta(days=hours // 24)
    return datetime(on.year, on.month, on.day, hours % 24, minutes, tzinfo=zone)


class WholeCity(CityDetails):
    """A city with all that stands and drives in it. Depots and lockers are the city's own."""

    city_id: CityIdField
    addresses: tuple[AddressDetails, ...] = ()
    places: tuple[PlaceEntry, ...] = ()
    depots: tuple[DepotEntry, ...] = ()
    lockers: tuple[LockerEntry, ...] = ()
    vehicles: tuple[VehicleEntry, ...] = ()
    shifts: tuple[ShiftEntry, ...] = ()
    daily_shifts: tuple[DailyShiftEntry, ...] = ()

    def shifts_of(self, now: datetime, days: int) -> tuple[ShiftEntry, ...]:
        """Return the shifts that have a date, and those of so many days from today on."""
        zone = ZoneInfo(self.time_zone)
        today = now.astimezone(zone).date()
        dates = [today + timedelta(days=ahead) for ahead in range(days)]
        return (*self.shifts, *(each.on(day, zone) for each in self.daily_shifts for day in dates))

    @model_validator(mode="before")
    @classmethod
    def _of_this_city(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        own = {"city_id": values.get("city_id")}
        for name in ("depots", "lockers"):
            entries = values.get(name)
            if isinstance(entries, list):
                given = [own | e if isinstance(e, dict) else e for e in entries]
                values = values | {name: given}
        return values


async def load_city(
    database_url: str, city: WholeCity, *, now: datetime, days: int = DAYS_AHEAD
) -> None:
    """Write a city and what is in it, daily shifts for `days`; what was known besides stays.

    Raises Refused where something names what is not there, and writes nothing then.
    """
    async with store.connected(database_url) as db, db.transaction():
        await fleet.write_city(db, city.city_id, city, now=now)
        if city.addresses:
            await fleet.write_addresses(db, city.city_id, list(city.addresses))
        for place in city.places:
            await store_loggers.register_place(db, place.place_id, place)
        await _write_what_stands(db, city, now=now)
        for vehicle in city.vehicles:
            await fleet.write_vehicle(db, vehicle.vehicle_id, vehicle)
        for shift in city.shifts_of(now, days):
            await fleet.write_shift(db, shift.shift_id, shift)


async def _write_what_stands(db: Connection, city: WholeCity, *, now: datetime) -> None:
    for depot in city.depots:
        await fleet.write_depot(db, depot.depot_id, depot)
        counted = {stock.zone for stock in await store_fleet.stock(db, depot.depot_id)}
        for zone, available_g in depot.stock.items():
            if zone in counted:  # since the file was written
                continue
            count = StockCount(available_g=available_g, counted_at=now)
            await fleet.write_stock(db, depot.depot_id, zone, count, now=now)
    for locker in city.lockers:
        await fleet.write_locker(db, locker.locker_id, locker)
