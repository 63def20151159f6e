"""City days: the same seed gives the same day, and each scenario keeps what it says."""

from collections import Counter

import numpy as np
import pytest

from routing.check import check
from routing.city import SCENARIOS, city_day
from routing.city_first_trips import first_trips
from routing.city_homes import depot_count
from routing.evaluate import evaluate
from routing.problem import Problem
from routing.travel import GreatCircle

HOUR_S = 3600
EVERY_MODE = ["van", "tricycle", "ebike"]


def seconds(problem: Problem, mode: str, slice_: int = 0) -> int:
    """Return how long it takes from the first depot to the first ten homes, in all."""
    depots = len(problem.depots)
    _, duration_s = problem.travel.matrix(mode, [0], range(depots, depots + 10))
    return int(duration_s[slice_].sum())


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("orders", [1, 30, 201])
def test_every_day_can_be_planned(scenario: str, orders: int) -> None:
    check(city_day(orders=orders, seed=5, scenario=scenario))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_seed_names_a_day_and_another_seed_another(scenario: str) -> None:
    day = city_day(orders=40, seed=3, scenario=scenario)
    again = city_day(orders=40, seed=3, scenario=scenario)
    other = city_day(orders=40, seed=4, scenario=scenario)
    for part in ("places", "orders", "depots", "vehicles", "now_s"):
        assert getattr(day, part) == getattr(again, part)
    assert day.orders != other.orders
    assert day.places != other.places


@pytest.mark.parametrize(("orders", "depots"), [(200, 3), (201, 5), (1999, 5), (2000, 6)])
def test_a_city_has_three_depots_and_more_as_it_grows(orders: int, depots: int) -> None:
    assert depot_count(orders) == depots


def test_a_day_has_as_many_orders_as_asked_and_each_kind_of_vehicle_at_each_depot() -> None:
    day = city_day(orders=150, seed=1)
    assert len(day.orders) == 150
    kinds = Counter((vehicle.depot, vehicle.kind) for vehicle in day.vehicles)
    assert len(kinds) == 3 * 4


