"""What is found of a place on one day?

A place has no end, so it is judged in watches: the days of UTC. A watch sees its own readings and,
before them, as many as the policy's longest duration and the goods' inertia need. What was open
when the day before ended goes on, with its figures; budgets are counted on from day to day. So a
watch costs the same however old the place is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from gateway.rules.excursions import judge_consignment
from gateway.rules.judgement import BudgetUse, Circumstances, Excursion, Judgement
from gateway.rules.policy import Counting, Policy
from schemas.segments import Recording, Window

DAY_MS: Final = 86_400_000
# A first-order filter has forgotten its start after five time constants: e^-5 is 0.7 %.
_TIME_CONSTANTS: Final = 5
# A duration is measured from reading to reading. Three at the slowest pace that EN 12830 allows.
_BETWEEN_READINGS_S: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What one watch leaves to the next."""

    excursions: tuple[Excursion, ...] = ()  # that had not ended
    budgets: Mapping[str, float] = field(default_factory=dict)  # used since the first watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A day of a place, and what is needed to judge it; times in ms UTC."""

    place_id: str
    begins_ms: int
    as_of_ms: int  # its end, or now
    policy: Policy  # as `policy_of_a_place` makes it
    recordings: tuple[Recording, ...]  # from `reads_from_ms` on
    suspended: tuple[Window, ...]
    closed_by_operator_ms: tuple[int, ...]

    @property
    def subject_id(self) -> str:
        """Its name, such as van-1/2026-11-22."""
        return watch_id(self.place_id, self.begins_ms)

    @property
    def is_over(self) -> bool:
        """Whether its day has ended."""
        return self.as_of_ms >= self.begins_ms + DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchJudgement:
    """What was found of a watch, and what is left to the next one."""

    judgement: Judgement
    carry: Carry


def watch_id(place_id: str, begins_ms: int) -> str:
    """Return a watch's name, such as van-1/2026-11-22."""
    return f"{place_id}/{day_text(begins_ms)}"


def day_text(at_ms: int) -> str:
    """Return the day of UTC that a time belongs to, such as 2026-11-22."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def policy_of_a_place(policy: Policy) -> Policy:
    """Return a policy as it is applied to a place.

    What a box has over its whole life a place has in a day. No budget is broken by a place: goods
    come and go.
    """
    limits = tuple(
        replace(limit, window_s=DAY_MS // 1000)
        if limit.counting is Counting.CUMULATIVE and limit.window_s is None
        else limit
        for limit in policy.limits
    )
    return replace(policy, limits=limits)


def look_back_ms(policy: Policy) -> int:
    """Return how far before its begin a watch must read."""
    durations_s = (
        (limit.duration_s, limit.window_s or 0, limit.verify_normal_s) for limit in policy.limits
    )
    longest_s = max(map(max, durations_s), default=0)
    inertia_s = _TIME_CONSTANTS * policy.product_time_constant_s
    return round((longest_s + inertia_s + _BETWEEN_READINGS_S) * 1000)


def judge_watch(watch: Watch, before: Carry) -> WatchJudgement:
    """Judge a watch after the one before it."""
    unbudgeted = replace(watch.policy, budgets=())
    reads_from_ms = watch.begins_ms - look_back_ms(watch.policy)
    whole = _judge(watch, watch.policy, reads_from_ms, watch.as_of_ms)
    head = _judge(watch, watch.policy, reads_from_ms, watch.begins_ms - 1)  # as the day before did
    today = _judge(watch, unbudgeted, watch.begins_ms, watch.as_of_ms)
    excursions = _of_today(watch, whole, head, before)
    budgets = _counted_on(whole, head, before)
    outcome = today.outcome
    if excursions:
        outcome = "excursion"
    elif outcome == "excursion":  # by a filter that knew nothing of the day before
        outcome = "in_range"
    return WatchJudgement(
        judgement=replace(
            today,
            outcome=outcome,
            excursions=excursions,
            budgets=budgets,
            look_again_ms=whole.look_again_ms,
        ),
        carry=Carry(
            excursions=tuple(e for e in excursions if e.until_ms is None),
            budgets={use.name: use.used for use in budgets},
        ),
    )


def _judge(watch: Watch, policy: Policy, from_ms: int, as_of_ms: int) -> Judgement:
    """Judge a stretch that has no end: what is open when it stops is open."""
    circumstances = Circumstances(
        life=Window(from_ms=from_ms, until_ms=None),
        as_of_ms=as_of_ms,
        suspended=watch.suspended,
        closed_by_operator_ms=watch.closed_by_operator_ms,
    )
    return judge_consignment(watch.recordings, (), policy, circumstances)


# Excursions over midnight ------------------------------------------------------------------------


def _of_today(
    watch: Watch, whole: Judgement, head: Judgement, before: Carry
) -> tuple[Excursion, ...]:
    """Return what overlaps the day; what was open before goes on as the same excursion."""
    limits = {limit.name for limit in watch.policy.limits}
    seen = [
        excursion
        for excursion in whole.excursions
        if excursion.limit in limits
        and (excursion.until_ms is None or excursion.until_ms >= watch.begins_ms)
    ]
    joined = []
    for old in before.excursions:
        again = next((e for e in seen if _goes_on(old, e, watch)), None)
        if again is None:
            joined.append(_not_seen_again(old, watch))
        else:
            seen.remove(again)
            joined.append(_joined(old, again, _part_before(again, head)))
    return tuple(sorted([*joined, *seen], key=lambda e: (e.from_ms, e.limit)))


def _goes_on(old: Excursion, excursion: Excursion, watch: Watch) -> bool:
    return excursion.limit == old.limit and excursion.from_ms < watch.begins_ms


def _part_before(excursion: Excursion, head: Judgement) -> Excursion | None:
    """Return what the look-back alone shows of an excursion: it is in the old one's figures."""
    return next(
        (e for e in head.excursions if e.limit == excursion.limit and e.until_ms is None), None
    )


