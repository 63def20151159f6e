"""What is under way, and is there room for more?

Attempts run in threads; what they are and how they ended stays here until it is recorded, so that
an outage of the database forgets none of it. One thread at a time asks and tells.
"""

import socket
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

from gateway.notify.deliveries import Due
from gateway.notify.retries import Answer


class WakeUp:
    """Lets a thread that waits for sockets wait for other threads too."""

    def __init__(self) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)

    def fileno(self) -> int:
        """Return what `select` waits for."""
        return self._receiver.fileno()

    def ring(self) -> None:
        """Wake the thread that waits; once is as good as often."""
        with suppress(BlockingIOError):
            self._sender.send(b"!")

    def clear(self) -> None:
        """Forget what has rung until now."""
        with suppress(BlockingIOError):
            while self._receiver.recv(4096):
                pass

    def close(self) -> None:
        """Close the sockets."""
        self._receiver.close()
        self._sender.close()


class Attempts:
    """Attempts under way: so many in all, so many to one endpoint."""

    def __init__(self, *, parallel: int, per_endpoint: int, on_end: Callable[[], None]) -> None:
        self._parallel = parallel
        self._per_endpoint = per_endpoint
        self._on_end = on_end
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="attempt")
        self._under_way: dict[int, tuple[Due, Future[Answer]]] = {}  # by delivery_id

    @property
    def delivery_ids(self) -> list[int]:
        """Which deliveries are attempted now."""
        return list(self._under_way)

    @property
    def room(self) -> int:
        """How many more may begin."""
        return self._parallel - len(self._under_way)

    def room_at(self, endpoint_ids: Iterable[str]) -> dict[str, int]:
        """Return how many more may begin at each endpoint, where any may."""
        busy = Counter(due.endpoint_id for due, _ in self._under_way.values())
        return {
            endpoint_id: self._per_endpoint - busy[endpoint_id]
            for endpoint_id in endpoint_ids
            if busy[endpoint_id] < self._per_endpoint
        }

    def count_at(self, endpoint_ids: Collection[str]) -> int:
        """Count those under way at any of these endpoints."""
        return sum(due.endpoint_id in endpoint_ids for due, _ in self._under_way.values())

    def begin(self, due: Due, attempt: Callable[[], Answer]) -> None:
        """Let a thread make an attempt."""
        future = self._threads.submit(attempt)
        self._under_way[due.delivery_id] = (due, future)
        future.add_done_callback(lambda _: self._on_end())

    def ended(self) -> list[tuple[Due, Answer]]:
        """Return those that have ended and were not yet forgotten; a bug in one rises here."""
        return [(due, future.result()) for due, future in self._under_way.values() if future.done()]

    def forget(self, dues: Iterable[Due]) -> None:
        """Drop what is recorded."""
        for due in dues:
            del self._under_way[due.delivery_id]

    def finish(self) -> None:
        """Wait until nothing is under way; each attempt has its time-out."""
        wait([future for _, future in self._under_way.values()])

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown()
