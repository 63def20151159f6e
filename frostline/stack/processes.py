"""How are child processes kept, so that none outlives us and none dies unnoticed?

A child gets a signal when its parent dies, whatever killed it (`launch.py`). It stands in a session
of its own, so that Ctrl-C in a terminal reaches only the parent, which then stops its children in
the reverse order of their start. What a child prints goes to a file, and the file's tail into the
error that says that the child has died.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from frostline.stack import launch
from frostline.stack.accounts import Account
from frostline.stack.errors import ChildDied, StackError
from frostline.stack.waiting import wait_until

_TAIL_LINES = 15
_TAIL_BYTES = 8192
_STOP_TIMEOUT_S = 15.0
_NO_ACCOUNT = Account("", -1, -1)


# Enough to find programs and places; another account's process gets none of our secrets.
_PLAIN = frozenset({"HOME", "LANG", "PATH", "TMPDIR", "TZ"})


def plain_environ() -> dict[str, str]:
    """Return what of our environment a server of another account needs."""
    return {name: value for name, value in os.environ.items() if name in _PLAIN}


@dataclass(frozen=True)
class Program:
    """What a child runs."""

    name: str
    command: tuple[str, ...]  # the first is an absolute path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = Path("/")  # the working directory
    account: Account | None = None  # whom it becomes, when we are root
    stop_signal: signal.Signals = signal.SIGTERM  # asks it to end
    death_signal: signal.Signals = signal.SIGKILL  # sent to it when we die


class Child:
    """A running program. It is started once; a restart is a new child."""

    def __init__(self, program: Program, log: Path) -> None:
        if not os.access(program.command[0], os.X_OK):
            raise StackError(f"{program.command[0]} cannot be executed")
        self.program = program
        self.log = log
        self._asked_to_end = False
        self._process = _on_lasting_thread(lambda: _popen(program, log))

    @property
    def pid(self) -> int:
        """The process id: the launcher becomes the program, so it is the program's."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def check(self) -> None:
        """Raise ChildDied, with the end of its log, if it has ended without being asked."""
        code = self._process.poll()
        if code is not None and not self._asked_to_end:
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            ended = f"{self.program.name} has ended ({how})"
            raise ChildDied(f"{ended}. Its log, {self.log}, ends:\n{tail(self.log)}")

    def wait(self, timeout_s: float) -> int:
        """Return the exit code; raise TimeoutError if it is still running by then."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self.program.name} still runs after {timeout_s:g} s") from error

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal: to hold it (SIGSTOP), or to let it go on (SIGCONT)."""
        self._process.send_signal(number)

    def stop(self, timeout_s: float = _STOP_TIMEOUT_S) -> None:
        """Ask it to end; kill it if it has not by then. Nothing happens if it has ended."""
        if not self.is_running:
            return
        self._asked_to_end = True
        self._process.send_signal(self.program.stop_signal)
        try:
            self.wait(timeout_s)
        except TimeoutError:
            self.kill()

    def kill(self) -> None:
        """Kill it and all processes below it, and wait until they are gone."""
        if not self.is_running:
            return
        self._asked_to_end = True
        below = list(descendants(self.pid))
        self._process.kill()
        for pid in below:
            _kill_if_there(pid)
        self._process.wait()
        wait_until(
            lambda: not any(is_alive(pid) for pid in below),
            what=f"the end of what {self.program.name} had started",
        )


class Children:
    """The children of one run, in one log folder; leaving the context stops them all."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._children: list[Child] = []

    def start(self, program: Program) -> Child:
        """Start a program, its output in `<log folder>/<name>.log`."""
        child = Child(program, self._log_folder / f"{program.name}.log")
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raise ChildDied if one of them has ended without being asked."""
        for child in self._children:
            child.check()

    def stop(self) -> None:
        """Stop them, the latest first."""
        while self._children:
            self._children.pop().stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def tail(log: Path) -> str:
    """Return the last lines of a log, or an empty text."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-_TAIL_LINES:])


def is_alive(pid: int) -> bool:
    """Whether a process exists and is not a mere zombie."""
    stat = _read_stat(pid)
    return stat is not None and stat[0] not in "ZX"


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes below one, by Linux's /proc."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (stat := _read_stat(int(folder.name))) is not None:
            children.setdefault(int(stat[1]), []).append(int(folder.name))
    found = children.get(pid, [])
    while found:
        yield (below := found.pop())
        found.extend(children.get(below, []))


def _read_stat(pid: int) -> list[str] | None:
    """Return the fields of proc(5)'s stat from the third on: state, parent, ..."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()  # the second field, the name, may hold anything


def _kill_if_there(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _popen(program: Program, log: Path) -> "subprocess.Popen[bytes]":
    account = program.account or _NO_ACCOUNT
    launcher = [sys.executable, "-I", "-S", launch.__file__]
    arguments = [os.getpid(), int(program.death_signal), account.uid, account.gid]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [*launcher, *map(str, arguments), *program.command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=program.folder,
            env=dict(program.environ),
            start_new_session=True,
        )


Start = Callable[[], "subprocess.Popen[bytes]"]


class _LastingThread:
    """A thread that starts all children and lives as long as the process.

    The kernel takes the death of the *thread* that forked for the death of the parent.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Start, Future[subprocess.Popen[bytes]]]]
        self._calls = queue.SimpleQueue()
        threading.Thread(target=self._run, name="start children", daemon=True).start()

    def call(self, start: Start) -> "subprocess.Popen[bytes]":
        future: Future[subprocess.Popen[bytes]] = Future()
        self._calls.put((start, future))
        return future.result()

    def _run(self) -> None:
        while True:
            start, future = self._calls.get()
            try:
                future.set_result(start())
            except OSError as error:
                future.set_exception(error)


_lasting_threads: dict[int, _LastingThread] = {}  # by process: a fork inherits no threads
_lock = threading.Lock()


def _on_lasting_thread(start: Start) -> "subprocess.Popen[bytes]":
    with _lock:
        thread = _lasting_threads.get(os.getpid()) or _LastingThread()
        _lasting_threads[os.getpid()] = thread
    return thread.call(start)
