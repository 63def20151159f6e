"""How are a claim's places judged?

By watches, from the first day that something touched on; normally that is today. A day that leaves
something else to the next one than it did before has that one judged again, too. An excursion
belongs to the watch in which it broke, and is one over midnight.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
import numpy as np

from gateway.judge import announcements, metrics, store_facts, store_places, store_writes
from gateway.judge.changes import (
    ExcursionChange,
    Found,
    VerdictChange,
    excursion_change,
    matched,
    verdict_change,
    withdrawal,
)
from gateway.judge.dossiers import suspended
from gateway.judge.facts import MaintenanceRow, RecordingRow, StandingExcursion, StandingVerdict
from gateway.judge.place_conditions import conditions_of_place
from gateway.judge.recordings import read_recordings
from gateway.judge.rounds import Next, Outcome, Round
from gateway.judge.store_places import Asked, StandingWatch
from gateway.judge.subjects import Look, touched_ms
from gateway.judge.times import ms_of, time_of
from gateway.judge.watches import (
    DAY_MS,
    Carry,
    Watch,
    WatchJudgement,
    carry_of,
    days_of,
    judge_watch,
    look_back_ms,
    policy_of_a_place,
    watch_id,
)
from gateway.rules.canonical import canonical_json
from gateway.rules.filing import recording_record
from gateway.rules.judgement import Excursion
from gateway.rules.policy import Policy
from schemas.segments import Recording, Window

# Places have policies of their own: by those for goods each defrost would be an excursion.
_POLICY_ID: Final = "places-{zone}"
# Carried for a place: the begin of the newest day that was judged.
_NEWEST_DAY: Final = "watch"


@dataclass(slots=True)
class _Place:
    """A place on its way through the days that are to be judged."""

    look: Look
    policy: Policy  # the newest for places of its zone
    today_ms: int
    pending: list[int]  # begins of days, ascending
    judged: dict[int, tuple[Watch, WatchJudgement]] = field(default_factory=dict)
    standing: dict[str, StandingWatch] = field(default_factory=dict)

    @property
    def day_ms(self) -> int:
        """The day that is next."""
        return self.pending[0]

    @property
    def subject_ids(self) -> list[str]:
        """The next day's watch and the one before it."""
        return [watch_id(self.look.id, at_ms) for at_ms in (self.day_ms, self.day_ms - DAY_MS)]

    def before(self) -> Carry:
        """Return what the day before leaves to the next one."""
        if self.day_ms - DAY_MS in self.judged:
            return self.judged[self.day_ms - DAY_MS][1].carry
        kept = self.standing.get(watch_id(self.look.id, self.day_ms - DAY_MS))
        return carry_of(None if kept is None else kept.carry)

    def keep(self, watch: Watch, found: WatchJudgement) -> None:
        """Note what was found of the next day; where it leaves something else, go on behind it."""
        day_ms = self.pending.pop(0)
        self.judged[day_ms] = (watch, found)
        stood = self.standing.get(watch.subject_id)
        is_same = stood is not None and stood.is_final and carry_of(stood.carry) == found.carry
        next_ms = day_ms + DAY_MS
        if not is_same and next_ms <= self.today_ms and next_ms not in self.pending:
            self.pending.insert(0, next_ms)


def judge_places(round_: Round, looks: Sequence[Look]) -> Outcome:
    """Judge places that are held, and write what changed."""
    places = _places(round_, looks)
    while waiting := [place for place in places if place.pending]:
        _judge_a_day_each(round_, waiting)
    excursions = _standing_excursions(round_, places)
    changes = [list(_changes(place, excursions[place.look.id], round_)) for place in places]
    verdicts = [change for found in changes for change in found]
    written = store_writes.write_verdicts(
        round_.store, verdicts, round_.documents.policy_sha256, round_.now
    )
    metrics.REVISIONS.inc(len(verdicts))
    return Outcome(
        next_looks={look.subject: Next(look_ms=None) for look in looks}
        | {place.look.subject: _next(place, round_) for place in places if place.judged},
        conditions=tuple(
            condition
            for place, found in zip(places, changes, strict=True)
            if place.today_ms in place.judged
            for condition in conditions_of_place(
                *place.judged[place.today_ms],
                late=_late(excursions[place.look.id], found),
                plan=round_.documents.alerting_plan,
            )
        ),
        events=tuple(event for one in written for event in announcements.excursion_events(one)),
    )


