"""How does a city look on a map of our own drawing (SVG, no tiles)?

East is right, north is up, a kilometre is as long both ways. Colours and shapes are in
static/console.css; what a mark means it also says (`<title>`), and the tables beside it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Any, Final

from api.dispatch.resources import NextStop, Outlook, VehicleNow
from api.dispatch.store_console import Landmark

WIDTH: Final = 760
HEIGHT: Final = 560
COLOURS: Final = 8  # of routes: classes c0 to c7
_MARGIN: Final = 26
_KM_PER_DEG: Final = 111.32  # of latitude, and of longitude at the equator
_LEAST_KM: Final = 1.0  # across: one place alone is no map
_SCALES_KM: Final = (0.5, 1, 2, 5, 10, 20, 50)

LatLon = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """From degrees to points of the drawing."""

    west_deg: float
    north_deg: float
    points_per_km: float
    km_per_lon_deg: float
    left: float
    top: float

    def point(self, lat_deg: float, lon_deg: float) -> tuple[float, float]:
        """Return where a place lies: x to the right, y down."""
        x = self.left + (lon_deg - self.west_deg) * self.km_per_lon_deg * self.points_per_km
        y = self.top + (self.north_deg - lat_deg) * _KM_PER_DEG * self.points_per_km
        return round(x, 1), round(y, 1)


def projection_of(places: Iterable[LatLon]) -> Projection | None:
    """Fit places into the drawing; None: there are none."""
    places = list(places)
    if not places:
        return None
    south, north = min(lat for lat, _ in places), max(lat for lat, _ in places)
    west, east = min(lon for _, lon in places), max(lon for _, lon in places)
    km_per_lon_deg = _KM_PER_DEG * max(math.cos(math.radians((south + north) / 2)), 0.01)
    wide_km = max((east - west) * km_per_lon_deg, _LEAST_KM)
    high_km = max((north - south) * _KM_PER_DEG, _LEAST_KM)
    points_per_km = min((WIDTH - 2 * _MARGIN) / wide_km, (HEIGHT - 2 * _MARGIN) / high_km)
    return Projection(
        west_deg=west,
        north_deg=north,
        points_per_km=points_per_km,
        km_per_lon_deg=km_per_lon_deg,
        left=(WIDTH - (east - west) * km_per_lon_deg * points_per_km) / 2,
        top=(HEIGHT - (north - south) * _KM_PER_DEG * points_per_km) / 2,
    )


def draw(
    vehicles: Sequence[VehicleNow],
    landmarks: Sequence[Landmark],
    areas: Mapping[str, Any],
    *,
    title: str,
    says: str,
) -> str:
    """Return the map of a city as SVG."""
    rings = list(_rings(areas))
    marks = [(mark.lat_deg, mark.lon_deg) for mark in landmarks]
    seen = [(v.position.lat_deg, v.position.lon_deg) for v in vehicles if v.position]
    stops = [place for v in vehicles for stop in v.next_stops for place in _place(stop)]
    # What happens fills the drawing; an area may reach beyond it.
    projection = projection_of([*marks, *seen, *stops]) or projection_of(chain(*rings))
    inside = list(_layers(projection, vehicles, landmarks, rings)) if projection else []
    return (
        f'<svg class="city-map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}: {escape(says)}">'
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="12"/>{"".join(inside)}</svg>'
    )


def _layers(
    projection: Projection,
    vehicles: Sequence[VehicleNow],
    landmarks: Sequence[Landmark],
    rings: Sequence[Sequence[LatLon]],
) -> Iterator[str]:
    for ring in rings:
        yield f'<polygon class="area" points="{_points(projection, ring)}"/>'
    for number, vehicle in enumerate(vehicles):
        yield _route(projection, vehicle, number % COLOURS)
    for mark in landmarks:
        yield _landmark(projection, mark)
    yield from _stops(projection, vehicles, warned=False)
    for number, vehicle in enumerate(vehicles):
        yield _vehicle(projection, vehicle, number % COLOURS)
    yield from _stops(projection, vehicles, warned=True)  # above all: they are looked for
    yield _scale(projection)


def _route(projection: Projection, vehicle: VehicleNow, colour: int) -> str:
    way = [place for stop in vehicle.next_stops for place in _place(stop)]
    if vehicle.position:
        way.insert(0, (vehicle.position.lat_deg, vehicle.position.lon_deg))
    if len(way) < 2:  # nowhere to go
        return ""
    return f'<polyline class="way c{colour}" points="{_points(projection, way)}"/>'


def _landmark(projection: Projection, mark: Landmark) -> str:
    x, y = projection.point(mark.lat_deg, mark.lon_deg)
    shape = (
        f'<path d="M{x - 8} {y + 7}v-9l8-6 8 6v9z"/>'
        if mark.kind == "depot"
        else f'<rect x="{x - 5}" y="{y - 5}" width="10" height="10" rx="2"/>'
    )
    return f'<g class="mark {mark.kind}"><title>{escape(mark.name)}</title>{shape}</g>'


def _stops(
    projection: Projection, vehicles: Sequence[VehicleNow], *, warned: bool
) -> Iterator[str]:
    for number, vehicle in enumerate(vehicles):
        for stop in vehicle.next_stops:
            outlook = stop.outlook or Outlook.ON_TIME
            if stop.order_id is not None and (outlook is not Outlook.ON_TIME) == warned:
                title = escape(f"{stop.order_id} · {vehicle.vehicle_id}")
                for place in _place(stop):
                    shape = _shape(outlook, *projection.point(*place))
                    yield (
                        f'<g class="stop {outlook} c{number % COLOURS}">'
                        f"<title>{title}</title>{shape}</g>"
                    )


def _shape(outlook: Outlook, x: float, y: float) -> str:
    """Draw what a glance tells apart without colours: circle, triangle, square on its corner."""
    if outlook is Outlook.LATE:
        return f'<path d="M{x} {y - 8}l8 8-8 8-8-8z"/>'
    if outlook is Outlook.AT_RISK:
        return f'<path d="M{x} {y - 7.5}l7.5 13h-15z"/>'
    return f'<circle cx="{x}" cy="{y}" r="4.5"/>'


def _vehicle(projection: Projection, vehicle: VehicleNow, colour: int) -> str:
    if vehicle.position is None:
        return ""
    x, y = projection.point(vehicle.position.lat_deg, vehicle.position.lon_deg)
    name = escape(vehicle.vehicle_id)
    troubled = " troubled" if vehicle.disruptions else ""
    half = 3.6 * len(vehicle.vehicle_id) + 7
    return (
        f'<g class="vehicle c{colour}{troubled}" data-vehicle="{name}"><title>{name}</title>'
        f'<circle cx="{x}" cy="{y}" r="6"/>'
        f'<rect x="{x - half:.1f}" y="{y - 27:.1f}" width="{2 * half:.1f}" height="17" rx="8.5"/>'
        f'<text x="{x}" y="{y - 14.5:.1f}" text-anchor="middle">{name}</text></g>'
    )


def _scale(projection: Projection) -> str:
    fitting = [km for km in _SCALES_KM if km * projection.points_per_km <= WIDTH / 4]
    km = max(fitting, default=_SCALES_KM[0])
    length = km * projection.points_per_km
    y = HEIGHT - 14
    return (
        f'<g class="scale"><path d="M14 {y - 5}v5h{length:.1f}v-5"/>'
        f'<text x="{20 + length:.1f}" y="{y}">{km:g} km</text></g>'
    )


def _place(stop: NextStop) -> list[LatLon]:
    if stop.lat_deg is None or stop.lon_deg is None:
        return []
    return [(stop.lat_deg, stop.lon_deg)]


def _points(projection: Projection, places: Iterable[LatLon]) -> str:
    return " ".join(f"{x},{y}" for x, y in (projection.point(*place) for place in places))


def _rings(areas: Mapping[str, Any]) -> Iterator[list[LatLon]]:
    """Yield the outlines of Polygons and MultiPolygons."""
    for feature in areas.get("features", ()):
        geometry = feature["geometry"]
        polygons = geometry["coordinates"]
        if geometry["type"] == "Polygon":
            polygons = [polygons]
        for polygon in polygons:
            yield [(position[1], position[0]) for position in polygon[0]]
