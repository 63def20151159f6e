"""What is one logger's curve, when several gateways may have heard the same measurement?"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

# Two rows of one measurement are never further apart than this, whatever the counter's turn is.
_SAME_MEASUREMENT_MS = 15 * 60 * 1000

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Readings of one logger in order of time, columns of equal length n.

    `sequence` is -1 where the logger has no counter. `heard_by` tells gateways (and their boots)
    apart; the numbers mean nothing else.
    """

    measured_at_ms: Int64s
    temperature_c: npt.NDArray[np.float64]
    sequence: Int64s
    heard_by: Int64s

    def __len__(self) -> int:
        return len(self.measured_at_ms)

    def take(self, rows: Bools | Int64s) -> "Curve":
        """Return the chosen rows (a mask of length n, or indices)."""
        return Curve(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def collapse_repeats(curve: Curve, *, counter_wrap: int) -> Curve:
    """Keep the first row of each measurement, where several gateways heard it.

    Rows of different gateways with an equal counter, within half the counter's turn, are one
    measurement. Rows of one gateway never are: it stores a measurement once, and an equal counter
    of its own means that the logger has begun anew. `counter_wrap` 0: the logger has no counter.
    """
    if counter_wrap <= 0 or len(curve) == 0 or (curve.heard_by == curve.heard_by[0]).all():
        return curve
    within_ms = min(_SAME_MEASUREMENT_MS, _interval_ms(curve) * counter_wrap // 2)
    kept = np.ones(len(curve), dtype=np.bool_)
    # By counter, the newest measurement that has it: when it was heard first, and by whom.
    newest: dict[int, tuple[int, set[int]]] = {}
    columns = zip(
        curve.measured_at_ms.tolist(), curve.sequence.tolist(), curve.heard_by.tolist(), strict=True
    )
    for row, (at_ms, counter, gateway) in enumerate(columns):
        if counter < 0:
            continue
        first_ms, heard_by = newest.get(counter, (0, set()))
        if heard_by and gateway not in heard_by and at_ms - first_ms <= within_ms:
            heard_by.add(gateway)
            kept[row] = False
        else:
            newest[counter] = (at_ms, {gateway})
    return curve.take(kept)


def _interval_ms(curve: Curve) -> int:
    """Return the median time between two readings of one gateway."""
    intervals = [
        np.diff(curve.measured_at_ms[curve.heard_by == gateway])
        for gateway in np.unique(curve.heard_by)
    ]
    together = np.concatenate(intervals)
    return int(np.median(together)) if len(together) else _SAME_MEASUREMENT_MS
