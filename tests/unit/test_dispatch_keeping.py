"""A search breaks no promise that the plan before it keeps."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.dispatch.keeping import keeping, promised_s, reserve_s
from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import Why, replan, searched
from routing.dispatch.standing import Standing
from routing.evaluate import evaluate
from tests.living_city import WAYS, city_state, later, with_plan

NEWS = Why(reason="progress")


def driven(*, seed: int, minutes: int, delayed_min: int = 0) -> Standing:
    """Return a city's plan after so many minutes; some promises may be broken by a delay."""
    state = city_state(orders=30, seed=seed)
    state = with_plan(state, replan(stand(state, WAYS), NEWS, seed=1, iterations=100))
    state = later(state, state.now + timedelta(minutes=minutes))
    late = timedelta(minutes=delayed_min)
    orders = tuple(
        replace(order, due_at=order.due_at - late) if order.due_at else order
        for order in state.orders
    )
    return stand(replace(state, orders=orders), WAYS)


def starts_s(standing: Standing) -> dict[str, int]:
    found = evaluate(standing.problem, standing.start)
    return {s.order: s.starts_s for route in found.routes for t in route.trips for s in t.stops}


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(1, 4),
    minutes=st.integers(0, 120),
    delayed_min=st.integers(0, 90),
)
def test_a_search_keeps_what_the_plan_kept(seed: int, minutes: int, delayed_min: int) -> None:
    standing = driven(seed=seed, minutes=minutes, delayed_min=delayed_min)
    kept = keeping(standing)
    assert evaluate(kept.problem, kept.start).feasible
    plan = searched(kept, seed=1, iterations=100)
    after = {s.order: s.starts_s for route in plan.routes for t in route.trips for s in t.stops}
    orders = {order.id: order for order in standing.problem.orders}
    for order_id, before_s in starts_s(standing).items():
        if before_s <= promised_s(orders[order_id]):
            assert after[order_id] <= promised_s(orders[order_id])


def test_what_is_late_already_may_come_as_late_as_it_could_before() -> None:
    standing = driven(seed=1, minutes=0, delayed_min=180)
    late = {
        order.id: order.latest_s
        for order in standing.problem.orders
        if starts_s(standing).get(order.id, 0) > promised_s(order)
    }
    assert late
    kept = keeping(standing)
    still = {id_ for id_ in late if starts_s(kept)[id_] == starts_s(standing)[id_]}
    latest_s = {order.id: order.latest_s for order in kept.problem.orders}
    assert still
    assert {id_: late[id_] for id_ in still} == {id_: latest_s[id_] for id_ in still}


@pytest.mark.parametrize(("spare_min", "kept_min"), [(60, None), (2, 2), (0, 0)])
def test_a_reserve_is_kept_as_far_as_it_is_left(spare_min: int, kept_min: int | None) -> None:
    standing = driven(seed=1, minutes=0)
    first, *others = standing.problem.orders
    until_s = starts_s(standing)[first.id] + spare_min * 60
    due_s = until_s - (promised_s(first) - first.due_s)
    first = replace(first, due_s=due_s, latest_s=due_s + 9000)
    problem = replace(standing.problem, orders=(first, *others))
    kept = keeping(replace(standing, problem=problem)).problem.orders[0]
    whole_s = reserve_s(until_s - problem.now_s)
    assert until_s - kept.latest_s == (whole_s if kept_min is None else kept_min * 60)


def test_what_is_late_is_put_where_it_is_in_time() -> None:
    """Of a plan with some promises moved behind their stops, some are kept at small cost."""
    standing = driven(seed=1, minutes=0, delayed_min=45)
    kept = keeping(standing)
    assert evaluate(kept.problem, kept.start).feasible
    assert _served(kept) == _served(standing)
    orders = {order.id: order for order in standing.problem.orders}
    before = {id_ for id_, at_s in starts_s(standing).items() if at_s > promised_s(orders[id_])}
    after = {id_ for id_, at_s in starts_s(kept).items() if at_s > promised_s(orders[id_])}
    assert after < before


def _served(standing: Standing) -> set[str]:
    return set(starts_s(standing))
