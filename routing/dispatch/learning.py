"""How much longer than planned do legs and stops really take?

By the ratio of what was measured to what was planned, a leg's by mode. Few measurements say little,
so each quantile is drawn to a prior until there are many. What is *planned* of a visit is the
travel's own time and the order's own service, before any ratio; rows of the plan hold that times
the mean, with q10 and q90 around it. Not the median: a jam or a stop without a place to park adds
more than luck saves, so that a trip of medians comes home late.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log
from typing import Final

from routing.dispatch.state import CityVehicle, Visited

SHORTEST_S: Final = 60
"""A planned time below it says nothing: a geofence is wider than the leg."""
MOST_RATIO: Final = 4.0
"""Beyond four times, or a quarter, it was another errand, not traffic."""
MOST_LEARNED: Final = 300
"""The newest visits that are learned from: the day as it is now."""
PRIOR_WEIGHT: Final = 20
"""Measurements after which what was measured counts as much as the prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """What really passes, for each second that was planned: eight in ten lie from q10 to q90."""

    q10: float
    q50: float
    q90: float
    mean: float


# Means by Swanson's rule: 0.3 q10 + 0.4 q50 + 0.3 q90.
PRIOR_LEG: Final = Ratio(q10=0.8, q50=1.0, q90=1.35, mean=1.045)
"""Of a leg in a city: travel times are skewed, a jam adds more than an empty road saves."""
PRIOR_STOP: Final = Ratio(q10=0.6, q50=1.0, q90=1.7, mean=1.09)
"""Of a stop: stairs, a lift, a bell that nobody hears."""
_LEVELS: Final = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBook:
    """What was learned so far. `TimeBook()` knows nothing: the priors."""

    legs: Mapping[str, Ratio] = field(default_factory=dict)
    stops: Ratio = PRIOR_STOP

    def leg_ratio(self, mode: str) -> Ratio:
        """Return a mode's; one that was never measured has the prior."""
        return self.legs.get(mode, PRIOR_LEG)

    def stop_ratio(self) -> Ratio:
        """Return that of all stops."""
        return self.stops


def learn(visits: Iterable[Visited], vehicles: Iterable[CityVehicle]) -> TimeBook:
    """Learn from visits, in any order; each counts for its vehicle's mode."""
    modes = {vehicle.id: vehicle.mode for vehicle in vehicles}
    newest = sorted(visits, key=_by_time)[-MOST_LEARNED:]
    legs: dict[str, list[float]] = {}
    for visit in newest:
        ratio = _ratio(visit.leg_planned_s, visit.leg_actual_s)
        if ratio is not None and visit.vehicle_id in modes:
            legs.setdefault(modes[visit.vehicle_id], []).append(ratio)
    stops = [ratio for visit in newest if (ratio := _stop_ratio(visit)) is not None]
    return TimeBook(
        legs={mode: shrunk(of, PRIOR_LEG) for mode, of in sorted(legs.items())},
        stops=shrunk(stops, PRIOR_STOP),
    )


def shrunk(ratios: Sequence[float], prior: Ratio) -> Ratio:
    """Return quantiles and mean of ratios, drawn to the prior's as by `PRIOR_WEIGHT` more of them.

    Quantiles in logarithms: twice and half as long are equally far from planned.
    """
    if not ratios:
        return prior
    measured, count = sorted(log(ratio) for ratio in ratios), len(ratios)
    q10, q50, q90 = (
        exp(
            (count * _quantile(measured, level) + PRIOR_WEIGHT * log(before))
            / (count + PRIOR_WEIGHT)
        )
        for level, before in zip(_LEVELS, (prior.q10, prior.q50, prior.q90), strict=True)
    )
    mean = (sum(ratios) + PRIOR_WEIGHT * prior.mean) / (count + PRIOR_WEIGHT)
    return Ratio(q10=q10, q50=q50, q90=q90, mean=mean)


def _quantile(ordered: Sequence[float], level: float) -> float:
    """Return it with linear interpolation between neighbours (R's type 7)."""
    place = (len(ordered) - 1) * level
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _ratio(planned_s: int | None, actual_s: int | None) -> float | None:
    if planned_s is None or actual_s is None or planned_s < SHORTEST_S or actual_s < 0:
        return None
    return min(max(actual_s / planned_s, 1 / MOST_RATIO), MOST_RATIO)


def _stop_ratio(visit: Visited) -> float | None:
    if visit.left_at is None:
        return None
    ratio = _ratio(visit.stop_planned_s, round((visit.left_at - visit.arrived_at).total_seconds()))
    return None if ratio == MOST_RATIO else ratio  # a crew that rested there tells nothing of stops


def _by_time(visit: Visited) -> tuple[object, ...]:
    return (visit.arrived_at, visit.vehicle_id, visit.order_id or "", visit.depot_id or "")
