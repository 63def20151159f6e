"""Which batches are published now, and which again?

At most `size` batches are published and not yet confirmed, so that a week's backlog never fills
the broker. Most places go to the oldest batches, some to the newest, so that live data is not
starved while a backlog drains. Pure: time is an argument, seconds of any clock that only rises.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from edge.outbox import CutBatch
from schemas.wire import BatchId

# One place in this many is for the newest batches.
_LIVE_SHARE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Resending:
    """How long to wait for `stored` before a batch is published again, seconds."""

    first_s: float = 30.0
    max_s: float = 600.0
    unheard_s: float = 5.0  # after the broker said that nobody subscribes


class Lane(Enum):
    """Which place of the window a batch takes."""

    BACKLOG = auto()
    LIVE = auto()


@dataclass(slots=True)
class _Entry:
    batch: CutBatch
    lane: Lane
    due_s: float
    wait_s: float
    acknowledged: bool = False
    published: int = 0


class Window:
    """The batches that are published and not yet confirmed."""

    def __init__(self, size: int, resending: Resending) -> None:
        self._resending = resending
        self._places = {Lane.LIVE: max(1, size // _LIVE_SHARE) if size > 1 else 0}
        self._places[Lane.BACKLOG] = size - self._places[Lane.LIVE]
        self._entries: dict[BatchId, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """How many batches it takes."""
        return sum(self._places.values())

    def has_room(self) -> bool:
        """Whether a new batch could be published at once."""
        lane = Lane.LIVE if self._places[Lane.LIVE] else Lane.BACKLOG
        return self._free(lane) > 0

    def is_full(self) -> bool:
        """Whether there is no place at all."""
        return len(self._entries) >= self.size

    def admit(
        self, *, oldest: Sequence[CutBatch], newest: Sequence[CutBatch], now_s: float
    ) -> None:
        """Take batches in, each lane as many as it has places for; they are due at once."""
        for lane, batches in ((Lane.BACKLOG, oldest), (Lane.LIVE, newest)):
            fresh = [batch for batch in batches if batch.batch_id not in self._entries]
            for batch in fresh[: max(0, self._free(lane))]:
                wait_s = self._resending.first_s
                self._entries[batch.batch_id] = _Entry(batch, lane, due_s=now_s, wait_s=wait_s)

    def due(self, now_s: float) -> list[CutBatch]:
        """Return what is to be published now."""
        return [entry.batch for entry in self._entries.values() if entry.due_s <= now_s]

    def next_due_s(self) -> float | None:
        """Return when something is to be published next, or None."""
        return min((entry.due_s for entry in self._entries.values()), default=None)

    def published(self, batch_id: BatchId, now_s: float) -> bool:
        """Note that a batch was handed to the broker; say whether it was before."""
        entry = self._entries[batch_id]
        entry.due_s = now_s + entry.wait_s
        entry.wait_s = min(entry.wait_s * 2, self._resending.max_s)
        entry.acknowledged = False
        entry.published += 1
        return entry.published > 1

    def acknowledged(self, batch_id: BatchId) -> None:
        """Note the broker's word that it took a batch; it proves nothing."""
        if entry := self._entries.get(batch_id):
            entry.acknowledged = True

    def unheard(self, batch_id: BatchId, now_s: float) -> None:
        """Note the broker's word that it threw a batch away, for nobody subscribes."""
        if entry := self._entries.get(batch_id):
            entry.due_s = now_s + self._resending.unheard_s
            entry.wait_s = self._resending.first_s

    def forget(self, batch_ids: Iterable[BatchId]) -> None:
        """Free the places of batches that are confirmed or gone."""
        for batch_id in batch_ids:
            self._entries.pop(batch_id, None)

    def reconnected(self, *, session_present: bool, now_s: float) -> None:
        """Make due what the broker cannot have: all of it, if it has lost the session."""
        for entry in self._entries.values():
            if not (session_present and entry.acknowledged):
                entry.due_s, entry.wait_s = now_s, self._resending.first_s

    def _free(self, lane: Lane) -> int:
        return self._places[lane] - sum(e.lane is lane for e in self._entries.values())
