"""What the judge finds, the api shows; what people say through the api, the judge acts on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.judge.judge import Judge
from gateway.judge.settings import JudgeSettings
from gateway.judge.store import Store
from gateway.rules.evidence import verify
from tests.api_world import BOX_LOGGER, T0, World, iso, minutes

# Air of 15 °C from minute 40 on, goods of 30 minutes' time constant (chilled, version 2): they pass
# 8 °C after 30 min * ln(13 / 7) = 18.6 min, and have been there for 30 min at minute 88.6.
WARM_FROM_MIN, JUDGED_AT_MIN = 40, 95


@pytest.fixture
def judge(world: World) -> Iterator[Judge]:
    """Lend a judge that has the api's clock."""
    settings = JudgeSettings(database_url=world.settings.database_url, min_interval_s=0)
    with Store.connect(settings.database_url) as store:
        yield Judge(store, settings, world.clock)


def settle(judge: Judge) -> None:
    while judge.claim().judged:
        pass


def spoiled(world: World) -> None:
    """Ship goods worth 128 yuan that spoil on their way."""
    box = {"zone": "chilled", "goods_value": 12_800}
    body = {
        "order_id": "order-1",
        "member_id": "m-1",
        "member_level": "gold",
        "placed_at": iso(T0 - minutes(60)),
        "consignments": [box],
    }
    world.post("/orders", body, **{"Idempotency-Key": "key-1"})
    packing = {"packed_at": iso(T0), "box_material": "epp", "pack_kind": "ice", "pack_kg": 1.2}
    world.put("/consignments/order-1.chilled/packing", packing)
    world.logger()
    world.bind(BOX_LOGGER, T0, consignment_id="order-1.chilled")
    readings = [(T0 + minutes(n), 2.0 if n < WARM_FROM_MIN else 15.0) for n in range(JUDGED_AT_MIN)]
    world.hear(BOX_LOGGER, readings)
    # Set for good before the link, which is valid from now.
    world.fixed_now = T0 + minutes(JUDGED_AT_MIN)


def only(listed: list[Any]) -> Any:
    (one,) = listed
    return one


def test_goods_that_spoil_are_told_acknowledged_paid_and_corrected(
    world: World, judge: Judge
) -> None:
    spoiled(world)
    settle(judge)
    box = only(world.get("/orders/order-1")["consignments"])
    assert (box["verdict"]["outcome"], box["verdict"]["is_final"]) == ("excursion", False)
    assert {e["limit"]: e["state"] for e in box["excursions"]} == {
        "warm": "open",
        "too-warm": "open",
    }

    alert = next(a for a in world.get("/alerts", open=True) if a["severity"] == "critical")
    seen = {"comment": "The courier is called.", "by": "dispatcher-1"}
    world.post(f"/alerts/{alert['alert_id']}/acknowledgement", seen)
    settle(judge)
    acted = "SELECT acknowledged_at, escalates_at FROM alerts WHERE alert_id = %s"
    assert world.sql(acted, alert["alert_id"]) == [(world.fixed_now, None)]

    # 150 % of 128 yuan, by clause 1.1 of the rules that come along.
    trigger = only(world.get("/orders/order-1/triggers"))
    assert (trigger["outcome"], trigger["amount"], trigger["clause"]) == ("approved", 19_200, "1.1")
    page = world.client.get(world.link("order-1"), headers={"Accept-Language": "en"})
    assert "You get 192 yuan." in page.text
    assert "Too warm since 10:40" in page.text
    evidence = world.client.get(f"/triggers/{trigger['trigger_id']}/evidence")
    assert verify(evidence.content).state == "pending"  # it holds, and no sealer ran

    review = {"decision": "amount", "amount": 12_800, "comment": "Half of it was fine."}
    world.post(f"/triggers/{trigger['trigger_id']}/reviews", review)
    settle(judge)
    ledger = world.get(f"/triggers/{trigger['trigger_id']}")
    assert ([d["delta"] for d in ledger["ledger"]], ledger["net"]) == ([19_200, -6_400], 12_800)


def test_an_operators_word_closes_an_excursion(world: World, judge: Judge) -> None:
    spoiled(world)
    settle(judge)
    found = world.get("/excursions", open=True, order_id="order-1")
    word = {"comment": "The goods were moved into another box.", "at": iso(T0 + minutes(94))}
    world.put(f"/excursions/{found[0]['excursion_id']}/closing", word)
    settle(judge)
    box = only(world.get("/orders/order-1")["consignments"])
    assert {e["state"] for e in box["excursions"]} == {"closed_by_operator"}


def test_a_suppliers_batch_that_was_warm_is_refused_at_the_door(
    world: World, judge: Judge, wait_until: Any
) -> None:
    world.logger()
    world.hear(BOX_LOGGER, [(T0 + minutes(n), 15.0) for n in range(120)])
    world.fixed_now = T0 + minutes(130)
    body = {
        "intake_id": "in-1",
        "supplier": "North Sea Salmon",
        "batch": "L-4",
        "logger_id": BOX_LOGGER,
        "policy_id": "chilled",
        "from_at": iso(T0),
        "until_at": iso(T0 + minutes(119)),
    }
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(world.client.post, "/intakes", json=body)
        wait_until(lambda: judge.claim().judged, what="the intake judged")
        answer = asked.result()
    assert answer.status_code == 201
    decision = answer.json()["decision"]
    assert not decision["accepted"]
    assert decision["reason"]
