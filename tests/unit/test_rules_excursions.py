"""When an excursion opens, from when it dates, what closes it, and what it counts.

One reading a minute; the limit is 8 °C for 30 minutes, where a test does not say otherwise.
"""

import pytest

from gateway.rules.policy import Counting, Measured
from tests.rules_world import Case, each_minute, judge, limit, minute, policy, recording, told

HALF_HOUR = policy(limit())
AT_ONCE = policy(limit(duration_s=0))


# Opening ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("warm_minutes", "found"), [(29, False), (30, True)])
def test_an_excursion_needs_the_whole_duration_beyond_the_limit(
    warm_minutes: int, *, found: bool
) -> None:
    judgement = judge(each_minute((5, 10), (9, warm_minutes), (5, 10)), HALF_HOUR)
    assert bool(judgement.excursions) is found
    assert judgement.outcome == ("excursion" if found else "in_range")


def test_it_dates_from_the_first_reading_beyond_and_closes_at_the_first_one_back() -> None:
    [excursion] = judge(each_minute((5, 10), (9, 45), (5, 10)), HALF_HOUR).excursions
    assert told(excursion) == ("closed", 10, 55, 45)
    assert minute(excursion.broken_at_ms) == 40


@pytest.mark.parametrize(("readings", "opened"), [(30, False), (31, True)])
def test_it_opens_at_a_reading_never_by_time_alone(readings: int, *, opened: bool) -> None:
    # The 30th reading is 29 minutes after the first. Two minutes later nothing more is known.
    judgement = judge(each_minute((9, readings)), HALF_HOUR, after=2)
    assert [told(e) for e in judgement.excursions] == ([("open", 0, None, 30)] if opened else [])


@pytest.mark.parametrize(("reading_c", "found"), [(8.0, False), (8.01, True)])
def test_a_reading_at_the_limit_is_not_beyond_it(reading_c: float, *, found: bool) -> None:
    assert bool(judge(each_minute((reading_c, 40)), HALF_HOUR).excursions) is found


@pytest.mark.parametrize(("reading_c", "found"), [(7.99, False), (8.0, True)])
def test_unless_the_policy_says_so(reading_c: float, *, found: bool) -> None:
    rules = policy(limit(counts_at_limit=True))
    assert bool(judge(each_minute((reading_c, 40)), rules).excursions) is found


@pytest.mark.parametrize(("reading_c", "found"), [(2.0, False), (1.99, True)])
def test_a_lower_limit_is_passed_downwards(reading_c: float, *, found: bool) -> None:
    rules = policy(limit(side="lower", limit_c=2.0))
    excursions = judge(each_minute((reading_c, 40)), rules).excursions
    assert bool(excursions) is found
    assert all(e.extreme_c == 1.99 and e.side == "lower" for e in excursions)


def test_without_a_duration_one_reading_is_enough() -> None:
    [excursion] = judge(each_minute((5, 10), (8.1, 1), (5, 10)), AT_ONCE).excursions
    assert told(excursion) == ("closed", 10, 11, 1)
    assert minute(excursion.broken_at_ms) == 10


def test_one_reading_back_begins_the_count_anew() -> None:
    assert judge(each_minute((9, 29), (5, 1), (9, 29), (5, 5)), HALF_HOUR).excursions == ()


def test_two_stretches_are_two_excursions() -> None:
    curve = each_minute((9, 30), (5, 1), (9, 40), (5, 1))
    assert [told(e) for e in judge(curve, HALF_HOUR).excursions] == [
        ("closed", 0, 30, 30),
        ("closed", 31, 71, 40),
    ]


def test_each_limit_is_judged_for_itself() -> None:
    rules = policy(
        limit(name="warm", limit_c=4, duration_s=600, severity="warning"),
        limit(),
        limit(name="cold", side="lower", limit_c=0, duration_s=60, severity="notice"),
    )
    curve = each_minute((5, 10), (9, 30), (-1, 5))
    assert [(e.limit, e.severity, *told(e)[1:]) for e in judge(curve, rules).excursions] == [
        ("warm", "warning", 0, 40, 40),
        ("too-warm", "critical", 10, 40, 30),
        ("cold", "notice", 40, None, 4),
    ]


# What it counts -----------------------------------------------------------------------------------


