"""Packing, handovers, arrival estimates, complaints and intakes, over HTTP and a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.api_findings import LATER
from tests.api_world import BOX_LOGGER, T0, World, iso, minutes

PACKING = {
    "packed_at": iso(T0),
    "box_serial": "EPP-0417",
    "box_material": "epp",
    "pack_kind": "ice",
    "pack_kg": 1.2,
    "product_kg": 3.5,
}
COMPLAINT = {
    "complaint_id": "c-1",
    "order_id": "order-1",
    "severity": "minor",
    "at": iso(T0 + minutes(120)),
    "amount": 1500,
    "comment": "Bruised.\nTwo boxes of them.",
}
INTAKE = {
    "intake_id": "in-1",
    "supplier": "North Sea Salmon",
    "batch": "L-4",
    "logger_id": BOX_LOGGER,
    "policy_id": "chilled",
    "from_at": iso(T0 - minutes(600)),
    "until_at": iso(T0),
}


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


def create(world: World, *consignments: dict[str, Any], status: int = 201, **more: Any) -> Any:
    body = {
        "order_id": "order-1",
        "member_id": "m-1",
        "member_level": "gold",
        "placed_at": iso(T0),
        "consignments": list(consignments),
        **more,
    }
    return world.post("/orders", body, status=status, **{"Idempotency-Key": "key-1"})


def hand_over(
    world: World, step: str, *, after_min: float = 60, status: int = 201, **more: Any
) -> Any:
    body = {"step": step, "at": iso(T0 + minutes(after_min)), "person": "courier-12", **more}
    return world.post("/orders/order-1/handovers", body, status=status)


def milestones_of(world: World) -> list[str]:
    return [m["milestone"] for m in world.get("/orders/order-1")["milestones"]]


def closed_of(world: World) -> dict[str, str | None]:
    consignments = world.get("/orders/order-1")["consignments"]
    return {c["zone"]: c["closed_at"] for c in consignments}


def steps_told(world: World) -> list[tuple[str, str | None]]:
    rows = world.sql(
        "SELECT data ->> 'step', data ->> 'consignment_id' FROM events "
        "WHERE type = 'frostline.order.milestone' ORDER BY event_id"
    )
    return [(step, consignment_id) for step, consignment_id in rows]


# What an order is worth, and how it was packed ---------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"product_kg": 0}, "greater than or equal to 0.01"),
        ({"product_kg": 0.001}, "greater than or equal to 0.01"),
        ({"pack_kg": 0}, "give what the pack weighs"),
        ({"pack_kg": 0.001}, "give what the pack weighs"),
    ],
)
def test_goods_and_packs_weigh_something(
    world: World, changes: dict[str, float], says: str
) -> None:
    create(world, {"zone": "chilled"})
    path = "/consignments/order-1.chilled/packing"
    assert says in world.put(path, PACKING | changes, status=422)["detail"]
    world.put(path, PACKING | {"pack_kind": "none", "pack_kg": 0})


def test_an_order_says_what_it_is_worth_and_how_it_was_packed(world: World) -> None:
    goods = {"zone": "chilled", "goods_value": 12_800, "packing": PACKING}
    order = create(world, goods, currency="EUR", delivery_fee=600)
    assert (order["currency"], order["delivery_fee"]) == ("EUR", 600)
    (consignment,) = order["consignments"]
    assert consignment["goods_value"] == 12_800
    assert consignment["packing"] == {
        **PACKING,
        "packed_at": "2026-11-21T02:00:00Z",
        "wall_w_per_k": None,
    }


def test_without_them_an_order_is_in_yuan_and_worth_nobody_knows_what(world: World) -> None:
    order = world.order()
    assert (order["currency"], order["delivery_fee"]) == ("CNY", 0)
    (consignment,) = order["consignments"]
    assert (consignment["goods_value"], consignment["packing"]) == (None, None)


def load_policy(world: World, policy_id: str, version: int, product_class: str) -> None:
    world.sql(
        "INSERT INTO policies (policy_id, version, zone, upper_c, source, product_class, loaded_at)"
        " VALUES (%s, %s, 'chilled', 8, 'a test', %s, %s)",
        policy_id,
        version,
        product_class,
        LATER,
    )


def test_goods_of_a_class_are_held_to_its_newest_policy(world: World) -> None:
    load_policy(world, "raw-fish", 1, "fish")
    load_policy(world, "raw-fish", 2, "fish")
    named = {"zone": "chilled", "product_class": "fish", "policy_id": "chilled"}
    order = create(
        world,
        {"zone": "chilled", "product_class": "fish", "consignment_id": "by-class"},
        named | {"consignment_id": "by-name"},
    )
    policies = {c["consignment_id"]: c["policy"] for c in order["consignments"]}
    assert (policies["by-class"]["policy_id"], policies["by-class"]["version"]) == ("raw-fish", 2)
    assert policies["by-name"]["policy_id"] == "chilled"


@pytest.mark.parametrize("zone", ["chilled", "frozen"])
def test_a_class_without_a_policy_in_its_zone_is_told_so(world: World, zone: str) -> None:
    load_policy(world, "raw-fish", 1, "fish" if zone == "frozen" else "meat")
    problem = create(world, {"zone": zone, "product_class": "fish"}, status=404)
    assert problem["detail"] == f"There is no policy for {zone} goods of the class fish."


def test_an_order_is_not_due_before_it_is_placed(world: World) -> None:
    early = create(world, {"zone": "chilled"}, due_at=iso(T0 - minutes(1)), status=422)
    assert "due_at is before placed_at" in early["detail"]
    assert create(world, {"zone": "chilled"}, due_at=iso(T0))["due_at"] == "2026-11-21T02:00:00Z"


def test_a_box_that_is_packed_anew_is_judged_anew(world: World) -> None:
    create(world, {"zone": "chilled", "packing": PACKING})
    world.sql("TRUNCATE touched")
    body = {"packed_at": iso(T0 + minutes(5)), "pack_kind": "dry_ice", "wall_w_per_k": 0.66}
    order = world.put("/consignments/order-1.chilled/packing", body)
    (consignment,) = order["consignments"]
    assert consignment["packing"]["wall_w_per_k"] == 0.66
    assert consignment["packing"]["box_serial"] is None  # what stood before is not mixed in
    assert world.sql("SELECT order_id FROM touched") == [("order-1",)]
    world.put("/consignments/nothing/packing", body, status=404)


def test_a_logger_says_when_its_calibration_ends(world: World) -> None:
    world.put(f"/loggers/{BOX_LOGGER}", {"calibration_due_at": iso(T0)}, status=201)
    assert world.get(f"/loggers/{BOX_LOGGER}")["calibration_due_at"] == "2026-11-21T02:00:00Z"


# Handovers ---------------------------------------------------------------------------------------


def test_steps_are_kept_told_and_reach_their_milestones(world: World) -> None:
    world.order()
    world.place()
    for minute, step in enumerate(["packed", "loaded", "departed", "arrived", "opened"], 1):
        hand_over(world, step, after_min=minute, place_id="van-1", comment="fine")
    hand_over(world, "checked", after_min=9, consignment_id="order-1.chilled", temperature_c=3.4)
    assert milestones_of(world) == ["placed", "packed", "departed", "arrived"]
    listed = world.get("/orders/order-1/handovers")
    assert [h["step"] for h in listed][-2:] == ["opened", "checked"]
    assert listed[-1]["temperature_c"] == 3.4
    assert steps_told(world)[-1] == ("checked", "order-1.chilled")
    assert closed_of(world) == {"chilled": None}


def test_saying_a_step_again_adds_nothing(world: World) -> None:
    world.order()
    first = hand_over(world, "packed")
    assert hand_over(world, "packed", status=200) == first
    assert steps_told(world) == [("packed", None)]
    assert hand_over(world, "packed", after_min=61)["handover_id"] != first["handover_id"]
    assert world.sql("SELECT at FROM milestones WHERE milestone = 'packed'") == [
        (T0 + minutes(60),)
    ]


def test_a_signature_delivers_the_order_and_frees_its_loggers(world: World) -> None:
    world.shipped_order()
    hand_over(world, "signed", after_min=90)
    assert milestones_of(world) == ["placed", "delivered"]
    assert closed_of(world) == {"chilled": "2026-11-21T03:30:00Z"}
    (consignment,) = world.get("/orders/order-1")["consignments"]
    (binding,) = consignment["bindings"]
    assert (binding["closed_by"], binding["closed_why"]) == ("courier-12", "signed")
    assert steps_told(world) == [("signed", None), ("delivered", None)]


def test_a_journey_ends_with_its_last_box(world: World) -> None:
    world.order("order-1", "chilled", "frozen")
    hand_over(world, "refused", after_min=90, consignment_id="order-1.frozen")
    assert closed_of(world) == {"frozen": "2026-11-21T03:30:00Z", "chilled": None}
    assert "delivered" not in milestones_of(world)
    hand_over(world, "signed", after_min=91, consignment_id="order-1.chilled")
    assert closed_of(world)["chilled"] == "2026-11-21T03:31:00Z"
    assert milestones_of(world) == ["placed", "delivered"]


@pytest.mark.parametrize("step", ["refused", "returned"])
def test_an_order_that_nobody_signed_for_is_not_delivered(world: World, step: str) -> None:
    world.order()
    hand_over(world, step)
    assert closed_of(world) == {"chilled": "2026-11-21T03:00:00Z"}
    assert milestones_of(world) == ["placed"]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("refused", "This order was not accepted, and goes back."),
        ("returned", "This order went back."),
    ],
)
def test_the_page_says_that_an_order_went_back_once_its_last_box_did(
    world: World, step: str, says: str
) -> None:
    world.order("order-1", "frozen", "chilled")

    def page() -> str:
        return world.client.get(world.link("order-1"), headers={"Accept-Language": "en"}).text

    hand_over(world, step, consignment_id="order-1.frozen")
    assert says not in page()
    hand_over(world, step, after_min=61, consignment_id="order-1.chilled")
    assert says in page()


def test_a_cancelled_order_is_not_delivered_by_a_signature(world: World) -> None:
    world.order()
    world.put("/orders/order-1/milestones/cancelled", {"at": iso(T0 + minutes(30))})
    hand_over(world, "signed")
    assert milestones_of(world) == ["placed", "cancelled"]
    assert closed_of(world) == {"chilled": "2026-11-21T02:30:00Z"}


def test_a_handover_names_what_is_there(world: World) -> None:
    world.order()
    world.order("order-2")
    hand_over(world, "opened", place_id="nowhere", status=404)
    hand_over(world, "opened", consignment_id="order-2.chilled", status=404)
    body = {"step": "opened", "at": iso(T0), "person": "courier-12"}
    world.post("/orders/order-404/handovers", body, status=404)
    assert world.client.get("/orders/order-404/handovers").status_code == 404
    assert world.get("/orders/order-1/handovers") == []


@pytest.mark.parametrize(
    ("temperature_c", "status"), [(None, 422), (-90.1, 422), (-90, 201), (90, 201), (90.1, 422)]
)
def test_a_check_needs_a_temperature_that_can_be(
    world: World, temperature_c: float | None, status: int
) -> None:
    world.order()
    answer = hand_over(world, "checked", temperature_c=temperature_c, status=status)
    if temperature_c is None:
        assert "checked needs temperature_c" in answer["detail"]


# Arrival -----------------------------------------------------------------------------------------


def test_an_arrival_is_estimated_again_and_again_and_told_when_it_changes(world: World) -> None:
    world.order()
    path = "/orders/order-1/arrival-estimate"
    first = world.put(path, {"arrives_at": iso(T0 + minutes(90))})
    assert world.put(path, {"arrives_at": iso(T0 + minutes(90)), "by": "another"}) == first
    world.put(path, {"arrives_at": iso(T0 + minutes(95))})
    told = "SELECT count(*) FROM events WHERE type = 'frostline.order.arrival_estimated'"
    assert world.sql(told) == [(2,)]
    arrives = "SELECT arrives_at FROM arrival_estimates ORDER BY estimated_at"
    assert world.sql(arrives) == [(T0 + minutes(90),), (T0 + minutes(95),)]
    world.put("/orders/nothing/arrival-estimate", {"arrives_at": iso(T0)}, status=404)


# Complaints --------------------------------------------------------------------------------------


def test_a_complaint_is_written_once_and_answered_once(world: World) -> None:
    world.order()
    world.sql("TRUNCATE touched")
    made = world.post("/complaints", COMPLAINT)
    assert (made["by"], made["answer"]) == ("a test", None)
    assert world.post("/complaints", COMPLAINT, status=200) == made
    other = world.post("/complaints", COMPLAINT | {"amount": 1501}, status=409)
    assert other["type"] == "urn:frostline:problem:already-exists"
    answered = world.put("/complaints/c-1/answer", {"answer": "We are sorry."})
    assert world.put("/complaints/c-1/answer", {"answer": "We are sorry."}) == answered
    world.put("/complaints/c-1/answer", {"answer": "We are not."}, status=409)
    assert world.get("/complaints/c-1") == answered
    assert world.get("/orders/order-1/complaints") == [answered]
    assert world.sql("SELECT order_id FROM touched") == [("order-1",)] * 2


def test_a_complaint_is_about_an_order_that_is_there(world: World) -> None:
    world.post("/complaints", COMPLAINT, status=404)
    world.put("/complaints/c-1/answer", {"answer": "Sorry."}, status=404)
    assert world.client.get("/complaints/c-1").status_code == 404
    assert world.client.get("/orders/order-1/complaints").status_code == 404


@pytest.mark.parametrize("comment", ["", "   ", "\n\n", "a\u0007b"])
def test_a_blank_or_unreadable_comment_is_refused(world: World, comment: str) -> None:
    world.order()
    world.post("/complaints", COMPLAINT | {"comment": comment}, status=422)


# Intakes -----------------------------------------------------------------------------------------


def decide(world: World, *, accepted: bool, revision: int = 1) -> None:
    """Write a decision as the judge does."""
    world.sql(
        "INSERT INTO intake_decisions (intake_id, revision, decided_at, accepted, reason_code, "
        "reason) VALUES ('in-1', %s, %s, %s, 'excursion', 'Above 4 °C for 52 minutes.')",
        revision,
        T0,
        accepted,
    )
    world.sql("NOTIFY frostline")


def test_an_intake_waits_for_its_decision(world: World, wait_until: Any) -> None:
    world.logger()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(world.client.post, "/intakes", json=INTAKE)
        wait_until(lambda: world.sql("SELECT 1 FROM intakes"), what="the intake")
        assert world.sql("SELECT intake_id FROM touched") == [("in-1",)]
        decide(world, accepted=False)
        answer = asked.result()
    assert answer.status_code == 201
    assert answer.headers["location"] == "/intakes/in-1"
    decision = answer.json()["decision"]
    assert (decision["accepted"], decision["reason_code"]) == (False, "excursion")
    assert world.post("/intakes", INTAKE, status=200) == answer.json()
    world.post("/intakes", INTAKE | {"batch": "another"}, status=409)


def test_an_intake_that_is_not_decided_in_time_says_where_to_look(world: World) -> None:
    world.logger()
    begun = datetime.now(T0.tzinfo)
    answer = world.client.post("/intakes", json=INTAKE)
    assert (answer.status_code, answer.json()["decision"]) == (202, None)
    assert 1.9 <= (datetime.now(T0.tzinfo) - begun).total_seconds() < 8
    decide(world, accepted=False)
    decide(world, accepted=True, revision=2)
    found = world.get(answer.headers["location"])
    assert (found["decision"]["revision"], found["decision"]["accepted"]) == (2, True)
    assert world.get("/intakes") == [found]


def test_an_intake_names_a_registered_logger_and_a_policy(world: World) -> None:
    assert "logger" in world.post("/intakes", INTAKE, status=404)["detail"]
    world.logger()
    unknown = world.post("/intakes", INTAKE | {"policy_id": "no-such"}, status=404)
    assert "policy" in unknown["detail"]
    world.post("/intakes", INTAKE | {"until_at": INTAKE["from_at"]}, status=422)
    assert world.client.get("/intakes/in-1").status_code == 404
