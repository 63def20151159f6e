"""What is known of places, and what was found of their days before?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.judge.facts import ClosingRow, RecordingRow, StandingExcursion
from gateway.judge.store import Store, columns_of

PLACES: Final = """
SELECT place_id, zone FROM places WHERE place_id = ANY(%(place_ids)s)
"""

# Each asks for one place and one stretch of time.
PLACE_RECORDINGS: Final = """
SELECT asked.subject_id, b.logger_id, p.place_id, p.name AS place_name,
       GREATEST(lower(b.during), asked.from_at) AS from_at,
       LEAST(upper(b.during), asked.until_at) AS until_at,
       h.logger_key, h.counter_wrap, l.record_interval_s
FROM unnest(%(subject_id)s::text[], %(place_id)s::text[], %(from_at)s::timestamptz[],
            %(until_at)s::timestamptz[]) AS asked (subject_id, place_id, from_at, until_at)
JOIN places p USING (place_id)
JOIN bindings b ON b.place_id = p.place_id
    AND b.during && tstzrange(asked.from_at, asked.until_at)
JOIN loggers l USING (logger_id)
LEFT JOIN heard_loggers h USING (logger_id)
"""

WATCHES: Final = """
SELECT subject_id, revision, policy_id, policy_version, is_final, summary->>'digest' AS digest,
       summary->'carry' AS carry
FROM current_verdicts
WHERE subject_kind = 'watch' AND subject_id = ANY(%(subject_ids)s)
"""

WATCH_EXCURSIONS: Final = """
SELECT excursion_id, revision, subject_id, limit_name, side, severity, source, state, from_at,
       until_at, extreme_c, degree_minutes, duration_s, found_late
FROM current_excursions
WHERE subject_kind = 'watch' AND subject_id = ANY(%(subject_ids)s)
"""

WATCH_CLOSINGS: Final = """
SELECT DISTINCT e.place_id AS subject_id, c.at
FROM excursion_closings c
JOIN excursions e USING (excursion_id)
WHERE e.subject_kind = 'watch' AND e.subject_id = ANY(%(subject_ids)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A place, and the zone that it is to keep."""

    place_id: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A stretch of a place's recordings, for a subject."""

    subject_id: str
    place_id: str
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingWatch:
    """The newest revision of a watch's verdict."""

    subject_id: str
    revision: int
    policy_id: str
    policy_version: int
    is_final: bool
    digest: str
    carry: Any


def places(store: Store, place_ids: Sequence[str]) -> list[PlaceRow]:
    """Return places."""
    return store.all_as(PlaceRow, PLACES, {"place_ids": list(place_ids)})


def place_recordings(store: Store, asked: Sequence[Asked]) -> list[RecordingRow]:
    """Return which loggers measured places in these stretches."""
    names = ("subject_id", "place_id", "from_at", "until_at")
    return store.all_as(RecordingRow, PLACE_RECORDINGS, columns_of(asked, names))


def standing_watches(store: Store, subject_ids: Sequence[str]) -> list[StandingWatch]:
    """Return what was found of these watches before."""
    return store.all_as(StandingWatch, WATCHES, {"subject_ids": list(subject_ids)})


def watch_excursions(store: Store, subject_ids: Sequence[str]) -> list[StandingExcursion]:
    """Return the excursions whose newest revision stands on one of these watches."""
    return store.all_as(StandingExcursion, WATCH_EXCURSIONS, {"subject_ids": list(subject_ids)})


def watch_closings(store: Store, subject_ids: Sequence[str]) -> list[ClosingRow]:
    """Return operators' words on excursions of these watches; `subject_id` is the place."""
    return store.all_as(ClosingRow, WATCH_CLOSINGS, {"subject_ids": list(subject_ids)})
