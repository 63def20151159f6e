"""A promise at risk is told before it breaks, with a time that can be kept and what it costs us."""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.judge_world import T0, JudgeWorld, judge_world, minutes


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        world.sql(
            "INSERT INTO cities (city_id, name, time_zone, policy, loaded_at) "
            "VALUES ('c', 'City', 'Asia/Shanghai', '{}', %s)",
            (T0,),
        )
        yield world


def promised(world: JudgeWorld, order_id: str, due_min: float, *, service_s: int = 180) -> None:
    """Request an order, and promise it as a dispatcher does."""
    world.order(order_id)
    world.sql(
        "INSERT INTO deliveries (order_id, city_id, lat_deg, lon_deg, tier_h, service_s, wish, "
        "requested_at) VALUES (%s, 'c', 31.2, 121.5, 2, %s, 'fastest', %s)",
        (order_id, service_s, T0),
    )
    world.sql(
        "INSERT INTO promises (order_id, city_id, state, due_at, reason, version, decided_at) "
        "VALUES (%s, 'c', 'promised', %s, 'kept by van-1', 1, %s)",
        (order_id, T0 + minutes(due_min), T0),
    )
    world.touch_order(order_id)


def estimated(
    world: JudgeWorld, order_id: str, at_min: float, arrives_min: float, latest_min: float
) -> None:
    world.sql(
        "INSERT INTO arrival_estimates (order_id, estimated_at, arrives_at, latest_at, by) "
        "VALUES (%s, %s, %s, %s, 'dispatch')",
        (
            order_id,
            T0 + minutes(at_min),
            T0 + minutes(arrives_min),
            T0 + minutes(latest_min),
        ),
    )
    world.touch_order(order_id)


def told(world: JudgeWorld, order_id: str = "order-1") -> list[tuple[Any, ...]]:
    """Return (type, proposed minute, compensation) of an order's promise events."""
    rows = world.sql(
        "SELECT type, data->>'proposed_at', (data->>'compensation')::bigint FROM events "
        "WHERE type LIKE 'frostline.promise%%' AND order_id = %s ORDER BY event_id",
        (order_id,),
    )
    return [
        (name.removeprefix("frostline.promise."), minute_of(proposed), compensation)
        for name, proposed, compensation in rows
    ]


def minute_of(text: str | None) -> float | None:
    return None if text is None else (datetime.fromisoformat(text) - T0).total_seconds() / 60


def test_the_dispatchers_promise_holds_not_what_the_order_came_with(world: JudgeWorld) -> None:
    world.order("order-1", due_at=T0 + minutes(600))
    world.sql(
        "INSERT INTO promises (order_id, city_id, state, due_at, reason, version, decided_at) "
        "VALUES ('order-1', 'c', 'promised', %s, 'kept by van-1', 1, %s)",
        (T0 + minutes(60), T0),
    )
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(60))
    assert told(world) == []
    world.judge_all(T0 + minutes(61))
    assert [name for name, _, _ in told(world)] == ["broken"]


def test_an_offer_is_no_promise(world: JudgeWorld) -> None:
    world.order("order-1")
    world.sql(
        "INSERT INTO promises (order_id, city_id, state, reason, version, decided_at) "
        "VALUES ('order-1', 'c', 'offered', 'later', 1, %s)",
        (T0,),
    )
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(600))
    assert told(world) == []


def test_a_late_estimate_is_told_with_a_new_time_and_its_price(world: JudgeWorld) -> None:
    """The rules: from an hour late on half of the fee of 6 yuan, from two hours all of it."""
    promised(world, "order-1", 120)
    estimated(world, "order-1", 10, 90, 110)
    world.judge_all(T0 + minutes(10))
    assert told(world) == []
    # Latest at 176, 3 minutes at the door: 179, so 180 is proposed, an hour late.
    estimated(world, "order-1", 20, 140, 176)
    world.judge_all(T0 + minutes(20))
    assert told(world) == [("at_risk", 180, 300)]


