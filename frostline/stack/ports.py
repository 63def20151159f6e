"""Which TCP port is free for a server of our own?"""

import random
import socket

# Below the ports that Linux gives to outgoing connections (32768 and up, ip(7)): none of those can
# take the port between our look and the server's start.
_FIRST, _LAST = 20_000, 32_000
_LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = _LOOPBACK) -> bool:
    """Whether nothing listens on the port of the address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a free port, drawn at random so that two stacks rarely want the same."""
    while True:
        port = random.randint(_FIRST, _LAST)  # noqa: S311  # not a secret
        if is_free(port):
            return port
