"""Who orders what, when, and where to?

Drawn for the whole day at once, before anything happens: no plan changes what is ordered.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from firmware_sim import chance
from frostline.day.city import CITY_ID, TIME_ZONE, City, Spot
from frostline.day.goods import class_of
from frostline.day.happenings import Zone
from frostline.day.scenarios import HOUR_S, Scenario

ZONES: Final[tuple[Zone, ...]] = ("frozen", "chilled", "ambient")
LEVELS: Final[Mapping[str, float]] = {
    "diamond": 0.04,
    "V5": 0.06,
    "V4": 0.12,
    "V3": 0.20,
    "gold": 0.08,
    "V2": 0.17,
    "V1": 0.33,
}
"""Each member's level, and its share of the orders."""

TIERS: Final[Mapping[int, tuple[str, ...]]] = {
    2: ("diamond", "V5", "V4"),
    4: ("gold", "V3", "V2"),
    6: ("V1",),
}
DELIVERY_FEE: Final = {2: 1500, 4: 900, 6: 480}  # fen

_MAIN_ZONE: Final = (0.3, 0.5, 0.2)  # of ZONES
_MAIN_KG: Final = 4.0
_MORE_KG: Final = 2.0
_LOG_SD: Final = 0.6
_LEAST_KG, _MOST_KG = 0.8, 15.0
_MORE_CHILLED: Final = 0.4
_MORE_AMBIENT: Final = 0.15
_FEN_PER_KG: Final = 2500
_VALUE_LOG_SD: Final = 0.5
_SERVICE_S: Final = (120, 301)
_WINDOWS: Final = 0.2
_LOCKERS: Final = 0.05
_WINDOW_S: Final = 2 * HOUR_S
_LAST_WINDOW_S: Final = 21 * HOUR_S

Wish = Literal["fastest", "window", "locker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order as the world has it. `window_s` are its booked hours."""

    id: str
    placed_s: int
    level: str
    home: Spot
    kg: Mapping[Zone, float]
    product_class: Mapping[Zone, str | None]
    value: Mapping[Zone, int]
    service_s: int
    wish: Wish
    window_s: tuple[int, int] | None
    locker: str | None

    @property
    def tier_h(self) -> int:
        """Return the hours that its level is promised, where its area has them."""
        return next(hours for hours, levels in TIERS.items() if self.level in levels)

    def consignment(self, zone: Zone) -> str:
        """Return the id of its goods of a zone."""
        return f"{self.id}.{zone}"


def draw_orders(city: City, scenario: Scenario, *, orders: int, seed: int) -> tuple[Ordered, ...]:
    """Return the day's orders in the order in which they are placed."""
    random = np.random.default_rng([seed, 0x0D0])
    placed_s = sorted(_placed_s(random, scenario, orders))
    levels = random.choice(list(LEVELS), orders, p=list(LEVELS.values()))
    drawn = [_draw(random, city, k, int(placed_s[k]), str(levels[k])) for k in range(orders)]
    return tuple(_with_classes(each, scenario, seed) for each in drawn)


def time_of(scenario: Scenario, second: float) -> datetime:
    """Return a second of the scenario's day as a time, UTC."""
    day = scenario.date
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(TIME_ZONE))
    return (midnight + timedelta(seconds=second)).astimezone(UTC)


def body_of(ordered: Ordered, scenario: Scenario) -> dict[str, Any]:
    """Return what `POST /orders` is told."""
    return {
        "order_id": ordered.id,
        "member_id": f"member-{ordered.id}",
        "member_level": ordered.level,
        "time_zone": TIME_ZONE,
        "placed_at": time_of(scenario, ordered.placed_s).isoformat(),
        "delivery_fee": DELIVERY_FEE[ordered.tier_h],
        "consignments": [_consignment(ordered, zone) for zone in ordered.kg],
        "delivery": _delivery(ordered, scenario),
    }


def _consignment(ordered: Ordered, zone: Zone) -> dict[str, Any]:
    goods: dict[str, Any] = {"zone": zone, "goods_value": ordered.value[zone]}
    product_class = ordered.product_class[zone]
    return goods if product_class is None else {**goods, "product_class": product_class}


