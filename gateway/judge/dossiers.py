"""How do rows become what an order is judged by?

Values in, values out: the store reads facts and curves, this puts them into each order's dossier.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import numpy as np

from gateway.judge.facts import (
    ComplaintRow,
    ConsignmentRow,
    HandoverRow,
    MaintenanceRow,
    OrderFacts,
    OrderRow,
    RecordingRow,
    ReviewRow,
)
from gateway.judge.times import ms_of
from gateway.rules.compensation_rules import CompensationRules
from gateway.rules.dossier import Complaint, ConsignmentFile, Dossier, Handover, Review
from gateway.rules.policy import Policy
from schemas.reading import Zone
from schemas.segments import Recording, Window

RowT = TypeVar("RowT")
PolicyKey = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The documents that decide: policies by id and version, and the rules of a day."""

    policies: Mapping[PolicyKey, Policy]
    rules_at: Callable[[datetime], CompensationRules | None]


def dossiers_of(
    facts: OrderFacts,
    recordings: Sequence[tuple[RecordingRow, Recording]],
    library: Library,
    now: datetime,
) -> list[Dossier]:
    """Return each order's dossier, as it stands now."""
    desk = _Desk(facts, recordings, library, now)
    return [desk.dossier(order) for order in facts.orders]


class _Desk:
    """The rows of a claim, sorted by what they belong to."""

    def __init__(
        self,
        facts: OrderFacts,
        recordings: Sequence[tuple[RecordingRow, Recording]],
        library: Library,
        now: datetime,
    ) -> None:
        self._now = now
        self._library = library
        self._consignments = _grouped(facts.consignments, lambda row: row.order_id)
        self._handovers = _grouped(facts.handovers, lambda row: row.order_id)
        self._complaints = _grouped(facts.complaints, lambda row: row.order_id)
        self._reviews = _grouped(facts.reviews, lambda row: row.order_id)
        self._closings = _grouped(facts.closings, lambda row: row.subject_id)
        self._recordings = _grouped(recordings, lambda pair: pair[0].subject_id)
        self._maintenance = facts.maintenance

    def dossier(self, order: OrderRow) -> Dossier:
        """Put together what is known of an order."""
        boxes = self._consignments[order.order_id]
        handovers = self._handovers[order.order_id]
        rules = self._library.rules_at(order.placed_at)
        return Dossier(
            order_id=order.order_id,
            member_level=order.member_level,
            time_zone=order.time_zone,
            currency=order.currency,
            delivery_fee=order.delivery_fee,
            placed_at_ms=ms_of(order.placed_at),
            due_at_ms=_ms(order.due_at),
            arrives_at_ms=_ms(order.arrives_at),
            delivered_at_ms=_ms(order.delivered_at or _signed_at(handovers)),
            cancelled_at_ms=_ms(order.cancelled_at),
            as_of_ms=ms_of(_as_of(boxes, self._now)),
            consignments=tuple(self._file(order, box, handovers) for box in boxes),
            handovers=tuple(map(_handover, handovers)),
            complaints=tuple(map(_complaint, self._complaints[order.order_id])),
            reviews=tuple(map(_review, self._reviews[order.order_id])),
            rules=rules,
        )

    def _file(
        self, order: OrderRow, box: ConsignmentRow, handovers: Sequence[HandoverRow]
    ) -> ConsignmentFile:
        pairs = self._recordings[box.consignment_id]
        own = [(row, recording) for row, recording in pairs if row.place_id is None]
        packed = _step_times(handovers, box, "packed")
        if box.packed_at is not None:
            packed.add(ms_of(box.packed_at))
        loaded = _step_times(handovers, box, "loaded")
        return ConsignmentFile(
            consignment_id=box.consignment_id,
            zone=Zone(box.zone),
            policy=self._library.policies[box.policy_id, box.policy_version],
            goods_value=box.goods_value,
            life=life_of(box),
            own=tuple(recording for _, recording in own),
            places=tuple(
                without(recording, suspended(row, self._maintenance))
                for row, recording in pairs
                if row.place_id is not None and row.fills
            ),
            packed_at_ms=_or_milestone(packed, order.packed_at),
            loaded_at_ms=_or_milestone(loaded, order.departed_at),
            suspended=tuple(
                window for row, _ in own for window in suspended(row, self._maintenance)
            ),
            closed_by_operator_ms=tuple(
                ms_of(closing.at) for closing in self._closings[box.consignment_id]
            ),
        )


