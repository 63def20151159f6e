"""How is a dispatcher set up?"""

from dataclasses import dataclass
from typing import Final, Literal

Planner = Literal["search", "greedy"]

_ITERATIONS_MAX: Final = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """Settings of `frostline dispatch`: FROSTLINE_DISPATCH_<NAME>, or [dispatch] in the file."""

    database_url: str  # postgresql://user@host:port/name
    city: str = ""  # whose plan it keeps, where the command does not say
    iterations: int = 2000  # of the search, for each re-plan
    seed: int = 1  # the same state and seed give the same plan
    batch_s: float = 20.0  # new orders are inserted at once, and searched with after so long
    replan_s: float = 120.0  # with nothing new, the plan is searched again after so long
    planner: Planner = "search"  # or greedy: nearest depot, first come
    thermal_loop: bool = True  # boxes' forecasts steer the plan; else only nominal hold times
    thermal_weight_percent: int = 100  # of a box's loss that counts: more saves more goods
    travel_file: str = ""  # JSON: the `travel` of a problem; none: great circles
    takeover_s: float = 20.0  # a dispatcher that was silent for so long loses its city
    poll_s: float = 2.0  # how long to wait for a wake-up before looking anyway
    min_interval_s: float = 0.1  # wake-ups are answered at most this often
    metrics_port: int = 0  # Prometheus metrics over HTTP on 127.0.0.1; 0: none

    def __post_init__(self) -> None:
        if not 0 <= self.iterations <= _ITERATIONS_MAX:
            raise ValueError(
                f"FROSTLINE_DISPATCH_ITERATIONS is {self.iterations}; "
                f"expected 0 to {_ITERATIONS_MAX}"
            )
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"FROSTLINE_DISPATCH_SEED is {self.seed}; expected 0 to 2147483647")
        if not 0 <= self.thermal_weight_percent <= 1000:
            raise ValueError(
                f"FROSTLINE_DISPATCH_THERMAL_WEIGHT_PERCENT is {self.thermal_weight_percent}; "
                "expected 0 to 1000"
            )
        for name in ("batch_s", "replan_s", "min_interval_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"FROSTLINE_DISPATCH_{name.upper()} must be 0 or more")
        if not 0 < self.poll_s <= 60:
            raise ValueError(
                f"FROSTLINE_DISPATCH_POLL_S is {self.poll_s}; expected more than 0, at most 60"
            )
        if self.takeover_s < 2 * self.poll_s:
            raise ValueError(
                f"FROSTLINE_DISPATCH_TAKEOVER_S is {self.takeover_s}; a dispatcher speaks every "
                f"{self.poll_s} s (poll_s), so expected at least twice that"
            )
