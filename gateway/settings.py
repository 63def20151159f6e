"""How is an ingestor set up?"""

from dataclasses import dataclass
from pathlib import Path


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
    metrics_port: int = 0  # Prometheus metrics over HTTP; 0: none

    def __post_init__(self) -> None:
        if not self.broker_url.startswith(("mqtt://", "mqtts://")):
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
        if self.dead_letters_max < 1:
            raise ValueError("FROSTLINE_INGEST_DEAD_LETTERS_MAX must be at least 1")
