"""Triggers, reviews, evidence, rules and policies, over HTTP and a real database."""

from hashlib import sha256
from typing import Any

import pytest

from schemas.evidence_file import NO_SEAL, Seal, check_proof, read_file
from schemas.merkle import root_of
from tests import api_findings as gateway
from tests.api_world import T0, World, minutes, running_world

REVIEW = {"decision": "amount", "amount": 12_800, "comment": "Half of it was fine."}


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


def test_a_ledger_tells_every_decision_and_what_they_add_up_to(world: World) -> None:
    world.order()
    trigger_id = gateway.trigger(world)
    gateway.decide(world, trigger_id, revision=2, amount=12_800, delta=-6_400, decided_by="a desk")
    trigger = world.get(f"/triggers/{trigger_id}")
    assert [(d["revision"], d["delta"]) for d in trigger["ledger"]] == [(1, 19_200), (2, -6_400)]
    # 19,200 - 6,400
    assert (trigger["amount"], trigger["net"], trigger["decided_by"]) == (12_800, 12_800, "a desk")
    (listed,) = world.get("/orders/order-1/triggers")
    assert (listed["revision"], listed["amount"]) == (2, 12_800)
    assert world.client.get("/triggers/404").status_code == 404
    assert world.client.get("/orders/order-404/triggers").status_code == 404


def test_triggers_are_found_by_how_they_were_decided(world: World) -> None:
    world.order()
    paid = gateway.trigger(world)
    doubtful = gateway.trigger(
        world, "late", outcome="could_not_determine", needs_review=True, amount=0, clause="1.2"
    )

    def ids(**asked: Any) -> list[int]:
        return [found["trigger_id"] for found in world.get("/triggers", **asked)]

    assert ids() == [doubtful, paid]
    assert ids(outcome="approved") == ids(needs_review=False) == ids(clause="1.1") == [paid]
    assert ids(needs_review=True) == [doubtful]
    assert ids(before=doubtful) == [paid]


# Reviews -----------------------------------------------------------------------------------------


def test_a_review_is_kept_and_marks_the_order_for_the_judge(world: World) -> None:
    world.order()
    trigger_id = gateway.trigger(world)
    world.sql("TRUNCATE touched")
    path = f"/triggers/{trigger_id}/reviews"
    review = world.post(path, REVIEW)
    assert world.post(path, REVIEW, status=200) == review
    assert (review["by"], review["amount"]) == ("a test", 12_800)
    assert world.sql("SELECT order_id FROM touched") == [("order-1",)]
    world.post(path, {"decision": "reject", "comment": "The goods were eaten."})
    world.post(path, REVIEW)  # a change of mind, back again
    reviews = world.get(f"/triggers/{trigger_id}")["reviews"]
    assert [r["decision"] for r in reviews] == ["amount", "reject", "amount"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"amount": None}, 422),
        ({"decision": "approve"}, 422),
        ({"decision": "approve", "amount": None}, 201),
        ({"amount": -1}, 422),
        ({"amount": 0}, 201),
        ({"amount": 10**12}, 201),
        ({"amount": 10**12 + 1}, 422),
        ({"amount": 1.5}, 422),
        ({"comment": " "}, 422),
        ({"decision": "perhaps"}, 422),
    ],
)
def test_a_review_has_an_amount_where_it_sets_one_and_always_a_word(
    world: World, changes: dict[str, Any], status: int
) -> None:
    world.order()
    trigger_id = gateway.trigger(world)
    world.post(f"/triggers/{trigger_id}/reviews", REVIEW | changes, status=status)
    world.post("/triggers/404/reviews", REVIEW, status=404)


def test_like_cases_are_those_decided_before_under_the_same_clause(world: World) -> None:
    world.order()
    for name in ("a", "b"):
        world.order(f"order-{name}")
    early = gateway.trigger(world, order_id="order-a")
    gateway.trigger(world, "late", order_id="order-a", clause="2.1")
    gateway.trigger(world, "other-rules", order_id="order-a", rulebook_id="another")
    own = gateway.trigger(world, at=T0 + minutes(1))
    gateway.trigger(world, order_id="order-b", at=T0 + minutes(2))
    similar = world.get(f"/triggers/{own}/similar")
    assert [found["trigger_id"] for found in similar] == [early]
    assert world.client.get("/triggers/404/similar").status_code == 404


