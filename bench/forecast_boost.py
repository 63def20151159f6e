"""Which trees turn signs into hazards?

Gradient boosting with Newton steps (Chen and Guestrin 2016, "XGBoost", eq. 5 to 7) of symmetric
trees (Prokhorenkova et al. 2018, "CatBoost"), on discrete hazards (Tutz and Schmid 2016, "Modeling
Discrete Time-to-Event Data", ch. 3): one binary outcome for each stretch that a box entered, so
that a box whose journey ended early counts for as long as it was seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.rules.forecast_trees import Trees

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Bins = npt.NDArray[np.intp]

BINS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to grow."""

    trees: int = 300
    depth: int = 5
    rate: float = 0.14
    ridge: float = 10.0  # readings of one box are alike: its samples weigh less than they are many
    rows: float = 0.3  # share that each tree is shown
    signs: float = 0.3


def outcomes(
    leaves_min: npt.NDArray[np.float64],
    ends_min: npt.NDArray[np.float64],
    stretches_min: npt.NDArray[np.float64],
) -> tuple[Bools, Bools]:
    """Return (left, seen), (samples, stretches): it left in a stretch, was seen through it."""
    begins = np.concatenate(([0.0], stretches_min[:-1]))
    leaves, ends = leaves_min[:, None], ends_min[:, None]
    left = (leaves > begins) & (leaves <= stretches_min)
    left[:, 0] |= leaves_min <= 0
    lasted = np.isinf(leaves) & (ends >= stretches_min)
    return left, left | ((leaves > stretches_min) & np.isfinite(leaves)) | lasted


def thresholds(signs: Floats) -> Floats:
    """Return each sign's thresholds (signs, BINS - 1): its quantiles."""
    at = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.quantile(signs, at, axis=0).T.astype(np.float32)


def grow(
    signs: Floats,
    left: Bools,
    seen: Bools,
    *,
    recipe: Recipe,
    random: np.random.Generator,
    progress: Callable[[int], None] = lambda _: None,
) -> Trees:
    """Return trees fitted to (samples, signs) and outcomes (samples, stretches)."""
    cuts = thresholds(signs)
    binned = np.stack(
        [np.searchsorted(cuts[j], signs[:, j], side="left") for j in range(signs.shape[1])]
    )
    rate = left.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    base = np.log(rate / (1 - rate)).astype(np.float32)
    logits = np.repeat(base[None, :], len(signs), axis=0)
    grown: list[tuple[list[int], list[float], Floats]] = []
    for tree in range(recipe.trees):
        chance = 1 / (1 + np.exp(-logits))
        slope = np.where(seen, chance - left, 0).astype(np.float32)
        bend = np.where(seen, chance * (1 - chance), 0).astype(np.float32)
        rows = np.flatnonzero(random.random(len(signs)) < recipe.rows)
        asked = _questions(binned[:, rows], slope[rows], bend[rows], recipe, random)
        leaf = _leaf_of(binned, asked)
        leaves = _leaves(leaf, slope, bend, recipe)
        logits += leaves[leaf]
        grown.append(([j for j, _ in asked], [float(cuts[j, b]) for j, b in asked], leaves))
        progress(tree)
    return Trees(
        sign=np.array([signs_ for signs_, _, _ in grown], np.intp),
        threshold=np.array([at for _, at, _ in grown], np.float32),
        leaves=np.array([leaves for _, _, leaves in grown], np.float32),
        base=base,
    )


def _leaf_of(binned: Bins, asked: list[tuple[int, int]]) -> Bins:
    leaf = np.zeros(binned.shape[1], np.intp)
    for level, (sign, cut) in enumerate(asked):
        leaf += (binned[sign] > cut).astype(np.intp) << level
    return leaf


def _leaves(leaf: Bins, slope: Floats, bend: Floats, recipe: Recipe) -> Floats:
    size = 1 << recipe.depth
    down = np.stack([np.bincount(leaf, column, size) for column in slope.T], axis=1)
    curve = np.stack([np.bincount(leaf, column, size) for column in bend.T], axis=1)
    return (-recipe.rate * down / (curve + recipe.ridge)).astype(np.float32)


def _in_groups(columns: Floats) -> list[Floats]:
    """Return neighbouring stretches added up: enough to choose a question by, and faster."""
    groups = np.array_split(np.arange(columns.shape[1]), 5)
    return [columns[:, group].sum(axis=1) for group in groups]


def _questions(
    binned: Bins, slope: Floats, bend: Floats, recipe: Recipe, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Return the questions of one tree, one a level: the sign and the number of its threshold."""
    slopes, bends = _in_groups(slope), _in_groups(bend)
    count = max(1, round(recipe.signs * len(binned)))
    tried = np.sort(random.choice(len(binned), count, replace=False))
    leaf = np.zeros(binned.shape[1], np.intp)
    asked: list[tuple[int, int]] = []
    for level in range(recipe.depth):
        gains = [_gains(leaf, binned[j], (slopes, bends), 1 << level, recipe.ridge) for j in tried]
        best = int(np.argmax([gain.max() for gain in gains]))
        sign, cut = int(tried[best]), int(np.argmax(gains[best]))
        asked.append((sign, cut))
        leaf += (binned[sign] > cut).astype(np.intp) << level
    return asked


def _gains(
    leaf: Bins, bins: Bins, sums: tuple[list[Floats], list[Floats]], nodes: int, ridge: float
) -> npt.NDArray[np.float64]:
    """Return what each threshold of one sign gains, over all nodes of the level."""
    cell = leaf * BINS + bins
    total = np.zeros(BINS - 1)
    for slope, bend in zip(*sums, strict=True):
        down = np.bincount(cell, slope, nodes * BINS).reshape(nodes, BINS).cumsum(axis=1)
        curve = np.bincount(cell, bend, nodes * BINS).reshape(nodes, BINS).cumsum(axis=1)
        below = down[:, :-1] ** 2 / (curve[:, :-1] + ridge)
        above = (down[:, -1:] - down[:, :-1]) ** 2 / (curve[:, -1:] - curve[:, :-1] + ridge)
        total += (below + above).sum(axis=0)
    return total
