"""Which fixes of an edge are believed, and what is said of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.positions import AGREEING, Gates, Sifted
from schemas.ids import GatewayId
from schemas.position import Fix

TRUCK = GatewayId("truck-17")
T0 = 1_790_000_000_000
# One degree of latitude is 6,371,008.8 m x pi / 180 = 111,195 m.
METRE_DEG = 1 / 111_195


def fix(seconds: float, north_m: float = 0.0, **changes: float) -> Fix:
    values = {"lat_deg": 31.2 + north_m * METRE_DEG, "lon_deg": 121.5} | changes
    return Fix(at_ms=T0 + round(seconds * 1000), **values)


def sift(*fixes: Fix, gates: Gates | None = None, may_repeat: bool = False) -> Sifted:
    if gates is None:
        gates = fresh()
    return gates.sift(TRUCK, fixes, now_ms=T0 + 3_600_000, may_repeat=may_repeat)


def fresh(*stored: Fix) -> Gates:
    gates = Gates()
    gates.learn({TRUCK: stored})
    return gates


def kept(sifted: Sifted) -> list[Fix]:
    return [each.fix for each in sifted.kept]


def reasons(sifted: Sifted) -> dict[str, int]:
    return {doubt.reason: doubt.fixes for doubt in sifted.doubts}


def test_a_van_on_its_way_is_believed() -> None:
    way = [fix(10 * k, 140 * k) for k in range(50)]  # 14 m/s, 50 km/h
    assert kept(sift(*way)) == way


@pytest.mark.parametrize(("metres", "is_jump"), [(640, False), (660, True)])
def test_faster_than_60_m_a_second_is_a_jump(metres: float, is_jump: bool) -> None:
    # 10 s at 60 m/s are 600 m, and 50 m are the receiver's error.
    sifted = sift(fix(0), fix(10, metres))
    assert reasons(sifted) == ({"jump": 1} if is_jump else {})


def test_after_a_jump_the_way_goes_on_from_the_last_fix_believed() -> None:
    sifted = sift(fix(0), fix(10, 50_000), fix(20, 200))
    assert kept(sifted) == [fix(0), fix(20, 200)]
    assert sifted.doubts[0].sentence == (
        "50,000 m in 10 s from the last fix believed; at most 60 m/s are"
    )


def test_fixes_that_agree_with_each_other_overrule_a_wrong_one() -> None:
    wrong = fix(0, 5_000_000)
    right = [fix(10 * k, 10 * k) for k in range(1, 9)]
    sifted = sift(wrong, *right)
    assert kept(sifted) == [wrong, *right[AGREEING - 1 :]]
    assert reasons(sifted) == {"jump": AGREEING - 1}


def test_jumps_that_do_not_agree_are_never_believed() -> None:
    wild = [fix(10 * k, 20_000 * (k % 2) + 50_000) for k in range(1, 30)]
    assert kept(sift(fix(0), *wild)) == [fix(0)]


@pytest.mark.parametrize(("ahead_s", "is_future"), [(60, False), (61, True)])
def test_a_fix_of_the_future_is_kept_out(ahead_s: float, is_future: bool) -> None:
    sifted = sift(fix(3600 + ahead_s))
    assert reasons(sifted) == ({"future": 1} if is_future else {})


def test_a_fix_of_the_future_does_not_make_the_next_one_run_backwards() -> None:
    assert kept(sift(fix(999_999), fix(10))) == [fix(10)]


def test_a_clock_that_runs_backwards_is_told() -> None:
    sifted = sift(fix(100), fix(40, 10))
    assert reasons(sifted) == {"backwards": 1}
    assert sifted.doubts[0].sentence == "its time is 60 s before that of the fix before"


def test_a_receiver_whose_clock_was_never_set_is_told() -> None:
    sifted = sift(Fix(at_ms=-(10**18), lat_deg=31.2, lon_deg=121.5))  # no datetime holds it
    assert reasons(sifted) == {"backwards": 1}
    assert "not set" in sifted.doubts[0].sentence


@pytest.mark.parametrize(("lon_deg", "is_nowhere"), [(0.0, True), (0.0009, True), (0.0011, False)])
def test_zero_zero_is_nowhere(lon_deg: float, is_nowhere: bool) -> None:
    sifted = sift(fix(0, lat_deg=0.0, lon_deg=lon_deg))
    assert reasons(sifted) == ({"nowhere": 1} if is_nowhere else {})


def test_what_is_stored_is_repeated_not_backwards() -> None:
    way = [fix(10 * k) for k in range(5)]
    again = sift(*way, fix(60), gates=fresh(*way))
    assert (kept(again), again.repeated, reasons(again)) == ([fix(60)], 5, {})


def test_a_flagged_repeat_may_be_older_than_what_is_remembered() -> None:
    sifted = sift(fix(5), gates=fresh(fix(100)), may_repeat=True)
    assert (sifted.repeated, reasons(sifted)) == (1, {})


def test_a_run_of_refusals_is_told_once() -> None:
    gates = fresh(fix(100))
    first, second = sift(fix(1), gates=gates), sift(fix(2), gates=gates)
    believed = sift(fix(110), gates=gates)
    third = sift(fix(3), gates=gates)
    assert [sifted.doubts[0].is_new for sifted in (first, second, third)] == [True, False, True]
    assert kept(believed) == [fix(110)]


def test_a_full_memory_is_read_again() -> None:
    gates = Gates(capacity=2)
    gates.learn({GatewayId("a"): [], GatewayId("b"): []})
    gates.learn({GatewayId("c"): []})
    assert gates.unknown([GatewayId("a"), GatewayId("c")]) == {"a"}


FIXES = st.builds(
    Fix,
    at_ms=st.integers(T0 - 10**7, T0 + 10**7),
    lat_deg=st.floats(-90, 90),
    lon_deg=st.floats(-180, 180),
)


@given(st.lists(FIXES, max_size=30))
def test_what_is_kept_is_in_order_and_every_fix_is_accounted_for(fixes: list[Fix]) -> None:
    sifted = sift(*fixes)
    times = [each.at_ms for each in kept(sifted)]
    assert times == sorted(set(times))
    refused = sum(doubt.fixes for doubt in sifted.doubts)
    assert len(times) + sifted.repeated + refused == len(fixes)
