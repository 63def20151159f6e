"""How long will a box stay in its zone?

`thermal` follows each box by many guesses of what it is made of; how far such guesses can be trusted
was learned on simulated boxes (`forecast_model.json`, by `python -m bench.forecast_fit`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from gateway.rules.forecast_grid import STEP_MS, hold_last, step_means
from gateway.rules.forecast_prior import prior_of, typical_ambient_c
from gateway.rules.forecast_record import BoxRecord, Float64s, PackKind, Packing
from gateway.rules.thermal import (
    AHEAD_ENDS_S,
    Belief,
    Floats,
    Outlook,
    draw_ensemble,
    follow,
    look_ahead,
)

__all__ = ["BoxRecord", "HoldForecast", "LeavesIn", "PackKind", "Packing", "forecast_boxes"]

ALERT_CHANCE: Final = 0.37
# A box is followed over its last 8 hours at most; before, only its energy is counted.
MAX_STEPS: Final = 96
_CHUNK: Final = 64


class LeavesIn(NamedTuple):
    """Quantiles of the time in seconds until a box leaves its zone; infinite beyond 7 hours."""

    q10: float
    q50: float
    q90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldForecast:
    """When a box will leave its zone: eight times in ten between `q10` and `q90`.

    A box that is out already has 0 s and
    chance 1. `at_risk`: a warning is due, the same for the same readings and moment.
    """

    made_at_ms: int
    leaves_in_s: LeavesIn
    chance_within_40_min: float
    at_risk: bool
    side: Literal["upper", "lower"] | None


def forecast_boxes(boxes: Sequence[BoxRecord], *, now_ms: int) -> list[HoldForecast | None]:
    """Return a forecast for each box, in their order.

    None where there is too little to say: fewer than two five-minute steps with readings since
    packing, none in the last 30 minutes, or no limit on either side.
    """
    answers: list[HoldForecast | None] = [None] * len(boxes)
    steps = [_steps_since_packing(box, now_ms) for box in boxes]
    fit = [i for i, box in enumerate(boxes) if steps[i] >= 2 and _has_limit(box)]
    fit.sort(key=lambda i: -steps[i])
    for begin in range(0, len(fit), _CHUNK):
        chunk = fit[begin : begin + _CHUNK]
        found = _forecast_chunk([boxes[i] for i in chunk], [steps[i] for i in chunk], now_ms)
        for i, forecast in zip(chunk, found, strict=True):
            answers[i] = forecast
    return answers


def _has_limit(box: BoxRecord) -> bool:
    return box.lower_c is not None or box.upper_c is not None


def _steps_since_packing(box: BoxRecord, now_ms: int) -> int:
    return min(MAX_STEPS, -((box.packed_at_ms - now_ms) // STEP_MS))


def _forecast_chunk(
    boxes: Sequence[BoxRecord], steps: Sequence[int], now_ms: int
) -> list[HoldForecast | None]:
    width = steps[0]
    logger_c, counts = step_means(
        [(b.at_ms, b.temperature_c) for b in boxes], now_ms=now_ms, steps=width
    )
    begun = (np.array(steps)[:, None] >= np.arange(width, 0, -1)).sum(axis=0)
    logger_c = np.where(np.arange(width) >= width - np.array(steps)[:, None], logger_c, np.nan)
    ambient_c, _ = step_means(
        [(b.ambient_at_ms, b.ambient_c) for b in boxes], now_ms=now_ms, steps=width
    )
    ambient_c = typical_ambient_c(hold_last(ambient_c))
    enough = (np.isfinite(logger_c).sum(axis=1) >= 2) & np.isfinite(logger_c[:, -6:]).any(axis=1)
    first_c = np.nan_to_num(hold_last(logger_c)[:, 0])
    prior = prior_of(
        boxes, logger_c=first_c.astype(np.float32), spent_k_s=np.zeros(len(boxes), np.float32)
    )
    belief = Belief.before_readings(draw_ensemble(prior))
    logger_c, ambient_c = logger_c.astype(np.float32), ambient_c.astype(np.float32)
    follow(belief, logger_c, ambient_c, begun)
    lower = np.array([-math.inf if b.lower_c is None else b.lower_c for b in boxes], np.float32)
    upper = np.array([math.inf if b.upper_c is None else b.upper_c for b in boxes], np.float32)
    outlook = look_ahead(belief, ambient_c[:, -12:].mean(axis=1), lower, upper)
    return [_forecast(outlook, i, now_ms) if enough[i] else None for i in range(len(boxes))]


def _forecast(outlook: Outlook, i: int, now_ms: int) -> HoldForecast:
    left = outlook.left[i]
    chance = float(left[8])
    upper = outlook.left_upper[i, -1] * 2 >= left[-1]
    return HoldForecast(
        made_at_ms=now_ms,
        leaves_in_s=LeavesIn(*(_quantile_s(left, q) for q in (0.1, 0.5, 0.9))),
        chance_within_40_min=chance,
        at_risk=chance >= ALERT_CHANCE,
        side=None if left[-1] == 0 else "upper" if upper else "lower",
    )


def _quantile_s(left: Floats, q: float) -> float:
    index = int(np.searchsorted(left, q))
    if index >= len(left):
        return math.inf
    return float(AHEAD_ENDS_S[index - 1]) if index else 0.0
