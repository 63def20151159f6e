"""Which vehicles has a day, what do their compartments stand, and when are they staffed?

Models and rates are `routing.city_fleet`'s. Vans cool two compartments; a tricycle's box, a
courier's bag and every ambient compartment are only insulated.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from firmware_sim.reefer import ReeferDesign
from frostline.day.city import City
from frostline.day.happenings import Zone
from frostline.day.scenarios import HOUR_S, Scenario
from routing.city_fleet import CARRIER, COURIER, TRICYCLE, VAN
from routing.problem import Load, Vehicle
from schemas.ids import GatewayId, LoggerId

Role = Literal["regular", "relay", "reserve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """When somebody drives, and when he may rest for half an hour."""

    id: str
    driver: str
    from_s: int
    until_s: int
    rest_s: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compartment:
    """A room on wheels. `row` is its row in the physics; several zones of a bag share one."""

    place_id: str
    row: int
    logger_id: LoggerId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetVehicle:
    """A vehicle with its edge, its compartments and its shifts."""

    id: str
    model: Vehicle
    role: Role
    depot_id: str
    gateway_id: GatewayId
    compartments: dict[Zone, Compartment]
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class _Room:
    """What a compartment is: walls, air and linings, floor and racks, unit, setpoint."""

    wall_w_per_k: float
    air_j_per_k: float
    cargo_w_per_k: float
    cargo_j_per_k: float
    cooling_w: float
    setpoint_c: float
    door_m: tuple[float, float]


# Walls: ATP, heavily insulated, 0.40 W/(m² K) on 9 and 15 m². A strip curtain stops half of
# what a door of 0.7 x 1.2 m would let through (docs/day.md).
_FROZEN: Final = _Room(3.6, 15e3, 15.0, 30e3, 1500.0, -21.0, (0.2, 1.2))
_CHILLED: Final = _Room(9.0, 27e3, 20.0, 50e3, 2000.0, 2.0, (0.5, 1.2))
_AMBIENT: Final = _Room(6.0, 15e3, 15.0, 40e3, 0.0, 18.0, (0.35, 1.2))
_TRICYCLE_BOX: Final = _Room(2.0, 5e3, 5.0, 8e3, 0.0, 12.0, (0.5, 0.6))
_BAG: Final = _Room(0.9, 1.5e3, 1.0, 2e3, 0.0, 15.0, (0.3, 0.3))

_SHARES: Final = {"van": 3.0, "tricycle": 0.75, "courier": 0.5}
"""Vehicles for each hundred orders."""

_TRICYCLE: Final = replace(TRICYCLE, range_m=60_000)  # a battery of today's
_CARRIERS: Final = 1.0  # for each hundred orders, at 100 %
_RELAY: Final = Load(frozen_g=20_000, chilled_g=30_000, ambient_g=15_000)
_SHIFT_S: Final = 8 * HOUR_S
_CLOSES_S: Final = 23 * HOUR_S
REST_S: Final = 1800
_LOGGERS: Final = 0xC4F0DA000000  # a static random address, and room below it


def draw_fleet(city: City, scenario: Scenario, orders: int) -> tuple[FleetVehicle, ...]:
    """Return the fleet of a day that expects so many orders."""
    made: list[FleetVehicle] = []
    rows = iter(range(10_000))
    staffed: Counter[str] = Counter()
    for model, role, count in _counts(scenario, orders):
        for n, depot_id in enumerate(_depots_of(city, model, count), 1):
            vehicle_id = f"{role if role == 'relay' else model.id}-{n}"
            made.append(
                FleetVehicle(
                    id=vehicle_id,
                    model=model,
                    role=role,
                    depot_id=depot_id,
                    gateway_id=GatewayId(f"edge-{vehicle_id}"),
                    compartments=_compartments(vehicle_id, model, rows),
                    shifts=_shifts(vehicle_id, staffed[depot_id], scenario, role),
                )
            )
            staffed[depot_id] += 1
    return tuple(made)


def compartments_design(fleet: tuple[FleetVehicle, ...]) -> ReeferDesign:
    """Return the physics of all compartments; rows are `Compartment.row`."""
    rooms: dict[int, _Room] = {}
    for vehicle in fleet:
        for zone, compartment in vehicle.compartments.items():
            rooms.setdefault(compartment.row, _room(vehicle.model, zone))
    ordered = [rooms[row] for row in sorted(rooms)]
    ones = np.ones(len(ordered))
    return ReeferDesign(
        wall_w_per_k=np.array([room.wall_w_per_k for room in ordered]),
        air_j_per_k=np.array([room.air_j_per_k for room in ordered]),
        cargo_w_per_k=np.array([room.cargo_w_per_k for room in ordered]),
        cargo_j_per_k=np.array([room.cargo_j_per_k for room in ordered]),
        cooling_w=np.array([room.cooling_w for room in ordered]),
        setpoint_c=np.array([room.setpoint_c for room in ordered]),
        hysteresis_c=ones * 2.0,
        min_pause_s=ones * 120.0,
        defrost_interval_s=np.array([4.0 * HOUR_S if room.cooling_w else 1e9 for room in ordered]),
        defrost_s=ones * 900.0,
        defrost_heat_w=np.array([300.0 if room.cooling_w else 0.0 for room in ordered]),
        door_width_m=np.array([room.door_m[0] for room in ordered]),
        door_height_m=np.array([room.door_m[1] for room in ordered]),
        logger_time_constant_s=ones * 45.0,
    )


def cools(vehicle: FleetVehicle, zone: Zone) -> bool:
    """Say whether a vehicle's compartment has a unit."""
    return _room(vehicle.model, zone).cooling_w > 0


