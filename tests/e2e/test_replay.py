"""Recorded reality ends in the database, once, however often it is replayed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data/ble"


@pytest.fixture(scope="module")
def environ(stack_folder: Path) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FROSTLINE_E")}
    return clean | {"FROSTLINE_STATE": str(stack_folder / "replay-state")}


def replay(environ: dict[str, str], name: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "frostline", "replay", str(DATA / name)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", done.stdout)}


@pytest.mark.parametrize(
    ("name", "readings", "loggers"),
    [("ruuvi-0233.csv", 1419, 1), ("hcidump-2.x.txt", 44, 6), ("hcidump-3.x.txt", 6, 1)],
)
def test_each_reading_of_a_recording_is_stored_once(
    environ: dict[str, str], name: str, readings: int, loggers: int
) -> None:
    """The counts are those of the captures' description, tests/data/README.md."""
    counts = {"readings": readings, "loggers": loggers}
    assert replay(environ, name) == counts | {"new": readings}
    assert replay(environ, name) == counts | {"new": 0}
