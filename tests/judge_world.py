"""What the judge's tests share: orders and readings as api and ingest write them, and a judge."""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from gateway.judge.judge import Claimed, Judge
from gateway.judge.settings import JudgeSettings
from gateway.judge.store import Store

# A fixed morning, 10:00 in Shanghai, long enough ago for processes with a clock of their own.
T0 = datetime(2026, 1, 21, 2, 0, tzinfo=UTC)
BOX = "C4:A5:E3:00:00:01"
VAN = "C4:A5:E3:00:00:02"

Reading = tuple[datetime, float]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def steady(
    temperature_c: float, *, start: float = 0, end: float = 60, step_s: float = 60
) -> list[Reading]:
    """Return readings of one temperature from `start` to before `end`, minutes after T0."""
    count = round((end - start) * 60 / step_s)
    begin = T0 + minutes(start)
    return [(begin + timedelta(seconds=step_s * i), temperature_c) for i in range(count)]


class JudgeWorld:
    """A database, what travels through it, and a judge whose clock the test sets."""

    def __init__(self, database_url: str, **changes: Any) -> None:
        self.database_url = database_url
        self.now = T0 + minutes(60)
        values: dict[str, Any] = {"min_interval_s": 0.0, "forecast_interval_s": 0.0}
        self.settings = JudgeSettings(database_url=database_url, **(values | changes))
        self.db = psycopg.connect(database_url, autocommit=True)
        self.store = Store.connect(database_url)
        self.judge = Judge(self.store, self.settings, lambda: self.now)

    def close(self) -> None:
        self.store.close()
        self.db.close()

    def sql(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        cursor = self.db.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []

    # What the api writes ------------------------------------------------------------------------

    def policy(self, policy_id: str = "tested", zone: str = "chilled", **changes: object) -> None:
        """Load a policy: above 4 °C for half an hour is an excursion; nothing to forecast."""
        limit = {
            "name": "too-warm",
            "side": "upper",
            "limit_c": 4.0,
            "counts_at_limit": False,
            "duration_s": 1800,
            "counting": "consecutive",
            "window_s": None,
            "hysteresis_c": 0.0,
            "verify_normal_s": 0,
            "measured": "air",
            "severity": "critical",
        }
        document = {
            "policy_id": policy_id,
            "version": 9,
            "zone": zone,
            "product_class": None,
            "source": "a test",
            "lower_c": None,
            "upper_c": None,
            "limits": [limit],
        }
        self.sql(
            "INSERT INTO policies (policy_id, version, zone, lower_c, upper_c, source, document, "
            "sha256, loaded_at) VALUES (%s, 9, %s, 0, 4, 'a test', %s, '\\x00', %s)",
            (policy_id, zone, psycopg.types.json.Jsonb(document | changes), T0),
        )

    def order(
        self,
        order_id: str = "order-1",
        *,
        zones: Sequence[str] = ("chilled",),
        policy_id: str = "tested",
        value: int | None = 10_000,
        due_at: datetime | None = None,
    ) -> None:
        self.sql(
            "INSERT INTO orders (order_id, member_id, member_level, time_zone, placed_at, due_at, "
            "delivery_fee) VALUES (%s, 'm-1', 'gold', 'Asia/Shanghai', %s, %s, 600)",
            (order_id, T0, due_at),
        )
        for zone in zones:
            self.sql(
                "INSERT INTO consignments (consignment_id, order_id, zone, policy_id, "
                "policy_version, opened_at, goods_value) "
                "SELECT %s, %s, %s, policy_id, max(version), %s, %s FROM policies "
                "WHERE policy_id = %s GROUP BY policy_id",
                (f"{order_id}.{zone}", order_id, zone, T0, value, policy_id),
            )
        self.touch_order(order_id)

    def logger(self, logger_id: str = BOX, *, interval_s: int | None = 60) -> None:
        self.sql(
            "INSERT INTO loggers (logger_id, record_interval_s, registered_at) VALUES (%s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (logger_id, interval_s, T0),
        )

    def bind(
        self,
        logger_id: str = BOX,
        *,
        consignment_id: str | None = None,
        place_id: str | None = None,
        from_at: datetime = T0,
        until_at: datetime | None = None,
    ) -> None:
        self.logger(logger_id)
        self.sql(
            "INSERT INTO bindings (logger_id, consignment_id, place_id, during, bound_by) "
            "VALUES (%s, %s, %s, tstzrange(%s, %s), 'a test')",
            (logger_id, consignment_id, place_id, from_at, until_at),
        )
        if consignment_id:
            self.touch_order(consignment_id.partition(".")[0])

    def shipped(self, order_id: str = "order-1", logger_id: str = BOX, **order: Any) -> None:
        """Make an order with one chilled box that has a logger from T0 on."""
        self.order(order_id, **order)
        self.bind(logger_id, consignment_id=f"{order_id}.chilled")

    def close_order(self, order_id: str = "order-1", *, at: datetime) -> None:
        """Deliver an order: its boxes' lives end."""
        self.sql(
            "INSERT INTO milestones (order_id, milestone, at) VALUES (%s, 'delivered', %s)",
            (order_id, at),
        )
        self.sql("UPDATE consignments SET closed_at = %s WHERE order_id = %s", (at, order_id))
        self.touch_order(order_id)

    def place(self, place_id: str = "van-1", zone: str = "chilled") -> None:
        self.sql(
            "INSERT INTO places (place_id, kind, name, zone) VALUES (%s, 'vehicle', 'Van', %s)",
            (place_id, zone),
        )

    def stay(
        self, consignment_id: str, place_id: str, from_at: datetime, until_at: datetime | None
    ) -> None:
        self.sql(
            "INSERT INTO stays (consignment_id, place_id, during) "
            "VALUES (%s, %s, tstzrange(%s, %s))",
            (consignment_id, place_id, from_at, until_at),
        )
        self.touch_order(consignment_id.partition(".")[0])

    def intake(self, intake_id: str = "in-1", *, from_at: datetime, until_at: datetime) -> None:
        """Record a supplier's batch that came with the box's logger."""
        self.logger(BOX)
        self.sql(
            "INSERT INTO intakes (intake_id, supplier, batch, logger_id, policy_id, "
            "policy_version, from_at, until_at, requested_at, requested_by) "
            "VALUES (%s, 's-1', 'b-1', %s, 'tested', 9, %s, %s, %s, 'a test')",
            (intake_id, BOX, from_at, until_at, until_at),
        )
        self.sql(
            "INSERT INTO touched (intake_id, from_at, to_at) VALUES (%s, %s, %s)",
            (intake_id, from_at, until_at),
        )

    def touch_order(self, order_id: str) -> None:
        self.sql(
            "INSERT INTO touched (order_id, from_at, to_at) VALUES (%s, %s, %s)",
            (order_id, T0, T0),
        )

    # What ingest writes -------------------------------------------------------------------------

    def logger_key(self, logger_id: str) -> int:
        self.sql(
            "INSERT INTO heard_loggers (logger_id, frame_format, counter_wrap, first_heard_at) "
            "VALUES (%s, 'ruuvi-df5', 65535, %s) ON CONFLICT DO NOTHING",
            (logger_id, T0),
        )
        return int(
            self.sql("SELECT logger_key FROM heard_loggers WHERE logger_id = %s", (logger_id,))[0][
                0
            ]
        )

    def hear(
        self,
        readings: Sequence[Reading],
        logger_id: str = BOX,
        *,
        on: "psycopg.Connection[Any] | None" = None,
        stored_at: datetime | None = None,
    ) -> None:
        """Store readings and their mark; what is stored already is repeated."""
        if not readings:
            return
        key = self.logger_key(logger_id)
        db = on or self.db
        with db.transaction():
            db.execute(
                "INSERT INTO readings (measured_at, logger_key, boot_key, temperature_c, source, "
                "clock) SELECT at, %s, 1, temperature_c, 0, 0 "
                "FROM unnest(%s::timestamptz[], %s::real[]) AS r (at, temperature_c) "
                "ON CONFLICT DO NOTHING",
                (key, [at for at, _ in readings], [t for _, t in readings]),
            )
            db.execute(
                "INSERT INTO latest (logger_key, measured_at, stored_at, boot_key, temperature_c) "
                "VALUES (%s, %s, %s, 1, %s) ON CONFLICT (logger_key) DO UPDATE "
                "SET measured_at = EXCLUDED.measured_at, stored_at = EXCLUDED.stored_at "
                "WHERE latest.measured_at < EXCLUDED.measured_at",
                (key, max(readings)[0], stored_at or max(readings)[0], max(readings)[1]),
            )
            times = [at for at, _ in readings]
            db.execute(
                "INSERT INTO touched (logger_key, from_at, to_at) VALUES (%s, %s, %s)",
                (key, min(times), max(times)),
            )
            db.execute("NOTIFY frostline")

    # What the judge finds -----------------------------------------------------------------------

    def judge_all(self, now: datetime | None = None) -> int:
        """Judge until nothing is touched or due; return how many subjects that took."""
        if now is not None:
            self.now = now
        total = 0
        for _ in range(1000):
            claimed = self.judge.claim()
            total += claimed.judged
            if claimed == Claimed(judged=0, put_off=0, elsewhere=0):
                return total
        raise AssertionError("the judge finds no end")

    def verdicts(self, subject_id: str = "order-1.chilled") -> list[tuple[Any, ...]]:
        """Return (revision, outcome, is_final, readings) of all revisions."""
        return self.sql(
            "SELECT revision, outcome, is_final, readings FROM verdicts WHERE subject_id = %s "
            "ORDER BY revision",
            (subject_id,),
        )

    def excursions(self, subject_id: str = "order-1.chilled") -> list[tuple[Any, ...]]:
        """Return (revision, state, minutes from T0 to begin and end) of all revisions."""
        rows = self.sql(
            "SELECT revision, state, from_at, until_at FROM excursions WHERE subject_id = %s "
            "ORDER BY excursion_id, revision",
            (subject_id,),
        )
        return [(r, state, _after_t0(a), _after_t0(b)) for r, state, a, b in rows]

    def events(self, pattern: str = "frostline.%") -> list[str]:
        """Return the types of events in their order, without 'frostline.'."""
        rows = self.sql("SELECT type FROM events WHERE type LIKE %s ORDER BY event_id", (pattern,))
        return [row[0].removeprefix("frostline.") for row in rows]


def unpacked(bundle: bytes, sha256: bytes) -> bytes:
    """Return a stored bundle, which is what its hash says."""
    content = zlib.decompress(bundle)
    assert hashlib.sha256(content).digest() == sha256
    return content


@contextmanager
def judge_world(database_url: str, **changes: Any) -> Iterator[JudgeWorld]:
    """Open a judge over a migrated database."""
    world = JudgeWorld(database_url, **changes)
    try:
        yield world
    finally:
        world.close()


def _after_t0(at: datetime | None) -> float | None:
    return None if at is None else (at - T0).total_seconds() / 60
