"""What the bench of large cities says of a small one."""

from bench.route_scale import measure, parts_only
from routing.city import city_day
from routing.scale import SplitSearch
from routing.search import compile_ahead

CITY = city_day(orders=40, seed=1)


def test_a_city_s_row_says_when_its_first_plan_came_and_what_it_cost() -> None:
    compile_ahead()
    row = measure(CITY, "split", SplitSearch(workers=1), processes=1, seconds=1.5, seed=1)
    assert row.first_plan_seconds is not None
    assert row.first_plan_cost is not None
    assert row.first_plan_seconds <= row.seconds
    assert row.first_plan_cost >= row.cost > 0
    assert (row.orders, row.vehicles) == (40, len(CITY.vehicles))
    assert row.peak_mb > 50  # an interpreter with numba in it


def test_parts_alone_have_all_of_the_time() -> None:
    compile_ahead()
    row = measure(CITY, "parts only", parts_only, processes=1, seconds=0.6, seed=1)
    assert row.first_plan_cost is not None
    assert abs(row.first_plan_cost - row.cost) <= 1  # fen: the one is rounded down
