"""How is a sealer set up?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSettings:
    """Settings of `frostline seal`: FROSTLINE_SEAL_<NAME>, or [seal] in the file."""

    database_url: str  # postgresql://user@host:port/name
    interval_s: float = 5.0  # evidence waits at most about so long for its seal
    metrics_port: int = 0  # Prometheus metrics over HTTP on 127.0.0.1; 0: none

    def __post_init__(self) -> None:
        if not 0 < self.interval_s <= 3600:
            raise ValueError(
                f"FROSTLINE_SEAL_INTERVAL_S is {self.interval_s}; "
                "expected more than 0, at most 3600"
            )
