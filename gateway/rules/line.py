"""Which readings are beyond a temperature, of the air or of the goods?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gateway.rules.policy import Budget, Limit, Measured
from gateway.rules.product import product_temperature_c
from gateway.rules.track import Bools, Track
from schemas.events import Side

Float64s = npt.NDArray[np.float64]


class Temperatures:
    """A track's temperatures as limits are held against them; the goods' are computed if asked."""

    def __init__(self, track: Track, *, time_constant_s: float) -> None:
        self.track = track
        self._time_constant_s = time_constant_s
        self._products: dict[Side, Float64s] = {}
        self._worst_c: dict[Side, float] = {}

    def of(self, side: Side, measured: Measured) -> Float64s:
        """Return a temperature for each reading (n): the worse one, where two were measured."""
        air_c = self.track.warmest_c if side == "upper" else self.track.coldest_c
        if measured is Measured.AIR:
            return air_c
        if side not in self._products:
            self._products[side] = product_temperature_c(
                self.track.held_ms,
                air_c,
                time_constant_s=self._time_constant_s,
                after_gap=self.track.after_gap,
            )
        return self._products[side]

    def worst_air_c(self, side: Side) -> float:
        """Return the highest or the lowest: the goods never go beyond what their air reached."""
        if side not in self._worst_c:
            air_c = self.of(side, Measured.AIR)
            self._worst_c[side] = float(air_c.max() if side == "upper" else air_c.min())
        return self._worst_c[side]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A limit's or a budget's temperature, and the readings that are beyond it."""

    rule: Limit | Budget
    track: Track
    temperature_c: Float64s
    beyond: Bools


def line_of(rule: Limit | Budget, temperatures: Temperatures) -> Line | None:
    """Return the readings beyond a limit or a budget; None where there is not one."""
    at_limit = isinstance(rule, Limit) and rule.counts_at_limit
    worst_c = temperatures.worst_air_c(rule.side)
    over_c = worst_c - rule.limit_c if rule.side == "upper" else rule.limit_c - worst_c
    if over_c < 0 or (over_c == 0 and not at_limit):
        return None
    temperature_c = temperatures.of(rule.side, rule.measured)
    beyond = _beyond(temperature_c, rule, at_limit=at_limit)
    if not beyond.any():
        return None
    return Line(rule=rule, track=temperatures.track, temperature_c=temperature_c, beyond=beyond)


def normal_again(line: Line, hysteresis_c: float) -> Bools:
    """Return which readings are back, by the hysteresis or more."""
    if hysteresis_c == 0:
        return ~line.beyond
    if line.rule.side == "upper":
        return line.temperature_c <= round(line.rule.limit_c - hysteresis_c, 4)
    return line.temperature_c >= round(line.rule.limit_c + hysteresis_c, 4)


def _beyond(temperature_c: Float64s, rule: Limit | Budget, *, at_limit: bool) -> Bools:
    if rule.side == "upper":
        return temperature_c >= rule.limit_c if at_limit else temperature_c > rule.limit_c
    return temperature_c <= rule.limit_c if at_limit else temperature_c < rule.limit_c
