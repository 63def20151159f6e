"""What is news, and what is told once."""

from dataclasses import replace
from typing import Any

import pytest

from routing.dispatch.eta import Expected
from routing.dispatch.state import CityOrder, Estimated
from routing.dispatch.warnings import estimates, milestones
from tests.dispatch_streets import VAN, minute, order, street

TOLD = Estimated(arrives_at=minute(30), earliest_at=minute(25), latest_at=minute(40))


def on_its_way(**changes: Any) -> Expected:
    values: dict[str, Any] = {
        "arrives_at": minute(30),
        "earliest_at": minute(25),
        "latest_at": minute(40),
        "is_next": True,
    }
    return Expected(order_id="a", vehicle_id=VAN, **(values | changes))


def is_written(order_: CityOrder, one: Expected) -> bool:
    return bool(estimates(street(order_, stops=(), now_min=0), [one]))


def test_the_first_estimate_is_news() -> None:
    [estimate] = estimates(street(order("a", 0), stops=(), now_min=0), [on_its_way()])
    assert (estimate.order_id, estimate.arrives_at) == ("a", minute(30))
    assert (estimate.earliest_at, estimate.latest_at) == (minute(25), minute(40))


@pytest.mark.parametrize(
    ("moved_min", "is_news"), [(2, False), (-2, False), (2.1, True), (-2.1, True)]
)
def test_more_than_two_minutes_are_news(moved_min: float, is_news: bool) -> None:
    one = on_its_way(arrives_at=minute(30 + moved_min))
    assert is_written(order("a", 0, estimate=TOLD), one) is is_news


@pytest.mark.parametrize(("latest_min", "is_news"), [(44, False), (44.1, True), (35.9, True)])
def test_being_far_less_sure_is_news(latest_min: float, is_news: bool) -> None:
    told = order("a", 0, estimate=TOLD)
    assert is_written(told, on_its_way(latest_at=minute(latest_min))) is is_news


@pytest.mark.parametrize(("latest_min", "is_news"), [(41, False), (41.1, True)])
def test_a_promise_that_comes_into_doubt_is_news_however_little_moved(
    latest_min: float, is_news: bool
) -> None:
    # Due at 44; 3 minutes of service: it has to be there at 41.
    told = order("a", 0, estimate=TOLD, due_at=minute(44))
    assert is_written(told, on_its_way(latest_at=minute(latest_min))) is is_news


def test_a_doubt_that_was_told_is_no_news() -> None:
    told = order("a", 0, estimate=TOLD, due_at=minute(35))
    assert not is_written(told, on_its_way(latest_at=minute(41)))


def test_an_estimate_by_somebody_else_may_have_no_interval() -> None:
    told = order("a", 0, estimate=Estimated(arrives_at=minute(30)))
    assert not is_written(told, on_its_way(latest_at=minute(31)))
    assert is_written(told, on_its_way())


def test_an_order_that_is_gone_is_told_nothing() -> None:
    state = street(stops=(), now_min=0)
    assert (estimates(state, [on_its_way()]), milestones(state, [on_its_way()])) == ((), ())


def told_at(now_min: float, order_: CityOrder, one: Expected) -> list[str]:
    return [each.milestone for each in milestones(street(order_, stops=(), now_min=now_min), [one])]


@pytest.mark.parametrize(
    ("now_min", "told"), [(19.9, ["next_stop"]), (20, ["next_stop", "arriving"])]
)
def test_arriving_is_told_ten_minutes_before(now_min: float, told: list[str]) -> None:
    assert told_at(now_min, order("a", 0), on_its_way()) == told


def test_each_is_told_once() -> None:
    first = order("a", 0, next_stop_at=minute(5))
    assert told_at(25, first, on_its_way()) == ["arriving"]
    assert told_at(25, replace(first, arriving_at=minute(20)), on_its_way()) == []


def test_a_stop_behind_another_is_told_nothing() -> None:
    assert told_at(25, order("a", 0), on_its_way(is_next=False)) == []
