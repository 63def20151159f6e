"""What do all parts of a claim share, and what do they give back?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.judge.changes import Lateness
from gateway.judge.settings import JudgeSettings
from gateway.judge.store import Store
from gateway.judge.store_documents import Documents
from gateway.judge.store_writes import Event
from gateway.judge.subjects import Subject
from gateway.rules.alerts import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One claim's transaction: its connection, its time, the documents that decide."""

    store: Store
    documents: Documents
    settings: JudgeSettings
    now: datetime

    @property
    def now_ms(self) -> int:
        """Its time in ms UTC."""
        return round(self.now.timestamp() * 1000)

    @property
    def lateness(self) -> Lateness:
        """From which age on nothing can be done about what is found."""
        return Lateness(now_ms=self.now_ms, late_after_ms=round(self.settings.late_after_s * 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """When a subject is to be looked at again (None: when touched), and what is kept for it."""

    look_ms: int | None
    carried: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of judging some subjects."""

    next_looks: Mapping[Subject, Next]
    conditions: tuple[Condition, ...] = ()
    events: tuple[Event, ...] = ()
