"""What did the loggers of some boxes, places or intakes record?"""

from collections.abc import Sequence
from datetime import datetime

from gateway.judge import metrics, store_curves
from gateway.judge.facts import RecordingRow
from gateway.judge.store import Store
from gateway.judge.store_curves import Stretch
from schemas.curve import Curve, collapse_repeats
from schemas.segments import Recording, Source


def read_recordings(
    store: Store, rows: Sequence[RecordingRow], until_at: datetime
) -> list[tuple[RecordingRow, Recording]]:
    """Return what was recorded before a time, in the order of the rows; not what was never heard.

    Repeats are collapsed.
    """
    asked = [(row, stretch) for row in rows for stretch in [_stretch(row, until_at)] if stretch]
    curves = store_curves.curves(store, [stretch for _, stretch in asked])
    metrics.READINGS.inc(sum(map(len, curves)))
    return [(row, _recording(row, curve)) for (row, _), curve in zip(asked, curves, strict=True)]


def _stretch(row: RecordingRow, until_at: datetime) -> Stretch | None:
    ends_at = until_at if row.until_at is None else min(row.until_at, until_at)
    if row.logger_key is None or ends_at <= row.from_at:
        return None
    return Stretch(row.logger_key, row.from_at, ends_at)


def _recording(row: RecordingRow, curve: Curve) -> Recording:
    return Recording(
        source=Source(
            kind="box" if row.place_id is None else "place",
            logger_id=row.logger_id,
            place_id=row.place_id,
            place_name=row.place_name,
        ),
        record_interval_s=row.record_interval_s,
        curve=collapse_repeats(curve, counter_wrap=row.counter_wrap or 0),
    )
