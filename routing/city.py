"""What does a realistic day of a member-based grocer look like, for any number of orders?

`city_day` draws one: the same number, seed and scenario give the same problem everywhere. No real
person or address is in it. Where a number has no source named, it is our assumption:

- promises of 2, 4 and 6 hours for 40, 35 and 25 % of the orders; an hour late costs the delivery
  fee (15, 9 and 4.8 yuan), and two hours late is the end of it
- an order weighs 4 to 24 kg; 3 in 10 are mostly frozen, 5 chilled, 2 ambient
- a box holds frozen goods for 70 to 110 minutes and chilled ones for 100 to 160
- an order that isn't served costs its margin (15 % of 25 yuan a kilogram) and a coupon
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from routing.city_fleet import DAY_ENDS_S, PACES, fleet
from routing.city_homes import IntArray, Town, coordinates, draw_town
from routing.city_scenarios import BY_NAME, HOUR_S, Scenario
from routing.city_under_way import at_work
from routing.problem import Depot, DepotKind, Load, Locker, Order, Place, Problem, Vehicle
from routing.travel import GreatCircle, Pace

SCENARIOS: Final[Mapping[str, str]] = {name: day.sentence for name, day in BY_NAME.items()}
"""Each scenario's name, and what is special about it."""

TIERS_H: Final = np.array([2, 4, 6])
TIER_SHARES: Final = (0.40, 0.35, 0.25)
LATE_COST_PER_MIN: Final = {2: 25, 4: 15, 6: 8}
COUPON: Final = {2: 6000, 4: 5000, 6: 4000}
MARGIN_PER_KG: Final = 375  # fen: 15 % of 25 yuan
LATEST_AFTER_S: Final = 2 * HOUR_S
PICKING_S: Final = 1800
MAIN_ZONE_SHARES: Final = (0.3, 0.5, 0.2)  # frozen, chilled, ambient
ONBOARD_COST_PER_MIN: Final = {"frozen": 3, "chilled": 2, "ambient": 0}
WARM_AFTER_PERCENT: Final = 60
WARM_COST_PER_MIN: Final = 10
LOCKER_SERVICE_S: Final = 75
LOCKER_COST: Final = 200
KINDS: Final[tuple[DepotKind, ...]] = (
    "front_warehouse",
    "store",
    "front_warehouse",
    "central",
    "satellite",
)


def city_day(*, orders: int, seed: int, scenario: str = "normal") -> Problem:
    """Draw a day. Raises `KeyError` if there is no such scenario, `ValueError` without orders."""
    day = BY_NAME[scenario]
    if orders < 1:
        raise ValueError(f"a day has at least one order, not {orders}")
    r = np.random.default_rng([seed, orders])
    town = draw_town(r, orders)
    first, second = town.nearest_depots()
    second = np.where(r.random(orders) < day.second_depot_share, second, -1)
    problem = Problem(
        places=_places(town, lockers=day.lockers),
        orders=tuple(_orders(r, town, day, first, second)),
        depots=_depots(len(town.depots_m), day, orders),
        vehicles=_vehicles(first, second, len(town.depots_m), day),
        travel=GreatCircle(*_coordinates(town, lockers=day.lockers), _paces(day)),
    )
    return at_work(problem, now_s=14 * HOUR_S) if day.under_way else problem


def _places(town: Town, *, lockers: bool) -> tuple[Place, ...]:
    lat, lon = _coordinates(town, lockers=lockers)
    names = [
        *(_depot_id(k) for k in range(len(town.depots_m))),
        *(f"home-{k + 1}" for k in range(len(town.homes_m))),
        *(f"locker-{k + 1}" for k in range(len(town.clusters_m)) if lockers),
    ]
    return tuple(
        Place(id=name, lat_deg=lat_deg, lon_deg=lon_deg)
        for name, lat_deg, lon_deg in zip(names, lat, lon, strict=True)
    )


def _coordinates(town: Town, *, lockers: bool) -> tuple[list[float], list[float]]:
    points = [town.depots_m, town.homes_m, *([town.clusters_m] if lockers else [])]
    return coordinates(np.concatenate(points), town.width_m)


def _paces(day: Scenario) -> dict[str, Pace]:
    return {
        mode: replace(
            pace,
            speed_kmh=tuple(round(pace.speed_kmh[0] * factor, 3) for _, factor in day.paces),
            starts_s=tuple(start_s for start_s, _ in day.paces),
        )
        for mode, pace in PACES.items()
    }


def _depot_id(k: int) -> str:
    return f"depot-{k + 1}"


def _depots(count: int, day: Scenario, orders: int) -> tuple[Depot, ...]:
    limits = None
    if day.picking_percent is not None:
        hours = (day.ordered_until_s - day.ordered_from_s) / HOUR_S
        limits = (int(orders / count / hours * day.picking_percent / 100) + 2,) * 24
    return tuple(
        Depot(
            id=_depot_id(k),
            place=_depot_id(k),
            kind=KINDS[k % len(KINDS)],
            picking_s=PICKING_S,
            orders_per_hour=limits,
        )
        for k in range(count)
    )


