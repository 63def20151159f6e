"""Promises that are read again, offers that are answered, and batches of orders."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.api_world import T0, World, iso, minutes
from tests.conftest import WaitUntil
from tests.intake_world import answer, dispatcher, order, put_city

LATER = T0 + timedelta(hours=6)
OFFERS = json.dumps(
    [
        {"due_at": iso(LATER), "depot_id": "depot-1"},
        {"due_at": iso(T0 + minutes(240)), "locker_id": "locker-4"},
    ]
)


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api with a city, at a fixed time."""
    wiped_world.fixed_now = T0
    put_city(wiped_world)
    return wiped_world


def request(world: World, order_id: str = "order-1") -> None:
    headers = {"Idempotency-Key": f"key-{order_id}"}
    world.post("/orders?wait_s=0", order(order_id), status=202, **headers)


@pytest.fixture
def offered(world: World) -> World:
    """Lend a world in which two offers were made for order-1."""
    request(world)
    with dispatcher(world) as connection:
        answer(connection, "order-1", at=T0 + minutes(1), offers=OFFERS)
    world.fixed_now = T0 + minutes(2)
    return world


def accept(world: World, offer: int | None, *, status: int = 202, wait_s: float = 0) -> Any:
    return world.post(f"/orders/order-1/offer?wait_s={wait_s}", {"offer": offer}, status=status)


def promise(world: World, order_id: str = "order-1") -> Any:
    return world.get(f"/orders/{order_id}/promise")


# Promises ----------------------------------------------------------------------------------------


def test_a_promise_is_requested_until_the_dispatcher_answers(world: World) -> None:
    request(world)
    assert promise(world)["state"] == "requested"
    with dispatcher(world) as connection:
        assert "has not answered yet" in promise(world)["reason"]
        answer(connection, "order-1", at=T0, due_at=LATER)
    assert promise(world)["state"] == "promised"
    assert promise(world)["due_at"] == "2026-11-21T08:00:00Z"
    # An order is due when it was promised: the member's page and the lists say so, too.
    assert world.get("/orders/order-1")["due_at"] == "2026-11-21T08:00:00Z"
    assert [o["due_at"] for o in world.get("/orders")] == ["2026-11-21T08:00:00Z"]


def test_an_order_that_is_not_there_was_promised_nothing(world: World) -> None:
    assert world.client.get("/orders/order-1/promise").status_code == 404


@pytest.mark.parametrize("state", ["requested", "promised"])
def test_a_cancelled_order_is_promised_nothing(world: World, state: str) -> None:
    request(world)
    if state == "promised":
        with dispatcher(world) as connection:
            answer(connection, "order-1", at=T0, due_at=LATER)
    world.put("/orders/order-1/milestones/cancelled", {"at": iso(T0 + minutes(5))})
    found = promise(world)
    assert (found["state"], found["due_at"]) == ("cancelled", None)
    assert found["reason"] == "The order was cancelled at 2026-11-21T02:05:00+00:00."
    assert "is cancelled; nothing is offered" in accept(world, 0, status=409)["detail"]


# Offers ------------------------------------------------------------------------------------------


def test_offers_come_with_the_answer(offered: World) -> None:
    found = promise(offered)
    assert (found["state"], found["due_at"]) == ("offered", None)
    assert [offer["locker_id"] for offer in found["offers"]] == [None, "locker-4"]


def test_an_accepted_offer_waits_for_its_promise(offered: World, wait_until: WaitUntil) -> None:
    with dispatcher(offered) as connection, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(accept, offered, 0, status=200, wait_s=10)
        wait_until(lambda: offered.sql("SELECT offer FROM offer_answers"), what="the answer")
        answer(connection, "order-1", at=T0 + minutes(3), due_at=LATER)
        made = asked.result()
    assert (made["state"], made["accepted_offer"]) == ("promised", None)
    assert accept(offered, 0, status=200) == made  # said again


def test_without_a_dispatcher_an_accepted_offer_stands_until_there_is_one(offered: World) -> None:
    made = accept(offered, 1)
    assert (made["state"], made["accepted_offer"]) == ("offered", 1)
    assert "No dispatcher runs" in made["reason"]
    assert accept(offered, 1) == made
    told = offered.sql("SELECT data FROM events WHERE type = 'frostline.order.offer_answered'")
    assert told == [({"offer": 1},)]


def test_another_answer_to_the_same_offers_is_refused(offered: World) -> None:
    accept(offered, 1)
    problem = accept(offered, 0, status=409)
    assert problem["detail"] == ("Offer 1 was accepted at 2026-11-21T02:02:00+00:00; that stands.")


