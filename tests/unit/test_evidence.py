"""A bundle proves its decision by itself, and no byte of its file can change unnoticed."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.canonical import canonical_json
from gateway.rules.dossier import Dossier
from gateway.rules.evidence import bundle_of, judge_again, sha256_of, verify
from gateway.rules.order_judgement import judge_order
from schemas.evidence_file import (
    NO_SEAL,
    BrokenSeal,
    MalformedEvidenceFile,
    Seal,
    check_chain,
    prove,
    read_file,
    write_file,
)
from schemas.merkle import root_of
from schemas.segments import Window
from tests.dossier_world import box, complaint, dossier, handover, minutes, recording, review

WARM = [3.0] * 5 + [9.0] * 31 + [3.0]
ORDER = dossier(
    box(own=(recording(WARM),), life=Window(from_ms=minutes(0), until_ms=minutes(36))),
    as_of_ms=minutes(36),
    complaints=(complaint(500, about="spoiled"),),
    handovers=(replace(handover("checked"), temperature_c=3.5),),
    reviews=(review("spoiled:order-1.chilled", "amount", 700),),
)


def bundle(order: Dossier = ORDER) -> bytes:
    return bundle_of(order, judge_order(order))


def digests(count: int, position: int, own: bytes) -> list[bytes]:
    others = [hashlib.sha256(bytes([i])).digest() for i in range(count)]
    return [*others[:position], sha256_of(own), *others[position + 1 :]]


def seal_over(leaves: list[bytes], **changes: Any) -> Seal:
    seal = Seal(
        seal_number=1,
        sealed_at_ms=minutes(40),
        leaves=len(leaves),
        merkle_root=root_of(leaves),
        previous=NO_SEAL,
    )
    return replace(seal, **changes)


def sealed_file(content: bytes, count: int = 5, position: int = 3) -> bytes:
    leaves = digests(count, position, content)
    return write_file(content, prove(seal_over(leaves), leaves, position))


# The bundle --------------------------------------------------------------------------------------


def test_a_bundle_gives_its_decision_again() -> None:
    order, judgement = judge_again(bundle())
    assert order.order_id == "order-1"
    amounts = {decision.cause: decision.amount for decision in judgement.decisions}
    assert amounts == {"spoiled:order-1.chilled": 700, "complaint:c-1": 0}
    assert judgement == judge_order(ORDER)


def test_a_bundle_carries_readings_as_whole_numbers_since_the_one_before() -> None:
    (own,) = json.loads(bundle())["dossier"]["consignments"][0]["own"]
    assert own["ms_deltas"] == [minutes(0)] + [60_000] * 36
    assert own["centi_c"] == [round(temperature * 100) for temperature in WARM]


def test_what_the_database_adds_to_a_reading_is_not_in_the_bundle() -> None:
    same = box(own=(recording([t + 4e-8 for t in WARM]),), life=ORDER.consignments[0].life)
    assert bundle(replace(ORDER, consignments=(same,))) == bundle()


@given(st.randoms(use_true_random=False))
def test_the_same_facts_are_the_same_bytes_in_whatever_order_they_came(random: Any) -> None:
    order = replace(
        ORDER,
        consignments=(*ORDER.consignments, box("order-1.a")),
        complaints=(*ORDER.complaints, complaint(1, "c-2")),
        handovers=(
            *ORDER.handovers,
            handover("opened"),
            replace(handover("opened"), temperature_c=3.5),
            replace(handover("opened"), place_id="store-1"),
            handover("signed"),
        ),
    )
    parts: dict[str, Any] = {
        name: tuple(random.sample(getattr(order, name), len(getattr(order, name))))
        for name in ("consignments", "complaints", "handovers")
    }
    assert bundle(replace(order, **parts)) == bundle(order)


@given(
    st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=40),
    st.lists(st.integers(1, 10**7), min_size=40, max_size=40),
)
def test_any_curve_gives_its_judgement_again(centi_c: list[int], deltas_ms: list[int]) -> None:
    curve = recording([t / 100 for t in centi_c])
    at_ms = curve.curve.measured_at_ms
    at_ms += sum(deltas_ms[: len(at_ms)]) // 3  # not on a whole minute
    order = dossier(box(own=(curve,), places=(recording([9.0] * 60, place="van-1"),)))
    assert judge_again(bundle(order))[1] == judge_order(order)


def test_a_bundle_without_rules_or_boxes_can_be_judged_too() -> None:
    judge_again(bundle(dossier(rules=None)))
    judge_again(bundle(dossier(box(life=None, own=()), due_at_ms=None)))


# The file ----------------------------------------------------------------------------------------


def test_a_file_without_a_seal_is_pending_and_one_with_a_seal_is_sealed() -> None:
    assert verify(write_file(bundle(), None)).state == "pending"
    verification = verify(sealed_file(bundle()))
    assert verification.state == "sealed"
    assert verification.why == "bundle 4 of 5 under seal 1"


def test_a_root_that_one_knows_from_elsewhere_is_asked_for() -> None:
    leaves = digests(5, 3, bundle())
    file = sealed_file(bundle())
    assert verify(file, root=root_of(leaves)).state == "sealed"
    assert verify(file, root=root_of(leaves[:4])).state == "broken"
    assert verify(write_file(bundle(), None), root=root_of(leaves)).state == "broken"


def small_file(state: str = "sealed") -> bytes:
    """Return the file of an order that holds hardly anything, so that each byte can be tried."""
    small = bundle(dossier(rules=None, reviews=()))
    return sealed_file(small, count=3, position=2) if state == "sealed" else write_file(small, None)


@pytest.mark.parametrize("state", ["sealed", "pending"])
def test_no_byte_of_a_small_file_can_change(state: str) -> None:
    """0x20 turns letters small or large, 0x01 digits into their neighbours, 0xFF everything."""
    content = small_file(state)
    assert verify(content).state == state
    for at in range(len(content)):
        for flip in (0x01, 0x20, 0xFF):
            changed = bytearray(content)
            changed[at] ^= flip
            assert verify(bytes(changed)).state == "broken", (at, flip)


def test_no_byte_can_be_lost_or_added() -> None:
    content = small_file()
    for at in range(len(content)):
        assert verify(content[:at] + content[at + 1 :]).state == "broken", at
        assert verify(content[:at] + b" " + content[at:]).state == "broken", at


@given(st.data())
def test_no_byte_of_readings_policy_rules_or_result_can_change(data: st.DataObject) -> None:
    content = sealed_file(bundle())
    changed = bytearray(content)
    changed[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    assert verify(bytes(changed)).state == "broken"


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_what_is_no_evidence_file_is_broken(content: bytes) -> None:
    assert verify(content).state == "broken"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"seal_number": 2}, "SHA-256 that it names"),
        ({"sealed_at_ms": 1}, "SHA-256 that it names"),
        ({"leaves": 4}, "SHA-256 that it names"),
        ({"previous": "00" * 31 + "01"}, "SHA-256 that it names"),
        ({"position": 2}, "does not stand under the root of seal 1"),
        ({"path": []}, "does not stand under the root of seal 1"),
        ({"merkle_root": "AB" * 32}, "SHA-256 that it names"),
        ({"merkle_root": "ab"}, "is no SHA-256"),
        ({"more": 1}, "unknown field"),
    ],
)
def test_a_changed_seal_is_broken_and_says_why(change: dict[str, Any], why: str) -> None:
    record = json.loads(sealed_file(bundle()))
    record["seal"].update(change)
    verification = verify(canonical_json(record))
    assert verification.state == "broken"
    assert why in verification.why


def forged(change: dict[str, Any], part: str = "result") -> bytes:
    """Return a file with another result or dossier, all hashes and the seal made anew."""
    record = json.loads(bundle())
    record[part].update(change)
    return sealed_file(canonical_json(record))


@pytest.mark.parametrize(
    ("change", "part", "why"),
    [
        ({"late_s": 1}, "result", "another result"),
        ({"decisions": []}, "result", "another result"),
        ({"delivery_fee": "much"}, "dossier", "no dossier"),
        ({"consignments": [{}]}, "dossier", "no dossier"),
        ({"consignments": 1}, "dossier", "no dossier"),
        ({"unheard_of": 1}, "dossier", "no dossier"),
    ],
)
def test_a_forged_bundle_with_hashes_that_fit_is_broken_by_judging_again(
    change: dict[str, Any], part: str, why: str
) -> None:
    verification = verify(forged(change, part))
    assert verification.state == "broken"
    assert why in verification.why


def test_a_bundle_of_another_format_is_broken() -> None:
    record = json.loads(bundle()) | {"format": 2}
    assert "format is 2" in verify(sealed_file(canonical_json(record))).why
    without = {name: part for name, part in record.items() if name != "format"}
    assert "does not hold" in verify(sealed_file(canonical_json(without))).why


@pytest.mark.parametrize("number", ["1e308", "[1e308,0.5]", "1e400", "-1.7976931348623157e308"])
def test_a_bundle_with_numbers_beyond_reckoning_is_broken(number: str) -> None:
    beyond = f'{{"dossier":{{}},"format":1,"result":{number}}}'
    assert verify(write_file(beyond.encode(), None)).state == "broken"


def test_a_bundle_as_deep_as_a_mine_is_broken() -> None:
    for depth in (900, 100_000):
        deep = f'{{"dossier":{"[" * depth}{"]" * depth},"format":1,"result":1}}'
        assert verify(write_file(deep.encode(), None)).state == "broken"


@pytest.mark.parametrize(
    "change",
    [
        {"seal_number": 0},
        {"seal_number": 2**40},
        {"sealed_at_ms": -1},
        {"sealed_at_ms": 10**18},  # no calendar has that year
    ],
)
def test_a_seal_that_no_sealer_makes_is_broken(change: dict[str, Any]) -> None:
    leaves = digests(5, 3, bundle())
    file = write_file(bundle(), prove(seal_over(leaves, **change), leaves, 3))
    assert verify(file).state == "broken"


def test_a_bundle_that_is_no_text_is_broken() -> None:
    garbled = bundle().replace(b"order-1", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9", 1)
    assert verify(write_file(garbled, None)).state == "broken"


def test_a_bundle_that_is_not_canonical_is_broken() -> None:
    loose = json.dumps(json.loads(bundle()), sort_keys=True).encode()
    assert "canonical form" in verify(write_file(loose, None)).why


# The chain ---------------------------------------------------------------------------------------

LEAVES = digests(3, 0, b"x")
FIRST = seal_over(LEAVES)


def test_a_seals_hash_is_that_of_six_lines_of_text() -> None:
    """As docs/evidence.md tells anyone to compute it, with printf and sha256sum."""
    text = f"frostline-seal/1\n1\n{minutes(40)}\n3\n{root_of(LEAVES).hex()}\n{'00' * 32}\n"
    assert FIRST.sha256 == hashlib.sha256(text.encode()).digest()


def test_seals_follow_one_another() -> None:
    second = seal_over(LEAVES[:1], seal_number=2, previous=FIRST.sha256)
    check_chain(None, FIRST, LEAVES)
    check_chain(FIRST, second, LEAVES[:1])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"seal_number": 3}, "seal 2 is missing"),
        ({"previous": NO_SEAL}, "seal 2 does not follow"),
        ({"leaves": 2}, "does not seal the 3 bundles"),
        ({"merkle_root": NO_SEAL}, "does not seal the 3 bundles"),
    ],
)
def test_a_broken_chain_says_where(change: dict[str, Any], why: str) -> None:
    follower = seal_over(LEAVES, seal_number=2, previous=FIRST.sha256)
    second = replace(follower, **change)
    with pytest.raises(BrokenSeal, match=why):
        check_chain(FIRST, second, LEAVES)


def test_a_file_is_read_as_it_was_written() -> None:
    leaves = digests(5, 3, bundle())
    proof = prove(seal_over(leaves), leaves, 3)
    file = read_file(write_file(bundle(), proof))
    assert (file.bundle, file.proof) == (bundle(), proof)
    with pytest.raises(MalformedEvidenceFile, match="one way"):
        read_file(b" " + write_file(bundle(), proof))
