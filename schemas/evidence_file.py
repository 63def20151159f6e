"""How is evidence handed to somebody who has nothing but a file?

A `.frostline-evidence.json` holds a bundle, its SHA-256 and, once it is sealed, what leads from
there to the seal:

    {"bundle": {…}, "format": "frostline-evidence/1", "seal": null or {…}, "sha256": "…"}

There is one way to write a file, with sorted keys and no spaces; `read_file` refuses every other,
so that no byte can change unnoticed. The api writes files from rows of `evidence`, `seals` and
`sealed_evidence`, without knowing what is in a bundle; docs/evidence.md has the statements. Whether
the bundle proves its decision is `gateway.rules.evidence`'s to say.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from schemas.merkle import path_of, root_by, root_of

FORMAT: Final = "frostline-evidence/1"
SUFFIX: Final = ".frostline-evidence.json"
NO_SEAL: Final = bytes(32)  # what comes before the first seal

_SEAL_FORMAT: Final = "frostline-seal/1"
_LARGEST_SEAL_NUMBER: Final = 2**31 - 1
_LATEST_MS: Final = 253_402_300_799_999  # the end of the year 9999: the calendar's, not ours


class MalformedEvidenceFile(ValueError):
    """A file that is not written as evidence files are. The message says why."""


class BrokenSeal(ValueError):
    """A seal, or the way to it, that does not hold. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A Merkle root over bundles, chained to the seal before. Hashes have 32 bytes."""

    seal_number: int  # from 1, without gaps
    sealed_at_ms: int  # UTC
    leaves: int
    merkle_root: bytes
    previous: bytes  # the sha256 of the seal before; zeros for the first

    @property
    def sha256(self) -> bytes:
        """What the next seal is chained to: of six lines of text, each with its line feed."""
        lines = (
            _SEAL_FORMAT,
            self.seal_number,
            self.sealed_at_ms,
            self.leaves,
            self.merkle_root.hex(),
            self.previous.hex(),
        )
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The way from a bundle to a seal's root: its position, and the hashes beside it, upwards."""

    seal: Seal
    position: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """What a file holds. `proof` None: it is not sealed yet."""

    bundle: bytes
    proof: Proof | None


class _SealRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    leaves: int
    merkle_root: str
    path: tuple[str, ...]
    position: int
    previous: str
    seal_number: int
    sealed_at_ms: int
    sha256: str


class _FileRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    bundle: msgspec.Raw
    format: str
    seal: _SealRecord | None
    sha256: str


def prove(seal: Seal, digests: Sequence[bytes], position: int) -> Proof:
    """Return the way from one bundle to its seal.

    `digests` are the SHA-256 of all bundles under the seal, by position: the tree's leaves.
    """
    return Proof(seal=seal, position=position, path=path_of(digests, position))


def write_file(bundle: bytes, proof: Proof | None) -> bytes:
    """Return a file's bytes; `bundle` is canonical JSON, as it was stored (uncompressed)."""
    record = _FileRecord(
        bundle=msgspec.Raw(bundle),
        format=FORMAT,
        seal=None if proof is None else _seal_record(proof),
        sha256=hashlib.sha256(bundle).hexdigest(),
    )
    return msgspec.json.encode(record)


def read_file(content: bytes) -> EvidenceFile:
    """Return what a file holds.

    Raises MalformedEvidenceFile unless it is written, byte for byte, as `write_file` writes it.
    """
    try:
        record = msgspec.json.decode(content, type=_FileRecord)
        file = EvidenceFile(bundle=bytes(record.bundle), proof=_proof_of(record.seal))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MalformedEvidenceFile(f"it is no evidence file: {error}") from error
    if record.format != FORMAT:
        raise MalformedEvidenceFile(f"its format is {record.format!r}; known is {FORMAT!r}")
    if record.sha256 != hashlib.sha256(file.bundle).hexdigest():
        raise MalformedEvidenceFile("its bundle does not have the SHA-256 that it names")
    if record.seal is not None and file.proof is not None:
        _check_digest(record.seal, file.proof.seal)
    if write_file(file.bundle, file.proof) != content:
        raise MalformedEvidenceFile("it is not written the one way that evidence files are")
    return file


def check_proof(file: EvidenceFile) -> Seal | None:
    """Return the seal that a file's bundle stands under, None: it is not sealed yet.

    Raises BrokenSeal where the way does not lead to the seal's root.
    """
    if file.proof is None:
        return None
    seal = file.proof.seal
    digest = hashlib.sha256(file.bundle).digest()
    if root_by(digest, file.proof.position, seal.leaves, file.proof.path) != seal.merkle_root:
        raise BrokenSeal(f"the bundle does not stand under the root of seal {seal.seal_number}")
    return seal


def check_chain(before: Seal | None, seal: Seal, digests: Sequence[bytes]) -> None:
    """Check that a seal follows the one before, and that these bundles are what it seals.

    Raises BrokenSeal.
    """
    number = 1 if before is None else before.seal_number + 1
    if seal.seal_number != number:
        raise BrokenSeal(f"seal {number} is missing: seal {seal.seal_number} comes next")
    if seal.previous != (NO_SEAL if before is None else before.sha256):
        raise BrokenSeal(f"seal {number} does not follow the one before")
    if seal.leaves != len(digests) or seal.merkle_root != root_of(digests):
        raise BrokenSeal(f"seal {number} does not seal the {len(digests)} bundles under it")


def _seal_record(proof: Proof) -> _SealRecord:
    seal = proof.seal
    return _SealRecord(
        leaves=seal.leaves,
        merkle_root=seal.merkle_root.hex(),
        path=tuple(node.hex() for node in proof.path),
        position=proof.position,
        previous=seal.previous.hex(),
        seal_number=seal.seal_number,
        sealed_at_ms=seal.sealed_at_ms,
        sha256=seal.sha256.hex(),
    )


def _proof_of(record: _SealRecord | None) -> Proof | None:
    if record is None:
        return None
    seal = Seal(
        seal_number=record.seal_number,
        sealed_at_ms=record.sealed_at_ms,
        leaves=record.leaves,
        merkle_root=_digest(record.merkle_root),
        previous=_digest(record.previous),
    )
    if not (1 <= seal.seal_number <= _LARGEST_SEAL_NUMBER and 0 <= seal.sealed_at_ms <= _LATEST_MS):
        raise ValueError("no sealer has this number, or this time")
    return Proof(seal=seal, position=record.position, path=tuple(map(_digest, record.path)))


def _digest(text: str) -> bytes:
    digest = bytes.fromhex(text)
    if len(digest) != 32:
        raise ValueError(f"{text!r} is no SHA-256")
    return digest


def _check_digest(record: _SealRecord, seal: Seal) -> None:
    if record.sha256 != seal.sha256.hex():
        raise MalformedEvidenceFile(
            f"seal {seal.seal_number} does not have the SHA-256 that it names"
        )