def _places(round_: Round, looks: Sequence[Look]) -> list[_Place]:
    rows = store_places.places(round_.store, [look.id for look in looks])
    policy_ids = {row.zone: _POLICY_ID.format(zone=row.zone) for row in rows}
    policies = round_.documents.newest_policies(round_.store, policy_ids.values())
    held = {look.id: look for look in looks}
    today_ms = round_.now_ms // DAY_MS * DAY_MS
    places = []
    for row in rows:
        look, policy = held[row.place_id], policies[policy_ids[row.zone]]
        newest_ms = look.carried.get(_NEWEST_DAY)
        begin_ms = newest_ms if isinstance(newest_ms, int) else today_ms
        days = days_of(touched_ms(look), beyond_ms=look_back_ms(policy_of_a_place(policy)))
        days |= set(range(begin_ms, today_ms + 1, DAY_MS)) | {today_ms}
        pending = sorted(day_ms for day_ms in days if day_ms <= today_ms)
        places.append(_Place(look=look, policy=policy, today_ms=today_ms, pending=pending))
    return places


# A day of each place -----------------------------------------------------------------------------


def _judge_a_day_each(round_: Round, places: Sequence[_Place]) -> None:
    """Judge the next day of each place: what they all need is read at once."""
    subject_ids = {place.look.id: place.subject_ids for place in places}
    flat = [subject_id for ids in subject_ids.values() for subject_id in ids]
    for stood in store_places.standing_watches(round_.store, flat):
        for place in places:
            if stood.subject_id in subject_ids[place.look.id]:
                place.standing[stood.subject_id] = stood
    policies = _policies(round_, places)
    asked = [_asked(place, policies[place.look.id], round_.now_ms) for place in places]
    rows = store_places.place_recordings(round_.store, asked)
    recordings = defaultdict(list)
    for row, recording in read_recordings(round_.store, rows, round_.now):
        recordings[row.subject_id].append((row, recording))
    maintenance = store_facts.maintenance_of(round_.store, rows)
    closings = _closings(round_, flat)
    bound = {row.subject_id for row in rows}
    for place in places:
        subject_id = watch_id(place.look.id, place.day_ms)
        if subject_id not in bound:
            place.pending.pop(0)
            continue
        watch = Watch(
            place_id=place.look.id,
            begins_ms=place.day_ms,
            as_of_ms=min(round_.now_ms, place.day_ms + DAY_MS),
            policy=policies[place.look.id],
            recordings=tuple(recording for _, recording in recordings[subject_id]),
            suspended=_suspended(recordings[subject_id], maintenance),
            closed_by_operator_ms=tuple(closings[place.look.id]),
        )
        place.keep(watch, judge_watch(watch, place.before()))


def _policies(round_: Round, places: Sequence[_Place]) -> dict[str, Policy]:
    """Return each place's policy: today the newest one, on a day that is over the one of then."""
    stood = {
        place.look.id: place.standing.get(watch_id(place.look.id, place.day_ms)) for place in places
    }
    keys = [(row.policy_id, row.policy_version) for row in stood.values() if row is not None]
    round_.documents.read_policies(round_.store, keys)
    policies = {}
    for place in places:
        row = stood[place.look.id]
        of_then = (
            None
            if row is None or place.day_ms == place.today_ms
            else round_.documents.policies[row.policy_id, row.policy_version]
        )
        policies[place.look.id] = policy_of_a_place(of_then or place.policy)
    return policies


def _asked(place: _Place, policy: Policy, now_ms: int) -> Asked:
    until_ms = min(now_ms, place.day_ms + DAY_MS)
    return Asked(
        subject_id=watch_id(place.look.id, place.day_ms),
        place_id=place.look.id,
        from_at=time_of(place.day_ms - look_back_ms(policy)),
        until_at=time_of(max(until_ms, place.day_ms + 1)),
    )


