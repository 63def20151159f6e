"""What is one logger's curve, when several gateways may have heard the same measurement?"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

# Two rows of one measurement: no gateway stamps it later than this after another one. Longer apart,
# an equal counter is another turn of the counter.
_SAME_MEASUREMENT_MS = 15 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Readings of one logger in order of time, columns of equal length n.

    `sequence` is -1 where the logger has no counter.
    """

    measured_at_ms: npt.NDArray[np.int64]
    temperature_c: npt.NDArray[np.float64]
    sequence: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.measured_at_ms)

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> "Curve":
        """Return the chosen rows (a mask of length n, or indices)."""
        return Curve(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def collapse_repeats(curve: Curve, *, counter_wrap: int) -> Curve:
    """Keep the first row of each measurement, where several gateways heard it.

    Equal counters within half the counter's wrap are one measurement. `counter_wrap` 0: the
    logger has no counter, and every row stays.
    """
    if counter_wrap <= 0 or len(curve) == 0:
        return curve
    counted = np.flatnonzero(curve.sequence >= 0)
    turns = _unwrap(curve.sequence[counted], counter_wrap)
    order = np.lexsort((curve.measured_at_ms[counted], turns))
    at = curve.measured_at_ms[counted][order]
    repeated = np.zeros(len(counted), dtype=np.bool_)
    repeated[order[1:]] = (np.diff(turns[order]) == 0) & (np.diff(at) <= _SAME_MEASUREMENT_MS)
    kept = np.ones(len(curve), dtype=np.bool_)
    kept[counted[repeated]] = False
    return curve.take(kept)


def _unwrap(sequence: npt.NDArray[np.int64], counter_wrap: int) -> npt.NDArray[np.int64]:
    """Turn a counter that wraps into one that does not, by the shorter way round."""
    if len(sequence) == 0:
        return sequence
    half = counter_wrap // 2
    steps = (np.diff(sequence) + half) % counter_wrap - half
    return np.concatenate(([sequence[0]], sequence[0] + np.cumsum(steps)))
