"""Verdicts, excursions, forecasts, alerts and maintenance, over HTTP and a real database."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests import api_findings as gateway
from tests.api_world import BOX_LOGGER, T0, World, iso, minutes

OVER = {"comment": "The logger died; the goods are fine."}
SEEN = {"comment": "The courier moves the box to the other van.", "by": "dispatcher-1"}


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


def touched(world: World) -> list[tuple[Any, ...]]:
    return world.sql("SELECT order_id, place_id, intake_id FROM touched ORDER BY touched_id")


# Findings ----------------------------------------------------------------------------------------


def test_an_order_says_what_was_found_of_its_boxes(world: World) -> None:
    world.order("order-1", "chilled", "frozen")
    gateway.verdict(world)
    newest = gateway.verdict(world, revision=2, is_final=True, found_late=True)
    gateway.excursion(world, verdict_id=newest)
    gateway.excursion(world, excursion_id=2, verdict_id=newest, state="withdrawn")
    gateway.forecast(world)
    order = world.get("/orders/order-1")
    frozen, chilled = order["consignments"]
    assert (frozen["verdict"], frozen["excursions"], frozen["forecast"]) == (None, [], None)
    verdict = chilled["verdict"]
    assert (verdict["revision"], verdict["is_final"], verdict["found_late"]) == (2, True, True)
    assert verdict["summary"] == {"highest_c": 7.2}
    (excursion,) = chilled["excursions"]
    assert (excursion["limit"], excursion["state"], excursion["until_at"]) == (
        "too-warm",
        "open",
        None,
    )
    assert (chilled["forecast"]["at_risk"], chilled["forecast"]["leaves_in_s_q90"]) == (True, None)
    (_, box) = world.get("/orders/order-1/curve")["consignments"]
    assert (box["verdict"], box["excursions"], box["forecast"]) == (
        verdict,
        [excursion],
        chilled["forecast"],
    )


def test_a_chart_shades_an_excursion(world: World) -> None:
    world.shipped_order()
    world.hear(BOX_LOGGER, [(T0 + minutes(n), 7.0) for n in range(30)])
    assert (
        "fl-excursion" not in world.client.get("/orders/order-1/curve.svg").text.split("/style")[1]
    )
    gateway.excursion(world, state="closed", until_at=T0 + minutes(20))
    assert "fl-excursion" in world.client.get("/orders/order-1/curve.svg").text.split("/style")[1]


def test_all_revisions_of_a_verdict_are_listed(world: World) -> None:
    world.order()
    gateway.verdict(world)
    gateway.verdict(world, revision=2, outcome="in_range")
    listed = world.get("/orders/order-1/verdicts")
    assert [(v["revision"], v["outcome"]) for v in listed] == [(1, "excursion"), (2, "in_range")]
    assert world.client.get("/orders/order-404/verdicts").status_code == 404


def test_a_places_days_are_listed_newest_first(world: World) -> None:
    world.place()
    watch = {"subject_kind": "watch", "order_id": None, "place_id": "van-1"}
    for day in (20, 21, 22):
        gateway.verdict(world, subject_id=f"van-1/2026-11-{day}", **watch)
    first = world.get("/places/van-1/verdicts", limit=2)
    rest = world.get("/places/van-1/verdicts", limit=2, before=first[-1]["verdict_id"])
    days = [verdict["subject_id"][-2:] for verdict in [*first, *rest]]
    assert days == ["22", "21", "20"]
    assert world.client.get("/places/van-404/verdicts").status_code == 404


def test_excursions_are_found_by_order_place_and_state(world: World) -> None:
    world.order()
    gateway.excursion(world)
    gateway.excursion(world, excursion_id=2, state="closed", until_at=T0 + minutes(60))
    watch = {"subject_kind": "watch", "order_id": None, "place_id": "van-1"}
    gateway.excursion(world, excursion_id=3, subject_id="van-1/2026-11-21", **watch)

    def ids(**asked: Any) -> list[int]:
        return [found["excursion_id"] for found in world.get("/excursions", **asked)]

    assert ids() == [3, 2, 1]
    assert ids(open=True) == [3, 1]
    assert ids(open=False) == [2]
    assert ids(order_id="order-1", open=True) == [1]
    assert ids(place_id="van-1") == [3]
    assert ids(before=3, limit=1) == [2]


# Closing by an operator --------------------------------------------------------------------------


def test_an_operator_closes_an_excursion_once_and_says_why(world: World) -> None:
    world.order()
    gateway.excursion(world)
    world.sql("TRUNCATE touched")
    word = {"at": iso(T0 + minutes(50)), "comment": "The logger died; measured 3.1 °C by hand."}
    closing = world.put("/excursions/1/closing", word)
    assert (closing["by"], closing["at"]) == ("a test", "2026-11-21T02:50:00Z")
    assert world.put("/excursions/1/closing", word) == closing
    assert touched(world) == [("order-1", None, None)]
    problem = world.put("/excursions/1/closing", word | {"comment": "Another."}, status=409)
    assert problem["type"] == "urn:frostline:problem:already-closed"
    world.put("/excursions/1/closing", word | {"at": iso(T0 + minutes(51))}, status=409)


def test_closing_that_is_said_at_once_twice_is_said_once(world: World) -> None:
    world.order()
    gateway.excursion(world)
    world.sql("TRUNCATE touched")
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: world.put("/excursions/1/closing", OVER), range(8)))
    assert said == [said[0]] * 8
    assert touched(world) == [("order-1", None, None)]


def test_an_excursion_that_was_withdrawn_is_not_closed(world: World) -> None:
    world.order()
    gateway.excursion(world, state="withdrawn")
    world.put("/excursions/1/closing", OVER, status=409)


@pytest.mark.parametrize("comment", ["", "  ", None])
def test_an_excursion_is_not_closed_without_a_word(world: World, comment: str | None) -> None:
    world.order()
    gateway.excursion(world)
    world.put("/excursions/1/closing", {"comment": comment}, status=422)
    assert world.sql("SELECT count(*) FROM excursion_closings") == [(0,)]


@pytest.mark.parametrize(("after_min", "status"), [(10, 409), (10.001, 200)])
def test_an_excursion_does_not_end_before_it_began(
    world: World, after_min: float, status: int
) -> None:
    world.order()
    gateway.excursion(world)
    word = {"at": iso(T0 + minutes(after_min)), "comment": "Over."}
    world.put("/excursions/1/closing", word, status=status)


def test_what_is_closed_or_not_there_is_not_closed_again(world: World) -> None:
    world.order()
    gateway.excursion(world, state="closed", until_at=T0 + minutes(60))
    world.put("/excursions/1/closing", {"comment": "Over."}, status=409)
    world.put("/excursions/2/closing", {"comment": "Over."}, status=404)


def test_closing_a_batchs_excursion_marks_the_batch(world: World) -> None:
    gateway.excursion(world, subject_kind="intake", subject_id="in-1", order_id=None)
    world.put("/excursions/1/closing", {"comment": "Over."})
    assert touched(world) == [(None, None, "in-1")]


# Alerts ------------------------------------------------------------------------------------------


def test_a_comment_that_came_twice_is_added_once(world: World) -> None:
    world.order()
    path = f"/alerts/{gateway.alert(world)}/comments"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.client.post(path, json=SEEN), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    world.post(path, SEEN | {"comment": "It is moved."})
    timeline = world.post(path, SEEN)["timeline"]  # said anew, after something else
    assert [entry["what"] for entry in timeline] == ["raised", *["commented"] * 3]


def test_an_alert_is_acknowledged_once_with_a_comment(world: World) -> None:
    world.order()
    alert_id = gateway.alert(world)
    world.sql("TRUNCATE touched")
    path = f"/alerts/{alert_id}/acknowledgement"
    seen = world.post(path, SEEN)
    assert seen["state"] == "acknowledged"
    assert [(e["what"], e["by"]) for e in seen["timeline"]] == [
        ("raised", "rules"),
        ("acknowledged", "dispatcher-1"),
    ]
    assert seen["acknowledged_at"] == seen["timeline"][1]["at"]
    assert world.post(path, SEEN, status=200) == seen
    assert touched(world) == [("order-1", None, None)]
    other = world.post(path, SEEN | {"by": "dispatcher-2"}, status=409)
    assert "dispatcher-1" in other["detail"]


@pytest.mark.parametrize("comment", ["", "   ", "\t\n", None, 7])
@pytest.mark.parametrize("path", ["acknowledgement", "comments"])
def test_nobody_acknowledges_without_a_word(world: World, path: str, comment: object) -> None:
    world.order()
    alert_id = gateway.alert(world)
    world.post(f"/alerts/{alert_id}/{path}", {"comment": comment}, status=422)
    world.post(f"/alerts/{alert_id}/{path}", {}, status=422)
    assert world.get(f"/alerts/{alert_id}")["state"] == "raised"


def test_two_who_acknowledge_at_once_are_told_of_each_other(world: World) -> None:
    world.order()
    alert_id = gateway.alert(world)

    def acknowledge(number: int) -> int:
        body = SEEN | {"by": f"dispatcher-{number}"}
        return world.client.post(f"/alerts/{alert_id}/acknowledgement", json=body).status_code

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(acknowledge, range(3))) == [201, 409, 409]


def test_a_resolved_alert_is_not_acknowledged_but_may_be_commented(world: World) -> None:
    world.order()
    alert_id = gateway.alert(world, resolved_at=T0 + minutes(5))
    problem = world.post(f"/alerts/{alert_id}/acknowledgement", SEEN, status=409)
    assert problem["type"] == "urn:frostline:problem:already-closed"
    commented = world.post(f"/alerts/{alert_id}/comments", SEEN)
    assert (commented["state"], commented["timeline"][-1]["what"]) == ("resolved", "commented")


def test_what_the_gateway_acknowledged_stays_so(world: World) -> None:
    world.order()
    alert_id = gateway.alert(world, acknowledged_at=T0 + minutes(1))
    assert world.get(f"/alerts/{alert_id}")["state"] == "acknowledged"


def test_alerts_are_found_by_what_they_are_about(world: World) -> None:
    world.order()
    first = gateway.alert(world)
    second = gateway.alert(
        world, cause="b", kind="silent", severity="warning", order_id=None, place_id="van-1"
    )
    third = gateway.alert(world, cause="c", resolved_at=T0)

    def ids(**asked: Any) -> list[int]:
        return [found["alert_id"] for found in world.get("/alerts", **asked)]

    assert ids() == [third, second, first]
    assert ids(open=True) == [second, first]
    assert ids(open=False) == [third]
    assert ids(severity="warning") == ids(kind="silent") == ids(place_id="van-1") == [second]
    assert ids(order_id="order-1", open=True) == [first]
    assert ids(before=second) == [first]
    assert world.client.get("/alerts/404").status_code == 404
    assert world.client.post("/alerts/404/comments", json=SEEN).status_code == 404


# Maintenance -------------------------------------------------------------------------------------

WORK = {
    "place_id": "van-1",
    "from_at": iso(T0),
    "until_at": iso(T0 + minutes(60)),
    "why": "The compressor is exchanged.",
}


def test_work_that_is_planned_at_once_twice_is_planned_once(world: World) -> None:
    world.place()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.client.post("/maintenance", json=WORK), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len(world.get("/maintenance")) == 1


def test_work_is_planned_once_and_ended_early(world: World) -> None:
    world.place()
    world.sql("TRUNCATE touched")
    planned = world.post("/maintenance", WORK)
    assert world.post("/maintenance", WORK, status=200) == planned
    world.fixed_now = T0 + minutes(30)
    path = f"/maintenance/{planned['maintenance_id']}"
    ended = world.client.delete(path).json()
    assert ended["until_at"] == "2026-11-21T02:30:00Z"
    assert world.get("/maintenance", place_id="van-1") == [ended]
    assert world.client.delete(path).status_code == 409
    assert touched(world) == [(None, "van-1", None)] * 2


@pytest.mark.parametrize(("after_s", "kept"), [(0, False), (1, True)])
def test_work_that_has_not_begun_is_taken_back(world: World, after_s: int, kept: bool) -> None:
    world.logger()
    body = WORK | {"place_id": None, "logger_id": BOX_LOGGER, "until_at": None}
    planned = world.post("/maintenance", body)
    world.fixed_now = T0 + minutes(after_s / 60)
    assert world.client.delete(f"/maintenance/{planned['maintenance_id']}").status_code == 200
    assert len(world.get("/maintenance", logger_id=BOX_LOGGER)) == kept


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"place_id": None}, 422),
        ({"logger_id": BOX_LOGGER}, 422),
        ({"why": " "}, 422),
        ({"until_at": iso(T0)}, 422),
        ({"place_id": "van-404"}, 404),
        ({"place_id": None, "logger_id": BOX_LOGGER}, 404),
    ],
)
def test_work_names_one_thing_that_is_there(
    world: World, changes: dict[str, Any], status: int
) -> None:
    world.place()
    world.post("/maintenance", WORK | changes, status=status)
    assert world.client.delete("/maintenance/404").status_code == 404
