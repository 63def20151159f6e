"""No child outlives its parent, and none dies unnoticed."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from frostline.stack.errors import ChildDied, StackError
from frostline.stack.processes import Child, Children, Program, descendants, is_alive

# A parent with all that the demo has: a server with a busy backend, a broker, a Python process.
PARENT = """
import sys, time
from pathlib import Path
from frostline.stack import broker, postgres
from frostline.stack.processes import Children, Program

folder = Path(sys.argv[1])
program = Program("python", (sys.executable, "-c", "import time; print('up'); time.sleep(600)"))
with (
    postgres.Postgres(postgres.prepare(), folder / "postgres", durable=False) as server,
    broker.Broker(broker.prepare(), folder / "broker"),
    Children(folder / "logs") as children,
):
    children.start(program)
    print("started", flush=True)
    try:
        server.psql("postgres", "SELECT pg_sleep(600)")
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.fixture
def parent(stack_folder, request):
    folder = stack_folder / request.node.name
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    yield process
    process.kill()
    process.communicate()


def names_below(pid):
    names = set()
    for below in descendants(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            names.add(Path(f"/proc/{below}/comm").read_text().strip())
    return names


def test_a_killed_parent_leaves_no_process(parent, wait_until):
    wait_until(
        lambda: {"psql", "postgres", "mosquitto"} <= names_below(parent.pid),
        what="the busy backend",
    )
    below = list(descendants(parent.pid))
    assert len(below) > 8  # PostgreSQL alone has half a dozen
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(map(is_alive, below)), what="the end of all", timeout_s=20)


def test_control_c_stops_all_in_order(parent, wait_until):
    wait_until(lambda: "psql" in names_below(parent.pid), what="the busy backend")
    below = list(descendants(parent.pid))
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does it: to the whole foreground group
    out, _ = parent.communicate(timeout=20)
    assert (out, parent.returncode) == (b"interrupted\n", 0)
    assert not any(map(is_alive, below))


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path):
    """The kernel takes the death of the forking thread for the death of the parent."""
    started = []

    def start():
        program = Program("sleep", ("/bin/sleep", "600"))
        started.append(Child(program, tmp_path / "sleep.log"))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    with pytest.raises(TimeoutError):
        started[0].wait(0.3)
    started[0].kill()


def test_a_dead_child_is_reported_with_the_end_of_its_log(tmp_path, wait_until):
    script = "for n in $(seq 100); do echo line $n; done; echo no space left >&2; exit 3"
    with Children(tmp_path) as children:
        child = children.start(Program("broker", ("/bin/sh", "-c", script)))
        wait_until(lambda: not child.is_running, what="its end")
        with pytest.raises(ChildDied) as death:
            children.check()
    assert "broker has ended (exit code 3)" in str(death.value)
    assert str(death.value).endswith("line 100\nno space left")
    assert "line 80" not in str(death.value)


def test_a_killed_child_is_reported_by_its_signal(tmp_path, wait_until):
    child = Child(Program("sleep", ("/bin/sleep", "600")), tmp_path / "sleep.log")
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: not child.is_running, what="its end")
    with pytest.raises(ChildDied, match="SIGKILL"):
        child.check()


def test_a_child_that_was_asked_to_end_is_no_surprise(tmp_path):
    with Children(tmp_path) as children:
        children.start(Program("first", ("/bin/sleep", "600"))).stop()
        children.start(Program("second", ("/bin/sleep", "600"))).kill()
        children.check()


def test_a_child_that_ignores_the_request_to_stop_is_killed(tmp_path, wait_until):
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    child = Child(Program("deaf", ("/bin/sh", "-c", script)), tmp_path / "deaf.log")
    wait_until(lambda: (tmp_path / "deaf.log").read_text() == "ready\n", what="the trap")
    child.stop(timeout_s=0.2)
    assert not child.is_running


def test_a_kill_takes_what_the_child_had_started(tmp_path, wait_until):
    child = Child(Program("sh", ("/bin/sh", "-c", "sleep 600 & wait")), tmp_path / "sh.log")
    wait_until(lambda: "sleep" in names_below(child.pid), what="the grandchild")
    below = list(descendants(child.pid))
    child.kill()
    assert not any(map(is_alive, below))


def test_a_program_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StackError, match="/nowhere/mosquitto cannot be executed"):
        Child(Program("mosquitto", ("/nowhere/mosquitto",)), tmp_path / "log")


def test_a_child_does_not_inherit_pythons_ignored_sigpipe(tmp_path):
    child = Child(Program("grep", ("/bin/grep", "SigIgn", "/proc/self/status")), tmp_path / "log")
    child.wait(10)
    ignored = int((tmp_path / "log").read_text().split()[1], 16)
    assert not ignored & 1 << (signal.SIGPIPE - 1)
