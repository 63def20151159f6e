"""How often was the lid opened? Told from the air: it warms by more than 0.5 °C in 3 minutes.

That is above the trend before: a box that warms evenly, however fast, was not opened.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

_RISE_C: Final = 0.5
_WITHIN_MS: Final = 180_000
_TREND_MS: Final = 900_000
# A rise is told from noise by this many of its standard deviations.
_NOISE_SD: Final = 5.0
# Goods and walls take the air back within some minutes; what rises again sooner is one opening.
_ONE_OPENING_MS: Final = 600_000


def lid_openings(t_ms: Int64s, temperature_c: Float64s) -> int:
    """Return how many openings show in readings (n, in order of time).

    A logger that records less often than every 3 minutes shows none: its readings cannot tell.
    """
    if len(t_ms) < 2 or float(np.ptp(temperature_c)) <= _RISE_C:
        return 0
    before = np.searchsorted(t_ms, t_ms - _WITHIN_MS)
    risen_c = temperature_c - temperature_c[before]
    likely = np.flatnonzero(risen_c > _RISE_C / 2)
    threshold_c = max(_RISE_C, _NOISE_SD * 2**0.5 * _noise_c(temperature_c))
    above_c = risen_c[likely] - _expected_c(t_ms, temperature_c, likely, before[likely])
    opened_ms = t_ms[likely[above_c > threshold_c]]
    if len(opened_ms) == 0:
        return 0
    return 1 + int(np.count_nonzero(np.diff(opened_ms) > _ONE_OPENING_MS))


def _expected_c(t_ms: Int64s, temperature_c: Float64s, now: Int64s, before: Int64s) -> Float64s:
    """Return by how much the readings `before` would have risen until `now`, going on as they did.

    The trend is that of the quarter of an hour before; none where there is too little of it.
    """
    began = np.searchsorted(t_ms, t_ms[before] - _TREND_MS)
    since_ms = t_ms[before] - t_ms[began]
    known = since_ms >= _TREND_MS / 2
    slope = (temperature_c[before] - temperature_c[began]) / np.where(known, since_ms, 1)
    expected: Float64s = np.where(known, slope, 0.0) * (t_ms[now] - t_ms[before])
    return expected


def _noise_c(temperature_c: Float64s) -> float:
    """Return the standard deviation of single readings, by the median step between neighbours.

    The median of |x - y| is 0.954 standard deviations of x and y, if these are normal.
    """
    return float(np.median(np.abs(np.diff(temperature_c)))) / 0.954
