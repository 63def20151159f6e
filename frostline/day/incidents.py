"""What goes wrong on a day, whatever anybody plans?

Breakdowns, delays and closed roads are reported by people, a while after they happen; the weather
ahead of it, as the forecast has it. A failed cooling unit is reported by nobody.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from frostline.day.city import CITY_ID, City
from frostline.day.demand import time_of
from frostline.day.fleet import FleetVehicle, cools
from frostline.day.happenings import Reported
from frostline.day.scenarios import HOUR_S, Scenario, Spell

BREAKDOWN_TOLD_AFTER_S: Final = 480
DELAY_TOLD_AFTER_S: Final = 300
_ROAD_RADIUS_M: Final = 150
_ROAD_TOLD_AFTER_S: Final = 600
_REST_OF_SHIFT_S: Final = 3 * HOUR_S  # a unit that fails has so much of its shift before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A vehicle breaks down, or loses time (`lost_s`), on the first drive after `at_s`."""

    at_s: float
    lost_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFails:
    """The cooling unit of a vehicle stops, and with it each compartment that it cools."""

    at_s: float
    vehicle_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadClosed:
    """Nobody passes within some metres of a point for some hours."""

    id: str
    from_s: float
    until_s: float
    lat_deg: float
    lon_deg: float
    radius_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """All of a day's."""

    troubles: dict[str, list[Trouble]]
    failures: tuple[UnitFails, ...]
    roads: tuple[RoadClosed, ...]


def draw_incidents(
    city: City, fleet: tuple[FleetVehicle, ...], scenario: Scenario, seed: int
) -> Incidents:
    """Draw a day's incidents, each kind from a stream of its own."""
    return Incidents(
        troubles=_troubles(fleet, scenario, seed),
        failures=_failures(fleet, scenario, seed),
        roads=_roads(city, scenario, seed),
    )


def _troubles(
    fleet: tuple[FleetVehicle, ...], scenario: Scenario, seed: int
) -> dict[str, list[Trouble]]:
    random = np.random.default_rng([seed, 0xBAD])
    regular = [vehicle for vehicle in fleet if vehicle.role == "regular"]
    broken = random.choice(len(regular), min(scenario.breakdowns, len(regular)), replace=False)
    made: dict[str, list[Trouble]] = {vehicle.id: [] for vehicle in fleet}
    for k in broken:
        made[regular[int(k)].id].append(Trouble(at_s=_during(random, regular[int(k)], HOUR_S)))
    for _ in range(scenario.delays):
        vehicle = regular[int(random.integers(len(regular)))]
        lost_s = float(random.integers(10, 31) * 60)
        made[vehicle.id].append(Trouble(at_s=_during(random, vehicle, HOUR_S), lost_s=lost_s))
    return {vehicle: sorted(rows, key=lambda row: row.at_s) for vehicle, rows in made.items()}


def _failures(
    fleet: tuple[FleetVehicle, ...], scenario: Scenario, seed: int
) -> tuple[UnitFails, ...]:
    random = np.random.default_rng([seed, 0xFA11])
    cooled = [
        vehicle
        for vehicle in fleet
        if vehicle.role == "regular"
        and any(cools(vehicle, zone) for zone in vehicle.compartments)
        and _is_at_work(vehicle, scenario.failing_s)
    ]
    chosen = random.choice(len(cooled), min(scenario.reefer_failures, len(cooled)), replace=False)
    return tuple(
        UnitFails(
            at_s=_failing_at(random, cooled[int(k)], scenario.failing_s),
            vehicle_id=cooled[int(k)].id,
        )
        for k in chosen
    )


def _is_at_work(vehicle: FleetVehicle, span_s: tuple[int, int] | None) -> bool:
    return span_s is None or any(
        shift.from_s <= span_s[0] and span_s[1] <= shift.until_s for shift in vehicle.shifts
    )


def _failing_at(
    random: np.random.Generator, vehicle: FleetVehicle, span_s: tuple[int, int] | None
) -> float:
    if span_s is None:
        return _during(random, vehicle, _REST_OF_SHIFT_S)
    return float(random.uniform(*span_s))


