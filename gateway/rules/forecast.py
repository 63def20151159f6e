"""How long will a box stay in its zone?

`thermal` follows each box by many guesses of what it is made of. What they expect, and what else can be
read from the curve, are signs; trees fitted to simulated boxes turn signs into chances
(`forecast_model.json`, written by `python -m bench.forecast_fit`; docs/forecast.md says how good they
are). A forecast depends on the record and the moment alone, never on an earlier forecast.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from gateway.rules.forecast_record import BoxRecord, PackKind, Packing
from gateway.rules.forecast_signs import SIGNS, signs_of, towards
from gateway.rules.forecast_study import studies_of
from gateway.rules.forecast_trees import Trees, chance_by_stretch

__all__ = ["BoxRecord", "HoldForecast", "LeavesIn", "PackKind", "Packing", "forecast_boxes"]

Float64s = npt.NDArray[np.float64]

_MODEL: Final = Path(__file__).with_name("forecast_model.json")
_BETWEEN_MS: Final = 300_000  # a warning needs two forecasts running, so far apart
_WITHIN_MIN: Final = 40


class LeavesIn(NamedTuple):
    """Quantiles of the time in seconds until a box leaves its zone; infinite beyond 7 hours."""

    q10: float
    q50: float
    q90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldForecast:
    """When a box will leave its zone for 10 minutes or more: eight times in ten from q10 to q90.

    A box that has been out for its last two five-minute steps has 0 s and chance 1. `at_risk` says that
    a warning is due: a high chance to leave before it is opened, now and five minutes ago.
    """

    made_at_ms: int
    leaves_in_s: LeavesIn
    chance_within_40_min: float
    at_risk: bool
    side: Literal["upper", "lower"]  # the limit that is threatened


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What was fitted: trees, the ends of the stretches they speak of, and when to warn."""

    trees: Trees
    ends_min: Float64s
    warn_chance: float
    warn_within_min: float

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a model; leaves and base are stored as thousandths."""
        raw = json.loads(text)
        if tuple(raw["signs"]) != tuple(SIGNS):
            raise ValueError("the forecast's model asks for other signs: run bench.forecast_fit")
        trees = Trees(
            sign=np.array(raw["sign"], np.intp),
            threshold=np.array(raw["threshold"], np.float32),
            leaves=np.array(raw["leaves"], np.float32) / 1000,
            base=np.array(raw["base"], np.float32) / 1000,
        )
        return cls(
            trees=trees,
            ends_min=np.array(raw["ends_min"], np.float64),
            warn_chance=raw["warn_chance"],
            warn_within_min=raw["warn_within_min"],
        )


@cache
def fitted_model() -> Model:
    """Return the model that is part of the package."""
    return Model.from_json(_MODEL.read_text())


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Chances to have left by each of the model's ends, (boxes, ends), for the boxes at `which`."""

    which: npt.NDArray[np.intp]
    chance: Float64s
    warning: Float64s  # chance to leave soon, and before the box is opened
    out: npt.NDArray[np.bool_]
    sign: Float64s


def forecast_boxes(boxes: Sequence[BoxRecord], *, now_ms: int) -> list[HoldForecast | None]:
    """Return a forecast for each box, in their order.

    None where there is too little to say: no limit, fewer than two five-minute steps with readings since
    packing, or none in the last 30 minutes.
    """
    model = fitted_model()
    answers: list[HoldForecast | None] = [None] * len(boxes)
    curves = curves_of(boxes, now_ms=now_ms, model=model)
    warned = _warned_twice(boxes, curves, now_ms, model)
    for row, i in enumerate(curves.which.tolist()):
        out = bool(curves.out[row])
        left = np.ones_like(model.ends_min) if out else curves.chance[row]
        answers[i] = HoldForecast(
            made_at_ms=now_ms,
            leaves_in_s=LeavesIn(0, 0, 0) if out else quantiles_s(left, model.ends_min),
            chance_within_40_min=float(np.interp(_WITHIN_MIN, model.ends_min, left)),
            at_risk=i in warned,
            side="upper" if curves.sign[row] > 0 else "lower",
        )
    return answers


def _warned_twice(
    boxes: Sequence[BoxRecord], curves: Curves, now_ms: int, model: Model
) -> set[int]:
    """Return which boxes call for a warning now, and did five minutes ago."""
    now = curves.which[curves.warning >= model.warn_chance]
    before = curves_of([boxes[i] for i in now], now_ms=now_ms - _BETWEEN_MS, model=model)
    return set(now[before.which[before.warning >= model.warn_chance]].tolist())


def curves_of(boxes: Sequence[BoxRecord], *, now_ms: int, model: Model) -> Curves:
    """Return the chances of all boxes of which enough is known."""
    which, signs, sign, out = read_signs(boxes, now_ms=now_ms)
    chance = chance_by_stretch(model.trees.logits(signs)).astype(np.float64)
    due_min = np.array(
        [math.inf if (due := boxes[i].due_at_ms) is None else (due - now_ms) / 60e3 for i in which]
    )
    warning = warning_chance(chance, model.ends_min, due_min, within_min=model.warn_within_min)
    return Curves(which=which, chance=chance, warning=warning, out=out, sign=sign)


def read_signs(
    boxes: Sequence[BoxRecord], *, now_ms: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32], Float64s, npt.NDArray[np.bool_]]:
    """Return which boxes enough is known of, and of those: signs, the threatened side, who is out."""
    which = [np.empty(0, np.intp)]
    signs = [np.empty((0, len(SIGNS)), np.float32)]
    sides = [np.empty(0)]
    out = [np.empty(0, np.bool_)]
    for chunk, study in studies_of(boxes, now_ms=now_ms):
        which.append(chunk)
        signs.append(signs_of(study))
        sides.append(towards(study))
        out.append(study.out)
    return (*map(np.concatenate, (which, signs, sides, out)),)


def quantiles_s(chance: Float64s, ends_min: Float64s) -> LeavesIn:
    """Return the quantiles of a time, given the chances to have left by each end."""
    known = np.concatenate(([0.0], chance))
    at_min = np.concatenate(([0.0], ends_min))
    found = []
    for q in (0.1, 0.5, 0.9):
        end = int(np.searchsorted(known, q))
        if end == len(known):
            found.append(math.inf)
            continue
        share = (q - known[end - 1]) / (known[end] - known[end - 1])
        found.append(60 * float(at_min[end - 1] + share * (at_min[end] - at_min[end - 1])))
    return LeavesIn(*found)


def warning_chance(
    chance: Float64s, ends_min: Float64s, due_min: Float64s, *, within_min: float
) -> Float64s:
    """Return the chance to leave within so many minutes and before the box is opened, (boxes,).

    A box is opened when it is due, give or take 4 minutes and a tenth of the time until then: a
    logistic distribution, given that it is not open yet. Not known when it is due (inf): never opened.
    """
    soon = ends_min <= within_min
    ends_min, chance = ends_min[soon], chance[:, soon]
    in_stretch = np.diff(chance, axis=1, prepend=0.0)
    middle_min = ends_min - np.diff(ends_min, prepend=0.0) / 2
    width_min = 4 + 0.1 * np.where(np.isinf(due_min), 0.0, np.maximum(due_min, 0))
    still = 1 / (1 + np.exp(1.702 * (middle_min - due_min[:, None]) / width_min[:, None]))
    at_all = 1 / (1 + np.exp(-1.702 * np.clip(due_min / width_min, -10, 10)))
    total: Float64s = (in_stretch * np.minimum(still / at_all[:, None], 1)).sum(axis=1)
    return total
