"""What is the API told before a simulated day begins?

The city with its policy, its depots and lockers, the fleet with places and shifts, and the loggers
of compartments. `docs/day.md` says where the numbers come from.
"""

from collections.abc import Iterator
from typing import Any, Final

from frostline.day.city import CITY_ID, PICKING_S, TIME_ZONE, City, Spot
from frostline.day.demand import LEVELS, TIERS, time_of
from frostline.day.fleet import REST_S, FleetVehicle, Shift
from frostline.day.happenings import Put, Zone
from frostline.day.scenarios import HOUR_S, Scenario

OPENS_S: Final = 8 * HOUR_S
CLOSES_S: Final = 23 * HOUR_S
LATE_COST_PER_MIN: Final = {2: 150, 4: 120, 6: 100}
_DROP_COST: Final = {2: 6000, 4: 5000, 6: 4000}
_INNER: Final = 0.84  # of the city's width and height: where two hours are promised
_RECORD_INTERVAL_S: Final = 60


def setup_of(
    city: City, fleet: tuple[FleetVehicle, ...], scenario: Scenario, begins_s: float
) -> tuple[Put, ...]:
    """Return all that stands before the day begins, in an order in which the API takes it."""
    return (
        Put(method="PUT", path=f"/cities/{CITY_ID}", body=_city(city)),
        *_depots(city),
        *_lockers(city),
        *_compartments(fleet, scenario, begins_s),
        *(_vehicle(vehicle) for vehicle in fleet),
        *(_shift(vehicle, each, scenario) for vehicle in fleet for each in vehicle.shifts),
    )


def _city(city: City) -> dict[str, Any]:
    tiers: list[dict[str, Any]] = [
        {"hours": hours, "levels": list(levels), "areas": ["inner"] if hours == 2 else []}
        for hours, levels in TIERS.items()
    ]
    # Beyond the inner city the quickest promise is four hours.
    tiers.insert(1, {"hours": 4, "levels": list(TIERS[2]), "areas": []})
    for tier in tiers:
        tier["late_cost_per_min"] = LATE_COST_PER_MIN[tier["hours"]]
        tier["drop_cost"] = _DROP_COST[tier["hours"]]
    known = {level for tier in tiers for level in tier["levels"]}
    if known != set(LEVELS):
        raise ValueError(f"no tier for {sorted(set(LEVELS) - known)}")
    return {
        "name": "A made-up city",
        "time_zone": TIME_ZONE,
        "policy": {
            "tiers": tiers,
            "areas": {
                "type": "FeatureCollection",
                "features": [_area(city, "inner", _INNER), _area(city, "outer", 1.02)],
            },
            "opens_s": OPENS_S,
            "closes_s": CLOSES_S,
        },
    }


def is_inner(city: City, spot: Spot) -> bool:
    """Say whether a place lies where two hours are promised."""
    (west, south), _, (east, north), *_ = _ring(city, _INNER)
    return west <= spot.lon_deg <= east and south <= spot.lat_deg <= north


def _area(city: City, name: str, share: float) -> dict[str, Any]:
    """Return a rectangle about the city's middle; the first that holds a place is its area."""
    return {
        "type": "Feature",
        "properties": {"area": name},
        "geometry": {"type": "Polygon", "coordinates": [_ring(city, share)]},
    }


def _ring(city: City, share: float) -> list[list[float]]:
    south, north = float(city.lat_deg.min()), float(city.lat_deg.max())
    west, east = float(city.lon_deg.min()), float(city.lon_deg.max())
    lat, lon = (south + north) / 2, (west + east) / 2
    up, right = (north - south) / 2 * share, (east - west) / 2 * share
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    return [[round(lon + x * right, 6), round(lat + y * up, 6)] for x, y in corners]


def _depots(city: City) -> Iterator[Put]:
    for depot in city.depots:
        body = {
            "city_id": CITY_ID,
            "kind": depot.kind,
            "name": depot.id,
            "lat_deg": depot.spot.lat_deg,
            "lon_deg": depot.spot.lon_deg,
            "picking_s": PICKING_S,
        }
        yield Put(method="PUT", path=f"/depots/{depot.id}", body=body)


def _lockers(city: City) -> Iterator[Put]:
    for locker in city.lockers:
        body = {
            "city_id": CITY_ID,
            "name": locker.id,
            "lat_deg": locker.spot.lat_deg,
            "lon_deg": locker.spot.lon_deg,
            "compartments": locker.compartments,
        }
        yield Put(method="PUT", path=f"/lockers/{locker.id}", body=body)


def _compartments(
    fleet: tuple[FleetVehicle, ...], scenario: Scenario, begins_s: float
) -> Iterator[Put]:
    """Yield the places on wheels; loggers of those that cool are bound to them."""
    from_at = time_of(scenario, begins_s).isoformat()
    for vehicle in fleet:
        for zone, compartment in vehicle.compartments.items():
            name = f"{vehicle.id}, {zone}"
            place = {"kind": "vehicle", "name": name, "zone": zone}
            yield Put(method="PUT", path=f"/places/{compartment.place_id}", body=place)
            if compartment.logger_id is None:
                continue
            label = {"label": name, "record_interval_s": _RECORD_INTERVAL_S}
            yield Put(method="PUT", path=f"/loggers/{compartment.logger_id}", body=label)
            bound = {
                "logger_id": compartment.logger_id,
                "place_id": compartment.place_id,
                "from_at": from_at,
                "by": "day",
            }
            yield Put(method="POST", path="/bindings", body=bound)


def _vehicle(vehicle: FleetVehicle) -> Put:
    model = vehicle.model
    zones: tuple[Zone, ...] = ("frozen", "chilled", "ambient")
    load = dict(zip(zones, model.capacity.by_zone(), strict=True))
    body: dict[str, Any] = {
        "depot_id": vehicle.depot_id,
        "kind": model.kind,
        "role": vehicle.role,
        "mode": model.mode,
        "range_m": model.range_m,
        "max_trips": 1 if not model.returns else 6,
        "reload_s": model.reload_s,
        "door_s": model.door_s,
        "returns": model.returns,
        "fixed_cost": model.fixed_cost,
        "cost_per_km": model.cost_per_km,
        "cost_per_h": model.cost_per_h,
        "cost_per_order": model.cost_per_order,
        "gateway_id": vehicle.gateway_id,
    }
    for zone in zones:
        compartment = vehicle.compartments.get(zone)
        body[f"{zone}_g"] = load[zone]
        body[f"{zone}_place_id"] = None if compartment is None else compartment.place_id
    return Put(method="PUT", path=f"/vehicles/{vehicle.id}", body=body)


def _shift(vehicle: FleetVehicle, shift: Shift, scenario: Scenario) -> Put:
    earliest_s, latest_s = shift.rest_s
    rest = {
        "earliest_at": time_of(scenario, earliest_s).isoformat(),
        "latest_at": time_of(scenario, latest_s).isoformat(),
        "duration_s": REST_S,
    }
    body = {
        "vehicle_id": vehicle.id,
        "from_at": time_of(scenario, shift.from_s).isoformat(),
        "until_at": time_of(scenario, shift.until_s).isoformat(),
        "drivers": [shift.driver],
        "breaks": [rest],
    }
    return Put(method="PUT", path=f"/shifts/{shift.id}", body=body)
