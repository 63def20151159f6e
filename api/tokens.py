"""Who may call the api, and for what?

A service's token is opaque: `frostline_<id>_<secret>`. Only the secret's SHA-256 is kept; that is
enough for 256 random bits. It has scopes, may expire, and can be revoked at once.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from api import store
from api.store import SyncConnection, TokenRow

_PREFIX: Final = "frostline"
_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32


class Scope(StrEnum):
    """What a token may be good for."""

    ORDERS_READ = "orders:read"  # orders and what was said of them, loggers, places, rules
    ORDERS_WRITE = "orders:write"  # orders, milestones, bindings, stays
    HANDOVERS_WRITE = "handovers:write"  # handovers, packing, arrival estimates
    COMPLAINTS_WRITE = "complaints:write"  # complaints and their answers
    INTAKES_WRITE = "intakes:write"  # suppliers' batches at the door
    LOGGERS_WRITE = "loggers:write"  # register loggers and places
    CURVES_READ = "curves:read"  # curves, their live stream, and verdicts on them
    ALERTS_READ = "alerts:read"  # alerts and planned maintenance
    ALERTS_WRITE = "alerts:write"  # acknowledge, comment, close excursions, plan maintenance
    TRIGGERS_READ = "triggers:read"  # compensation, with its evidence
    TRIGGERS_WRITE = "triggers:write"  # review compensation
    FLEET_WRITE = "fleet:write"  # cities, addresses, depots, stock, lockers, vehicles, shifts
    DISPATCH_READ = "dispatch:read"  # the living plan, vehicles, rescues, the dispatcher's console
    DISPATCH_WRITE = "dispatch:write"  # dispatchers' commands, disruptions, links to the console
    WEBHOOKS_WRITE = "webhooks:write"  # webhooks' endpoints, deliveries and replays
    LINKS_WRITE = "links:write"  # make members' links
    METRICS_READ = "metrics:read"  # /metrics


class UnknownScope(ValueError):
    """A scope that doesn't exist. The message lists those that do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A token as it came with a request."""

    token_id: str
    secret: str


def create(
    connection: SyncConnection,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    *,
    now: datetime | None = None,
) -> str:
    """Make a token and return it: the only time that it can be read. Raises UnknownScope."""
    token_id = secrets.token_hex(_ID_BYTES)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    values = {
        "token_id": token_id,
        "name": name,
        "scopes": [str(scope) for scope in _known(scopes)],
        "secret_sha256": _sha256(secret),
        "now": now or datetime.now(UTC),
        "expires_at": expires_at,
    }
    connection.execute(store.CREATE_CALLER, values)
    connection.commit()
    return f"{_PREFIX}_{token_id}_{secret}"


def list_all(connection: SyncConnection) -> list[TokenRow]:
    """Return every token, without its secret, oldest first."""
    with connection.cursor(row_factory=store.AS_TOKEN) as cursor:
        return cursor.execute(store.LIST_CALLERS).fetchall()


def revoke(connection: SyncConnection, token_id: str, *, now: datetime | None = None) -> bool:
    """End a token at once; return whether there is such a token."""
    values = {"token_id": token_id, "now": now or datetime.now(UTC)}
    found = connection.execute(store.REVOKE_CALLER, values).fetchone() is not None
    connection.commit()
    return found


def parse(text: str) -> Presented | None:
    """Take a token apart; None where it can't be one."""
    prefix, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    if prefix != _PREFIX or len(token_id) != 2 * _ID_BYTES or not secret or not text.isascii():
        return None
    return Presented(token_id=token_id, secret=secret)


def is_valid(presented: Presented, row: TokenRow | None, *, now: datetime) -> bool:
    """Compare secrets in constant time, then look at the dates."""
    # An unknown id takes the same steps as a wrong secret.
    kept = row.secret_sha256 if row else bytes(32)
    same = hmac.compare_digest(_sha256(presented.secret), kept)
    if row is None or not same or row.revoked_at is not None:
        return False
    return row.expires_at is None or now < row.expires_at


def _known(scopes: Sequence[str]) -> list[Scope]:
    try:
        return sorted({Scope(scope) for scope in scopes})
    except ValueError as error:
        raise UnknownScope(f"{error}; there are {', '.join(Scope)}") from error


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