def surroundings_of(
    recordings: Iterable[tuple[RecordingRow, Recording]], maintenance: Sequence[MaintenanceRow]
) -> Mapping[str, Sequence[Recording]]:
    """Return by consignment what was recorded of the places where it stood, whatever their zone."""
    around: defaultdict[str, list[Recording]] = defaultdict(list)
    for row, recording in recordings:
        if row.place_id is not None:
            around[row.subject_id].append(without(recording, suspended(row, maintenance)))
    return around


def life_of(box: ConsignmentRow) -> Window | None:
    """Return from when until when a box is judged; None: nothing was ever bound to it."""
    if box.begun_at is None or (box.closed_at is not None and box.closed_at <= box.begun_at):
        return None
    return Window(from_ms=ms_of(box.begun_at), until_ms=_ms(box.closed_at))


def suspended(row: RecordingRow, maintenance: Iterable[MaintenanceRow]) -> list[Window]:
    """Return when planned work disturbed a recording, within it."""
    windows = []
    for work in maintenance:
        if work.logger_id == row.logger_id or (work.place_id and work.place_id == row.place_id):
            from_at = max(work.from_at, row.from_at)
            ends = [at for at in (work.until_at, row.until_at) if at is not None]
            until_at = min(ends, default=None)
            if until_at is None or until_at > from_at:
                windows.append(Window(from_ms=ms_of(from_at), until_ms=_ms(until_at)))
    return windows


def without(recording: Recording, windows: Iterable[Window]) -> Recording:
    """Return a recording without what was measured in these stretches."""
    at_ms = recording.curve.measured_at_ms
    kept = np.ones(len(at_ms), dtype=np.bool_)
    for window in windows:
        inside = at_ms >= window.from_ms
        if window.until_ms is not None:
            inside &= at_ms < window.until_ms
        kept &= ~inside
    if kept.all():
        return recording
    return Recording(
        source=recording.source,
        record_interval_s=recording.record_interval_s,
        curve=recording.curve.take(kept),
    )


def is_over(box: ConsignmentRow, now: datetime) -> bool:
    """Tell whether a box's life has ended."""
    return box.closed_at is not None and box.closed_at <= now


def _as_of(boxes: Sequence[ConsignmentRow], now: datetime) -> datetime:
    """Return until when an order is judged: its end, once there is one."""
    ends = [box.closed_at for box in boxes if box.closed_at is not None]
    if not boxes or len(ends) < len(boxes):
        return now
    return min(now, max(ends))


def _signed_at(handovers: Iterable[HandoverRow]) -> datetime | None:
    """Return when the whole order was signed for."""
    return min(
        (row.at for row in handovers if row.step == "signed" and row.consignment_id is None),
        default=None,
    )


def _step_times(handovers: Iterable[HandoverRow], box: ConsignmentRow, step: str) -> set[int]:
    return {
        ms_of(row.at)
        for row in handovers
        if row.step == step and row.consignment_id in {None, box.consignment_id}
    }


def _or_milestone(times_ms: set[int], milestone_at: datetime | None) -> tuple[int, ...]:
    """Return when a step was done; where nobody recorded it, the order's milestone."""
    if not times_ms and milestone_at is not None:
        return (ms_of(milestone_at),)
    return tuple(sorted(times_ms))


def _handover(row: HandoverRow) -> Handover:
    return Handover(
        step=row.step,
        at_ms=ms_of(row.at),
        consignment_id=row.consignment_id,
        place_id=row.place_id,
        person=row.person,
        temperature_c=row.temperature_c,
    )


def _complaint(row: ComplaintRow) -> Complaint:
    return Complaint(
        complaint_id=row.complaint_id,
        severity=row.severity,
        at_ms=ms_of(row.at),
        amount=row.amount,
        about=row.about,
        consignment_id=row.consignment_id,
    )


def _review(row: ReviewRow) -> Review:
    return Review(
        cause=row.cause,
        at_ms=ms_of(row.at),
        by=row.by,
        decision=row.decision,
        amount=row.amount,
    )


def _grouped(rows: Iterable[RowT], key: Callable[[RowT], str]) -> Mapping[str, list[RowT]]:
    groups: defaultdict[str, list[RowT]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _ms(at: datetime | None) -> int | None:
    return None if at is None else ms_of(at)
