"""Which guesses of a box do its readings support?

First the guesses are moved: their covariance with what they predict, window by window, says which
way (one step of an ensemble smoother: Evensen and van Leeuwen 2000, Monthly Weather Review 128).
Then they live through the readings again and are weighed by how little they miss, with a
heavy-tailed distribution: a lid was opened, packs lie unevenly.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.rules.thermal import (
    PARAMETERS,
    STEP_S,
    Ensemble,
    Floats,
    Prior,
    draw_ensemble,
    live_through,
    standard_draws,
)

# Windows of readings, from which minute to which before now. Their predicted means are compared.
_WINDOWS_MIN: Final = (0, 20, 40, 60, 120, 240, 480)
_WINDOWS: Final = len(_WINDOWS_MIN) - 1
_MODEL_ERROR_C: Final = 0.3
_NO_READINGS_C: Final = 100.0

_MISS_C: Final = np.float32(0.3)
_MISS_WEIGHT: Final = np.float32(0.4)
_MISS_SMOOTHING: Final = np.float32(0.45)
# Old readings say less of a box that has changed since: half as much after two hours.
_FORGET: Final = np.float32(0.94)

_DRAWS: Final = standard_draws(PARAMETERS + _WINDOWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What boxes lived through, in steps of `STEP_S`, the oldest first; (boxes, steps)."""

    logger_c: Floats  # nan: no reading
    ambient_c: Floats
    begun: npt.NDArray[np.intp]  # (steps,): how many boxes, from the first, had been packed


@dataclass(slots=True, kw_only=True)
class Belief:
    """The guesses as of now, their weights, and what each missed of the last readings."""

    ensemble: Ensemble
    weights: Floats
    missed_c: Floats


def believe(prior: Prior, past: Past) -> Belief:
    """Return what the readings leave of the guesses."""
    moved = _move(_DRAWS[:PARAMETERS], prior, past)
    ensemble = draw_ensemble(prior, moved)
    log_weight = np.zeros_like(ensemble.wall)
    missed_c = np.zeros_like(ensemble.wall)
    for k, boxes, predicted_c in live_through(ensemble, past.ambient_c, past.begun):
        miss_c = past.logger_c[:boxes, k, None] - predicted_c
        known = np.isfinite(past.logger_c[:boxes, k, None])
        miss_c[~known[:, 0]] = 0
        log_weight[:boxes] *= np.where(known, _FORGET, np.float32(1))
        log_weight[:boxes] -= _MISS_WEIGHT * np.log1p((miss_c / (2 * _MISS_C)) ** 2)
        smoothing = np.where(known, _MISS_SMOOTHING, np.float32(0))
        missed_c[:boxes] += smoothing * (miss_c - missed_c[:boxes])
    raw = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weights = raw / raw.sum(axis=1, keepdims=True)
    return Belief(ensemble=ensemble, weights=weights, missed_c=missed_c)


def _move(normal: Floats, prior: Prior, past: Past) -> Floats:
    """Return the draws (parameters, boxes, draws), moved towards what the readings say."""
    predicted_c, seen_c = _window_means(draw_ensemble(prior, normal), past)
    known = np.isfinite(seen_c)
    anomaly = predicted_c - predicted_c.mean(axis=2, keepdims=True)
    noise = np.float32(_MODEL_ERROR_C) * _DRAWS[PARAMETERS:].transpose(1, 0, 2)
    miss_c = np.where(known[:, :, None], seen_c[:, :, None] + noise - predicted_c, 0)
    error_c = np.where(known, _MODEL_ERROR_C, _NO_READINGS_C)
    draws = normal.shape[2]
    covariance = anomaly @ anomaly.transpose(0, 2, 1) / draws
    covariance += np.eye(_WINDOWS, dtype=np.float32) * (error_c**2)[:, None, :]
    centred = (normal - normal.mean(axis=2, keepdims=True))[:, 0]
    cross = centred @ anomaly.transpose(0, 2, 1) / draws
    shift = cross @ np.linalg.solve(covariance, miss_c)
    return np.ascontiguousarray((normal[:, 0] + shift).transpose(1, 0, 2), np.float32)


def _window_means(ensemble: Ensemble, past: Past) -> tuple[Floats, Floats]:
    """Return means in each window: predicted (boxes, windows, draws), seen (boxes, windows).

    Predicted means take in only steps with a reading; a window without any is nan in `seen`.
    """
    steps = past.logger_c.shape[1]
    age_min = (steps - 1 - np.arange(steps)) * STEP_S / 60
    window = np.searchsorted(_WINDOWS_MIN, age_min, side="right") - 1
    window = np.minimum(window, _WINDOWS - 1)
    known = np.isfinite(past.logger_c)
    predicted_c = np.zeros((_WINDOWS, *ensemble.wall.shape), np.float32)
    for k, boxes, shown_c in live_through(ensemble, past.ambient_c, past.begun):
        predicted_c[window[k], :boxes] += shown_c * known[:boxes, k, None]
    member = (window[:, None] == np.arange(_WINDOWS)).astype(np.float32)
    count = known.astype(np.float32) @ member
    seen_c = np.nan_to_num(past.logger_c) @ member / np.where(count > 0, count, np.nan)
    predicted_c /= np.maximum(count, 1).T[:, :, None]
    return predicted_c.transpose(1, 0, 2), seen_c
