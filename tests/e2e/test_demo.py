"""The demo as a person starts it: it proves itself, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frostline.stack.processes import descendants, is_alive

DEMO = [sys.executable, "-m", "frostline", "demo"]


@pytest.fixture
def environ(stack_folder: Path) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FROSTLINE_E")}
    return clean | {"FROSTLINE_STATE": str(stack_folder / "state")}


@pytest.fixture
def demo(environ: dict[str, str], tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the demo; what it prints goes to demo.txt."""
    with (tmp_path / "demo.txt").open("wb") as output:
        process = subprocess.Popen(
            [*DEMO, "--port", "0"], env=environ, stdout=output, stderr=output
        )
        yield process
        process.kill()
        process.wait()


def test_the_check_proves_that_nothing_is_lost_and_that_a_warming_box_is_told_of(
    environ: dict[str, str],
) -> None:
    done = subprocess.run(
        [*DEMO, "--check", "--seconds", "30"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    readings, story, day = done.stdout.splitlines()
    found = dict(re.findall(r"(\w+)=(\S+)", readings))
    assert int(found["measured"]) >= 1000
    assert {found[name] for name in ("missing", "duplicate", "foreign", "altered")} == {"0"}
    assert found["curve"] == found["page"] == "ok"
    assert float(found["lost_adverts"].rstrip("%")) >= 10

    # The story: called at risk before the excursion, and 150 % of goods worth 86.50 yuan.
    told = re.fullmatch(
        r"story warned_s=(\S+) approved_fen=12975 webhooks=3/3 page=ok silent=noticed "
        r"evidence=sealed",
        story,
    )
    assert told, story
    assert float(told[1]) > 0

    # The piece of a day: nearly all is promised and kept, boxes are asked about, few are spoiled.
    ran = re.fullmatch(
        r"day promised=(\d+)/30 delivered=(\d+) on_time=(\d+)/(\d+) versions=(\d+) "
        r"questions=(\d+) spoiled=(\d+) report=[0-9a-f]{16}",
        day,
    )
    assert ran, day
    promised, delivered, on_time, kept_of, versions, questions, spoiled = map(int, ran.groups())
    assert promised >= 27
    assert delivered >= 10
    assert on_time >= 0.9 * kept_of
    assert versions > 1
    assert questions >= 1
    assert spoiled <= 3  # of 30 orders' boxes
    page = (Path(environ["FROSTLINE_STATE"]) / "demo-day.html").read_text(encoding="utf-8")
    assert "Boxes in question" in page


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_demo_leaves_no_process(
    demo: "subprocess.Popen[bytes]",
    tmp_path: Path,
    wait_until: Callable[..., None],
    number: signal.Signals,
) -> None:
    output = tmp_path / "demo.txt"
    wait_until(
        lambda: demo.poll() is not None or b"Ctrl-C ends it" in output.read_bytes(),
        timeout_s=60,
        what="the demo to show its addresses",
    )
    below = list(descendants(demo.pid))
    assert len(below) > 5, output.read_text()
    demo.send_signal(number)
    demo.wait(30)
    wait_until(lambda: not any(is_alive(pid) for pid in below), timeout_s=20, what="all to be gone")
