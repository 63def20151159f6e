"""How long may an order be on its way, and what does a minute more cost? Worked by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.dispatch.cold import (
    Began,
    Chances,
    ColdLimits,
    began_on,
    chances_of,
    cold_of,
    limits_of,
    weighed,
)
from routing.dispatch.hold_times import grace_time, hold_time
from routing.dispatch.state import Box, BoxForecast, CityOrder, CityVehicle, FailedPlace, Zone
from routing.dispatch.times import LAST_S
from routing.problem import Load
from tests.dispatch_streets import street, vehicle

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def box(**changes: Any) -> Box:
    values: dict[str, Any] = {
        "id": "b1",
        "zone": "chilled",
        "goods_value": 20_000,
        "packed_at": NOON - minutes(60),
        "box_material": "epp",
        "pack_kind": "ice",
        "pack_kg": 1.0,
        "product_kg": 4.0,
        "spoil_cost": 30_000,
    }
    return Box(**(values | changes))


def told(*leaves_in_min: float | None, at: datetime = NOON, **changes: Any) -> BoxForecast:
    """Return a forecast by minutes after it was made."""
    times = [None if each is None else at + minutes(each) for each in leaves_in_min]
    values: dict[str, Any] = {
        "made_at": at,
        "leaves_at_q10": times[0],
        "leaves_at_q50": times[1],
        "leaves_at_q90": times[2],
        "chance_within_40_min": 0.5,
        "at_risk": True,
    }
    return BoxForecast(**(values | changes))


def order(*boxes: Box, **changes: Any) -> CityOrder:
    """Return an order that left at 11:30."""
    values: dict[str, Any] = {
        "id": "o1",
        "stage": "out",
        "level": "V4",
        "tier_h": 2,
        "lat_deg": 31.2,
        "lon_deg": 121.5,
        "load": Load(chilled_g=5000),
        "service_s": 180,
        "placed_at": NOON - minutes(90),
        "requested_at": NOON - minutes(90),
        "wish": "fastest",
        "departed_at": NOON - minutes(30),
        "aboard": "van-1",
        "boxes": boxes,
    }
    return CityOrder(**(values | changes))


WAITING: dict[str, Any] = {"departed_at": None, "aboard": None, "stage": "packed"}


class TestNominalHoldTime:
    def test_ice_melts_and_then_the_goods_warm(self) -> None:
        """0.8 x 1 kg x 335 kJ/kg = 268 kJ by 0.9 W/K x 28 K = 25.2 W are 10,635 s.

        Then 4 kg x 3500 J/(kg K) = 14 kJ/K over 0.9 W/K = 15,556 s, times ln(28/26) = 0.074108, are
        1,153 s.
        """
        hold = hold_time(box())
        assert hold is not None
        assert hold.q50_s == pytest.approx(10_635 + 1_153, abs=1)

    def test_the_interval_is_as_wide_as_what_is_not_known(self) -> None:
        """A wall by its material 0.4, a mass that was weighed 0.2: sqrt(0.2) = 0.4472.

        exp(1.2816 x 0.4472) = 1.774.
        """
        hold = hold_time(box())
        assert hold is not None
        assert hold.q90_s / hold.q50_s == pytest.approx(1.774, abs=0.001)
        assert hold.q50_s / hold.q10_s == pytest.approx(1.774, abs=0.001)

    def test_the_boxs_own_conductance_goes_before_its_materials(self) -> None:
        """0.45 W/K in place of 0.9: twice as long; sqrt(0.04 + 0.04) = 0.2828 is narrower."""
        hold, twice = hold_time(box()), hold_time(box(wall_w_per_k=0.45))
        assert hold is not None
        assert twice is not None
        assert twice.q50_s == pytest.approx(2 * hold.q50_s)
        assert twice.q90_s / twice.q50_s == pytest.approx(1.437, abs=0.001)

    def test_a_box_without_a_pack_has_only_its_goods(self) -> None:
        hold = hold_time(box(pack_kind="none", pack_kg=0.0))
        assert hold is not None
        assert hold.q50_s == pytest.approx(1_153, abs=1)

    def test_frozen_goods_in_vacuum_panels(self) -> None:
        """0.8 x 2 kg x 222 kJ/kg = 355.2 kJ by 0.28 x 50 = 14 W: 25,371 s.

        4 x 2700 / 0.28 = 38,571 s times ln(50/48) = 0.040822 are 1,575 s.
        """
        frozen = box(zone="frozen", box_material="vip", pack_kind="brine", pack_kg=2.0)
        hold = hold_time(frozen)
        assert hold is not None
        assert hold.q50_s == pytest.approx(25_371 + 1_575, abs=1)

    def test_weather_is_a_percentage(self) -> None:
        hold, hot = hold_time(box()), hold_time(box(), percent=65)
        assert hold is not None
        assert hot is not None
        assert hot.q10_s == pytest.approx(0.65 * hold.q10_s)

    def test_where_it_is_not_warmer_outside_it_holds_for_ever(self) -> None:
        assert hold_time(box(), outside_c=4.0) is None
        assert hold_time(box(), outside_c=4.5) is not None


def test_goods_without_a_pack_spoil_at_the_policies_critical_limits() -> None:
    """Frozen: 4 x 2700 / 0.28 = 38,571 s x ln(48/45) = 0.064539 from -18 to -15 °C: 2,489 s."""
    grace = grace_time(box(zone="frozen", box_material="vip"))
    assert grace is not None
    assert grace.q50_s == pytest.approx(2489, abs=1)
    assert grace_time(box(), outside_c=8.0) is None


class TestLimitsOfItsOwnPolicy:
    def test_fish_holds_from_one_to_two_degrees_and_spoils_at_five(self) -> None:
        """0.8 x 1 kg x 335 kJ/kg by 0.9 W/K x 29 K = 26.1 W are 10,268 s.

        15,556 s x ln(29/28) = 0.035091 are 546 s more; from 2 to 5 °C x ln(28/25) = 0.113329 1,763.
        """
        fish = box(lower_c=0.0, upper_c=2.0, spoils_c=5.0)
        hold, grace = hold_time(fish), grace_time(fish)
        assert hold is not None
        assert grace is not None
        assert hold.q50_s == pytest.approx(10_268 + 546, abs=1)
        assert grace.q50_s == pytest.approx(1_763, abs=1)

    def test_a_policy_of_the_zone_says_what_is_known_without_it(self) -> None:
        """Chilled 0 to 4 °C, critical at 8; frozen up to -18, critical at -15: docs/policies.md."""
        chilled = box(lower_c=0.0, upper_c=4.0, spoils_c=8.0)
        frozen = box(zone="frozen", upper_c=-18.0, spoils_c=-15.0)
        assert hold_time(chilled) == hold_time(box())
        assert grace_time(chilled) == grace_time(box())
        assert hold_time(frozen) == hold_time(box(zone="frozen"))
        assert grace_time(frozen) == grace_time(box(zone="frozen"))

    def test_goods_spoil_once_they_have_borne_the_limit_for_as_long_as_they_may(self) -> None:
        """Half an hour at 8 °C: every quantile is 1,800 s later, whatever the weather."""
        at_once, later = box(), box(spoils_after_s=1800.0)
        for percent in (100, 80):
            before, after = (grace_time(each, percent=percent) for each in (at_once, later))
            assert before is not None
            assert after is not None
            assert [b - a for a, b in zip(before, after, strict=True)] == pytest.approx(
                [1800.0] * 3
            )

    def test_where_nothing_beyond_the_range_is_borne_chances_rise_all_the_same(self) -> None:
        """Half a kelvin: 15,556 s x ln(26/25.5) = 0.019418 are 302 s."""
        strict = box(lower_c=0.0, upper_c=4.0, spoils_c=4.0, left_at=NOON)
        grace = grace_time(strict)
        assert grace is not None
        assert grace.q50_s == pytest.approx(302, abs=1)
        assert limits_of(order(strict), now=NOON, loop=True).warm_cost_per_min > 0


class TestWithoutAPack:
    """It was packed for a vehicle that cools, which keeps it however long it takes."""

    BARE = box(pack_kind="none", pack_kg=0.0)

    @pytest.mark.parametrize("loop", [True, False])
    def test_nothing_is_to_be_lost_as_long_as_its_vehicle_cools(self, *, loop: bool) -> None:
        assert limits_of(order(self.BARE, **WAITING), now=NOON, loop=loop) == ColdLimits()
        assert limits_of(order(self.BARE), now=NOON, loop=loop) == ColdLimits()

    def test_a_box_with_a_pack_beside_it_still_has_its_hold_time(self) -> None:
        both = order(self.BARE, box(id="b2"), **WAITING)
        assert limits_of(both, now=NOON, loop=True).hold_s == pytest.approx(11_788, abs=1)

    def test_once_its_compartment_has_failed_its_goods_warm_at_once(self) -> None:
        """It left 30 minutes ago, the unit failed 10 ago: 1,200 s of exposure were cooled.

        Then 1,153 s to 4 °C, and 15,556 s x ln(26/22) = 0.167054 are 2,599 s from 4 to 8 °C.
        """
        one = order(self.BARE)
        failed: dict[Zone, datetime] = {"chilled": NOON - minutes(10)}
        began = Began(at=NOON - minutes(30), failed=failed)
        chances = chances_of(one, self.BARE, now=NOON, loop=True, began=began)
        assert chances is not None
        assert chances.points[1][0] == pytest.approx(1_200 + 1_153 + 2_599, abs=2)

    def test_the_judges_forecast_of_it_counts(self) -> None:
        warned = replace(self.BARE, forecast=told(10, 20, 30))
        assert limits_of(order(warned), now=NOON, loop=True).warm_cost_per_min > 0
        assert limits_of(order(warned), now=NOON, loop=False) == ColdLimits()

    def test_ambient_goods_are_cooled_by_nobody(self) -> None:
        wine = box(zone="ambient", pack_kind="none", pack_kg=0.0)
        assert limits_of(order(wine, **WAITING), now=NOON, loop=True).hold_s is not None


class TestWhereItIsCooled:
    """A compartment that cools lets boxes out of their range while doors are open."""

    VAN = vehicle(compartments={"frozen": "f", "chilled": "c"})

    def limits(self, one: CityOrder, carrier: CityVehicle, *failed: str) -> ColdLimits:
        state = street(
            one,
            stops=(),
            now_min=0,
            now=NOON,
            vehicles=(carrier,),
            failed_places=tuple(FailedPlace(place_id=each, since=NOON) for each in failed),
        )
        began = began_on(state, carrier, at=NOON - minutes(30))
        return cold_of(state, loop=True)(one, now=NOON, hold_percent=100, began=began)

    @pytest.mark.parametrize("pack", ["none", "ice"])
    def test_nothing_is_to_be_lost(self, pack: str) -> None:
        warm = box(pack_kind=pack, forecast=told(0, 0, 0), left_at=NOON - minutes(10))
        assert self.limits(order(warm), self.VAN) == ColdLimits()

    @pytest.mark.parametrize(
        "other",
        [
            {"kind": "tricycle"},
            {"compartments": {"frozen": "f"}},  # nobody measures the chilled one
        ],
    )
    def test_what_does_not_cool_warms_it(self, other: dict[str, Any]) -> None:
        warm = order(box(forecast=told(0, 0, 0), left_at=NOON - minutes(10)))
        assert self.limits(warm, replace(self.VAN, **other)).warm_cost_per_min > 0

    def test_only_the_compartment_that_fails_warms_its_boxes(self) -> None:
        warm = order(box(forecast=told(10, 20, 30)))
        assert self.limits(warm, self.VAN, "c").warm_cost_per_min > 0
        assert self.limits(warm, self.VAN, "f") == ColdLimits()

    def test_without_the_loop_nobody_hears_that_it_cools(self) -> None:
        state = street(order(box()), stops=(), now_min=0, now=NOON, vehicles=(self.VAN,))
        began = began_on(state, self.VAN, at=NOON - minutes(30))
        limits = cold_of(state, loop=False)(order(box()), now=NOON, hold_percent=100, began=began)
        assert limits.warm_cost_per_min > 0


class TestWhereNothingWillCoolIt:
    """Its depot has no van that cools: it was packed for one that has failed since."""

    BARE = box(pack_kind="none", pack_kg=0.0)
    CHILLED: frozenset[Zone] = frozenset({"chilled"})

    def test_it_warms_from_the_departure_on(self) -> None:
        """1,153 s to 4 °C, with a log-sd of hypot(0.4, 0.2), and 2,599 s to 8.

        At the lower quantiles 650 and 1,556 s, so 2,206; at the upper ones 2,046 + 4,339 = 6,385.
        """
        limits = limits_of(order(self.BARE, **WAITING), now=NOON, loop=True, uncooled=self.CHILLED)
        assert limits.warm_after_s == pytest.approx(2206, abs=2)
        assert limits.warm_cost_per_min == pytest.approx(24_000 * 60 / (6385 - 2206), abs=1)
        assert limits.hold_s is None

    def test_what_has_a_pack_has_its_nominal_time_anyway(self) -> None:
        one = order(box(), **WAITING)
        assert limits_of(one, now=NOON, loop=True, uncooled=self.CHILLED) == limits_of(
            one, now=NOON, loop=True
        )

    def test_on_its_way_its_vehicle_says_what_cools(self) -> None:
        one = order(self.BARE)
        assert limits_of(one, now=NOON, loop=True, uncooled=self.CHILLED) == ColdLimits()


class TestBeforeItLeaves:
    def test_nothing_is_planned_beyond_the_nominal_hold_time(self) -> None:
        limits = limits_of(order(box(), **WAITING), now=NOON, loop=True)
        assert limits.hold_s == pytest.approx(11_788, abs=1)

    def test_the_box_that_holds_least_decides(self) -> None:
        both = order(box(), box(id="b2", pack_kg=0.5), **WAITING)
        assert limits_of(both, now=NOON, loop=True).hold_s == pytest.approx(5_318 + 1_153, abs=1)

    def test_the_forecast_of_a_cold_room_says_nothing_of_the_way(self) -> None:
        """In the depot's cold room a box holds for ever; on the street it does not."""
        quiet = order(box(forecast=told(None, None, None)), **WAITING)
        assert limits_of(quiet, now=NOON, loop=True) == limits_of(
            order(box(), **WAITING), now=NOON, loop=True
        )

    def test_an_order_without_boxes_minds_nothing(self) -> None:
        assert limits_of(order(**WAITING), now=NOON, loop=True) == ColdLimits()


