"""How is a judge set up?"""

from dataclasses import dataclass
from typing import Final

_BATCH_MAX: Final = 10_000
_PARALLEL_MAX: Final = 16  # each has a connection; they share one core


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """Settings of `frostline judge`: FROSTLINE_JUDGE_<NAME>, or [judge] in the file."""

    database_url: str  # postgresql://user@host:port/name
    min_interval_s: float = 10.0  # an order, place or logger is judged at most this often
    parallel: int = 2  # claims under way at once: one computes while one waits for the database
    batch_subjects: int = 128  # judged in one transaction, at most
    batch_touched: int = 1000  # marks taken in one transaction, at most
    forecast_interval_s: float = 60.0  # a box's forecast is made anew at most this often
    late_after_s: float = 900.0  # what broke longer ago when first found is called found late
    poll_s: float = 2.0  # how long to wait for a wake-up before looking anyway
    metrics_port: int = 0  # Prometheus metrics over HTTP on 127.0.0.1; 0: none

    def __post_init__(self) -> None:
        if not 1 <= self.parallel <= _PARALLEL_MAX:
            raise ValueError(
                f"FROSTLINE_JUDGE_PARALLEL is {self.parallel}; expected 1 to {_PARALLEL_MAX}"
            )
        for name in ("batch_subjects", "batch_touched"):
            if not 1 <= getattr(self, name) <= _BATCH_MAX:
                raise ValueError(
                    f"FROSTLINE_JUDGE_{name.upper()} is {getattr(self, name)}; "
                    f"expected 1 to {_BATCH_MAX}"
                )
        for name in ("min_interval_s", "forecast_interval_s", "late_after_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"FROSTLINE_JUDGE_{name.upper()} must be 0 or more")
        if not 0 < self.poll_s <= 60:
            raise ValueError(
                f"FROSTLINE_JUDGE_POLL_S is {self.poll_s}; expected more than 0, at most 60"
            )
