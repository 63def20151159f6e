"""How is a plan put on any map?

One FeatureCollection (RFC 7946): depots, trips as lines from stop to stop, stops, and orders that
stay behind. `properties.feature` says which of them one is. Coordinates are longitude, latitude.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from routing.plan import Plan
from routing.problem import Problem
from routing.tracks import Atlas, LonLat, Track
from routing.words import clock

Feature = dict[str, Any]


def write_geojson(problem: Problem, plan: Plan) -> bytes:
    """Return a plan as GeoJSON, a feature a line. Raises `NoCoordinates`."""
    features = [msgspec.json.encode(feature) for feature in _features(problem, plan)]
    return b'{"type":"FeatureCollection","features":[\n' + b",\n".join(features) + b"\n]}\n"


def _features(problem: Problem, plan: Plan) -> Iterator[Feature]:
    atlas = Atlas(problem)
    for depot in problem.depots:
        place = atlas.lon_lat(depot.place)
        yield _point(place, {"feature": "depot", "depot": depot.id, "kind": depot.kind})
    for track in atlas.tracks(plan.routes):
        if len(track.line) > 1:
            yield _trip(track)
        yield from _stops(track)
    for unserved in plan.unserved:
        place = atlas.lon_lat(atlas.orders[unserved.order].place)
        about = {"feature": "unserved", "order": unserved.order, "reason": unserved.reason}
        yield _point(place, about | {"sentence": unserved.sentence, "remedy": unserved.remedy})


def _trip(track: Track) -> Feature:
    about = {
        "feature": "trip",
        "vehicle": track.vehicle.id,
        "kind": track.vehicle.kind,
        "depot": track.vehicle.depot,
        "trip": track.number,
        "departs": clock(track.trip.departs_s),
        "ends": clock(track.trip.ends_s),
        "distance_m": track.trip.distance_m,
        "stops": len(track.trip.stops),
    }
    return _feature("LineString", track.line, about)


def _stops(track: Track) -> Iterator[Feature]:
    for k, (stop, door) in enumerate(zip(track.trip.stops, track.doors, strict=True), 1):
        about = {
            "feature": "stop",
            "order": stop.order,
            "vehicle": track.vehicle.id,
            "trip": track.number,
            "position": k,
            "to_locker": stop.to_locker,
            "starts": clock(stop.starts_s),
            "starts_s": stop.starts_s,
            "late_s": stop.late_s,
            "exposure_s": stop.exposure_s,
        }
        yield _point(door, about)


def _point(at: LonLat, about: dict[str, Any]) -> Feature:
    return _feature("Point", at, about)


def _feature(kind: str, coordinates: Sequence[Any], about: dict[str, Any]) -> Feature:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": about}
