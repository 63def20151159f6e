"""A van's fixes become visits, estimates, milestones: dispatcher and judge on a real database."""

from collections.abc import Iterator
from typing import Any

import pytest

from routing.dispatch.problem_of import stand
from routing.dispatch.store_read import look
from routing.dispatcher import Dispatcher
from tests.dispatch_world import CITY, DEPOT, T0, DispatchWorld, dispatch_world, minutes
from tests.judge_world import judge_world
from tests.living_city import WAYS

# 3 km east: 1.35 x 3 km at 25 km/h and 40 s are 623 s.
EAST_KM = 3.0


@pytest.fixture
def world(database_url: str) -> Iterator[DispatchWorld]:
    with dispatch_world(database_url) as world:
        world.city(vans=1)
        world.order("o1", east_km=EAST_KM)
        world.step()
        yield world


def fix(world: DispatchWorld, east_km: float, *, ago_min: float = 0) -> None:
    """Store a fix of the van, as ingest does."""
    world.sql(
        "INSERT INTO positions (gateway_id, at, lat_deg, lon_deg, speed_m_s, stored_at) "
        "VALUES ('edge-van-1', %s, %s, %s, 8.0, %s)",
        (world.now - minutes(ago_min), DEPOT[0], DEPOT[1] + east_km / 95.1, world.now),
    )


def drive(world: DispatchWorld, from_km: float, to_km: float, *, for_min: float) -> None:
    """Drive at an even pace, with a fix and a look each half minute."""
    steps = round(for_min * 2)
    for step in range(1, steps + 1):
        world.now += minutes(0.5)
        fix(world, from_km + (to_km - from_km) * step / steps)
        world.step()


def depart(world: DispatchWorld) -> None:
    fix(world, 0.0)
    world.handover("o1", "packed")
    world.step(20)
    fix(world, 0.0)
    world.leave("o1")
    world.step(0.1)


def visits(world: DispatchWorld) -> list[tuple[Any, ...]]:
    """Return (order, minutes after T0 of arrival and of leaving)."""
    rows = world.sql("SELECT order_id, arrived_at, left_at FROM stop_visits ORDER BY arrived_at")
    return [
        (order_id, *(None if at is None else (at - T0).total_seconds() / 60 for at in times))
        for order_id, *times in rows
    ]


def estimates(world: DispatchWorld) -> int:
    ((count,),) = world.sql("SELECT count(*) FROM arrival_estimates")
    return int(count)


def milestones(world: DispatchWorld) -> set[str]:
    found = world.sql("SELECT milestone FROM milestones WHERE order_id = 'o1'")
    return {milestone for (milestone,) in found}


def test_a_delivery_is_followed_from_the_depot_to_the_door(world: DispatchWorld) -> None:
    assert world.promise("o1")["state"] == "promised"
    depart(world)
    assert "next_stop" in milestones(world)
    drive(world, 0.0, EAST_KM, for_min=12)
    assert "arriving" in milestones(world)
    came_min = (world.now - T0).total_seconds() / 60
    drive(world, EAST_KM, EAST_KM, for_min=4)
    world.handover("o1", "signed")
    world.milestone("o1", "delivered")
    drive(world, EAST_KM, 0.0, for_min=12)
    [door] = [visit for visit in visits(world) if visit[0] == "o1"]
    assert door == ("o1", pytest.approx(came_min), pytest.approx(came_min + 4))
    # Some looks in a half minute each, over half an hour: a handful of estimates.
    assert 1 <= estimates(world) <= 6


def test_what_a_leg_took_is_kept_to_learn_from(world: DispatchWorld) -> None:
    depart(world)
    drive(world, 0.0, EAST_KM, for_min=12)
    drive(world, EAST_KM, EAST_KM, for_min=2)
    ((planned_s, actual_s),) = world.sql(
        "SELECT leg_planned_s, leg_actual_s FROM stop_visits WHERE order_id = 'o1'"
    )
    # By hand above; the fences take some seconds off both ends of what was measured.
    assert planned_s == pytest.approx(623, abs=5)
    assert 640 <= actual_s <= 730


def test_a_dispatcher_that_was_away_looks_at_what_was_stored_meanwhile(
    world: DispatchWorld,
) -> None:
    depart(world)
    for east_km in (EAST_KM, EAST_KM, EAST_KM, 0.0):
        world.now += minutes(3)
        fix(world, east_km)
    world.now += minutes(120)
    world.dispatcher = Dispatcher(world.store, world.settings, lambda: world.now)
    world.step()
    assert [visit[0] for visit in visits(world)] == [None, "o1"]


