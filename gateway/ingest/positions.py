"""Which of an edge's fixes can be true?

A receiver may jump, say 0,0 before it knows, or have a clock that is ahead or runs back. Such a fix
would move a vehicle across the map and have it arrive where it is not, so it is kept out, counted,
and told with its reason. Pure, but for what is remembered of each gateway from one message to the
next.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Final, Literal

from schemas.ids import GatewayId
from schemas.position import MAX_FIXES, Fix
from schemas.reading import MEASURED_AT_RANGE_MS

Refusal = Literal["jump", "future", "backwards", "nowhere"]

FASTEST_M_S: Final = 60.0
"""216 km/h: no delivery drives so fast."""
AHEAD_MS: Final = 60_000
"""How far a receiver's clock may be ahead of ours: GPS time is exact, ours is not."""
NOWHERE_DEG: Final = 0.001
"""Nearer to 0,0 than about 100 m is in the Gulf of Guinea: a receiver that knows nothing."""
AGREEING: Final = 5
"""So many fixes in a row that jump from the last one believed, but not from each other, are right:
it was the believed one that was wrong."""
CAPACITY: Final = 5_000
"""Gateways remembered; a full memory is emptied, and read again."""
_ERROR_M: Final = 50.0
"""Two fixes a moment apart may differ by so much without any movement."""
_EARTH_RADIUS_M: Final = 6_371_008.8


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFix:
    """A fix to store."""

    gateway_id: GatewayId
    fix: Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Fixes of one message that were kept out, for one reason: how many, and the first in words."""

    gateway_id: GatewayId
    reason: Refusal
    fixes: int
    sentence: str
    is_new: bool
    """The gateway's fixes before were believed, or refused for another reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """What is to be stored of some messages, and what is not."""

    kept: Sequence[KeptFix] = ()
    doubts: Sequence[Doubt] = ()
    repeated: int = 0


@dataclass(slots=True)
class _Gate:
    """What is remembered of one gateway."""

    believed: Fix | None = None
    stored_ms: list[int] = field(default_factory=list)  # the newest MAX_FIXES, in order
    astray: list[Fix] = field(default_factory=list)  # that jump, but agree with each other
    doubted: Refusal | None = None

    def believe(self, fix: Fix) -> None:
        self.believed = fix
        self.stored_ms.append(fix.at_ms)
        del self.stored_ms[:-MAX_FIXES]
        self.astray.clear()
        self.doubted = None


class Gates:
    """What is remembered of all gateways. One thread at a time."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._gates: dict[GatewayId, _Gate] = {}

    def unknown(self, gateway_ids: Iterable[GatewayId]) -> set[GatewayId]:
        """Return those whose stored fixes are not known."""
        return set(gateway_ids) - self._gates.keys()

    def learn(self, stored: Mapping[GatewayId, Sequence[Fix]]) -> None:
        """Take over the newest stored fixes of gateways, oldest first; no fixes are none stored."""
        if len(self._gates) + len(stored) > self._capacity:
            self._gates.clear()
        for gateway_id, fixes in stored.items():
            gate = self._gates[gateway_id] = _Gate()
            for fix in fixes:
                gate.believe(fix)

    def sift(
        self, gateway_id: GatewayId, fixes: Sequence[Fix], *, now_ms: int, may_repeat: bool
    ) -> Sifted:
        """Part the fixes of a message of a known gateway, and remember what was believed."""
        gate = self._gates[gateway_id]
        kept: list[KeptFix] = []
        repeated = 0
        refused: Counter[Refusal] = Counter()
        sentences: dict[Refusal, tuple[str, bool]] = {}
        for fix in fixes:
            if _is_repeated(gate, fix, may_repeat=may_repeat):
                repeated += 1
                continue
            reason = _refusal(gate, fix, now_ms)
            if reason == "jump" and _has_agreement(gate, fix):
                reason = None
            if reason is None:
                gate.believe(fix)
                kept.append(KeptFix(gateway_id=gateway_id, fix=fix))
                continue
            refused[reason] += 1
            sentences.setdefault(
                reason, (_sentence(reason, gate, fix, now_ms), gate.doubted != reason)
            )
            gate.doubted = reason
        doubts = [
            Doubt(
                gateway_id=gateway_id,
                reason=reason,
                fixes=count,
                sentence=sentences[reason][0],
                is_new=sentences[reason][1],
            )
            for reason, count in sorted(refused.items())
        ]
        return Sifted(kept=kept, doubts=doubts, repeated=repeated)


def _is_repeated(gate: _Gate, fix: Fix, *, may_repeat: bool) -> bool:
    if fix.at_ms in gate.stored_ms:
        return True
    newest_ms = gate.believed.at_ms if gate.believed else None
    return may_repeat and newest_ms is not None and fix.at_ms <= newest_ms


def _refusal(gate: _Gate, fix: Fix, now_ms: int) -> Refusal | None:
    if abs(fix.lat_deg) < NOWHERE_DEG and abs(fix.lon_deg) < NOWHERE_DEG:
        return "nowhere"
    if fix.at_ms > now_ms + AHEAD_MS:
        return "future"
    if fix.at_ms < MEASURED_AT_RANGE_MS[0]:
        return "backwards"
    if gate.believed is None:
        return None
    if fix.at_ms <= gate.believed.at_ms:
        return "backwards"
    return "jump" if _jumps(gate.believed, fix) else None


def _jumps(before: Fix, after: Fix) -> bool:
    seconds = (after.at_ms - before.at_ms) / 1000
    return distance_m(before, after) > FASTEST_M_S * seconds + _ERROR_M


def _has_agreement(gate: _Gate, fix: Fix) -> bool:
    """Remember a fix that jumps; return whether enough of them agree to be believed."""
    if gate.astray and (fix.at_ms <= gate.astray[-1].at_ms or _jumps(gate.astray[-1], fix)):
        gate.astray.clear()
    gate.astray.append(fix)
    return len(gate.astray) >= AGREEING


def distance_m(a: Fix, b: Fix) -> float:
    """Return the great circle between two fixes (haversine)."""
    lat_a, lat_b = radians(a.lat_deg), radians(b.lat_deg)
    half_lat, half_lon = (lat_b - lat_a) / 2, radians(b.lon_deg - a.lon_deg) / 2
    chord = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2
    return 2 * _EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def _sentence(reason: Refusal, gate: _Gate, fix: Fix, now_ms: int) -> str:
    if reason == "nowhere":
        return f"{fix.lat_deg}, {fix.lon_deg} is what a receiver says that knows no position"
    if reason == "future":
        return f"its time is {(fix.at_ms - now_ms) / 1000:.0f} s ahead of ours"
    before = gate.believed
    if before is None:
        return "its time is before 2010: the receiver's clock is not set"
    seconds = (fix.at_ms - before.at_ms) / 1000
    if reason == "backwards":
        return f"its time is {-seconds:.0f} s before that of the fix before"
    return (
        f"{distance_m(before, fix):,.0f} m in {seconds:.0f} s from the last fix believed; "
        f"at most {FASTEST_M_S:.0f} m/s are"
    )
