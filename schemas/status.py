"""How is an edge doing? Its retained word, and its last will."""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

VERSION: Final = 1
MAX_BYTES: Final = 4096


class UnreadableStatus(ValueError):
    """Bytes that are not a `status` message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStatus:
    """What an edge says of itself. The last will has only `v`, `gateway_id` and `state`."""

    v: int
    gateway_id: str
    state: Literal["online", "offline"]
    at_ms: int | None = None  # the edge's wall clock, UTC
    boot_id: str | None = None
    software: str | None = None  # version
    loggers_heard: int | None = None  # in the last 10 minutes
    outbox_readings: int | None = None  # kept and not yet confirmed
    outbox_dropped: int | None = None  # lost to a full outbox, since it was made
    clock: int | None = None  # schemas.reading.ClockConfidence


_decoder = msgspec.json.Decoder(GatewayStatus)


def encode_status(status: GatewayStatus) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(status)


def decode_status(payload: bytes) -> GatewayStatus:
    """Decode JSON; raise UnreadableStatus."""
    if len(payload) > MAX_BYTES:
        raise UnreadableStatus(f"not a status: {len(payload)} bytes; it has at most {MAX_BYTES}")
    try:
        status = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableStatus(f"not a status: {error}") from error
    if status.v != VERSION:
        raise UnreadableStatus(f"v is {status.v}; this program reads version {VERSION}")
    return status
