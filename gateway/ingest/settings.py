"""How is an ingestor set up?"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """Settings of `frostline ingest`: FROSTLINE_INGEST_<NAME>, or [ingest] in the file.

    Twice `flush_max_messages` should fit into `receive_maximum`: one flush is on its way to the
    database while the next one is collected.
    """

    broker_url: str  # mqtt://host:port or mqtts://host:port
    database_url: str  # postgresql://user@host:port/name
    broker_username: str = "ingest"
    broker_password: str = ""
    ca_file: Path | None = None  # certificates to check the broker's against; None: the system's
    cert_file: Path | None = None  # our own certificate, where the broker asks for one
    key_file: Path | None = None  # its key
    shards: str = "00-3f"  # which of the 64 shards this ingestor owns, such as 00-1f or 0a
    flush_max_messages: int = 500  # one transaction takes at most so many messages
    flush_max_readings: int = 100_000  # nor does it begin another message past so many readings
    flush_linger_s: float = 0.1  # and waits at most so long after the first of them
    receive_maximum: int = 1000  # unacknowledged messages the broker may have sent us
    takeover: bool = False  # subscribe first, then wait for the shards' present owner to let go
    release: bool = False  # when told to stop: unsubscribe, drain, end the broker's session
    dead_letters_max: int = 100_000  # rows kept; the oldest go first
    dead_letters_max_mb: int = 1000  # and megabytes of them
    events_days: float = 7.0  # events are kept so long; a stream that was away longer begins anew
    positions_days: float = 90.0  # where edges were is kept so long
    touched_max: int = 5_000_000  # marks kept for whoever judges curves; the oldest go first
    metrics_port: int = 0  # Prometheus metrics over HTTP on 127.0.0.1; 0: none

    def __post_init__(self) -> None:
        if not _is_address(self.broker_url):
            raise ValueError(
                f"FROSTLINE_INGEST_BROKER_URL is {self.broker_url!r}; "
                "expected mqtt://host:port or mqtts://host:port"
            )
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError(
                "FROSTLINE_INGEST_CERT_FILE and FROSTLINE_INGEST_KEY_FILE go together; "
                "only one is set"
            )
        if not 1 <= self.receive_maximum <= 65_535:
            raise ValueError(
                f"FROSTLINE_INGEST_RECEIVE_MAXIMUM is {self.receive_maximum}; "
                "MQTT allows 1 to 65535"
            )
        if not 1 <= self.flush_max_messages <= self.receive_maximum:
            raise ValueError(
                f"FROSTLINE_INGEST_FLUSH_MAX_MESSAGES is {self.flush_max_messages}; expected 1 to "
                f"FROSTLINE_INGEST_RECEIVE_MAXIMUM ({self.receive_maximum}): the broker sends no "
                "more before the first are acknowledged"
            )
        if not 0 <= self.flush_linger_s <= 60:
            raise ValueError(
                f"FROSTLINE_INGEST_FLUSH_LINGER_S is {self.flush_linger_s}; expected 0 to 60"
            )
        if self.flush_max_readings < 1:
            raise ValueError("FROSTLINE_INGEST_FLUSH_MAX_READINGS must be at least 1")
        self._require_limits()

    def _require_limits(self) -> None:
        for name in (
            "dead_letters_max",
            "dead_letters_max_mb",
            "events_days",
            "positions_days",
            "touched_max",
        ):
            if getattr(self, name) <= 0:
                raise ValueError(f"FROSTLINE_INGEST_{name.upper()} must be more than 0")


def _is_address(url: str) -> bool:
    address = urlsplit(url)
    try:
        return address.scheme in {"mqtt", "mqtts"} and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is no number, or beyond 65535
        return False
