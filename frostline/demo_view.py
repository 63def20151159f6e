"""What does the demo's screen show? Each box's newest reading, and what happened last."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import psycopg
from rich.console import Group, RenderableType
from rich.table import Table

from schemas.events import (
    ALERT_RAISED,
    AT_RISK,
    COMPENSATION_CORRECTED,
    COMPENSATION_TRIGGERED,
    EXCURSION_CLOSED,
    EXCURSION_OPENED,
    SILENT,
)
from schemas.money import write_amount

_LINES: Final = 10

_NEWEST: Final = """
SELECT label, logger_id, temperature_c, measured_at
FROM known_loggers JOIN latest_readings USING (logger_id, logger_key)
WHERE label LIKE 'order%' OR label LIKE 'van%' ORDER BY label
"""
_COUNT: Final = "SELECT count(*) FROM readings"
_EVENTS: Final = """
SELECT at, type, data FROM events
WHERE type = ANY(%(types)s) ORDER BY event_id DESC LIMIT %(lines)s
"""

# The data's fields are those of schemas.events.
_SENTENCES: Final = {
    AT_RISK: "{consignment_id} is at risk: it leaves its zone {leaves}",
    EXCURSION_OPENED: "{subject_id} is beyond its limit {limit}: {extreme_c:.2f} °C",
    EXCURSION_CLOSED: "{subject_id} is back within its limit {limit}",
    SILENT: "nothing is heard of {logger_id}",
    ALERT_RAISED: "alert: {cause} ({severity})",
    COMPENSATION_TRIGGERED: "{order_id} gets {amount}: {outcome}, clause {clause}",
    COMPENSATION_CORRECTED: "{order_id} gets {amount}, corrected: {outcome}, clause {clause}",
}


def view(connection: psycopg.Connection, now: datetime, progress: str) -> RenderableType:
    """Return what to show now; `progress` is that of the day that runs beside it."""
    beside = [f"A simulated day runs beside it: {progress}"] if progress else []
    return Group(_boxes(connection, now), _happenings(connection), *beside)


def _boxes(connection: psycopg.Connection, now: datetime) -> Table:
    row = connection.execute(_COUNT).fetchone()
    table = Table(title=f"{row[0] if row else 0:,} readings stored")
    table.add_column("box")
    table.add_column("logger", no_wrap=True)
    table.add_column("°C", justify="right")
    table.add_column("age", justify="right")
    for label, logger_id, temperature_c, measured_at in connection.execute(_NEWEST):
        age_s = (now - measured_at).total_seconds()
        table.add_row(label, logger_id, f"{temperature_c:.2f}", f"{age_s:.1f} s")
    return table


def _happenings(connection: psycopg.Connection) -> Table:
    table = Table(title="What happened", show_header=False)
    table.add_column("when", no_wrap=True)
    table.add_column("what")
    asked = {"types": list(_SENTENCES), "lines": _LINES}
    for at, kind, data in reversed(connection.execute(_EVENTS, asked).fetchall()):
        table.add_row(_clock(at), _sentence(kind, data))
    return table


def _sentence(kind: str, data: Mapping[str, Any]) -> str:
    known = {name: "" if value is None else value for name, value in data.items()}
    if kind == AT_RISK:
        at = data["leaves_at_q50"]
        known["leaves"] = f"at about {_clock(datetime.fromisoformat(at))}" if at else "at some time"
    if "amount" in data:
        known["amount"] = write_amount(data["amount"], data["currency"], "en")
    return _SENTENCES[kind].format_map(known)


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"
