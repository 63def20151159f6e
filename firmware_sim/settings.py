"""What is simulated, where, and how badly the air carries it?"""

from dataclasses import dataclass
from pathlib import Path

SCENARIOS = ("demo", "fleet")
DEMO_LOGGERS_MIN = 7
_LOGGERS_MAX = 100_000
# By scenario: the demo hurries, so that a minute shows a curve; the fleet does as loggers do.
_SAMPLE_INTERVAL_S = {"demo": 1.0, "fleet": 10.0}
_ADVERT_INTERVAL_S = {"demo": 0.25, "fleet": 1.0}
_PAST_S = {"demo": 7200.0, "fleet": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSettings:
    """Settings of `frostline sim`: environment FROSTLINE_SIM_*, table [sim]."""

    air_path: Path  # Unix socket of the air, at most 107 bytes
    scenario: str = "demo"  # demo: boxes of two orders in a van; fleet: any number of boxes
    loggers: int = 40  # how many; a demo has at least 7
    seed: int = 1  # the same seed gives the same boxes, noise and losses
    loss: float = 0.15  # share of adverts in range that are lost, 0 to 1
    duplicates: float = 0.02  # share of adverts heard that are reported twice, 0 to 1
    delay_max_ms: float = 20.0  # from the air to the edge's program, at most
    sample_interval_s: float | None = None  # between measurements; default demo 1, fleet 10
    advert_interval_s: float | None = None  # between adverts; default demo 0.25, fleet 1
    past_s: float | None = None  # since the boxes were packed; default demo 7200, fleet 0
    log_capacity: int = 360  # samples in each logger's own log, 22 bytes each
    ledger_max: int = 1_000_000  # measurements remembered; about 200 bytes each
    metrics_port: int = 0  # TCP port of /metrics on 127.0.0.1; 0: none

    def __post_init__(self) -> None:
        if self.scenario not in SCENARIOS:
            raise ValueError(
                f"FROSTLINE_SIM_SCENARIO is {self.scenario!r}; it is one of {', '.join(SCENARIOS)}"
            )
        fewest = DEMO_LOGGERS_MIN if self.scenario == "demo" else 1
        _require("LOGGERS", self.loggers, fewest, _LOGGERS_MAX)
        _require("LOSS", self.loss, 0.0, 1.0)
        _require("DUPLICATES", self.duplicates, 0.0, 1.0)
        _require("DELAY_MAX_MS", self.delay_max_ms, 0.0, 10_000.0)
        _require("SAMPLE_INTERVAL_S", self.sampling_s, 0.05, 86_400.0)
        # Bluetooth Core 5.4, vol 6 part B, 4.4.2.2.1: 20 ms up to more than anybody uses.
        _require("ADVERT_INTERVAL_S", self.advertising_s, 0.02, 10_485.0)
        _require("PAST_S", self.packed_s, 0.0, 604_800.0)
        _require("LOG_CAPACITY", self.log_capacity, 1, 1_000_000)
        _require("LEDGER_MAX", self.ledger_max, 1, 100_000_000)
        _require("METRICS_PORT", self.metrics_port, 0, 65_535)

    @property
    def sampling_s(self) -> float:
        """The sampling interval that holds."""
        return self.sample_interval_s or _SAMPLE_INTERVAL_S[self.scenario]

    @property
    def advertising_s(self) -> float:
        """The advertising interval that holds."""
        return self.advert_interval_s or _ADVERT_INTERVAL_S[self.scenario]

    @property
    def packed_s(self) -> float:
        """How long ago the boxes were packed when the simulation begins."""
        return _PAST_S[self.scenario] if self.past_s is None else self.past_s


def _require(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"FROSTLINE_SIM_{name} is {value}; it is from {low} to {high}")
