"""Which settings does an edge run with?"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from edge.gpsd import parse_gpsd_url
from schemas.ids import parse_gateway_id, parse_logger_id

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """An edge device's settings; the environment spells each `FROSTLINE_EDGE_<NAME>`."""

    gateway_id: str
    """This device's name on MQTT, such as truck-17; also the broker's user name unless given."""

    broker_url: str = "mqtt://127.0.0.1:1883"
    """`mqtt://host:port`, or `mqtts://host:port` for TLS."""

    broker_username: str = ""
    """Empty: the gateway id. The broker's access rules go by this name."""

    broker_password: str = ""
    """Empty: none is sent."""

    ca_file: Path | None = None
    """Certificates that vouch for the broker (PEM); none: the system's own. Only with mqtts."""

    cert_file: Path | None = None
    """This device's certificate (PEM), where the broker asks for one. Only with mqtts."""

    key_file: Path | None = None
    """The key of `cert_file` (PEM)."""

    outbox_path: Path = Path("frostline-outbox.sqlite3")
    """The file that keeps readings until they are stored. On a disk that survives a power cut."""

    outbox_max_mb: int = 256
    """The outbox's size limit, MiB. At about 40 bytes a reading, 256 hold some 6 million."""

    record_interval_s: float = 30.0
    """A logger's measurements are recorded at most this often, seconds; 0: every one."""

    allow: tuple[str, ...] = ()
    """The loggers to listen to, by Bluetooth address; empty: all."""

    calibration: tuple[str, ...] = ()
    """`address=offset` entries: degrees Celsius to add to what the logger says."""

    bind_keys: tuple[str, ...] = ()
    """`address=key` entries (hexadecimal) for loggers that encrypt (BTHome, Xiaomi)."""

    batch_max_readings: int = 500
    """Readings in a batch, at most."""

    batch_linger_s: float = 1.0
    """How long a reading waits for others to share its batch while the broker is there, seconds."""

    uplink_window: int = 16
    """Batches published and not yet confirmed as stored, at most."""

    commit_interval_s: float = 0.2
    """How often heard readings are committed to the disk, seconds."""

    metrics_port: int = 0
    """Prometheus metrics on this port of 127.0.0.1; 0: none."""

    adapter: str = ""
    """The Bluetooth adapter, such as hci0; empty: the system's choice."""

    scan_mode: Literal["passive", "active"] = "passive"
    """Passive falls back to active where the system refuses it. Some loggers need active."""

    radio_silence_s: float = 120.0
    """No advert at all for this long after the scan began: begin anew, then exit; 0: never."""

    gpsd_url: str = ""
    """Where gpsd says our position, such as gpsd://127.0.0.1:2947; empty: nowhere."""

    position_every_s: float = 10.0
    """A position is kept at most this often, seconds; 0: each one."""

    drain_s: float = 2.0
    """How long a stopping edge waits for its last batches to be confirmed, seconds."""

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            _require(getattr(self, name) > 0, name, "must be more than 0")
        for name in _NOT_NEGATIVE:
            value = getattr(self, name)
            _require(0 <= value < inf, name, f"must be a number from 0 on, not {value}")
        _require(self.metrics_port <= 65_535, "metrics_port", "must be at most 65535; 0: none")
        _read("broker_url", _broker_address, self.broker_url)
        if self.gpsd_url:
            _read("gpsd_url", parse_gpsd_url, self.gpsd_url)
        _require(self.batch_max_readings <= 10_000, "batch_max_readings", "must be at most 10000")
        _require(
            self.commit_interval_s < 1,
            "commit_interval_s",
            "must be less than 1, the promised time",
        )
        _require(
            (self.cert_file is None) == (self.key_file is None),
            "key_file",
            "and FROSTLINE_EDGE_CERT_FILE go together; set both or neither",
        )
        _read("gateway_id", parse_gateway_id, self.gateway_id)
        self.allowed()
        self.calibration_c()
        self.bind_keys_by_logger()

    def broker_address(self) -> tuple[str, int]:
        """Return the broker's host and port."""
        return _broker_address(self.broker_url)

    def allowed(self) -> frozenset[str]:
        """Return the addresses to listen to; empty: all."""
        return frozenset(_read("allow", parse_logger_id, address) for address in self.allow)

    def calibration_c(self) -> dict[str, float]:
        """Return the offset to add for each logger, °C."""
        return _by_logger("calibration", self.calibration, _offset_c, "C4:A5:E3:00:00:01=-0.25")

    def bind_keys_by_logger(self) -> dict[str, bytes]:
        """Return the key of each logger that encrypts."""
        return _by_logger("bind_keys", self.bind_keys, _key, "C4:A5:E3:00:00:01=0f1e…")


_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEY_BYTES = (12, 16)
_POSITIVE = (
    "outbox_max_mb",
    "batch_max_readings",
    "uplink_window",
    "commit_interval_s",
)
_NOT_NEGATIVE = (
    "record_interval_s",
    "batch_linger_s",
    "metrics_port",
    "radio_silence_s",
    "position_every_s",
    "drain_s",
)


def _require(condition: bool, name: str, what: str) -> None:
    if not condition:
        raise ValueError(f"FROSTLINE_EDGE_{name.upper()} {what}")


def _read(name: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"FROSTLINE_EDGE_{name.upper()}: {error}") from error


def _by_logger(
    name: str, entries: tuple[str, ...], parse: Callable[[str], T], example: str
) -> dict[str, T]:
    parsed: dict[str, T] = {}
    for entry in entries:
        address, equals, text = entry.partition("=")
        _require(bool(equals), name, f"has {entry!r}; an entry looks like {example}")
        parsed[_read(name, parse_logger_id, address)] = _read(name, parse, text.strip())
    return parsed


def _broker_address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("must begin with mqtt:// or mqtts://")
    if not parts.hostname:
        raise ValueError("names no host; it looks like mqtt://broker.example:1883")
    if "@" in parts.netloc:
        raise ValueError("holds a user; set FROSTLINE_EDGE_BROKER_USERNAME and _PASSWORD instead")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("has a port that is no number from 1 to 65535") from error
    if port == 0:
        raise ValueError("has port 0; it is a number from 1 to 65535")
    return parts.hostname, port or _DEFAULT_PORTS[parts.scheme]


def _offset_c(text: str) -> float:
    offset_c = float(text)
    if not isfinite(offset_c):
        raise ValueError(f"{text} is no offset; an entry looks like C4:A5:E3:00:00:01=-0.25")
    return offset_c


def _key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) not in _KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes; BTHome's have 16, Xiaomi's 12 or 16")
    return key
