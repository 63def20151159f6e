"""What do loggers measure now, when were they last heard, and what did they say of late?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.judge.store import Store, columns_of

# What a logger measures now: the box or place it is bound to, until a box's life ends.
BOUND: Final = """
SELECT a.logger_id, h.logger_key, l.record_interval_s, l.calibration_due_at, c.order_id,
       b.consignment_id, b.place_id, lower(b.during) AS bound_from,
       LEAST(upper(b.during), c.closed_at) AS bound_until, t.measured_at, t.stored_at
FROM unnest(%(logger_ids)s::text[]) AS a (logger_id)
JOIN bindings b ON b.logger_id = a.logger_id AND b.during @> %(now)s
JOIN loggers l ON l.logger_id = a.logger_id
LEFT JOIN consignments c USING (consignment_id)
LEFT JOIN heard_loggers h ON h.logger_id = a.logger_id
LEFT JOIN latest t USING (logger_key)
WHERE c.closed_at IS NULL OR c.closed_at > %(now)s
"""

# A binding that is still to come.
NEXT_BOUND: Final = """
SELECT logger_id, min(lower(during))
FROM bindings
WHERE logger_id = ANY(%(logger_ids)s) AND lower(during) > %(now)s
GROUP BY logger_id
"""

# The newest readings of each logger, newest first, over a day at most. The outer bounds keep the
# server out of days that nobody asks for.
NEWEST: Final = """
SELECT asked.logger_key, newest.*
FROM unnest(%(logger_key)s::integer[], %(measured_at)s::timestamptz[])
    AS asked (logger_key, measured_at)
CROSS JOIN LATERAL (
    SELECT array_agg(at_ms), array_agg(boot_key), array_agg(clock), array_agg(battery_mv),
           array_agg(temperature_c)
    FROM (
        SELECT (extract(epoch FROM r.measured_at) * 1000)::bigint AS at_ms, r.boot_key, r.clock,
               r.battery_mv, r.temperature_c
        FROM readings r
        WHERE r.logger_key = asked.logger_key
          AND r.measured_at > asked.measured_at - %(reach)s
          AND r.measured_at > %(earliest)s AND r.measured_at <= %(latest)s
        ORDER BY r.measured_at DESC
        LIMIT %(limit)s
    ) AS in_order
) AS newest
"""

# The loggers of what is judged. One that was never heard leaves no mark of its own, so it is looked
# at when its box or place is. So is one that measures it no more while an alert says that it does:
# that a journey has ended is said of the order alone. One that measured nothing until now is woken;
# another judge that has it just then saw the binding, or its mark is still there.
# ON CONFLICT: another judge has just met the same new logger.
SEED_LOOKS: Final = """
WITH bound AS (
    SELECT DISTINCT b.logger_id
    FROM bindings b
    LEFT JOIN consignments c USING (consignment_id)
    WHERE (c.order_id = ANY(%(order_ids)s) OR b.place_id = ANY(%(place_ids)s))
      AND (upper_inf(b.during) OR upper(b.during) > %(now)s)
      AND (c.closed_at IS NULL OR c.closed_at > %(now)s)
    UNION
    SELECT a.logger_id
    FROM alerts a
    WHERE (a.order_id = ANY(%(order_ids)s) OR a.place_id = ANY(%(place_ids)s))
      AND a.logger_id IS NOT NULL AND a.resolved_at IS NULL
), idle AS (
    SELECT k.subject_id
    FROM looks k
    JOIN bound ON (k.subject_kind, k.subject_id) = ('logger', bound.logger_id)
    WHERE k.next_look_at IS NULL
    FOR UPDATE OF k SKIP LOCKED
), woken AS (
    UPDATE looks k SET next_look_at = %(now)s
    FROM idle
    WHERE (k.subject_kind, k.subject_id) = ('logger', idle.subject_id)
)
INSERT INTO looks (subject_kind, subject_id, looked_at, next_look_at)
SELECT 'logger', logger_id, to_timestamp(0), %(now)s::timestamptz
FROM bound
WHERE NOT EXISTS (
    SELECT FROM looks k WHERE (k.subject_kind, k.subject_id) = ('logger', bound.logger_id)
)
ORDER BY logger_id
ON CONFLICT (subject_kind, subject_id) DO NOTHING
"""

_REACH: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundLogger:
    """A logger that measures a box or a place now, and its newest reading; None: never heard."""

    logger_id: str
    logger_key: int | None
    record_interval_s: int | None
    calibration_due_at: datetime | None
    order_id: str | None
    consignment_id: str | None
    place_id: str | None
    bound_from: datetime
    bound_until: datetime | None
    measured_at: datetime | None
    stored_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestReadings:
    """A logger's newest readings, newest first, as columns of equal length (0 too)."""

    measured_at_ms: Sequence[int]
    boot_key: Sequence[int]
    clock: Sequence[int]
    battery_mv: Sequence[int | None]
    temperature_c: Sequence[float]


def bound_loggers(store: Store, logger_ids: Sequence[str], now: datetime) -> list[BoundLogger]:
    """Return those of the loggers that measure something now."""
    return store.all_as(BoundLogger, BOUND, {"logger_ids": list(logger_ids), "now": now})


def next_bound(store: Store, logger_ids: Sequence[str], now: datetime) -> dict[str, datetime]:
    """Return when loggers are to measure something next, where that is known."""
    return dict(store.rows(NEXT_BOUND, {"logger_ids": list(logger_ids), "now": now}))


def newest_readings(
    store: Store, loggers: Sequence[BoundLogger], *, limit: int
) -> dict[str, NewestReadings]:
    """Return the newest readings of loggers that were heard, by id."""
    heard = [logger for logger in loggers if logger.measured_at is not None]
    times = [logger.measured_at for logger in heard if logger.measured_at is not None]
    if not times:
        return {}
    ids = {logger.logger_key: logger.logger_id for logger in heard}
    values = columns_of(heard, ("logger_key", "measured_at")) | {
        "reach": _REACH,
        "earliest": min(times) - _REACH,
        "latest": max(times),
        "limit": limit,
    }
    return {
        ids[logger_key]: NewestReadings(
            measured_at_ms=measured_at_ms or (),
            boot_key=boot_key or (),
            clock=clock or (),
            battery_mv=battery_mv or (),
            temperature_c=temperature_c or (),
        )
        for logger_key, measured_at_ms, boot_key, clock, battery_mv, temperature_c in store.rows(
            NEWEST, values
        )
    }


def seed_looks(
    store: Store, *, order_ids: Sequence[str], place_ids: Sequence[str], now: datetime
) -> None:
    """Have the loggers of these orders and places looked at, if nobody does yet."""
    store.execute(
        SEED_LOOKS, {"order_ids": list(order_ids), "place_ids": list(place_ids), "now": now}
    )
