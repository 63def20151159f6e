"""In which areas of a policy does a place lie?

Areas are GeoJSON (RFC 7946): positions are longitude, latitude; a polygon's rings after its first
are holes. Two areas that share a border share no point of it: by the half-open rule each point of
the border belongs to one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

Ring = Sequence[Sequence[float]]


def areas_at(collection: Mapping[str, Any], *, lat_deg: float, lon_deg: float) -> tuple[str, ...]:
    """Return the names of the areas that a point lies in, in the collection's order."""
    found = [
        feature["properties"]["area"]
        for feature in collection["features"]
        if any(_is_inside(rings, lat_deg, lon_deg) for rings in _polygons(feature["geometry"]))
    ]
    return tuple(dict.fromkeys(found))


def _polygons(geometry: Mapping[str, Any]) -> Iterator[Sequence[Ring]]:
    if geometry["type"] == "Polygon":
        yield geometry["coordinates"]
    else:
        yield from geometry["coordinates"]


def _is_inside(rings: Sequence[Ring], lat_deg: float, lon_deg: float) -> bool:
    """Count the edges east of the point: a hole's make the sum even again."""
    return sum(_edges_east(ring, lat_deg, lon_deg) for ring in rings) % 2 == 1


def _edges_east(ring: Ring, lat_deg: float, lon_deg: float) -> int:
    count = 0
    for (lon_a, lat_a, *_), (lon_b, lat_b, *_) in pairwise(ring):
        if (lat_a > lat_deg) != (lat_b > lat_deg):
            crosses_at = lon_a + (lat_deg - lat_a) * (lon_b - lon_a) / (lat_b - lat_a)
            count += lon_deg < crosses_at
    return count
