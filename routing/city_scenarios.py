"""Which kinds of day can a city have?

Each scenario is the normal day with a few numbers changed, so that two of them can be compared
order by order. All numbers here are our assumptions.
"""

from dataclasses import dataclass
from typing import Final

HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a kind of day changes. `paces` are when a slice of the day begins, and how fast it is.

    `plain` leaves out every rule that a common solver can't express.
    """

    sentence: str
    ordered_from_s: int = 13 * HOUR_S
    ordered_until_s: int = 16 * HOUR_S + 1800
    paces: tuple[tuple[int, float], ...] = ((0, 1.0),)
    extra_service_s: int = 0
    hold_percent: int = 100
    warmth_counts: bool = False
    second_depot_share: float = 0.4
    picking_percent: int | None = None
    fleet_percent: int = 100
    trips: int = 2
    breaks: bool = False
    lockers: bool = False
    under_way: bool = False
    plain: bool = False


BY_NAME: Final = {
    "normal": Scenario(sentence="an afternoon and an evening without surprises"),
    "rush-hour": Scenario(
        sentence="roads slow down from 16:30 to 19:00, and are empty after 20:30",
        paces=(
            (0, 1.0),
            (16 * HOUR_S + 1800, 0.6),
            (19 * HOUR_S, 0.9),
            (20 * HOUR_S + 1800, 1.2),
        ),
    ),
    "heat-wave": Scenario(
        sentence="38 °C outside: boxes hold 65 % as long, and every minute of the last part costs",
        hold_percent=65,
        warmth_counts=True,
    ),
    "storm": Scenario(
        sentence="heavy rain: everything drives at 65 % of its speed, every door takes a minute "
        "longer",
        paces=((0, 0.65),),
        extra_service_s=60,
    ),
    "lockers": Scenario(
        sentence="half of the chilled orders may go to a locker of their neighbourhood instead",
        lockers=True,
    ),
    "shifts": Scenario(
        sentence="up to four trips a shift, and a meal break for everybody",
        trips=4,
        breaks=True,
    ),
    "stock": Scenario(
        sentence="few orders have a second depot, and depots pick a limited number an hour",
        second_depot_share=0.1,
        picking_percent=130,
    ),
    "scarce": Scenario(
        sentence="fewer vehicles than the day needs: 45 % of the usual fleet",
        fleet_percent=45,
    ),
    "night": Scenario(
        sentence="orders from 17:30 to 20:30, empty roads, and everything to be done by 23:00",
        ordered_from_s=17 * HOUR_S + 1800,
        ordered_until_s=20 * HOUR_S + 1800,
        paces=((0, 1.0), (20 * HOUR_S, 1.25)),
    ),
    "replan": Scenario(
        sentence="the day at 14:00: vehicles under way, and drivers who know their next orders",
        ordered_from_s=11 * HOUR_S,
        ordered_until_s=14 * HOUR_S,
        under_way=True,
    ),
    "plain": Scenario(
        sentence="hard promises, one depot an order, pay by the kilometre, nothing that warms: "
        "what every solver can express",
        second_depot_share=0.0,
        plain=True,
    ),
}