def test_promises_are_of_two_four_and_six_hours_in_their_shares() -> None:
    """Of 4,000 drawn, a share of 40 % has a standard deviation of 0.8 %; 4 of them are allowed."""
    day = city_day(orders=4000, seed=1)
    tiers = Counter((order.due_s - order.ready_s) // HOUR_S for order in day.orders)
    assert set(tiers) == {2, 4, 6}
    for tier, share in ((2, 0.40), (4, 0.35), (6, 0.25)):
        assert abs(tiers[tier] / 4000 - share) < 0.032


def test_an_hour_late_costs_the_fee_of_its_tier_and_two_hours_are_the_end() -> None:
    """15, 9 and 4.8 yuan."""
    fees = {2: 1500, 4: 900, 6: 480}
    for order in city_day(orders=60, seed=1).orders:
        assert order.late_cost_per_min * 60 == fees[(order.due_s - order.ready_s) // HOUR_S]
        assert order.latest_s == min(order.due_s + 2 * HOUR_S, 23 * HOUR_S)


def test_frozen_goods_hold_shortest_and_ambient_ones_for_ever() -> None:
    for order in city_day(orders=300, seed=1).orders:
        if order.load.frozen_g:
            assert 70 * 60 <= (order.hold_s or 0) <= 110 * 60
        elif order.load.chilled_g:
            assert 100 * 60 <= (order.hold_s or 0) <= 160 * 60
        else:
            assert order.hold_s is None


def test_homes_stand_in_clusters() -> None:
    """400 homes anywhere in 16 km have their nearest neighbour at a median of 376 m.

    That is sqrt(ln 2 / (400 pi)) of the width; the road factor of 1.25 makes it 470 m.
    """
    day = city_day(orders=400, seed=2)
    homes = range(len(day.depots), len(day.places))
    metres, _ = day.travel.matrix("ebike", homes, homes)
    np.fill_diagonal(metres, 1_000_000)
    assert np.median(metres.min(axis=1)) < 0.8 * 470


def test_the_first_depot_of_an_order_is_its_nearest() -> None:
    day = city_day(orders=50, seed=1)
    number = {depot.id: k for k, depot in enumerate(day.depots)}
    metres, _ = day.travel.matrix("van", range(3), range(3, 53))
    for k, order in enumerate(day.orders):
        assert metres[number[order.depots[0]], k] <= metres[:, k].min() + 2


def test_rush_hour_slows_every_mode_down_and_normal_days_have_one_pace() -> None:
    normal, rush = (city_day(orders=20, seed=1, scenario=name) for name in ("normal", "rush-hour"))
    for mode in EVERY_MODE:
        assert normal.travel.starts_s(mode) == (0,)
        assert len(rush.travel.starts_s(mode)) == 4
        assert seconds(rush, mode, 1) > seconds(rush, mode, 0) == seconds(normal, mode)


def test_a_heat_wave_shortens_hold_times_to_65_percent() -> None:
    normal, hot = (city_day(orders=80, seed=1, scenario=name) for name in ("normal", "heat-wave"))
    for before, after in zip(normal.orders, hot.orders, strict=True):
        assert (before.hold_s is None) == (after.hold_s is None)
        if before.hold_s is not None:
            assert after.hold_s == before.hold_s * 65 // 100
            assert after.warm_cost_per_min > 0 == before.warm_cost_per_min


def test_a_storm_is_slower_at_the_wheel_and_at_the_door() -> None:
    normal, storm = (city_day(orders=20, seed=1, scenario=name) for name in ("normal", "storm"))
    assert seconds(storm, "van") > 1.3 * seconds(normal, "van")
    for before, after in zip(normal.orders, storm.orders, strict=True):
        assert after.service_s == before.service_s + 60


def test_lockers_take_no_frozen_goods_and_only_their_day_has_them() -> None:
    assert not any(order.locker for order in city_day(orders=100, seed=1).orders)
    offered = [o for o in city_day(orders=100, seed=1, scenario="lockers").orders if o.locker]
    assert len(offered) > 10
    assert not any(order.load.frozen_g for order in offered)


def test_shifts_have_a_meal_for_everybody_but_carriers() -> None:
    normal, shifts = (city_day(orders=50, seed=1, scenario=name) for name in ("normal", "shifts"))
    assert not any(vehicle.breaks for vehicle in normal.vehicles)
    assert all(bool(v.breaks) == (v.kind != "carrier") for v in shifts.vehicles)
    assert {v.max_trips for v in shifts.vehicles if v.returns} == {4}
    assert len({(v.start_s, v.end_s) for v in shifts.vehicles}) == 2


def test_scarce_stock_leaves_fewer_choices_and_limits_picking() -> None:
    normal, scarce = (city_day(orders=300, seed=1, scenario=name) for name in ("normal", "stock"))
    choices = [sum(len(order.depots) == 2 for order in day.orders) for day in (normal, scarce)]
    assert choices[0] > 2 * choices[1] > 0
    assert all(depot.orders_per_hour is None for depot in normal.depots)
    assert all(depot.orders_per_hour is not None for depot in scarce.depots)


def test_less_than_half_of_the_vehicles_are_there_on_a_scarce_day() -> None:
    normal, scarce = (city_day(orders=3000, seed=1, scenario=n) for n in ("normal", "scarce"))
    assert 0.44 < len(scarce.vehicles) / len(normal.vehicles) < 0.5


def test_a_night_is_over_at_eleven() -> None:
    night = city_day(orders=100, seed=1, scenario="night")
    assert min(order.ready_s for order in night.orders) >= 17.5 * HOUR_S
    assert max(order.latest_s for order in night.orders) == 23 * HOUR_S
    assert all(order.due_s <= order.latest_s for order in night.orders)


def test_a_replanned_day_has_vehicles_under_way_with_orders_aboard() -> None:
    day = city_day(orders=200, seed=1, scenario="replan")
    assert day.now_s == 14 * HOUR_S
    trips = [vehicle.current for vehicle in day.vehicles if vehicle.current]
    assert sum(len(trip.aboard) for trip in trips) >= 15
    assert any(trip.locked for trip in trips)
    assert any(order.known_vehicle and order.move_cost for order in day.orders)
    assert any(order.known_vehicle is None for order in day.orders)


def test_a_plain_day_keeps_only_what_every_solver_can_express() -> None:
    plain = city_day(orders=80, seed=1, scenario="plain")
    for order in plain.orders:
        assert order.due_s == order.latest_s
        assert len(order.depots) == 1
        assert (order.hold_s, order.late_cost_per_min) == (None, 0)
        assert order.onboard_cost_per_min == 0
        assert order.locker is None
    for vehicle in plain.vehicles:
        assert (vehicle.returns, vehicle.breaks) == (True, ())
        assert (vehicle.cost_per_order, vehicle.cost_per_h) == (0, 0)
    assert isinstance(plain.travel, GreatCircle)


def test_first_trips_break_no_rule_and_serve_much_of_the_day() -> None:
    day = city_day(orders=120, seed=1)
    found = evaluate(day, first_trips(day))
    assert found.feasible
    assert sum(len(trip.stops) for route in found.routes for trip in route.trips) > 30


def test_an_unknown_scenario_and_no_orders_are_refused() -> None:
    with pytest.raises(KeyError):
        city_day(orders=10, seed=1, scenario="sunday")
    with pytest.raises(ValueError, match="at least one order"):
        city_day(orders=0, seed=1)


def test_a_smaller_fleet_of_the_same_day_serves_the_same_orders() -> None:
    normal, scarce = (city_day(orders=90, seed=1, scenario=name) for name in ("normal", "scarce"))
    assert normal.orders == scarce.orders
