"""What proves a decision, and does it still hold?

A bundle is the canonical JSON of a dossier, of all that was found from it, and of the version of
this form. It carries everything that is needed to judge again, and nothing of when it was judged.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from gateway.rules.canonical import canonical_json
from gateway.rules.dossier import Dossier
from gateway.rules.filing import UnreadableRecord, dossier_of, in_order, record_of
from gateway.rules.order_judgement import OrderJudgement, judge_order
from schemas.evidence_file import (
    BrokenSeal,
    EvidenceFile,
    MalformedEvidenceFile,
    Seal,
    check_proof,
    read_file,
)

FORMAT: Final = 1


class BrokenEvidence(ValueError):
    """A bundle that proves nothing. The message says why."""


def bundle_of(dossier: Dossier, judgement: OrderJudgement) -> bytes:
    """Return the bundle: the same facts give the same bytes, whatever order they came in."""
    return canonical_json(
        {"dossier": record_of(in_order(dossier)), "format": FORMAT, "result": judgement}
    )


def sha256_of(bundle: bytes) -> bytes:
    """Return what identifies a bundle, 32 bytes: what is sealed."""
    return hashlib.sha256(bundle).digest()


def read_bundle(bundle: bytes) -> Dossier:
    """Return the dossier of a bundle.

    Raises BrokenEvidence where the bundle is not in its canonical form.
    """
    try:
        record = msgspec.json.decode(bundle)
        canonical = canonical_json(record)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BrokenEvidence(f"the bundle is not JSON: {error}") from error
    if canonical != bundle:
        raise BrokenEvidence("the bundle is not in its canonical form")
    if not isinstance(record, dict) or record.keys() != {"dossier", "format", "result"}:
        raise BrokenEvidence("the bundle does not hold dossier, format and result")
    if record["format"] != FORMAT:
        raise BrokenEvidence(f"the bundle's format is {record['format']!r}, known is {FORMAT}")
    try:
        return dossier_of(record["dossier"])
    except UnreadableRecord as error:
        raise BrokenEvidence(str(error)) from error


def judge_again(bundle: bytes) -> tuple[Dossier, OrderJudgement]:
    """Judge an order again, from its bundle alone.

    Raises BrokenEvidence where the bundle claims another result.
    """
    dossier = read_bundle(bundle)
    try:
        judgement = judge_order(dossier)
        again = bundle_of(dossier, judgement)
    except (ArithmeticError, LookupError, ValueError) as error:  # nothing that we ever filed
        raise BrokenEvidence(f"the bundle cannot be judged: {error}") from error
    if again != bundle:
        raise BrokenEvidence("judged again, the bundle gives another result")
    return dossier, judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a file proves. Broken: `why` says what is wrong; else dossier and judgement are there.

    Pending: it holds in itself, but nobody has vouched for it yet.
    """

    state: Literal["pending", "sealed", "broken"]
    why: str
    seal: Seal | None = None
    dossier: Dossier | None = None
    judgement: OrderJudgement | None = None


def verify(content: bytes, *, root: bytes | None = None) -> Verification:
    """Say what an evidence file proves, from its bytes alone.

    `root` is the Merkle root that whoever asks has from elsewhere: without it, a file that was
    made up as a whole, seal and all, holds as well.
    """
    try:
        file = read_file(content)
        seal = check_proof(file)
        dossier, judgement = judge_again(file.bundle)
    except (MalformedEvidenceFile, BrokenSeal, BrokenEvidence) as error:
        return Verification(state="broken", why=str(error))
    if root is not None and (seal is None or seal.merkle_root != root):
        return Verification(state="broken", why=f"it does not stand under the root {root.hex()}")
    return Verification(
        state="pending" if seal is None else "sealed",
        why=_standing(file),
        seal=seal,
        dossier=dossier,
        judgement=judgement,
    )


def _standing(file: EvidenceFile) -> str:
    if file.proof is None:
        return "the bundle holds; it has no seal yet"
    seal = file.proof.seal
    return f"bundle {file.proof.position + 1} of {seal.leaves} under seal {seal.seal_number}"
