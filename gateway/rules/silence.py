"""When is a logger silent?

When so many records are missing in a row that chance no longer explains it. How often it records,
and how many of its records are lost on the way, is learned from its recent readings: one limit for
all would call a logger in a bad spot silent every hour, and a dead one alive for long.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]

READINGS_TO_LEARN_FROM: Final = 200  # the newest so many are enough
# EN 12830 asks for a record every 5 minutes in transport under 24 h: for a logger of which neither
# a registered interval nor readings tell better.
_UNKNOWN_INTERVAL_S: Final = 300.0
_FEWEST_READINGS: Final = 4
_SHORTEST_SILENCE_S: Final = 60.0
_FEWEST_MISSED: Final = 3
_MOST_MISSED: Final = 20
# A logger that records every 30 s records a million times a year: one false alarm in that.
_FALSE_ALARMS_PER_RECORD: Final = 1e-6
# Before anything is known: one record in ten is lost, with the weight of 20 records.
_LOST_BEFORE: Final = 2
_RECORDS_BEFORE: Final = 20
# More than so many missing in a row is an outage, and says nothing of what is lost otherwise.
_OUTAGE_RECORDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a logger's readings come, and after how long without one it is silent."""

    interval_s: float
    lost_share: float
    silent_after_s: float


def learn_rhythm(measured_at_ms: Int64s, *, record_interval_s: int | None) -> Rhythm:
    """Learn from the newest readings of one logger, ascending; any number, none too.

    The registered interval comes first. It says how often the logger records at the most: where its
    readings come more rarely, as of an edge that keeps fewer, the interval is theirs.
    """
    gaps_s = np.diff(measured_at_ms) / 1000.0
    learned_s = _single_interval_s(gaps_s) if len(measured_at_ms) >= _FEWEST_READINGS else 0.0
    interval_s = max(float(record_interval_s or 0), learned_s) or _UNKNOWN_INTERVAL_S
    lost_share = _lost_share(gaps_s, interval_s)
    missed = math.ceil(math.log(_FALSE_ALARMS_PER_RECORD) / math.log(lost_share))
    missed = min(max(missed, _FEWEST_MISSED), _MOST_MISSED)
    return Rhythm(
        interval_s=interval_s,
        lost_share=lost_share,
        silent_after_s=max(missed * interval_s, _SHORTEST_SILENCE_S),
    )


def best_heard(measured_at_ms: Int64s, heard_by: Int64s) -> Int64s:
    """Return the times of the gateway that heard most of them; columns of equal length, 0 too.

    Several hear one measurement at slightly different times: only one of them keeps the rhythm.
    """
    if len(heard_by) == 0:
        return measured_at_ms
    gateways, counts = np.unique(heard_by, return_counts=True)
    of_the_best: Int64s = measured_at_ms[heard_by == gateways[counts.argmax()]]
    return of_the_best


def silent_at_ms(
    rhythm: Rhythm, *, last_measured_ms: int | None, bound_from_ms: int, excused_until_ms: int = 0
) -> int:
    """Return from when on a bound logger is silent if nothing more is heard of it.

    Counted from its newest reading, but not from before it was bound, nor from before the end of
    planned maintenance; a logger that was never heard counts from there too.
    """
    since_ms = max(last_measured_ms or 0, bound_from_ms, excused_until_ms)
    return since_ms + round(rhythm.silent_after_s * 1000)


def _single_interval_s(gaps_s: npt.NDArray[np.float64]) -> float:
    """Return the time between two records that follow each other, though others were lost.

    As long as one in five was not lost, the 20th percentile lies among those; the median of what is
    near it evens out the jitter.
    """
    short = gaps_s[gaps_s <= 1.5 * float(np.quantile(gaps_s, 0.2))]
    return float(np.median(short))


def _lost_share(gaps_s: npt.NDArray[np.float64], interval_s: float) -> float:
    missed = np.maximum(np.rint(gaps_s / interval_s) - 1.0, 0.0)
    missed = missed[missed <= _OUTAGE_RECORDS]
    lost = _LOST_BEFORE + float(missed.sum())
    return lost / (_RECORDS_BEFORE + float(missed.sum()) + len(missed))
