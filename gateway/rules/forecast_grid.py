"""How do readings at any times become columns of five minutes, ending now?"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

STEP_MS: Final = 300_000


def in_order(at_ms: Int64s, values: Float64s) -> tuple[Int64s, Float64s]:
    """Return readings in order of time, each time once (the smallest value, if they differ)."""
    if len(at_ms) < 2 or bool((np.diff(at_ms) > 0).all()):
        return at_ms, values
    order = np.lexsort((values, at_ms))
    at_ms, values = at_ms[order], values[order]
    first = np.concatenate(([True], np.diff(at_ms) > 0))
    return at_ms[first], values[first]


def step_means(
    curves: Sequence[tuple[Int64s, Float64s]], *, now_ms: int, steps: int
) -> tuple[Float64s, Int64s]:
    """Return each curve's mean in each of the last `steps` steps, and how many readings it had.

    Both (curves, steps), the oldest step first; the last ends at `now_ms`, which belongs to it. A
    step without readings is nan. Readings after `now_ms` are ignored.
    """
    tidy = [in_order(at_ms, values) for at_ms, values in curves]
    lengths = [len(at_ms) for at_ms, _ in tidy]
    curve = np.repeat(np.arange(len(tidy)), lengths)
    age = (now_ms - np.concatenate([at_ms for at_ms, _ in tidy])) // STEP_MS
    values = np.concatenate([values for _, values in tidy])
    kept = (age >= 0) & (age < steps) & np.isfinite(values)
    cell = curve[kept] * steps + (steps - 1 - age[kept])
    shape = (len(tidy), steps)
    counts = np.bincount(cell, minlength=shape[0] * steps).reshape(shape)
    sums = np.bincount(cell, values[kept], minlength=shape[0] * steps).reshape(shape)
    return sums / np.where(counts > 0, counts, np.nan), counts


def hold_last(columns: Float64s) -> Float64s:
    """Return columns (rows, steps) with each gap filled by the value before it.

    Before the first value, by the first value; a row of gaps stays nan.
    """
    known = np.isfinite(columns)
    first = np.argmax(known, axis=1)
    index = np.where(known, np.arange(columns.shape[1]), first[:, None])
    index = np.maximum.accumulate(np.maximum(index, first[:, None]), axis=1)
    return np.take_along_axis(columns, index, axis=1)
