"""How does a recording travel the same path as live adverts?

A scanner backend of bleak's own kind hands the frames to an ordinary edge, whose clock is set by
each frame. So the same file always gives the same readings, and a second run stores nothing new.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from edge.settings import EdgeSettings
from frostline.config import load_settings, value_of
from frostline.database import translate_database_errors
from frostline.hearing import hear
from frostline.local import lasting_services
from frostline.recorded_radio import Recording
from frostline.recordings import Frame, read_recording
from frostline.system import ingesting
from gateway.ingest.settings import IngestSettings
from schemas.ids import GatewayId
from schemas.topics import shard_of

GATEWAY: Final = GatewayId("replay")
_REDIRECTED_COLUMNS: Final = 120  # a file has no width

# Of one logger: readings, and when and how warm they were.
_SUMMARIES: Final = """
SELECT logger_id, count(*), min(measured_at), max(measured_at), min(temperature_c),
       max(temperature_c)
FROM heard_readings
WHERE logger_id = ANY(%(loggers)s) AND measured_at BETWEEN %(from_at)s AND %(to_at)s
GROUP BY logger_id ORDER BY logger_id
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database holds of one logger, in the recording's time."""

    logger_id: str
    readings: int
    first_at: datetime
    last_at: datetime
    lowest_c: float
    highest_c: float


def replay_file(
    file: Path,
    *,
    start: datetime | None,
    interval_s: float,
    logger: str | None,
    config: Path | None,
) -> None:
    """Replay a file and print a table by device; raise CommandRefused for what can be mended."""
    frames = read_recording(file, start=start, interval_s=interval_s, logger=logger)
    console = Console(stderr=True)
    with ExitStack() as stack:
        stack.enter_context(translate_database_errors())
        way = stack.enter_context(_way(config, console.print))
        before = {row.logger_id: row.readings for row in _stored(way.database_url, frames)}
        asyncio.run(_hear(Recording(file, frames), way, console))
        after = _stored(way.database_url, frames)
    _print_table(frames, before, after)


@dataclass(frozen=True, slots=True)
class _Way:
    """An edge's settings, the database its readings come to, and whether what we run still runs."""

    edge: EdgeSettings
    database_url: str
    check: Callable[[], None] = lambda: None


@contextmanager
def _way(config: Path | None, report: Callable[[str], None]) -> Iterator[_Way]:
    with tempfile.TemporaryDirectory(prefix="frostline-replay-") as folder:
        given: dict[str, Any] = {
            "outbox_path": Path(folder) / "outbox.db",
            "record_interval_s": 0,
            "radio_silence_s": 0,
            "batch_linger_s": 0.1,
            "metrics_port": 0,
            # What this machine's own edge hears is not the recording's business.
            "allow": (),
            "calibration": (),
        }
        if value_of("edge", "broker_url", file=config):
            ingest = load_settings(IngestSettings, role="ingest", file=config)
            edge = load_settings(EdgeSettings, role="edge", file=config, **given)
            yield _Way(edge, ingest.database_url)
            return
        with lasting_services(gateways=(GATEWAY,), report=report) as addresses:
            edge = EdgeSettings(
                gateway_id=GATEWAY,
                broker_url=addresses.broker_url,
                broker_password=addresses.gateway_passwords[GATEWAY],
                **given,
            )
            shard = f"{shard_of(GATEWAY):02x}"
            with ingesting(addresses, shard, Path(folder)) as check:
                yield _Way(edge, addresses.database_url, check)


async def _hear(recording: Recording, way: _Way, console: Console) -> None:
    """Feed every frame and wait until it is stored, with a bar."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bars:
        hearing = bars.add_task("frames heard", total=len(recording.frames))
        unconfirmed = bars.add_task("readings not yet stored", total=None)

        def show(heard: int, held: int) -> None:
            bars.update(hearing, completed=heard)
            bars.update(unconfirmed, completed=held)

        await hear(recording, way.edge, check=way.check, progress=show)


def _stored(database_url: str, frames: Sequence[Frame]) -> list[Stored]:
    values = {
        "loggers": list({frame.logger_id for frame in frames}),
        "from_at": _time(frames[0].at_ms),
        "to_at": _time(frames[-1].at_ms),
    }
    with psycopg.connect(database_url) as connection:
        return [Stored(*row) for row in connection.execute(_SUMMARIES, values)]


def _print_table(frames: Sequence[Frame], before: dict[str, int], after: Sequence[Stored]) -> None:
    adverts = Counter(str(frame.logger_id) for frame in frames)
    table = Table(title="Replay", caption=f"{len(adverts)} devices on the air")
    for name in ("logger", "adverts", "readings", "new", "first (UTC)", "last (UTC)", "°C"):
        table.add_column(
            name, justify="right" if name in {"adverts", "readings", "new"} else "left"
        )
    new = 0
    for row in after:
        fresh = row.readings - before.get(row.logger_id, 0)
        new += fresh
        table.add_row(
            row.logger_id,
            str(adverts[row.logger_id]),
            str(row.readings),
            str(fresh),
            _show(row.first_at),
            _show(row.last_at),
            f"{row.lowest_c:.2f} to {row.highest_c:.2f}",
        )
    console = Console()
    if not console.is_terminal:
        console.width = _REDIRECTED_COLUMNS
    console.print(table)
    readings = sum(row.readings for row in after)
    print(f"replay readings={readings} loggers={len(after)} new={new}")


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _show(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
