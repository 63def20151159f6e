"""Where does the search's chance come from?

Marsaglia's xorshift64 (2003), its state in `State.now`: fast, and the same everywhere.
"""

import math
from typing import Final

import numpy as np

from routing.search.compile import inlined
from routing.search.layout import Record, Scalar

_A: Final = np.uint64(13)
_B: Final = np.uint64(7)
_C: Final = np.uint64(17)
_TO_53_BITS: Final = np.uint64(11)
_UNIT: Final = 2.0**-53


def seeded(seed: int) -> np.uint64:
    """Return a first state that is not 0, well mixed for seeds that are close together."""
    mixed = (seed + 1) * 0x9E3779B97F4A7C15 % 2**64
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    return np.uint64((mixed ^ mixed >> 27) or 1)


@inlined
def uniform(now: Record) -> float:
    """Return a number from 0 to below 1."""
    x = now.chance
    x ^= x << _A
    x ^= x >> _B
    x ^= x << _C
    now.chance = x
    return np.float64(np.int64(x >> _TO_53_BITS)) * _UNIT


@inlined
def below(now: Record, limit: int) -> Scalar:
    """Return a whole number from 0 to `limit` - 1."""
    return np.int64(uniform(now) * limit)


@inlined
def patience(now: Record, temperature: float) -> float:
    """Return by how much a change may worsen the plan: simulated annealing's draw."""
    return -temperature * math.log(uniform(now) + 1e-300)
