"""A city's plan lives: orders are promised, brought by whoever is told to, and planned again."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from frostline.migrate import migrate
from routing.dispatch.store_read import look
from tests.dispatch_world import CITY, DEPOT, T0, DispatchWorld, dispatch_world, minutes


@pytest.fixture
def world(database_url: str) -> Iterator[DispatchWorld]:
    with dispatch_world(database_url) as world:
        world.city()
        yield world


def test_an_order_is_promised_by_its_tier_and_planned(world: DispatchWorld) -> None:
    world.order("order-1", level="diamond")
    world.step()
    promise = world.promise("order-1")
    assert (promise["state"], promise["depot_id"], promise["version"]) == (
        "promised",
        "depot-1",
        1,
    )
    # Two hours from 10:00 in Shanghai.
    assert promise["due_at"] == (T0 + minutes(120)).isoformat()
    assert list(world.planned().values()) == [["order-1"]]
    assert [t for (t,) in world.sql("SELECT type FROM events ORDER BY event_id")] == [
        "frostline.order.promised",
        "frostline.plan.changed",
    ]


def test_a_quiet_city_gets_no_new_versions(world: DispatchWorld) -> None:
    world.order("order-1")
    world.step()
    world.step(after_min=0.1)
    version = world.version()
    for _ in range(5):
        world.step(after_min=0.1)
    assert world.version() == version


def test_a_city_that_cannot_be_planned_says_so_and_goes_on_once_it_is_put_right(
    world: DispatchWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.order("order-1")
    world.step()
    world.sql("UPDATE vehicles SET cost_per_km = 100001 WHERE vehicle_id = 'van-2'")
    world.order("order-2")
    before = unplannable()
    assert world.step(after_min=0.1) == world.settings.poll_s
    (said,) = (each for each in caplog.records if each.levelname == "ERROR")
    assert said.__dict__["city"] == CITY
    assert "cost_per_km: is 100001; give at most 100000" in said.__dict__["error"]
    assert unplannable() == before + 1
    assert (world.version(), world.promise("order-2")) == (1, {})
    world.sql("UPDATE vehicles SET cost_per_km = 100 WHERE vehicle_id = 'van-2'")
    world.step(after_min=0.1)
    assert world.promise("order-2")["state"] == "promised"


def unplannable() -> float:
    return REGISTRY.get_sample_value("frostline_dispatch_unplannable_total") or 0.0


def reasons(world: DispatchWorld) -> list[str]:
    return [reason for (reason,) in world.sql("SELECT reason FROM plans ORDER BY version")]


def test_new_orders_are_inserted_at_once_and_searched_with_later(database_url: str) -> None:
    with dispatch_world(database_url, batch_s=20.0) as world:
        world.city()
        world.order("order-1")
        world.step()
        world.step(after_min=0.1)  # the first search, since there was none
        world.order("order-2", east_km=-1)
        world.step()
        assert world.promise("order-2")["state"] == "promised"
        engines = "SELECT engine FROM plans ORDER BY version DESC LIMIT 1"
        assert world.sql(engines) == [("insertion",)]
        searched = "SELECT count(*) FROM plans WHERE iterations > 0"
        before = world.sql(searched)
        world.step(after_min=0.3)
        assert world.sql(searched) == before
        world.step(after_min=0.1)  # 24 s after it was inserted
        assert world.dispatcher.step() == world.settings.poll_s


def test_many_orders_are_answered_look_by_look_without_a_wait(world: DispatchWorld) -> None:
    """Of 21 the first look answers 20 and the second the last one; then there is time to wait."""
    for number in range(21):
        world.order(f"order-{number}")
    answered = "SELECT count(*) FROM promises"
    assert world.step() == 0.0
    assert world.sql(answered) == [(20,)]
    assert world.step() == world.settings.poll_s
    assert world.sql(answered) == [(21,)]


def test_a_cancelled_order_leaves_the_plan_at_once(world: DispatchWorld) -> None:
    for number in (1, 2):
        world.order(f"order-{number}")
    world.step()
    assert world.version() == 1
    world.milestone("order-1", "cancelled")
    world.step(after_min=0.1)
    assert reasons(world)[-1] == "cancelled"
    assert [order for orders in world.planned().values() for order in orders] == ["order-2"]
    ((what,),) = world.sql("SELECT what FROM plan_changes WHERE version = 2")
    assert what == "done"


def test_a_refused_order_is_not_brought_again(world: DispatchWorld) -> None:
    world.order("order-1")
    world.step()
    world.handover("order-1", "packed")
    world.leave("order-1")
    world.now += minutes(20)
    world.handover("order-1", "refused")
    world.step()
    assert world.planned() == {}
    world.step(25)
    assert world.planned() == {}
    assert world.sql("SELECT FROM plan_unserved WHERE to_version IS NULL") == []


def test_a_broken_down_van_hands_what_it_has_not_loaded_to_another(world: DispatchWorld) -> None:
    world.order("order-1")
    world.step()
    (broken,) = world.planned()
    world.sql(
        "INSERT INTO disruptions (disruption_id, city_id, kind, vehicle_id, from_at, recorded_at, "
        "recorded_by) VALUES ('d-1', 'shanghai', 'breakdown', %s, %s, %s, 'Li')",
        (broken, world.now, world.now + minutes(0.1)),
    )
    world.step(after_min=0.1)
    (other,) = world.planned()
    assert other != broken
    assert reasons(world)[-1] == "breakdown"
    ((why,),) = world.sql(
        "SELECT why FROM plan_changes WHERE order_id = 'order-1' ORDER BY version DESC LIMIT 1"
    )
    assert broken in why


def test_what_can_not_be_kept_is_offered_and_an_offer_that_is_taken_is_promised(
    world: DispatchWorld,
) -> None:
    world.sql("UPDATE shifts SET from_at = %s", (T0 + minutes(115),))  # no reserve in two hours
    world.order("order-1", level="diamond")
    world.step()
    offered = world.promise("order-1")
    assert offered["state"] == "offered"
    assert world.planned() == {}
    world.sql("INSERT INTO offer_answers VALUES ('order-1', 0, %s)", (world.now,))
    world.step(after_min=0.1)
    promised = world.promise("order-1")
    assert promised["state"] == "promised"
    offered_at = datetime.fromisoformat(offered["offers"][0]["due_at"])
    assert datetime.fromisoformat(promised["due_at"]) == offered_at
    assert list(world.planned().values()) == [["order-1"]]


@pytest.mark.parametrize("to_locker", [True, False])
def test_an_offer_that_was_taken_holds_in_each_plan(
    world: DispatchWorld, *, to_locker: bool
) -> None:
    """A window that begins now can't be kept: the door later is offered, and the locker."""
    lat_deg, lon_deg = DEPOT
    for locker, compartments in (("locker-1", 1), ("full", 0)):
        world.sql(
            "INSERT INTO lockers (locker_id, city_id, name, lat_deg, lon_deg, compartments)"
            " VALUES (%s, %s, 'L', %s, %s, %s)",
            (locker, CITY, lat_deg, lon_deg + 0.01, compartments),
        )
    world.order("order-1", wish="locker", locker_id="full")
    world.step()
    offers = world.promise("order-1")["offers"]
    number = next(k for k, each in enumerate(offers) if bool(each["locker_id"]) == to_locker)
    world.sql("INSERT INTO offer_answers VALUES ('order-1', %s, %s)", (number, world.now))
    world.step(1)
    world.order("order-2", east_km=2)
    for _ in range(3):
        world.step(2)
    stops = "SELECT to_locker FROM plan_stops WHERE to_version IS NULL AND order_id = 'order-1'"
    assert world.sql(stops) == [(to_locker,)]
    state = look(world.store, CITY, now=world.now, stored_since=None).state
    assert state.orders[0].locker_id == ("locker-1" if to_locker else None)
    assert {each.id: each.free for each in state.lockers} == {
        "locker-1": 0 if to_locker else 1,
        "full": 0,
    }


