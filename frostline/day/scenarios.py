"""Which days can be simulated, and what is special about each?

Each is the normal day with a few numbers changed. docs/day.md says where the numbers come from.
Seconds are those since the city's local midnight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final

from schemas.disruptions import Weather

HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Weather of some hours, as it will be and as the forecast has it.

    Speeds are percent of dry roads; dispatchers report the forecast's, `told_ahead_s` before it
    begins.
    """

    weather: Weather
    from_s: int
    until_s: int
    speed_percent: int = 100
    told_speed_percent: int = 100
    extra_service_s: int = 0
    told_extra_service_s: int = 0
    told_hold_percent: int = 100
    told_ahead_s: int = HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A kind of day.

    `demand` are weights of the clock hours from `ordered_from_s` to `ordered_until_s`. A vehicle of
    the fleet serves `orders_per_vehicle`; `carriers_percent` hired ones come on top.
    """

    sentence: str
    date: date
    low_c: float
    high_c: float
    sun_k: float
    """How much warmer than the air a compartment's skin is at noon."""
    demand: tuple[float, ...]
    ordered_from_s: int = 8 * HOUR_S
    ordered_until_s: int = 20 * HOUR_S
    spells: tuple[Spell, ...] = ()
    reefer_failures: int = 0
    failing_s: tuple[int, int] | None = None
    """When units fail, of vans at work then; None: at some time of their vans' shifts."""
    breakdowns: int = 1
    delays: int = 2
    closed_roads: int = 1
    extra_packs: int = 0
    """Packs in each box beyond what the season asks for."""
    hold_percent: int = 100
    """Of the hold time that packs are chosen for."""
    ice_cream_percent: int = 100
    """Of the share that ice cream has of the frozen goods on a mild day."""
    badly_frozen: float = 0.15
    """The share of the boxes whose packs had not long enough in the freezer."""
    orders_percent: int = 100
    fleet_percent: int = 100
    carriers_percent: int = 0
    traffic_percent: int = 100
    """Of what the rush hours add to the time on free roads."""


def varied(scenario: Scenario, numbers: Mapping[str, float]) -> Scenario:
    """Return a scenario with other numbers; raise ValueError for what is none of its numbers."""
    known = {each.name for each in fields(Scenario) if each.type in {int, float}}
    for name, value in numbers.items():
        if name not in known:
            raise ValueError(f"{name} is no number of a scenario; there are {sorted(known)}")
        if isinstance(getattr(scenario, name), int) and value != int(value):
            raise ValueError(f"{name} is {value:g}; it is a whole number")
    whole = {
        name: int(value) if isinstance(getattr(scenario, name), int) else value
        for name, value in numbers.items()
    }
    changes: dict[str, Any] = whole
    return replace(scenario, **changes)


# Weights of 8:00 to 20:00: a morning's and a larger late afternoon's peak.
_WEEKDAY: Final = (0.8, 1.1, 1.3, 1.1, 0.8, 0.7, 0.8, 1.0, 1.3, 1.4, 1.1, 0.6)
_FESTIVAL: Final = (1.0, 1.5, 1.7, 1.5, 1.1, 0.9, 1.0, 1.2, 1.3, 1.0, 0.6, 0.2)
_EVENING: Final = (0.6, 1.0, 1.4, 1.4, 0.6)

_HEAT_WAVE: Final = Scenario(
    sentence="40 °C in the afternoon, and two vans whose cooling fails",
    date=date(2026, 7, 22),
    low_c=30.0,
    high_c=40.0,
    sun_k=6.0,
    demand=_WEEKDAY,
    spells=(
        Spell(
            weather="heat",
            from_s=10 * HOUR_S,
            until_s=20 * HOUR_S,
            told_hold_percent=75,
            told_ahead_s=2 * HOUR_S,
        ),
    ),
    reefer_failures=2,
    ice_cream_percent=150,
    badly_frozen=0.4,
)

SCENARIOS: Final = {
    "normal": Scenario(
        sentence="a working day in May",
        date=date(2026, 5, 20),
        low_c=17.0,
        high_c=25.0,
        sun_k=4.0,
        demand=_WEEKDAY,
    ),
    "heat-wave": _HEAT_WAVE,
    "hot-hour": replace(
        _HEAT_WAVE,
        sentence="an hour's orders of the heat wave's afternoon, and two vans whose cooling fails",
        demand=(1.0,),
        ordered_from_s=14 * HOUR_S + 1800,
        ordered_until_s=15 * HOUR_S + 1800,
        failing_s=(15 * HOUR_S + 1800, 16 * HOUR_S),
        breakdowns=0,
        delays=0,
        closed_roads=0,
        fleet_percent=280,
    ),
    "storm": Scenario(
        sentence="a thunderstorm from 15:00 to 18:30: slow roads, long stops",
        date=date(2026, 6, 24),
        low_c=23.0,
        high_c=29.0,
        sun_k=2.0,
        demand=_WEEKDAY,
        spells=(
            Spell(
                weather="storm",
                from_s=15 * HOUR_S,
                until_s=18 * HOUR_S + 1800,
                speed_percent=65,
                told_speed_percent=70,
                extra_service_s=60,
                told_extra_service_s=60,
            ),
        ),
        closed_roads=3,
        breakdowns=2,
    ),
    "snow": Scenario(
        sentence="snow all day: everything at 60 % of its speed, and more ice in each box",
        date=date(2026, 1, 21),
        low_c=-3.0,
        high_c=2.0,
        sun_k=0.0,
        demand=_WEEKDAY,
        spells=(
            Spell(
                weather="snow",
                from_s=8 * HOUR_S,
                until_s=23 * HOUR_S,
                speed_percent=60,
                told_speed_percent=65,
                extra_service_s=60,
                told_extra_service_s=45,
                told_hold_percent=150,
            ),
        ),
        extra_packs=1,
        delays=4,
        closed_roads=2,
        fleet_percent=120,
    ),
    "festival": Scenario(
        sentence="the day before the Spring Festival: 40 % more orders, and hired carriers",
        date=date(2026, 2, 15),
        low_c=3.0,
        high_c=9.0,
        sun_k=2.0,
        demand=_FESTIVAL,
        orders_percent=140,
        carriers_percent=40,
        traffic_percent=130,
    ),
    "night": Scenario(
        sentence="orders from 17:00 to 21:30, everything to be done by 23:00",
        date=date(2026, 5, 22),
        low_c=17.0,
        high_c=25.0,
        sun_k=0.0,
        demand=_EVENING,
        ordered_from_s=17 * HOUR_S,
        ordered_until_s=21 * HOUR_S + 1800,
        fleet_percent=220,
    ),
}
