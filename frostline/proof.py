"""Is everything that was measured in the database, exactly once?

Pure: the air's ledger on one side, stored rows on the other. A row belongs to the newest
measurement of its logger that has its counter and was not sampled after the row's time.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

# The edge's wall clock and the simulator's are the same one here, read to the millisecond.
_CLOCK_SLACK_MS: Final = 5
# An edge stamps an advert as it hears it; on a busy machine, that late at most.
_STAMPING_SLACK_MS: Final = 2000
# Half of the last digit that is kept: 0.01 °C on the wire, REAL in the database.
_TEMPERATURE_SLACK_C: Final = 0.0051


class Measured(Protocol):
    """What the ledger says of one measurement."""

    @property
    def logger_id(self) -> str:
        """The logger."""

    @property
    def sequence(self) -> int:
        """Its counter."""

    @property
    def sampled_at_ms(self) -> int:
        """When, UTC."""

    @property
    def temperature_c(self) -> float:
        """What, as encoded on the air."""

    @property
    def delivered_at_ms(self) -> int | None:
        """When a live radio was first given it, UTC; None: none was, and it need not be stored."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A reading as the database has it."""

    logger_id: str
    gateway_id: str
    sequence: int
    measured_at_ms: int
    temperature_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the comparison found, in measurements."""

    measured: int
    unheard: int
    stored: int  # rows
    missing: int  # measured, and in no row
    duplicate: int  # rows beyond the first of a measurement, by one gateway
    foreign: int  # rows that no measurement explains
    altered: int  # rows whose temperature is not the measured one
    misplaced: int  # measurements whose first row is later than their delivery

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled, invented or changed."""
        wrong = self.missing, self.duplicate, self.foreign, self.altered, self.misplaced
        return not any(wrong)


def compare(ledger: Iterable[Measured], rows: Iterable[StoredRow]) -> Proof:
    """Match every row with its measurement, and count what is left over."""
    measurements = sorted(ledger, key=lambda entry: entry.sampled_at_ms)
    matches = _Matches(measurements)
    for row in rows:
        matches.add(row)
    must = {
        index: entry.delivered_at_ms
        for index, entry in enumerate(measurements)
        if entry.delivered_at_ms is not None
    }
    return Proof(
        measured=len(must),
        unheard=len(measurements) - len(must),
        stored=matches.rows,
        missing=len(must.keys() - matches.first_at_ms.keys()),
        duplicate=sum(count - 1 for count in matches.found.values()),
        foreign=matches.foreign,
        altered=matches.altered,
        misplaced=sum(
            at_ms > must[index] + _STAMPING_SLACK_MS
            for index, at_ms in matches.first_at_ms.items()
            if index in must
        ),
    )


class _Matches:
    """Which rows belong to which measurement."""

    def __init__(self, measurements: Sequence[Measured]) -> None:
        self._measurements = measurements
        self._by_counter: dict[tuple[str, int], list[int]] = defaultdict(list)
        for index, entry in enumerate(measurements):
            self._by_counter[entry.logger_id, entry.sequence].append(index)
        self.found: Counter[tuple[int, str]] = Counter()
        self.first_at_ms: dict[int, int] = {}
        self.rows = self.foreign = self.altered = 0

    def add(self, row: StoredRow) -> None:
        """Match one row."""
        self.rows += 1
        candidates = self._by_counter.get((row.logger_id, row.sequence), [])
        place = bisect_right(
            candidates,
            row.measured_at_ms + _CLOCK_SLACK_MS,
            key=lambda index: self._measurements[index].sampled_at_ms,
        )
        if place == 0:
            self.foreign += 1
            return
        index = candidates[place - 1]
        self.found[index, row.gateway_id] += 1
        before_ms = self.first_at_ms.get(index, row.measured_at_ms)
        self.first_at_ms[index] = min(before_ms, row.measured_at_ms)
        difference_c = abs(self._measurements[index].temperature_c - row.temperature_c)
        self.altered += difference_c > _TEMPERATURE_SLACK_C