def test_degree_minutes_and_duration_count_each_reading_until_the_next() -> None:
    # 10 min of 1 °C and 20 min of 3 °C above the limit: 10 + 60 = 70 degree minutes.
    [excursion] = judge(each_minute((9, 10), (11, 20), (5, 1)), HALF_HOUR).excursions
    assert excursion.degree_minutes == 70
    assert excursion.duration_s == 1800
    assert excursion.extreme_c == 11


def test_the_last_reading_of_an_open_one_counts_for_nothing_yet() -> None:
    [excursion] = judge(each_minute((9, 31)), HALF_HOUR, after=2).excursions
    assert (excursion.duration_s, excursion.degree_minutes) == (1800, 30)


def test_uneven_readings_weigh_by_their_time() -> None:
    # 9 °C for 20 minutes, 12 °C for 15: 20 * 1 + 15 * 4 = 80.
    curve = [(0.0, 9.0), (20.0, 12.0), (35.0, 5.0)]
    [excursion] = judge(curve, HALF_HOUR, interval_s=600).excursions
    assert (excursion.degree_minutes, excursion.duration_s) == (80, 2100)
    assert minute(excursion.broken_at_ms) == 35


# Gaps ---------------------------------------------------------------------------------------------
# Three missed minutes are no gap; with the fourth it is one.


def test_a_gap_never_counts_as_beyond() -> None:
    curve = [*each_minute((9, 15)), *each_minute((9, 15), begin=100), (115, 5.0)]
    # 14 minutes before the gap, 15 behind it: 29 were measured.
    assert judge(curve, HALF_HOUR).excursions == ()


def test_a_gap_never_counts_as_fine_either() -> None:
    curve = [*each_minute((9, 16)), *each_minute((9, 15), begin=100), (115, 5.0)]
    # 15 minutes before it and 15 behind it: the readings are beyond in a row for 30 minutes.
    [excursion] = judge(curve, HALF_HOUR).excursions
    assert told(excursion) == ("closed", 0, 115, 30)
    assert minute(excursion.broken_at_ms) == 115


@pytest.mark.parametrize(("next_reading", "minutes"), [(33, 34), (34, 31)])
def test_only_what_is_longer_than_the_gap_limit_is_a_gap(next_reading: int, minutes: int) -> None:
    # The last reading before is that of minute 30; up to three minutes behind it, it holds.
    curve = [*each_minute((9, 31)), (next_reading, 9.0), (next_reading + 1, 5.0)]
    [excursion] = judge(curve, HALF_HOUR).excursions
    assert excursion.duration_s == minutes * 60


def test_an_open_one_goes_on_behind_a_gap_if_it_is_still_beyond() -> None:
    curve = [*each_minute((9, 31)), *each_minute((10, 10), begin=90), (100, 5.0)]
    [excursion] = judge(curve, HALF_HOUR).excursions
    assert told(excursion) == ("closed", 0, 100, 40)
    assert excursion.degree_minutes == 30 * 1 + 10 * 2


def test_else_it_closes_at_the_first_reading_behind_the_gap() -> None:
    [excursion] = judge([*each_minute((9, 31)), (90, 5.0)], HALF_HOUR).excursions
    assert told(excursion) == ("closed", 0, 90, 30)


@pytest.mark.parametrize(("after", "state"), [(3, "open"), (3.001, "lost")])
def test_it_is_lost_when_its_logger_goes_silent(after: float, state: str) -> None:
    [excursion] = judge(each_minute((9, 31)), HALF_HOUR, after=after).excursions
    assert told(excursion) == (state, 0, None, 30)


def test_a_closed_one_is_not_lost_by_silence() -> None:
    [excursion] = judge(each_minute((9, 31), (5, 1)), HALF_HOUR, after=100).excursions
    assert excursion.state == "closed"


def test_a_lost_one_that_is_heard_again_goes_on() -> None:
    curve = [*each_minute((9, 31)), *each_minute((9, 2), begin=90)]
    [excursion] = judge(curve, HALF_HOUR).excursions
    assert told(excursion) == ("open", 0, None, 31)


# The end of a life --------------------------------------------------------------------------------


def test_the_end_of_a_life_closes_what_is_open() -> None:
    [excursion] = judge(each_minute((9, 31)), HALF_HOUR, until=32, as_of=500).excursions
    assert told(excursion) == ("closed", 0, 32, 32)


