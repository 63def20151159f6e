"""How well does a straight line do? The peer that the forecast is measured against.

The level of the last ten minutes and the slope of the last hour (least squares) give the minutes
until a limit is met. Its interval is a share to a multiple of that, chosen afterwards on the very
boxes that it is judged on, so that it covers as much as the forecast with the least width it can.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.forecast_score import HORIZON_MIN
from gateway.rules.forecast import BoxRecord

Floats = npt.NDArray[np.float64]

_WITHIN_MIN: Final = 40.0
_TWICE_MS: Final = 300_000
_LEVEL_MS: Final = 600_000
_SLOPE_MS: Final = 3_600_000


def minutes_left(record: BoxRecord, now_ms: int) -> float:
    """Return when the line meets a limit, at most HORIZON_MIN; also where it never does."""
    begin = int(np.searchsorted(record.at_ms, now_ms - _SLOPE_MS))
    at_min = (record.at_ms[begin:] - now_ms) / 60e3
    values_c = record.temperature_c[begin:]
    if len(values_c) < 3:
        return HORIZON_MIN
    late = at_min >= -_LEVEL_MS / 60e3
    level_c = float(values_c[late].mean() if late.any() else values_c[-1])
    centred = at_min - at_min.mean()
    slope = float(centred @ values_c / (centred @ centred))
    limit_c = record.upper_c if slope > 0 else record.lower_c
    if limit_c is None or slope == 0:
        return HORIZON_MIN
    return float(np.clip((limit_c - level_c) / slope, 1.0, HORIZON_MIN))


def lines_of(records: Sequence[BoxRecord], now_ms: int) -> list[float]:
    """Return `minutes_left` of each."""
    return [minutes_left(record, now_ms) for record in records]


class LineWarnings:
    """When the line would have warned.

    It meets a limit within 40 minutes, and before the box is opened. Like the forecast it must say
    so twice running.
    """

    def __init__(self, boxes: int) -> None:
        self.first_ms: list[int | None] = [None] * boxes
        self._before_ms = np.zeros(boxes, np.int64)  # when it last said so

    def look(
        self,
        now_ms: int,
        which: npt.NDArray[np.intp],
        lines_min: Sequence[float],
        records: Sequence[BoxRecord],
    ) -> None:
        """Take in what the line says of some boxes at a moment."""
        for i, line_min, record in zip(which.tolist(), lines_min, records, strict=True):
            due_min = (
                _WITHIN_MIN if record.due_at_ms is None else (record.due_at_ms - now_ms) / 60e3
            )
            if line_min > min(_WITHIN_MIN, due_min):
                continue
            if self._before_ms[i] >= now_ms - _TWICE_MS and self.first_ms[i] is None:
                self.first_ms[i] = now_ms
            self._before_ms[i] = now_ms
