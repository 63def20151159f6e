"""How good and how fast is the judge: its rules, its forecast, all of it with the database?"""

from bench.forecast import ForecastReport, measure
from bench.judge_database import judged_per_s
from bench.judge_rules import rules_per_s
from bench.report import publish


def run(*, boxes: int, json: bool) -> None:
    """Measure, and print one JSON object or a table; see docs/forecast.md for the figures."""
    forecast = measure(boxes)
    figures: dict[str, object] = {
        "rules_per_s": rules_per_s(),
        "forecasts_per_s": round(forecast.forecasts_per_s),
        "judged_per_s": judged_per_s(),
        **forecast_figures(forecast),
    }
    publish("judge", figures, json=json)


def forecast_figures(forecast: ForecastReport) -> dict[str, object]:
    """Return the forecast's figures under the names that they are published by."""
    shares = {
        "interval_width_ratio": forecast.interval_width_ratio,
        "warned_early_share": forecast.warned.early,
        "false_alarm_share": forecast.warned.false,
        "near_miss_false_alarm_share": forecast.warned.false_near,
        "linear_warned_early_share": forecast.line_warned.early,
        "linear_false_alarm_share": forecast.line_warned.false,
    }
    return {
        "coverage_80": {name: round(share, 3) for name, share in forecast.coverage.items()},
        "scored_boxes": forecast.scored,
        **{name: round(share, 4) for name, share in shares.items()},
        "median_lead_min": forecast.warned.median_lead_min,
        "boxes": forecast.boxes,
    }
