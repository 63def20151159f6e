"""The city's clock, and a plan as the rows of the living plan."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import searched
from routing.dispatch.rows import stops_of, unserved_of
from routing.dispatch.standing import Standing
from routing.dispatch.state import PlannedStop
from routing.dispatch.times import LAST_S, clock_at
from routing.plan import Plan
from tests.living_city import WAYS, at, city_state


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-07-01T09:00", "2026-06-30T16:00"),  # 17:00 in Shanghai, which is 8 h ahead
        ("2026-06-30T19:59", "2026-06-29T16:00"),  # 3:59: still the evening before
        ("2026-06-30T20:00", "2026-06-30T16:00"),  # 4:00: the new day
    ],
)
def test_a_day_begins_at_four(now: str, midnight: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    clock = clock_at(moment, "Asia/Shanghai")
    assert clock.midnight == datetime.fromisoformat(midnight).replace(tzinfo=UTC)


def test_seconds_count_what_really_passes() -> None:
    """In Berlin on 29 March 2026 clocks go from 2:00 to 3:00: at 9:00 eight hours have passed."""
    clock = clock_at(datetime(2026, 3, 29, 7, tzinfo=UTC), "Europe/Berlin")
    assert clock.second_of(datetime(2026, 3, 29, 7, tzinfo=UTC)) == 8 * 3600


@given(st.integers(0, 28 * 3600))
def test_a_second_and_its_moment_are_one(second: int) -> None:
    clock = clock_at(at("12:00"), "Asia/Shanghai")
    moment = clock.time_of(second)
    assert clock.second_of(moment) == second
    assert clock.second_of(moment + timedelta(milliseconds=999)) == second


def test_what_was_before_the_day_is_its_first_second() -> None:
    clock = clock_at(at("12:00"), "Asia/Shanghai")
    assert clock.second_of(clock.midnight - timedelta(hours=3)) == 0


def test_what_is_years_away_is_the_last_second() -> None:
    clock = clock_at(at("12:00"), "Asia/Shanghai")
    assert clock.second_of(clock.midnight + timedelta(days=10)) == LAST_S
    assert clock.second_of(clock.midnight + timedelta(days=30_000)) == LAST_S


def rows_of(scenario: str = "shifts") -> tuple[Standing, Plan, tuple[PlannedStop, ...]]:
    """Return a plan of the made-up city as rows."""
    standing = stand(city_state(orders=25, scenario=scenario), WAYS)
    plan = searched(standing, seed=1, iterations=100)
    return standing, plan, stops_of(standing, plan.routes)


def test_a_trip_is_loaded_then_driven_and_comes_home() -> None:
    standing, _, rows = rows_of()
    returns = {vehicle.id: vehicle.returns for vehicle in standing.problem.vehicles}
    trips: dict[tuple[str, int], list[PlannedStop]] = {}
    for row in rows:
        trips.setdefault((row.vehicle_id, row.trip), []).append(row)
    assert trips
    for (vehicle_id, _), stops in trips.items():
        assert [row.position for row in stops] == list(range(len(stops)))
        kinds = [row.kind for row in stops]
        assert kinds[0] == "load"
        assert (kinds[-1] == "return") == returns[vehicle_id]
        assert set(kinds[1 : len(kinds) - returns[vehicle_id]]) == {"deliver"}
        for before, after in pairwise(stops):
            assert before.leaves_at <= after.arrives_at <= after.leaves_at


def test_trips_of_a_vehicle_are_counted_from_one() -> None:
    _, _, rows = rows_of()
    for vehicle_id in {row.vehicle_id for row in rows}:
        numbers = sorted({row.trip for row in rows if row.vehicle_id == vehicle_id})
        assert numbers == list(range(1, len(numbers) + 1))


def test_an_interval_stands_around_each_arrival_and_widens_along_the_way() -> None:
    _, _, rows = rows_of("normal")
    for row in rows:
        assert row.earliest_at <= row.arrives_at <= row.latest_at
    for before, after in pairwise(rows):
        same = (before.vehicle_id, before.trip) == (after.vehicle_id, after.trip)
        if same and {before.kind, after.kind} == {"deliver"}:
            width = after.latest_at - after.earliest_at
            assert width > before.latest_at - before.earliest_at


def test_every_order_is_a_row_or_left_behind() -> None:
    standing, plan, rows = rows_of()
    brought = [row.order_id for row in rows if row.kind == "deliver"]
    left = [row.order_id for row in unserved_of(standing, plan)]
    assert sorted([*brought, *left]) == sorted(order.id for order in standing.state.orders)


def test_what_is_left_out_is_left_behind_with_its_reason() -> None:
    state = city_state(orders=5)
    closed = replace(state.orders[0], depot_id="gone", alternates=())
    state = replace(state, orders=(closed, *state.orders[1:]))
    standing = stand(state, WAYS)
    plan = searched(standing, seed=1, iterations=20)
    (row,) = (row for row in unserved_of(standing, plan) if row.order_id == closed.id)
    assert (row.reason, row.sentence) == ("stock", "None of its depots is open.")
