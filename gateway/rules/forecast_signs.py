"""What tells that a box will leave its zone?

Signs are numbers a box: how far and how fast, how much of the pack's cold must be used up, and what
the ensemble expects. Distances and slopes count towards the limit that is threatened: positive is
worse for slopes, positive is inside for distances. `SIGNS` is their order; the fitted trees ask for
them by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gateway.rules.forecast_prior import Known
from gateway.rules.forecast_record import PackKind
from gateway.rules.thermal import AHEAD_ENDS_S, Outlook, weighted
from gateway.rules.thermal_smoother import Belief

Floats = npt.NDArray[np.floating[Any]]

_KINDS: Final = (PackKind.ICE, PackKind.BRINE, PackKind.PARAFFIN_15, PackKind.DRY_ICE)
_HORIZONS_MIN: Final = (20, 40, 80, 120, 240, 420)
_QUANTILES: Final = (0.1, 0.5, 0.9)
_FAR_K: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What the guesses see inside a box, by weight; all (boxes,)."""

    melt_min: Floats  # until the pack is used up
    frozen: Floats  # share of the pack, below 0 once the melt warms
    frozen_sd: Floats
    goods_c: Floats
    missed_c: Floats
    wall_w_per_k: Floats


def inside_of(belief: Belief, ambient_c: npt.NDArray[np.float32]) -> Inside:
    """Return what the guesses see inside each box, under an ambient (boxes,)."""
    guesses, weights = belief.ensemble, belief.weights
    share = np.clip(guesses.frozen_j / guesses.full_j, -0.5, 1.2)
    frozen = weighted(weights, share)
    outside_c = ambient_c[:, None] + guesses.ambient_offset_c
    load_w = weighted(weights, guesses.wall * (outside_c - guesses.logger_c))
    return Inside(
        melt_min=weighted(weights, guesses.frozen_j) / np.maximum(load_w, 1) / 60,
        frozen=frozen,
        frozen_sd=np.sqrt(weighted(weights, (share - frozen[:, None]) ** 2)),
        goods_c=weighted(weights, guesses.product_c),
        missed_c=weighted(weights, belief.missed_c),
        wall_w_per_k=weighted(weights, guesses.wall),
    )


