"""What does the thermal loop save, and what does it cost?

The same seeds with the loop and without it: orders, weather, traffic and failures are the same, and
only plans differ. So differences are paired by seed, and their intervals are Student's t.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev
from typing import Any, Final

# Student's t, two-sided 95 %, by degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2).
_T_95: Final = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_T_95_BEYOND: Final = 2.042  # of 30: wider than true beyond, never narrower

Document = Mapping[str, Any]
"""A day's report as plain values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The mean of paired differences, with its 95 % interval; of one pair it has none (None)."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRow:
    """One seed with the loop and without it."""

    seed: int
    spoiled_with_loop: int
    spoiled_without_loop: int
    spoiled_by_judge_with_loop: int
    spoiled_by_judge_without_loop: int
    on_time_with_loop: float
    on_time_without_loop: float
    cost_with_loop: float
    cost_without_loop: float
    finished_s_with_loop: float
    finished_s_without_loop: float
    broken: int
    announced_before_broken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One weight of the loop against none, over all seeds."""

    weight: float
    spoiled: int
    saved: int
    saved_value: int
    on_time: float
    on_time_change: float
    cost_change: float | None
    """A share: 0.01 is 1 % more."""


def paired(with_loop: Sequence[float], without: Sequence[float]) -> Paired:
    """Return the mean of the differences, with minus without, and its interval."""
    differences = [a - b for a, b in zip(with_loop, without, strict=True)]
    centre = mean(differences)
    if len(differences) < 2:
        return Paired(mean=centre, low=None, high=None)
    freedom = len(differences) - 1
    t = _T_95[freedom - 1] if freedom <= len(_T_95) else _T_95_BEYOND
    half = t * stdev(differences) / sqrt(len(differences))
    return Paired(mean=centre, low=centre - half, high=centre + half)


def seed_row(seed: int, with_loop: Document, without: Document) -> SeedRow:
    """Return the two days of a seed side by side. What was announced is counted with the loop."""
    on, off = with_loop["punctuality"], without["punctuality"]
    return SeedRow(
        seed=seed,
        spoiled_with_loop=with_loop["goods"]["spoiled"],
        spoiled_without_loop=without["goods"]["spoiled"],
        spoiled_by_judge_with_loop=with_loop["goods"]["spoiled_by_judge"],
        spoiled_by_judge_without_loop=without["goods"]["spoiled_by_judge"],
        on_time_with_loop=on["rate"],
        on_time_without_loop=off["rate"],
        cost_with_loop=with_loop["money"]["total"],
        cost_without_loop=without["money"]["total"],
        finished_s_with_loop=on["finished_s"],
        finished_s_without_loop=off["finished_s"],
        broken=on["broken"],
        announced_before_broken=on["announced_before_broken"],
    )


def totals_of(with_loop: Sequence[Document], without: Sequence[Document]) -> dict[str, Any]:
    """Return what all seeds come to; rates are of all promises together."""
    rows = [
        seed_row(on["day"]["seed"], on, off) for on, off in zip(with_loop, without, strict=True)
    ]
    spoiled_on = sum(row.spoiled_with_loop for row in rows)
    spoiled_off = sum(row.spoiled_without_loop for row in rows)
    cost_on = sum(row.cost_with_loop for row in rows)
    cost_off = sum(row.cost_without_loop for row in rows)
    return {
        "seeds": len(rows),
        "spoiled_with_loop": spoiled_on,
        "spoiled_without_loop": spoiled_off,
        "spoiled_change": _share(spoiled_on, spoiled_off),
        "spoiled_by_judge_with_loop": sum(row.spoiled_by_judge_with_loop for row in rows),
        "spoiled_by_judge_without_loop": sum(row.spoiled_by_judge_without_loop for row in rows),
        "on_time_with_loop": _rate(with_loop),
        "on_time_without_loop": _rate(without),
        "cost_with_loop": cost_on,
        "cost_without_loop": cost_off,
        "cost_change": _share(cost_on, cost_off),
        "finished_later_s_most": max(
            row.finished_s_with_loop - row.finished_s_without_loop for row in rows
        ),
        "broken": sum(row.broken for row in rows),
        "announced_before_broken": sum(row.announced_before_broken for row in rows),
    }


def intervals_of(rows: Sequence[SeedRow]) -> dict[str, Paired]:
    """Return the paired differences, with the loop minus without it, a day."""
    return {
        "spoiled": paired(
            [row.spoiled_with_loop for row in rows], [row.spoiled_without_loop for row in rows]
        ),
        "on_time": paired(
            [row.on_time_with_loop for row in rows], [row.on_time_without_loop for row in rows]
        ),
        "cost": paired(
            [row.cost_with_loop for row in rows], [row.cost_without_loop for row in rows]
        ),
        "finished_s": paired(
            [row.finished_s_with_loop for row in rows],
            [row.finished_s_without_loop for row in rows],
        ),
    }


def point_of(weight: float, with_loop: Sequence[Document], without: Sequence[Document]) -> Point:
    """Return one point of the curve of goods saved against punctuality and cost."""
    totals = totals_of(with_loop, without)
    value = [sum(day["goods"]["spoiled_value"] for day in days) for days in (with_loop, without)]
    return Point(
        weight=weight,
        spoiled=totals["spoiled_with_loop"],
        saved=totals["spoiled_without_loop"] - totals["spoiled_with_loop"],
        saved_value=value[1] - value[0],
        on_time=totals["on_time_with_loop"],
        on_time_change=totals["on_time_with_loop"] - totals["on_time_without_loop"],
        cost_change=totals["cost_change"],
    )


def _rate(days: Sequence[Document]) -> float:
    promised = sum(day["punctuality"]["promised"] for day in days)
    return sum(day["punctuality"]["on_time"] for day in days) / promised if promised else 1.0


def _share(new: float, old: float) -> float | None:
    """Return by which share it changed; from nothing to something is no share (None)."""
    if old:
        return new / old - 1.0
    return 0.0 if new == old else None
