"""How many six-hour consignments does one judge get through, with the database?

Each order has one chilled box with a reading every 30 seconds for six hours: 720. One in ten has
been too warm for an hour, and is decided on with evidence. The judge is the real one, on one
connection, in this process; what it reads, decides and commits is in the time. Server and judge
share the machine, each on its own core. The server writes with fsync and synchronous_commit on.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg

from bench.report import progress
from frostline.migrate import migrate
from frostline.stack import postgres as servers
from frostline.stack.postgres import Postgres
from gateway.judge import judge
from gateway.judge.settings import JudgeSettings
from gateway.judge.store import Store

_ORDERS: Final = 2048
_READINGS: Final = 720
_TIMEOUT_S: Final = 600.0
_POLL_S: Final = 0.05
_BEGUN: Final = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
_NOW: Final = _BEGUN + timedelta(hours=6)

_MAKE: Final = """
INSERT INTO orders (order_id, member_id, member_level, time_zone, placed_at, delivery_fee)
SELECT 'o' || i, 'm-1', 'gold', 'Asia/Shanghai', %(begun)s, 600 FROM generate_series(1, %(n)s) i;

INSERT INTO consignments (consignment_id, order_id, zone, policy_id, policy_version, opened_at,
                          goods_value, closed_at)
SELECT 'o' || i || '.chilled', 'o' || i, 'chilled', 'chilled',
       (SELECT max(version) FROM policies WHERE policy_id = 'chilled'), %(begun)s, 10000,
       %(closed)s::timestamptz
FROM generate_series(1, %(n)s) i;

INSERT INTO loggers (logger_id, record_interval_s, registered_at)
SELECT 'l' || i, 30, %(begun)s FROM generate_series(1, %(n)s) i;

INSERT INTO heard_loggers (logger_id, frame_format, counter_wrap, first_heard_at)
SELECT 'l' || i, 'ruuvi-df5', 65535, %(begun)s FROM generate_series(1, %(n)s) i;

INSERT INTO bindings (logger_id, consignment_id, during, bound_by)
SELECT 'l' || i, 'o' || i || '.chilled', tstzrange(%(begun)s, NULL), 'a bench'
FROM generate_series(1, %(n)s) i;

INSERT INTO readings (measured_at, logger_key, boot_key, temperature_c, sequence, source, clock)
SELECT %(begun)s + k * interval '30 s', logger_key, 1,
       round((2 + 0.5 * sin(k / 40.0 + logger_key) + 0.1 * sin(k * 12.9898)
        + CASE WHEN logger_key %% 10 = 0 AND k BETWEEN 400 AND 520 THEN 10 ELSE 0 END)::numeric, 2),
       k, 0, 0
FROM heard_loggers, generate_series(0, %(readings)s - 1) k
"""


_PLACES: Final = 8  # of each kind
_PLACE_RUNS: Final = 40

# The first order warms the judge up: modules, the forecast's model, prepared statements.
_TOUCH: Final = """
INSERT INTO touched (logger_key, from_at, to_at)
SELECT logger_key, %(begun)s, %(now)s FROM heard_loggers
WHERE (logger_id = 'l1') = %(first)s
"""

_MAKE_PLACES: Final = """
INSERT INTO places (place_id, kind, name, zone)
SELECT kind || '-' || i, 'cold_room', kind || '-' || i, 'chilled'
FROM unnest(ARRAY['year', 'day']) kind, generate_series(1, %(places)s) i;

INSERT INTO loggers (logger_id, record_interval_s, registered_at)
SELECT place_id, 300, %(now)s FROM places;

INSERT INTO heard_loggers (logger_id, frame_format, counter_wrap, first_heard_at)
SELECT place_id, 'ruuvi-df5', 65535, %(now)s FROM places;

INSERT INTO bindings (logger_id, place_id, during, bound_by)
SELECT place_id, place_id,
       tstzrange(%(now)s::timestamptz - CASE WHEN place_id LIKE 'year%%' THEN interval '365 days'
                                             ELSE interval '1 day' END, NULL), 'a bench'
FROM places;

INSERT INTO readings (measured_at, logger_key, boot_key, temperature_c, sequence, source, clock)
SELECT lower(b.during) + k * interval '5 min', logger_key, 1, 2 + 0.5 * sin(k / 40.0), k %% 65535,
       0, 0
FROM bindings b
JOIN heard_loggers USING (logger_id)
CROSS JOIN LATERAL generate_series(
    0, (extract(epoch FROM %(now)s::timestamptz - lower(b.during)) / 300)::integer - 1) k;

