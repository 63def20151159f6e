"""Which keys do gateways, boots and loggers have, and how far is each logger stored?

A copy in memory of what the database holds. It is bounded: ids come from outside, and a gateway
without an allow-list hears addresses that change every few minutes. A full one is emptied; what is
still in use is read again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np

from schemas.columns import Int64s
from schemas.ids import GatewayId, LoggerId

CAPACITY: Final = 200_000  # of loggers, and of boots; some 60 MB when full
NEVER_MS: Final = -(2**62)  # "stored until" of a logger without readings

Boot = tuple[GatewayId, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLogger:
    """What the database holds of a logger."""

    logger_id: LoggerId
    logger_key: int
    frame_format: str
    stored_until_ms: int  # its newest committed reading, or NEVER_MS


@dataclass(slots=True)
class KnownLoggers:
    """Loggers by slot: their place in the arrays `keys` and `stored_until_ms`."""

    capacity: int = CAPACITY
    keys: Int64s = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    stored_until_ms: Int64s = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _slots: dict[LoggerId, int] = field(default_factory=dict)
    _formats: dict[LoggerId, str] = field(default_factory=dict)

    def unknown(self, loggers: Iterable[LoggerId], formats: Iterable[str]) -> dict[LoggerId, str]:
        """Return those not known, or known with another format, and their formats."""
        return dict(dict(zip(loggers, formats, strict=True)).items() - self._formats.items())

    def learn(self, loggers: Sequence[KnownLogger]) -> None:
        """Take over what the database says."""
        self.keys = np.append(self.keys, [logger.logger_key for logger in loggers])
        self.stored_until_ms = np.append(
            self.stored_until_ms, [logger.stored_until_ms for logger in loggers]
        )
        first = len(self.keys) - len(loggers)
        for slot, logger in enumerate(loggers, start=first):
            self._slots[logger.logger_id] = slot
            self._formats[logger.logger_id] = logger.frame_format

    def slots(self, loggers: Sequence[LoggerId]) -> Int64s:
        """Return the slots of loggers that are all known."""
        return np.fromiter(map(self._slots.__getitem__, loggers), np.int64, len(loggers))

    def forget(self, loggers: Iterable[LoggerId]) -> None:
        """Read these again at the next sight: somebody else has moved `stored_until_ms`."""
        for logger_id in loggers:
            self._formats.pop(logger_id, None)

    def make_room(self) -> None:
        """Forget everybody once there are too many."""
        if len(self.keys) > self.capacity:
            self.keys, self.stored_until_ms = self.keys[:0], self.stored_until_ms[:0]
            self._slots.clear()
            self._formats.clear()


@dataclass(slots=True)
class KnownBoots:
    """The keys of gateways' boots."""

    capacity: int = CAPACITY
    _keys: dict[Boot, int] = field(default_factory=dict)

    def unknown(self, boots: Iterable[Boot]) -> set[Boot]:
        """Return those not known."""
        return set(boots) - self._keys.keys()

    def learn(self, keys: Mapping[Boot, int]) -> None:
        """Take over what the database says."""
        self._keys.update(keys)

    def keys(self, boots: Iterable[Boot]) -> list[int]:
        """Return the keys of boots that are all known."""
        return [self._keys[boot] for boot in boots]

    def make_room(self) -> None:
        """Forget all once there are too many."""
        if len(self._keys) > self.capacity:
            self._keys.clear()
