"""A person with a shell sees what the edge hears and holds, while it runs and after it died."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest

from edge.advert import Sample
from edge.clock import Stamp
from edge.outbox import Measurement, Outbox
from edge.status import (
    LoggerReport,
    NoOutbox,
    Snapshot,
    describe,
    encode_snapshot,
    is_silent,
    render,
)
from schemas.reading import ClockConfidence

NOON = 1_790_000_000_000
LOGGER = LoggerReport(
    logger_id="C4:A5:E3:00:00:01",
    frame_format="ruuvi-df5",
    heard_at_ms=NOON - 1000,
    temperature_c=-18.37,
    humidity_pct=53.5,
    battery_mv=2977,
    rssi_dbm=-71,
    advert_interval_s=1.3,
)
SNAPSHOT = Snapshot(
    at_ms=NOON,
    gateway_id="truck-17",
    pid=4711,
    clock=int(ClockConfidence.SYNCHRONISED),
    broker_connected=True,
    broker_failure="",
    batches_in_flight=2,
    loggers_heard=1,
    loggers=[LOGGER],
)


def outbox_with(path: Path, snapshot: Snapshot | None, *, readings: int = 5) -> Outbox:
    outbox = Outbox(path, boot_id=UUID(int=1))
    heard = [Stamp(monotonic_ms=i, measured_at_ms=NOON + i) for i in range(readings)]
    sample = Sample(frame_format="ruuvi-df5", temperature_c=4.0)
    outbox.append([Measurement(logger_id="A", sample=sample, heard=stamp) for stamp in heard])
    outbox.cut(max_readings=2, partial=False)
    if snapshot is not None:
        outbox.write_snapshot(encode_snapshot(snapshot))
    return outbox


def test_the_report_tells_what_a_running_edge_holds(tmp_path: Path) -> None:
    outbox = outbox_with(tmp_path / "outbox", SNAPSHOT)
    report = describe(tmp_path / "outbox")
    assert (report.readings, report.batches, report.oldest_at_ms) == (5, 2, NOON)
    assert (report.unplaced, report.dropped, report.dead_lettered) == (0, 0, 0)
    assert report.outbox == str(outbox.uuid)
    assert report.snapshot == SNAPSHOT
    outbox.close()


def test_the_report_is_the_same_after_the_edge_died(tmp_path: Path) -> None:
    outbox = outbox_with(tmp_path / "outbox", SNAPSHOT)
    running = describe(tmp_path / "outbox")
    outbox.close()
    assert replace(describe(tmp_path / "outbox"), at_ms=running.at_ms) == running


DESCRIBE = """
import os, sys
from pathlib import Path
from edge.status import describe
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)  # "nobody": root may write anywhere
print(describe(Path(sys.argv[1])).readings)
"""


def readings_by_another_account(path: Path) -> str:
    """Describe an outbox as somebody who may read its folder, and write nothing there."""
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, str(path)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.fixture
def readable_folder() -> Iterator[Path]:
    """Make a folder that all may read: pytest's own are closed to other accounts."""
    with TemporaryDirectory(prefix="frostline-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("end", ["running", "stopped", "killed"])
def test_another_account_may_look_though_it_may_not_write(readable_folder: Path, end: str) -> None:
    path = readable_folder / "outbox"
    outbox = outbox_with(path, SNAPSHOT)
    if end == "killed":  # the files as they are while it runs, and nobody has them open
        files = {file: file.read_bytes() for file in readable_folder.iterdir()}
        outbox.close()
        for file, content in files.items():
            file.write_bytes(content)
    elif end == "stopped":
        outbox.close()
    for file in readable_folder.iterdir():
        file.chmod(0o644)  # whatever the umask
    readable_folder.chmod(0o555)
    assert readings_by_another_account(path) == "5"
    if end == "running":
        outbox.close()


def test_an_outbox_without_a_snapshot_is_described(tmp_path: Path) -> None:
    outbox = outbox_with(tmp_path / "outbox", None)
    outbox.close()
    assert "has not run yet" in render(describe(tmp_path / "outbox"))


def test_a_snapshot_of_another_version_counts_as_none(tmp_path: Path) -> None:
    outbox = outbox_with(tmp_path / "outbox", None)
    outbox.write_snapshot(b'{"of": "another version"}')
    outbox.close()
    assert describe(tmp_path / "outbox").snapshot is None


def test_a_missing_or_foreign_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoOutbox, match="FROSTLINE_EDGE_OUTBOX_PATH"):
        describe(tmp_path / "nothing")
    (tmp_path / "letter").write_text("Dear reader, " * 100)
    with pytest.raises(NoOutbox, match="can't be read"):
        describe(tmp_path / "letter")


def test_the_text_names_each_logger_and_each_trouble(tmp_path: Path) -> None:
    snapshot = replace(SNAPSHOT, broker_connected=False, broker_failure="no answer", clock=None)
    outbox = outbox_with(tmp_path / "outbox", snapshot)
    outbox.close()
    report = replace(
        describe(tmp_path / "outbox"), at_ms=NOON + 5000, dropped=7, unplaced=3, dead_lettered=4
    )
    text = render(report)
    for expected in (
        "truck-17, running (process 4711)",
        "not connected: no answer",
        "clock      not set",
        "5 readings",
        "7 LOST",
        "3 wait for the clock",
        "4 could not be read",
        "C4:A5:E3:00:00:01",
        "-18.37",
    ):
        assert expected in text


@pytest.mark.parametrize(("age_s", "word"), [(19.9, "running"), (20.0, "NOT RUNNING")])
def test_an_edge_that_writes_no_more_is_dead(tmp_path: Path, age_s: float, word: str) -> None:
    outbox = outbox_with(tmp_path / "outbox", SNAPSHOT)
    outbox.close()
    report = replace(describe(tmp_path / "outbox"), at_ms=NOON + int(age_s * 1000))
    assert f", {word}" in render(report)


@pytest.mark.parametrize(
    ("interval_s", "silent_s", "silent"),
    [(1.0, 15.0, False), (1.0, 15.1, True), (10.0, 100.0, False), (10.0, 100.1, True)],
)
def test_a_logger_is_silent_by_its_own_interval(
    interval_s: float, silent_s: float, silent: bool
) -> None:
    assert is_silent(replace(LOGGER, advert_interval_s=interval_s), silent_s) is silent