INSERT INTO touched (logger_key, from_at, to_at)
SELECT logger_key, lower(during), %(now)s FROM bindings JOIN heard_loggers USING (logger_id)
"""

_ONE_MORE: Final = """
WITH stored AS (
    INSERT INTO readings (measured_at, logger_key, boot_key, temperature_c, sequence, source, clock)
    SELECT %(now)s::timestamptz - interval '1 s', logger_key, 1, 2, 0, 0, 0
    FROM heard_loggers WHERE logger_id LIKE %(kind)s
    RETURNING logger_key, measured_at
)
INSERT INTO touched (logger_key, from_at, to_at)
SELECT logger_key, measured_at, measured_at FROM stored
"""

_WAITING: Final = """
SELECT (SELECT count(*) FROM touched), (SELECT count(*) FROM verdicts)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one pass over all orders came to."""

    per_s: float
    core_share: float  # of one core, by the judge
    decisions: int


def judged_per_s() -> float:
    """Return six-hour consignments a second, all in: read, judged, decided, forecast, committed."""
    with _server() as database_url:
        return _measure(database_url, closed=False).per_s


def place_year_over_day() -> float:
    """Return what judging places a year old costs, over what day-old ones cost; 1: the same.

    Of each kind there are some places with a reading every five minutes. In turn one more reading
    of each kind's places is stored and judged; the medians of these claims are compared.
    """
    with _server() as database_url, psycopg.connect(database_url, autocommit=True) as connection:
        values = {"now": _NOW, "places": _PLACES}
        psycopg.ClientCursor(connection).execute(_MAKE_PLACES, values)
        connection.execute("ANALYZE")
        settings = JudgeSettings(database_url=database_url, min_interval_s=0)
        times_s: dict[str, list[float]] = {"year": [], "day": []}
        with Store.connect(database_url) as store:
            now = _NOW
            worker = judge.Judge(store, settings, lambda: now)
            progress(f"judging a year of {_PLACES} places")
            _claim_all(worker)
            for _ in range(_PLACE_RUNS):
                now += timedelta(minutes=5)
                for kind, times in times_s.items():
                    connection.execute(_ONE_MORE, {"now": now, "kind": f"{kind}-%"})
                    started = time.perf_counter()
                    _claim_all(worker)
                    times.append(time.perf_counter() - started)
    return statistics.median(times_s["year"]) / statistics.median(times_s["day"])


def _claim_all(worker: judge.Judge) -> None:
    while worker.claim().judged:
        pass


def run() -> dict[str, object]:
    """Measure open and delivered orders and places, and return the figures."""
    figures: dict[str, object] = {"place_year_over_day": round(place_year_over_day(), 3)}
    for name, closed in (("open", False), ("delivered", True)):
        with _server() as database_url:
            progress(f"{_ORDERS} {name} orders of {_READINGS} readings")
            judged = _measure(database_url, closed=closed)
        figures |= {
            f"judged_{name}_per_s": round(judged.per_s),
            f"judged_{name}_core_share": round(judged.core_share, 2),
            f"judged_{name}_decisions": judged.decisions,
        }
    return figures


def _measure(database_url: str, *, closed: bool) -> Judged:
    values = {
        "begun": _BEGUN,
        "now": _NOW,
        "closed": _NOW if closed else None,
        "n": _ORDERS,
        "readings": _READINGS,
    }
    with psycopg.ClientCursor(psycopg.connect(database_url, autocommit=True)) as cursor:
        cursor.execute(_MAKE, values)
        cursor.execute("ANALYZE")
        cursor.execute("CHECKPOINT")
    settings = JudgeSettings(database_url=database_url)
    with psycopg.connect(database_url, autocommit=True) as connection, _judging(settings):
        _judge(connection, values | {"first": True}, verdicts=1)
        started, used_s = time.perf_counter(), time.process_time()
        _judge(connection, values | {"first": False}, verdicts=_ORDERS)
        took_s, core_s = time.perf_counter() - started, time.process_time() - used_s
        ((decisions,),) = connection.execute("SELECT count(*) FROM trigger_decisions").fetchall()
    return Judged(per_s=(_ORDERS - 1) / took_s, core_share=core_s / took_s, decisions=decisions)


def _judge(connection: psycopg.Connection, values: Mapping[str, object], *, verdicts: int) -> None:
    """Mark orders and wait until there are so many verdicts."""
    connection.execute(_TOUCH, values)
    connection.execute("NOTIFY frostline")
    deadline = time.monotonic() + _TIMEOUT_S
    while connection.execute(_WAITING).fetchall() != [(0, verdicts)]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {_TIMEOUT_S:g} s for {verdicts} verdicts")
        time.sleep(_POLL_S)  # each look takes a little of the server's time


@contextmanager
def _judging(settings: JudgeSettings) -> Iterator[None]:
    """Run a judge; a failure of it rises at the end."""
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as pool:
        judging = pool.submit(judge.run, settings, stop, clock=lambda: _NOW)
        try:
            yield
        finally:
            stop.set()
            judging.result()


@contextmanager
def _server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="frostline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the server's account walks through
        with Postgres(servers.prepare(report=progress), folder / "postgres") as postgres:
            database_url = postgres.create_database("bench")
            migrate(database_url, require_timescaledb=True)
            yield database_url


if __name__ == "__main__":
    print(run())
