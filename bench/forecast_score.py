"""How good were the forecasts?

Coverage with boxes that never left: such a box counts for the part of the interval's chance that
lies beyond the end of its journey, given that it lasted until then (Haider et al. 2020, "Effective
Ways to Build and Evaluate Individual Survival Distributions", JMLR 21, section 3.5).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.boxes import Journey

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

HORIZON_MIN: Final = 420.0
# Bins of the predicted median, in minutes.
BIN_ENDS_MIN: Final = (30.0, 60.0, 120.0, 240.0, HORIZON_MIN, math.inf)
EARLY_MIN: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One forecast of each box, at a random moment; all (boxes,)."""

    low_min: Floats
    median_min: Floats
    high_min: Floats
    chance_at_end: Floats  # to have left by the end of the journey, as forecast
    leaves_min: Floats
    ends_min: Floats
    line_min: Floats
    tail: float  # the chance that the forecast gives to either side of its interval


def coverage_of(scored: Scored) -> Floats:
    """Return how much each interval held: 0 or 1, or a part for a box that never left."""
    left = (scored.low_min <= scored.leaves_min) & (scored.leaves_min <= scored.high_min)
    lasted = np.minimum(scored.chance_at_end, 1 - scored.tail)
    beyond = (1 - scored.tail - np.maximum(lasted, scored.tail)) / (1 - lasted)
    return np.where(np.isinf(scored.leaves_min), beyond, left)


def coverage_by_bin(scored: Scored) -> dict[str, float]:
    """Return the mean coverage in each bin of the predicted median, and over all."""
    coverage = coverage_of(scored)
    found = {}
    begin = 0.0
    for end in BIN_ENDS_MIN:
        inside = (scored.median_min >= begin) & (scored.median_min < end)
        if math.isinf(end):
            inside = scored.median_min >= begin
        found[bin_name(begin, end)] = float(coverage[inside].mean()) if inside.any() else math.nan
        begin = end
    return found | {"all": float(coverage.mean())}


def boxes_by_bin(scored: Scored) -> dict[str, int]:
    """Return how many forecasts are in each bin."""
    begins = (0.0, *BIN_ENDS_MIN[:-1])
    number = np.searchsorted(begins, scored.median_min, side="right") - 1
    names = [bin_name(*pair) for pair in zip(begins, BIN_ENDS_MIN, strict=True)]
    return {name: int((number == i).sum()) for i, name in enumerate(names)}


def bin_name(begin_min: float, end_min: float) -> str:
    """Return `30-60 min`, or `> 420 min`."""
    return f"> {begin_min:g} min" if math.isinf(end_min) else f"{begin_min:g}-{end_min:g} min"


def width_ratio(scored: Scored) -> float:
    """Return the mean width of the intervals over that of the line's, at equal coverage."""
    low, high = (np.minimum(side, HORIZON_MIN) for side in (scored.low_min, scored.high_min))
    share = covered(low, high, scored.leaves_min, scored.ends_min).mean()
    line_low, line_high = narrowest(
        scored.line_min, scored.leaves_min, scored.ends_min, coverage=float(share)
    )
    return float((high - low).mean() / (line_high - line_low).mean())


def narrowest(
    line_min: Floats, leaves_min: Floats, ends_min: Floats, *, coverage: float
) -> tuple[Floats, Floats]:
    """Return the line's intervals that cover this share of the boxes with the least mean width."""
    best: tuple[float, Floats, Floats] | None = None
    for share in np.linspace(0.0, 1.0, 41):
        low_min = share * line_min
        for multiple in np.geomspace(1.0, 400.0, 61):
            high_min = np.minimum(multiple * line_min, HORIZON_MIN)
            if covered(low_min, high_min, leaves_min, ends_min).mean() >= coverage:
                width = float((high_min - low_min).mean())
                if best is None or width < best[0]:
                    best = (width, low_min, high_min)
                break
    if best is None:
        raise ValueError(f"no multiple of the line covers {coverage:.0%} of the boxes")
    return best[1], best[2]


def covered(
    low_min: Floats, high_min: Floats, leaves_min: Floats, ends_min: Floats
) -> npt.NDArray[np.bool_]:
    """Say which intervals, cut at HORIZON_MIN, hold what happened.

    A box that left: in it, or beyond the horizon if the interval reaches that. One that never left:
    the interval does not end before its journey did.
    """
    reaches = high_min >= HORIZON_MIN
    left = (low_min <= leaves_min) & ((leaves_min <= high_min) | reaches)
    never = np.isinf(leaves_min)
    return np.where(never, (high_min >= ends_min) | reaches, left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Shares of boxes that were warned of."""

    early: float  # of the gradual excursions, at least EARLY_MIN before
    early_any: float  # of all excursions
    false: float  # of the boxes that never leave, ever
    false_near: float  # of those among them that came near the limit
    median_lead_min: float  # of the gradual excursions that were warned of


def warned_shares(journeys: Sequence[Journey], first_warning_ms: Sequence[int | None]) -> Warned:
    """Return the shares, given when each box was first called at risk."""
    lead_min = np.array(
        [
            -math.inf if at is None or j.leaves_ms is None else (j.leaves_ms - at) / 60e3
            for j, at in zip(journeys, first_warning_ms, strict=True)
        ]
    )
    ever = np.array([at is not None for at in first_warning_ms])
    leaves = np.array([j.leaves_ms is not None for j in journeys])
    gradual = np.array([j.gradual for j in journeys])
    near = np.array([j.near for j in journeys])
    early = lead_min >= EARLY_MIN
    return Warned(
        early=float(early[gradual].mean()),
        early_any=float(early[leaves].mean()),
        false=float(ever[~leaves].mean()),
        false_near=float(ever[near].mean()),
        median_lead_min=float(np.median(lead_min[gradual & ever])),
    )
