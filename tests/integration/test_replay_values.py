"""A replayed export stands in the database to the millisecond and to 0.01 °C."""

import csv
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from frostline.stack.processes import Child, Program

EXPORT = Path(__file__).parents[1] / "data/ble/ruuvi-0233.csv"


def test_every_row_of_an_export_is_there_with_its_time_and_value(
    database_url: str, broker: Any, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    environ = {
        "FROSTLINE_INGEST_DATABASE_URL": database_url,
        "FROSTLINE_INGEST_BROKER_URL": broker.url,
        "FROSTLINE_INGEST_BROKER_PASSWORD": broker.password("ingest"),
        "FROSTLINE_EDGE_GATEWAY_ID": "replay",
        "FROSTLINE_EDGE_BROKER_URL": broker.url,
        "FROSTLINE_EDGE_BROKER_PASSWORD": broker.password("replay"),
    }
    frostline = (sys.executable, "-m", "frostline")
    ingest = Child(Program("ingest", (*frostline, "ingest"), environ=environ), tmp_path / "log")
    try:
        wait_until(lambda: "shards owned" in ingest.log.read_text(), what="the ingestor")
        subprocess.run([*frostline, "replay", str(EXPORT)], env=environ, timeout=60, check=True)
    finally:
        ingest.stop()
    with EXPORT.open(encoding="utf-8") as file:
        next(file)
        rows = list(csv.DictReader(file))
    expected = [(datetime.fromisoformat(row["ISO8601"]), float(row["Цельсий"])) for row in rows]
    with psycopg.connect(database_url) as connection:
        stored = connection.execute(
            "SELECT measured_at, round(temperature_c::numeric, 2)::float8 "
            "FROM readings ORDER BY measured_at"
        ).fetchall()
    assert stored == sorted(expected)
