"""How many six-hour consignments a second do the rules judge, on one core?

`python -m bench.judge_rules`. Each has 720 readings, one every 30 seconds with noise of 0.1 °C, and
is judged by the chilled policy that comes along: limits of air and goods, budgets, MKT, shelf life,
lid openings. Of a hundred, 80 stay in range, 12 leave it (half of them for good), 8 have gaps of 5
to 40 minutes.
"""

import time
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.rules.excursions import judge_consignment
from gateway.rules.judgement import Circumstances
from gateway.rules.policy import Policy
from gateway.rules.policy_file import read_policy
from schemas.curve import Curve
from schemas.ids import LoggerId
from schemas.segments import Float64s, Recording, Source, Window

Bools = npt.NDArray[np.bool_]

READINGS: Final = 720
INTERVAL_MS: Final = 30_000
CONSIGNMENTS: Final = 200
_FROM_MS: Final = 1_790_000_000_000
_NOISE_C: Final = 0.1


def rules_per_s(*, seconds: float = 3.0, seed: int = 3) -> float:
    """Judge consignments one by one for so long; return how many a second."""
    policy = chilled_policy()
    cases = [(recording, _circumstances()) for recording in recordings(seed)]
    for recording, circumstances in cases:
        judge_consignment([recording], [], policy, circumstances)
    rounds = 0
    begun_s = time.process_time()
    while (took_s := time.process_time() - begun_s) < seconds:
        for recording, circumstances in cases:
            judge_consignment([recording], [], policy, circumstances)
        rounds += 1
    return rounds * len(cases) / took_s


def chilled_policy() -> Policy:
    """Return the policy of chilled goods that comes along."""
    file = files("gateway") / "policies" / "chilled.toml"
    return read_policy(file.read_text(encoding="utf-8"), name=file.name)


def recordings(seed: int) -> Iterator[Recording]:
    """Return the curves, the same for the same seed."""
    rng = np.random.default_rng(seed)
    for number in range(CONSIGNMENTS):
        share = 100 * number // CONSIGNMENTS
        temperature_c = rng.uniform(1.5, 3.0) + rng.uniform(-0.5, 0.5) * np.linspace(0, 1, READINGS)
        temperature_c[:20] += 15 * np.exp(-np.arange(20) / 5)  # the logger comes from a warm shelf
        kept = np.ones(READINGS, dtype=np.bool_)
        if 80 <= share < 92:
            temperature_c += _warming(rng, for_good=share % 2 == 0)
        elif share >= 92:
            begin = int(rng.integers(60, 600))
            kept[begin : begin + int(rng.integers(10, 80))] = False
        yield _recording(temperature_c + rng.normal(0, _NOISE_C, READINGS), kept)


def _warming(rng: np.random.Generator, *, for_good: bool) -> Float64s:
    minutes = np.arange(READINGS) / 2 - rng.uniform(60, 200)
    warmer_c = rng.uniform(5, 9) * -np.expm1(-np.maximum(minutes, 0) / 30)
    back = 1.0 if for_good else np.exp(-np.maximum(minutes - 80, 0) / 10)
    warming: Float64s = warmer_c * back
    return warming


def _recording(temperature_c: Float64s, kept: Bools) -> Recording:
    count = int(kept.sum())
    curve = Curve(
        measured_at_ms=(_FROM_MS + np.arange(READINGS, dtype=np.int64) * INTERVAL_MS)[kept],
        temperature_c=np.round(temperature_c, 2)[kept],
        sequence=np.arange(count),
        heard_by=np.zeros(count, dtype=np.int64),
    )
    source = Source(kind="box", logger_id=LoggerId("C4:00:00:00:00:01"))
    return Recording(source=source, record_interval_s=INTERVAL_MS // 1000, curve=curve)


def _circumstances() -> Circumstances:
    until_ms = _FROM_MS + READINGS * INTERVAL_MS
    return Circumstances(
        life=Window(from_ms=_FROM_MS, until_ms=until_ms),
        as_of_ms=until_ms,
        packed_at_ms=(_FROM_MS,),
        loaded_at_ms=(_FROM_MS + 1_800_000,),
    )


if __name__ == "__main__":
    print(f"rules_per_s {rules_per_s():.0f}")
