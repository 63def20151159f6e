"""Judged by days, a place has the excursions that it would have in one piece."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.judge.watches import (
    DAY_MS,
    Carry,
    Watch,
    days_of,
    judge_watch,
    look_back_ms,
    policy_of_a_place,
    watch_id,
)
from gateway.rules.excursions import judge_consignment
from gateway.rules.judgement import Circumstances, Excursion
from gateway.rules.policy import Budget, Counting, Limit, Measured, Policy
from schemas.curve import Curve
from schemas.ids import LoggerId, PlaceId
from schemas.reading import Zone
from schemas.segments import Recording, Source, Window

MINUTE_MS = 60_000
MIDNIGHT_MS = 20_000 * DAY_MS
AIR = Limit(
    name="warm",
    side="upper",
    limit_c=4.0,
    counts_at_limit=False,
    duration_s=1800,
    counting=Counting.CONSECUTIVE,
    window_s=None,
    hysteresis_c=0.0,
    verify_normal_s=0,
    measured=Measured.AIR,
    severity="warning",
)
POLICY = Policy(
    policy_id="p",
    version=1,
    zone=Zone.CHILLED,
    product_class=None,
    source="a test",
    lower_c=0,
    upper_c=4,
    limits=(AIR,),
    budgets=(
        Budget(
            name="above-4",
            side="upper",
            limit_c=4.0,
            allowed_s=600,
            allowed_degree_minutes=None,
            measured=Measured.AIR,
            severity="critical",
        ),
    ),
)


def recording(minutes: Sequence[int], temperature_c: Sequence[float]) -> Recording:
    """Return what a place's logger recorded, in minutes from midnight."""
    count = len(minutes)
    return Recording(
        source=Source(kind="place", logger_id=LoggerId("l"), place_id=PlaceId("van")),
        record_interval_s=300,
        curve=Curve(
            measured_at_ms=MIDNIGHT_MS + np.array(minutes, dtype=np.int64) * MINUTE_MS,
            temperature_c=np.array(temperature_c, dtype=np.float64),
            sequence=np.full(count, -1),
            heard_by=np.zeros(count, dtype=np.int64),
        ),
    )


def watch(begins_ms: int, as_of_ms: int, whole: Recording) -> Watch:
    """Return a day with what is read of it."""
    at_ms = whole.curve.measured_at_ms
    read = (at_ms >= begins_ms - look_back_ms(POLICY)) & (at_ms < as_of_ms)
    return Watch(
        place_id="van",
        begins_ms=begins_ms,
        as_of_ms=as_of_ms,
        policy=policy_of_a_place(POLICY),
        recordings=(
            Recording(source=whole.source, record_interval_s=300, curve=whole.curve.take(read)),
        ),
        suspended=(),
        closed_by_operator_ms=(),
    )


def by_days(whole: Recording, as_of_ms: int) -> tuple[list[Excursion], dict[str, float]]:
    """Judge the day before midnight and the one after; return what stands, and budgets used."""
    first = judge_watch(watch(MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS, whole), Carry())
    second = judge_watch(watch(MIDNIGHT_MS, as_of_ms, whole), first.carry)
    over = [e for e in first.judgement.excursions if e.until_ms is not None]
    both = sorted([*over, *second.judgement.excursions], key=lambda e: e.from_ms)
    return both, {use.name: use.used for use in second.judgement.budgets}


def in_one_piece(whole: Recording, as_of_ms: int) -> tuple[list[Excursion], dict[str, float]]:
    circumstances = Circumstances(
        life=Window(from_ms=MIDNIGHT_MS - DAY_MS, until_ms=None), as_of_ms=as_of_ms
    )
    judgement = judge_consignment((whole,), (), POLICY, circumstances)
    excursions = [e for e in judgement.excursions if e.limit == AIR.name]
    return excursions, {use.name: use.used for use in judgement.budgets}


# Stretches of one temperature, 5 to 120 minutes long, around midnight.
stretches = st.lists(
    st.tuples(st.integers(1, 24), st.sampled_from([3.0, 3.9, 4.1, 6.0])), min_size=1, max_size=12
)


@settings(deadline=None)
@given(stretches=stretches, begins_min=st.integers(-80, -1).map(lambda n: n * 5))
def test_days_find_what_one_piece_finds(
    stretches: list[tuple[int, float]], begins_min: int
) -> None:
    temperatures = [c for count, c in stretches for _ in range(count)]
    minutes = [begins_min + 5 * i for i in range(len(temperatures))]
    whole = recording(minutes, temperatures)
    as_of_ms = max(MIDNIGHT_MS, MIDNIGHT_MS + minutes[-1] * MINUTE_MS) + MINUTE_MS
    by, budgets = by_days(whole, as_of_ms)
    one, used = in_one_piece(whole, as_of_ms)
    assert [(e.from_ms, e.until_ms, e.duration_s, e.extreme_c) for e in by] == [
        (e.from_ms, e.until_ms, e.duration_s, e.extreme_c) for e in one
    ]
    assert [e.degree_minutes for e in by] == pytest.approx([e.degree_minutes for e in one])
    assert budgets == pytest.approx(used)


def test_what_fell_silent_ends_with_the_first_reading_after() -> None:
    """Too warm until 22:00, silent over midnight, heard and in range again at 03:00."""
    minutes = [*range(-240, -115, 5), *range(180, 240, 5)]
    whole = recording(minutes, [6.0] * 25 + [3.0] * 12)
    silent = judge_watch(watch(MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS, whole), Carry())
    assert [e.state for e in silent.judgement.excursions] == ["lost"]
    still = judge_watch(watch(MIDNIGHT_MS, MIDNIGHT_MS + 120 * MINUTE_MS, whole), silent.carry)
    assert [(e.state, e.until_ms) for e in still.judgement.excursions] == [("lost", None)]
    back = judge_watch(watch(MIDNIGHT_MS, MIDNIGHT_MS + 240 * MINUTE_MS, whole), silent.carry)
    (ended,) = back.judgement.excursions
    assert (ended.state, ended.until_ms) == ("closed", MIDNIGHT_MS + 180 * MINUTE_MS)


def test_a_watch_is_named_by_its_day() -> None:
    assert watch_id("van", MIDNIGHT_MS) == "van/2024-10-04"  # 20,000 days after 1970


@pytest.mark.parametrize(
    ("last_ms", "days"),
    [(DAY_MS - 1801, [0]), (DAY_MS - 1800, [0, DAY_MS])],
)
def test_a_reading_also_concerns_the_day_that_looks_back_on_it(
    last_ms: int, days: list[int]
) -> None:
    assert sorted(days_of([(0, last_ms)], beyond_ms=1800)) == days
