"""Which GeoJSON may say where is delivered?

A FeatureCollection of Polygons and MultiPolygons, each with a name in `properties.area`. What else
GeoJSON knows (`bbox`, other properties) is let in and not kept.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.fields import Text


def _position(position: list[float]) -> list[float]:
    lon_deg, lat_deg = position[:2]
    if not -180 <= lon_deg <= 180 or not -90 <= lat_deg <= 90:
        raise ValueError(
            f"{lon_deg}, {lat_deg} is no place on Earth; positions are longitude, latitude"
        )
    return position


def _closed(ring: list[list[float]]) -> list[list[float]]:
    if ring[0] != ring[-1]:
        raise ValueError("a ring ends where it begins: repeat its first position")
    return ring


_Number = Annotated[float, Field(allow_inf_nan=False)]
_Position = Annotated[list[_Number], Field(min_length=2, max_length=3), AfterValidator(_position)]
_Ring = Annotated[list[_Position], Field(min_length=4), AfterValidator(_closed)]
_Rings = Annotated[list[_Ring], Field(min_length=1)]


class _Geojson(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Polygon(_Geojson):
    """One outline, and holes in it."""

    type: Literal["Polygon"]
    coordinates: _Rings


class MultiPolygon(_Geojson):
    """Several outlines."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[_Rings], Field(min_length=1)]


class AreaProperties(_Geojson):
    """What an area is called."""

    area: Text


class Area(_Geojson):
    """An area by its name; several features may have one name."""

    type: Literal["Feature"]
    properties: AreaProperties
    geometry: Annotated[Polygon | MultiPolygon, Field(discriminator="type")]


class Areas(_Geojson):
    """Where a city delivers."""

    type: Literal["FeatureCollection"]
    features: Annotated[list[Area], Field(min_length=1, max_length=1000)]

    @property
    def names(self) -> frozenset[str]:
        """Return the areas' names."""
        return frozenset(feature.properties.area for feature in self.features)
