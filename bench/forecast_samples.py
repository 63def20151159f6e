"""What does the forecast see of each journey, every five minutes?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.boxes import Journey
from gateway.rules.forecast import BoxRecord, read_signs

Floats = npt.NDArray[np.float64]

STEP_MS: Final = 300_000
FIRST_MS: Final = 1_800_000  # the first forecast, from packing
_BATCH: Final = 512


@dataclass(frozen=True, slots=True)
class Samples:
    """Forecasts' inputs and what came of them; one row a journey and moment."""

    journey: npt.NDArray[np.intp]
    now_ms: npt.NDArray[np.int64]
    signs: npt.NDArray[np.float32]
    leaves_min: Floats  # from that moment; infinite if it never left
    ends_min: Floats
    due_min: Floats


def moments(
    journeys: Sequence[Journey], *, every: int = 1
) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
    """Yield moments, `every` five minutes, and which boxes are on their way, never out so far."""
    begins = np.array([j.record.packed_at_ms + FIRST_MS for j in journeys])
    ends = np.array([j.ends_ms if j.leaves_ms is None else j.leaves_ms for j in journeys])
    for now_ms in range(int(begins.min()), int(ends.max()), every * STEP_MS):
        yield now_ms, np.flatnonzero((begins <= now_ms) & (now_ms < ends))


def batches(
    journeys: Sequence[Journey], *, every: int = 1
) -> Iterator[tuple[int, npt.NDArray[np.intp], list[BoxRecord]]]:
    """Yield the same in batches, with the boxes' records as they were known then."""
    for now_ms, which in moments(journeys, every=every):
        for begin in range(0, len(which), _BATCH):
            chosen = which[begin : begin + _BATCH]
            yield now_ms, chosen, [journeys[i].until(now_ms) for i in chosen]


def read_samples(journeys: Sequence[Journey], *, every: int = 1) -> Samples:
    """Return all samples of the journeys."""
    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    for now_ms, which, records in batches(journeys, every=every):
        read = read_signs(records, now_ms=now_ms)
        found = read.which
        chosen = [journeys[i] for i in which[found]]
        leaves = [np.inf if j.leaves_ms is None else (j.leaves_ms - now_ms) / 60e3 for j in chosen]
        ends = [(j.ends_ms - now_ms) / 60e3 for j in chosen]
        due = [((records[i].due_at_ms or 0) - now_ms) / 60e3 for i in found]
        at = np.full(len(found), now_ms)
        outcome = map(np.array, (leaves, ends, due))
        parts.append((which[found], at, read.signs, *outcome))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Samples(*columns)
