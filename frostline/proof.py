"""Is everything that was measured in the database, exactly once?

Pure: the air's ledger on one side, stored rows on the other. A row belongs to the newest
measurement of its logger that has its counter and was not sampled after the row's time.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

# The edge's wall clock and the simulator's are the same one here, read to the millisecond.
_CLOCK_SLACK_MS: Final = 5
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
    def measured(self) -> bool:
        """Whether a live radio was given it."""


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

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled, invented or changed."""
        return not (self.missing or self.duplicate or self.foreign or self.altered)


def compare(ledger: Iterable[Measured], rows: Iterable[StoredRow]) -> Proof:
    """Match every row with its measurement, and count what is left over."""
    measurements = sorted(ledger, key=lambda entry: entry.sampled_at_ms)
    by_counter: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, entry in enumerate(measurements):
        by_counter[entry.logger_id, entry.sequence].append(index)
    found: Counter[tuple[int, str]] = Counter()
    foreign = altered = stored = 0
    for row in rows:
        stored += 1
        candidates = by_counter.get((row.logger_id, row.sequence), [])
        place = bisect_right(
            candidates,
            row.measured_at_ms + _CLOCK_SLACK_MS,
            key=lambda index: measurements[index].sampled_at_ms,
        )
        if place == 0:
            foreign += 1
            continue
        index = candidates[place - 1]
        found[index, row.gateway_id] += 1
        altered += abs(measurements[index].temperature_c - row.temperature_c) > _TEMPERATURE_SLACK_C
    kept = {index for index, _ in found}
    measured = {index for index, entry in enumerate(measurements) if entry.measured}
    return Proof(
        measured=len(measured),
        unheard=len(measurements) - len(measured),
        stored=stored,
        missing=len(measured - kept),
        duplicate=sum(count - 1 for count in found.values()),
        foreign=foreign,
        altered=altered,
    )
