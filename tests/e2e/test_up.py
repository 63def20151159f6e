"""`frostline up --all` as a person starts it: from nothing to a promise, and nothing is left."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from frostline.config import value_of
from frostline.stack.processes import descendants, is_alive

FROSTLINE = [sys.executable, "-m", "frostline"]
TRIAL = Path(__file__).parents[2] / "deploy/city"


@pytest.fixture
def environ(stack_folder: Path) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FROSTLINE_")}
    kept = {name: os.environ[name] for name in ("FROSTLINE_CACHE",) if name in os.environ}
    return clean | kept | {"FROSTLINE_STATE": str(stack_folder / "state")}


@pytest.fixture
def up(environ: dict[str, str], tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start everything; what it prints goes to up.txt."""
    with (tmp_path / "up.txt").open("wb") as output:
        process = subprocess.Popen(
            [*FROSTLINE, "up", "--all"], env=environ, stdout=output, stderr=output
        )
        yield process
        process.kill()
        process.wait()


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """Return the city to try, where it is noon: just before midnight nobody is promised much."""
    city = shutil.copytree(TRIAL, tmp_path / "city")
    east_h = 12 - datetime.now(UTC).hour
    zone = f"Etc/GMT{-east_h:+d}"  # their signs count westwards
    text = (city / "city.toml").read_text()
    (city / "city.toml").write_text(text.replace("Asia/Shanghai", zone))
    return city


def promises(database_url: str) -> dict[str, str]:
    with psycopg.connect(database_url) as db:
        return dict(db.execute("SELECT order_id, state FROM promises").fetchall())


def test_a_few_commands_lead_from_nothing_to_a_promise(
    up: "subprocess.Popen[bytes]",
    environ: dict[str, str],
    tmp_path: Path,
    trial: Path,
    wait_until: Callable[..., None],
) -> None:
    output = tmp_path / "up.txt"
    wait_until(
        lambda: up.poll() is not None or "FROSTLINE_CONFIG" in output.read_text(),
        timeout_s=90,
        what="everything to run",
    )
    found = re.search(r"^export FROSTLINE_CONFIG='(.*)'$", output.read_text(), re.MULTILINE)
    assert found is not None, output.read_text()
    settings = Path(found[1])
    assert settings.stat().st_mode & 0o077 == 0  # it has passwords

    def frostline(*arguments: str | Path) -> str:
        command = [*FROSTLINE, *map(str, arguments)]
        there = environ | {"FROSTLINE_CONFIG": str(settings)}
        return subprocess.run(command, env=there, capture_output=True, text=True, check=True).stdout

    database_url = value_of("api", "database_url", file=settings) or ""
    # Where it is is kept for the next time, so that settings in other shells stay good.
    ports = json.loads((settings.parent / "ports.json").read_text())
    assert urlsplit(database_url).port == ports["database"]
    assert "shanghai-trial stored" in frostline("city", "load", trial / "city.toml")
    assert "5 written" in frostline("orders", "import", trial / "orders.csv")
    wait_until(
        lambda: set(promises(database_url).values()) == {"promised"},
        timeout_s=120,  # a machine's first dispatcher compiles its search
        what="every order to be promised",
    )
    assert len(promises(database_url)) == 5
    assert "a dispatcher keeps shanghai-trial" in output.read_text()
    assert "5 planned" in frostline("dispatch", "status")
    below = list(descendants(up.pid))
    assert len(below) > 6
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0, output.read_text()
    wait_until(lambda: not any(is_alive(pid) for pid in below), timeout_s=20, what="all to be gone")