@pytest.mark.parametrize(("until", "found"), [(29.9, False), (30, True)])
def test_the_last_reading_holds_until_the_end_of_a_life(until: float, *, found: bool) -> None:
    judgement = judge(each_minute((9, 30)), HALF_HOUR, until=until, as_of=500)
    assert bool(judgement.excursions) is found


def test_a_life_that_ended_in_silence_leaves_it_lost() -> None:
    [excursion] = judge(each_minute((9, 31)), HALF_HOUR, until=60, as_of=500).excursions
    assert told(excursion) == ("lost", 0, None, 30)


def test_what_was_measured_outside_of_a_life_does_not_count() -> None:
    before = [(-40 + i, 9.0) for i in range(40)]
    behind = [(61 + i, 9.0) for i in range(40)]
    curve = [*before, *each_minute((5, 61)), *behind]
    judgement = judge(curve, AT_ONCE, until=60)
    assert judgement.excursions == ()
    assert judgement.statistics.readings == 61


def test_what_was_measured_after_the_moment_does_not_count() -> None:
    curve = each_minute((5, 60), (9, 60))
    assert judge(curve, HALF_HOUR, as_of=80).statistics.readings == 81
    assert judge(curve, HALF_HOUR, as_of=80).excursions == ()


# Hysteresis and verified returns ------------------------------------------------------------------


@pytest.mark.parametrize(("back_c", "until"), [(7.71, None), (7.7, 40)])
def test_it_closes_only_once_it_is_back_by_the_hysteresis(
    back_c: float, until: float | None
) -> None:
    rules = policy(limit(hysteresis_c=0.3))
    [excursion] = judge(each_minute((9, 40), (back_c, 20)), rules).excursions
    assert minute(excursion.until_ms) == until
    assert excursion.duration_s == 40 * 60  # what is within the hysteresis is not beyond


def test_a_lower_limits_hysteresis_is_above_it() -> None:
    rules = policy(limit(side="lower", limit_c=2, hysteresis_c=0.3))
    [not_yet] = judge(each_minute((1, 40), (2.29, 5)), rules).excursions
    [closed] = judge(each_minute((1, 40), (2.3, 5)), rules).excursions
    assert (not_yet.state, closed.state) == ("open", "closed")


def test_the_hysteresis_does_not_count_towards_the_duration() -> None:
    rules = policy(limit(hysteresis_c=0.3))
    assert judge(each_minute((9, 20), (7.9, 20), (9, 20), (5, 1)), rules).excursions == ()


@pytest.mark.parametrize(("back", "state"), [(5, "open"), (6, "closed")])
def test_a_return_must_last_to_be_one(back: int, state: str) -> None:
    # The sixth reading back is five minutes after the first.
    rules = policy(limit(verify_normal_s=300))
    [excursion] = judge(each_minute((9, 40), (5, back)), rules).excursions
    assert excursion.state == state
    assert minute(excursion.until_ms) == (40 if state == "closed" else None)


def test_a_short_return_is_part_of_the_excursion_but_not_beyond() -> None:
    rules = policy(limit(verify_normal_s=300))
    [excursion] = judge(each_minute((9, 40), (5, 4), (9, 10), (5, 6)), rules).excursions
    assert told(excursion) == ("closed", 0, 54, 50)


def test_a_gap_does_not_verify_a_return() -> None:
    rules = policy(limit(verify_normal_s=300))
    curve = [*each_minute((9, 40), (5, 2)), *each_minute((5, 3), begin=90)]
    [excursion] = judge(curve, rules).excursions
    assert excursion.state == "open"


def test_a_return_that_the_end_of_a_life_leaves_unverified_still_counts() -> None:
    rules = policy(limit(verify_normal_s=300))
    [excursion] = judge(each_minute((9, 40), (5, 2)), rules, until=42, as_of=42).excursions
    assert told(excursion) == ("closed", 0, 40, 40)


# An operator's word -------------------------------------------------------------------------------


def test_an_operator_closes_what_is_open_or_lost() -> None:
    [excursion] = judge(
        each_minute((9, 41)), HALF_HOUR, as_of=200, closed_by_operator=[120]
    ).excursions
    assert told(excursion) == ("closed_by_operator", 0, 120, 40)


