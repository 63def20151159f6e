"""What is a curve in numbers: extremes, means, how fast it rises, how long the goods will keep?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.rules.judgement import Statistics
from gateway.rules.lid import lid_openings
from gateway.rules.line import Temperatures
from gateway.rules.mkt import mean_kinetic_temperature_c
from gateway.rules.policy import Measured, Policy
from gateway.rules.shelf_life import life_left_s
from gateway.rules.track import Track

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

# A judgement's floats are rounded, so that its bytes are the same on every machine.
DECIMALS: Final = 4
_RATE_OVER_MS: Final = 1_800_000
_LEAST_READINGS_OF_A_RATE: Final = 3
_MS_PER_H: Final = 3_600_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """How the life so far divides: what is neither suspended nor unknown was measured."""

    life_ms: int
    suspended_ms: int
    unknown_ms: int

    @property
    def measured_ms(self) -> int:
        """What remains."""
        return self.life_ms - self.suspended_ms - self.unknown_ms

    @property
    def unknown_share(self) -> float:
        """Of the time that is to be judged; 0 where there is none."""
        judged_ms = self.life_ms - self.suspended_ms
        return self.unknown_ms / judged_ms if judged_ms > 0 else 0.0


def rounded(value: float) -> float:
    """Return a judgement's float to 4 decimals; -0.0 becomes 0.0."""
    return round(value, DECIMALS) + 0.0


def statistics_of(
    temperatures: Temperatures | None,
    policy: Policy,
    *,
    elapsed: Elapsed,
    lid_track: Track | None,
) -> Statistics:
    """Return the curve in numbers.

    `temperatures` has all that was judged, `lid_track` one source of it: that one logger's air is
    warmer than another's does not mean that a lid was opened.
    """
    times = {
        "measured_s": elapsed.measured_ms // 1000,
        "unknown_s": elapsed.unknown_ms // 1000,
        "suspended_s": elapsed.suspended_ms // 1000,
    }
    if temperatures is None or lid_track is None:
        return Statistics(readings=0, lid_openings=0, **times)
    track = temperatures.track
    weights = _weights(track)
    warmest_c = track.warmest_c
    mkt_c = mean_kinetic_temperature_c(
        warmest_c, weights, activation_energy_kj_per_mol=policy.mkt_activation_energy_kj_per_mol
    )
    return Statistics(
        readings=len(track.t_ms),
        lowest_c=rounded(temperatures.worst_air_c("lower")),
        highest_c=rounded(temperatures.worst_air_c("upper")),
        mean_c=rounded(float(np.dot(warmest_c, weights)) / float(weights.sum())),
        mkt_c=rounded(mkt_c),
        newest_c=rounded(float(warmest_c[-1])),
        newest_at_ms=int(track.t_ms[-1]),
        rate_c_per_h=_rate_c_per_h(track.t_ms, warmest_c),
        lid_openings=lid_openings(lid_track.t_ms, lid_track.warmest_c),
        shelf_life_left_s=_shelf_life_left_s(temperatures, weights, policy, elapsed),
        **times,
    )


def _shelf_life_left_s(
    temperatures: Temperatures, weights: Int64s, policy: Policy, elapsed: Elapsed
) -> int | None:
    if policy.shelf_life is None:
        return None
    product_c = temperatures.of("upper", Measured.PRODUCT)
    elapsed_s = elapsed.life_ms / 1000
    left_s = life_left_s(product_c, weights, elapsed_s=elapsed_s, shelf_life=policy.shelf_life)
    return round(left_s)


def _weights(track: Track) -> Int64s:
    """Return how long each reading held; all alike where none held for any time yet."""
    return track.held_ms if track.held_ms.any() else np.ones_like(track.held_ms)


def _rate_c_per_h(t_ms: Int64s, temperature_c: Float64s) -> float | None:
    """Return the slope of the last 30 minutes by least squares; None where readings are too few."""
    first = int(np.searchsorted(t_ms, t_ms[-1] - _RATE_OVER_MS))
    if len(t_ms) - first < _LEAST_READINGS_OF_A_RATE:
        return None
    hours = (t_ms[first:] - t_ms[-1]) / _MS_PER_H
    hours -= hours.mean()
    return rounded(float(np.dot(hours, temperature_c[first:]) / np.dot(hours, hours)))
