"""What is known of a consignment's temperature, when, and from which logger."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.curve import (
    ConsignmentCurve,
    Policy,
    Verdict,
    cut,
    downsample,
    newest_of,
    thin,
    verdict_of,
)
from schemas.curve import Curve
from schemas.ids import ConsignmentId, LoggerId, PlaceId
from schemas.reading import Zone
from schemas.segments import (
    Recording,
    Segment,
    Source,
    Window,
    assemble,
    gap_limit_ms,
    holes,
    segments_of,
)

BOX = Source(kind="box", logger_id=LoggerId("C4:A5:E3:00:00:01"))
VAN = Source(
    kind="place",
    logger_id=LoggerId("C4:A5:E3:00:00:02"),
    place_id=PlaceId("van-1"),
    place_name="Van 1",
)
CHILLED = Policy(policy_id="chilled", version=1, lower_c=0.0, upper_c=4.0)
FROZEN = Policy(policy_id="frozen", version=1, lower_c=None, upper_c=-18.0)
S = 1000
MIN = 60 * S

values = st.floats(-40, 40, allow_nan=False)


def recording(*at_ms: int, source: Source = BOX, interval_s: int | None = 30) -> Recording:
    count = len(at_ms)
    return Recording(
        source=source,
        record_interval_s=interval_s,
        curve=Curve(
            measured_at_ms=np.array(at_ms, dtype=np.int64),
            temperature_c=np.linspace(2, 3, count),
            sequence=np.full(count, -1, dtype=np.int64),
            heard_by=np.ones(count, dtype=np.int64),
        ),
    )


def spans(segments: tuple[Segment, ...]) -> list[tuple[str, int, int]]:
    return [(s.source.kind, int(s.t_ms[0]), int(s.t_ms[-1])) for s in segments]


def curve_of(*segments: Segment, until_ms: int | None = None) -> ConsignmentCurve:
    life = Window(from_ms=0, until_ms=until_ms)
    return ConsignmentCurve(
        consignment_id=ConsignmentId("order-1.chilled"),
        zone=Zone.CHILLED,
        policy=CHILLED,
        life=life,
        seen=life,
        segments=segments,
        gaps=(),
    )


# Gaps --------------------------------------------------------------------------------------------


def test_a_gap_begins_after_three_registered_intervals() -> None:
    assert gap_limit_ms(np.array([0]), record_interval_s=60) == 180 * S


def test_without_a_registered_interval_the_median_between_readings_counts() -> None:
    # Steps of 40, 40, 40 and 400 s: the median is 40 s, and one long pause doesn't change it.
    at = np.array([0, 40, 80, 120, 520]) * S
    assert gap_limit_ms(at, record_interval_s=None) == 120 * S


def test_with_too_few_readings_the_interval_is_five_minutes() -> None:
    assert gap_limit_ms(np.array([0, 10, 20]) * S, record_interval_s=None) == 900 * S


def test_no_gap_is_shorter_than_a_minute() -> None:
    assert gap_limit_ms(np.array([0]), record_interval_s=1) == 60 * S


@pytest.mark.parametrize(("pause_s", "segments"), [(90, 1), (91, 2)])
def test_readings_further_apart_than_the_limit_are_not_joined(pause_s: int, segments: int) -> None:
    # 30 s registered: three records are 90 s.
    assert len(segments_of(recording(0, 30 * S, (30 + pause_s) * S))) == segments


def test_a_recording_without_readings_has_no_segments() -> None:
    assert segments_of(recording()) == []


def test_a_hole_that_reaches_the_present_of_an_open_life_is_open() -> None:
    life = Window(from_ms=0, until_ms=None)
    segments = segments_of(recording(0, 30 * S))
    assert holes(life, segments, now_ms=10 * MIN) == [Window(from_ms=30 * S, until_ms=None)]


def test_a_hole_that_reaches_the_end_of_a_closed_life_ends_there() -> None:
    life = Window(from_ms=0, until_ms=5 * MIN)
    segments = segments_of(recording(0, 30 * S))
    assert holes(life, segments, now_ms=60 * MIN) == [Window(from_ms=30 * S, until_ms=5 * MIN)]


def test_a_fresh_reading_leaves_no_hole_before_the_present() -> None:
    life = Window(from_ms=0, until_ms=None)
    assert holes(life, segments_of(recording(0, 30 * S)), now_ms=120 * S) == []


@pytest.mark.parametrize(
    ("until_ms", "now_ms", "expected"),
    [
        # 30 s registered: readings at 0 and 30 s leave a hole after 30 + 90 s.
        (60 * MIN, 120 * S, []),
        (60 * MIN, 121 * S, [Window(from_ms=30 * S, until_ms=None)]),
        (10 * MIN, 10 * MIN - 1, [Window(from_ms=30 * S, until_ms=None)]),
        (10 * MIN, 10 * MIN, [Window(from_ms=30 * S, until_ms=10 * MIN)]),
        (120 * S, 10 * MIN, []),
    ],
)
def test_nothing_is_missing_of_what_lies_ahead(
    until_ms: int, now_ms: int, expected: list[Window]
) -> None:
    life = Window(from_ms=0, until_ms=until_ms)
    assert holes(life, segments_of(recording(0, 30 * S)), now_ms=now_ms) == expected


def test_a_life_without_readings_is_one_hole() -> None:
    life = Window(from_ms=0, until_ms=None)
    assert holes(life, [], now_ms=MIN) == [Window(from_ms=0, until_ms=None)]


# Places ------------------------------------------------------------------------------------------


def test_a_place_fills_only_what_the_box_left_open_and_is_never_joined_to_it() -> None:
    own = recording(0, 30 * S, 10 * MIN, 10 * MIN + 30 * S)
    van = recording(*range(0, 11 * MIN, 30 * S), source=VAN)
    life = Window(from_ms=0, until_ms=None)
    segments, gaps = assemble(life, [own], [van], now_ms=11 * MIN)
    assert spans(segments) == [
        ("box", 0, 30 * S),
        ("place", 60 * S, 10 * MIN - 30 * S),
        ("box", 10 * MIN, 10 * MIN + 30 * S),
    ]
    assert gaps == ()


def test_a_place_does_not_speak_while_the_box_does() -> None:
    own = recording(*range(0, 10 * MIN, 30 * S))
    van = recording(*range(7 * S, 10 * MIN, 30 * S), source=VAN)
    life = Window(from_ms=0, until_ms=None)
    segments, _ = assemble(life, [own], [van], now_ms=10 * MIN)
    assert {segment.source.kind for segment in segments} == {"box"}


def test_what_neither_box_nor_place_measured_is_a_gap() -> None:
    own = recording(0, 30 * S)
    van = recording(5 * MIN, 5 * MIN + 30 * S, source=VAN)
    life = Window(from_ms=0, until_ms=10 * MIN)
    _, gaps = assemble(life, [own], [van], now_ms=11 * MIN)
    assert gaps == (
        Window(from_ms=30 * S, until_ms=5 * MIN),
        Window(from_ms=5 * MIN + 30 * S, until_ms=10 * MIN),
    )


times = st.lists(st.integers(0, 4 * 60 * 60), max_size=60, unique=True).map(
    lambda seconds: sorted(s * S for s in seconds)
)


@given(own=times, van=times)
def test_every_own_reading_stays_and_no_place_reading_lies_within_the_boxes_stretches(
    own: list[int], van: list[int]
) -> None:
    life = Window(from_ms=0, until_ms=None)
    segments, gaps = assemble(
        life, [recording(*own)], [recording(*van, source=VAN)], now_ms=5 * 60 * MIN
    )
    boxed = [s for s in segments if s.source.kind == "box"]
    placed = [t for s in segments if s.source.kind == "place" for t in s.t_ms.tolist()]
    assert [t for s in boxed for t in s.t_ms.tolist()] == own
    assert not [t for t in placed for s in boxed if s.t_ms[0] <= t <= s.t_ms[-1]]
    assert set(placed) <= set(van)
    for gap in gaps:
        end = gap.until_ms if gap.until_ms is not None else 5 * 60 * MIN
        inside = [t for s in segments for t in s.t_ms.tolist() if gap.from_ms < t < end]
        assert inside == []


@given(own=times)
def test_within_a_segment_no_step_is_longer_than_the_limit(own: list[int]) -> None:
    for segment in segments_of(recording(*own)):
        assert (np.diff(segment.t_ms) <= segment.gap_limit_ms).all()


# Fewer points ------------------------------------------------------------------------------------


@given(st.lists(values, min_size=1, max_size=400), st.integers(4, 120))
def test_downsampling_keeps_the_bound_the_ends_and_the_order(
    temperatures: list[float], points: int
) -> None:
    kept = downsample(np.array(temperatures), points=points)
    assert len(kept) <= max(points, 1)
    assert kept[0] == 0
    assert kept[-1] == len(temperatures) - 1
    assert (np.diff(kept) > 0).all()


@given(st.lists(values, min_size=1, max_size=400), st.integers(4, 120))
def test_downsampling_keeps_each_buckets_lowest_and_highest(
    temperatures: list[float], points: int
) -> None:
    series = np.array(temperatures)
    kept = downsample(series, points=points)
    if len(series) <= points:
        assert len(kept) == len(series)
        return
    inner = np.arange(1, len(series) - 1)
    buckets = (points - 2) // 2
    edges = [1 + index * len(inner) // buckets for index in range(buckets)] + [len(series) - 1]
    chosen = set(kept.tolist())
    for start, end in pairwise(edges):
        shown = [series[i] for i in range(start, end) if i in chosen]
        assert min(shown) == series[start:end].min()
        assert max(shown) == series[start:end].max()


def test_fewer_than_four_points_cannot_show_a_lowest_and_a_highest() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        downsample(np.zeros(10), points=3)


def test_thinning_shares_the_points_among_segments_and_still_counts_all_readings() -> None:
    long = segments_of(recording(*range(0, 900 * 30 * S, 30 * S)))[0]
    short = segments_of(recording(*range(0, 100 * 30 * S, 30 * S), source=VAN))[0]
    thinned = thin(curve_of(long, short), points=100)
    assert [len(s.t_ms) for s in thinned.segments] == [90, 10]
    assert [s.readings for s in thinned.segments] == [900, 100]


def test_a_curve_short_enough_is_left_as_it_is() -> None:
    curve = curve_of(*segments_of(recording(0, 30 * S)))
    assert thin(curve, points=10) is curve


# Now ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("temperature_c", "verdict"),
    [
        (0.0, Verdict.IN_RANGE),
        (4.0, Verdict.IN_RANGE),
        (4.01, Verdict.TOO_WARM),
        (-0.01, Verdict.TOO_COLD),
    ],
)
def test_the_limits_themselves_are_in_range(temperature_c: float, verdict: Verdict) -> None:
    assert verdict_of(temperature_c, CHILLED) is verdict


def test_without_a_lower_limit_nothing_is_too_cold() -> None:
    assert verdict_of(-60.0, FROZEN) is Verdict.IN_RANGE


@pytest.mark.parametrize(
    ("now_s", "verdict"), [(30 + 90, Verdict.IN_RANGE), (30 + 91, Verdict.UNKNOWN)]
)
def test_a_reading_older_than_the_gap_limit_is_unknown_not_fine(
    now_s: int, verdict: Verdict
) -> None:
    curve = curve_of(*segments_of(recording(0, 30 * S)))
    newest = newest_of(curve, now_ms=now_s * S)
    assert newest is not None
    assert newest.verdict is verdict


def test_the_last_reading_of_a_closed_consignment_does_not_grow_stale() -> None:
    curve = curve_of(*segments_of(recording(0, 30 * S)), until_ms=MIN)
    newest = newest_of(curve, now_ms=10**9)
    assert newest is not None
    assert newest.verdict is Verdict.IN_RANGE


def test_cutting_keeps_the_ends_of_the_window() -> None:
    curve = curve_of(*segments_of(recording(0, 30 * S, 60 * S, 90 * S)))
    assert spans(cut(curve, Window(from_ms=30 * S, until_ms=60 * S)).segments) == [
        ("box", 30 * S, 60 * S)
    ]
