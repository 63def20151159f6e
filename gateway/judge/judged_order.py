"""An order as it was judged: what do others ask of it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.judge.facts import ComplaintRow, ConsignmentRow
from gateway.judge.times import ms_of, time_of
from gateway.rules.dossier import Dossier
from gateway.rules.lateness import Lateness, judge_lateness
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

    @property
    def is_over(self) -> bool:
        """Whether all its boxes' lives have ended."""
        return bool(self.boxes) and len(self.over) == len(self.boxes)

    def promise(self, now_ms: int) -> Lateness:
        """Return how it stands against its promise."""
        dossier = self.dossier
        return judge_lateness(
            due_at_ms=dossier.due_at_ms,
            arrives_at_ms=dossier.arrives_at_ms,
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
    )
