"""What does a problem's document say of travel?

One of the sources below, told apart by `source` (docs/travel.md). `routing.travel_sources` opens
them.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from routing.weather import Weather

Speed = Annotated[float, msgspec.Meta(ge=1, le=1000)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]
Starts = Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1)]
Factors = Annotated[
    tuple[Annotated[float, msgspec.Meta(ge=0.1, le=10)], ...], msgspec.Meta(min_length=1)
]
Cells = tuple[tuple[int | None, ...], ...]

RoadKind = Literal["van", "tricycle", "bicycle", "foot"]
"""Whose rules of the road a mode follows; `routing.roads.rules` has them."""

FALLBACK_KMH: Final[Mapping[RoadKind, float]] = {
    "van": 25.0,
    "tricycle": 18.0,
    "bicycle": 14.0,
    "foot": 5.0,
}
"""Speeds on the great circle times its road factor, where a map fails. Our assumptions."""


class _Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen value that refuses fields it doesn't know."""


class MatrixRows(_Value, frozen=True):
    """One mode: metres, and seconds by slice of the day, as rows. `None`: there is no way."""

    distance_m: Cells
    duration_s: tuple[Cells, ...]
    starts_s: Starts = (0,)


class PaceRule(_Value, frozen=True):
    """One mode where only coordinates are known; `speed_kmh` has one number a slice."""

    speed_kmh: Annotated[tuple[Speed, ...], msgspec.Meta(min_length=1)]
    starts_s: Starts = (0,)
    road_factor: Annotated[float, msgspec.Meta(ge=1, le=10)] = 1.3
    stop_s: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 0


class RoadRule(_Value, frozen=True):
    """One mode on the roads of a map.

    Its seconds are times `factors`, one a slice. `most_kmh` bounds its speed. A place that is
    further than `reach_m` from every road it may use is out of its reach.
    """

    kind: RoadKind = "van"
    starts_s: Starts = (0,)
    factors: Factors = (1.0,)
    most_kmh: Speed | None = None
    reach_m: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 500
    fallback_kmh: Speed | None = None


class ServerRule(_Value, frozen=True):
    """One mode of a server: its profile there. Its seconds are times `factors`, one a slice.

    A place that the server moves by more than `reach_m` to its nearest road is beyond its map.
    """

    profile: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] = "driving"
    starts_s: Starts = (0,)
    factors: Factors = (1.0,)
    reach_m: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 1000
    fallback_kmh: Speed = 20


class MatricesSource(_Value, frozen=True, tag_field="source", tag="matrices"):
    """Numbers, as they stand."""

    modes: dict[str, MatrixRows]
    weather: Weather = "dry"


class GreatCircleSource(_Value, frozen=True, tag_field="source", tag="great_circle"):
    """Coordinates alone."""

    modes: dict[str, PaceRule]
    weather: Weather = "dry"


class OsmSource(_Value, frozen=True, tag_field="source", tag="osm"):
    """A map: an OpenStreetMap extract (.osm.pbf), by its path from the document's folder."""

    file: str
    modes: dict[str, RoadRule]
    weather: Weather = "dry"


class OsrmSource(_Value, frozen=True, tag_field="source", tag="osrm"):
    """An OSRM server, such as `http://127.0.0.1:5000`.

    `timeout_s` bounds each of its answers, `table_size` is its `--max-table-size`.
    """

    url: str
    modes: dict[str, ServerRule]
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10
    table_size: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 100
    weather: Weather = "dry"


TravelSource = MatricesSource | GreatCircleSource | OsmSource | OsrmSource
