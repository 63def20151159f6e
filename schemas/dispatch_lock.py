"""How does one tell whether a dispatcher lives for a city?

A living one holds a session advisory lock of two numbers. `pg_locks` shows them as unsigned.
"""

import zlib
from typing import Final

LOCK_CLASS: Final = 0x46524F44
"""The letters FROD: no other lock of ours has it."""


def lock_object(city_id: str) -> int:
    """Return a city's second number as `pg_locks.objid` shows it: unsigned."""
    return zlib.crc32(city_id.encode())


def lock_key(city_id: str) -> tuple[int, int]:
    """Return the two numbers that `pg_try_advisory_lock` takes: signed, 32 bits each."""
    unsigned = lock_object(city_id)
    return LOCK_CLASS, unsigned - 2**32 if unsigned >= 2**31 else unsigned
