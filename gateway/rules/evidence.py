"""What proves a decision, and does it still hold?

A bundle is the canonical JSON of a dossier, of all that was found from it, and of the version of
this form. It carries everything that is needed to judge again, and nothing of when it was judged.
"""

import hashlib
from typing import Final

import msgspec

from gateway.rules.canonical import NotCanonical, canonical_json
from gateway.rules.dossier import Dossier
from gateway.rules.filing import Record, UnreadableRecord, dossier_of, in_order, record_of
from gateway.rules.order_judgement import OrderJudgement, judge_order

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


def read_bundle(bundle: bytes) -> tuple[Dossier, Record]:
    """Return the dossier of a bundle, and the result that it claims, as plain values.

    Raises BrokenEvidence where the bundle is not in its canonical form.
    """
    try:
        record = msgspec.json.decode(bundle)
        canonical = canonical_json(record)
    except (msgspec.DecodeError, NotCanonical, RecursionError) as error:
        raise BrokenEvidence(f"the bundle is not JSON: {error}") from error
    if canonical != bundle:
        raise BrokenEvidence("the bundle is not in its canonical form")
    if not isinstance(record, dict) or record.keys() != {"dossier", "format", "result"}:
        raise BrokenEvidence("the bundle does not hold dossier, format and result")
    if record["format"] != FORMAT:
        raise BrokenEvidence(f"the bundle's format is {record['format']!r}, known is {FORMAT}")
    try:
        return dossier_of(record["dossier"]), record["result"]
    except UnreadableRecord as error:
        raise BrokenEvidence(str(error)) from error


def judge_again(bundle: bytes) -> OrderJudgement:
    """Judge an order again from its bundle alone.

    Raises BrokenEvidence where the bundle claims another result.
    """
    dossier, _ = read_bundle(bundle)
    judgement = judge_order(dossier)
    if bundle_of(dossier, judgement) != bundle:
        raise BrokenEvidence("judged again, the bundle gives another result")
    return judgement