def test_fixes_that_come_late_heal_the_visit(world: DispatchWorld) -> None:
    depart(world)
    drive(world, 0.0, EAST_KM, for_min=12)
    came_min = (world.now - T0).total_seconds() / 60
    world.now += minutes(10)  # at the door, and no fix comes through
    world.step()
    fix(world, 2.0)
    world.step(0.5)
    assert [visit for visit in visits(world) if visit[0] == "o1"] == []
    for ago_min in (9, 8, 7, 6):
        fix(world, EAST_KM, ago_min=ago_min)
    fix(world, 2.0)
    world.step()
    [door] = [visit for visit in visits(world) if visit[0] == "o1"]
    assert door[1:] == (pytest.approx(came_min), pytest.approx(came_min + 4.5))


def test_a_van_that_stands_still_puts_its_promise_at_risk_before_it_breaks(
    world: DispatchWorld, database_url: str
) -> None:
    depart(world)
    due_at = world.sql("SELECT due_at FROM promises WHERE order_id = 'o1'")[0][0]
    told: list[tuple[str, Any, Any]] = []
    with judge_world(database_url) as court:
        court.policy("chilled")
        world.sql("UPDATE consignments SET policy_version = 9")
        while "frostline.promise.broken" not in [name for name, _, _ in told]:
            drive(world, 0.5, 0.5, for_min=5)
            court.judge_all(world.now)
            told = world.sql(
                "SELECT type, at, data->>'proposed_at' FROM events "
                "WHERE type LIKE 'frostline.promise%%' ORDER BY event_id"
            )
            assert world.now < due_at + minutes(60)
    names = [name for name, _, _ in told]
    assert names[0] == "frostline.promise.at_risk"
    assert told[0][1] < due_at
    assert all(proposed is not None for _, _, proposed in told)


def test_a_promise_that_no_van_can_keep_any_more_is_at_risk_at_once(
    world: DispatchWorld, database_url: str
) -> None:
    world.sql(
        "INSERT INTO disruptions (disruption_id, city_id, kind, vehicle_id, from_at, recorded_at, "
        "recorded_by) SELECT 'd1', city_id, 'breakdown', vehicle_id, %s, %s, 'Li' FROM vehicles",
        (world.now, world.now),
    )
    world.step(1)
    with judge_world(database_url) as court:
        court.policy("chilled")
        world.sql("UPDATE consignments SET policy_version = 9")
        court.judge_all(world.now + minutes(1))
    told = world.sql("SELECT type FROM events WHERE type LIKE 'frostline.promise%%'", {})
    assert told == [("frostline.promise.at_risk",)]


def test_what_left_a_depot_this_hour_counts_when_it_is_delivered_too(database_url: str) -> None:
    with dispatch_world(database_url, now=T0 + minutes(2)) as world:
        world.city(vans=1)
        world.sql("UPDATE depots SET orders_per_hour = %s, picking_s = 60", ([3] * 24,))
        for order_id in ("order-1", "order-2"):
            world.order(order_id, east_km=0.5)
        world.step()
        world.step(2)
        for order_id in ("order-1", "order-2"):
            world.handover(order_id, "packed")
            world.leave(order_id)
        world.step(1)
        assert picking_left(world)[10:12] == (1, 3)
        world.now += minutes(10)
        for count in (1, 2):
            world.milestone(f"order-{count}", "delivered")
            assert picking_left(world)[10:12] == (1, 3)
            world.step()
            assert picking_left(world)[10:12] == (1, 3)


def picking_left(world: DispatchWorld) -> tuple[int, ...]:
    state = look(world.store, CITY, now=world.now, stored_since=None).state
    (depot,) = stand(state, WAYS).problem.depots
    assert depot.orders_per_hour is not None
    return depot.orders_per_hour


def test_what_a_vehicle_without_places_has_loaded_stays_in_the_plan(database_url: str) -> None:
    with dispatch_world(database_url) as world:
        world.city(vans=1)
        world.sql("UPDATE vehicles SET frozen_place_id = NULL, chilled_place_id = NULL")
        world.order("order-1")
        world.order("order-2", east_km=2)
        world.step()
        world.now += minutes(30)
        for step in ("packed", "loaded", "departed"):
            for order_id in ("order-1", "order-2"):
                world.handover(order_id, step)
            world.step(1)
            assert world.planned() == {"van-1": ["order-1", "order-2"]}, step
        world.handover("order-1", "arrived")
        world.step(1)
        assert world.sql("SELECT vehicle_id, order_id FROM stop_visits WHERE left_at IS NULL") == [
            ("van-1", "order-1")
        ]