class TestWeightsThatNobodyHas:
    NOTHING = box(pack_kg=0.0, product_kg=0.0)
    FOR_WEEKS = box(pack_kg=1000.0, product_kg=1000.0)

    def test_what_weighs_nothing_is_spoilt_at_once(self) -> None:
        began = Began(at=NOON - minutes(30))
        assert limits_of(order(self.NOTHING), now=NOON, loop=True, began=began) == ColdLimits()
        waiting = order(self.NOTHING, **WAITING)
        chances = chances_of(waiting, self.NOTHING, now=NOON, loop=True)
        assert chances is not None
        assert (chances.begin_s, chances.end_s) == (0.0, 0.0)
        assert chances.lost(-1.0) == 0.0
        assert chances.lost(0.0) == pytest.approx(0.8)

    def test_its_slope_is_as_steep_as_slopes_get(self) -> None:
        limits = limits_of(order(self.NOTHING, **WAITING), now=NOON, loop=True)
        assert limits == ColdLimits(
            hold_s=0, warm_after_s=0, warm_cost_per_min=10_000, at_stake=24_000
        )

    def test_a_step_that_lies_ahead_is_one_too(self) -> None:
        step = Chances(((60.0, 0.1), (60.0, 0.5), (60.0, 0.9)))
        assert [step.lost(at_s) for at_s in (59.0, 60.0)] == pytest.approx([0.0, 0.8])

    def test_what_holds_for_weeks_has_limits_that_a_plan_can_have(self) -> None:
        limits = limits_of(order(self.FOR_WEEKS, **WAITING), now=NOON, loop=True)
        assert (limits.hold_s, limits.warm_after_s) == (LAST_S, LAST_S)


