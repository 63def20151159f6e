"""What the judge wrote of boxes and compartments steers the plan, by way of the database."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from routing.dispatch.state import Box, CityState
from routing.dispatch.store_read import look
from tests.dispatch_world import CITY, DispatchWorld, dispatch_world, minutes


@pytest.fixture
def world(database_url: str) -> Iterator[DispatchWorld]:
    with dispatch_world(database_url) as world:
        world.city(vans=1)
        world.van("relay-1")
        world.sql("UPDATE vehicles SET role = 'relay' WHERE vehicle_id = 'relay-1'")
        yield world


def state_of(world: DispatchWorld) -> CityState:
    return look(world.store, CITY, now=world.now, stored_since=None).state


def box_of(world: DispatchWorld, order_id: str) -> Box:
    (box,) = next(order for order in state_of(world).orders if order.id == order_id).boxes
    return box


def forecast(world: DispatchWorld, order_id: str, *leaves_in_min: float) -> None:
    """Write the judge's warning of an order's box."""
    q10, q50, q90 = (60 * each for each in leaves_in_min)
    world.sql(
        "INSERT INTO forecasts (consignment_id, order_id, made_at, leaves_in_s_q10, "
        "leaves_in_s_q50, leaves_in_s_q90, chance_within_40_min, at_risk, spoil_cost) "
        "VALUES (%s, %s, %s, %s, %s, %s, 0.9, true, 90000) "
        "ON CONFLICT (consignment_id) DO UPDATE SET made_at = EXCLUDED.made_at",
        (f"{order_id}.chilled", order_id, world.now, q10, q50, q90),
    )


def excursion(
    world: DispatchWorld, order_id: str, *, severity: str, revision: int = 1, **changes: Any
) -> None:
    """Write what the judge found of an order's box: a limit that is broken since five minutes."""
    ((verdict_id,),) = world.sql(
        "INSERT INTO verdicts (subject_kind, subject_id, revision, order_id, judged_at, as_of, "
        "found_late, is_final, outcome, policy_id, policy_version, policy_sha256, readings, "
        "readings_sha256, summary) VALUES ('consignment', %s, %s, %s, %s, %s, false, false, "
        "'excursion', 'chilled', 1, '', 1, '', '{}') RETURNING verdict_id",
        (f"{order_id}.chilled", revision, order_id, world.now, world.now),
    )
    row = {
        "excursion_id": 1,
        "revision": revision,
        "verdict_id": verdict_id,
        "subject_kind": "consignment",
        "subject_id": f"{order_id}.chilled",
        "order_id": order_id,
        "limit_name": "warm",
        "side": "upper",
        "severity": severity,
        "source": "box",
        "state": "open",
        "from_at": world.now - minutes(5),
        "extreme_c": 5.0,
        "degree_minutes": 5.0,
        "duration_s": 300,
        "found_at": world.now,
        "found_late": False,
    } | changes
    names = ", ".join(row)
    slots = ", ".join(f"%({name})s" for name in row)
    world.sql(f"INSERT INTO excursions ({names}) VALUES ({slots})", row)  # noqa: S608


def out(world: DispatchWorld, *orders: str) -> None:
    """Promise orders, and let the van leave with them."""
    world.step()
    world.now += minutes(30)
    for order_id in orders:
        world.handover(order_id, "packed")
        world.leave(order_id)


def test_a_box_that_is_too_warm_is_so_since_the_excursion_began(world: DispatchWorld) -> None:
    world.order("order-1")
    out(world, "order-1")
    excursion(world, "order-1", severity="warning")
    box = box_of(world, "order-1")
    assert box.left_at == world.now - minutes(5)
    assert not box.has_left_range
    excursion(world, "order-1", severity="critical", excursion_id=2, revision=2)
    assert box_of(world, "order-1").has_left_range


@pytest.mark.parametrize(
    "other", [{"side": "lower"}, {"source": "place"}, {"state": "withdrawn"}, {"state": "closed"}]
)
def test_what_says_nothing_of_a_warm_box(world: DispatchWorld, other: dict[str, Any]) -> None:
    world.order("order-1")
    out(world, "order-1")
    excursion(world, "order-1", severity="warning", **other)
    assert box_of(world, "order-1").left_at is None


def test_a_compartment_has_failed_until_its_alert_is_resolved(world: DispatchWorld) -> None:
    """Cold goods that are loaded let the alert cease for some minutes."""
    raise_alert(world)
    (failed,) = state_of(world).failed_places
    assert (failed.place_id, failed.since) == ("van-1.chilled", world.now - minutes(5))
    world.sql("UPDATE alerts SET ceased_at = %s", (world.now,))
    assert state_of(world).failed_places == (failed,)
    world.sql("UPDATE alerts SET resolved_at = %s", (world.now,))
    assert state_of(world).failed_places == ()


def test_an_alert_of_some_minutes_is_an_open_door(world: DispatchWorld) -> None:
    raise_alert(world, min_ago=4.9)
    assert state_of(world).failed_places == ()
    world.sql("UPDATE alerts SET ceased_at = %s", (world.now,))
    world.now += minutes(1)
    assert state_of(world).failed_places == ()


def raise_alert(world: DispatchWorld, *, min_ago: float = 5) -> None:
    """Let the judge have raised it; for five minutes dispatch isn't sure."""
    world.sql(
        "INSERT INTO alerts (cause, kind, severity, place_id, level, raised_at) "
        "VALUES ('reefer_failed:van-1.chilled', 'reefer_failed', 'critical', 'van-1.chilled', 1, "
        "%s)",
        (world.now - minutes(min_ago),),
    )


def test_all_boxes_of_a_failed_compartment_are_asked_about_once(world: DispatchWorld) -> None:
    for k in (1, 2, 3):
        world.order(f"order-{k}", east_km=2.0 * k)
    out(world, "order-1", "order-2", "order-3")
    raise_alert(world)
    world.step()
    rows = world.sql("SELECT order_id, cause, chosen FROM rescues ORDER BY order_id")
    assert [(order, cause) for order, cause, _ in rows] == [
        (f"order-{k}", "cooling_failed") for k in (1, 2, 3)
    ]
    world.step(after_min=1)
    assert world.sql("SELECT count(*) FROM rescues") == [(3,)]


def test_a_relay_van_meets_the_one_that_warms(world: DispatchWorld) -> None:
    """The van goes 3 km west, then 12 km east; boxes worth 900 yuan each are about to spoil.

    Its compartment fails, the relay van's cools: it is there in 10 minutes.
    """
    world.order("order-1", east_km=-3.0)
    world.order("order-2", east_km=9.0)
    out(world, "order-1", "order-2")
    raise_alert(world)
    for order_id in ("order-1", "order-2"):
        forecast(world, order_id, 0, 0, 1)
        excursion(
            world,
            order_id,
            severity="warning",
            excursion_id=int(order_id[-1]),
            from_at=world.now - timedelta(minutes=20),
        )
    world.step()
    chosen = dict(world.sql("SELECT order_id, chosen FROM rescues"))
    assert "relay" in chosen.values()
    meets = world.sql(
        "SELECT vehicle_id, lat_deg, lon_deg FROM plan_stops "
        "WHERE kind = 'meet' AND to_version IS NULL ORDER BY vehicle_id"
    )
    assert {vehicle for vehicle, _, _ in meets} == {"relay-1", "van-1"}
    assert len({(lat, lon) for _, lat, lon in meets}) == 1
    rescued = {order for order, action in chosen.items() if action == "relay"}
    assert set(world.planned()["relay-1"]) == rescued
