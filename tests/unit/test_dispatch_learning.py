"""What was measured moves the ratios, the more of it the further; one odd day moves little."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.dispatch.learning import (
    MOST_RATIO,
    PRIOR_LEG,
    PRIOR_STOP,
    PRIOR_WEIGHT,
    Ratio,
    TimeBook,
    learn,
    shrunk,
)
from routing.dispatch.state import CityVehicle, Visited
from routing.problem import Load

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
EVEN = Ratio(q10=1.0, q50=1.0, q90=1.0, mean=1.0)


def vehicle(vehicle_id: str = "van-1", mode: str = "van") -> CityVehicle:
    return CityVehicle(
        id=vehicle_id,
        depot_id="d1",
        kind="van",
        role="regular",
        mode=mode,
        capacity=Load(),
        range_m=None,
        max_trips=1,
        reload_s=0,
        door_s=0,
        returns=True,
        fixed_cost=0,
        cost_per_km=0,
        cost_per_h=0,
        cost_per_order=0,
    )


def leg(planned_s: int, actual_s: int, *, minute: int = 0, of: str = "van-1") -> Visited:
    return Visited(
        vehicle_id=of,
        order_id=f"o{minute}",
        depot_id=None,
        arrived_at=NINE + timedelta(minutes=minute),
        left_at=None,
        source="position",
        leg_planned_s=planned_s,
        leg_actual_s=actual_s,
    )


def stop(planned_s: int, actual_s: int, *, minute: int = 0) -> Visited:
    arrived_at = NINE + timedelta(minutes=minute)
    return Visited(
        vehicle_id="van-1",
        order_id=f"o{minute}",
        depot_id=None,
        arrived_at=arrived_at,
        left_at=arrived_at + timedelta(seconds=actual_s),
        source="position",
        stop_planned_s=planned_s,
    )


def test_nothing_measured_is_the_prior() -> None:
    assert TimeBook().leg_ratio("van") == PRIOR_LEG
    assert TimeBook().stop_ratio() == PRIOR_STOP
    assert learn([], [vehicle()]) == TimeBook()


def test_as_many_as_the_prior_weighs_go_half_the_way() -> None:
    # In logarithms: half of log 4 is log 2.
    assert shrunk([4.0] * PRIOR_WEIGHT, EVEN) == Ratio(
        q10=pytest.approx(2.0),
        q50=pytest.approx(2.0),
        q90=pytest.approx(2.0),
        mean=pytest.approx(2.5),  # the mean is arithmetic: of 4 and 1
    )


def test_quantiles_are_of_what_was_measured() -> None:
    # 0.1, 0.5 and 0.9 of 2^0 … 2^10 are 2^1, 2^5 and 2^9; 11 of 31 parts of the way from 2^0.
    found = shrunk([2.0**k for k in range(11)], EVEN)
    assert found.q10 == pytest.approx(2 ** (1 * 11 / 31))
    assert found.q50 == pytest.approx(2 ** (5 * 11 / 31))
    assert found.q90 == pytest.approx(2 ** (9 * 11 / 31))


def test_modes_learn_apart() -> None:
    vehicles = [vehicle("van-1", "van"), vehicle("bike-1", "ebike")]
    visits = [leg(600, 1200, minute=k) for k in range(100)]
    visits += [leg(600, 600, minute=k, of="bike-1") for k in range(100)]
    book = learn(visits, vehicles)
    assert book.leg_ratio("van").q50 > 1.6
    assert book.leg_ratio("ebike").q50 == pytest.approx(1.0)
    assert book.leg_ratio("tricycle") == PRIOR_LEG


def test_what_seldom_takes_long_is_in_the_mean() -> None:
    """One stop of ten takes three times as long: the median is 1, the mean 1.2."""
    book = learn([stop(180, 540 if k % 10 == 0 else 180, minute=k) for k in range(280)], [])
    # 280 of 300 parts of the way from the prior's mean.
    assert book.stop_ratio().mean == pytest.approx((280 * 1.2 + 20 * PRIOR_STOP.mean) / 300)
    assert book.stop_ratio().q50 == pytest.approx(1.0)


def test_a_legs_pace_says_nothing_of_stops_and_the_reverse() -> None:
    assert learn([leg(600, 1200)], [vehicle()]).stop_ratio() == PRIOR_STOP
    assert learn([stop(180, 360)], [vehicle()]).leg_ratio("van") == PRIOR_LEG


def test_slow_stops_are_learned() -> None:
    book = learn([stop(180, 360, minute=k) for k in range(100)], [vehicle()])
    # 100 of 120 parts of the way from 1 to 2, in logarithms.
    assert book.stop_ratio().q50 == pytest.approx(2 ** (100 / 120))


@pytest.mark.parametrize(("actual_s", "counts"), [(719, True), (720, False), (2000, False)])
def test_a_rest_at_a_door_is_no_long_stop(actual_s: int, counts: bool) -> None:
    """Three minutes are planned: beyond twelve, four times as much, the crew did something else."""
    assert (learn([stop(180, actual_s)], [vehicle()]) != TimeBook()) == counts


@pytest.mark.parametrize("planned_s", [0, 59])
def test_a_leg_as_short_as_a_fence_says_nothing(planned_s: int) -> None:
    assert learn([leg(planned_s, 600)], [vehicle()]) == TimeBook()


def test_a_lunch_on_the_way_counts_as_four_times_as_long_at_most() -> None:
    lunch, jam = learn([leg(600, 36_000)], [vehicle()]), learn([leg(600, 2400)], [vehicle()])
    assert lunch == jam
    assert MOST_RATIO == 4.0


def test_a_vehicle_that_is_gone_teaches_no_legs() -> None:
    assert learn([leg(600, 1200, of="sold")], [vehicle()]) == TimeBook()


def test_the_newest_count() -> None:
    old = [leg(600, 2400, minute=k) for k in range(300)]
    new = [leg(600, 600, minute=300 + k) for k in range(300)]
    assert learn(new + old, [vehicle()]).leg_ratio("van").q50 == pytest.approx(1.0)


@given(st.lists(st.floats(0.25, 4.0), max_size=60))
def test_quantiles_are_in_order(ratios: list[float]) -> None:
    found = shrunk(ratios, PRIOR_LEG)
    assert found.q10 <= found.q50 <= found.q90


@given(st.permutations([leg(600, 60 * k, minute=k) for k in range(1, 12)]))
def test_the_order_of_visits_does_not_matter(visits: list[Visited]) -> None:
    assert learn(visits, [vehicle()]) == learn(sorted(visits, key=_minute), [vehicle()])


def _minute(visit: Visited) -> datetime:
    return visit.arrived_at