class TestOnItsWay:
    """The box leaves its zone, and spoils when its goods are at 8 °C.

    That takes them 15,556 s x ln(26/22) = 2,598.7 s, give or take exp(1.2816 x 0.4) = 1.6697:
    1,556.4 s at the lower quantile, 4,339.0 s at the upper one.
    """

    def test_the_slope_is_the_expected_loss(self) -> None:
        """Left at 11:30; out of its zone at 12:20 (q10: 3,000 s of exposure) to 13:00 (5,400 s).

        Spoilt at 4,556 s to 9,739 s. 30,000 fen x 0.8 over 5,183 s are 277.9 fen a minute.
        """
        one = order(box(forecast=told(20, 45, 60)))
        assert limits_of(one, now=NOON, loop=True) == ColdLimits(
            hold_s=None, warm_after_s=4556, warm_cost_per_min=278, at_stake=24_000
        )

    def test_a_wide_interval_hardly_asks_for_anything(self) -> None:
        """From 1,556 s to 4,339 + 18,000 s later, 20,783 s in all: 69.3 fen a minute."""
        limits = limits_of(order(box(forecast=told(20, 180, 320))), now=NOON, loop=True)
        assert limits.warm_cost_per_min == 69

    def test_doors_that_were_opened_are_in_the_curve_already(self) -> None:
        """Two doors of 90 s count as exposure; the forecast saw them: 180 s are added."""
        one = order(box(forecast=told(20, 45, 60)))
        began = Began(at=NOON - minutes(30), doors_s=180)
        assert limits_of(one, now=NOON, loop=True, began=began).warm_after_s == 4736

    def test_what_was_handed_over_counts_from_the_other_trip(self) -> None:
        """The other vehicle left at 11:50, 1,200 s later."""
        one = order(box(forecast=told(20, 45, 60)))
        began = Began(at=NOON - minutes(10))
        assert limits_of(one, now=NOON, loop=True, began=began).warm_after_s == 3356

    def test_an_end_beyond_the_horizon_leaves_the_lower_half(self) -> None:
        """0.4 of 30,000 over 200 min and 2,598.7 - 1,556.4 s: 13,042 s: 55.2 fen a minute."""
        limits = limits_of(order(box(forecast=told(100, 300, None))), now=NOON, loop=True)
        assert limits.warm_cost_per_min == 55
        assert limits.at_stake == 12_000

    def test_a_box_that_surely_holds_has_no_limit(self) -> None:
        quiet = order(box(forecast=told(None, None, None)))
        assert limits_of(quiet, now=NOON, loop=True) == ColdLimits()

    @pytest.mark.parametrize(("age_min", "trusted"), [(30, True), (31, False)])
    def test_an_old_forecast_is_no_forecast(self, age_min: float, trusted: bool) -> None:
        one = order(box(forecast=told(20, 45, 60)))
        later = limits_of(one, now=NOON + minutes(age_min), loop=True)
        nominal = limits_of(one, now=NOON + minutes(age_min), loop=False)
        assert (later == nominal) != trusted

    @pytest.mark.parametrize(("now_s", "lost"), [(5838, False), (5839, True)])
    def test_past_the_interval_nothing_more_is_to_be_lost(self, now_s: int, lost: bool) -> None:
        """Out by 12:25 at the latest, 1,500 s, and spoilt 4,339 s later."""
        late = NOON + timedelta(seconds=now_s)
        one = order(box(forecast=told(5, 10, 25, made_at=late)))
        limits = limits_of(one, now=late, loop=True)
        assert (limits == ColdLimits()) == lost

    def test_what_is_out_of_its_zone_may_be_saved_yet(self) -> None:
        """Out since 11:50, 1,200 s of exposure: spoilt from 2,756 s on, by 5,539 s."""
        out = order(box(forecast=told(0, 0, 0), left_at=NOON - minutes(10)))
        limits = limits_of(out, now=NOON, loop=True)
        assert limits.warm_after_s == 2756
        assert limits.warm_cost_per_min == pytest.approx(24_000 * 60 / 2782.6, abs=0.5)

    def test_what_is_spoilt_is_lost(self) -> None:
        gone = order(box(forecast=told(20, 45, 60), has_left_range=True))
        assert limits_of(gone, now=NOON, loop=True) == ColdLimits()

    @pytest.mark.parametrize(("failed_min", "alone_s"), [(-10, 1200), (-30, 0), (-90, 0)])
    def test_in_a_failed_compartment_only_the_pack_is_left(
        self, failed_min: float, alone_s: int
    ) -> None:
        """q10 6,645 s and 1,556 s from the failure on, or from the departure at 11:30 if later."""
        failed: dict[Zone, datetime] = {"chilled": NOON + minutes(failed_min)}
        began = Began(at=NOON - minutes(30), failed=failed)
        sure = order(box(forecast=told(None, None, None)))
        limits = limits_of(sure, now=NOON, loop=True, began=began)
        assert limits.warm_after_s == pytest.approx(6645 + 1556 + alone_s, abs=2)

    @pytest.mark.parametrize(("now_min", "heard"), [(30, False), (31, True)])
    def test_an_hour_after_a_failure_the_forecast_knows_better(
        self, now_min: float, heard: bool
    ) -> None:
        """It left at 11:30, in a compartment that had failed before."""
        late = NOON + minutes(now_min)
        failed: dict[Zone, datetime] = {"chilled": NOON - minutes(60)}
        began = Began(at=NOON - minutes(30), failed=failed)
        sure = order(box(forecast=told(None, None, None, at=late)))
        limits = limits_of(sure, now=late, loop=True, began=began)
        assert (limits == ColdLimits()) == heard

    def test_several_boxes_share_one_slope(self) -> None:
        """One spoils from 4,556 to 9,739 s (24,000), one 1,200 s later, over as many seconds.

        By 9,739 s the second has lost 3,983 / 5,183 of its 24,000: 18,443. In all 42,443.
        """
        both = order(box(forecast=told(20, 40, 60)), box(id="b2", forecast=told(40, 60, 80)))
        limits = limits_of(both, now=NOON, loop=True)
        assert limits.warm_after_s == 4556
        assert limits.warm_cost_per_min == pytest.approx(42_443 * 60 / 5183, abs=0.6)
        assert limits.at_stake == 48_000

    def test_without_the_loop_only_the_packing_counts(self) -> None:
        """q10 = 11,788 / 1.774 = 6,645 s and 1,556 s; no word of the judge is heard."""
        asked = order(box(forecast=told(20, 45, 60), left_at=NOON, has_left_range=True))
        limits = limits_of(asked, now=NOON, loop=False)
        assert limits.warm_after_s == pytest.approx(6645 + 1556, abs=2)
        assert limits.hold_s is None
        assert limits == limits_of(order(box()), now=NOON, loop=False)


