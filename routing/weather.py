"""How much slower is everything in this weather?

Weather multiplies seconds and leaves metres alone. The named factors are our assumptions, not
measurements: whoever knows better gives a number, for all modes or by mode.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from routing.travel import IntArray, Leg, Travel, notes_of, slowed_matrix_s, slowed_s

WeatherName = Literal["dry", "rain", "storm", "snow"]
Factor = WeatherName | Annotated[float, msgspec.Meta(ge=0.1, le=10)]
Weather = Factor | dict[str, Factor]
"""A name, a factor, or one of them by mode; a mode that isn't named is in the dry."""

FACTORS: Final[Mapping[WeatherName, float]] = {
    "dry": 1.0,
    "rain": 1.15,
    "storm": 1.4,
    "snow": 1.6,
}


def factor_of(weather: Weather, mode: str) -> float:
    """Return what a mode's seconds are multiplied by."""
    if isinstance(weather, dict):
        weather = weather.get(mode, "dry")
    return FACTORS[weather] if isinstance(weather, str) else weather


@dataclass(frozen=True)
class Weathered:
    """Travel in weather. Nothing is computed before it is asked for."""

    clear: Travel
    weather: Weather

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes it knows."""
        return self.clear.modes

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the plan should know of its source."""
        return notes_of(self.clear)

    def starts_s(self, mode: str) -> tuple[int, ...]:
        """Return when each slice begins."""
        return self.clear.starts_s(mode)

    def leg(self, mode: str, origin: int, destination: int) -> Leg:
        """Return one leg."""
        leg = self.clear.leg(mode, origin, destination)
        factor = factor_of(self.weather, mode)
        return Leg(leg.distance_m, tuple(slowed_s(s, factor) for s in leg.durations_s))

    def matrix(
        self, mode: str, origins: Sequence[int], destinations: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Return a part of the matrices."""
        metres, seconds = self.clear.matrix(mode, origins, destinations)
        return metres, slowed_matrix_s(seconds, factor_of(self.weather, mode))
