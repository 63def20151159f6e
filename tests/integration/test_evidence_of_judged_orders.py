"""Every bundle that the judge stores proves its decision: judged again from its bytes, it holds."""

import json
import random
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from frostline.evidence import export_file
from gateway.rules.evidence import judge_again, verify
from gateway.seal.seal import Sealer
from gateway.seal.store import Store
from tests.judge_world import BOX, T0, VAN, JudgeWorld, Reading, judge_world, minutes, steady


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        yield world


def uneven(seed: int, *, warm: float) -> list[Reading]:
    """Return two hours of hundredths, as `real` keeps them no better than roughly."""
    chance = random.Random(seed)
    return [
        (at, round(base + chance.uniform(-0.5, 0.5), 2))
        for base, start, end in ((3.0, 0, 20), (warm, 20, 80), (3.0, 80, 120))
        for at, _ in steady(base, start=start, end=end)
    ]


def bundles(world: JudgeWorld) -> list[bytes]:
    rows = world.sql("SELECT bundle FROM evidence ORDER BY evidence_id")
    return [zlib.decompress(bundle) for (bundle,) in rows]


def renamed(bundle: Any, logger: str, *, hash_of: Any) -> Any:
    """Return order 1's bundle as if it were order 2's; the readings' hash knows the logger."""
    text = json.dumps(bundle).replace("order-1", "order-2").replace(BOX, logger)
    same = json.loads(text)
    for mine, theirs in zip(
        same["result"]["consignments"], hash_of["result"]["consignments"], strict=True
    ):
        mine["readings_sha256"] = theirs["readings_sha256"]
    return same


def complain(world: JudgeWorld, severity: str, amount: int) -> None:
    world.sql(
        "INSERT INTO complaints (complaint_id, order_id, severity, at, amount, comment, by) "
        "VALUES (%s, 'order-1', %s, %s, %s, 'warm', 'm-1')",
        (severity, severity, T0 + minutes(130), amount),
    )
    world.touch_order("order-1")


def review(world: JudgeWorld, decision: str) -> None:
    world.sql(
        "INSERT INTO trigger_reviews (trigger_id, at, by, decision, comment) "
        "SELECT trigger_id, %s, 'li', %s, 'seen' FROM current_decisions WHERE needs_review",
        (T0 + minutes(150), decision),
    )
    world.touch_order("order-1")


def test_a_life_with_all_kinds_of_decisions_is_proven_at_every_step(world: JudgeWorld) -> None:
    """Warm, late, complained of, reviewed; a van's logger, and readings that come late."""
    world.place()
    world.shipped(due_at=T0 + minutes(50))
    world.stay("order-1.chilled", "van-1", T0, None)
    world.bind(VAN, place_id="van-1")
    world.hear(steady(3.33, end=125), VAN)
    readings = uneven(1, warm=5.0)
    for until in (60, 90):
        world.hear(readings[:until])
        world.judge_all(T0 + minutes(until))
    world.close_order(at=T0 + minutes(120))
    world.judge_all(T0 + minutes(125))
    complain(world, "minor", 1500)
    complain(world, "serious", 9000)
    world.judge_all(T0 + minutes(140))
    review(world, "approve")
    world.judge_all(T0 + minutes(160))
    world.hear(readings[90:])
    world.judge_all(T0 + minutes(170))
    kept = bundles(world)
    assert len(kept) >= 5
    for bundle in kept:
        judge_again(bundle)
    stand = "SELECT cause, outcome, amount, decided_by FROM current_decisions ORDER BY cause"
    assert world.sql(stand) == [
        ("complaint:minor", "approved", 1500, "rules"),
        ("complaint:serious", "approved", 9000, "li"),
        ("late", "approved", 300, "rules"),  # an hour late: half the fee of 600
        ("spoiled:order-1.chilled", "approved", 15_000, "rules"),
    ]
    net = "SELECT sum(delta) FROM trigger_decisions"
    assert world.sql(net) == [(1500 + 9000 + 300 + 15_000,)]


def test_what_is_exported_of_a_judged_trigger_is_sealed_and_proves_what_stands(
    world: JudgeWorld,
) -> None:
    world.shipped()
    world.hear(uneven(2, warm=6.0))
    world.close_order(at=T0 + minutes(120))
    world.judge_all(T0 + minutes(130))
    with Store.connect(world.database_url, name="test") as store:
        Sealer(store, clock=lambda: T0 + timedelta(hours=3)).step()
    ((trigger_id,),) = world.sql("SELECT trigger_id FROM triggers")
    file = export_file(world.database_url, order_id=None, trigger_id=trigger_id)
    verification = verify(file)
    assert verification.state == "sealed"
    assert verification.judgement is not None
    (decision,) = verification.judgement.decisions
    assert (decision.cause, decision.amount) == ("spoiled:order-1.chilled", 15_000)


def test_the_same_readings_in_any_pieces_end_in_the_same_evidence(world: JudgeWorld) -> None:
    """Judged after each piece, closed somewhere on the way: order 2 gets its last pieces late."""
    chance = random.Random(3)
    readings = uneven(3, warm=5.5)
    logger = "C4:A5:E3:00:00:09"
    world.shipped("order-1")
    world.hear(readings)
    world.close_order("order-1", at=T0 + minutes(120))
    world.judge_all(T0 + minutes(130))
    world.shipped("order-2", logger)
    pieces = [readings[at : at + 15] for at in range(0, 120, 15)]
    chance.shuffle(pieces)
    for number, piece in enumerate(pieces):
        world.hear(piece, logger)
        if number == 4:
            world.close_order("order-2", at=T0 + minutes(120))
        world.judge_all(T0 + minutes(125 + number))
    net = """
    SELECT order_id, sum(delta)::bigint
    FROM trigger_decisions JOIN triggers USING (trigger_id)
    GROUP BY order_id ORDER BY order_id
    """
    assert world.sql(net) == [("order-1", 15_000), ("order-2", 15_000)]
    stands = """
    SELECT e.bundle
    FROM current_decisions d JOIN evidence e USING (evidence_id)
    ORDER BY d.order_id
    """
    first, second = (json.loads(zlib.decompress(bundle)) for (bundle,) in world.sql(stands))
    assert second == renamed(first, logger, hash_of=second)
