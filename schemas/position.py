"""Where is an edge? What it says of itself on `…/position`, in batches as old as its outage."""

from dataclasses import dataclass
from typing import Final

import msgspec

VERSION: Final = 1
MAX_FIXES: Final = 500
MAX_BYTES: Final = 65_536
SPEED_RANGE_M_S: Final = (0.0, 1000.0)
ACCURACY_RANGE_M: Final = (0.0, 10_000_000.0)
"""No receiver errs by more: it is a quarter of the way around the Earth."""


class UnreadablePosition(ValueError):
    """Bytes that are not a `position` message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One position, with the receiver's own time (UTC). None: the receiver doesn't say."""

    at_ms: int
    lat_deg: float
    lon_deg: float
    speed_m_s: float | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Fixes of one edge, oldest first."""

    v: int
    gateway_id: str
    fixes: tuple[Fix, ...]


_SAYS: Final = "give {:.0f} to {:.0f}, or null"
_decoder = msgspec.json.Decoder(Positions)


def encode_positions(positions: Positions) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(positions)


def decode_positions(payload: bytes) -> Positions:
    """Decode JSON; raise UnreadablePosition."""
    if len(payload) > MAX_BYTES:
        raise UnreadablePosition(
            f"not positions: {len(payload)} bytes; there are at most {MAX_BYTES}"
        )
    try:
        positions = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadablePosition(f"not positions: {error}") from error
    if positions.v != VERSION:
        raise UnreadablePosition(f"v is {positions.v}; this program reads version {VERSION}")
    if not 1 <= len(positions.fixes) <= MAX_FIXES:
        raise UnreadablePosition(f"{len(positions.fixes)} fixes; there are 1 to {MAX_FIXES}")
    for fix in positions.fixes:
        _check(fix)
    return positions


def within(value: float | None, limits: tuple[float, float]) -> bool:
    """Say whether a value may be told: it is between the limits, or not known."""
    return value is None or limits[0] <= value <= limits[1]


def _check(fix: Fix) -> None:
    if not (-90 <= fix.lat_deg <= 90 and -180 <= fix.lon_deg <= 180):
        raise UnreadablePosition(f"{fix.lat_deg}, {fix.lon_deg} is no place on Earth")
    if not within(fix.speed_m_s, SPEED_RANGE_M_S):
        raise UnreadablePosition(f"speed_m_s is {fix.speed_m_s}; {_SAYS.format(*SPEED_RANGE_M_S)}")
    if not within(fix.accuracy_m, ACCURACY_RANGE_M):
        raise UnreadablePosition(
            f"accuracy_m is {fix.accuracy_m}; {_SAYS.format(*ACCURACY_RANGE_M)}"
        )