def level_c(logger_c: Floats) -> Floats:
    """Return the last ten minutes' mean."""
    return _mean(logger_c, 0, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Boxes at one moment: readings in steps of five minutes, what the ensemble makes of them."""

    logger_c: Floats  # (boxes, steps), gaps filled by the value before
    ambient_c: Floats
    steps: npt.NDArray[np.intp]  # (boxes,): how many of the last steps are since packing
    limits_c: Floats  # (2, boxes): lower and upper, infinite where there is none
    ambient_known: npt.NDArray[np.bool_]
    known: Known
    inside: Inside
    outlook: Outlook
    level_c: Floats
    out: npt.NDArray[np.bool_]  # beyond a limit for the last ten minutes


def towards(study: Study) -> Floats:
    """Return the limit that each box is on its way to: 1 the upper, -1 the lower one."""
    lower_c, upper_c = study.limits_c
    lower, upper = study.outlook.by_lower[:, -1], study.outlook.by_upper[:, -1]
    falling = _slope(study.logger_c, (0, 3), (12, 15)) < -0.1
    nearer = (study.level_c - lower_c < upper_c - study.level_c) & falling
    undecided = np.abs(upper - lower) <= 0.02
    down = np.where(undecided, nearer, lower > upper) | np.isinf(upper_c)
    return np.where(down & np.isfinite(lower_c), -1.0, 1.0)


def signs_of(study: Study) -> npt.NDArray[np.float32]:
    """Return the signs (boxes, len(SIGNS))."""
    sign = towards(study)
    limit_c = np.where(sign > 0, study.limits_c[1], study.limits_c[0])
    found = _motion(study, sign, limit_c)
    found |= _contact(study, sign, limit_c)
    found |= _expectation(study)
    found |= _inside(study, sign)
    found |= _circumstances(study, sign, limit_c)
    return np.stack([found[name] for name in SIGNS], axis=1).astype(np.float32)


def _mean(columns: Floats, youngest: int, oldest: int) -> Floats:
    """Return the mean of the columns that are `youngest` to `oldest` - 1 steps old."""
    width = columns.shape[1]
    end = max(1, width - youngest)
    begin = min(max(0, width - oldest), end - 1)
    mean: Floats = columns[:, begin:end].mean(axis=1)
    return mean


def _slope(columns: Floats, late: tuple[int, int], early: tuple[int, int]) -> Floats:
    """Return the change an hour between two stretches of columns, given by their ages in steps."""
    hours = (sum(early) - sum(late)) / 2 / 12
    return (_mean(columns, *late) - _mean(columns, *early)) / hours


# The stretches that slopes are taken between, by ages in steps of five minutes.
_SLOPES: Final = {
    "15": ((0, 2), (3, 5)),
    "30": ((0, 3), (6, 9)),
    "60": ((0, 3), (12, 15)),
    "120": ((0, 6), (24, 30)),
}


def _motion(study: Study, sign: Floats, limit_c: Floats) -> dict[str, Floats]:
    """Return how far the limit is, how fast it comes near, and when a straight line meets it."""
    distance = np.minimum((limit_c - study.level_c) * sign, _FAR_K)
    found = {
        "distance": np.minimum(distance, 6),
        "log_distance": np.log(np.maximum(distance, 0.05)),
        "beyond": np.minimum(distance, 0),
    }
    for name, (late, early) in _SLOPES.items():
        slope = _slope(study.logger_c, late, early) * sign
        found[f"slope_{name}"] = np.clip(slope, -4, 4)
        found[f"line_{name}"] = np.log(np.clip(distance, 0.02, _FAR_K) / np.clip(slope, 0.02, 10))
    earlier = np.clip(_slope(study.logger_c, (6, 9), (12, 15)) * sign, -4, 4)
    found["slope_before"] = earlier
    found["bend"] = np.clip(found["slope_30"] - earlier, -4, 4)
    found["closest"] = _closest(study, sign)
    return found


def _closest(study: Study, sign: Floats) -> Floats:
    """Return the least distance since half an hour after packing; to the lower limit, now's."""
    lower_c, upper_c = study.limits_c
    width = study.logger_c.shape[1]
    settled = np.arange(width) >= np.minimum(width - study.steps + 6, width - 1)[:, None]
    highest = np.where(settled, study.logger_c, -np.inf).max(axis=1)
    distance = np.where(sign > 0, upper_c - highest, study.level_c - lower_c)
    closest: Floats = np.clip(distance, -6, 6)
    return closest


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, where whole is at least 2 K, within ±1."""
    return np.clip(part / np.where(np.abs(whole) < 2, 2, whole), -1, 1)


def _contact(study: Study, sign: Floats, limit_c: Floats) -> dict[str, Floats]:
    """Return how the air stands between pack and ambient: what the ambient does is taken out.

    The ratio (air - melting point) / (ambient - air) is the wall's conductance over the pack's: it
    rises as the pack is used up, whatever the weather.
    """
    melting_c = study.known.melting_c
    ratios = _ratio(study.logger_c - melting_c[:, None], study.ambient_c - study.logger_c)
    ambient_c = _mean(study.ambient_c, 0, 12)
    at_limit = _ratio(limit_c - melting_c, ambient_c - limit_c)
    now = _mean(ratios, 0, 3)
    width = ratios.shape[1]
    early = np.clip((width - study.steps)[:, None] + np.arange(8, 12), 0, width - 1)
    at_first = np.take_along_axis(ratios, early, axis=1).mean(axis=1)
    room = np.clip(at_limit - now, -1, 1)
    found = {
        "ratio": now,
        "ratio_first": at_first,
        "ratio_grown": np.log(np.clip(now, 0.005, 1) / np.clip(at_first, 0.005, 1)),
        "ratio_limit": at_limit,
        "ratio_room": room,
        "headroom": (ambient_c - limit_c) * sign,
    }
    for name in ("30", "60", "120"):
        slope = _slope(ratios, *_SLOPES[name])
        found[f"ratio_slope_{name}"] = slope
        found[f"ratio_line_{name}"] = np.log(np.clip(room, 0.003, 2) / np.clip(slope, 0.003, 5))
    return found


def _expectation(study: Study) -> dict[str, Floats]:
    """Return what the guesses expect: chances by horizons, and quantiles of the time."""
    left = study.outlook.by_lower + study.outlook.by_upper
    ends_min = np.concatenate(([0.0], AHEAD_ENDS_S / 60))
    found = {}
    for horizon_min in _HORIZONS_MIN:
        chance = left[:, np.searchsorted(ends_min, horizon_min)]
        found[f"chance_{horizon_min}"] = np.log((chance + 0.005) / (1.005 - chance))
    named = np.log(np.concatenate(([3.0], ends_min[1:], [700.0])))
    for q in _QUANTILES:
        found[f"time_{round(100 * q)}"] = named[(left < q).sum(axis=1)]
    return found


def _inside(study: Study, sign: Floats) -> dict[str, Floats]:
    inside = study.inside
    return {
        "melt_time": np.log(np.clip(inside.melt_min, 1, 2000)),
        "frozen": inside.frozen,
        "frozen_sd": inside.frozen_sd,
        "goods": np.clip((inside.goods_c - study.level_c) * sign, -5, 5),
        "missed": inside.missed_c * sign,
        "wall": np.log(np.maximum(inside.wall_w_per_k, 0.01)),
    }


def _circumstances(study: Study, sign: Floats, limit_c: Floats) -> dict[str, Floats]:
    """Return what is known besides: ambient, age, packing record, and the budget of cold by it."""
    known = study.known
    flux_k = study.ambient_c - study.logger_c
    since = np.arange(flux_k.shape[1]) >= (flux_k.shape[1] - study.steps)[:, None]
    heat_j = np.where(since, flux_k, 0).sum(axis=1) * 300 * known.wall_w_per_k
    drain_w = np.maximum(np.abs(_mean(flux_k, 0, 12) * known.wall_w_per_k), 0.5)
    found = {
        "budget": np.clip((0.85 * known.pack_j - heat_j) / drain_w / 60, -600, 1500),
        "used": np.clip(heat_j / np.maximum(known.pack_j, 1e4), -1, 5),
        "ambient": (_mean(study.ambient_c, 0, 6) - study.level_c) * sign,
        "ambient_trend": (_mean(study.ambient_c, 0, 3) - _mean(study.ambient_c, 12, 18)) * sign,
        "ambient_known": study.ambient_known,
        "age": np.log(study.steps * 5.0),
        "limit": limit_c,
        "wall_known": known.wall_known,
        "pack_known": known.pack_known,
    }
    return found | {f"is_{kind}": known.kind == kind for kind in _KINDS}


SIGNS: Final[Sequence[str]] = (
    *("distance", "log_distance", "beyond"),
    *(f"slope_{name}" for name in _SLOPES),
    *(f"line_{name}" for name in _SLOPES),
    *("slope_before", "bend", "closest"),
    *("ratio", "ratio_first", "ratio_grown", "ratio_limit", "ratio_room", "headroom"),
    *(f"ratio_slope_{name}" for name in ("30", "60", "120")),
    *(f"ratio_line_{name}" for name in ("30", "60", "120")),
    *(f"chance_{horizon_min}" for horizon_min in _HORIZONS_MIN),
    *(f"time_{round(100 * q)}" for q in _QUANTILES),
    *("melt_time", "frozen", "frozen_sd", "goods", "missed", "wall"),
    *("budget", "used", "ambient", "ambient_trend", "ambient_known", "age", "limit"),
    *("wall_known", "pack_known"),
    *(f"is_{kind}" for kind in _KINDS),
)