def _delivery(ordered: Ordered, scenario: Scenario) -> dict[str, Any]:
    delivery: dict[str, Any] = {
        "city_id": CITY_ID,
        "lat_deg": ordered.home.lat_deg,
        "lon_deg": ordered.home.lon_deg,
        "wish": ordered.wish,
        "service_s": ordered.service_s,
    }
    delivery |= {f"{zone}_g": round(kg * 1000) for zone, kg in ordered.kg.items()}
    if ordered.window_s is not None:
        from_s, until_s = ordered.window_s
        delivery["window_from"] = time_of(scenario, from_s).isoformat()
        delivery["window_until"] = time_of(scenario, until_s).isoformat()
    if ordered.locker is not None:
        delivery["locker_id"] = ordered.locker
    return delivery


def _placed_s(random: np.random.Generator, scenario: Scenario, orders: int) -> list[int]:
    """Draw an hour by its weight, and a second of it."""
    weights = np.array(scenario.demand) / sum(scenario.demand)
    width_s = (scenario.ordered_until_s - scenario.ordered_from_s) / len(weights)
    slots = random.choice(len(weights), orders, p=weights)
    seconds = scenario.ordered_from_s + (slots + random.random(orders)) * width_s
    return [int(second) for second in seconds]


def _draw(random: np.random.Generator, city: City, k: int, placed_s: int, level: str) -> Ordered:
    kg = _kg(random)
    luck = random.random(2)
    nearest = _nearest_locker(city, city.homes[k])
    wish: Wish = "fastest"
    if luck[0] < _WINDOWS and placed_s + 2 * HOUR_S + _WINDOW_S < _LAST_WINDOW_S:
        wish = "window"
    elif luck[0] > 1 - _LOCKERS and "frozen" not in kg and nearest is not None:
        wish = "locker"
    # Booked by the full hour, two to five hours ahead.
    from_s = -(-(placed_s + int((2 + 3 * luck[1]) * HOUR_S)) // HOUR_S) * HOUR_S
    from_s = min(from_s, _LAST_WINDOW_S - _WINDOW_S)
    return Ordered(
        id=f"order-{k + 1}",
        placed_s=placed_s,
        level=level,
        home=city.homes[k],
        kg=kg,
        product_class={},
        value={
            zone: round(weight * _FEN_PER_KG * math.exp(random.normal(0, _VALUE_LOG_SD)))
            for zone, weight in kg.items()
        },
        service_s=int(random.integers(*_SERVICE_S)),
        wish=wish,
        window_s=(from_s, from_s + _WINDOW_S) if wish == "window" else None,
        locker=nearest if wish == "locker" else None,
    )


def _with_classes(ordered: Ordered, scenario: Scenario, seed: int) -> Ordered:
    """Draw what the goods of each zone are; only the season's share of ice cream differs by day."""
    classes = {
        zone: class_of(
            zone,
            chance.uniform(chance.key_of(seed, "class", ordered.consignment(zone)), 0),
            ice_cream_percent=scenario.ice_cream_percent,
        )
        for zone in ordered.kg
    }
    return replace(ordered, product_class=classes)


def _kg(random: np.random.Generator) -> dict[Zone, float]:
    """Draw kilograms by zone: one main zone, sometimes a little of another."""
    main = ZONES[int(random.choice(3, p=_MAIN_ZONE))]
    more, luck = _weight(random, _MORE_KG), random.random()
    kg = {main: _weight(random, _MAIN_KG)}
    if main != "chilled" and luck < _MORE_CHILLED:
        kg["chilled"] = more
    if main == "chilled" and luck < _MORE_AMBIENT:
        kg["ambient"] = more
    return {zone: kg[zone] for zone in ZONES if zone in kg}


def _weight(random: np.random.Generator, median_kg: float) -> float:
    kg = median_kg * math.exp(random.normal(0, _LOG_SD))
    return round(min(_MOST_KG, max(_LEAST_KG, kg)), 2)


def _nearest_locker(city: City, home: Spot) -> str | None:
    """Return the locker within about 2 km of a home."""
    far_deg = 0.02
    ways = [
        (math.hypot(home.lat_deg - at.spot.lat_deg, home.lon_deg - at.spot.lon_deg), at.id)
        for at in city.lockers
    ]
    way, locker = min(ways, default=(far_deg, ""))
    return locker if way < far_deg else None
