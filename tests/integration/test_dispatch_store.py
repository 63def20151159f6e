"""A city is read at one moment; a decision is written whole, once, or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from frostline.stack.waiting import wait_until
from routing.dispatch.decision import (
    Change,
    Decision,
    Estimate,
    Milestone,
    NewPlan,
    NewPromise,
    Offer,
    Outcome,
    Rescue,
    Told,
)
from routing.dispatch.state import CityState, Pin, PlannedStop, PlannedUnserved, Visited
from routing.dispatch.store import DATABASE_DOWN, Store
from routing.dispatch.store_read import UnknownCity, look
from routing.dispatch.store_statements import ORDERS
from routing.dispatch.store_write import PlanTaken, write
from routing.plan import Cost
from tests.dispatch_world import CITY, T0, DispatchWorld, dispatch_world, minutes


@pytest.fixture
def world(database_url: str) -> Iterator[DispatchWorld]:
    with dispatch_world(database_url) as world:
        world.city()
        yield world


def state_of(world: DispatchWorld) -> CityState:
    return look(world.store, CITY, now=world.now, stored_since=None).state


def stop(order_id: str, position: int = 1, *, vehicle_id: str = "van-1") -> PlannedStop:
    at = T0 + minutes(20 * position)
    return PlannedStop(
        vehicle_id=vehicle_id,
        trip=1,
        position=position,
        kind="deliver",
        order_id=order_id,
        depot_id=None,
        to_locker=False,
        arrives_at=at,
        earliest_at=at - minutes(2),
        latest_at=at + minutes(5),
        leaves_at=at + minutes(3),
        locked=False,
    )


def plan(base: int, *stops: PlannedStop, **changes: Any) -> NewPlan:
    plain = NewPlan(
        base=base,
        reason="orders",
        why={},
        engine="search",
        seed=1,
        iterations=50,
        problem_sha256=b"\x01" * 32,
        cost=Cost(distance=18_000, drops=36_000),
        pins_cost=0,
        took_ms=7,
        stops=stops,
        unserved=(),
        changes=(),
    )
    return replace(plain, **changes)


def promised(order_id: str) -> NewPromise:
    return NewPromise(
        order_id=order_id,
        state="promised",
        due_at=T0 + minutes(240),
        not_before=None,
        depot_id="depot-1",
        alternates=("depot-2",),
        offers=(),
        reason="A test says so.",
    )


# Reading ------------------------------------------------------------------------------------------


def test_a_city_that_is_not_there_is_said_to_be_unknown(world: DispatchWorld) -> None:
    with pytest.raises(UnknownCity, match="atlantis"):
        look(world.store, "atlantis", now=world.now, stored_since=None)


def test_a_requested_order_is_read_with_its_boxes(world: DispatchWorld) -> None:
    world.order("order-1")
    (order,) = state_of(world).orders
    assert (order.id, order.stage, order.tier_h) == ("order-1", "requested", 4)
    assert order.load.chilled_g == 5000
    # 150 % of the 100 yuan that the goods are worth, as long as no judge has said otherwise.
    assert [(box.id, box.spoil_cost) for box in order.boxes] == [("order-1.chilled", 15_000)]


@pytest.mark.parametrize(
    ("policy", "version", "limits"),
    [
        # gateway/policies/chilled-fresh-fish.toml; docs/policies.md.
        ("chilled-fresh-fish", 1, (0.0, 2.0, 5.0, 1800.0)),
        ("chilled-leafy-vegetables", 1, (0.0, 4.0, 8.0, 3600.0)),
        ("frozen", 2, (None, -18.0, -15.0, 1800.0)),  # -12 °C is critical too, after 5 minutes
        ("chilled", 1, (0.0, 4.0, None, 0.0)),  # of the first migration: it has no document
    ],
)
def test_a_box_has_the_limits_of_its_own_policy(
    world: DispatchWorld,
    policy: str,
    version: int,
    limits: tuple[float | None, float, float | None, float],
) -> None:
    world.order("order-1")
    world.sql(
        "UPDATE consignments SET policy_id = %s, policy_version = %s, zone = %s",
        (policy, version, policy.partition("-")[0]),
    )
    ((box,),) = (order.boxes for order in state_of(world).orders)
    assert (box.lower_c, box.upper_c, box.spoils_c, box.spoils_after_s) == limits


def test_an_order_is_at_the_last_step_that_was_said_of_it(world: DispatchWorld) -> None:
    world.order("order-1")

    def stage() -> tuple[str, str | None]:
        (order,) = state_of(world).orders
        return order.stage, order.aboard

    write(world.store, state_of(world), Decision(now=T0, promises=(promised("order-1"),)))
    assert stage() == ("waiting", None)
    world.handover("order-1", "packed")
    assert stage() == ("packed", None)
    world.handover("order-1", "loaded", place_id="van-1.chilled")
    assert stage() == ("loaded", "van-1")
    world.handover("order-1", "departed")
    assert stage() == ("out", "van-1")
    world.now += minutes(1)
    world.handover("order-1", "loaded", place_id="van-2.chilled")
    assert stage() == ("out", "van-2")  # handed over on the way


def test_what_is_loaded_without_a_place_is_aboard_by_the_plan_of_that_time(
    world: DispatchWorld,
) -> None:
    world.van("tricycle-1")
    world.sql(
        "UPDATE vehicles SET frozen_place_id = NULL, chilled_place_id = NULL "
        "WHERE vehicle_id = 'tricycle-1'"
    )
    world.order("order-1")

    def planned(*vehicle_ids: str) -> None:
        seen = state_of(world)
        stops = [stop("order-1", vehicle_id=vehicle_id) for vehicle_id in vehicle_ids]
        write(world.store, seen, Decision(now=world.now, plan=plan(seen.plan.version, *stops)))
        world.now += minutes(1)

    def aboard() -> str | None:
        (order,) = state_of(world).orders
        return order.aboard

    planned("van-2")
    planned("tricycle-1")
    world.handover("order-1", "loaded")
    assert aboard() == "tricycle-1"
    world.now += minutes(1)
    planned("van-1")  # which is to take it over
    assert aboard() == "tricycle-1"
    world.handover("order-1", "loaded", place_id="van-1.chilled")
    assert aboard() == "van-1"
    world.now += minutes(1)
    planned("van-2")
    world.handover("order-1", "loaded")  # another box, for which vans have no place
    assert aboard() == "van-1"


def test_an_ended_order_is_seen_as_long_as_it_is_planned(world: DispatchWorld) -> None:
    world.order("order-1")
    write(world.store, state_of(world), Decision(now=T0, plan=plan(0, stop("order-1"))))
    world.milestone("order-1", "cancelled")
    assert [order.stage for order in state_of(world).orders] == ["ended"]
    write(world.store, state_of(world), Decision(now=T0, plan=plan(1)))
    assert state_of(world).orders == ()


@pytest.mark.parametrize("step", ["refused", "returned"])
def test_an_order_that_went_back_has_ended_until_it_is_handed_out_again(
    world: DispatchWorld, step: str
) -> None:
    world.order("order-1")
    decision = Decision(now=T0, promises=(promised("order-1"),), plan=plan(0, stop("order-1")))
    write(world.store, state_of(world), decision)
    world.handover("order-1", "packed")
    world.leave("order-1")
    world.handover("order-1", "arrived")
    world.now += minutes(5)
    world.handover("order-1", step)
    assert [order.stage for order in state_of(world).orders] == ["ended"]
    write(world.store, state_of(world), Decision(now=T0, plan=plan(1)))
    assert state_of(world).orders == ()
    world.now += minutes(30)
    world.handover("order-1", "loaded", place_id="van-2.chilled")
    (order,) = state_of(world).orders
    assert (order.stage, order.aboard, order.departed_at) == ("loaded", "van-2", None)
    world.handover("order-1", "departed")
    assert [order.stage for order in state_of(world).orders] == ["out"]


def test_an_order_one_of_whose_boxes_was_refused_is_under_way(world: DispatchWorld) -> None:
    world.order("order-1")
    write(world.store, state_of(world), Decision(now=T0, promises=(promised("order-1"),)))
    world.leave("order-1")
    world.sql(
        "INSERT INTO handovers (order_id, consignment_id, step, at, person, recorded_at) "
        "VALUES ('order-1', 'order-1.chilled', 'refused', %s, 'Wang', %s)",
        (world.now + minutes(1), world.now),
    )
    assert [order.stage for order in state_of(world).orders] == ["out"]  # another box is open
    world.sql("UPDATE consignments SET closed_at = opened_at")
    assert state_of(world).orders == ()


def test_an_offer_waits_for_its_answer(world: DispatchWorld) -> None:
    world.order("order-1")
    offer = Offer(due_at=T0 + minutes(360), depot_id="depot-1")
    offered = replace(promised("order-1"), state="offered", due_at=None, offers=(offer,))
    write(world.store, state_of(world), Decision(now=T0, promises=(offered,)))
    assert state_of(world).orders == ()
    world.sql("INSERT INTO offer_answers VALUES ('order-1', 0, %s)", (T0 + minutes(1),))
    (order,) = state_of(world).orders
    assert (order.stage, order.accepted_offer, order.offers) == ("requested", 0, (offer,))


def test_what_is_packed_before_it_was_answered_is_still_requested(world: DispatchWorld) -> None:
    world.order("o-1")
    world.handover("o-1", "packed")
    assert state_of(world).orders[0].stage == "requested"
    world.step()
    assert world.promise("o-1")["state"] == "promised"
    (order,) = state_of(world).orders
    assert (order.stage, order.packed_at) == ("packed", T0)


def test_a_locker_compartment_is_taken_from_the_promise_on(world: DispatchWorld) -> None:
    world.sql(
        "INSERT INTO lockers (locker_id, city_id, name, lat_deg, lon_deg, compartments) "
        "VALUES ('locker-1', %s, 'One', 31.2, 121.4, 2)",
        (CITY,),
    )
    world.order("order-1", wish="locker", locker_id="locker-1")
    assert [locker.free for locker in state_of(world).lockers] == [2]
    write(world.store, state_of(world), Decision(now=T0, promises=(promised("order-1"),)))
    assert [locker.free for locker in state_of(world).lockers] == [1]
    world.now += minutes(1)
    world.handover("order-1", "returned")
    assert [locker.free for locker in state_of(world).lockers] == [2]
    world.handover("order-1", "loaded")
    assert [locker.free for locker in state_of(world).lockers] == [1]
    world.milestone("order-1", "delivered")
    assert [locker.free for locker in state_of(world).lockers] == [2]


def test_stock_is_promised_once_until_it_is_counted_again(world: DispatchWorld) -> None:
    count = "INSERT INTO depot_stock VALUES ('depot-1', 'chilled', 12000, %s)"
    world.sql(count, (world.now - minutes(1),))
    for order_id in ("o-1", "o-2", "o-3"):
        world.order(order_id)
        world.step(1)
    assert [world.promise(f"o-{k}")["state"] for k in (1, 2, 3)] == [
        "promised",
        "promised",
        "impossible",
    ]
    assert state_of(world).depots[0].stock_g == {"chilled": 2000}
    world.milestone("o-1", "cancelled")
    assert state_of(world).depots[0].stock_g == {"chilled": 7000}
    world.sql("UPDATE depot_stock SET available_g = 4000")
    assert state_of(world).depots[0].stock_g == {"chilled": 0}
    world.sql("UPDATE depot_stock SET counted_at = %s", (world.now,))
    assert state_of(world).depots[0].stock_g == {"chilled": 4000}


def test_what_commits_during_a_look_is_not_in_it(world: DispatchWorld) -> None:
    world.order("order-1")
    with world.store.snapshot():
        world.store.rows("SELECT 1 FROM cities", {})  # the snapshot is taken
        world.order("order-2")
        seen = world.store.rows("SELECT order_id FROM deliveries", {})
    assert seen == [("order-1",)]


# Writing ------------------------------------------------------------------------------------------


def test_a_decision_is_read_again_as_it_was_written(world: DispatchWorld) -> None:
    world.order("order-1")
    world.order("order-2")
    world.command("command-1", "pin", order_id="order-1", vehicle_id="van-1")
    pin = Pin(
        order_id="order-1", kind="pin", vehicle_id="van-1", hold_until=None, price=120, by="Li"
    )
    left = PlannedUnserved(order_id="order-2", reason="cost", sentence="Dear.", remedy="Pay.")
    change = Change(
        order_id="order-1",
        what="planned",
        from_vehicle=None,
        to_vehicle="van-1",
        from_at=None,
        to_at=T0,
        why="It was promised.",
    )
    visit = Visited(
        vehicle_id="van-1",
        order_id=None,
        depot_id="depot-1",
        arrived_at=T0 - minutes(30),
        left_at=None,
        source="position",
    )
    estimate = Estimate(
        order_id="order-1", arrives_at=T0, earliest_at=T0, latest_at=T0 + minutes(5)
    )
    rescue = Rescue(
        order_id="order-1",
        consignment_id="order-1.chilled",
        cause="forecast",
        options=(),
        chosen="keep",
        why="Nothing is cheaper.",
    )
    decision = Decision(
        now=T0,
        plan=plan(0, stop("order-1"), unserved=(left,), changes=(change,)),
        promises=(promised("order-1"),),
        outcomes=(Outcome(command_id="command-1", accepted=True, reason="Pinned.", price=120),),
        pins=(pin,),
        rescues=(rescue,),
        visits=(visit,),
        milestones=(Milestone(order_id="order-1", milestone="next_stop", at=T0),),
        estimates=(estimate,),
        told=(Told(type="frostline.plan.changed", order_id=None, data={"version": 1}),),
    )
    assert write(world.store, state_of(world), decision) == 1

    state = state_of(world)
    assert (state.plan.version, state.plan.stops) == (1, (stop("order-1"),))
    assert (state.plan.unserved, state.pins, state.commands) == ((left,), (pin,), ())
    assert state.visits == (visit,)
    (order,) = [order for order in state.orders if order.id == "order-1"]
    assert (order.due_at, order.alternates) == (T0 + minutes(240), ("depot-2",))
    assert (order.next_stop_at, order.estimate and order.estimate.latest_at) == (
        T0,
        T0 + minutes(5),
    )
    assert [each.chosen for each in state.rescues] == ["keep"]
    assert world.outcome("command-1") == (True, "Pinned.", 120)
    assert world.sql("SELECT what FROM plan_changes") == [("planned",)]
    assert world.sql("SELECT type, data FROM events") == [
        ("frostline.plan.changed", {"version": 1})
    ]
    # 18,000 units are a fen: 1 for the way, 2 for what is dropped.
    assert world.sql("SELECT (cost->>'total')::bigint FROM plans") == [(3,)]
    # The judge holds the delivery to another time now.
    assert world.sql("SELECT DISTINCT order_id FROM touched") == [("order-1",)]


def test_an_order_that_was_cancelled_since_the_look_is_promised_nothing(
    world: DispatchWorld,
) -> None:
    told = []
    for order_id in ("order-1", "order-2"):
        world.order(order_id)
        told.append(Told(type="frostline.order.promised", order_id=order_id, data={}))
    seen = state_of(world)
    world.milestone("order-1", "cancelled")
    promises = (promised("order-1"), promised("order-2"))
    write(world.store, seen, Decision(now=T0, promises=promises, told=tuple(told)))
    assert world.sql("SELECT order_id FROM promises") == [("order-2",)]
    assert world.sql("SELECT order_id FROM events") == [("order-2",)]


def test_a_stop_that_stays_as_it_was_keeps_its_row(world: DispatchWorld) -> None:
    first, second = stop("order-1", 1), stop("order-2", 2)
    write(world.store, state_of(world), Decision(now=T0, plan=plan(0, first, second)))
    later = replace(second, arrives_at=second.arrives_at + minutes(1))
    write(world.store, state_of(world), Decision(now=T0, plan=plan(1, first, later)))
    assert world.sql(
        "SELECT order_id, from_version, to_version FROM plan_stops ORDER BY stop_id"
    ) == [("order-1", 1, None), ("order-2", 1, 2), ("order-2", 2, None)]


def test_of_two_decisions_on_one_version_the_second_writes_nothing(world: DispatchWorld) -> None:
    world.order("order-1")
    world.order("order-2")
    state = state_of(world)
    write(world.store, state, Decision(now=T0, plan=plan(0, stop("order-1"))))
    late = Decision(now=T0, plan=plan(0, stop("order-2")), promises=(promised("order-2"),))
    with Store.connect(world.database_url) as other, pytest.raises(PlanTaken):
        write(other, state, late)
    assert world.planned() == {"van-1": ["order-1"]}
    assert world.promise("order-2") == {}


def test_a_decision_without_a_plan_stands_on_its_version_too(world: DispatchWorld) -> None:
    world.order("order-1")
    state = state_of(world)
    write(world.store, state, Decision(now=T0, plan=plan(0)))
    with pytest.raises(PlanTaken):
        write(world.store, state, Decision(now=T0, promises=(promised("order-1"),)))
    assert world.promise("order-1") == {}


def test_a_decision_that_fails_at_its_end_leaves_nothing(world: DispatchWorld) -> None:
    unknown = Milestone(order_id="nobody's", milestone="arriving", at=T0)
    decision = Decision(now=T0, plan=plan(0, stop("order-1")), milestones=(unknown,))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        write(world.store, state_of(world), decision)
    assert world.version() == 0
    assert world.planned() == {}


# Who writes ---------------------------------------------------------------------------------------


def test_a_city_has_one_dispatcher_and_another_city_its_own(world: DispatchWorld) -> None:
    with Store.connect(world.database_url, name="one") as one:
        assert one.try_lock(CITY)
        assert not world.store.try_lock(CITY)
        assert world.store.try_lock("another city")
        holder = world.store.lock_holder(CITY)
        assert holder is not None
        assert holder.name == "one"
    wait_until(lambda: world.store.try_lock(CITY), what="the lock of a closed connection")


def test_a_dispatcher_that_speaks_is_left_alone(world: DispatchWorld) -> None:
    with Store.connect(world.database_url) as one:
        assert one.try_lock(CITY)
        assert not world.store.end_silent(CITY, 20.0)
        assert one.lock_holder(CITY) is not None


def test_a_silent_dispatcher_loses_its_city_and_its_late_writes(world: DispatchWorld) -> None:
    world.order("order-1")
    with Store.connect(world.database_url) as silent:
        assert silent.try_lock(CITY)
        state = look(silent, CITY, now=T0, stored_since=None).state
        wait_until(lambda: world.store.end_silent(CITY, 0.05), what="0.05 s of silence")
        assert world.store.try_lock(CITY)
        with pytest.raises(DATABASE_DOWN):
            write(silent, state, Decision(now=T0, plan=plan(0), promises=(promised("order-1"),)))
    assert world.version() == 0
    assert world.promise("order-1") == {}


def test_orders_that_have_ended_are_not_summed_up(world: DispatchWorld) -> None:
    for number in range(30):
        world.order(f"order-{number}")
        if number:
            world.milestone(f"order-{number}", "delivered")
    values = {"city_id": CITY, "since": T0 - minutes(60), "last": ["delivered"], "planned": []}
    ((found,),) = world.store.rows("EXPLAIN (ANALYZE, FORMAT JSON) " + ORDERS, values)
    assert set(_loops_of_sums(found[0]["Plan"])) == {1}


def _loops_of_sums(node: dict[str, Any]) -> list[int]:
    """Return how often each plain aggregate of a plan ran."""
    is_sum = node["Node Type"] == "Aggregate" and node["Strategy"] == "Plain"
    below = [loops for each in node.get("Plans", ()) for loops in _loops_of_sums(each)]
    return [*below, node["Actual Loops"]] if is_sum else below
