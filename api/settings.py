"""Which settings does the api run with?"""

from dataclasses import dataclass
from zoneinfo import available_timezones

_SECRET_MIN_CHARS = 32
DEFAULT_TIME_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Settings of `frostline api`, from FROSTLINE_API_* or the file's [api] table."""

    database_url: str
    """PostgreSQL with TimescaleDB, as a URL or a libpq connection string."""

    link_secrets: tuple[str, ...]
    """Secrets of members' links, at least 32 characters each. The first signs, all verify: to
    rotate, put the new one in front and drop the old one once its links have expired."""

    host: str = "127.0.0.1"
    """Address to listen on."""

    port: int = 8080
    """Port to listen on."""

    public_url: str = "http://127.0.0.1:8080"
    """Where members and services reach this api; links begin with it."""

    link_max_age_s: int = 14 * 24 * 3600
    """A member's link may not be valid for longer than this, in seconds."""

    command_link_max_age_s: int = 12 * 3600
    """A link by which a dispatcher commands may not be valid for longer than this, in seconds."""

    default_time_zone: str = DEFAULT_TIME_ZONE
    """Time zone (IANA) of an order that names none."""

    pool_max_size: int = 8
    """Connections to the database at most; one more listens for events."""

    max_body_bytes: int = 1_000_000
    """A longer request body is refused."""

    max_curve_readings: int = 500_000
    """A curve of one logger with more readings than this is refused: ask for a part of it."""

    live_queue_events: int = 64
    """Unsent changes a live client may have; a slower one is closed, and resumes."""

    live_heartbeat_s: int = 15
    """A live stream beats that often, and looks whether its token still holds."""

    idempotency_hours: int = 48
    """How long the first answer to an idempotency key is kept."""

    webhooks_allow_http: bool = False
    """Webhooks' endpoints may be http:// too, where anyone on the way can read. The notifier has a
    setting of its own."""

    def __post_init__(self) -> None:
        """Refuse what could not work, naming the variable."""
        if not self.link_secrets:
            raise ValueError("FROSTLINE_API_LINK_SECRETS is empty; give at least one secret")
        if any(len(secret) < _SECRET_MIN_CHARS for secret in self.link_secrets):
            raise ValueError(
                f"FROSTLINE_API_LINK_SECRETS has a secret of fewer than {_SECRET_MIN_CHARS} "
                "characters; make one with `openssl rand -hex 32`"
            )
        if not self.public_url.startswith(("http://", "https://")):
            raise ValueError("FROSTLINE_API_PUBLIC_URL must begin with http:// or https://")
        if self.default_time_zone not in available_timezones():
            raise ValueError("FROSTLINE_API_DEFAULT_TIME_ZONE must be an IANA name: Asia/Shanghai")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(f"FROSTLINE_API_{name.upper()} must be more than 0")


_POSITIVE = (
    "command_link_max_age_s",
    "idempotency_hours",
    "link_max_age_s",
    "live_heartbeat_s",
    "live_queue_events",
    "max_body_bytes",
    "max_curve_readings",
    "pool_max_size",
)
