"""How warm is it outside, and how does the weather slow everything down?"""

import math
from typing import Final

from frostline.day.scenarios import HOUR_S, Scenario, Spell

_COLDEST_S: Final = 5 * HOUR_S
_WARMEST_S: Final = 15 * HOUR_S
_SUNRISE_S: Final = 6 * HOUR_S
_SUNSET_S: Final = 18 * HOUR_S


def outside_c(scenario: Scenario, second: float) -> float:
    """Return the air's temperature: coldest at 5:00, warmest at 15:00, cosines between."""
    second %= 24 * HOUR_S
    if _COLDEST_S <= second <= _WARMEST_S:
        share = (second - _COLDEST_S) / (_WARMEST_S - _COLDEST_S)
    else:
        share = 1 - ((second - _WARMEST_S) % (24 * HOUR_S)) / (14 * HOUR_S)
    swing = (1 - math.cos(math.pi * share)) / 2
    return scenario.low_c + (scenario.high_c - scenario.low_c) * swing


def sun_k(scenario: Scenario, second: float) -> float:
    """Return by how much the sun warms a vehicle's skin above the air."""
    share = (second - _SUNRISE_S) / (_SUNSET_S - _SUNRISE_S)
    return scenario.sun_k * max(0.0, math.sin(math.pi * share)) if 0 < share < 1 else 0.0


def spell_at(scenario: Scenario, second: float) -> Spell | None:
    """Return the weather of a second, if there is any to speak of."""
    for spell in scenario.spells:
        if spell.from_s <= second < spell.until_s:
            return spell
    return None


def slowness(scenario: Scenario, second: float) -> float:
    """Return what seconds on the road are multiplied by."""
    spell = spell_at(scenario, second)
    return 1.0 if spell is None else 100 / spell.speed_percent


def extra_service_s(scenario: Scenario, second: float) -> int:
    """Return how much longer each stop takes."""
    spell = spell_at(scenario, second)
    return 0 if spell is None else spell.extra_service_s
