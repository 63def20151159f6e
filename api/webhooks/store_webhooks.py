"""What does the api ask of webhooks?

Endpoints are written here; deliveries and attempts are the notifier's. Secrets are written and
rotated, and never read.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from api.store import Connection, all_as, one, one_as, returned
from api.store_events import WAKE_UP
from api.webhooks.resources import (
    Attempt,
    Delivery,
    DeliveryLog,
    DeliveryState,
    Endpoint,
    NewEndpoint,
    Replay,
)

# Endpoints ---------------------------------------------------------------------------------------

_ENDPOINT: Final[LiteralString] = """
SELECT e.endpoint_id, e.url, e.event_types, e.description, e.enabled, e.old_secret_until,
       e.created_at, p.disabled_at, p.disabled_why
FROM webhook_endpoints e
LEFT JOIN webhook_positions p USING (endpoint_id)
"""

ENDPOINT_BY_ID: Final = f"""{_ENDPOINT}
WHERE e.endpoint_id = %(endpoint_id)s AND e.deleted_at IS NULL
"""

ENDPOINTS: Final = f"""{_ENDPOINT}
WHERE e.deleted_at IS NULL AND e.endpoint_id > %(after)s
ORDER BY e.endpoint_id
LIMIT %(limit)s
"""

CREATE_ENDPOINT: Final = """
INSERT INTO webhook_endpoints (endpoint_id, url, event_types, description, secrets, created_at)
VALUES (%(endpoint_id)s, %(url)s, %(event_types)s, %(description)s, ARRAY[%(secret)s], %(now)s)
"""

# What is left out stays as it is.
CHANGE_ENDPOINT: Final = """
UPDATE webhook_endpoints
SET url = COALESCE(%(url)s, url), event_types = COALESCE(%(event_types)s, event_types),
    description = COALESCE(%(description)s, description), enabled = COALESCE(%(enabled)s, enabled)
WHERE endpoint_id = %(endpoint_id)s AND deleted_at IS NULL
"""

# The secret that was newest signs beside the new one for a while; one before that, no longer.
ROTATE: Final = """
UPDATE webhook_endpoints
SET secrets = ARRAY[%(secret)s, secrets[1]], old_secret_until = %(until)s
WHERE endpoint_id = %(endpoint_id)s AND deleted_at IS NULL
"""

# The row stays for its deliveries' log; its secrets go.
DELETE_ENDPOINT: Final = """
UPDATE webhook_endpoints
SET deleted_at = %(now)s, enabled = false, secrets = ARRAY['']
WHERE endpoint_id = %(endpoint_id)s AND deleted_at IS NULL
"""

# They go from the answers that are kept for their keys, too.
FORGET_SECRETS: Final = """
UPDATE idempotency_keys SET body = jsonb_set(body, '{secret}', '""')
WHERE body ->> 'endpoint_id' = %(endpoint_id)s
"""


async def endpoint(db: Connection, endpoint_id: str) -> Endpoint | None:
    """Return an endpoint that is not deleted."""
    return await one_as(db, Endpoint, ENDPOINT_BY_ID, {"endpoint_id": endpoint_id})


async def endpoints(db: Connection, *, after: str, limit: int) -> list[Endpoint]:
    """Return endpoints in order of their ids."""
    return await all_as(db, Endpoint, ENDPOINTS, {"after": after, "limit": limit})


async def create_endpoint(
    db: Connection, endpoint_id: str, new: NewEndpoint, secret: str, *, now: datetime
) -> Endpoint:
    """Write an endpoint with its first secret."""
    values = {**new.model_dump(), "endpoint_id": endpoint_id, "secret": secret, "now": now}
    await db.execute(CREATE_ENDPOINT, values)
    await db.execute(WAKE_UP)
    return returned(await endpoint(db, endpoint_id))


async def change_endpoint(
    db: Connection, endpoint_id: str, changes: dict[str, object]
) -> Endpoint | None:
    """Change what is given; None: there is no such endpoint."""
    await db.execute(CHANGE_ENDPOINT, {"endpoint_id": endpoint_id, **changes})
    await db.execute(WAKE_UP)
    return await endpoint(db, endpoint_id)


async def rotate_secret(
    db: Connection, endpoint_id: str, secret: str, *, until: datetime
) -> Endpoint | None:
    """Let a new secret sign, and the one before too until a time; None: no such endpoint."""
    values = {"endpoint_id": endpoint_id, "secret": secret, "until": until}
    await db.execute(ROTATE, values)
    return await endpoint(db, endpoint_id)


async def delete_endpoint(db: Connection, endpoint_id: str, *, now: datetime) -> None:
    """Tell an endpoint nothing any more."""
    await db.execute(DELETE_ENDPOINT, {"endpoint_id": endpoint_id, "now": now})
    await db.execute(FORGET_SECRETS, {"endpoint_id": endpoint_id})
    await db.execute(WAKE_UP)


# Deliveries --------------------------------------------------------------------------------------

_DELIVERY: Final[LiteralString] = """
SELECT delivery_id, endpoint_id, message_id, type, order_id, sequence, created_at, attempts,
       next_attempt_at, delivered_at, given_up_at,
       CASE WHEN delivered_at IS NOT NULL THEN 'delivered'
            WHEN given_up_at IS NOT NULL THEN 'given_up'
            ELSE 'waiting' END AS state
