"""What stands in the database, and what becomes of it? The notifier's only door to PostgreSQL."""

import select
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, Protocol, Self, TypeVar

import psycopg
from psycopg.rows import class_row, dict_row

from gateway.database.store import connect
from gateway.notify import store_statements as sql
from gateway.notify.bodies import Event
from gateway.notify.deliveries import Due, NewDelivery, Outcome
from gateway.notify.endpoints import Endpoint, Position

RowT = TypeVar("RowT")

DATABASE_DOWN: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a caller answers by trying again on a new connection."""

# First key of our advisory lock. Any constant of our own: "NOTI".
_LOCK_CLASS: Final = 0x4E4F5449


class HasFileno(Protocol):
    """Something that `select` can wait for."""

    def fileno(self) -> int:
        """Return its descriptor."""


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Which notifier is at work."""

    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is neither delivered nor given up."""

    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """How an endpoint fares, for a person; counts of done deliveries since a time."""

    endpoint_id: str
    url: str
    enabled: bool
    disabled_at: datetime | None
    disabled_why: str | None
    waiting: int
    oldest_at: datetime | None
    delivered: int
    given_up: int
    failed_at: datetime | None
    failed_status: int | None
    failed_error: str | None


class Store:
    """One connection. The lock lives on the connection that commits, so a commit proves it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @classmethod
    def connect(cls, database_url: str, *, name: str = "frostline notify") -> Self:
        """Connect; `name` is what others see of us (PostgreSQL keeps 63 bytes)."""
        return cls(connect(database_url, name=name))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection, and let the lock go."""
        self._connection.close()

    # Being the one at work

    def has_schema(self) -> bool:
        """Whether somebody has migrated this database."""
        row = self._connection.execute("SELECT to_regclass('webhook_deliveries')").fetchone()
        return row is not None and row[0] is not None

    def try_lock(self) -> bool:
        """Become the notifier at work, unless there is one; from then on, hear wake-ups."""
        row = self._connection.execute(sql.TRY_LOCK, {"lock_class": _LOCK_CLASS}).fetchone()
        if row is None or not row[0]:
            return False
        self._connection.execute("LISTEN frostline")
        return True

    def lock_holder(self) -> LockHolder | None:
        """Return the notifier at work."""
        with self._connection.cursor(row_factory=class_row(LockHolder)) as cursor:
            return cursor.execute(sql.LOCK_HOLDER, {"lock_class": _LOCK_CLASS}).fetchone()

    def wait(self, wake: HasFileno, timeout_s: float) -> bool:
        """Wait for a wake-up from the database or from `wake`; return whether there was one."""
        if self._take_wake_ups():
            return True
        readable, _, _ = select.select([self._connection, wake], [], [], timeout_s)
        self._take_wake_ups()
        return bool(readable)

    def _take_wake_ups(self) -> bool:
        return bool(list(self._connection.notifies(timeout=0)))

    # Events become deliveries

    def endpoints(self) -> list[Endpoint]:
        """Return who is told of events, with how far; new ones begin with this."""
        horizon = self._horizon()
        self._connection.execute(sql.INSERT_POSITIONS, {"horizon": str(horizon.xid)})
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return [_endpoint(row) for row in cursor.execute(sql.ENDPOINTS)]

    def events_after(
        self, position: Position, types: Collection[str], *, limit: int
    ) -> tuple[list[Event], Position]:
        """Return events behind a position, in order, and the position up to which these are all."""
        horizon = self._horizon()
        params = {
            "xid": str(position.xid),
            "event_id": position.event_id,
            "horizon": str(horizon.xid),
            "types": sorted(types),
            "limit": limit,
        }
        events = self._all(Event, sql.EVENTS_AFTER, params)
        if len(events) < limit:
            return events, horizon
        return events, Position(events[-1].xid, events[-1].event_id)

    def queue(
        self, deliveries: Sequence[NewDelivery], moved: Sequence[Endpoint], *, now: datetime
    ) -> None:
        """Keep deliveries and positions in one transaction: each event is queued exactly once."""
        with self._connection.transaction():
            if deliveries:
                self._connection.execute(
                    sql.INSERT_DELIVERIES, _delivery_arrays(deliveries) | {"now": now}
                )
            self._connection.execute(
                sql.MOVE_POSITIONS,
                {
                    "endpoint_id": [endpoint.endpoint_id for endpoint in moved],
                    "xid": [str(endpoint.position.xid) for endpoint in moved],
                    "event_id": [endpoint.position.event_id for endpoint in moved],
                    "next_sequence": [endpoint.next_sequence for endpoint in moved],
                },
            )

    def holds_events_back(self) -> bool:
        """Whether there are events that a transaction still under way keeps from being queued."""
        row = self._connection.execute(sql.HELD_BACK).fetchone()
        return row is not None and bool(row[0])

    def _horizon(self) -> Position:
        row = self._connection.execute(sql.HORIZON).fetchall()[0]
        return Position(row[0], 0)

    # Attempts

    def due(
        self,
        room: Mapping[str, int],
        under_way: Collection[int],
        *,
        limit: int,
        now: datetime,
        passes_failing_since: datetime,
    ) -> list[Due]:
        """Return what may be attempted now: at each endpoint as many as it has room for.

        A delivery that has failed since `passes_failing_since` no longer holds up its order.
        """
        params = {
            "endpoint_id": list(room),
            "room": list(room.values()),
            "under_way": list(under_way),
            "limit": limit,
            "now": now,
            "passes_failing_since": passes_failing_since,
        }
        return self._all(Due, sql.DUE, params)

    def replays(self, under_way: Collection[int], *, limit: int) -> list[Due]:
        """Return what people asked to be sent again."""
        return self._all(Due, sql.REPLAYS, {"under_way": list(under_way), "limit": limit})

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Keep how attempts ended, in one transaction."""
        with self._connection.transaction():
            for outcome in outcomes:
                self._record(outcome)

    def _record(self, outcome: Outcome) -> None:
        params = _outcome_params(outcome)
        row = self._connection.execute(sql.UPDATE_DELIVERY, params).fetchone()
        if row is None:
            return  # recorded before, or deleted for its age while a person had it sent again
        self._connection.execute(sql.INSERT_ATTEMPT, params | {"attempt": row[0]})
        if outcome.due.replay_id is not None:
            self._connection.execute(sql.DELETE_REPLAY, {"replay_id": outcome.due.replay_id})
            if outcome.answer.is_success:
                self._connection.execute(sql.ENABLE, params)
        if outcome.answer.is_gone:
            why = "the receiver answered 410: it wants nothing any more"
            self._connection.execute(sql.DISABLE, params | {"now": outcome.answer.at, "why": why})

    def give_up_unwanted(self, *, now: datetime) -> int:
        """Give up what is for endpoints that are not told any more; return how many."""
        return self._connection.execute(sql.GIVE_UP_UNWANTED, {"now": now}).rowcount

    def tidy(self, *, deliveries_before: datetime) -> None:
        """Delete old deliveries, with their attempts."""
        self._connection.execute(sql.TRIM_DELIVERIES, {"before": deliveries_before})

    # Status

    def count_waiting(self) -> Waiting:
        """Count what waits."""
        return self._all(Waiting, sql.COUNT_WAITING, {})[0]

    def next_attempt_after(self, now: datetime) -> datetime | None:
        """Return when the next attempt is due that is not due yet; None: none will be."""
        row = self._connection.execute(sql.NEXT_ATTEMPT, {"now": now}).fetchone()
        return None if row is None else row[0]

    def endpoint_states(self, *, since: datetime) -> list[EndpointState]:
        """Return how each endpoint fares."""
        return self._all(EndpointState, sql.ENDPOINT_STATES, {"since": since})

    def _all(
        self, cls: type[RowT], statement: LiteralString, params: Mapping[str, object]
    ) -> list[RowT]:
        with self._connection.cursor(row_factory=class_row(cls)) as cursor:
            return cursor.execute(statement, params).fetchall()


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    values = dict(row)
    position = Position(values.pop("xid"), values.pop("event_id"))
    for name in ("event_types", "secrets"):
        values[name] = tuple(values[name])
    return Endpoint(position=position, **values)


def _delivery_arrays(deliveries: Sequence[NewDelivery]) -> dict[str, object]:
    names = ("endpoint_id", "message_id", "type", "order_id", "sequence", "body")
    return {name: [getattr(delivery, name) for delivery in deliveries] for name in names}


def _outcome_params(outcome: Outcome) -> dict[str, object]:
    return {
        "delivery_id": outcome.due.delivery_id,
        "endpoint_id": outcome.due.endpoint_id,
        "requested_by": outcome.due.requested_by,
        "at": outcome.answer.at,
        "took_ms": outcome.answer.took_ms,
        "status": outcome.answer.status,
        "error": outcome.answer.error,
        "keeps": outcome.keeps,
        "next_attempt_at": outcome.next_attempt_at,
        "delivered_at": outcome.delivered_at,
        "given_up_at": outcome.given_up_at,
    }