def test_an_order_that_came_while_nobody_was_there_is_answered_by_the_next(
    world: DispatchWorld,
) -> None:
    world.order("order-1")
    world.step()
    world.order("order-2")
    with dispatch_world(world.database_url, now=world.now) as another:
        another.step()
        assert another.promise("order-2")["state"] == "promised"
        assert another.promise("order-1")["version"] == 1


def test_the_same_city_and_seed_give_the_same_plans(
    database_url: str, empty_database_url: str
) -> None:
    def plans(url: str) -> list[tuple[Any, ...]]:
        with dispatch_world(url) as world:
            world.city(vans=3)
            for number in range(12):
                world.order(
                    f"order-{number}",
                    east_km=(number * 7) % 5 - 2,
                    north_km=(number * 3) % 5 - 2,
                    level=("diamond", "gold", "silver")[number % 3],
                )
                world.step(after_min=0.5)
            return world.sql(
                "SELECT p.version, p.reason, p.problem_sha256, p.cost, s.vehicle_id, s.order_id, "
                "s.arrives_at, s.latest_at FROM plans p JOIN plan_stops s "
                "ON s.from_version = p.version ORDER BY p.version, s.vehicle_id, s.trip, s.position"
            )

    migrate(empty_database_url, require_timescaledb=True)
    first = plans(database_url)
    assert len(first) > 24
    assert plans(empty_database_url) == first


def test_greed_promises_what_the_tier_says(database_url: str) -> None:
    with dispatch_world(database_url, planner="greedy") as world:
        world.city()
        world.order("order-1", east_km=25, level="diamond")  # nobody can be there in two hours
        world.order("order-2")
        world.step()
        due = {order: world.promise(order)["due_at"] for order in ("order-1", "order-2")}
        assert due == {
            "order-1": (T0 + minutes(120)).isoformat(),
            "order-2": (T0 + minutes(240)).isoformat(),
        }
        version = world.version()
        for _ in range(3):
            world.step(after_min=0.1)
        assert world.version() <= version + 1
        assert {engine for (engine,) in world.sql("SELECT engine FROM plans")} == {"greedy"}


def test_a_city_that_is_not_there_yet_is_waited_for(database_url: str) -> None:
    with dispatch_world(database_url) as world:
        assert world.step() == world.settings.poll_s
        world.city()
        world.order("order-1")
        world.step()
        assert world.promise("order-1")["state"] == "promised"
