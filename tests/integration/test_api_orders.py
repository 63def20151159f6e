"""Orders, loggers, places, bindings and stays, over HTTP and a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.api_world import BOX_LOGGER, OTHER_LOGGER, T0, World, iso, minutes

NEW_ORDER = {
    "order_id": "order-1",
    "member_id": "m-1",
    "member_level": "gold",
    "placed_at": iso(T0),
    "consignments": [{"zone": "chilled"}, {"zone": "frozen"}],
}


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Orders ------------------------------------------------------------------------------------------


def test_an_order_opens_a_consignment_for_each_zone_under_its_policy(world: World) -> None:
    order = world.order("order-1", "chilled", "frozen")
    assert [c["consignment_id"] for c in order["consignments"]] == [
        "order-1.frozen",
        "order-1.chilled",
    ]
    # The policies that come along: frozen at or below -18 °C, chilled 0 to 4 °C.
    assert [c["policy"] for c in order["consignments"]] == [
        {"policy_id": "frozen", "version": 2, "lower_c": None, "upper_c": -18.0},
        {"policy_id": "chilled", "version": 2, "lower_c": 0.0, "upper_c": 4.0},
    ]
    assert order["time_zone"] == "Asia/Shanghai"
    assert order["milestones"] == [{"milestone": "placed", "at": "2026-11-21T02:00:00Z"}]
    found = world.get("/orders/order-1")
    unjudged = {"verdict": None, "excursions": [], "forecast": None}
    assert found == order | {"consignments": [c | unjudged for c in order["consignments"]]}


def test_an_order_appends_to_touched_and_events_at_once(world: World) -> None:
    world.order()
    assert world.sql("SELECT order_id, place_id, logger_key FROM touched") == [
        ("order-1", None, None)
    ]
    assert world.sql("SELECT type, order_id FROM events") == [
        ("frostline.order.created", "order-1")
    ]


def test_a_repeated_key_gives_the_first_answer_again(world: World) -> None:
    key = {"Idempotency-Key": "key-1"}
    first = world.post("/orders", NEW_ORDER, **key)
    world.put("/orders/order-1/milestones/packed", {"at": iso(T0)})
    again = world.post("/orders", NEW_ORDER, **key)
    assert again == first
    assert world.sql("SELECT count(*) FROM orders") == [(1,)]


def test_a_repeated_key_with_another_body_is_a_conflict(world: World) -> None:
    key = {"Idempotency-Key": "key-1"}
    world.post("/orders", NEW_ORDER, **key)
    problem = world.post("/orders", NEW_ORDER | {"member_id": "m-2"}, status=409, **key)
    assert problem["type"] == "urn:frostline:problem:key-reused"


def test_a_key_stands_for_one_token_only(world: World) -> None:
    key = {"Idempotency-Key": "key-1"}
    world.post("/orders", NEW_ORDER, **key)
    other = key | world.bearer("orders:write")
    problem = world.post("/orders", NEW_ORDER, status=409, **other)
    assert problem["type"] == "urn:frostline:problem:already-exists"


def test_a_key_may_be_used_again_once_its_answer_is_forgotten(world: World) -> None:
    key = {"Idempotency-Key": "key-1"}
    world.fixed_now = T0
    world.post("/orders", NEW_ORDER, **key)
    world.fixed_now = T0 + timedelta(hours=world.settings.idempotency_hours, seconds=1)
    world.post("/orders", NEW_ORDER | {"order_id": "order-2"}, **key)
    assert world.sql("SELECT count(*) FROM idempotency_keys") == [(1,)]


def test_two_requests_with_one_key_at_once_create_one_order(world: World) -> None:
    headers = {"Idempotency-Key": "key-1"}

    def create(_: int) -> tuple[int, object]:
        answer = world.client.post("/orders", json=NEW_ORDER, headers=headers)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(create, range(4)))
    assert [status for status, _ in answers] == [201] * 4
    assert all(body == answers[0][1] for _, body in answers)
    assert world.sql("SELECT count(*) FROM events") == [(1,)]


def test_a_taken_order_id_or_consignment_id_is_a_conflict_and_nothing_is_written(
    world: World,
) -> None:
    world.order()
    taken = {
        **NEW_ORDER,
        "order_id": "order-2",
        "consignments": [{"zone": "chilled", "consignment_id": "order-1.chilled"}],
    }
    world.post("/orders", NEW_ORDER, status=409, **{"Idempotency-Key": "key-2"})
    world.post("/orders", taken, status=409, **{"Idempotency-Key": "key-3"})
    assert world.sql("SELECT order_id FROM orders") == [("order-1",)]


def test_an_order_id_too_long_for_its_consignments_asks_for_their_ids(world: World) -> None:
    # An id has 63 characters at most, and ".chilled" is 8 of them.
    assert world.order("o" * 55)["consignments"][0]["consignment_id"] == "o" * 55 + ".chilled"
    body = NEW_ORDER | {"order_id": "o" * 56, "consignments": [{"zone": "chilled"}]}
    problem = world.post("/orders", body, status=422, **{"Idempotency-Key": "long"})
    assert "give consignment_id" in problem["detail"]
    named = [{"zone": "chilled", "consignment_id": "box-1"}]
    longest = body | {"order_id": "o" * 63, "consignments": named}
    world.post("/orders", longest, **{"Idempotency-Key": "longest"})


def test_a_policy_of_another_zone_is_not_found(world: World) -> None:
    order = NEW_ORDER | {"consignments": [{"zone": "chilled", "policy_id": "frozen"}]}
    world.post("/orders", order, status=404, **{"Idempotency-Key": "key-1"})


def test_orders_are_listed_in_pages(world: World) -> None:
    for number in range(3):
        world.order(f"order-{number}")
    first = world.get("/orders", limit=2)
    rest = world.get("/orders", limit=2, after=first[-1]["order_id"])
    assert [o["order_id"] for o in [*first, *rest]] == ["order-0", "order-1", "order-2"]


# Milestones --------------------------------------------------------------------------------------


def test_a_milestone_is_reached_once_and_repeating_it_changes_nothing(world: World) -> None:
    world.order()
    reached = {"at": iso(T0 + minutes(20))}
    first = world.put("/orders/order-1/milestones/packed", reached)
    assert world.put("/orders/order-1/milestones/packed", reached) == first
    told = world.sql("SELECT data ->> 'step' FROM events WHERE type = 'frostline.order.milestone'")
    assert told == [("packed",)]
    other = {"at": iso(T0 + minutes(21))}
    problem = world.put("/orders/order-1/milestones/packed", other, status=409)
    assert "2026-11-21T02:20:00" in problem["detail"]


@pytest.mark.parametrize("end", ["delivered", "cancelled"])
def test_the_end_of_a_journey_closes_its_boxes_and_frees_their_loggers(
    world: World, end: str
) -> None:
    world.shipped_order()
    world.place()
    stay = {"consignment_id": "order-1.chilled", "place_id": "van-1", "from_at": iso(T0)}
    world.post("/stays", stay)
    order = world.put(f"/orders/order-1/milestones/{end}", {"at": iso(T0 + minutes(90))})
    (consignment,) = order["consignments"]
    (binding,) = consignment["bindings"]
    (stayed,) = consignment["stays"]
    ended = "2026-11-21T03:30:00Z"
    assert consignment["closed_at"] == binding["until_at"] == stayed["until_at"] == ended
    assert (binding["closed_by"], binding["closed_why"]) == ("a test", end)


@pytest.mark.parametrize("end", ["delivered", "cancelled"])
def test_the_end_of_a_journey_frees_what_was_bound_until_later(world: World, end: str) -> None:
    world.order()
    world.logger()
    world.place()
    span = {"consignment_id": "order-1.chilled", "until_at": iso(T0 + minutes(240))}
    world.bind(BOX_LOGGER, T0, **span)
    world.post("/stays", span | {"place_id": "van-1", "from_at": iso(T0)})
    order = world.put(f"/orders/order-1/milestones/{end}", {"at": iso(T0 + minutes(90))})
    (consignment,) = order["consignments"]
    (binding,) = consignment["bindings"]
    (stayed,) = consignment["stays"]
    assert binding["until_at"] == stayed["until_at"] == "2026-11-21T03:30:00Z"
    assert binding["closed_why"] == end


def test_what_ended_before_the_journey_did_keeps_its_end(world: World) -> None:
    world.order()
    world.logger()
    world.bind(BOX_LOGGER, T0, consignment_id="order-1.chilled", until_at=iso(T0 + minutes(30)))
    world.put("/orders/order-1/milestones/delivered", {"at": iso(T0 + minutes(90))})
    assert world.sql("SELECT upper(during), closed_why FROM bindings") == [(T0 + minutes(30), None)]


def test_a_logger_taken_over_while_its_order_is_delivered_keeps_its_new_binding(
    world: World, wait_until
) -> None:
    world.shipped_order()
    world.order("order-2")
    delivered = {"at": iso(T0 + minutes(90))}
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(world.settings.database_url) as takeover,
    ):
        takeover.execute("SELECT FROM loggers FOR UPDATE")
        waiting = pool.submit(world.put, "/orders/order-1/milestones/delivered", delivered)
        wait_until(lambda: is_somebody_waiting(world), what="the delivery to wait")
        takeover.execute(
            "UPDATE bindings SET closed_why = 'taken over', during = tstzrange(lower(during), %s)",
            (T0 + minutes(60),),
        )
        takeover.execute(
            "INSERT INTO bindings (logger_id, consignment_id, during, bound_by) "
            "VALUES (%s, 'order-2.chilled', tstzrange(%s, NULL), 'another')",
            (BOX_LOGGER, T0 + minutes(60)),
        )
        takeover.commit()
        waiting.result()
    bindings = "SELECT lower(during), upper(during), closed_why FROM bindings ORDER BY during"
    assert world.sql(bindings) == [
        (T0, T0 + minutes(60), "taken over"),
        (T0 + minutes(60), None, None),
    ]


def test_an_end_waits_for_a_takeover_and_then_sees_it(world: World, wait_until) -> None:
    world.shipped_order()
    ((binding_id,),) = world.sql("SELECT binding_id FROM bindings")
    end = {"at": iso(T0 + minutes(90)), "why": "box unpacked"}
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(world.settings.database_url) as takeover,
    ):
        takeover.execute("SELECT FROM loggers FOR UPDATE")
        path = f"/bindings/{binding_id}/end"
        waiting = pool.submit(world.post, path, end, status=409)
        wait_until(lambda: is_somebody_waiting(world), what="the end to wait")
        takeover.execute(
            "UPDATE bindings SET during = tstzrange(lower(during), %s)", (T0 + minutes(60),)
        )
        takeover.commit()
        assert waiting.result()["type"] == "urn:frostline:problem:already-closed"


def is_somebody_waiting(world: World) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
    return world.sql(f"{waiting} current_database()") == [(1,)]


def test_a_closed_box_takes_no_logger(world: World) -> None:
    world.shipped_order()
    world.put("/orders/order-1/milestones/delivered", {"at": iso(T0 + minutes(90))})
    problem = world.bind(
        BOX_LOGGER, T0 + minutes(100), consignment_id="order-1.chilled", status=409
    )
    assert problem["type"] == "urn:frostline:problem:already-closed"


def test_a_journey_that_ends_before_its_binding_began_still_ends(world: World) -> None:
    world.shipped_order()
    world.put("/orders/order-1/milestones/cancelled", {"at": iso(T0)})
    assert world.sql("SELECT upper(during) - lower(during) FROM bindings") == [
        (timedelta(milliseconds=1),)
    ]


# Loggers and places ------------------------------------------------------------------------------


def test_a_logger_is_registered_and_then_changed(world: World) -> None:
    first = world.put("/loggers/c4a5e3000001", {"label": "Box 1"}, status=201)
    again = world.put(f"/loggers/{BOX_LOGGER}", {"label": "Box 2"}, status=200)
    assert (first["logger_id"], first["label"]) == (BOX_LOGGER, "Box 1")
    assert (again["label"], again["registered_at"]) == ("Box 2", first["registered_at"])


def test_a_logger_that_nobody_registered_is_listed_as_unassigned(world: World) -> None:
    world.logger()
    world.hear(OTHER_LOGGER, [(T0, 3.21)])
    assert [row["logger_id"] for row in world.get("/loggers", unassigned=True)] == [OTHER_LOGGER]
    assert [row["logger_id"] for row in world.get("/loggers")] == [BOX_LOGGER, OTHER_LOGGER]


def test_a_place_is_registered_and_then_changed(world: World) -> None:
    world.place()
    world.put("/places/van-1", {"kind": "vehicle", "name": "Van 1b", "zone": "frozen"})
    assert world.get("/places/van-1")["name"] == "Van 1b"
    assert [place["place_id"] for place in world.get("/places")] == ["van-1"]


# Bindings ----------------------------------------------------------------------------------------


def test_binding_a_logger_takes_it_over_with_who_and_why(world: World) -> None:
    world.shipped_order()
    world.order("order-2")
    opened = world.bind(
        BOX_LOGGER, T0 + minutes(60), consignment_id="order-2.chilled", by="packing-desk-2"
    )
    (closed,) = opened["closed"]
    assert closed["until_at"] == opened["binding"]["from_at"] == "2026-11-21T03:00:00Z"
    assert closed["closed_by"] == "packing-desk-2"
    assert closed["closed_why"] == "taken over by consignment order-2.chilled"
    history = world.get(f"/loggers/{BOX_LOGGER}/bindings")
    assert [b["consignment_id"] for b in history] == ["order-2.chilled", "order-1.chilled"]


def test_a_takeover_touches_both_orders_and_the_logger(world: World) -> None:
    world.shipped_order()
    world.order("order-2")
    world.hear(BOX_LOGGER, [(T0, 2.0)])
    world.sql("TRUNCATE touched, events")
    world.bind(BOX_LOGGER, T0 + minutes(60), consignment_id="order-2.chilled")
    ((key,),) = world.sql("SELECT logger_key FROM heard_loggers")
    touched = world.sql("SELECT order_id, logger_key, from_at FROM touched ORDER BY touched_id")
    assert touched == [
        ("order-1", None, T0 + minutes(60)),
        (None, key, T0 + minutes(60)),
        ("order-2", None, T0 + minutes(60)),
        (None, key, T0 + minutes(60)),
    ]
    assert world.sql("SELECT type, order_id, logger_keys FROM events ORDER BY event_id") == [
        ("frostline.binding.ended", "order-1", [key]),
        ("frostline.binding.opened", "order-2", [key]),
    ]


def test_without_takeover_a_taken_logger_is_a_conflict(world: World) -> None:
    world.shipped_order()
    world.order("order-2")
    problem = world.bind(
        BOX_LOGGER,
        T0 + minutes(60),
        consignment_id="order-2.chilled",
        takeover=False,
        status=409,
    )
    assert problem["type"] == "urn:frostline:problem:binding-overlaps"
    assert world.sql("SELECT count(*), count(upper(during)) FROM bindings") == [(1, 0)]


def test_the_same_binding_again_gives_200_and_changes_nothing(world: World) -> None:
    world.shipped_order()
    events = world.sql("SELECT count(*) FROM events")
    again = world.bind(BOX_LOGGER, T0, consignment_id="order-1.chilled", status=200)
    assert again["closed"] == []
    assert world.sql("SELECT count(*) FROM events") == events


def test_a_logger_nobody_registered_is_not_bound(world: World) -> None:
    world.order()
    problem = world.bind(BOX_LOGGER, T0, consignment_id="order-1.chilled", status=404)
    assert "registered logger" in problem["detail"]


def test_two_takeovers_at_once_leave_no_overlap(world: World) -> None:
    world.shipped_order()
    for number in range(2, 6):
        world.order(f"order-{number}")

    def bind(number: int) -> int:
        body = {
            "logger_id": BOX_LOGGER,
            "consignment_id": f"order-{number}.chilled",
            "from_at": iso(T0 + minutes(60)),
        }
        return world.client.post("/bindings", json=body).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(bind, range(2, 6)))
    assert statuses == [201, 409, 409, 409]
    assert world.sql("SELECT count(*) FROM bindings WHERE upper(during) IS NULL") == [(1,)]


def test_the_database_itself_refuses_an_overlap(world: World) -> None:
    world.shipped_order()
    insert = (
        "INSERT INTO bindings (logger_id, consignment_id, during, bound_by) "
        "VALUES (%s, 'order-1.chilled', tstzrange(%s, NULL), 'by hand')"
    )
    with pytest.raises(psycopg.errors.ExclusionViolation, match="bindings_do_not_overlap"):
        world.sql(insert, BOX_LOGGER, T0 + minutes(5))


def test_a_binding_is_ended_with_a_reason_and_only_once(world: World) -> None:
    world.shipped_order()
    ((binding_id,),) = world.sql("SELECT binding_id FROM bindings")
    end = {"at": iso(T0 + minutes(30)), "why": "box unpacked"}
    ended = world.post(f"/bindings/{binding_id}/end", end, status=200)
    assert (ended["closed_by"], ended["closed_why"]) == ("a test", "box unpacked")
    world.post(f"/bindings/{binding_id}/end", end, status=409)
    world.post("/bindings/999/end", end, status=404)
    early = end | {"at": iso(T0)}
    problem = world.post(f"/bindings/{binding_id}/end", early, status=409)
    assert problem["type"] == "urn:frostline:problem:ends-before-start"


# Stays -------------------------------------------------------------------------------------------


def test_a_box_stands_in_one_place_at_a_time(world: World) -> None:
    world.order()
    world.place("room-1", "Room 1")
    world.place("van-1", "Van 1")
    stay = {"consignment_id": "order-1.chilled", "place_id": "room-1", "from_at": iso(T0)}
    world.post("/stays", stay)
    moved = stay | {"place_id": "van-1", "from_at": iso(T0 + minutes(30))}
    second = world.post("/stays", moved)
    world.post("/stays", stay | {"from_at": iso(T0 + minutes(10))}, status=409)
    left = {"at": iso(T0 + minutes(50))}
    world.post(f"/stays/{second['stay_id']}/end", left, status=200)
    (consignment,) = world.get("/orders/order-1")["consignments"]
    assert [(s["place_id"], at(s["from_at"]), at(s["until_at"])) for s in consignment["stays"]] == [
        ("room-1", T0, T0 + minutes(30)),
        ("van-1", T0 + minutes(30), T0 + minutes(50)),
    ]
