"""How long will a box stay in its zone?

`thermal` follows each box by many guesses of what it is made of. What they expect, and what else
can be read from the curve, are signs; trees fitted to simulated boxes turn signs into chances
(`forecast_model.json`, written by `python -m bench.forecast_fit`; docs/forecast.md says how good
they are). A forecast depends on the record and the moment alone, never on an earlier forecast.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from gateway.rules.forecast_record import BoxRecord, Packing, PackKind
from gateway.rules.forecast_signs import SIGNS, signs_of, towards
from gateway.rules.forecast_study import studies_of
from gateway.rules.forecast_trees import Trees, chance_by_stretch

__all__ = ["BoxRecord", "HoldForecast", "LeavesIn", "PackKind", "Packing", "forecast_boxes"]

Floats = npt.NDArray[np.floating[Any]]

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

    A box that has been out for its last two five-minute steps has 0 s and chance 1. `at_risk` says
    that a warning is due: a high chance to leave before it is opened, now and five minutes ago.
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
    ends_min: Floats
    tail: float  # chance below the interval, and above it, that makes it hold eight times in ten
    warn_chance: float
    warn_within_min: float

    @property
    def levels(self) -> tuple[float, float, float]:
        """The chances at which the interval begins, its middle, and its end."""
        return self.tail, 0.5, 1 - self.tail

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
            tail=raw["tail"],
            warn_chance=raw["warn_chance"],
            warn_within_min=raw["warn_within_min"],
        )


@cache
def fitted_model() -> Model:
    """Return the model that is part of the package."""
    return Model.from_json(_MODEL.read_text())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Signs of the boxes at `which`, of which enough is known."""

    which: npt.NDArray[np.intp]
    signs: Floats  # (boxes, signs)
    side: Floats  # 1: the upper limit is threatened, -1: the lower
    out: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Chances of the boxes of which enough is known."""

    found: Signs
    chance: Floats  # (boxes, ends): to have left by each of the model's ends
    warning: Floats  # (boxes,): to leave soon, and before the box is opened


def forecast_boxes(boxes: Sequence[BoxRecord], *, now_ms: int) -> list[HoldForecast | None]:
    """Return a forecast for each box, in their order.

    None where there is too little to say: no limit, fewer than two five-minute steps with readings
    since packing, or none in the last 30 minutes.
    """
    model = fitted_model()
    answers: list[HoldForecast | None] = [None] * len(boxes)
    curves = curves_of(boxes, now_ms=now_ms, model=model)
    warned = _warned_twice(boxes, curves, now_ms, model)
    chance = np.where(curves.found.out[:, None], 1.0, curves.chance)
    soon = chance_within(chance, model.ends_min, _WITHIN_MIN)
    leaves_min = quantiles_min(chance, model.ends_min, model.levels)
    leaves_in_s = np.where(curves.found.out, 0.0, 60 * leaves_min)
    for row, i in enumerate(curves.found.which.tolist()):
        answers[i] = HoldForecast(
            made_at_ms=now_ms,
            leaves_in_s=LeavesIn(*leaves_in_s[:, row].tolist()),
            chance_within_40_min=float(soon[row]),
            at_risk=i in warned,
            side="upper" if curves.found.side[row] > 0 else "lower",
        )
    return answers


def _warned_twice(
    boxes: Sequence[BoxRecord], curves: Curves, now_ms: int, model: Model
) -> set[int]:
    """Return which boxes call for a warning now, and did five minutes ago."""
    now = curves.found.which[curves.warning >= model.warn_chance]
    before = curves_of([boxes[i] for i in now], now_ms=now_ms - _BETWEEN_MS, model=model)
    return set(now[before.found.which[before.warning >= model.warn_chance]].tolist())


def curves_of(boxes: Sequence[BoxRecord], *, now_ms: int, model: Model) -> Curves:
    """Return the chances of all boxes of which enough is known."""
    found = read_signs(boxes, now_ms=now_ms)
    chance = chance_by_stretch(model.trees.logits(found.signs)).astype(np.float64)
    due_min = np.array(
        [
            math.inf if (due := boxes[i].due_at_ms) is None else (due - now_ms) / 60e3
            for i in found.which
        ]
    )
    warning = warning_chance(chance, model.ends_min, due_min, within_min=model.warn_within_min)
    return Curves(found=found, chance=chance, warning=warning)


def read_signs(boxes: Sequence[BoxRecord], *, now_ms: int) -> Signs:
    """Return what the trees are asked by."""
    which = [np.empty(0, np.intp)]
    signs: list[Floats] = [np.empty((0, len(SIGNS)), np.float32)]
    side: list[Floats] = [np.empty(0)]
    out = [np.empty(0, np.bool_)]
    for chunk, study in studies_of(boxes, now_ms=now_ms):
        which.append(chunk)
        signs.append(signs_of(study))
        side.append(towards(study))
        out.append(study.out)
    return Signs(
        which=np.concatenate(which),
        signs=np.concatenate(signs),
        side=np.concatenate(side),
        out=np.concatenate(out),
    )


def chance_within(chance: Floats, ends_min: Floats, minutes: float) -> Floats:
    """Return the chance to have left within some minutes (boxes,), up to the last end."""
    end = min(int(np.searchsorted(ends_min, minutes)), len(ends_min) - 1)
    begin_min, before = (ends_min[end - 1], chance[:, end - 1]) if end else (0.0, 0.0)
    share = (minutes - begin_min) / (ends_min[end] - begin_min)
    within: Floats = before + share * (chance[:, end] - before)
    return within


def quantiles_min(chance: Floats, ends_min: Floats, levels: Sequence[float]) -> Floats:
    """Return the times (levels, boxes) when the chance reaches each level; linear between ends."""
    known = np.concatenate((np.zeros((len(chance), 1)), chance), axis=1)
    at_min = np.concatenate(([0.0], ends_min))
    rows = np.arange(len(chance))
    found = []
    for level in levels:
        end = (known < level).sum(axis=1)
        reached = end < len(at_min)
        end = np.clip(end, 1, len(ends_min))
        before, after = known[rows, end - 1], known[rows, end]
        share = (level - before) / np.where(reached, after - before, 1.0)
        at = at_min[end - 1] + share * (at_min[end] - at_min[end - 1])
        found.append(np.where(reached, at, np.inf))
    return np.stack(found)


def warning_chance(
    chance: Floats, ends_min: Floats, due_min: Floats, *, within_min: float
) -> Floats:
    """Return the chance to leave within so many minutes and before the box is opened, (boxes,).

    A box is opened when it is due, give or take 3 minutes and 8 % of the time until then: a
    logistic distribution, given that it is not open yet. The longer it is overdue, the longer it
    may still take: give or take twice that time. Not known when it is due (inf): never opened.
    """
    soon = ends_min <= within_min
    ends_min, chance = ends_min[soon], chance[:, soon]
    in_stretch = np.diff(chance, axis=1, prepend=0.0)
    middle_min = ends_min - np.diff(ends_min, prepend=0.0) / 2
    known_min = np.where(np.isinf(due_min), 0.0, due_min)
    width_min = 3 + np.maximum(0.08 * known_min, -2 * known_min)
    still = 1 / (1 + np.exp(1.702 * (middle_min - due_min[:, None]) / width_min[:, None]))
    at_all = 1 / (1 + np.exp(-1.702 * np.clip(due_min / width_min, -10, 10)))
    total: Floats = (in_stretch * np.minimum(still / at_all[:, None], 1)).sum(axis=1)
    return total
