"""How good and how fast is the forecast, on boxes that it was not fitted to?

Each journey gets a forecast every five minutes, by the function that the judge calls, until its box
leaves its zone or the journey ends. Warnings are counted on all of them; intervals on one of each
box, at a random moment.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.boxes import Journey, draw_journeys
from bench.forecast_fit import CHOICE_SEEDS, FIT_SEEDS
from bench.forecast_linear import LineWarnings, lines_of
from bench.forecast_samples import batches, moments
from bench.forecast_score import (
    Scored,
    Warned,
    boxes_by_bin,
    coverage_by_bin,
    warned_shares,
    width_ratio,
)
from bench.report import progress
from gateway.rules.forecast import (
    BoxRecord,
    HoldForecast,
    curves_of,
    fitted_model,
    forecast_boxes,
)

REPORT_SEED: Final = 31
_SCORE_SEED: Final = 5
_SPEED_BATCH: Final = 256
_SPEED_RUNS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastReport:
    """What was found."""

    boxes: int
    forecasts_per_s: float
    coverage: dict[str, float]
    scored: dict[str, int]
    interval_width_ratio: float
    warned: Warned
    line_warned: Warned  # by the straight line


def measure(boxes: int, *, seed: int = REPORT_SEED) -> ForecastReport:
    """Forecast so many journeys of a seed that the model was not fitted to."""
    if seed in FIT_SEEDS or seed in CHOICE_SEEDS:
        raise ValueError(f"the model was fitted to seed {seed}; report on another")
    progress(f"drawing {boxes} journeys")
    journeys = draw_journeys(boxes, seed=seed)
    chosen_ms = _chosen_ms(journeys)
    first_warning_ms: list[int | None] = [None] * boxes
    line = LineWarnings(boxes)
    scored: list[tuple[float, ...]] = []
    for now_ms, which, records in batches(journeys):
        forecasts = forecast_boxes(records, now_ms=now_ms)
        lines_min = lines_of(records, now_ms)
        line.look(now_ms, which, lines_min, records)
        for i, record, forecast, line_min in zip(
            which.tolist(), records, forecasts, lines_min, strict=True
        ):
            if forecast is None:
                continue
            if forecast.at_risk and first_warning_ms[i] is None:
                first_warning_ms[i] = now_ms
            if chosen_ms[i] == now_ms:
                scored.append(_scored(journeys[i], record, forecast, line_min))
    progress(f"made {len(scored)} scored forecasts")
    return _report(journeys, _columns(scored), first_warning_ms, line)


def _chosen_ms(journeys: Sequence[Journey]) -> npt.NDArray[np.int64]:
    """Return one of each journey's moments, all equally likely."""
    random = np.random.default_rng(_SCORE_SEED)
    count = np.zeros(len(journeys), np.intp)
    for _, which in moments(journeys):
        count[which] += 1
    number = np.floor(random.random(len(journeys)) * count).astype(np.intp)
    chosen = np.zeros(len(journeys), np.int64)
    passed = np.zeros(len(journeys), np.intp)
    for now_ms, which in moments(journeys):
        chosen[which[passed[which] == number[which]]] = now_ms
        passed[which] += 1
    return chosen


def _columns(rows: Sequence[tuple[float, ...]]) -> Scored:
    low, middle, high, at_end, leaves, ends, line = np.array(rows).T
    return Scored(
        low_min=low,
        median_min=middle,
        high_min=high,
        chance_at_end=at_end,
        leaves_min=leaves,
        ends_min=ends,
        line_min=line,
        tail=fitted_model().tail,
    )


def _scored(
    journey: Journey, record: BoxRecord, forecast: HoldForecast, line_min: float
) -> tuple[float, ...]:
    now_ms = forecast.made_at_ms
    ends_min = (journey.ends_ms - now_ms) / 60e3
    leaves_ms = math.inf if journey.leaves_ms is None else journey.leaves_ms
    quantiles_min = [seconds / 60 for seconds in forecast.leaves_in_s]
    model = fitted_model()
    chance = curves_of([record], now_ms=now_ms, model=model).chance[0]
    chance_at_end = float(np.interp(ends_min, (0, *model.ends_min), (0, *chance)))
    return (*quantiles_min, chance_at_end, (leaves_ms - now_ms) / 60e3, ends_min, line_min)


def _report(
    journeys: Sequence[Journey],
    scored: Scored,
    first_warning_ms: Sequence[int | None],
    line: LineWarnings,
) -> ForecastReport:
    warned = warned_shares(journeys, first_warning_ms)
    return ForecastReport(
        boxes=len(journeys),
        forecasts_per_s=forecasts_per_s(journeys),
        coverage=coverage_by_bin(scored),
        scored=boxes_by_bin(scored),
        interval_width_ratio=width_ratio(scored),
        warned=warned,
        line_warned=warned_shares(journeys, line.first_ms),
    )


def forecasts_per_s(journeys: Sequence[Journey]) -> float:
    """Return how many forecasts one core makes in a second, 256 boxes at a time.

    Of the core's own time, so that what else runs on the machine does not count; the median of the
    moments when the most boxes are on their way.
    """
    full = [pair for pair in moments(journeys) if len(pair[1]) >= _SPEED_BATCH]
    spent_s = []
    for now_ms, which in full[:: max(1, len(full) // _SPEED_RUNS)]:
        records = [journeys[i].until(now_ms) for i in which[:_SPEED_BATCH]]
        begun = time.process_time()
        forecast_boxes(records, now_ms=now_ms)
        spent_s.append(time.process_time() - begun)
    return _SPEED_BATCH / float(np.median(spent_s)) if spent_s else math.nan
