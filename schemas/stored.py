"""What became of an edge's batches?

The ingestor's answer, the only proof that a batch may be deleted: a broker's PUBACK proves nothing.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from schemas.wire import BatchId, UnreadableBatch, parse_batch_id

VERSION: Final = 1


class UnreadableStored(ValueError):
    """Bytes that are not a `stored` message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The ids of batches that are committed, or kept as dead letters; both end the resending."""

    stored: tuple[BatchId, ...] = ()
    dead_lettered: tuple[BatchId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _WireStored:
    v: int
    stored: list[str] = field(default_factory=list)
    dead_lettered: list[str] = field(default_factory=list)


_decoder = msgspec.json.Decoder(_WireStored)


def encode_stored(answer: Stored) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(
        _WireStored(
            v=VERSION,
            stored=[str(batch_id) for batch_id in answer.stored],
            dead_lettered=[str(batch_id) for batch_id in answer.dead_lettered],
        )
    )


def decode_stored(payload: bytes) -> Stored:
    """Decode JSON; raise UnreadableStored."""
    try:
        wire = _decoder.decode(payload)
        if wire.v != VERSION:
            raise UnreadableStored(f"v is {wire.v}; this edge reads version {VERSION}")
        return Stored(
            stored=tuple(parse_batch_id(text) for text in wire.stored),
            dead_lettered=tuple(parse_batch_id(text) for text in wire.dead_lettered),
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnreadableBatch) as error:
        raise UnreadableStored(f"not a stored message: {error}") from error
