"""How are parts searched by several processes of this machine?

Workers are spawned, so that no lock or thread of this process is copied, and stay for all rounds:
they import and load the compiled search once. A worker that dies (out of memory, killed) takes only
its part with it: the part is searched again. Workers hold one end of a pipe, and end when the other
is closed: by this process, or with it, however it ends. They leave Ctrl-C to it.
"""

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from routing.engine import Engine, Found
from routing.scale.crew import ASK_EVERY_S, CalledOff, CrewLost, Task, work

ATTEMPTS: Final = 3
"""How often in a row workers may die without a part being finished."""


class Pool:
    """Processes of this machine that search parts."""

    def __init__(self, engine: Engine, hands: int) -> None:
        self.hands = hands
        self._engine = engine
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown(cancel_futures=True)
        self._lifeline.close()

    def search(self, tasks: Sequence[Task], called_off: CalledOff) -> Iterator[tuple[int, Found]]:
        """Yield each task's number and answer as it is there, until all are or it's called off.

        Raises `CrewLost` if workers died `ATTEMPTS` times in a row.
        """
        left, deaths = dict(enumerate(tasks)), 0
        while left and not called_off():
            try:
                for k, found in self._search(left, called_off):
                    del left[k]
                    deaths = 0
                    yield k, found
            except BrokenProcessPool as error:
                deaths += 1
                if deaths == ATTEMPTS:
                    raise CrewLost(
                        f"workers died {deaths} times; {len(left)} parts left"
                    ) from error
                self._executor.shutdown()
                self._lifeline.close()
                self._start()

    def _search(self, tasks: dict[int, Task], called_off: CalledOff) -> Iterator[tuple[int, Found]]:
        """Keep each hand's next part ready, and no more: a part may carry its matrices.

        They are pickled here and not in the executor's thread, for travel is read by one thread.
        Whoever looks no further (an error, Ctrl-C, a search that is called off) ends the workers.
        """
        waiting, number = list(reversed(tasks.items())), dict[Future[Found], int]()
        try:
            while (waiting or number) and not called_off():
                while waiting and len(number) < 2 * self.hands:
                    k, task = waiting.pop()
                    sealed = pickle.dumps((self._engine, task))
                    number[self._executor.submit(_work_sealed, sealed)] = k
                done, _ = wait(number, timeout=ASK_EVERY_S, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=number.__getitem__):
                    yield number.pop(future), future.result()
        finally:
            if number:
                self._lifeline.close()  # in the middle of what they do, or before they begin

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        theirs, self._lifeline = context.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(
            self.hands, mp_context=context, initializer=_join_crew, initargs=(theirs,)
        )


def _work_sealed(sealed: bytes) -> Found:
    return work(*pickle.loads(sealed))  # noqa: S301 (this process's parent wrote it)


def _join_crew(lifeline: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    lifeline.poll(None)
    os._exit(1)
