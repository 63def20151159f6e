"""How do readings at any times become columns of five minutes, ending now?"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]

STEP_MS: Final = 300_000


def in_order(at_ms: Int64s, values: Floats) -> tuple[Int64s, Floats]:
    """Return readings in order of time, each time once (the smallest value, if they differ)."""
    order = np.lexsort((values, at_ms))
    at_ms, values = at_ms[order], values[order]
    first = np.concatenate(([True], np.diff(at_ms) > 0))
    return at_ms[first], values[first]


def step_means(curves: Sequence[tuple[Int64s, Floats]], *, now_ms: int, steps: int) -> Floats:
    """Return each curve's mean in each of the last `steps` steps, the oldest first.

    (curves, steps); the last step ends at `now_ms`, which belongs to it. A step without readings is
    nan. Readings after `now_ms` are ignored.
    """
    curve, at_ms, values = _joined(curves)
    rises = (np.diff(at_ms) > 0) | (np.diff(curve) > 0)
    if not rises.all():
        curve, at_ms, values = _joined([in_order(*pair) for pair in curves])
    age = (now_ms - at_ms) // STEP_MS
    kept = (age >= 0) & (age < steps) & np.isfinite(values)
    cell = curve[kept] * steps + (steps - 1 - age[kept])
    size = len(curves) * steps
    counts = np.bincount(cell, minlength=size)
    sums = np.bincount(cell, values[kept], minlength=size)
    means: Floats = sums / np.where(counts > 0, counts, np.nan)
    return means.reshape(len(curves), steps)


def _joined(
    curves: Sequence[tuple[Int64s, Floats]],
) -> tuple[npt.NDArray[np.intp], Int64s, Floats]:
    """Return all readings in three columns: which curve, when, what."""
    curve = np.repeat(np.arange(len(curves)), [len(at_ms) for at_ms, _ in curves])
    at_ms = np.concatenate([at_ms for at_ms, _ in curves])
    return curve, at_ms, np.concatenate([values for _, values in curves])


def hold_last(columns: Floats) -> Floats:
    """Return columns (rows, steps) with each gap filled by the value before it.

    Before the first value, by the first value; a row of gaps stays nan.
    """
    known = np.isfinite(columns)
    first = np.argmax(known, axis=1)
    index = np.where(known, np.arange(columns.shape[1]), first[:, None])
    index = np.maximum.accumulate(np.maximum(index, first[:, None]), axis=1)
    return np.take_along_axis(columns, index, axis=1)
