"""When has a curve been beyond the limits of a policy for too long?

An excursion opens once readings have been beyond a limit for its duration or longer, dates from the
first of them, and closes at the first one back. A gap neither opens nor closes it: such time is
unknown. What the box's own logger says and what a place's says are judged apart, never joined.
docs/policies.md tells how all is counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Literal

import numpy as np

from gateway.rules.breaches import Breach, Tolerance, consecutive_breaches, cumulative_breaches
from gateway.rules.budgets import MS_PER_MINUTE, budget_breach, budget_uses
from gateway.rules.figures import Elapsed, rounded, statistics_of
from gateway.rules.judgement import Circumstances, Excursion, Judgement
from gateway.rules.line import Line, Temperatures, line_of, normal_again
from gateway.rules.look_again import Standing, look_again_ms
from gateway.rules.policy import Budget, Counting, Limit, Policy
from gateway.rules.suspension import overlap_ms, suspended_spans
from gateway.rules.track import Bools, Horizon, SourceKind, Track, track_of
from schemas.segments import Recording, Segment, Window, assemble


def judge_consignment(
    own: Sequence[Recording],
    places: Sequence[Recording],
    policy: Policy,
    circumstances: Circumstances,
) -> Judgement:
    """Return what is found of a box, by its own loggers and by those of places where it stood.

    Only readings of the life until `as_of_ms` count. For a place, a watch or an intake, `own` is
    what its logger recorded.
    """
    segments, gaps = assemble(
        circumstances.life,
        [_until(recording, circumstances) for recording in own],
        [_until(recording, circumstances) for recording in places],
        now_ms=circumstances.as_of_ms,
    )
    return judge_segments(segments, gaps, policy, circumstances)


def judge_segments(
    segments: Sequence[Segment],
    gaps: Sequence[Window],
    policy: Policy,
    circumstances: Circumstances,
) -> Judgement:
    """Return what is found of segments in order of time, none later than `as_of_ms`."""
    life, as_of_ms = circumstances.life, circumstances.as_of_ms
    horizon = _horizon(policy, circumstances)
    apart = _apart(segments, horizon, policy)
    whole = _whole(segments, horizon, policy, apart)
    elapsed = _elapsed(life, gaps, horizon)
    in_a_row = _in_a_row(segments, horizon, policy, apart)
    limits_by = {Counting.CONSECUTIVE: in_a_row, Counting.CUMULATIVE: apart}
    found = [
        *_beyond_limits(policy, limits_by, circumstances.closed_by_operator_ms),
        *_beyond_budgets(policy, apart, whole, circumstances.closed_by_operator_ms),
    ]
    excursions = sorted(found, key=lambda e: (e.from_ms, e.broken_at_ms, e.limit, e.source))
    statistics = statistics_of(
        whole, policy, elapsed=elapsed, lid_track=apart[0].track if apart else None
    )
    return Judgement(
        outcome=_outcome(excursions, whole, elapsed, policy),
        excursions=tuple(excursions),
        budgets=budget_uses(policy, whole),
        statistics=statistics,
        gaps=tuple(gaps),
        look_again_ms=look_again_ms(
            Standing(
                life=life,
                as_of_ms=as_of_ms,
                segments=segments,
                tracks=[t.track for t in apart],
                suspended=horizon.suspended,
                elapsed=elapsed,
                largest_unknown_share=policy.largest_unknown_share,
            )
        ),
    )


def _until(recording: Recording, circumstances: Circumstances) -> Recording:
    """Leave out what was measured before the life or after `as_of_ms`."""
    at_ms = recording.curve.measured_at_ms
    from_ms, end_ms = circumstances.life.from_ms, _end_ms(circumstances)
    if len(at_ms) == 0 or (at_ms[0] >= from_ms and at_ms[-1] <= end_ms):
        return recording
    first, after = np.searchsorted(at_ms, (from_ms, end_ms + 1))
    return replace(recording, curve=recording.curve.take(np.arange(first, after)))


def _end_ms(circumstances: Circumstances) -> int:
    until_ms = circumstances.life.until_ms
    as_of_ms = circumstances.as_of_ms
    return as_of_ms if until_ms is None else min(as_of_ms, until_ms)


def _horizon(policy: Policy, circumstances: Circumstances) -> Horizon:
    until_ms = _end_ms(circumstances)
    return Horizon(
        until_ms=until_ms,
        ended=until_ms == circumstances.life.until_ms,
        suspended=suspended_spans(policy, circumstances, until_ms=until_ms),
    )


def _elapsed(life: Window, gaps: Sequence[Window], horizon: Horizon) -> Elapsed:
    end_ms = horizon.until_ms
    unknown_ms = 0
    for gap in gaps:
        until_ms = end_ms if gap.until_ms is None else min(gap.until_ms, end_ms)
        unknown_ms += until_ms - gap.from_ms - overlap_ms(horizon.suspended, gap.from_ms, until_ms)
    return Elapsed(
        life_ms=max(0, end_ms - life.from_ms),
        suspended_ms=overlap_ms(horizon.suspended, life.from_ms, end_ms),
        unknown_ms=unknown_ms,
    )


def _apart(segments: Sequence[Segment], horizon: Horizon, policy: Policy) -> list[Temperatures]:
    """Return the box's own temperatures and the places', as far as there are any."""
    kinds: tuple[SourceKind, ...] = ("box", "place")
    return [
        Temperatures(track, time_constant_s=policy.product_time_constant_s)
        for kind in kinds
        for track in [track_of(kind, [s for s in segments if s.source.kind == kind], horizon)]
        if track is not None
    ]


def _in_a_row(
    segments: Sequence[Segment], horizon: Horizon, policy: Policy, apart: Sequence[Temperatures]
) -> Sequence[Temperatures]:
    """Return the box's own temperatures, and the places' by stretches without a word of its own.

    Such a word ends a stretch: what places measured before it and behind it does not follow each
    other.
    """
    if len(apart) < 2:
        return apart
    groups = [list(group) for _, group in groupby(segments, key=lambda s: s.source.kind)]
    stretches = [
        _places_until(group, following, horizon)
        for group, following in pairwise([*groups, []])
        if group[0].source.kind == "place"
    ]
    return [
        *apart[:1],
        *(
            Temperatures(track, time_constant_s=policy.product_time_constant_s)
            for track in stretches
            if track is not None
        ),
    ]


def _places_until(
    places: Sequence[Segment], following: Sequence[Segment], horizon: Horizon
) -> Track | None:
    if not following:
        return track_of("place", places, horizon)
    heard_ms = int(following[0].t_ms[0])
    track = track_of("place", places, replace(horizon, until_ms=heard_ms, ended=True))
    return None if track is None else replace(track, silent=False)


def _whole(
    segments: Sequence[Segment], horizon: Horizon, policy: Policy, apart: Sequence[Temperatures]
) -> Temperatures | None:
    """Return all that was judged in order of time: what budgets and statistics count."""
    if len(apart) < 2:
        return apart[0] if apart else None
    track = track_of("place", segments, horizon)
    if track is None:
        return None
    return Temperatures(track, time_constant_s=policy.product_time_constant_s)


def _outcome(
    excursions: Sequence[Excursion],
    whole: Temperatures | None,
    elapsed: Elapsed,
    policy: Policy,
) -> Literal["in_range", "excursion", "unknown"]:
    if excursions:
        return "excursion"
    if whole is None or elapsed.unknown_share > policy.largest_unknown_share:
        return "unknown"
    return "in_range"


def _beyond_limits(
    policy: Policy,
    by_counting: Mapping[Counting, Sequence[Temperatures]],
    closed_by_operator_ms: Sequence[int],
) -> Iterator[Excursion]:
    for limit in policy.limits:
        for temperatures in by_counting[limit.counting]:
            line = line_of(limit, temperatures)
            if line is not None:
                yield from _beyond_limit(line, limit, closed_by_operator_ms)


def _beyond_budgets(
    policy: Policy,
    apart: Sequence[Temperatures],
    whole: Temperatures | None,
    closed_by_operator_ms: Sequence[int],
) -> Iterator[Excursion]:
    for budget in policy.budgets:
        yield from _beyond_budget(budget, apart, whole, closed_by_operator_ms)


def _beyond_limit(
    line: Line, limit: Limit, closed_by_operator_ms: Sequence[int]
) -> Iterator[Excursion]:
    if limit.counting is Counting.CUMULATIVE:
        breaches = cumulative_breaches(
            line.track,
            line.beyond,
            allowed_ms=limit.duration_s * 1000,
            window_ms=None if limit.window_s is None else limit.window_s * 1000,
            closed_by_operator_ms=closed_by_operator_ms,
        )
        yield from (_excursion(line, breach, None) for breach in breaches)
        return
    normal = normal_again(line, limit.hysteresis_c)
    tolerance = Tolerance(
        duration_ms=limit.duration_s * 1000,
        verify_normal_ms=limit.verify_normal_s * 1000,
        closed_by_operator_ms=closed_by_operator_ms,
    )
    for breach in consecutive_breaches(line.track, line.beyond, normal, tolerance):
        yield _excursion(line, breach, normal)


def _beyond_budget(
    budget: Budget,
    apart: Sequence[Temperatures],
    whole: Temperatures | None,
    closed_by_operator_ms: Sequence[int],
) -> Iterator[Excursion]:
    """Say whether a budget is broken: by one source alone, or only by all taken together."""
    for temperatures in [*apart, whole]:
        line = line_of(budget, temperatures) if temperatures is not None else None
        breach = budget_breach(line, budget, closed_by_operator_ms) if line is not None else None
        if line is not None and breach is not None:
            yield _excursion(line, breach, None)
            return


def _excursion(line: Line, breach: Breach, normal: Bools | None) -> Excursion:
    """Return a breach with its figures. `normal`: who is back, where that can close it."""
    track, stretch = line.track, slice(breach.first, breach.stop)
    state, until_ms = _state(track, breach, normal)
    held_ms = np.where(line.beyond[stretch], track.held_ms[stretch], 0)
    if until_ms is not None:
        held_ms = np.minimum(held_ms, np.maximum(until_ms - track.t_ms[stretch], 0))
    beyond_c = np.abs(line.temperature_c[stretch] - line.rule.limit_c)
    reached_c = line.temperature_c[stretch]
    return Excursion(
        limit=line.rule.name,
        side=line.rule.side,
        severity=line.rule.severity,
        source=track.source,
        state=state,
        from_ms=track.moment_ms(breach.first),
        until_ms=until_ms,
        broken_at_ms=track.moment_ms(breach.broken),
        extreme_c=rounded(float(reached_c.max() if line.rule.side == "upper" else reached_c.min())),
        degree_minutes=rounded(float(np.dot(beyond_c, held_ms)) / MS_PER_MINUTE),
        duration_s=int(held_ms.sum()) // 1000,
    )


def _state(
    track: Track, breach: Breach, normal: Bools | None
) -> tuple[Literal["open", "closed", "lost", "closed_by_operator"], int | None]:
    if breach.closed_by_operator_ms is not None:
        return "closed_by_operator", breach.closed_by_operator_ms
    if breach.closed:
        return "closed", track.moment_ms(breach.stop)
    if track.silent:
        return "lost", None
    if not track.ended:
        return "open", None
    # Goods that were signed for have no excursion that never ends; a return counts, though
    # there was no time left to verify it.
    if normal is None or not normal[-1]:
        return "closed", track.until_ms
    still_out = np.flatnonzero(~normal)
    return "closed", track.moment_ms(int(still_out[-1]) + 1)