def _counts(scenario: Scenario, orders: int) -> Iterator[tuple[Vehicle, Role, int]]:
    hundreds = orders / 100 * scenario.fleet_percent / 100
    for model in (VAN, _TRICYCLE, COURIER):
        yield model, "regular", max(1, round(_SHARES[model.id] * hundreds))
    carriers = round(_CARRIERS * orders / 100 * scenario.carriers_percent / 100)
    yield CARRIER, "reserve", carriers
    yield VAN, "relay", max(1, round(orders / 400))


def _depots_of(city: City, model: Vehicle, count: int) -> list[str]:
    """Return the depot of each vehicle of a model: as many as it has homes next to it.

    Satellites have no vans; tricycles are theirs first.
    """
    is_large = model.kind in {"van", "carrier"}
    depots = [depot for depot in city.depots if not (is_large and depot.kind == "satellite")]
    homes = np.array([[home.lat_deg, home.lon_deg] for home in city.homes])
    places = np.array([[depot.spot.lat_deg, depot.spot.lon_deg] for depot in depots])
    nearest = ((homes[:, None] - places[None]) ** 2).sum(axis=2).argmin(axis=1)
    share = np.bincount(nearest, minlength=len(depots)) / len(homes)
    if model.kind == "tricycle":
        share[[depot.kind == "satellite" for depot in depots]] += 1.0
    # D'Hondt: the next vehicle goes where most homes are left to each.
    given = np.zeros(len(depots))
    chosen = []
    for _ in range(count):
        k = int((share / (given + 1)).argmax())
        given[k] += 1
        chosen.append(depots[k].id)
    return chosen


def _compartments(vehicle_id: str, model: Vehicle, rows: Iterator[int]) -> dict[Zone, Compartment]:
    capacity = model.capacity
    zones: dict[Zone, int] = {
        "frozen": capacity.frozen_g,
        "chilled": capacity.chilled_g,
        "ambient": capacity.ambient_g,
    }
    shared = next(rows) if model.kind == "courier" else None
    made: dict[Zone, Compartment] = {}
    for zone, grams in zones.items():
        if grams:
            row = next(rows) if shared is None else shared
            has_logger = model.kind == "van" and zone != "ambient"
            made[zone] = Compartment(
                place_id=f"{vehicle_id}.{zone}",
                row=row,
                logger_id=logger_id(row) if has_logger else None,
            )
    return made


def logger_id(number: int) -> LoggerId:
    """Return the address of the n-th logger of the day."""
    digits = f"{_LOGGERS + number:012X}"
    return LoggerId(":".join(digits[i : i + 2] for i in range(0, 12, 2)))


def _room(model: Vehicle, zone: Zone) -> _Room:
    if model.kind == "tricycle":
        return _TRICYCLE_BOX
    if model.kind == "courier":
        return _BAG
    return {"frozen": _FROZEN, "chilled": _CHILLED, "ambient": _AMBIENT}[zone]


def _shifts(vehicle_id: str, n: int, scenario: Scenario, role: Role) -> tuple[Shift, ...]:
    """Staff the n-th vehicle of a depot: late, early, in the middle, late again, and so on.

    A relay vehicle has two drivers, for all of the day.
    """
    turn_s = int(vehicle_id.rpartition("-")[2]) % 4 * REST_S  # not all rest at once
    first_s = scenario.ordered_from_s + HOUR_S // 2
    last_s = max(first_s, _CLOSES_S - HOUR_S // 4 - _SHIFT_S)
    if role == "relay":
        middle_s = (first_s + _CLOSES_S) // 2
        spans = [(first_s, middle_s), (middle_s, _CLOSES_S)]
    else:
        middle_s = first_s + (last_s - first_s) * 2 // 3
        start_s = (last_s, first_s, middle_s, last_s)[n % 4]
        spans = [(start_s, min(start_s + _SHIFT_S, _CLOSES_S))]
    return tuple(
        Shift(
            id=f"{vehicle_id}-shift-{k}",
            driver=f"driver-{vehicle_id}-{k}",
            from_s=from_s,
            until_s=until_s,
            rest_s=_rest(from_s + 2 * HOUR_S + turn_s, from_s + 5 * HOUR_S, until_s),
        )
        for k, (from_s, until_s) in enumerate(spans, 1)
    )


def _rest(earliest_s: int, latest_s: int, until_s: int) -> tuple[int, int]:
    """Return when a rest may begin, so that it ends within its shift: some are short."""
    latest_s = min(latest_s, until_s - REST_S)
    return min(earliest_s, latest_s), latest_s
