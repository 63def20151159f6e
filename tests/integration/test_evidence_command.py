"""`frostline evidence` and `frostline compensation`, as a person uses them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from frostline.cli import app
from frostline.compensation import LIKE_CASES
from frostline.errors import CommandRefused
from gateway.rules.evidence import bundle_of
from gateway.rules.order_judgement import judge_order
from gateway.seal.seal import Sealer
from gateway.seal.store import Store
from tests.dossier_world import FRESH_PROMISE, box, dossier, recording
from tests.seal_world import AT, decision, keep, run_sql, trigger

DELETE_FIRST_SEAL = """
DELETE FROM sealed_evidence WHERE seal_number = 1;
DELETE FROM seals WHERE seal_number = 1;
"""
WARM = box(own=(recording([9.0] * 121),))


def run(*arguments: object, refused: bool = False) -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if refused:
        assert isinstance(result.exception, CommandRefused)
    elif result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def bundle(**changes: Any) -> bytes:
    order = dossier(WARM, **changes)
    return bundle_of(order, judge_order(order))


def seal(database_url: str) -> str:
    """Seal what waits; return the newest root, in hex."""
    with Store.connect(database_url, name="test") as store:
        Sealer(store, clock=lambda: AT).step()
        newest = store.newest_seal()
    assert newest is not None
    return newest.seal.merkle_root.hex()


def test_an_order_is_exported_sealed_and_verified_from_its_file_alone(
    database_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "order-1.frostline-evidence.json"
    export = ("evidence", "export", "--order", "order-1", "--database-url", database_url)
    keep(database_url, b"{}")
    keep(database_url, bundle(), "order-1")
    run(*export, "--out", out)
    pending = run("evidence", "verify", out)
    assert (pending.exit_code, pending.output.splitlines()[0]) == (
        0,
        "pending: the bundle holds; it has no seal yet",
    )
    root = seal(database_url)
    run(*export, "--out", out)
    sealed = run("evidence", "verify", out, "--root", root)
    assert sealed.exit_code == 0
    spoiled = "spoiled:order-1.chilled"
    assert sealed.output.splitlines() == [
        "sealed: bundle 2 of 2 under seal 1",
        f"root {root}, sealed 2026-11-22 12:00:00 UTC",
        "order order-1, judged again from the file:",
        "  order-1.chilled: excursion, 121 readings",
        f"  {spoiled}: approved, 15000 of the smallest unit of CNY, clause 1.1, by rules",
    ]
    as_json = json.loads(run("evidence", "verify", out, "--json").output)
    assert (as_json["state"], as_json["decisions"][0]["amount"]) == ("sealed", 15_000)
    out.write_bytes(out.read_bytes().replace(b"900", b"300", 1))
    broken = run("evidence", "verify", out)
    assert (broken.exit_code, broken.output.split(":")[0]) == (1, "broken")


def test_a_trigger_is_exported_with_the_evidence_of_the_decision_that_stands(
    database_url: str, tmp_path: Path
) -> None:
    old = keep(database_url, bundle(), "order-1")
    new = keep(database_url, bundle(delivery_fee=700), "order-1")
    keep(database_url, bundle(delivery_fee=800), "order-1")
    trigger_id = trigger(database_url, "order-1", "late")
    decision(database_url, trigger_id, old)
    decision(database_url, trigger_id, new, revision=2)
    out = tmp_path / "file.json"
    database = ("--database-url", database_url)
    run("evidence", "export", "--trigger", trigger_id, "--out", out, *database)
    assert json.loads(out.read_bytes())["bundle"]["dossier"]["delivery_fee"] == 700


def test_what_cannot_be_exported_is_a_sentence(database_url: str, tmp_path: Path) -> None:
    order, trigger_9 = ("--order", "order-9"), ("--trigger", "9")
    for arguments, sentence in (
        (order, "there is no evidence of order 'order-9'"),
        (trigger_9, "there is no evidence of trigger 9"),
        ((), "name an order or a trigger"),
        ((*order, *trigger_9), "name an order or a trigger"),
    ):
        out = ("--out", tmp_path / "file.json", "--database-url", database_url)
        result = run("evidence", "export", *arguments, *out, refused=True)
        assert sentence in str(result.exception)


def test_what_cannot_be_verified_is_a_sentence(tmp_path: Path) -> None:
    missing = run("evidence", "verify", tmp_path / "none", refused=True)
    assert "cannot be read" in str(missing.exception)
    (tmp_path / "file").write_bytes(b"{}")
    no_root = run("evidence", "verify", tmp_path / "file", "--root", "abc", refused=True)
    assert "is no Merkle root" in str(no_root.exception)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE seals SET merkle_root = previous WHERE seal_number = 2", "SHA-256 stored"),
        (
            "UPDATE seals SET sealed_at = sealed_at + interval '1 s' WHERE seal_number = 1",
            "SHA-256",
        ),
        ("UPDATE evidence SET sha256 = sha256('x') WHERE evidence_id = 1", "does not seal the 1"),
        ("UPDATE evidence SET bundle = '\\x00' WHERE evidence_id = 1", "is not what was sealed"),
        ("DELETE FROM sealed_evidence WHERE evidence_id = 2", "does not seal the 0 bundles"),
        (DELETE_FIRST_SEAL, "seal 1 is missing"),
    ],
)
def test_the_chain_holds_until_anything_in_it_is_changed(
    database_url: str, harm: str, said: str
) -> None:
    for content in (b"a", b"b"):
        keep(database_url, content)
        seal(database_url)
    whole = run("evidence", "chain", "--database-url", database_url)
    assert whole.output.startswith("2 seals over 2 bundles hold, 0 bundles wait")
    run_sql(database_url, harm)
    broken = run("evidence", "chain", "--database-url", database_url)
    assert broken.exit_code == 1
    assert said in broken.output


# Compensation -------------------------------------------------------------------------------------


def test_earlier_decisions_under_a_clause_are_shown_with_what_stands_of_them(
    database_url: str,
) -> None:
    evidence_id = keep(database_url, b"{}")
    for number, clause in enumerate(("1.1", "1.1", "2.1"), start=1):
        trigger_id = trigger(database_url, f"order-{number}", "late")
        decision(database_url, trigger_id, evidence_id, clause=clause)
    decision(database_url, 1, evidence_id, revision=2, clause="4.5")
    ask = ("compensation", "cases", "--database-url", database_url)
    found = json.loads(run(*ask, "--clause", "1.1", "--json").output)["cases"]
    assert [(case["order_id"], case["revision"]) for case in found] == [("order-2", 1)]
    assert "order-3  late  by rules: It spoiled." in run(*ask, "--clause", "2.1").output
    assert run(*ask, "--clause", "9").output == "nothing was decided under this clause\n"
    assert found[0]["decided_at"] == (AT + timedelta(0)).isoformat().replace("+00:00", "Z")


def test_the_statement_behind_it_is_documented() -> None:
    docs = Path(__file__).parents[2] / "docs/compensation.md"
    assert LIKE_CASES in docs.read_text(encoding="utf-8")


def test_rules_are_checked_and_published(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(FRESH_PROMISE, encoding="utf-8")
    bad.write_text(FRESH_PROMISE.replace("version = 1", "version = 0"), encoding="utf-8")
    assert run("compensation", "check", good).output == "fresh-promise, version 1: 11 clauses\n"
    refusal = run("compensation", "check", bad, refused=True)
    line = FRESH_PROMISE[: FRESH_PROMISE.index("version = 1")].count("\n") + 1
    assert str(refusal.exception) == f"{bad}:{line}: version is 0; the first is 1"
    assert run("compensation", "text").output.startswith("# 鲜活承诺赔付规则\n")
    assert "150 %" in run("compensation", "text", good, "--language", "en").output
