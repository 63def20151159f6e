"""What becomes of the outbox's times when the clock steps back?

For each logger, times rise strictly within an epoch. A new one begins where the times before were
wrong by more than a day (decision 0005). It lies before them, and may one day reach them: those
that stand in the outbox at that moment are kept in `taken`, and none is given to a logger twice.
"""

from typing import Final

from edge.outbox_file import OutboxFile

_TAKE: Final = """
INSERT OR IGNORE INTO taken SELECT logger_key, measured_at_ms FROM readings
WHERE measured_at_ms >= ?
"""
# Of all loggers, also of those not heard since: a restart must not find the old epoch.
_STEP_BACK: Final = """
UPDATE loggers SET last_measured_at_ms = ?1 - 1 WHERE last_measured_at_ms >= ?1
"""
_IS_TAKEN: Final = "SELECT 1 FROM taken WHERE logger_key = ? AND measured_at_ms = ?"
# All times of the new epoch are later.
_FORGET_TAKEN: Final = "DELETE FROM taken WHERE measured_at_ms < ?"


def begin_epoch(file: OutboxFile, from_ms: int) -> None:
    """Let every logger's times go on from `from_ms`."""
    file.execute(_FORGET_TAKEN, (from_ms,))
    file.execute(_TAKE, (from_ms,))
    file.execute(_STEP_BACK, (from_ms,))


def free_time_ms(file: OutboxFile, logger_key: int, from_ms: int) -> int:
    """Return the first time from `from_ms` on that no reading of a logger has."""
    at_ms = from_ms
    while file.execute(_IS_TAKEN, (logger_key, at_ms)).fetchone():
        at_ms += 1
    return at_ms
