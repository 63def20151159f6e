"""What did loggers measure?

A whole claim's curves come in one answer, each column of a logger as one binary array: an object a
reading would take half the judge's time.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from gateway.judge.store import Store
from schemas.curve import Curve

# The outer bounds keep the server out of days that nobody asks for; the inner ones are each
# logger's own.
CURVES: Final = """
SELECT asked.number, curve.*
FROM unnest(%(number)s::integer[], %(logger_key)s::integer[], %(from_at)s::timestamptz[],
            %(until_at)s::timestamptz[]) AS asked (number, logger_key, from_at, until_at)
CROSS JOIN LATERAL (
    SELECT array_agg(measured_at) AS measured_at, array_agg(temperature_c) AS temperature_c,
           array_agg(sequence) AS sequence, array_agg(boot_key) AS boot_key
    FROM (
        SELECT r.measured_at, r.temperature_c, COALESCE(r.sequence, -1) AS sequence, r.boot_key
        FROM readings r
        WHERE r.logger_key = asked.logger_key
          AND r.measured_at >= asked.from_at AND r.measured_at < asked.until_at
          AND r.measured_at >= %(earliest)s AND r.measured_at < %(latest)s
        ORDER BY r.measured_at
    ) AS in_order
) AS curve
"""

_POSTGRES_EPOCH_MS: Final = 946_684_800_000  # 2000-01-01, where binary timestamps begin
_ARRAY_HEADER_BYTES: Final = 20  # dimensions, has NULL, element type, length, lower bound
_NEAR_S: Final = 2 * 86_400.0


class Stretch(NamedTuple):
    """What to read of a logger: [from, until)."""

    logger_key: int
    from_at: datetime
    until_at: datetime


def curves(store: Store, stretches: Sequence[Stretch]) -> list[Curve]:
    """Return the curve of each stretch, repeats and all, in their order."""
    found = [_EMPTY] * len(stretches)
    for numbers in _eras(stretches):
        asked = [stretches[number] for number in numbers]
        values = {
            "number": numbers,
            "logger_key": [stretch.logger_key for stretch in asked],
            "from_at": [stretch.from_at for stretch in asked],
            "until_at": [stretch.until_at for stretch in asked],
            "earliest": min(stretch.from_at for stretch in asked),
            "latest": max(stretch.until_at for stretch in asked),
        }
        for number, *columns in store.raw_arrays(CURVES, values):
            found[number] = _curve(columns)
    return found


def _eras(stretches: Sequence[Stretch]) -> Iterator[list[int]]:
    """Group the numbers of stretches that lie near each other: one old one opens no year."""
    order = sorted(range(len(stretches)), key=lambda i: stretches[i].from_at)
    cuts = [
        place
        for place, (i, j) in enumerate(pairwise(order), start=1)
        if (stretches[j].from_at - stretches[i].from_at).total_seconds() > _NEAR_S
    ]
    for begin, end in pairwise([0, *cuts, len(order)]):
        if begin < end:
            yield order[begin:end]


def _curve(columns: Iterable[bytes | None]) -> Curve:
    at_us, temperature_c, sequence, boot_key = (
        _values(column, kind) for column, kind in zip(columns, _KINDS, strict=True)
    )
    return Curve(
        measured_at_ms=at_us.astype(np.int64) // 1000 + _POSTGRES_EPOCH_MS,
        # Loggers measure hundredths; a 4-byte float shows them only after rounding.
        temperature_c=np.round(temperature_c.astype(np.float64), 2).astype(np.float64),
        sequence=sequence.astype(np.int64),
        heard_by=boot_key.astype(np.int64),
    )


_KINDS: Final = (">i8", ">f4", ">i4", ">i4")


def _values(array: bytes | None, kind: str) -> npt.NDArray[Any]:
    """Return a binary array's values; none of them is NULL. array_agg of nothing is NULL."""
    if array is None:
        return np.empty(0, dtype=kind)
    elements = np.dtype([("bytes", ">i4"), ("value", kind)])
    return np.frombuffer(array, dtype=elements, offset=_ARRAY_HEADER_BYTES)["value"]


_EMPTY: Final = _curve([None] * len(_KINDS))
