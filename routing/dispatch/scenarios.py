"""What does a kind of day do to a city's plan?

Presets of disruptions, policy and fleet, by name: what a dispatcher reports of a storm who knows no
figures yet, and what `under` makes of a state to see what a plan would become.
docs/dispatch-scenarios.md says what each changes; all figures are our assumptions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from routing.dispatch.state import CityLocker, CityState, CityVehicle, Disruption, Shift
from routing.dispatch.times import clock_of
from routing.problem import Load
from schemas.delivery_policy import DeliveryPolicy
from schemas.disruptions import WeatherDetails

HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a kind of day changes; what is not named stays as it is.

    Carriers and tricycles are per depot. `closes_s` is of the policy, seconds since midnight.
    """

    sentence: str
    weather: WeatherDetails | None = None
    closes_s: int | None = None
    carriers: int = 0
    tricycles_of_satellites: int = 0
    locker_compartments: int = 0


SCENARIOS: Final = {
    "storm": Scenario(
        sentence="roads at 70 % of their speed, each stop takes a minute more",
        weather=WeatherDetails(weather="storm", speed_percent=70, extra_service_s=60),
    ),
    "snow": Scenario(
        sentence="roads at 60 %, each stop takes a minute and a half more; boxes get more dry ice "
        "and the air is cold, so they hold a quarter longer",
        weather=WeatherDetails(
            weather="snow", speed_percent=60, extra_service_s=90, hold_percent=125
        ),
    ),
    "heat": Scenario(
        sentence="boxes hold three quarters as long",
        weather=WeatherDetails(weather="heat", hold_percent=75),
    ),
    "festival-peak": Scenario(
        sentence="each depot may call on four hired carriers, paid by the order", carriers=4
    ),
    "night-shift": Scenario(
        sentence="deliveries until 23:00: the last shift is as long", closes_s=23 * HOUR_S
    ),
    "lockers": Scenario(
        sentence="each locker has twelve chilled compartments free", locker_compartments=12
    ),
    "satellites": Scenario(
        sentence="each satellite depot has three tricycles for chilled goods nearby",
        tricycles_of_satellites=3,
    ),
}

CARRIER: Final = CityVehicle(
    id="",
    depot_id="",
    kind="carrier",
    role="reserve",
    mode="van",
    capacity=Load(frozen_g=30_000, chilled_g=50_000, ambient_g=40_000),
    range_m=None,
    max_trips=1,
    reload_s=0,
    door_s=90,
    returns=False,
    fixed_cost=0,
    cost_per_km=150,
    cost_per_h=0,
    cost_per_order=1800,
)
"""A hired carrier: nobody waits for its way home. Rates as in `routing.city_fleet`, fen."""

TRICYCLE: Final = CityVehicle(
    id="",
    depot_id="",
    kind="tricycle",
    role="regular",
    mode="tricycle",
    capacity=Load(chilled_g=70_000),
    range_m=38_000,
    max_trips=4,
    reload_s=900,
    door_s=90,
    returns=True,
    fixed_cost=1200,
    cost_per_km=15,
    cost_per_h=2800,
    cost_per_order=0,
)
"""As in `routing.city_fleet`, with trips as short as a satellite's."""


def under(state: CityState, name: str, *, until: datetime | None = None) -> CityState:
    """Return the state as it would be on such a day. Raises `KeyError` if there is none such."""
    scenario = SCENARIOS[name]
    return replace(
        state,
        city=replace(state.city, policy=_policy(state.city.policy, scenario)),
        disruptions=(*state.disruptions, *_weather(state, name, scenario, until)),
        vehicles=tuple(_fleet(state, scenario)),
        lockers=tuple(_lockers(state, scenario)),
    )


def _policy(policy: DeliveryPolicy, scenario: Scenario) -> DeliveryPolicy:
    return policy if scenario.closes_s is None else replace(policy, closes_s=scenario.closes_s)


def _weather(
    state: CityState, name: str, scenario: Scenario, until: datetime | None
) -> Iterator[Disruption]:
    if scenario.weather is not None:
        yield Disruption(
            id=f"scenario:{name}",
            kind="weather",
            vehicle_id=None,
            details=scenario.weather,
            from_at=state.now,
            until_at=until,
            recorded_at=state.now,
        )


def _fleet(state: CityState, scenario: Scenario) -> Iterator[CityVehicle]:
    """Yield the fleet, its last shifts until closing, and what comes on top."""
    for vehicle in state.vehicles:
        yield vehicle if scenario.closes_s is None else _until(state, vehicle, scenario.closes_s)
    for depot in state.depots:
        for k in range(scenario.carriers):
            yield _staffed(state, replace(CARRIER, id=f"{depot.id}-hired-{k + 1}"), depot.id)
        for k in range(scenario.tricycles_of_satellites if depot.kind == "satellite" else 0):
            yield _staffed(state, replace(TRICYCLE, id=f"{depot.id}-tricycle+{k + 1}"), depot.id)


def _until(state: CityState, vehicle: CityVehicle, closes_s: int) -> CityVehicle:
    if not vehicle.shifts:
        return vehicle
    closes_at = clock_of(state).time_of(closes_s)
    *before, last = sorted(vehicle.shifts, key=lambda shift: shift.from_at)
    last = replace(last, until_at=max(last.until_at, closes_at))
    return replace(vehicle, shifts=(*before, last))


def _staffed(state: CityState, vehicle: CityVehicle, depot_id: str) -> CityVehicle:
    closes_at = clock_of(state).time_of(state.city.policy.closes_s)
    if closes_at <= state.now:
        return replace(vehicle, depot_id=depot_id)
    shift = Shift(from_at=state.now, until_at=closes_at, drivers=(vehicle.id,))
    return replace(vehicle, depot_id=depot_id, shifts=(shift,))


def _lockers(state: CityState, scenario: Scenario) -> Iterator[CityLocker]:
    for locker in state.lockers:
        yield replace(locker, free=max(locker.free, scenario.locker_compartments))
