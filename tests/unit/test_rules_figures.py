"""MKT, shelf life, rate of rise, lid openings and the other figures of a curve."""

import numpy as np
import pytest

from gateway.rules.lid import lid_openings
from gateway.rules.mkt import mean_kinetic_temperature_c
from gateway.rules.policy import ShelfLife
from gateway.rules.shelf_life import ageing_rate, life_left_s
from tests.rules_world import T0_MS, Case, each_minute, judge, limit, ms, policy, recording

KEEPS = ShelfLife(life_s=21 * 86_400, reference_c=5, activation_energy_kj_per_mol=100)


def mkt(temperatures_c: list[float], weights: list[float]) -> float:
    return mean_kinetic_temperature_c(
        np.array(temperatures_c), np.array(weights), activation_energy_kj_per_mol=83.144
    )


@pytest.mark.parametrize(
    ("temperatures_c", "expected_c"),
    # USP's formula by hand: e.g. [2, 8]: rates e^(-10000/275.15) = 1.6447e-16 and
    # e^(-10000/281.15) = 3.5721e-16, mean 2.6084e-16; 10000 / -ln(that) = 278.6864 K = 5.5364 °C.
    [([5, 5, 5, 15], 8.7859), ([2, 8], 5.5364), ([5, 5], 5.0)],
)
def test_mkt_of_equal_times(temperatures_c: list[float], expected_c: float) -> None:
    assert mkt(temperatures_c, [1] * len(temperatures_c)) == pytest.approx(expected_c, abs=5e-5)


def test_mkt_is_weighted_by_time() -> None:
    assert mkt([5, 15], [3, 1]) == pytest.approx(mkt([5, 5, 5, 15], [1, 1, 1, 1]))


def test_a_judgement_weighs_each_reading_until_the_next() -> None:
    # 5 °C for three hours, 15 °C for one, until the life ended: the vector above, uneven.
    curve = [(0, 5.0), (60, 5.0), (180, 15.0)]
    figures = judge(curve, policy(limit()), until=240, as_of=240, interval_s=7200).statistics
    assert figures.mkt_c == 8.7859
    assert figures.mean_c == 7.5


def test_the_last_reading_of_a_life_that_goes_on_weighs_nothing_yet() -> None:
    assert judge([(0, 5.0), (1, 5.0), (2, 15.0)], policy(limit())).statistics.mean_c == 5.0


def test_one_reading_alone_is_its_own_mean() -> None:
    figures = judge([(0, 5.0)], policy(limit())).statistics
    assert (figures.mean_c, figures.mkt_c, figures.rate_c_per_h) == (5.0, 5.0, None)


def test_21_days_at_5_degrees_are_46_at_0() -> None:
    # e^(100000/8.3144 * (1/273.15 - 1/278.15)) = e^0.79151 = 2.20674; 21 d times that is 46.34 d
    assert 21 / ageing_rate(np.array([0.0]), KEEPS)[0] == pytest.approx(46.3, abs=0.05)


def test_a_day_at_the_reference_temperature_is_a_day_less() -> None:
    day_s = 86_400
    left_s = life_left_s(np.array([5.0]), np.array([1]), elapsed_s=day_s, shelf_life=KEEPS)
    assert left_s == 20 * day_s


def test_what_was_not_measured_aged_as_the_rest_did() -> None:
    # One hour measured of ten: all ten are taken off.
    curve = each_minute((5.0, 61))
    rules = policy(limit(), shelf_life=KEEPS)
    figures = judge(curve, rules, as_of=600).statistics
    assert figures.shelf_life_left_s == 21 * 86_400 - 36_000


def test_goods_that_have_no_life_left_have_none() -> None:
    short = ShelfLife(life_s=60, reference_c=5, activation_energy_kj_per_mol=100)
    figures = judge(each_minute((5.0, 5)), policy(limit(), shelf_life=short)).statistics
    assert figures.shelf_life_left_s == 0


