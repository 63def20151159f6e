"""Who drives which shift, on both sides of each limit."""

from dataclasses import replace

import pytest

from routing.constraint.drivers import Driver, Shift, assign_drivers

H = 3600
EARLY = Shift(id="early", kind="van", start_s=8 * H, end_s=14 * H)
LATE = Shift(id="late", kind="van", start_s=14 * H, end_s=22 * H)
ANNA = Driver(
    id="anna",
    licences=frozenset({"van"}),
    available_s=((8 * H, 22 * H),),
    max_s=14 * H,
    cost_per_h=2000,
)


def test_a_driver_may_drive_two_shifts_that_touch():
    rota = assign_drivers([EARLY, LATE], [ANNA])
    assert rota.driver_of == {"early": "anna", "late": "anna"}
    assert rota.uncovered == {}
    assert rota.cost_minor == 28_000  # 6 h and 8 h at 2,000


def test_a_shift_needs_its_licence():
    shift = replace(EARLY, kind="tricycle")
    assert assign_drivers([shift], [ANNA]).uncovered == {"early": "licence"}
    rider = replace(ANNA, licences=frozenset({"van", "tricycle"}))
    assert assign_drivers([shift], [rider]).driver_of == {"early": "anna"}


@pytest.mark.parametrize(
    ("window_s", "covered"),
    [
        ((8 * H, 14 * H), True),
        ((8 * H + 1, 14 * H), False),
        ((8 * H, 14 * H - 1), False),
    ],
)
def test_a_shift_lies_within_one_window(window_s, covered):
    rota = assign_drivers([EARLY], [replace(ANNA, available_s=(window_s,))])
    assert rota.uncovered == ({} if covered else {"early": "availability"})


def test_two_windows_that_touch_are_not_one():
    driver = replace(ANNA, available_s=((8 * H, 10 * H), (10 * H, 14 * H)))
    assert assign_drivers([EARLY], [driver]).uncovered == {"early": "availability"}


@pytest.mark.parametrize(("max_s", "covered"), [(14 * H, 2), (14 * H - 1, 1)])
def test_hours_are_counted_over_all_shifts(max_s, covered):
    rota = assign_drivers([EARLY, LATE], [replace(ANNA, max_s=max_s)])
    assert len(rota.driver_of) == covered
    assert set(rota.uncovered.values()) <= {"hours"}


@pytest.mark.parametrize(("rest_s", "covered"), [(H, 2), (H + 1, 1)])
def test_a_driver_rests_between_two_shifts(rest_s, covered):
    late = replace(LATE, start_s=15 * H)
    rota = assign_drivers([EARLY, late], [replace(ANNA, rest_s=rest_s)])
    assert len(rota.driver_of) == covered
    assert set(rota.uncovered.values()) <= {"rest"}


def test_nobody_drives_two_shifts_at_once():
    twin = replace(EARLY, id="twin", start_s=EARLY.end_s - 1)
    rota = assign_drivers([EARLY, twin], [ANNA])
    assert len(rota.driver_of) == 1
    assert list(rota.uncovered.values()) == ["busy"]


def test_covering_comes_before_cost():
    """Bo costs five times as much, and only Anna can drive late: both shifts are covered."""
    anna = replace(ANNA, max_s=8 * H)
    bo = replace(ANNA, id="bo", available_s=((8 * H, 14 * H),), cost_per_h=10_000)
    rota = assign_drivers([EARLY, LATE], [anna, bo])
    assert rota.driver_of == {"early": "bo", "late": "anna"}
    assert rota.cost_minor == 76_000  # 6 h at 10,000 and 8 h at 2,000


def test_covering_comes_before_cost_in_any_currency():
    """Twenty drivers at 10,000,000,000 units an hour, each free for one of twenty shifts.

    A shift costs 2.16e14, and the 400 pairs of shift and driver together 8.6e16. Were one shift
    more worth that, all 400 would be worth 3.5e19, and no 64 bits would hold it.
    """
    shifts = [replace(EARLY, id=f"shift{k}") for k in range(20)]
    drivers = [replace(ANNA, id=f"driver{k}", cost_per_h=10**10) for k in range(20)]
    rota = assign_drivers(shifts, drivers)
    assert rota.uncovered == {}
    assert len(set(rota.driver_of.values())) == 20


def test_of_two_drivers_the_cheaper_drives():
    dear = replace(ANNA, id="dear", cost_per_h=2001)
    assert assign_drivers([EARLY], [dear, ANNA]).driver_of == {"early": "anna"}


def test_the_nearest_lack_is_said():
    """Anna may not drive a tricycle at all; Bo may, and is not there."""
    bo = replace(ANNA, id="bo", licences=frozenset({"tricycle"}), available_s=())
    shift = replace(EARLY, kind="tricycle")
    assert assign_drivers([shift], [ANNA, bo]).uncovered == {"early": "availability"}


def test_without_drivers_nothing_is_covered():
    assert assign_drivers([EARLY], []).uncovered == {"early": "licence"}
    assert assign_drivers([], [ANNA]).driver_of == {}


def test_the_cost_is_rounded_up_once():
    """Two shifts of 90 s at 20 an hour are half a unit each: one in all."""
    one = replace(EARLY, id="one", end_s=EARLY.start_s + 90)
    two = replace(EARLY, id="two", start_s=10 * H, end_s=10 * H + 90)
    assert assign_drivers([one, two], [replace(ANNA, cost_per_h=20)]).cost_minor == 1