def _during(random: np.random.Generator, vehicle: FleetVehicle, left_s: float) -> float:
    """Draw a second of a vehicle's first shift: an hour into it, so much before its end."""
    shift = vehicle.shifts[0]
    from_s = shift.from_s + HOUR_S
    return float(random.uniform(from_s, max(shift.until_s - left_s, from_s + 60)))


def _roads(city: City, scenario: Scenario, seed: int) -> tuple[RoadClosed, ...]:
    random = np.random.default_rng([seed, 0x20AD])
    made = []
    for n in range(scenario.closed_roads):
        home = city.homes[int(random.integers(len(city.homes)))]
        from_s = float(random.uniform(9, 18) * HOUR_S)
        # Beside a home, not before it: a few blocks away.
        made.append(
            RoadClosed(
                id=f"road-{n + 1}",
                from_s=from_s,
                until_s=from_s + float(random.uniform(2, 4)) * HOUR_S,
                lat_deg=float(round(home.lat_deg + float(random.choice([-1, 1])) * 0.006, 6)),
                lon_deg=float(round(home.lon_deg + float(random.choice([-1, 1])) * 0.006, 6)),
                radius_m=_ROAD_RADIUS_M,
            )
        )
    return tuple(made)


# What people say of it ------------------------------------------------------------------------


def reports_of(incidents: Incidents, scenario: Scenario) -> list[Reported]:
    """Return what is known to come or told of itself: the weather, and closed roads."""
    told = [_weather(scenario, n, spell) for n, spell in enumerate(scenario.spells, 1)]
    for road in incidents.roads:
        details = {"lat_deg": road.lat_deg, "lon_deg": road.lon_deg, "radius_m": road.radius_m}
        body = _body(scenario, "road_closed", details, road.from_s, road.until_s)
        told.append(
            Reported(at_s=road.from_s + _ROAD_TOLD_AFTER_S, disruption_id=road.id, body=body)
        )
    return told


def _weather(scenario: Scenario, number: int, spell: Spell) -> Reported:
    details = {
        "weather": spell.weather,
        "speed_percent": spell.told_speed_percent,
        "extra_service_s": spell.told_extra_service_s,
        "hold_percent": spell.told_hold_percent,
    }
    return Reported(
        at_s=float(spell.from_s - spell.told_ahead_s),
        disruption_id=f"weather-{number}",
        body=_body(scenario, "weather", details, spell.from_s, spell.until_s),
    )


def breakdown_of(
    scenario: Scenario, vehicle_id: str, at_s: float, place: tuple[float, float]
) -> Reported:
    """Return what is said of a vehicle that stands."""
    details = {"lat_deg": round(place[0], 6), "lon_deg": round(place[1], 6)}
    body = _body(scenario, "breakdown", details, at_s, None) | {"vehicle_id": vehicle_id}
    return Reported(
        at_s=at_s + BREAKDOWN_TOLD_AFTER_S, disruption_id=f"breakdown-{vehicle_id}", body=body
    )


def delay_of(scenario: Scenario, vehicle_id: str, at_s: float, lost_s: float) -> Reported:
    """Return what is said of a vehicle that loses time."""
    body = _body(scenario, "delay", {"delay_s": round(lost_s)}, at_s, at_s + lost_s)
    return Reported(
        at_s=at_s + DELAY_TOLD_AFTER_S,
        disruption_id=f"delay-{vehicle_id}-{round(at_s)}",
        body=body | {"vehicle_id": vehicle_id},
    )


def _body(
    scenario: Scenario, kind: str, details: dict[str, Any], from_s: float, until_s: float | None
) -> dict[str, Any]:
    return {
        "city_id": CITY_ID,
        "kind": kind,
        "details": details,
        "from_at": time_of(scenario, round(from_s)).isoformat(),
        "until_at": None if until_s is None else time_of(scenario, round(until_s)).isoformat(),
        "by": "desk",
    }