def test_a_policy_without_shelf_life_says_nothing_of_it() -> None:
    assert judge(each_minute((5.0, 5)), policy(limit())).statistics.shelf_life_left_s is None


def test_the_rate_is_the_slope_of_the_last_half_hour() -> None:
    # Flat for an hour, then 0.1 °C a minute: 6 °C/h.
    curve = [*each_minute((2.0, 60)), *((60 + i, 2 + 0.1 * i) for i in range(31))]
    assert judge(curve, policy(limit())).statistics.rate_c_per_h == 6.0


def test_extremes_and_the_newest_reading() -> None:
    figures = judge([(0, 5.0), (1, -1.5), (2, 9.25), (3, 4.0)], policy(limit())).statistics
    assert (figures.lowest_c, figures.highest_c) == (-1.5, 9.25)
    assert (figures.newest_c, figures.newest_at_ms) == (4.0, ms(3))
    assert figures.readings == 4


def test_nothing_measured_has_no_figures() -> None:
    judgement = Case(policy=policy(limit()), as_of=60).judgement()
    figures = judgement.statistics
    assert (figures.readings, figures.mean_c, figures.newest_at_ms) == (0, None, None)
    assert (figures.measured_s, figures.unknown_s) == (0, 3600)
    assert judgement.outcome == "unknown"


def test_readings_of_a_single_float_are_what_the_logger_said() -> None:
    # A single float nearest to 8.3 is 8.300000190734863.
    curve = [(i, float(np.float32(8.3))) for i in range(40)]
    judgement = judge(curve, policy(limit(limit_c=8.3)))
    assert judgement.statistics.highest_c == 8.3
    assert judgement.excursions == ()


def lid(curve: list[tuple[float, float]]) -> int:
    at_ms = np.array([T0_MS + round(m * 60_000) for m, _ in curve], dtype=np.int64)
    return lid_openings(at_ms, np.array([c for _, c in curve]))


@pytest.mark.parametrize(("risen_c", "openings"), [(0.5, 0), (0.51, 1)])
def test_a_lid_was_opened_where_air_warms_by_more_than_half_a_degree(
    risen_c: float, openings: int
) -> None:
    curve = [*each_minute((3.0, 30)), *each_minute((3.0 + risen_c, 30), begin=30)]
    assert lid(curve) == openings


@pytest.mark.parametrize(("minutes", "openings"), [(3, 1), (4, 0)])
def test_within_three_minutes(minutes: int, openings: int) -> None:
    rise = [(30 + i, 3.0 + 0.6 * i / minutes) for i in range(minutes + 1)]
    curve = [*each_minute((3.0, 30)), *rise, *each_minute((3.6, 30), begin=31 + minutes)]
    assert lid(curve) == openings


def test_a_box_that_warms_evenly_was_not_opened() -> None:
    assert lid([(i, 0.3 * i) for i in range(60)]) == 0


def test_openings_ten_minutes_apart_are_one_and_later_ones_more() -> None:
    def opened(*at: int) -> int:
        return lid([(i, 3.0 + sum(a <= i for a in at)) for i in range(120)])

    assert opened(30, 38) == 1
    assert opened(30, 60, 90) == 3


def test_noise_alone_opens_no_lid() -> None:
    noise = np.random.default_rng(7).normal(3.0, 0.2, 720)
    assert lid([(i / 2, float(c)) for i, c in enumerate(noise)]) == 0


def test_a_logger_that_records_every_five_minutes_tells_no_openings() -> None:
    assert lid([(5 * i, 3.0 + 2 * (i % 3)) for i in range(30)]) == 0


def test_another_logger_is_no_opened_lid() -> None:
    # The box's own logger ends, the van's goes on: 3 °C warmer.
    own, van = each_minute((3.0, 60)), each_minute((6.0, 60), begin=64)
    case = Case(
        policy=policy(limit()),
        own=[recording(own)],
        places=[recording(van, kind="place")],
        as_of=124,
    )
    assert case.judgement().statistics.lid_openings == 0
