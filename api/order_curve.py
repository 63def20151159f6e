"""How does an order's curve come out of the database?

Joins the store with the rules of `api.curve`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from api import store_curves
from api.curve import ConsignmentCurve
from api.findings.found import NOTHING_FOUND, Findings
from api.resources import Consignment, Order
from api.store import Connection
from api.store_curves import RecordingRow
from schemas.curve import collapse_repeats
from schemas.segments import Recording, Source, Window, assemble

_FAR_FUTURE: Final = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The part of a curve that is asked for, [from, until); None: no limit on that side."""

    from_at: datetime | None = None
    until_at: datetime | None = None


ALWAYS: Final = Period()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of an order's curve to read: a period, as known at `now`, so many readings at most."""

    now: datetime
    max_readings: int
    period: Period = ALWAYS


async def read_order_curve(db: Connection, order: Order, asked: Asked) -> list[ConsignmentCurve]:
    """Return the curve of each consignment; raise TooManyReadings."""
    recordings = await store_curves.recordings_of_order(db, order.order_id)
    return [
        await _read_consignment(
            db,
            consignment,
            [row for row in recordings if row.consignment_id == consignment.consignment_id],
            asked,
        )
        for consignment in order.consignments
    ]


def with_excursions(
    curves: Sequence[ConsignmentCurve], findings: Mapping[str, Findings]
) -> list[ConsignmentCurve]:
    """Return curves with the stretches that were found to be excursions."""
    return [
        replace(
            curve,
            excursions=tuple(
                Window(from_ms=ms_of(e.from_at), until_ms=ms_of(e.until_at) if e.until_at else None)
                for e in findings.get(curve.consignment_id, NOTHING_FOUND).excursions
            ),
        )
        for curve in curves
    ]


def ms_of(at: datetime) -> int:
    """Return a time as ms since 1970 UTC."""
    return round(at.timestamp() * 1000)


def time_of(at_ms: int) -> datetime:
    """Return ms since 1970 as a time, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


async def _read_consignment(
    db: Connection, consignment: Consignment, rows: Sequence[RecordingRow], asked: Asked
) -> ConsignmentCurve:
    life = _life_of(consignment)
    seen = life and _overlap(life, asked.period)
    curve = ConsignmentCurve(
        consignment_id=consignment.consignment_id,
        zone=consignment.zone,
        policy=consignment.policy,
        life=_window(life) if life else None,
        seen=_window(seen) if seen else None,
        segments=(),
        gaps=(),
    )
    if seen is None or (seen.from_at and seen.from_at > asked.now):
        return curve
    read = [(row, await _read_recording(db, row, seen, asked)) for row in rows]
    segments, gaps = assemble(
        _window(seen),
        [recording for row, recording in read if row.place_id is None],
        [recording for row, recording in read if row.place_id is not None],
        now_ms=ms_of(asked.now),
    )
    return replace(curve, segments=segments, gaps=gaps)


async def _read_recording(
    db: Connection, row: RecordingRow, seen: Period, asked: Asked
) -> Recording:
    bound = _overlap(Period(from_at=row.during.lower, until_at=row.during.upper), seen)
    from_at = (bound and bound.from_at) or _FAR_FUTURE
    until_at = (bound and bound.until_at) or _FAR_FUTURE
    curve = await store_curves.readings(
        db, row.logger_id, from_at, until_at, limit=asked.max_readings
    )
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


def _life_of(consignment: Consignment) -> Period | None:
    starts = [binding.from_at for binding in consignment.bindings]
    starts += [stay.from_at for stay in consignment.stays]
    if not starts:
        return None
    return Period(from_at=min(starts), until_at=consignment.closed_at)


def _overlap(one: Period, other: Period) -> Period | None:
    starts = [at for at in (one.from_at, other.from_at) if at]
    ends = [at for at in (one.until_at, other.until_at) if at]
    both = Period(from_at=max(starts, default=None), until_at=min(ends, default=None))
    if both.from_at and both.until_at and both.from_at >= both.until_at:
        return None
    return both


def _window(period: Period) -> Window:
    return Window(
        from_ms=ms_of(period.from_at) if period.from_at else 0,
        until_ms=ms_of(period.until_at) if period.until_at else None,
    )