def test_a_little_late_costs_nothing(world: JudgeWorld) -> None:
    promised(world, "order-1", 120)
    estimated(world, "order-1", 20, 110, 121)
    world.judge_all(T0 + minutes(20))
    assert told(world) == [("at_risk", 125, 0)]


def test_a_new_time_that_cannot_be_kept_either_is_told_again(world: JudgeWorld) -> None:
    promised(world, "order-1", 120)
    for at_min, latest_min in ((20, 121), (22, 122), (25, 140), (26, 130), (27, 140), (28, 300)):
        estimated(world, "order-1", at_min, 110, latest_min)
        world.judge_all(T0 + minutes(at_min))
    # 122 and 3 are still 125; 143 is 145; then it gets better and as bad again: no news.
    assert told(world) == [("at_risk", 125, 0), ("at_risk", 145, 0), ("at_risk", 305, 600)]


def test_without_any_estimate_the_last_minutes_are_told(world: JudgeWorld) -> None:
    promised(world, "order-1", 120, service_s=300)
    for now_min in (100, 114, 116, 121):
        world.judge_all(T0 + minutes(now_min))
    assert told(world) == [("at_risk", 125, 0), ("broken", 130, 0)]


def test_what_the_plan_leaves_behind_is_told_at_once(world: JudgeWorld) -> None:
    promised(world, "order-1", 120)
    estimated(world, "order-1", 10, 90, 100)
    world.sql(
        "INSERT INTO plan_unserved (city_id, order_id, from_version, reason, sentence, remedy) "
        "VALUES ('c', 'order-1', 2, 'capacity', 'No room.', 'A van more.')"
    )
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(20))
    assert told(world) == [("at_risk", None, None)]
    world.sql("UPDATE plan_unserved SET to_version = 3")
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(21))
    assert world.sql("SELECT carried->>'promise' FROM looks WHERE subject_id = 'order-1'") == [
        ("expected",)
    ]


def test_what_came_back_undelivered_is_told_at_once(world: JudgeWorld) -> None:
    promised(world, "order-1", 120)
    world.sql(
        "INSERT INTO handovers (order_id, step, at, person, recorded_at) "
        "VALUES ('order-1', 'returned', %s, 'Wang', %s)",
        (T0 + minutes(20), T0 + minutes(20)),
    )
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(20))
    assert told(world) == [("at_risk", None, None)]


def test_one_that_comes_in_time_after_all_is_not_broken(world: JudgeWorld) -> None:
    promised(world, "order-1", 120)
    estimated(world, "order-1", 20, 119, 130)
    world.judge_all(T0 + minutes(20))
    world.close_order(at=T0 + minutes(119))
    world.judge_all(T0 + minutes(200))
    assert [name for name, _, _ in told(world)] == ["at_risk"]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_broken_promise_was_announced_before(world: JudgeWorld, seed: int) -> None:
    """Orders whose estimates wander, err and stop; the judge looks when it asked to, or is told."""
    luck = random.Random(seed)
    orders = {f"order-{k}": luck.randrange(20, 60) for k in range(15)}
    delivered = {key: due + luck.randrange(-15, 15) for key, due in orders.items()}
    for order_id, due_min in orders.items():
        promised(world, order_id, due_min, service_s=luck.randrange(60, 600))
    for minute in range(80):
        for order_id in orders:
            if minute == delivered[order_id]:
                world.close_order(order_id, at=T0 + minutes(minute))
            elif minute < delivered[order_id] and luck.random() < 0.1:
                arrives = delivered[order_id] + luck.randrange(-20, 20)
                estimated(world, order_id, minute, arrives, arrives + luck.randrange(20))
        world.judge_all(T0 + minutes(minute))
    broken = {key for key in orders if "broken" in [name for name, _, _ in told(world, key)]}
    assert broken == {key for key, at_min in delivered.items() if at_min > orders[key]}
    assert len(broken) > 3
    for order_id in broken:
        assert next(name for name, _, _ in told(world, order_id)) == "at_risk"
