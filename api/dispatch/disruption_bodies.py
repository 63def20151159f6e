"""What may be said of storms, closed roads, breakdowns, delays and failed cooling?

A body for each kind, so that a refusal names the field that is wrong. The details are those of
`schemas.disruptions`; here they have their limits.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from api.fields import CityIdField, Text, UtcTime, VehicleIdField
from api.resources import Request, Resource
from schemas.ids import CityId, DisruptionId, VehicleId
from schemas.reading import Zone

Kind = Literal["weather", "road_closed", "breakdown", "delay", "cooling_failed"]

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class WeatherDetails(Request):
    """Everything drives at a share of its speed, stops take longer, boxes hold otherwise."""

    weather: Literal["rain", "storm", "snow", "heat"]
    speed_percent: Annotated[int, Field(ge=5, le=150)] = 100
    extra_service_s: Annotated[int, Field(ge=0, le=3600)] = 0
    hold_percent: Annotated[int, Field(ge=10, le=500)] = Field(
        default=100, description="Of a box's nominal hold time; more than 100 with extra dry ice."
    )


class RoadClosedDetails(Request):
    """Nothing passes within so many metres of a point."""

    lat_deg: Latitude
    lon_deg: Longitude
    radius_m: Annotated[int, Field(ge=1, le=20_000)]


class BreakdownDetails(Request):
    """Where a vehicle stands; without it, where it was seen last."""

    lat_deg: Latitude | None = None
    lon_deg: Longitude | None = None

    @model_validator(mode="after")
    def _a_whole_place(self) -> "BreakdownDetails":
        if (self.lat_deg is None) != (self.lon_deg is None):
            raise ValueError("lat_deg and lon_deg belong together: give both, or neither")
        return self


class DelayDetails(Request):
    """Time that a vehicle loses, once."""

    delay_s: Annotated[int, Field(ge=1, le=12 * 3600)]


class CoolingFailedDetails(Request):
    """Which compartment cools no more; null: all of the vehicle's."""

    zone: Zone | None = None


class _NewDisruption(Request):
    city_id: CityIdField
    from_at: UtcTime
    until_at: UtcTime | None = Field(default=None, description="Null: until somebody ends it.")
    by: Text | None = Field(default=None, description="Who says so; without it the token's name.")

    @model_validator(mode="after")
    def _some_time(self) -> "_NewDisruption":
        if self.until_at is not None and self.until_at <= self.from_at:
            raise ValueError("until_at must come after from_at")
        return self


class NewWeather(_NewDisruption):
    """Weather that slows everything in a city."""

    kind: Literal["weather"]
    details: WeatherDetails


class NewRoadClosed(_NewDisruption):
    """Roads of a city that nothing passes."""

    kind: Literal["road_closed"]
    details: RoadClosedDetails


class NewBreakdown(_NewDisruption):
    """A vehicle that stands; what it carries waits for another."""

    kind: Literal["breakdown"]
    vehicle_id: VehicleIdField
    details: BreakdownDetails = BreakdownDetails()


class NewDelay(_NewDisruption):
    """A vehicle that loses time."""

    kind: Literal["delay"]
    vehicle_id: VehicleIdField
    details: DelayDetails


class NewCoolingFailed(_NewDisruption):
    """A vehicle whose cooling failed: its boxes become a question at once."""

    kind: Literal["cooling_failed"]
    vehicle_id: VehicleIdField
    details: CoolingFailedDetails = CoolingFailedDetails()


NewDisruption: TypeAlias = Annotated[
    NewWeather | NewRoadClosed | NewBreakdown | NewDelay | NewCoolingFailed,
    Field(discriminator="kind"),
]


class DisruptionEnd(Request):
    """When a disruption was over."""

    at: UtcTime


class Disruption(Resource):
    """Something that makes the world other than planned. `until_at` null: it goes on."""

    disruption_id: DisruptionId
    city_id: CityId
    kind: Kind
    vehicle_id: VehicleId | None
    details: dict[str, Any]
    from_at: UtcTime
    until_at: UtcTime | None
    recorded_at: UtcTime
    recorded_by: str