def test_what_is_beyond_behind_that_counts_anew() -> None:
    curve = each_minute((9, 80), (5, 1))
    found = judge(curve, HALF_HOUR, closed_by_operator=[40]).excursions
    assert [told(e) for e in found] == [
        ("closed_by_operator", 0, 40, 40),
        ("closed", 41, 80, 39),
    ]


@pytest.mark.parametrize("at", [29, 45, 300])
def test_an_operators_word_closes_nothing_that_is_not_open_then(at: float) -> None:
    found = judge(each_minute((9, 45), (5, 1)), HALF_HOUR, closed_by_operator=[at]).excursions
    assert [told(e) for e in found] == [("closed", 0, 45, 45)]


# Cumulative limits --------------------------------------------------------------------------------


@pytest.mark.parametrize(("third", "found"), [(9, False), (10, True)])
def test_stretches_add_up_over_the_whole_life(third: int, *, found: bool) -> None:
    rules = policy(limit(counting=Counting.CUMULATIVE))
    curve = each_minute((9, 10), (5, 60), (9, 10), (5, 60), (9, third), (5, 30))
    excursions = judge(curve, rules).excursions
    assert [told(e) for e in excursions] == ([("open", 0, None, 30)] if found else [])
    assert all(minute(e.broken_at_ms) == 150 for e in excursions)


def test_what_adds_up_over_a_life_ends_with_it() -> None:
    rules = policy(limit(counting=Counting.CUMULATIVE))
    curve = each_minute((9, 20), (5, 10), (9, 20), (5, 10))
    [excursion] = judge(curve, rules, until=60, as_of=60).excursions
    assert told(excursion) == ("closed", 0, 60, 40)


def test_within_a_window_only_what_lies_in_it_adds_up() -> None:
    rules = policy(limit(counting=Counting.CUMULATIVE, duration_s=1200, window_s=3600))
    near = each_minute((9, 10), (5, 40), (9, 10), (5, 30))
    far = each_minute((9, 10), (5, 41), (9, 10), (5, 30))
    # By minute 60 the hour before holds all 20 minutes; one minute later it holds 19.
    [excursion] = judge(near, rules).excursions
    assert told(excursion) == ("closed", 0, 61, 20)
    assert judge(far, rules).excursions == ()


def test_a_window_dates_from_the_first_reading_that_it_counts() -> None:
    rules = policy(limit(counting=Counting.CUMULATIVE, duration_s=1200, window_s=3600))
    curve = each_minute((9, 5), (5, 60), (9, 20), (5, 60))
    [excursion] = judge(curve, rules).excursions
    # 20 minutes are full at minute 85, and at 125 the last full hour is that from 65 on.
    assert told(excursion) == ("closed", 65, 126, 20)


def test_a_gap_adds_nothing_up() -> None:
    rules = policy(limit(counting=Counting.CUMULATIVE))
    curve = [*each_minute((9, 16)), *each_minute((9, 15), begin=100), (115, 5.0)]
    assert [e.duration_s for e in judge(curve, rules).excursions] == [1800]
    assert judge(curve[1:], rules).excursions == ()


def test_an_operator_closes_what_has_added_up_once_and_for_all() -> None:
    rules = policy(limit(counting=Counting.CUMULATIVE))
    curve = each_minute((9, 40), (5, 20), (9, 40), (5, 20))
    [excursion] = judge(curve, rules, closed_by_operator=[50]).excursions
    assert told(excursion) == ("closed_by_operator", 0, 50, 40)


def test_what_has_added_up_is_lost_when_its_logger_goes_silent() -> None:
    rules = policy(limit(counting=Counting.CUMULATIVE))
    [excursion] = judge(each_minute((9, 40), (5, 20)), rules, after=10).excursions
    assert told(excursion) == ("lost", 0, None, 40)


# Sources ------------------------------------------------------------------------------------------


def test_what_a_place_measured_is_told_apart_from_what_the_box_did() -> None:
    own = recording(each_minute((9, 20)))
    van = recording(each_minute((9, 40), begin=30), kind="place")
    [excursion] = Case(policy=HALF_HOUR, own=[own], places=[van], as_of=70).judgement().excursions
    assert (excursion.source, *told(excursion)) == ("place", "open", 30, None, 39)


