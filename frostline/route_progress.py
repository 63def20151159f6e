"""What does a dispatcher see while a plan is searched for?

On a terminal one line that changes; elsewhere a line now and then. Both go to standard error.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType, TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from routing.engine import Progress
from routing.words import duration, money


@contextmanager
def until_interrupted() -> Iterator[Callable[[], bool]]:
    """Give a question that is answered with yes after the first Ctrl-C; a second one kills."""
    asked = Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        asked.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


EVERY_S: Final = 2.0
"""Without a terminal, a better plan is told of no more often."""


class LiveProgress:
    """Show phases and better plans while `solve` runs; it is its `progress`."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, transient=True, refresh_per_second=8)
        self._began_s = time.monotonic()
        self._told_s = -EVERY_S
        self._phase = ""
        self._best: Progress | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def __call__(self, news: Progress) -> None:
        """Show what an engine reports."""
        if news.total is not None:
            self._best = news
        new_phase, self._phase = news.phase != self._phase, news.phase
        if self._console.is_terminal:
            self._live.update(self._row())
        elif new_phase or time.monotonic() - self._told_s >= EVERY_S:
            self._told_s = time.monotonic()
            self._console.print(" ".join(self._facts()), highlight=False, soft_wrap=True)

    def _row(self) -> Table:
        row = Table.grid(padding=(0, 2))
        row.add_row(*self._facts())
        return row

    def _facts(self) -> list[str]:
        facts = [f"{time.monotonic() - self._began_s:5.1f} s", self._phase]
        best = self._best
        if best is not None and best.total is not None:
            facts.append(f"cost {money(best.total)}")
            if best.late_s is not None:
                facts.append(f"late {duration(best.late_s)}")
            if best.unserved is not None:
                facts.append(f"unserved {best.unserved}")
            facts.append(f"{best.iterations:,} iterations")
        return facts