"""

DELIVERIES: Final = f"""{_DELIVERY}
FROM webhook_deliveries
WHERE (%(before)s::bigint IS NULL OR delivery_id < %(before)s)
  AND (%(endpoint_id)s::text IS NULL OR endpoint_id = %(endpoint_id)s)
  AND (%(order_id)s::text IS NULL OR order_id = %(order_id)s)
  AND (%(type)s::text IS NULL OR type = %(type)s)
  AND CASE %(state)s::text
      WHEN 'delivered' THEN delivered_at IS NOT NULL
      WHEN 'given_up' THEN delivered_at IS NULL AND given_up_at IS NOT NULL
      WHEN 'waiting' THEN delivered_at IS NULL AND given_up_at IS NULL
      ELSE true END
ORDER BY delivery_id DESC
LIMIT %(limit)s
"""

DELIVERY_BY_ID: Final = f"""{_DELIVERY}, body
FROM webhook_deliveries
WHERE delivery_id = %(delivery_id)s
"""

ATTEMPTS: Final = """
SELECT attempt, at, took_ms, status, error, requested_by
FROM webhook_attempts
WHERE delivery_id = %(delivery_id)s
ORDER BY attempt
"""

# One that the notifier has not taken away yet is enough.
WAITING_REPLAY: Final = """
SELECT replay_id, delivery_id, requested_at, requested_by
FROM webhook_replays
WHERE delivery_id = %(delivery_id)s
ORDER BY replay_id
LIMIT 1
"""

ASK_FOR_REPLAY: Final = """
INSERT INTO webhook_replays (delivery_id, requested_at, requested_by)
VALUES (%(delivery_id)s, %(now)s, %(by)s)
RETURNING replay_id, delivery_id, requested_at, requested_by
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are asked for; None: whatever it is."""

    endpoint_id: str | None
    order_id: str | None
    type: str | None
    state: DeliveryState | None


async def deliveries(
    db: Connection, wanted: DeliveryFilter, *, before: int | None, limit: int
) -> list[Delivery]:
    """Return deliveries, newest first."""
    values = {
        "endpoint_id": wanted.endpoint_id,
        "order_id": wanted.order_id,
        "type": wanted.type,
        "state": wanted.state,
        "before": before,
        "limit": limit,
    }
    return await all_as(db, Delivery, DELIVERIES, values)


async def delivery(db: Connection, delivery_id: int) -> DeliveryLog | None:
    """Return a delivery with its body and attempts."""
    key = {"delivery_id": delivery_id}
    row = await one(db, DELIVERY_BY_ID, key)
    if row is None:
        return None
    return DeliveryLog(**row, log=tuple(await all_as(db, Attempt, ATTEMPTS, key)))


async def waiting_replay(db: Connection, delivery_id: int) -> Replay | None:
    """Return a wish that the notifier has not acted on yet."""
    return await one_as(db, Replay, WAITING_REPLAY, {"delivery_id": delivery_id})


async def ask_for_replay(db: Connection, delivery_id: int, *, by: str, now: datetime) -> Replay:
    """Write a wish, and wake the notifier."""
    values = {"delivery_id": delivery_id, "by": by, "now": now}
    replay = returned(await one_as(db, Replay, ASK_FOR_REPLAY, values))
    await db.execute(WAKE_UP)
    return replay