def _vehicles(first: IntArray, second: IntArray, depots: int, day: Scenario) -> tuple[Vehicle, ...]:
    """Give each depot a fleet for the orders it expects; of two depots each brings its part."""
    share = np.where(second >= 0, 0.6, 1.0)
    either = np.bincount(second[second >= 0], minlength=depots) * 0.4
    expected = np.bincount(first, share, depots) + either
    return tuple(
        vehicle for k in range(depots) for vehicle in fleet(_depot_id(k), float(expected[k]), day)
    )


def _orders(
    r: np.random.Generator, town: Town, day: Scenario, first: IntArray, second: IntArray
) -> Iterator[Order]:
    """Yield the orders; everything is drawn at once, a column a property."""
    count = len(first)
    tier_h = r.choice(TIERS_H, count, p=TIER_SHARES).tolist()
    ordered_s = r.integers(day.ordered_from_s // 60, day.ordered_until_s // 60, count) * 60
    loads_g = _loads_g(r, count)
    hold_s = _hold_s(r, loads_g, day).tolist()
    service_s = (r.integers(120, 301, count) + day.extra_service_s).tolist()
    uses_locker = ((r.random(count) < 0.5) & (loads_g[:, 0] == 0)).tolist()
    rows = zip(ordered_s.tolist(), loads_g.tolist(), first.tolist(), second.tolist(), strict=True)
    for k, (at_s, load_g, nearest, other) in enumerate(rows):
        load = Load(frozen_g=load_g[0], chilled_g=load_g[1], ambient_g=load_g[2])
        order = Order(
            id=f"order-{k + 1}",
            place=f"home-{k + 1}",
            load=load,
            depots=tuple(_depot_id(depot) for depot in (nearest, other) if depot >= 0),
            ready_s=at_s,
            due_s=min(at_s + tier_h[k] * HOUR_S, DAY_ENDS_S),
            latest_s=min(at_s + tier_h[k] * HOUR_S + LATEST_AFTER_S, DAY_ENDS_S),
            late_cost_per_min=LATE_COST_PER_MIN[tier_h[k]],
            service_s=service_s[k],
            drop_cost=COUPON[tier_h[k]] + sum(load_g) * MARGIN_PER_KG // 1000,
            onboard_cost_per_min=_onboard_cost_per_min(load),
            hold_s=hold_s[k] or None,
            warm_after_s=_warm_after_s(hold_s[k], day),
            warm_cost_per_min=WARM_COST_PER_MIN if day.warmth_counts and hold_s[k] else 0,
        )
        cluster = int(town.cluster[k])
        if day.lockers and uses_locker[k] and cluster >= 0:
            order = replace(order, locker=_locker(cluster))
        yield _plain(order) if day.plain else order


def _locker(cluster: int) -> Locker:
    return Locker(place=f"locker-{cluster + 1}", service_s=LOCKER_SERVICE_S, cost=LOCKER_COST)


def _plain(order: Order) -> Order:
    """Keep what every solver can express: when it can be loaded, a hard promise, no cold.

    Not to serve it costs four times as much: always more than to serve it, for many solvers leave
    out as few orders as they can, whatever that costs.
    """
    return replace(
        order,
        drop_cost=order.drop_cost * 4,
        latest_s=order.due_s,
        late_cost_per_min=0,
        onboard_cost_per_min=0,
        hold_s=None,
    )


def _loads_g(r: np.random.Generator, count: int) -> IntArray:
    """Draw grams by zone: 4 to 16 kg of the main zone, often with 2 to 8 kg of another."""
    zone = r.choice(3, count, p=MAIN_ZONE_SHARES)
    loads_g = np.zeros((count, 3), np.int64)
    loads_g[np.arange(count), zone] = r.integers(40, 161, count) * 100
    more_g = r.integers(20, 81, count) * 100
    chance = r.random(count)
    loads_g[:, 1] += np.where((zone != 1) & (chance < 0.4), more_g, 0)
    loads_g[:, 2] += np.where((zone == 1) & (chance < 0.15), more_g, 0)
    return loads_g


def _hold_s(r: np.random.Generator, loads_g: IntArray, day: Scenario) -> IntArray:
    """Draw how long each box holds, by its coldest zone; 0 is an ambient order, without limit."""
    count = len(loads_g)
    frozen_s, chilled_s = r.integers(70, 111, count) * 60, r.integers(100, 161, count) * 60
    chilled_s = np.where(loads_g[:, 1] > 0, chilled_s, 0)
    return np.where(loads_g[:, 0] > 0, frozen_s, chilled_s) * day.hold_percent // 100


def _warm_after_s(hold_s: int, day: Scenario) -> int | None:
    return hold_s * WARM_AFTER_PERCENT // 100 if day.warmth_counts and hold_s else None


def _onboard_cost_per_min(load: Load) -> int:
    if load.frozen_g:
        return ONBOARD_COST_PER_MIN["frozen"]
    return ONBOARD_COST_PER_MIN["chilled" if load.chilled_g else "ambient"]
