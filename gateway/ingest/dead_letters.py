"""What could not be read, and does it pass now?

A letter is replayed on the ingestor's own path, so it is decoded, checked and stored by the same
rules. It is marked as replayed in the transaction that stores it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.ingest.delivery import Delivery
from gateway.ingest.flush import Flush, Window, join_columns, latest_at, make_flush
from gateway.ingest.keys import Keys
from gateway.ingest.store import KeptLetter, ListedDeadLetter, Store


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to."""

    stored: list[int] = field(default_factory=list)  # ids of letters that passed
    refused: dict[int, str] = field(default_factory=dict)  # id -> why it still cannot be read

    def __str__(self) -> str:
        lines = [f"replayed={len(self.stored)} refused={len(self.refused)}"]
        lines += [f"{number}: {reason}" for number, reason in self.refused.items()]
        return "\n".join(lines)


def list_dead_letters(database_url: str, limit: int) -> list[ListedDeadLetter]:
    """Return the newest dead letters, newest first."""
    with Store.connect(database_url, owner="frostline dead-letters") as store:
        return store.list_dead_letters(limit)


def render(letters: Sequence[ListedDeadLetter]) -> str:
    """Write a line for each letter."""
    if not letters:
        return "no dead letters"
    return "\n".join(
        f"{letter.dead_letter_id:>8}  {letter.received_at:%Y-%m-%d %H:%M:%S}  "
        f"{letter.gateway_id or '-'}  {letter.size_bytes} B  "
        f"{'replayed' if letter.replayed_at else 'waiting'}  {letter.reason}"
        for letter in letters
    )


def replay(database_url: str, ids: Sequence[int] | None) -> Replayed:
    """Try these letters again (None: all), except those that were replayed before."""
    outcome = Replayed()
    keys = Keys()
    with Store.connect(database_url, owner="frostline dead-letters") as store:
        for dead_letter_id in store.unreplayed_ids(ids):
            with store.transaction():
                letter = store.dead_letter(dead_letter_id)
                if letter is None:  # somebody else replays
                    continue
                now = datetime.now(UTC)
                refusal = _replay(store, keys, letter, now)
                if refusal is None:
                    store.mark_replayed(dead_letter_id, now=now)
                    outcome.stored.append(dead_letter_id)
                else:
                    outcome.refused[dead_letter_id] = refusal
    return outcome


def _replay(store: Store, keys: Keys, letter: KeptLetter, now: datetime) -> str | None:
    """Store what can be stored of a letter; return why, if that is nothing."""
    window = Window(latest_ms=latest_at(now))
    window.add(Delivery(topic=letter.topic, payload=letter.payload, may_repeat=True))
    columns = join_columns(window)
    if columns is None:
        if window.statuses or window.whereabouts:
            return "a status or a position is old by now; only batches are replayed"
        return window.dead_letters[0].reason
    keys.learn(store, window, columns, now=now)
    flush = make_flush(window, columns, keys.loggers, keys.boots)
    keys.loggers.forget(columns.loggers)  # the next letter may be the same again, in time or not
    if not _has_rows(flush):
        return flush.dead_letters[0].reason
    store.write(flush, now=now)
    return None


def _has_rows(flush: Flush) -> bool:
    return bool(len(flush.routed.fresh) or len(flush.routed.late))
