"""Curves and policies as tests write them, times in minutes since a moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gateway.rules.excursions import judge_consignment
from gateway.rules.judgement import Circumstances, Excursion, Judgement
from gateway.rules.policy import Limit, Policy
from schemas.curve import Curve
from schemas.ids import LoggerId
from schemas.reading import Zone
from schemas.segments import Recording, Source, Window

T0_MS = 1_790_000_000_000

Readings = Sequence[tuple[float, float]]  # minute, °C


def ms(minute: float) -> int:
    return T0_MS + round(minute * 60_000)


def minute(at_ms: int | None) -> float | None:
    return None if at_ms is None else (at_ms - T0_MS) / 60_000


def each_minute(*stretches: tuple[float, int], begin: int = 0) -> list[tuple[float, float]]:
    """Return one reading a minute: so many of each temperature, one stretch after the other."""
    temperatures = [c for c, count in stretches for _ in range(count)]
    return [(begin + i, c) for i, c in enumerate(temperatures)]


def recording(
    readings: Readings, *, kind: Literal["box", "place"] = "box", interval_s: int | None = 60
) -> Recording:
    """Return a recording; its gap limit is 3 minutes unless `interval_s` is given."""
    count = len(readings)
    curve = Curve(
        measured_at_ms=np.array([ms(at) for at, _ in readings], dtype=np.int64),
        temperature_c=np.array([c for _, c in readings], dtype=np.float64),
        sequence=np.full(count, -1, dtype=np.int64),
        heard_by=np.zeros(count, dtype=np.int64),
    )
    source = Source(kind=kind, logger_id=LoggerId("C4:00:00:00:00:01"))
    return Recording(source=source, record_interval_s=interval_s, curve=curve)


def limit(**changes: Any) -> Limit:
    """Return a limit: above 8 °C for 30 minutes."""
    words: dict[str, Any] = {
        "name": "too-warm",
        "side": "upper",
        "limit_c": 8.0,
        "duration_s": 1800,
        "severity": "critical",
    }
    return Limit(**(words | changes))


def policy(*limits: Limit, **changes: Any) -> Policy:
    words: dict[str, Any] = {
        "policy_id": "test",
        "version": 1,
        "zone": Zone.CHILLED,
        "source": "a test",
        "limits": limits,
        "upper_c": 8.0,
    }
    return Policy(**(words | changes))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A curve under a policy; `until` and `as_of` in minutes."""

    policy: Policy
    own: Sequence[Recording] = ()
    places: Sequence[Recording] = ()
    until: float | None = None
    as_of: float = 600
    packed: Iterable[float] = ()
    loaded: Iterable[float] = ()
    suspended: Iterable[tuple[float, float | None]] = ()
    closed_by_operator: Iterable[float] = ()

    def judgement(self) -> Judgement:
        circumstances = Circumstances(
            life=Window(from_ms=ms(0), until_ms=None if self.until is None else ms(self.until)),
            as_of_ms=ms(self.as_of),
            packed_at_ms=tuple(map(ms, self.packed)),
            loaded_at_ms=tuple(map(ms, self.loaded)),
            suspended=tuple(
                Window(from_ms=ms(a), until_ms=None if b is None else ms(b))
                for a, b in self.suspended
            ),
            closed_by_operator_ms=tuple(map(ms, self.closed_by_operator)),
        )
        return judge_consignment(self.own, self.places, self.policy, circumstances)


def judge(
    readings: Readings,
    rules: Policy,
    *,
    after: float = 0,
    interval_s: int | None = 60,
    **changes: Any,
) -> Judgement:
    """Judge one logger's readings as they stand `after` minutes behind the last of them."""
    as_of = changes.pop("as_of", readings[-1][0] + after)
    own = [recording(readings, interval_s=interval_s)]
    return Case(policy=rules, own=own, as_of=as_of, **changes).judgement()


def told(excursion: Excursion) -> tuple[str, float | None, float | None, int]:
    """Return state, first and last minute, and minutes beyond the limit."""
    return (
        excursion.state,
        minute(excursion.from_ms),
        minute(excursion.until_ms),
        excursion.duration_s // 60,
    )
