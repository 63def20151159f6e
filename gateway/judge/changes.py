"""What does a judgement change in what stands? Only that is written.

A verdict gets a new revision where it changed in substance: its outcome, its excursions, its
policy, that it is final; a final one also where readings or figures did. What merely went on
changes nothing. An excursion keeps its id while it overlaps one found before under the same limit.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from gateway.judge.facts import StandingExcursion, StandingVerdict
from gateway.judge.times import ms_of, time_of
from gateway.rules.canonical import canonical_json
from gateway.rules.judgement import Excursion, Judgement
from gateway.rules.policy import Policy
from schemas.events import ExcursionState, Severity, Side

SubjectKind: TypeAlias = Literal["consignment", "watch", "intake"]

# The columns are 4-byte floats, which hold seven digits.
_AS_STORED: Final = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One curve's judgement, and what of it is written down beside."""

    kind: SubjectKind
    subject_id: str
    order_id: str | None
    place_id: str | None
    policy: Policy
    judgement: Judgement
    readings: int
    readings_sha256: bytes
    as_of_ms: int
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionChange:
    """A new revision of an excursion. `excursion_id` None: a new one."""

    subject_id: str
    excursion_id: int | None
    revision: int
    was: ExcursionState | None
    limit_name: str
    side: Side
    severity: Severity
    source: Literal["box", "place"]
    state: ExcursionState
    from_at: datetime
    until_at: datetime | None
    extreme_c: float
    degree_minutes: float
    duration_s: int
    found_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """A new revision of a verdict, with the excursions that changed."""

    found: Found
    revision: int
    found_late: bool
    summary: Mapping[str, object]
    excursions: tuple[ExcursionChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """When it is now, and from which age on nothing can be done about it."""

    now_ms: int
    late_after_ms: int

    def is_late(self, excursion: Excursion, newest_at_ms: int | None) -> bool:
        """Whether an excursion, found just now, broke long ago and does not go on."""
        if self.now_ms - excursion.broken_at_ms <= self.late_after_ms:
            return False
        goes_on = (
            excursion.state == "open"
            and newest_at_ms is not None
            and self.now_ms - newest_at_ms <= self.late_after_ms
        )
        return not goes_on


# Verdicts ----------------------------------------------------------------------------------------


def verdict_change(
    found: Found,
    before: StandingVerdict | None,
    excursions: Sequence[ExcursionChange],
    kept: Mapping[str, object] = MappingProxyType({}),
) -> VerdictChange | None:
    """Return what is to be written of a judgement; None: nothing changed in substance.

    `kept` is written down beside the figures.
    """
    summary = {**_summary(found), **kept}
    digest = hashlib.sha256(canonical_json(_substance(found, summary))).hexdigest()
    if before is not None and before.digest == digest and not excursions:
        return None
    return VerdictChange(
        found=found,
        revision=1 if before is None else before.revision + 1,
        found_late=any(change.found_late and change.was is None for change in excursions),
        summary=summary | {"digest": digest},
        excursions=tuple(excursions),
    )


def _summary(found: Found) -> dict[str, object]:
    judgement = found.judgement
    return {
        "statistics": judgement.statistics,
        "budgets": judgement.budgets,
        "gaps": [[gap.from_ms, gap.until_ms] for gap in judgement.gaps],
    }


def _substance(found: Found, summary: Mapping[str, object]) -> dict[str, object]:
    judgement = found.judgement
    substance: dict[str, object] = {
        "outcome": judgement.outcome,
        "is_final": found.is_final,
        "policy": [found.policy.policy_id, found.policy.version],
        "excursions": [
            [e.limit, e.state, e.source, e.from_ms, e.until_ms] for e in judgement.excursions
        ],
    }
    if found.is_final:
        substance |= {"readings": found.readings_sha256.hex(), "summary": summary}
    return substance


# Excursions --------------------------------------------------------------------------------------


def excursion_changes(
    found: Found, standing: Sequence[StandingExcursion], lateness: Lateness
) -> Iterator[ExcursionChange]:
    """Return the excursions that are new, changed or withdrawn."""
    pairs, left = matched(found.judgement.excursions, standing)
    newest_at_ms = found.judgement.statistics.newest_at_ms
    for excursion, before in pairs:
        change = excursion_change(
            found.subject_id,
            excursion,
            before,
            is_late=lateness.is_late(excursion, newest_at_ms),
            exactly=found.is_final,
        )
        if change is not None:
            yield change
    yield from (withdrawal(before) for before in left if before.state != "withdrawn")


def matched(
    excursions: Sequence[Excursion], standing: Sequence[StandingExcursion]
) -> tuple[list[tuple[Excursion, StandingExcursion | None]], list[StandingExcursion]]:
    """Return each excursion with what was found of it before, and what nothing is found of now.

    The same is what overlaps under the same limit; of several the one of the same source, one that
    was not withdrawn, the earliest.
    """
    left = list(standing)
    before: dict[int, StandingExcursion] = {}
    for same_source in (True, False):
        for index, excursion in enumerate(excursions):
            if index not in before:
                same = _same(excursion, left, same_source=same_source)
                if same is not None:
                    before[index] = same
                    left.remove(same)
    return [(excursion, before.get(index)) for index, excursion in enumerate(excursions)], left


def excursion_change(
    subject_id: str,
    excursion: Excursion,
    before: StandingExcursion | None,
    *,
    is_late: bool,
    exactly: bool,
) -> ExcursionChange | None:
    """Return a new revision of an excursion; None: there is no news of it.

    `is_late` makes it found late where it is found for the first time, and until it turns out to go
    on; `exactly`: figures are news, too.
    """
    if before is None:
        return _revised(subject_id, excursion, None, found_late=is_late)
    found_late = before.found_late and is_late
    if found_late != before.found_late or _differs(excursion, before, exactly=exactly):
        return _revised(subject_id, excursion, before, found_late=found_late)
    return None


def _same(
    excursion: Excursion, left: Iterable[StandingExcursion], *, same_source: bool
) -> StandingExcursion | None:
    candidates = [
        before
        for before in left
        if before.limit_name == excursion.limit
        and (before.source == excursion.source) is same_source
        and _overlap(excursion, ms_of(before.from_at), _ms_or_none(before.until_at))
    ]
    return min(
        candidates,
        key=lambda b: (b.state == "withdrawn", b.from_at, b.excursion_id),
        default=None,
    )


def _overlap(excursion: Excursion, from_ms: int, until_ms: int | None) -> bool:
    begins_before_its_end = until_ms is None or excursion.from_ms <= until_ms
    ends_after_its_begin = excursion.until_ms is None or excursion.until_ms >= from_ms
    return begins_before_its_end and ends_after_its_begin


def _differs(excursion: Excursion, before: StandingExcursion, *, exactly: bool) -> bool:
    """Tell whether there is news; of one that still goes on, its figures are none."""
    now = (
        excursion.state,
        excursion.severity,
        excursion.source,
        excursion.from_ms,
        excursion.until_ms,
    )
    then = (
        before.state,
        before.severity,
        before.source,
        ms_of(before.from_at),
        _ms_or_none(before.until_at),
    )
    if now != then:
        return True
    if excursion.state == "open" and not exactly:
        return False
    return not (
        math.isclose(excursion.extreme_c, before.extreme_c, rel_tol=_AS_STORED, abs_tol=_AS_STORED)
        and math.isclose(
            excursion.degree_minutes, before.degree_minutes, rel_tol=_AS_STORED, abs_tol=_AS_STORED
        )
        and excursion.duration_s == before.duration_s
    )


def _revised(
    subject_id: str, excursion: Excursion, before: StandingExcursion | None, *, found_late: bool
) -> ExcursionChange:
    return ExcursionChange(
        subject_id=subject_id,
        excursion_id=None if before is None else before.excursion_id,
        revision=1 if before is None else before.revision + 1,
        was=None if before is None else before.state,
        limit_name=excursion.limit,
        side=excursion.side,
        severity=excursion.severity,
        source=excursion.source,
        state=excursion.state,
        from_at=time_of(excursion.from_ms),
        until_at=None if excursion.until_ms is None else time_of(excursion.until_ms),
        extreme_c=excursion.extreme_c,
        degree_minutes=excursion.degree_minutes,
        duration_s=excursion.duration_s,
        found_late=found_late,
    )


def withdrawal(before: StandingExcursion) -> ExcursionChange:
    """Return the revision that says that there is no such excursion."""
    return ExcursionChange(
        subject_id=before.subject_id,
        excursion_id=before.excursion_id,
        revision=before.revision + 1,
        was=before.state,
        limit_name=before.limit_name,
        side=before.side,
        severity=before.severity,
        source=before.source,
        state="withdrawn",
        from_at=before.from_at,
        until_at=before.until_at,
        extreme_c=before.extreme_c,
        degree_minutes=before.degree_minutes,
        duration_s=before.duration_s,
        found_late=before.found_late,
    )


def _ms_or_none(at: datetime | None) -> int | None:
    return None if at is None else ms_of(at)
