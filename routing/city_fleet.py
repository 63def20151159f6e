"""Which vehicles has a depot of a made-up city, and what do they cost?

Rates are our assumptions for a Chinese city, in fen: a van driver 35 yuan an hour, a rider 28; an
electric reefer van 1 yuan a kilometre and 60 yuan a shift, a tricycle 0.15 and 12; a hired carrier
18 yuan an order and 1.5 a kilometre, and nobody waits for its way home. Fleets are sized so that
nearly every order can be served, by a plan that wastes little.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from routing.city_scenarios import HOUR_S, Scenario
from routing.problem import Break, Load, Vehicle
from routing.travel import Pace

PACES: Final = {
    "van": Pace(speed_kmh=(25.0,), road_factor=1.35, stop_s=40),
    "tricycle": Pace(speed_kmh=(20.0,), road_factor=1.3, stop_s=20),
    "ebike": Pace(speed_kmh=(20.0,), road_factor=1.25, stop_s=15),
}

VAN: Final = Vehicle(
    id="van",
    depot="",
    kind="van",
    mode="van",
    capacity=Load(frozen_g=60_000, chilled_g=110_000, ambient_g=60_000),
    start_s=0,
    end_s=0,
    reload_s=900,
    door_s=90,
    fixed_cost=6000,
    cost_per_km=100,
    cost_per_h=3500,
)
TRICYCLE: Final = Vehicle(
    id="tricycle",
    depot="",
    kind="tricycle",
    mode="tricycle",
    capacity=Load(chilled_g=70_000),
    start_s=0,
    end_s=0,
    reload_s=900,
    range_m=38_000,
    door_s=90,
    fixed_cost=1200,
    cost_per_km=15,
    cost_per_h=2800,
)
COURIER: Final = Vehicle(
    id="courier",
    depot="",
    kind="courier",
    mode="ebike",
    capacity=Load(frozen_g=8_000, chilled_g=18_000, ambient_g=16_000),
    start_s=0,
    end_s=0,
    reload_s=600,
    range_m=50_000,
    door_s=20,
    fixed_cost=300,
    cost_per_km=10,
    cost_per_h=2600,
)
CARRIER: Final = Vehicle(
    id="carrier",
    depot="",
    kind="carrier",
    mode="van",
    capacity=Load(frozen_g=30_000, chilled_g=50_000, ambient_g=40_000),
    start_s=0,
    end_s=0,
    door_s=90,
    returns=False,
    cost_per_km=150,
    cost_per_order=1800,
)

ORDERS_PER_VAN: Final = 28
ORDERS_PER_TRICYCLE: Final = 32
ORDERS_PER_COURIER: Final = 120
ORDERS_PER_CARRIER: Final = 100
PLAIN_ORDERS_PER_VAN: Final = 16  # nobody is ever late, and no courier or carrier helps
PLAIN_ORDERS_PER_TRICYCLE: Final = 18

DAY_ENDS_S: Final = 23 * HOUR_S


def fleet(depot: str, orders: float, scenario: Scenario) -> Iterator[Vehicle]:
    """Yield the vehicles of a depot that expects so many orders."""
    kinds = _plain_sizes() if scenario.plain else _sizes()
    for kind, (model, orders_per_vehicle) in enumerate(kinds):
        share = orders * scenario.fleet_percent / 100 / orders_per_vehicle
        for k in range(max(1, math.ceil(share))):
            vehicle = replace(model, id=f"{depot}-{model.id}-{k + 1}", depot=depot)
            yield _staffed(vehicle, kind + k, scenario)


def _sizes() -> tuple[tuple[Vehicle, int], ...]:
    return (
        (VAN, ORDERS_PER_VAN),
        (TRICYCLE, ORDERS_PER_TRICYCLE),
        (COURIER, ORDERS_PER_COURIER),
        (CARRIER, ORDERS_PER_CARRIER),
    )


def _plain_sizes() -> tuple[tuple[Vehicle, int], ...]:
    return (VAN, PLAIN_ORDERS_PER_VAN), (TRICYCLE, PLAIN_ORDERS_PER_TRICYCLE)


def _staffed(vehicle: Vehicle, k: int, scenario: Scenario) -> Vehicle:
    """Give a vehicle one of the two shifts: six and a half hours, or until 23:00."""
    early_s = scenario.ordered_from_s + 1800
    late_s = early_s + 2 * HOUR_S
    start_s, end_s = ((early_s, early_s + 13 * HOUR_S // 2), (late_s, DAY_ENDS_S))[k % 2]
    if scenario.plain:
        vehicle = _paid_by_km(vehicle)
        start_s, end_s = early_s, DAY_ENDS_S
    return replace(
        vehicle,
        start_s=start_s,
        end_s=min(end_s, DAY_ENDS_S),
        max_trips=scenario.trips if vehicle.returns else 1,
        breaks=_meal(start_s) if scenario.breaks and vehicle.kind != "carrier" else (),
    )


def _paid_by_km(vehicle: Vehicle) -> Vehicle:
    """Pay for time by the way: whether a wait between two trips is paid, solvers don't agree."""
    cost_per_km = vehicle.cost_per_km + round(vehicle.cost_per_h / PACES[vehicle.mode].speed_kmh[0])
    return replace(vehicle, door_s=0, cost_per_km=cost_per_km, cost_per_h=0)


def _meal(start_s: int) -> tuple[Break, ...]:
    """Return half an hour that begins two to four hours into the shift."""
    return (Break(earliest_s=start_s + 2 * HOUR_S, latest_s=start_s + 4 * HOUR_S, duration_s=1800),)