def test_new_offers_are_answered_anew(offered: World) -> None:
    accept(offered, 1)
    with dispatcher(offered) as connection:
        answer(connection, "order-1", at=T0 + minutes(3), offers=OFFERS)
    assert promise(offered)["accepted_offer"] is None
    offered.fixed_now = T0 + minutes(4)
    assert accept(offered, 0)["accepted_offer"] == 0


def test_declining_all_offers_cancels_the_order(offered: World) -> None:
    accept(offered, None, status=200)
    journey = [m["milestone"] for m in offered.get("/orders/order-1")["milestones"]]
    assert journey == ["placed", "cancelled"]
    accept(offered, None, status=200)
    assert "were declined" in accept(offered, 0, status=409)["detail"]


@pytest.mark.parametrize(("offer", "status"), [(1, 202), (2, 409), (-1, 422), (True, 422)])
def test_only_what_is_offered_can_be_accepted(offered: World, offer: Any, status: int) -> None:
    accept(offered, offer, status=status)


def test_an_offer_whose_time_is_over_is_refused(offered: World) -> None:
    offered.fixed_now = T0 + minutes(240)
    assert "that is over" in accept(offered, 1, status=409)["detail"]
    accept(offered, 0)


@pytest.mark.parametrize("state", ["requested", "promised"])
def test_nothing_is_accepted_where_nothing_is_offered(world: World, state: str) -> None:
    request(world)
    if state == "promised":
        with dispatcher(world) as connection:
            answer(connection, "order-1", at=T0, due_at=LATER)
    problem = accept(world, 0, status=409)
    assert problem["detail"] == f"The order is {state}; nothing is offered."


def test_an_order_that_others_deliver_is_offered_nothing(world: World) -> None:
    world.order()
    accept(world, 0, status=404)


# Batches -----------------------------------------------------------------------------------------


def send(world: World, *orders: Any, status: int = 200, key: str = "b-1", **more: Any) -> Any:
    body = {"orders": list(orders), **more}
    return world.post("/orders/batch?wait_s=0", body, status=status, **{"Idempotency-Key": key})


def test_each_order_of_a_batch_has_its_answer(world: World) -> None:
    request(world, "order-0")
    plain = {name: value for name, value in order("plain").items() if name != "delivery"}
    outside = order("outside", lat_deg=31.35)
    made = send(world, order("order-1"), order("order-0"), outside, plain)
    assert (made["written"], made["refused"]) == (2, 2)
    assert [(item["order_id"], item["status"]) for item in made["orders"]] == [
        ("order-1", 202),
        ("order-0", 409),
        ("outside", 409),
        ("plain", 201),
    ]
    assert made["orders"][0]["promise"]["state"] == "requested"
    assert made["orders"][2]["problem"]["type"] == "urn:frostline:problem:not-delivered"
    written = world.sql("SELECT order_id FROM orders ORDER BY order_id")
    assert written == [("order-0",), ("order-1",), ("plain",)]


def test_all_or_nothing_writes_nothing_where_one_is_refused(world: World) -> None:
    orders = order("order-1"), order("outside", lat_deg=31.35)
    problem = send(world, *orders, status=409, all_or_nothing=True)
    assert problem["errors"] == [
        {
            "where": "body.orders[1]",
            "what": "31.35, 121.45 lies outside the areas where shanghai delivers.",
        }
    ]
    assert world.sql("SELECT order_id FROM orders") == []
    # The key is not used up: the same batch, mended, goes through.
    assert send(world, order("order-1"), all_or_nothing=True)["written"] == 1


def test_a_batch_with_a_malformed_order_is_told_which(world: World) -> None:
    problem = send(world, order("order-1"), order("order-2", lat_deg=0, lon_deg=0), status=422)
    assert "body.orders[1].delivery" in problem["detail"]
    assert world.sql("SELECT order_id FROM orders") == []


def test_an_order_stands_in_a_batch_once(world: World) -> None:
    problem = send(world, order("order-1"), order("order-1"), status=422)
    assert "order-1 stands in the batch twice" in problem["detail"]


def test_a_repeated_batch_writes_nothing_again(world: World) -> None:
    first = send(world, order("order-1"), order("order-2"))
    with dispatcher(world) as connection:
        answer(connection, "order-2", at=T0, due_at=LATER)
    again = send(world, order("order-1"), order("order-2"))
    assert [item["status"] for item in first["orders"]] == [202, 202]
    assert [item["status"] for item in again["orders"]] == [202, 201]
    assert again["orders"][1]["promise"]["due_at"] == "2026-11-21T08:00:00Z"
    problem = send(world, order("order-1"), status=409)
    assert problem["type"] == "urn:frostline:problem:key-reused"
