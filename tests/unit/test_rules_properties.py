"""What holds of any curve: how it was cut, when it was judged, how its time divides."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules.canonical import canonical_json
from gateway.rules.judgement import Judgement
from gateway.rules.policy import Budget, Counting, Measured, ShelfLife
from tests.rules_world import Case, limit, ms, policy, recording

RULES = policy(
    limit(name="warm", limit_c=4, duration_s=600, hysteresis_c=0.3, verify_normal_s=300),
    limit(duration_s=900, measured=Measured.PRODUCT),
    limit(name="at-all", limit_c=12, duration_s=0),
    limit(name="cold", side="lower", limit_c=0, duration_s=300),
    limit(name="sum", limit_c=4, duration_s=1200, counting=Counting.CUMULATIVE, window_s=3600),
    limit(name="life", limit_c=4, duration_s=3600, counting=Counting.CUMULATIVE),
    budgets=(
        Budget(name="time", side="upper", limit_c=6, allowed_s=1800, severity="warning"),
        Budget(name="heat", side="upper", limit_c=6, allowed_degree_minutes=90, severity="notice"),
    ),
    shelf_life=ShelfLife(life_s=10**6, reference_c=5, activation_energy_kj_per_mol=100),
    product_time_constant_s=900,
    ignore_after_packing_s=300,
    ignore_after_loading_s=120,
)

# Readings a minute or two apart, with gaps of up to half an hour, temperatures in stretches.
stretches = st.lists(
    st.tuples(
        st.sampled_from([-2.0, 2.0, 3.9, 4.0, 4.1, 7.0, 9.0, 13.0]),
        st.integers(1, 25),
        st.sampled_from([1, 1, 1, 2, 30]),
    ),
    min_size=1,
    max_size=8,
)
Curve = list[tuple[float, float]]


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    at, curve = draw(st.integers(0, 10)), []
    for temperature_c, count, apart in draw(stretches):
        for _ in range(count):
            curve.append((float(at), temperature_c))
            at += 1
        at += apart - 1
    return curve


def judgement_of(parts: Sequence[Curve], *, as_of: float, until: float | None = None) -> Judgement:
    own = [recording(part) for part in parts if part]
    return Case(
        policy=RULES,
        own=own,
        as_of=as_of,
        until=until,
        packed=[0],
        loaded=[20],
        suspended=[(40, 50)],
    ).judgement()


@given(curves(), st.data())
@settings(max_examples=60, deadline=None)
def test_however_a_curve_is_cut_the_judgement_is_the_same(
    curve: Curve, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(curve)), max_size=4)))
    parts = [curve[a:b] for a, b in pairwise([0, *cuts, len(curve)])]
    end = curve[-1][0] + 1
    whole = judgement_of([curve], as_of=end)
    assert canonical_json(judgement_of(parts, as_of=end)) == canonical_json(whole)
    assert canonical_json(judgement_of(parts[::-1], as_of=end)) == canonical_json(whole)


@given(curves(), st.integers(0, 100), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_repeated_readings_change_nothing(curve: Curve, begin: int, count: int) -> None:
    repeated = curve[begin : begin + count]
    end = curve[-1][0] + 1
    once, twice = judgement_of([curve], as_of=end), judgement_of([curve, repeated], as_of=end)
    assert canonical_json(once) == canonical_json(twice)


@given(curves(), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_what_has_closed_stays_as_it_was(curve: Curve, share: float) -> None:
    end = curve[-1][0] + 5
    early = judgement_of([curve], as_of=round(share * end))
    late = judgement_of([curve], as_of=end)
    closed = [e for e in early.excursions if e.state == "closed"]
    assert all(excursion in late.excursions for excursion in closed)


@given(curves(), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_what_has_opened_stays_found_from_then_on(curve: Curve, share: float) -> None:
    end = curve[-1][0] + 5
    early = judgement_of([curve], as_of=round(share * end))
    late = judgement_of([curve], as_of=end)
    known = {(e.limit, e.from_ms, e.broken_at_ms) for e in late.excursions}
    assert {(e.limit, e.from_ms, e.broken_at_ms) for e in early.excursions} <= known


@given(curves(), st.floats(0, 120), st.booleans())
@settings(max_examples=100, deadline=None)
def test_measured_unknown_and_suspended_are_the_whole_life(
    curve: Curve, after: float, ended: bool
) -> None:
    as_of = curve[-1][0] + round(after)
    figures = judgement_of([curve], as_of=as_of, until=as_of if ended else None).statistics
    assert figures.measured_s + figures.unknown_s + figures.suspended_s == as_of * 60


@given(curves(), st.floats(0, 5))
@settings(max_examples=60, deadline=None)
def test_warmer_curves_are_no_better_off(curve: Curve, warmer_c: float) -> None:
    def total(readings: Curve) -> tuple[float, ...]:
        judgement = judgement_of([readings], as_of=readings[-1][0] + 1)
        mkt_c = judgement.statistics.mkt_c
        left_s = judgement.statistics.shelf_life_left_s
        return (
            *(b.used for b in judgement.budgets),
            -300.0 if mkt_c is None else mkt_c,
            -1e9 if left_s is None else -left_s,
            any(e.limit in {"too-warm", "at-all", "life"} for e in judgement.excursions),
        )

    warmer = [(at, round(c + warmer_c, 2)) for at, c in curve]
    assert all(a <= b + 1e-3 for a, b in zip(total(curve), total(warmer), strict=True))


@given(curves(), st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_until_the_moment_to_look_again_time_alone_changes_nothing(
    curve: Curve, after: int
) -> None:
    as_of = curve[-1][0] + after
    now = judgement_of([curve], as_of=as_of)
    last_ms = ms(as_of) + 10**9 if now.look_again_ms is None else now.look_again_ms - 1
    then = judgement_of([curve], as_of=(last_ms - ms(0)) / 60_000)
    assert (then.outcome, then.excursions, then.budgets, then.gaps) == (
        now.outcome,
        now.excursions,
        now.budgets,
        now.gaps,
    )


@given(curves(), st.floats(0.05, 0.45))
@settings(max_examples=60, deadline=None)
def test_a_consecutive_excursion_is_never_shorter_than_its_duration(
    curve: Curve, noise_c: float
) -> None:
    noise = np.random.default_rng(1).normal(0, noise_c, len(curve))
    noisy = [(at, c + n) for (at, c), n in zip(curve, noise.tolist(), strict=True)]
    durations_s = {
        rule.name: rule.duration_s for rule in RULES.limits if rule.counting is Counting.CONSECUTIVE
    }
    for excursion in judgement_of([noisy], as_of=curve[-1][0] + 1).excursions:
        assert excursion.duration_s >= durations_s.get(excursion.limit, 0)
        assert excursion.from_ms <= excursion.broken_at_ms
        assert excursion.until_ms is None or excursion.until_ms >= excursion.broken_at_ms


@given(curves())
@settings(max_examples=60, deadline=None)
def test_a_judgements_numbers_are_rounded_so_that_its_bytes_are_the_same_anywhere(
    curve: Curve,
) -> None:
    judgement = judgement_of([curve], as_of=curve[-1][0] + 1)
    assert canonical_json(judgement) == msgspec.json.encode(judgement, order="sorted")