def _closings(round_: Round, subject_ids: Sequence[str]) -> Mapping[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in store_places.watch_closings(round_.store, subject_ids):
        found[row.subject_id].append(ms_of(row.at))
    return found


def _suspended(
    pairs: Iterable[tuple[RecordingRow, Recording]], maintenance: Sequence[MaintenanceRow]
) -> tuple[Window, ...]:
    return tuple(window for row, _ in pairs for window in suspended(row, maintenance))


# What changed ------------------------------------------------------------------------------------


def _standing_excursions(
    round_: Round, places: Sequence[_Place]
) -> Mapping[str, list[StandingExcursion]]:
    """Return what stands on the judged watches, and on those from which something was carried."""
    owners: dict[str, str] = {}
    for place in places:
        for watch, found in place.judged.values():
            owners[watch.subject_id] = place.look.id
            for excursion in found.judgement.excursions:
                owners[_owner(place, excursion)] = place.look.id
    standing: defaultdict[str, list[StandingExcursion]] = defaultdict(list)
    for row in store_places.watch_excursions(round_.store, list(owners)):
        standing[owners[row.subject_id]].append(row)
    return standing


def _owner(place: _Place, excursion: Excursion) -> str:
    return watch_id(place.look.id, excursion.broken_at_ms // DAY_MS * DAY_MS)


def _changes(
    place: _Place, standing: Sequence[StandingExcursion], round_: Round
) -> Iterator[VerdictChange]:
    by_day = defaultdict(list)
    for day_ms, excursion in _excursion_changes(place, standing, round_):
        by_day[day_ms].append(excursion)
    for day_ms, (watch, found) in sorted(place.judged.items()):
        stood = place.standing.get(watch.subject_id)
        change = verdict_change(
            _found(watch, found),
            None if stood is None else _as_verdict(stood),
            by_day[day_ms],
            {"carry": msgspec.to_builtins(found.carry)},
        )
        if change is not None:
            yield change


def _excursion_changes(
    place: _Place, standing: Sequence[StandingExcursion], round_: Round
) -> Iterator[tuple[int, ExcursionChange]]:
    """Return the changes, each with the judged day that tells of it."""
    seen = _last_views(place)
    pairs, left = matched([excursion for _, excursion in seen], standing)
    for (day_ms, _), (excursion, before) in zip(seen, pairs, strict=True):
        if excursion.until_ms is None and day_ms != max(place.judged):
            continue  # it went on into days that are not judged again: nothing changed there
        watch, _ = place.judged[day_ms]
        change = excursion_change(
            _owner(place, excursion),
            excursion,
            before,
            is_late=round_.lateness.is_late(excursion, _newest_at_ms(watch)),
            exactly=watch.is_over,
        )
        if change is not None:
            yield day_ms, change
    days = {watch.subject_id: day_ms for day_ms, (watch, _) in place.judged.items()}
    for before in left:
        if before.subject_id in days and before.state != "withdrawn":
            yield days[before.subject_id], withdrawal(before)


def _newest_at_ms(watch: Watch) -> int | None:
    """Return when a watch was last measured: just after midnight that is the day before."""
    curves = [recording.curve for recording in watch.recordings]
    return max((int(curve.measured_at_ms[-1]) for curve in curves if len(curve)), default=None)


def _last_views(place: _Place) -> list[tuple[int, Excursion]]:
    """Return each excursion once, as the last judged day that saw it did, with that day."""
    last: dict[tuple[str, str, int], tuple[int, Excursion]] = {}
    for day_ms, (_, found) in sorted(place.judged.items()):
        for excursion in found.judgement.excursions:
            last[excursion.limit, excursion.source, excursion.from_ms] = (day_ms, excursion)
    return list(last.values())


def _found(watch: Watch, found: WatchJudgement) -> Found:
    columns = [recording_record(_of_the_day(r, watch)) for r in watch.recordings]
    return Found(
        kind="watch",
        subject_id=watch.subject_id,
        order_id=None,
        place_id=watch.place_id,
        policy=watch.policy,
        judgement=found.judgement,
        readings=found.judgement.statistics.readings,
        readings_sha256=hashlib.sha256(canonical_json(columns)).digest(),
        as_of_ms=watch.as_of_ms,
        is_final=watch.is_over,
    )


def _of_the_day(recording: Recording, watch: Watch) -> Recording:
    at_ms = recording.curve.measured_at_ms
    first, after = np.searchsorted(at_ms, (watch.begins_ms, watch.as_of_ms))
    return replace(recording, curve=recording.curve.take(np.arange(first, after)))


def _as_verdict(row: StandingWatch) -> StandingVerdict:
    return StandingVerdict(subject_id=row.subject_id, revision=row.revision, digest=row.digest)


def _late(
    standing: Iterable[StandingExcursion], changes: Iterable[VerdictChange]
) -> frozenset[tuple[str, int]]:
    """Return limit and begin of what was found late."""
    late = {(row.limit_name, ms_of(row.from_at)): row.found_late for row in standing}
    late |= {
        (change.limit_name, ms_of(change.from_at)): change.found_late
        for verdict in changes
        for change in verdict.excursions
    }
    return frozenset(key for key, found_late in late.items() if found_late)


def _next(place: _Place, round_: Round) -> Next:
    """Look again when time changes something, or when the day is over."""
    ends_ms = place.today_ms + DAY_MS
    again_ms = place.judged[max(place.judged)][1].judgement.look_again_ms
    look_ms = ends_ms if again_ms is None else min(ends_ms, max(again_ms, round_.now_ms + 1))
    return Next(look_ms=look_ms, carried={_NEWEST_DAY: place.today_ms})
