"""How likely does a box leave its zone in each stretch of time, given its signs?

A sum of small trees, fitted by `bench.forecast_boost`: each asks the same few questions of every
box ("is this sign above that threshold?"), and the answers choose a row of its leaves, one number a
stretch. Their sum is the logit of the hazard: the chance of leaving within the stretch, having
lasted so far.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Trees of equal depth.

    `sign` and `threshold` are (trees, depth), `leaves` (trees, 2^depth, stretches).
    """

    sign: npt.NDArray[np.intp]
    threshold: Floats
    leaves: Floats
    base: Floats  # (stretches,): the logit before any question

    def logits(self, signs: Floats) -> Floats:
        """Return the logit of each hazard (boxes, stretches), given signs (boxes, all signs)."""
        trees, depth = self.sign.shape
        answers = signs[:, self.sign.ravel()] > self.threshold.ravel()
        # Small whole numbers, exact in float32, whose product is much faster than of integers.
        bits = (1 << np.arange(depth)).astype(np.float32)
        leaf = (answers.reshape(-1, trees, depth).astype(np.float32) @ bits).astype(np.intp)
        rows = self.leaves.reshape(-1, self.leaves.shape[2])
        chosen = np.take(rows, leaf + np.arange(trees) * (1 << depth), axis=0)
        logits: Floats = self.base + np.einsum("btk->bk", chosen)
        return logits


def chance_by_stretch(logits: Floats) -> Floats:
    """Return the chance of having left by the end of each stretch; it never falls."""
    return 1 - np.cumprod(1 / (1 + np.exp(logits)), axis=1)
