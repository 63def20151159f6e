"""How fast do readings get from MQTT into durable rows, beside a raw COPY into the same table?

The ingestor is the real command in a process of its own. The broker holds all messages for its
session before it starts, and nobody publishes while it works. Its clock starts with its connection
to the broker and ends when the gateways have heard `stored` for the last batch, so rows, `latest`,
`touched`, acknowledgements and answers are all in it. The baseline sends the same rows, sorted as
the ingestor sorts them and encoded beforehand, on one connection. Both write with fsync and
synchronous_commit on; they take turns, because a machine's speed drifts.
"""

import json as json_module
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import psycopg

from bench import batches, fleet
from bench.batches import Load, Message
from bench.report import progress, publish
from frostline.migrate import migrate
from frostline.stack import broker as brokers
from frostline.stack import postgres as servers
from frostline.stack.broker import Broker
from frostline.stack.postgres import Postgres
from frostline.stack.processes import Child, Program
from gateway.ingest import pgbinary
from gateway.ingest.known import KnownLoggers
from gateway.ingest.rows import Rows, reading_fields, rows_of
from gateway.ingest.store import Store
from gateway.ingest.store_statements import COPY_READINGS
from schemas.columns import columns_of, parse_batch

_INGESTOR: Final = "frostline-ingest-00-3f"  # its client id for all shards
_DRAIN: Final = "bench-drain"
_COPY_ROWS: Final = (10_000, 50_000)
_EMPTY: Final = "TRUNCATE readings, latest, touched, events, dead_letters"


@dataclass(slots=True)
class Rates:
    """A rate in each run, in readings or messages a second."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Of all runs."""
        return statistics.median(self.values)

    @property
    def noise(self) -> list[float]:
        """Slowest and fastest run."""
        return [round(min(self.values)), round(max(self.values))]


@dataclass(frozen=True, slots=True)
class Stack:
    """Servers, and gateways connected to them."""

    database_url: str
    broker: Broker
    gateways: fleet.Fleet
    folder: Path


def run(*, json: bool, runs: int = 5, quick: bool = False) -> dict[str, object]:
    """Measure, print, and return the figures; `quick`: a tenth of the load."""
    many = Load(messages_per_gateway=20 if quick else 200)
    repeating = replace(many, repeat_one=True)
    single = Load(
        loggers_per_gateway=1, readings_per_logger=1, messages_per_gateway=40 if quick else 400
    )
    with _stack(many) as stack:
        figures = _bulk(stack, many, repeating, runs) | _single(stack, single, runs)
    publish("MQTT to durable rows", figures, json=json)
    return figures


def _bulk(stack: Stack, load: Load, repeating: Load, runs: int) -> dict[str, object]:
    progress(f"encoding {load.readings:,} readings of {load.gateways * load.loggers_per_gateway:,}")
    plain, with_repeats = batches.encode(load), batches.encode(repeating)
    rows = _table_rows(stack, plain)
    copies = {size: (_buffers(rows, size), Rates()) for size in _COPY_ROWS}
    ours, one_pct, all_repeated = Rates(), Rates(), Rates()
    for number in range(1, runs + 1):
        for buffers, rates in copies.values():
            rates.values.append(_measure_copy(stack, buffers, load.readings))
        ours.values.append(_measure_ingest(stack, plain, load, empty=True))
        all_repeated.values.append(_measure_ingest(stack, plain, load, empty=False))
        one_pct.values.append(_measure_ingest(stack, with_repeats, repeating, empty=True))
        progress(
            f"run {number}/{runs}, readings/s: COPY "
            + ", ".join(f"{size} {rates.values[-1]:,.0f}" for size, (_, rates) in copies.items())
            + f"; ours {ours.values[-1]:,.0f}, 1 % repeated {one_pct.values[-1]:,.0f}, "
            f"all repeated {all_repeated.values[-1]:,.0f}"
        )
    size, (_, copy) = max(copies.items(), key=lambda item: item[1][1].median)
    return {
        "ratio": round(ours.median / copy.median, 3),
        "readings_per_s": round(ours.median),
        "copy_readings_per_s": round(copy.median),
        "copy_method": f"binary COPY, {size} rows",
        "ratio_1pct_repeated": round(one_pct.median / copy.median, 3),
        "ratio_100pct_repeated": round(all_repeated.median / copy.median, 3),
        "readings_per_s_min_max": ours.noise,
        "copy_readings_per_s_min_max": copy.noise,
        "readings_per_s_1pct_min_max": one_pct.noise,
        "readings_per_s_100pct_min_max": all_repeated.noise,
    }


def _single(stack: Stack, load: Load, runs: int) -> dict[str, object]:
    messages = batches.encode(load)
    ours, drained = Rates(), Rates()
    for number in range(1, runs + 1):
        drained.values.append(_measure_drain(stack, messages))
        ours.values.append(_measure_ingest(stack, messages, load, empty=True))
        progress(
            f"run {number}/{runs}, messages/s: drain {drained.values[-1]:,.0f}, "
            f"ours {ours.values[-1]:,.0f}"
        )
    return {
        "single_ratio": round(ours.median / drained.median, 3),
        "messages_per_s": round(ours.median),
        "drain_messages_per_s": round(drained.median),
        "messages_per_s_min_max": ours.noise,
        "drain_messages_per_s_min_max": drained.noise,
    }


# Ours --------------------------------------------------------------------------------------------


