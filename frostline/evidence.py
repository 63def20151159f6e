"""How do evidence files leave the database, and what is said of them?"""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from frostline.errors import CommandRefused
from gateway.rules.compensation import Decision
from gateway.rules.evidence import Verification, verify
from gateway.seal.store import Store, StoredBundle, StoredSeal
from schemas.evidence_file import BrokenSeal, Proof, Seal, check_chain, prove, write_file

_NAME = "frostline evidence"
_DIGEST_BYTES = 32


def export_file(database_url: str, *, order_id: str | None, trigger_id: int | None) -> bytes:
    """Return the evidence file of an order's newest bundle, or of a trigger's decision."""
    with Store.connect(database_url, name=_NAME) as store:
        if order_id is not None:
            stored, what = store.bundle_of_order(order_id), f"order {order_id!r}"
        else:
            stored = store.bundle_of_trigger(trigger_id or 0)
            what = f"trigger {trigger_id}"
        if stored is None:
            raise CommandRefused(f"there is no evidence of {what}.")
        return write_file(stored.bundle, _proof(store, stored))


def _proof(store: Store, stored: StoredBundle) -> Proof | None:
    if stored.place is None:
        return None
    seal_number, position = stored.place
    found = store.seal(seal_number)
    if found is None:
        raise CommandRefused(f"seal {seal_number} is missing; see `frostline evidence chain`.")
    return prove(found.seal, store.digests(seal_number), position)


def verify_file(path: Path, root: str | None) -> Verification:
    """Say what a file proves; `root` in hex."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CommandRefused(f"{path} cannot be read: {error.strerror}") from error
    return verify(content, root=None if root is None else _root(root))


def _root(text: str) -> bytes:
    try:
        root = bytes.fromhex(text)
    except ValueError:
        root = b""
    if len(root) != _DIGEST_BYTES:
        raise CommandRefused(f"{text!r} is no Merkle root; it has 64 hexadecimal digits.")
    return root


def describe(verification: Verification) -> str:
    """Return a verification in lines for a person."""
    lines = [f"{verification.state}: {verification.why}"]
    if verification.seal is not None:
        lines.append(f"root {verification.seal.merkle_root.hex()}, {_sealed_at(verification.seal)}")
    if verification.dossier is not None and verification.judgement is not None:
        judgement = verification.judgement
        lines.append(f"order {verification.dossier.order_id}, judged again from the file:")
        lines += [
            f"  {found.consignment_id}: {found.judgement.outcome}, {found.readings} readings"
            for found in judgement.consignments
        ]
        lines += [f"  {_decision(decision)}" for decision in judgement.decisions]
    return "\n".join(lines)


def describe_json(verification: Verification) -> str:
    """Return a verification as one JSON object."""
    seal, judgement = verification.seal, verification.judgement
    return msgspec.json.encode(
        {
            "state": verification.state,
            "why": verification.why,
            "order_id": None if verification.dossier is None else verification.dossier.order_id,
            "seal_number": None if seal is None else seal.seal_number,
            "merkle_root": None if seal is None else seal.merkle_root.hex(),
            "decisions": [] if judgement is None else judgement.decisions,
        }
    ).decode()


def _sealed_at(seal: Seal) -> str:
    at = datetime.fromtimestamp(seal.sealed_at_ms / 1000, UTC)
    return f"sealed {at:%Y-%m-%d %H:%M:%S} UTC"


def _decision(decision: Decision) -> str:
    return (
        f"{decision.cause}: {decision.outcome}, {decision.amount} of the smallest unit of "
        f"{decision.currency}, clause {decision.clause}, by {decision.decided_by}"
    )


def check_whole_chain(database_url: str) -> str:
    """Check every seal in the database; return how many hold, and how the chain ends.

    Raises BrokenSeal.
    """
    before: Seal | None = None
    bundles = 0
    with Store.connect(database_url, name=_NAME) as store:
        for stored in store.seals():
            _check_seal(store, before, stored)
            before = stored.seal
            bundles += before.leaves
        waiting = store.count_unsealed()
    end = "" if before is None else f"; the chain ends with {before.sha256.hex()}"
    seals = 0 if before is None else before.seal_number
    return f"{seals} seals over {bundles} bundles hold, {waiting} bundles wait{end}"


def _check_seal(store: Store, before: Seal | None, stored: StoredSeal) -> None:
    number = stored.seal.seal_number
    if stored.seal.sha256 != stored.sha256:
        raise BrokenSeal(f"seal {number} does not have the SHA-256 stored with it")
    check_chain(before, stored.seal, store.digests(number))
    altered = store.altered(number)
    if altered:
        raise BrokenSeal(f"bundle {altered[0]} under seal {number} is not what was sealed")
