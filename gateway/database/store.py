"""How does a process of the gateway connect, so that a dead one lets go of what it holds?

Locks and leases end with their session. Both sides notice a dead peer in half a minute: a server
that did not would keep a lost machine's locks for hours.
"""

from typing import Final

import psycopg

_CONNECT_TIMEOUT_S: Final = 10
_SERVER_KEEPALIVE: Final = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
)


def connect(database_url: str, *, name: str, options: str = "") -> psycopg.Connection:
    """Connect, in autocommit; `name` is what others see of us (PostgreSQL keeps 63 bytes)."""
    return psycopg.connect(
        database_url,
        autocommit=True,
        application_name=name[:63],
        connect_timeout=_CONNECT_TIMEOUT_S,
        options=f"{_SERVER_KEEPALIVE} {options}".rstrip(),
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=4,
        tcp_user_timeout=30_000,
    )
