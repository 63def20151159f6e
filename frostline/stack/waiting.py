"""How long may a condition take to come true?"""

import time
from collections.abc import Callable

_POLL_S = 0.01


def wait_until(
    predicate: Callable[[], object], *, timeout_s: float = 10.0, what: str = "the condition"
) -> None:
    """Return once the predicate is true; raise TimeoutError, naming `what`, after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s for {what}")
        time.sleep(_POLL_S)