def test_the_two_never_add_up_to_one_excursion() -> None:
    own = recording(each_minute((9, 20)))
    van = recording(each_minute((9, 25), begin=30), kind="place")
    case = Case(policy=HALF_HOUR, own=[own], places=[van], as_of=55)
    assert case.judgement().excursions == ()


def test_a_boxs_own_excursion_is_lost_though_its_van_is_heard() -> None:
    own = recording(each_minute((9, 40)))
    van = recording(each_minute((3, 60), begin=40), kind="place")
    [excursion] = Case(policy=HALF_HOUR, own=[own], places=[van], as_of=100).judgement().excursions
    assert (excursion.source, *told(excursion)) == ("box", "lost", 0, None, 39)


def test_a_places_excursion_ends_when_the_box_is_heard_again() -> None:
    van = recording(each_minute((9, 60)), kind="place")
    own = recording(each_minute((3, 10), begin=50))
    case = Case(policy=HALF_HOUR, own=[own], places=[van], as_of=60)
    [excursion] = case.judgement().excursions
    assert (excursion.source, *told(excursion)) == ("place", "closed", 1, 50, 49)


def test_so_it_does_behind_a_gap() -> None:
    van = recording(each_minute((9, 40)), kind="place")
    own = recording(each_minute((3, 10), begin=50))
    case = Case(policy=HALF_HOUR, own=[own], places=[van], as_of=60)
    [excursion] = case.judgement().excursions
    assert (excursion.source, *told(excursion)) == ("place", "closed", 1, 50, 38)


def test_what_a_place_measured_before_and_behind_the_boxs_own_word_is_not_in_a_row() -> None:
    # The box was heard from minute 20 to 29, and was fine. The van alone: 19 minutes, and 20.
    van = recording(each_minute((9, 51)), kind="place")
    own = recording(each_minute((3, 10), begin=20))
    assert Case(policy=HALF_HOUR, own=[own], places=[van], as_of=50).judgement().excursions == ()


def test_another_logger_of_the_same_box_goes_on_with_the_count() -> None:
    before, after = recording(each_minute((9, 20))), recording(each_minute((9, 20), begin=20))
    [excursion] = Case(policy=HALF_HOUR, own=[before, after], as_of=40).judgement().excursions
    assert told(excursion) == ("open", 0, None, 39)


def test_of_two_loggers_at_once_the_worse_counts_for_each_side() -> None:
    rules = policy(limit(), limit(name="cold", side="lower", limit_c=2))
    cool, warm = recording(each_minute((1, 40))), recording(each_minute((9, 40)))
    judgement = Case(policy=rules, own=[cool, warm], as_of=40).judgement()
    assert [(e.limit, e.extreme_c, *told(e)) for e in judgement.excursions] == [
        ("cold", 1, "open", 0, None, 39),
        ("too-warm", 9, "open", 0, None, 39),
    ]
    assert (judgement.statistics.lowest_c, judgement.statistics.highest_c) == (1, 9)


def test_of_two_loggers_the_other_still_counts_when_one_ends() -> None:
    short, long = recording(each_minute((3, 20))), recording(each_minute((9, 40)))
    [excursion] = Case(policy=HALF_HOUR, own=[short, long], as_of=40).judgement().excursions
    assert told(excursion) == ("open", 0, None, 39)


# Goods and air ------------------------------------------------------------------------------------


def test_the_goods_are_beyond_a_limit_later_than_their_air() -> None:
    # From 2 °C in air of 12 °C: 12 - 10 e^(-t/60) > 8 from t = 60 ln 2.5 = 54.98 min on.
    rules = policy(limit(duration_s=0, measured=Measured.PRODUCT), product_time_constant_s=3600)
    curve = each_minute((2, 1), (12, 90))
    [excursion] = judge(curve, rules).excursions
    assert minute(excursion.from_ms) == 1 + 55
    assert judge(each_minute((2, 1), (12, 55)), rules).excursions == ()


def test_short_warmth_of_the_air_is_none_of_the_goods() -> None:
    rules = policy(limit(duration_s=0, measured=Measured.PRODUCT), product_time_constant_s=3600)
    assert judge(each_minute((2, 30), (20, 20), (2, 30)), rules).excursions == ()
