"""An order as it was judged: what do others ask of it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.judge.facts import ComplaintRow, ConsignmentRow, OrderRow
from gateway.judge.times import ms_of, time_of
from gateway.rules.compensation_claims import fee_back
from gateway.rules.dossier import Dossier
from gateway.rules.lateness import Arrival, Lateness, judge_lateness
from gateway.rules.order_judgement import OrderJudgement
from schemas.events import PromiseEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedOrder:
    """A dossier with its judgement, and the rows that it was made of."""

    dossier: Dossier
    judgement: OrderJudgement
    boxes: Mapping[str, ConsignmentRow]  # by consignment
    complaints: Sequence[ComplaintRow]
    over: frozenset[str]  # consignments whose life has ended
    arrival: Arrival

    @property
    def is_over(self) -> bool:
        """Whether all its boxes' lives have ended."""
        return bool(self.boxes) and len(self.over) == len(self.boxes)

    def promise(self, now_ms: int) -> Lateness:
        """Return how it stands against its promise."""
        dossier = self.dossier
        return judge_lateness(
            due_at_ms=dossier.due_at_ms,
            arrival=self.arrival,
            delivered_at_ms=dossier.delivered_at_ms,
            cancelled_at_ms=dossier.cancelled_at_ms,
            now_ms=now_ms,
        )

    def ends_ms(self) -> list[int]:
        """Return when boxes end that are still open, as far as it is known."""
        return [
            ms_of(box.closed_at)
            for key, box in self.boxes.items()
            if key not in self.over and box.closed_at is not None
        ]


def arrival_of(row: OrderRow) -> Arrival:
    """Return what is known of an order's arrival."""
    return Arrival(
        arrives_at_ms=None if row.arrives_at is None else ms_of(row.arrives_at),
        latest_at_ms=None if row.latest_at is None else ms_of(row.latest_at),
        service_s=row.service_s,
        is_left_behind=row.is_left_behind,
    )


def promise_of(order: JudgedOrder, promise: Lateness) -> PromiseEvent | None:
    """Return what is told of a promise; None: there is none."""
    dossier = order.dossier
    if dossier.due_at_ms is None:
        return None
    return PromiseEvent(
        order_id=dossier.order_id,
        due_at=time_of(dossier.due_at_ms),
        arrives_at=None if dossier.arrives_at_ms is None else time_of(dossier.arrives_at_ms),
        delivered_at=None if dossier.delivered_at_ms is None else time_of(dossier.delivered_at_ms),
        late_s=promise.late_s,
        proposed_at=None if promise.proposed_at_ms is None else time_of(promise.proposed_at_ms),
        compensation=compensation_of(dossier, promise),
        currency=dossier.currency,
    )


def compensation_of(dossier: Dossier, promise: Lateness) -> int | None:
    """Return what the rules give for a delivery at the proposed time; None: it can't be said.

    For the delay alone, by the rules that held when the order was placed, up to the order's cap.
    """
    rules, due_at_ms, proposed_ms = dossier.rules, dossier.due_at_ms, promise.proposed_at_ms
    if rules is None or due_at_ms is None or proposed_ms is None:
        return None
    if rules.currency != dossier.currency:
        return None
    given_back = fee_back((proposed_ms - due_at_ms) // 1000, dossier.delivery_fee, rules)
    return 0 if given_back is None else min(given_back[1], rules.cap.of(dossier.member_level))