@pytest.mark.parametrize(("percent", "per_min"), [(0, 0), (100, 278), (200, 556)])
def test_an_operator_says_how_much_a_loss_counts(percent: int, per_min: int) -> None:
    """24,000 fen over 5,183 s, as above, and twice that; 555.7 is rounded."""
    state = street(order(box(forecast=told(20, 45, 60))), stops=(), now_min=0)
    (one,) = weighed(state, percent).orders
    assert limits_of(one, now=NOON, loop=True).warm_cost_per_min == per_min


quantile_min = st.floats(0, 420).map(lambda m: round(m, 1))


@given(st.tuples(quantile_min, quantile_min, quantile_min).map(sorted), st.floats(-60, 900))
def test_a_chance_never_falls_as_time_passes(quantiles: list[float], at_min: float) -> None:
    one = order(box(forecast=told(*quantiles)))
    chances = chances_of(one, one.boxes[0], now=NOON, loop=True, began=Began(at=NOON))
    if chances is not None:
        before, after = chances.at(at_min * 60), chances.at(at_min * 60 + 60)
        assert 0 <= before <= after <= 0.9


def test_chances_are_straight_between_quantiles() -> None:
    chances = Chances(((600.0, 0.1), (1200.0, 0.5), (3600.0, 0.9)))
    assert chances.at(599) == 0
    assert chances.at(900) == pytest.approx(0.3)
    assert chances.at(2400) == pytest.approx(0.7)
    assert chances.at(9999) == 0.9
