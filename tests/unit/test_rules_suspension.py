"""What is not judged, what is unknown, what that makes of the verdict, and when to look again."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.rules.policy import Defrost
from gateway.rules.suspension import defrost_spans
from tests.rules_world import Case, each_minute, judge, limit, minute, ms, policy, recording, told

HALF_HOUR = policy(limit())
AT_ONCE = policy(limit(duration_s=0))


# Ignored, suspended -------------------------------------------------------------------------------


def test_nothing_is_judged_for_a_while_after_packing() -> None:
    rules = policy(limit(duration_s=0), ignore_after_packing_s=600)
    warm_9, warm_10 = each_minute((20, 10), (5, 20)), each_minute((20, 11), (5, 20))
    assert judge(warm_9, rules, packed=[0]).excursions == ()
    assert judge(warm_9, rules, packed=[0]).statistics.highest_c == 5
    assert minute(judge(warm_10, rules, packed=[0]).excursions[0].from_ms) == 10


def test_nor_after_each_loading() -> None:
    rules = policy(limit(duration_s=0), ignore_after_loading_s=300)
    curve = each_minute((5, 30), (20, 5), (5, 30), (20, 5), (5, 10))
    assert judge(curve, rules, loaded=[30, 65]).excursions == ()
    assert [told(e) for e in judge(curve, rules, loaded=[30]).excursions] == [("closed", 65, 70, 5)]


def test_nor_in_maintenance() -> None:
    curve = each_minute((5, 30), (20, 60), (5, 30))
    judgement = judge(curve, AT_ONCE, suspended=[(30, 90)])
    assert judgement.excursions == ()
    assert judgement.statistics.suspended_s == 3600
    assert judge(curve, AT_ONCE, suspended=[(31, 90)]).outcome == "excursion"
    assert judge(curve, AT_ONCE, suspended=[(30, 89)]).outcome == "excursion"


def test_maintenance_that_has_no_end_yet_goes_on() -> None:
    assert judge(each_minute((5, 30), (20, 60)), AT_ONCE, suspended=[(30, None)]).excursions == ()


def test_suspended_time_is_neither_beyond_nor_fine() -> None:
    around = each_minute((9, 15), (5, 30), (9, 15), (5, 1))
    [excursion] = judge(around, HALF_HOUR, suspended=[(15, 45)]).excursions
    assert told(excursion) == ("closed", 0, 60, 30)
    shorter = each_minute((9, 15), (9, 30), (9, 14), (5, 1))
    assert judge(shorter, HALF_HOUR, suspended=[(15, 45)]).excursions == ()


def test_a_reading_holds_only_until_the_suspension_begins() -> None:
    # Readings every two minutes: that of minute 14 counts one minute, until 15.
    curve = [*((2 * i, 9.0) for i in range(25)), (50, 5.0)]
    rules = policy(limit(duration_s=900))
    [excursion] = judge(curve, rules, suspended=[(15, 50)]).excursions
    assert told(excursion) == ("closed", 0, 50, 15)
    assert judge(curve, rules, suspended=[(14.9, 50)]).excursions == ()


def test_each_suspension_between_two_readings_takes_its_whole_time_off() -> None:
    # Ten minutes from one reading to the next; minutes 1 to 3 and 6 to 10 are suspended: 1 + 3.
    curve = [(0.0, 9.0), (10.0, 5.0), (20.0, 5.0)]
    [excursion] = judge(curve, AT_ONCE, interval_s=600, suspended=[(1, 3), (6, 10)]).excursions
    assert told(excursion) == ("closed", 0, 10, 4)


def test_before_a_suspension_that_goes_on_nothing_opens_by_time_alone() -> None:
    curve = each_minute((9, 30), (9, 10))
    assert judge(curve, HALF_HOUR, suspended=[(30, 60)]).excursions == ()
    [excursion] = judge([*curve, (60, 5.0)], HALF_HOUR, suspended=[(30, 60)]).excursions
    assert minute(excursion.broken_at_ms) == 60


def test_overlapping_suspensions_are_counted_once() -> None:
    judgement = judge(each_minute((5, 61)), HALF_HOUR, suspended=[(10, 30), (20, 40), (5, 12)])
    assert judgement.statistics.suspended_s == 35 * 60


def test_silence_in_maintenance_loses_no_excursion() -> None:
    judgement = judge(each_minute((9, 31)), HALF_HOUR, suspended=[(31, 200)], after=30)
    assert judgement.excursions[0].state == "open"


def test_the_goods_keep_their_temperature_while_nothing_is_judged() -> None:
    # The logger lies in warm air during maintenance; the goods are where they were.
    rules = policy(limit(duration_s=0, measured="product"), product_time_constant_s=600)
    curve = each_minute((5, 30), (30, 60), (5, 30))
    assert judge(curve, rules, suspended=[(30, 90)]).excursions == ()
    assert judge(curve, rules).outcome == "excursion"


# Defrosts -----------------------------------------------------------------------------------------


def at_ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc]  # y, m, d, h, m


def begins(time_zone: str, starts_at: str, from_ms: int, until_ms: int) -> list[int]:
    defrost = Defrost(starts_at=starts_at, lasts_s=1800, time_zone=time_zone)
    spans = list(defrost_spans(defrost, from_ms, until_ms))
    assert all(end - begin == 1_800_000 for begin, end in spans)
    return [begin for begin, end in spans if end > from_ms and begin <= until_ms]


def test_a_defrost_follows_the_wall_clock_of_its_zone() -> None:
    # 03:30 in Shanghai is 19:30 UTC of the day before, all year.
    assert begins("Asia/Shanghai", "03:30", at_ms(2026, 7, 1, 0, 0), at_ms(2026, 7, 3, 0, 0)) == [
        at_ms(2026, 7, 1, 19, 30),
        at_ms(2026, 7, 2, 19, 30),
    ]


def test_across_a_change_of_clocks() -> None:
    # Berlin, night of 2026-03-28 to 29: 04:00 is 03:00 UTC before and 02:00 UTC after.
    assert begins("Europe/Berlin", "04:00", at_ms(2026, 3, 28, 0, 0), at_ms(2026, 3, 30, 0, 0)) == [
        at_ms(2026, 3, 28, 3, 0),
        at_ms(2026, 3, 29, 2, 0),
    ]


def test_at_a_time_that_the_clocks_skip_and_at_one_that_comes_twice() -> None:
    # 02:30 on 2026-03-29 is not on Berlin's clocks: by winter time it is 01:30 UTC. On 2026-10-25
    # it comes at 00:30 and at 01:30 UTC; the first counts.
    spring = begins("Europe/Berlin", "02:30", at_ms(2026, 3, 29, 0, 0), at_ms(2026, 3, 29, 12, 0))
    autumn = begins("Europe/Berlin", "02:30", at_ms(2026, 10, 25, 0, 0), at_ms(2026, 10, 25, 12, 0))
    assert spring == [at_ms(2026, 3, 29, 1, 30)]
    assert autumn == [at_ms(2026, 10, 25, 0, 30)]


def test_a_defrost_that_began_before_the_life_reaches_into_it() -> None:
    from_ms = at_ms(2026, 7, 1, 19, 45)
    assert begins("Asia/Shanghai", "03:30", from_ms, from_ms + 1000) == [at_ms(2026, 7, 1, 19, 30)]


def test_what_is_measured_in_a_defrost_is_not_judged() -> None:
    # The curves begin at 2026-09-21T14:13:20Z; 10 minutes later it is 22:23:20 in Shanghai.
    assert datetime.fromtimestamp(ms(0) / 1000, tz=UTC).isoformat() == "2026-09-21T14:13:20+00:00"
    defrost = Defrost(starts_at="22:23", lasts_s=1200, time_zone="Asia/Shanghai")
    curve = each_minute((5, 10), (20, 19), (5, 30))
    assert judge(curve, policy(limit(duration_s=0), defrosts=(defrost,))).excursions == ()


# Unknown ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("measured", "outcome"), [(75, "in_range"), (74, "unknown")])
def test_a_verdict_is_unknown_where_too_much_was_not_measured(measured: int, outcome: str) -> None:
    # A quarter of 100 minutes may be missing. The last reading is that of minute `measured`.
    judgement = judge(each_minute((5, measured + 1)), HALF_HOUR, until=100, as_of=100)
    assert judgement.outcome == outcome
    assert judgement.statistics.unknown_s == (100 - measured) * 60


def test_what_was_found_stays_found_though_much_is_unknown() -> None:
    judgement = judge(each_minute((9, 31), (5, 1)), HALF_HOUR, until=1000, as_of=1000)
    assert judgement.outcome == "excursion"


def test_nothing_unknown_is_counted_in_a_suspension() -> None:
    judgement = judge(each_minute((5, 11)), HALF_HOUR, suspended=[(10, 90)], until=100, as_of=100)
    figures = judgement.statistics
    assert (figures.measured_s, figures.unknown_s, figures.suspended_s) == (600, 600, 4800)


def test_a_place_makes_a_boxs_silence_known() -> None:
    van = recording(each_minute((3, 100), begin=1), kind="place")
    judgement = Case(policy=HALF_HOUR, places=[van], as_of=101, until=101).judgement()
    assert judgement.outcome == "in_range"
    assert judgement.gaps == ()


def test_an_ended_life_looks_alike_from_its_end_and_from_later() -> None:
    # The judge judges it at its end, a member asks for its curve afterwards.
    van = recording([(100.0, 9.0)], kind="place")
    case = Case(policy=AT_ONCE, own=[recording(each_minute((5, 61)))], places=[van], until=100)
    at_its_end, later = replace(case, as_of=100).judgement(), replace(case, as_of=500).judgement()
    assert at_its_end == later
    assert [(minute(gap.from_ms), minute(gap.until_ms)) for gap in later.gaps] == [(60, 100)]


# When to look again -------------------------------------------------------------------------------


def test_a_life_that_is_over_needs_no_further_look() -> None:
    assert judge(each_minute((5, 60)), HALF_HOUR, until=60, as_of=60).look_again_ms is None


def test_else_it_is_looked_at_when_its_logger_will_have_been_silent() -> None:
    # The last reading is that of minute 59, the gap limit three minutes.
    assert judge(each_minute((5, 60)), HALF_HOUR).look_again_ms == ms(62) + 1


def test_or_when_its_life_ends_before() -> None:
    assert judge(each_minute((5, 60)), HALF_HOUR, until=61).look_again_ms == ms(61)


def test_or_when_a_suspension_ends_before() -> None:
    judgement = judge(each_minute((5, 60)), HALF_HOUR, suspended=[(50, 60.5)])
    assert judgement.look_again_ms == ms(60.5)


def test_a_silent_one_is_looked_at_when_too_much_will_be_unknown() -> None:
    # 60 minutes are a share of 3/4 of 80: from then on more than a quarter is missing.
    judgement = judge(each_minute((5, 61)), HALF_HOUR, after=10)
    assert judgement.look_again_ms == ms(80) + 1
    assert judge(each_minute((5, 61)), HALF_HOUR, as_of=80).outcome == "in_range"
    assert judge(each_minute((5, 61)), HALF_HOUR, as_of=80 + 1 / 60_000).outcome == "unknown"


def test_one_that_was_silent_at_first_is_looked_at_when_that_is_little() -> None:
    # Six minutes were missed: a quarter of 24. No reading is a minute old: three are no gap.
    curve = each_minute((5, 16), begin=6)
    rules = policy(limit(), largest_unknown_share=0.25)
    assert judge(curve, rules).outcome == "unknown"
    assert judge(curve, rules).look_again_ms == ms(24)
    assert judge(curve, rules, as_of=24).outcome == "in_range"


def test_one_that_is_unknown_already_waits_for_readings() -> None:
    assert judge(each_minute((5, 61)), HALF_HOUR, as_of=200).look_again_ms is None


def test_a_life_that_has_not_begun_is_looked_at_when_it_does() -> None:
    assert Case(policy=HALF_HOUR, as_of=-10).judgement().look_again_ms == ms(0)
