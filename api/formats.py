"""How is a curve written as JSON and as CSV?

Points are columns, `t_ms` and `temperature_c`, never an object a reading.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from api.curve import ConsignmentCurve, Newest, Policy, newest_of
from api.findings.found import (
    NOTHING_FOUND,
    Findings,
    Forecast,
    FoundExcursion,
    VerdictRevision,
)
from api.resources import Order
from schemas.ids import ConsignmentId, OrderId
from schemas.reading import Zone
from schemas.segments import Segment, Source, Window

CSV_COLUMNS: Final = (
    "consignment_id",
    "zone",
    "source",
    "logger_id",
    "place_id",
    "measured_at",
    "temperature_c",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Columns of equal length, in order of time."""

    t_ms: list[int]
    temperature_c: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentBody:
    """Readings of one source without a gap; `readings` counts them before any were left out."""

    source: Source
    gap_limit_s: float
    readings: int
    points: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentBody:
    """The curve of one consignment, from its first binding or stay until it was closed."""

    consignment_id: ConsignmentId
    zone: Zone
    policy: Policy
    from_ms: int | None
    until_ms: int | None
    readings: int
    newest: Newest | None
    segments: list[SegmentBody]
    gaps: tuple[Window, ...]
    verdict: VerdictRevision | None
    excursions: tuple[FoundExcursion, ...]
    forecast: Forecast | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveBody:
    """The curves of an order's consignments."""

    order_id: OrderId
    time_zone: str
    consignments: list[ConsignmentBody]


def curve_body(
    order: Order,
    curves: Sequence[ConsignmentCurve],
    findings: Mapping[str, Findings],
    *,
    now_ms: int,
) -> CurveBody:
    """Return the answer for an order's curves."""
    return CurveBody(
        order_id=order.order_id,
        time_zone=order.time_zone,
        consignments=[
            _consignment(curve, findings.get(curve.consignment_id, NOTHING_FOUND), now_ms)
            for curve in curves
        ],
    )


def to_json(body: object) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(body)


def points_body(curves: Sequence[ConsignmentCurve]) -> list[dict[str, Any]]:
    """Return the points alone, for a live stream."""
    return [
        {
            "consignment_id": curve.consignment_id,
            "segments": [{"source": s.source, "points": _points(s)} for s in curve.segments],
        }
        for curve in curves
        if curve.segments
    ]


def to_csv(curves: Sequence[ConsignmentCurve]) -> bytes:
    """Write one line a point: RFC 4180, times in UTC."""
    text = io.StringIO()
    text.write(",".join(CSV_COLUMNS) + "\r\n")
    for curve in curves:
        for segment in curve.segments:
            source = segment.source
            head = ",".join(
                (
                    curve.consignment_id,
                    curve.zone,
                    source.kind,
                    source.logger_id,
                    source.place_id or "",
                )
            )
            times = np.datetime_as_string(segment.t_ms.astype("datetime64[ms]"), unit="ms")
            for at, temperature_c in zip(
                times.tolist(), segment.temperature_c.tolist(), strict=True
            ):
                text.write(f"{head},{at}Z,{temperature_c:.2f}\r\n")
    return text.getvalue().encode()


def _consignment(curve: ConsignmentCurve, found: Findings, now_ms: int) -> ConsignmentBody:
    return ConsignmentBody(
        consignment_id=curve.consignment_id,
        zone=curve.zone,
        policy=curve.policy,
        from_ms=curve.life.from_ms if curve.life else None,
        until_ms=curve.life.until_ms if curve.life else None,
        readings=sum(segment.readings for segment in curve.segments),
        newest=newest_of(curve, now_ms=now_ms),
        segments=[
            SegmentBody(
                source=segment.source,
                gap_limit_s=segment.gap_limit_ms / 1000,
                readings=segment.readings,
                points=_points(segment),
            )
            for segment in curve.segments
        ],
        gaps=curve.gaps,
        verdict=found.verdict,
        excursions=found.excursions,
        forecast=found.forecast,
    )


def _points(segment: Segment) -> Points:
    return Points(t_ms=segment.t_ms.tolist(), temperature_c=segment.temperature_c.tolist())