def _joined(old: Excursion, again: Excursion, counted: Excursion | None) -> Excursion:
    worst = max if old.side == "upper" else min
    heat = 0.0 if counted is None else counted.degree_minutes
    seconds = 0 if counted is None else counted.duration_s
    return replace(
        again,
        from_ms=old.from_ms,
        broken_at_ms=old.broken_at_ms,
        extreme_c=worst(old.extreme_c, again.extreme_c),
        degree_minutes=round(old.degree_minutes + max(0.0, again.degree_minutes - heat), 4),
        duration_s=old.duration_s + max(0, again.duration_s - seconds),
    )


def _not_seen_again(old: Excursion, watch: Watch) -> Excursion:
    """Return what becomes of one whose logger fell silent: it ends with the first reading after."""
    back_ms = min(
        (
            int(at_ms)
            for recording in watch.recordings
            for at_ms in recording.curve.measured_at_ms[
                recording.curve.measured_at_ms >= watch.begins_ms
            ][:1]
            if at_ms <= watch.as_of_ms
        ),
        default=None,
    )
    if back_ms is None:
        return replace(old, state="lost")
    return replace(old, state="closed", until_ms=back_ms)


def _counted_on(whole: Judgement, head: Judgement, before: Carry) -> tuple[BudgetUse, ...]:
    known = {use.name: use.used for use in head.budgets}
    return tuple(
        replace(use, used=round(before.budgets.get(use.name, 0.0) + use.used - known[use.name], 4))
        for use in whole.budgets
    )


# As it is kept -----------------------------------------------------------------------------------


def carry_of(kept: object) -> Carry:
    """Return what a verdict's summary kept for the next watch; nothing kept is nothing carried."""
    return Carry() if kept is None else msgspec.convert(kept, Carry)


def days_of(stretches: Iterable[tuple[int, int]], *, beyond_ms: int) -> set[int]:
    """Return the begins of the days that stretches (ms, both ends included) reach, or reach into.

    A reading also counts for what begins up to `beyond_ms` after it.
    """
    return {
        day * DAY_MS
        for from_ms, to_ms in stretches
        for day in range(from_ms // DAY_MS, (to_ms + beyond_ms) // DAY_MS + 1)
    }
