"""What do the records say of many boxes at one moment?

Records become columns of five minutes for the slopes and of ten for the ensemble, all ending now;
boxes go through in chunks, those with the longest past first, so that none waits for another's.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gateway.rules.forecast_grid import STEP_MS, hold_last, step_means
from gateway.rules.forecast_prior import known_of, prior_of, typical_ambient_c
from gateway.rules.forecast_record import BoxRecord
from gateway.rules.forecast_signs import Study, inside_of, level_c
from gateway.rules.thermal import STEP_S, look_ahead
from gateway.rules.thermal_smoother import Past, believe

Floats = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.intp]

# A box is followed over its last 8 hours; what it spent before is only counted.
MAX_STEPS: Final = 96
# The oldest reading that a sign asks for: a box's signs must not depend on its company in a chunk.
_MIN_STEPS: Final = 30
_CHUNK: Final = 256
_JOINED: Final = round(STEP_S * 1000) // STEP_MS  # columns that make one step of the ensemble


def studies_of(boxes: Sequence[BoxRecord], *, now_ms: int) -> Iterator[tuple[Indices, Study]]:
    """Yield indices of boxes and what is to be said of them, for those of which enough is known."""
    steps = np.array([_steps_since_packing(box, now_ms) for box in boxes], np.intp)
    lasting = [i for i in np.argsort(-steps, kind="stable").tolist() if _is_limited(boxes[i])]
    for begin in range(0, len(lasting), _CHUNK):
        chunk = np.array(lasting[begin : begin + _CHUNK], np.intp)
        columns = _logger_columns([boxes[i] for i in chunk], steps[chunk], now_ms)
        enough = _enough(columns)
        if enough.any():
            chunk, columns = chunk[enough], columns[enough]
            yield chunk, _study([boxes[i] for i in chunk], columns, steps[chunk], now_ms)


def _steps_since_packing(box: BoxRecord, now_ms: int) -> int:
    return max(0, -((box.packed_at_ms - now_ms) // STEP_MS))


def _is_limited(box: BoxRecord) -> bool:
    return box.lower_c is not None or box.upper_c is not None


def _logger_columns(boxes: Sequence[BoxRecord], steps: Indices, now_ms: int) -> Floats:
    """Return the loggers' columns of five minutes, without what was measured before packing."""
    longest = max(_MIN_STEPS, min(MAX_STEPS, int(steps.max())))
    width = -(-longest // _JOINED) * _JOINED
    columns = step_means(
        [(box.at_ms, box.temperature_c) for box in boxes], now_ms=now_ms, steps=width
    )
    return np.where(np.arange(width) >= (width - steps)[:, None], columns, np.nan)


def _enough(columns: Floats) -> npt.NDArray[np.bool_]:
    known = np.isfinite(columns)
    enough: npt.NDArray[np.bool_] = (known.sum(axis=1) >= 2) & known[:, -6:].any(axis=1)
    return enough


def _study(boxes: Sequence[BoxRecord], columns: Floats, steps: Indices, now_ms: int) -> Study:
    width = columns.shape[1]
    measured_c = step_means(
        [(box.ambient_at_ms, box.ambient_c) for box in boxes], now_ms=now_ms, steps=width
    )
    followed = np.minimum(steps, width)
    measured_c, logger_c = hold_last(measured_c), hold_last(columns)
    ambient_c = typical_ambient_c(measured_c)
    limits_c = _limits_c(boxes)
    known = known_of(boxes)
    at_first = (np.arange(len(boxes)), width - followed)
    prior = prior_of(
        known,
        limits_c=limits_c,
        logger_c=logger_c[at_first],
        ambient_c=measured_c[at_first],
        earlier_s=(steps - followed) * STEP_MS / 1000,
    )
    belief = believe(prior, _past(columns, ambient_c, followed))
    lately_c = ambient_c[:, -12:].mean(axis=1).astype(np.float32)
    inside = inside_of(belief, lately_c)  # before looking ahead uses up the guesses' state
    outlook = look_ahead(
        belief.ensemble, belief.weights, belief.missed_c, lately_c, limits_c.astype(np.float32)
    )
    return Study(
        logger_c=logger_c,
        ambient_c=ambient_c,
        steps=followed,
        limits_c=limits_c,
        ambient_known=np.isfinite(measured_c[:, -1]),
        known=known,
        inside=inside,
        outlook=outlook,
        level_c=level_c(logger_c),
        out=_is_out(columns[:, -2:], limits_c),
    )


def _limits_c(boxes: Sequence[BoxRecord]) -> Floats:
    """Return (2, boxes): the lower and upper limits, infinite where there is none."""
    lower = [-math.inf if box.lower_c is None else box.lower_c for box in boxes]
    upper = [math.inf if box.upper_c is None else box.upper_c for box in boxes]
    return np.array([lower, upper])


def _is_out(last_c: Floats, limits_c: Floats) -> npt.NDArray[np.bool_]:
    """Say which boxes were beyond a limit in both of the last two steps (nan: not known to be)."""
    above = last_c > limits_c[1][:, None]
    below = last_c < limits_c[0][:, None]
    out: npt.NDArray[np.bool_] = above.all(axis=1) | below.all(axis=1)
    return out


def _past(columns: Floats, ambient_c: Floats, steps: Indices) -> Past:
    """Return the columns joined to the ensemble's steps; boxes stand by falling `steps`."""
    shape = (len(columns), -1, _JOINED)
    pairs = columns.reshape(shape)
    count = np.isfinite(pairs).sum(axis=2)
    logger_c = np.nan_to_num(pairs).sum(axis=2) / np.where(count > 0, count, np.nan)
    joined = logger_c.shape[1]
    begun = -(-steps // _JOINED)[:, None] >= np.arange(joined, 0, -1)
    return Past(
        logger_c=logger_c.astype(np.float32),
        ambient_c=ambient_c.reshape(shape).mean(axis=2).astype(np.float32),
        begun=begun.sum(axis=0),
    )
