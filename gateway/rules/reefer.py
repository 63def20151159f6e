"""Has the cooling of a place failed?

A box warms up long after the air around it, so the air of a vehicle's compartment is an alarm of
its own, before any box's. Air that is far too warm but falls is a compartment that recovers, after
loading say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.segments import Window

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

BEYOND_C: Final = 4.0  # above the upper limit
LASTS_MS: Final = 15 * 60_000
# It falls if the last third of that time is cooler than the first by a logger's resolution
# (EN 12830: 0.5 °C at the most).
_FALLS_BY_C: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ReeferFailure:
    """A place whose cooling has failed."""

    since_ms: int  # the first reading that was too warm
    newest_c: float


def reefer_failure(
    t_ms: Int64s,
    temperature_c: Float64s,
    *,
    upper_c: float,
    gap_limit_ms: int,
    suspended: Sequence[Window] = (),
) -> ReeferFailure | None:
    """Judge a place's air by its newest readings, ascending, length n (0 too).

    Failed: more than 4 °C above the upper limit for 15 minutes without a gap, and not falling.
    Readings in a suspended stretch (defrost, maintenance) do not count.
    """
    counts = np.ones(len(t_ms), dtype=np.bool_)
    for window in suspended:
        counts &= (t_ms < window.from_ms) | (t_ms >= (window.until_ms or np.inf))
    t_ms, temperature_c = t_ms[counts], temperature_c[counts]
    first = _first_of_the_last_stretch(t_ms, temperature_c > upper_c + BEYOND_C, gap_limit_ms)
    if first == len(t_ms) or t_ms[-1] - t_ms[first] < LASTS_MS:
        return None
    recent = t_ms >= t_ms[-1] - LASTS_MS
    if _falls(t_ms[recent], temperature_c[recent]):
        return None
    return ReeferFailure(since_ms=int(t_ms[first]), newest_c=float(temperature_c[-1]))


def _first_of_the_last_stretch(
    t_ms: Int64s, too_warm: npt.NDArray[np.bool_], gap_limit_ms: int
) -> int:
    """Return where the stretch without a break begins that ends with the newest reading."""
    breaks = np.flatnonzero(~too_warm) + 1
    gaps = np.flatnonzero(np.diff(t_ms) > gap_limit_ms) + 1
    return int(max(breaks.max(initial=0), gaps.max(initial=0)))


def _falls(t_ms: Int64s, temperature_c: Float64s) -> bool:
    third_ms = LASTS_MS / 3
    before = temperature_c[t_ms <= t_ms[0] + third_ms].mean()
    after = temperature_c[t_ms >= t_ms[-1] - third_ms].mean()
    return bool(before - after >= _FALLS_BY_C)
