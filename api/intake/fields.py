"""What may stand in a field about places, weights and durations?"""

from typing import Annotated, Any, Self

from fastapi import Query
from pydantic import AfterValidator, BaseModel, Field, model_validator

from api.fields import CityIdField

_EXPECTED_LATITUDE = "a latitude is -90 to 90 degrees north"
_EXPECTED_LONGITUDE = "a longitude is -180 to 180 degrees east"


def _latitude(value: float) -> float:
    if not -90 <= value <= 90:
        raise ValueError(_EXPECTED_LATITUDE)
    return value


def _longitude(value: float) -> float:
    if not -180 <= value <= 180:
        raise ValueError(_EXPECTED_LONGITUDE)
    return value


def _range(low: float, high: float) -> Any:
    return Field(json_schema_extra={"minimum": low, "maximum": high}, allow_inf_nan=False)


Latitude = Annotated[float, AfterValidator(_latitude), _range(-90, 90)]
Longitude = Annotated[float, AfterValidator(_longitude), _range(-180, 180)]
Grams = Annotated[int, Field(ge=0, le=10_000_000, description="Grams.")]
Seconds = Annotated[int, Field(ge=0, le=86_400, description="Seconds.")]
# What plans reckon with at most, as the router refuses more (a test compares the two).
_IN_SMALLEST_UNITS = "In the currency's smallest unit."
Cost = Annotated[int, Field(ge=0, le=100_000_000, description=_IN_SMALLEST_UNITS)]
CostPerKm = Annotated[int, Field(ge=0, le=100_000, description=_IN_SMALLEST_UNITS)]
CostPerHour = Annotated[int, Field(ge=0, le=1_000_000, description=_IN_SMALLEST_UNITS)]
CostPerMinute = Annotated[int, Field(ge=0, le=10_000, description=_IN_SMALLEST_UNITS)]
DoorSeconds = Annotated[int, Field(ge=0, le=600, description="Seconds.")]
OrdersPerHour = Annotated[int, Field(ge=0, le=10_000)]


def refuse_nowhere(lat_deg: float | None, lon_deg: float | None) -> None:
    """Raise ValueError for 0,0: what a receiver without a fix and an empty form say."""
    if lat_deg == 0 and lon_deg == 0:
        raise ValueError(
            "lat_deg and lon_deg are 0,0: that is in the Gulf of Guinea, and says that the place "
            "is not known"
        )


class Located(BaseModel):
    """Something that stands at a known point (WGS 84)."""

    lat_deg: Latitude
    lon_deg: Longitude

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        refuse_nowhere(self.lat_deg, self.lon_deg)
        return self


CityIdQuery = Annotated[CityIdField, Query(description="Of which city.")]
WaitSeconds = Annotated[
    float,
    Query(ge=0, le=10, allow_inf_nan=False, description="How long to wait for the dispatcher."),
]