def _measure_ingest(stack: Stack, messages: Sequence[Message], load: Load, *, empty: bool) -> float:
    """Return readings a second; afterwards every row is there, and the broker holds nothing."""
    if empty:
        _execute(stack, _EMPTY)
    fleet.open_session(stack.broker, _INGESTOR)
    stack.gateways.publish(messages)
    stack.gateways.forget_answers()
    _execute(stack, "CHECKPOINT")
    log = stack.folder / f"ingest-{time.monotonic_ns()}.log"
    ingestor = Child(_ingest_program(stack), log)
    try:
        stack.gateways.wait_stored(len(messages))
        ended_at = time.time()
        ingestor.check()
    finally:
        ingestor.stop()
    took_s = ended_at - _connected_at(log)
    _verify(stack, load)
    return load.readings / took_s


def _ingest_program(stack: Stack) -> Program:
    settings = {
        "FROSTLINE_INGEST_BROKER_URL": stack.broker.url,
        "FROSTLINE_INGEST_BROKER_PASSWORD": stack.broker.password("ingest"),
        "FROSTLINE_INGEST_DATABASE_URL": stack.database_url,
    }
    command = (sys.executable, "-c", "from frostline.cli import main; main()", "ingest")
    return Program("ingest", command, environ={**os.environ, **settings})


def _connected_at(log: Path) -> float:
    """Return when the ingestor connected to the broker, by its own log."""
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json_module.loads(line)
        if entry["message"] == "broker connected":
            return datetime.fromisoformat(entry["at"]).timestamp()
    raise RuntimeError(f"the ingestor never connected; its log is {log}")


def _verify(stack: Stack, load: Load) -> None:
    """Refuse a rate that was bought with a loss."""
    held = fleet.end_session(stack.broker, _INGESTOR)
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM readings), (SELECT count(*) FROM latest),"
            " (SELECT count(DISTINCT logger_key) FROM touched)"
        ).fetchone()
    loggers = load.gateways * load.loggers_per_gateway
    expected = (load.readings - load.repeated, loggers, loggers)
    if row != expected or held:
        raise RuntimeError(f"rows, latest, touched are {row}, not {expected}; broker holds {held}")


# The baselines -----------------------------------------------------------------------------------


def _table_rows(stack: Stack, messages: Sequence[Message]) -> Rows:
    """Register gateways and loggers, and return all rows in the order of the messages."""
    parsed = [parse_batch(message.payload) for message in messages]
    columns = columns_of(parsed)
    now = datetime.now(UTC)
    known = KnownLoggers()
    boots = [(batch.sender.gateway_id, batch.sender.boot_id) for batch in parsed]
    with Store.connect(stack.database_url) as store:
        known.learn(
            store.learn_loggers(dict(zip(columns.loggers, columns.formats, strict=True)), now=now)
        )
        keys = store.learn_boots(set(boots), now=now)
    slot = known.slots(columns.loggers)[columns.logger]
    boot_key = np.repeat([keys[boot] for boot in boots], [batch.rows for batch in parsed])
    return rows_of(columns, logger_key=known.keys[slot], boot_key=boot_key)


def _buffers(rows: Rows, size: int) -> list[bytearray]:
    """Return a binary COPY for each `size` rows, each sorted as the ingestor sorts a flush."""
    buffers = []
    for start in range(0, len(rows), size):
        part = rows.take(np.arange(start, min(start + size, len(rows))))
        part = part.take(np.lexsort((part.measured_at_ms, part.logger_key)))
        buffers.append(pgbinary.copy_buffer(list(reading_fields(part).values())))
    return buffers


def _measure_copy(stack: Stack, buffers: Sequence[bytearray], readings: int) -> float:
    """Return rows a second, each buffer its own commit."""
    _execute(stack, _EMPTY)
    _execute(stack, "CHECKPOINT")
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        started = time.perf_counter()
        for buffer in buffers:
            with connection.cursor() as cursor, cursor.copy(COPY_READINGS) as copy:
                copy.write(buffer)
        return readings / (time.perf_counter() - started)


def _measure_drain(stack: Stack, messages: Sequence[Message]) -> float:
    """Return messages a second."""
    fleet.open_session(stack.broker, _DRAIN)
    stack.gateways.publish(messages)
    done = subprocess.run(
        [sys.executable, "-m", "bench.drain", stack.broker.url, _DRAIN, str(len(messages))],
        env={**os.environ, "BENCH_PASSWORD": stack.broker.password("ingest")},
        capture_output=True,
        text=True,
        check=True,
    )
    fleet.end_session(stack.broker, _DRAIN)
    return len(messages) / float(done.stdout)


# The servers -------------------------------------------------------------------------------------


@contextmanager
def _stack(load: Load) -> Iterator[Stack]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="frostline-bench-")))
        folder.chmod(0o711)  # the servers' account walks through
        installation = servers.prepare(report=progress)
        postgres = stack.enter_context(Postgres(installation, folder / "postgres"))
        database_url = postgres.create_database("bench")
        migrate(database_url, require_timescaledb=True)
        broker = Broker(brokers.prepare(report=progress), folder / "broker")
        for user in ("ingest", *(batches.gateway_id_of(i) for i in range(load.gateways))):
            broker.password(user)
        stack.enter_context(broker)
        gateways = stack.enter_context(fleet.fleet(broker, load.gateways))
        yield Stack(database_url, broker, gateways, folder)


def _execute(stack: Stack, statement: str) -> None:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(statement.encode())
