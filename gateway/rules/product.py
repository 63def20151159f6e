"""How warm are the goods, when the logger only tells the air around them?

A first-order filter: dTp/dt = (Tair - Tp)/τ, by its exact step Tp ← Tair + (Tp - Tair) e^(-Δt/τ).
Euler's step overshoots where Δt is longer than τ.
"""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

# e^±500 is a float, and so are sums of it; more time constants are taken in several blocks.
_BLOCK_TIME_CONSTANTS: Final = 500.0
# So that air at a limit does not become goods beyond it by the last bit of a float.
_STEPS_PER_C: Final = 1e6


def product_temperature_c(
    held_ms: Int64s, air_c: Float64s, *, time_constant_s: float, after_gap: Int64s
) -> Float64s:
    """Return the goods' temperature at each reading (n): each air value acts until the next one.

    `held_ms` (n) says for how long. The goods are as warm as the air at the first reading, and
    again at the indices `after_gap`: of what happened in a gap nothing is known.
    """
    if time_constant_s <= 0:
        return air_c
    product_c = np.empty_like(air_c)
    steps = held_ms.astype(np.float64) / (1000.0 * time_constant_s)
    for begin, end in pairwise([0, *after_gap.tolist(), len(air_c)]):
        product_c[begin:end] = _filtered(steps[begin:end], air_c[begin:end])
    return np.rint(product_c * _STEPS_PER_C) / _STEPS_PER_C


def _filtered(steps: Float64s, air_c: Float64s) -> Float64s:
    """Return y[0] = air[0], y[k+1] = air[k] + (y[k] - air[k]) e^-steps[k]."""
    steps = np.minimum(steps[:-1], _BLOCK_TIME_CONSTANTS / 2)
    elapsed = np.concatenate(([0.0], np.cumsum(steps)))
    product_c = np.empty_like(air_c)
    product_c[0] = air_c[0]
    gains = -np.expm1(-steps) * air_c[:-1]
    begin = 0
    while begin < len(steps):
        end = int(np.searchsorted(elapsed, elapsed[begin] + _BLOCK_TIME_CONSTANTS, "right")) - 1
        ahead = elapsed[begin + 1 : end + 1] - elapsed[begin]
        moved = np.cumsum(gains[begin:end] * np.exp(ahead))
        product_c[begin + 1 : end + 1] = (product_c[begin] + moved) * np.exp(-ahead)
        begin = end
    return product_c
