"""How is a notifier set up?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOST_PARALLEL: Final = 256  # a thread each


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Settings of `frostline notify`: FROSTLINE_NOTIFY_<NAME>, or [notify] in the file."""

    database_url: str  # postgresql://user@host:port/name
    allow_http: bool = False  # endpoints may be http:// too, where anyone on the way can read
    allow_private_addresses: bool = False  # endpoints may be in our own network; for trying out
    ca_file: Path | None = None  # certificates to check receivers' against; None: the system's
    parallel: int = 32  # attempts under way at once
    parallel_per_endpoint: int = 4  # of them to one endpoint, so that a slow one keeps none waiting
    timeout_s: float = 15.0  # a whole attempt, from looking up the name until the answer
    connect_timeout_s: float = 5.0  # of that, until there is a connection
    deliveries_days: float = 30.0  # what is delivered or given up is kept so long
    metrics_port: int = 0  # Prometheus metrics over HTTP on 127.0.0.1; 0: none

    def __post_init__(self) -> None:
        if not 1 <= self.parallel <= _MOST_PARALLEL:
            raise ValueError(
                f"FROSTLINE_NOTIFY_PARALLEL is {self.parallel}; expected 1 to {_MOST_PARALLEL}"
            )
        if not 1 <= self.parallel_per_endpoint <= self.parallel:
            raise ValueError(
                f"FROSTLINE_NOTIFY_PARALLEL_PER_ENDPOINT is {self.parallel_per_endpoint}; expected "
                f"1 to FROSTLINE_NOTIFY_PARALLEL ({self.parallel})"
            )
        if not 0 < self.connect_timeout_s <= self.timeout_s:
            raise ValueError(
                f"FROSTLINE_NOTIFY_CONNECT_TIMEOUT_S is {self.connect_timeout_s}; expected more "
                f"than 0, and at most FROSTLINE_NOTIFY_TIMEOUT_S ({self.timeout_s})"
            )
        if self.deliveries_days <= 0:
            raise ValueError("FROSTLINE_NOTIFY_DELIVERIES_DAYS must be more than 0")