# Evidence ----------------------------------------------------------------------------------------


def seal(world: World, bundles: list[bytes]) -> None:
    """Seal bundles as the sealer does."""
    digests = [sha256(bundle).digest() for bundle in bundles]
    made = Seal(
        seal_number=1,
        sealed_at_ms=1_795_226_400_000,  # T0
        leaves=len(digests),
        merkle_root=root_of(digests),
        previous=NO_SEAL,
    )
    row = {
        "seal_number": 1,
        "sealed_at": T0,
        "leaves": made.leaves,
        "merkle_root": made.merkle_root,
        "previous": made.previous,
        "sha256": made.sha256,
    }
    gateway.insert(world, "seals", "seal_number", row)
    for position, bundle in enumerate(bundles):
        place = {"evidence_id": gateway.evidence(world, bundle), "seal_number": 1}
        gateway.insert(world, "sealed_evidence", "position", place | {"position": position})


def test_evidence_is_a_file_that_leads_to_its_seal_once_it_has_one(world: World) -> None:
    world.order()
    trigger_id = gateway.trigger(world, bundle=b'{"order":1}')
    answer = world.client.get(f"/triggers/{trigger_id}/evidence")
    name = f'attachment; filename="trigger-{trigger_id}.frostline-evidence.json"'
    assert answer.headers["content-disposition"] == name
    pending = read_file(answer.content)
    assert (pending.bundle, pending.proof) == (b'{"order":1}', None)
    seal(world, [b'{"order":0}', b'{"order":1}', b'{"order":2}'])
    sealed = read_file(world.client.get(f"/triggers/{trigger_id}/evidence").content)
    found = check_proof(sealed)
    assert found is not None
    assert found.seal_number == 1


def test_each_revision_has_its_own_evidence(world: World) -> None:
    world.order()
    trigger_id = gateway.trigger(world, bundle=b"1")
    gateway.decide(world, trigger_id, revision=2, bundle=b"2")

    def bundle(query: str = "") -> bytes:
        return read_file(world.client.get(f"/triggers/{trigger_id}/evidence{query}").content).bundle

    assert (bundle(), bundle("?revision=1"), bundle("?revision=2")) == (b"2", b"1", b"2")
    assert world.client.get(f"/triggers/{trigger_id}/evidence?revision=3").status_code == 404
    assert world.client.get("/triggers/404/evidence").status_code == 404


# Rules and policies ------------------------------------------------------------------------------


def test_the_rules_that_come_along_are_read_in_the_readers_language(world: World) -> None:
    english = world.client.get("/rules/compensation", headers={"Accept-Language": "en"})
    assert english.headers["content-language"] == "en"
    assert english.json()["clauses"]["4.5"] == "The same loss is compensated once."
    assert english.json()["text"].startswith("# What you get")
    chinese = world.get("/rules/compensation", lang="zh")
    assert chinese["clauses"]["4.5"] == "同一损失只赔付一次。"
    assert chinese["document"] == english.json()["document"]


def test_the_newest_rules_hold_also_without_texts(world: World) -> None:
    gateway.rulebook(world, version=2)
    newest = world.get("/rules/compensation", lang="en")
    assert (newest["version"], newest["text"], newest["clauses"]) == (2, None, {})


def test_without_rules_it_is_said_how_to_load_some(database_url: str) -> None:
    with running_world(database_url) as world:
        world.sql("DELETE FROM rulebooks")
        missing = world.client.get("/rules/compensation")
    assert missing.status_code == 404
    assert "frostline migrate" in missing.json()["detail"]


def test_policies_are_listed_in_their_newest_version_and_read_in_any(world: World) -> None:
    newest = {policy["policy_id"]: policy for policy in world.get("/policies")}
    assert {"ambient", "chilled", "frozen"} <= newest.keys()
    chilled = newest["chilled"]
    assert chilled["version"] > 1
    found = world.get(f"/policies/chilled/{chilled['version']}")
    assert found["document"]["policy_id"] == "chilled"
    assert found["toml"]
    # The first migration's policies are plain limits.
    assert world.get("/policies/chilled/1")["document"] is None
    first, second = sorted(newest)[:2]
    assert [p["policy_id"] for p in world.get("/policies", after=first, limit=1)] == [second]
    for path in ("/policies/chilled/404", "/policies/nothing/1"):
        assert world.client.get(path).status_code == 404
