"""How warm will a box get, seen by many guesses of what it is made of?

An ensemble: each box has `DRAWS` guesses of its parameters around what its packing record says. All
boxes and guesses advance together; those that explain the box's readings weigh more. Arrays are
float32 of shape (boxes, draws); units are W/K, J/K, J, °C and seconds.

Lumped nodes (Incropera, "Fundamentals of Heat and Mass Transfer", ch. 5): the air inside has no heat
capacity, so its temperature is the mean of ambient, goods and pack, weighted by conductance. The pack
keeps its melting point while it melts; before and after, it warms with its heat capacity. Its contact
shrinks with its frozen share. The draws are the same for every box at every moment, so that a
forecast is a function of the box's record alone.
"""

from dataclasses import dataclass, fields, replace
from statistics import NormalDist
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from gateway.rules.forecast_record import PackKind

Floats = npt.NDArray[np.float32]

DRAWS: Final = 96
STEP_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class PackMaterial:
    """What a pack does when it takes up heat."""

    melting_c: float
    latent_j_per_kg: float
    sensible_j_per_kg_k: float  # a rounded mean of solid and liquid


# Water: CRC Handbook, as the trade rounds it. Eutectic brine and paraffin: Zalba et al. 2003, Applied
# Thermal Engineering 23, tables 1 to 3. Dry ice: CRC Handbook, sublimation at 1 atm.
PACK_MATERIALS: Final = {
    PackKind.NONE: PackMaterial(0.0, 0.0, 1.0),
    PackKind.ICE: PackMaterial(0.0, 335e3, 3000.0),
    PackKind.BRINE: PackMaterial(-21.2, 222e3, 2600.0),
    PackKind.PARAFFIN_15: PackMaterial(15.0, 155e3, 2000.0),
    PackKind.DRY_ICE: PackMaterial(-78.5, 571e3, 900.0),
}

# A melted pack still passes heat: this much is added to its frozen share in `_contact`.
_MELTED: Final = np.float32(0.04)
# An explicit step must not carry more heat into a pack than levels its temperature out.
_STABLE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Prior:
    """What is expected of each box before its readings; every array has one entry a box.

    `*_log_sd` is the standard deviation of the natural logarithm.
    """

    wall_w_per_k: Floats
    wall_log_sd: Floats
    product_w_per_k: Floats
    product_j_per_k: Floats
    product_log_sd: Floats
    product_c: Floats
    pack_w_per_k: Floats  # 0: no pack
    pack_j: Floats  # melts all of it
    pack_log_sd: Floats
    pack_j_per_k: Floats
    melting_c: Floats
    subcooled: Floats  # 1 where a pack may come much colder than its melting point
    ambient_sd_c: Floats
    spent_k_s: Floats  # degree-seconds across the wall before the first step
    logger_c: Floats


@dataclass(slots=True, kw_only=True)
class Ensemble:
    """Parameters and state of each box's guesses; all arrays (boxes, draws)."""

    wall: Floats
    product: Floats
    product_rate: Floats  # 1/s
    pack: Floats
    roundness: Floats  # of the contact's fall as the pack melts; see `_contact`
    full_j: Floats
    pack_k_per_j: Floats
    melting_c: Floats
    logger_rate: Floats  # 1/s
    ambient_offset_c: Floats
    drift_c: Floats  # of the ambient, in the first hour to come
    frozen_j: Floats
    product_c: Floats
    air_c: Floats
    logger_c: Floats

    def pick(self, rows: slice | tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]) -> Self:
        """Return some boxes (a slice: views), or chosen draws of each (index arrays: copies)."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def fork(self) -> Self:
        """Return the same guesses with a state of their own."""
        state = ("frozen_j", "product_c", "air_c", "logger_c")
        return replace(self, **{name: getattr(self, name).copy() for name in state})


def _standard_draws(draws: int, parameters: int) -> tuple[npt.NDArray[np.float64], Floats]:
    """Return evenly spread points in the unit cube, and the same as standard normals.

    The additive recurrence of the generalised golden ratio (Roberts 2018, "The unreasonable
    effectiveness of quasirandom sequences"): no generator, so the same on every machine.
    """
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (parameters + 1))
    steps = ratio ** -np.arange(1.0, parameters + 1)
    uniform = (0.5 + np.arange(1, draws + 1)[:, None] * steps) % 1.0
    normal = np.vectorize(NormalDist().inv_cdf)(uniform)
    return uniform, normal.astype(np.float32)


_NAMES: Final = (
    "wall", "product", "capacity", "pack", "energy", "logger", "frozen", "melting", "ambient",
    "roundness", "subcooled", "goods", "drift",
)  # fmt: skip
_UNIFORM, _NORMAL = _standard_draws(DRAWS, len(_NAMES))
_U: Final = {name: _UNIFORM[:, i].astype(np.float32) for i, name in enumerate(_NAMES)}
_N: Final = {name: _NORMAL[:, i] for i, name in enumerate(_NAMES)}


def _frozen_share(uniform: Floats) -> Floats:
    """Return the share of a pack that is frozen: 85 % of packs U(0.83, 1), others U(0.25, 0.8)."""
    well = 0.83 + 0.17 * (uniform - 0.15) / 0.85
    badly = 0.25 + 0.55 * uniform / 0.15
    return np.where(uniform < 0.15, badly, well).astype(np.float32)


def draw_ensemble(prior: Prior) -> Ensemble:
    """Return each box's guesses, in balance with nothing yet: the first step finds the air."""

    def column(values: Floats) -> Floats:
        return values[:, None].astype(np.float32)

    def spread(median: Floats, log_sd: Floats | float, name: str) -> Floats:
        sd = column(log_sd) if isinstance(log_sd, np.ndarray) else np.float32(log_sd)
        return (column(median) * np.exp(sd * _N[name])).astype(np.float32)

    wall = spread(prior.wall_w_per_k, prior.wall_log_sd, "wall")
    product = spread(prior.product_w_per_k, 0.35, "product")
    capacity = spread(prior.product_j_per_k, prior.product_log_sd, "capacity")
    pack_j_per_k = column(prior.pack_j_per_k) * np.ones(DRAWS, np.float32)
    pack = np.minimum(spread(prior.pack_w_per_k, 0.5, "pack"), _STABLE * pack_j_per_k / STEP_S)
    full_j = np.maximum(spread(prior.pack_j, prior.pack_log_sd, "energy"), 1.0)
    subcooled_k = column(prior.subcooled) * np.maximum(0.0, 20 * _U["subcooled"] - 12)
    frozen_j = full_j * _frozen_share(_U["frozen"]) + subcooled_k * pack_j_per_k
    start_c = column(prior.logger_c) * np.ones(DRAWS, np.float32)
    return Ensemble(
        wall=wall,
        product=product,
        product_rate=product / capacity,
        pack=pack,
        roundness=(0.03 + _U["roundness"] ** 2)[None, :] * np.ones_like(wall),
        full_j=full_j,
        pack_k_per_j=1 / pack_j_per_k,
        melting_c=column(prior.melting_c) + 0.3 * _N["melting"],
        logger_rate=1 / (480 * np.exp(0.4 * _N["logger"]))[None, :] * np.ones_like(wall),
        ambient_offset_c=column(prior.ambient_sd_c) * _N["ambient"],
        drift_c=_N["drift"][None, :] * np.ones_like(wall),
        frozen_j=(frozen_j - wall * column(prior.spent_k_s)).astype(np.float32),
        product_c=column(prior.product_c) + _N["goods"],
        air_c=start_c,
        logger_c=start_c.copy(),
    )


def advance(ensemble: Ensemble, ambient_c: Floats, seconds: float) -> None:
    """Let time pass, in place. `ambient_c` is (boxes, 1) or (boxes, draws), before the offsets."""
    e = ensemble
    latent_j = np.clip(e.frozen_j, 0.0, e.full_j)
    share = latent_j / e.full_j + _MELTED
    contact = e.pack * (1 + e.roundness) * share / (share + e.roundness)
    pack_c = e.melting_c - (e.frozen_j - latent_j) * e.pack_k_per_j
    outside_c = ambient_c + e.ambient_offset_c
    e.air_c[...] = (e.wall * outside_c + e.product * e.product_c + contact * pack_c) / (
        e.wall + e.product + contact
    )
    e.frozen_j -= contact * (e.air_c - pack_c) * np.float32(seconds)
    e.product_c -= (e.air_c - e.product_c) * np.expm1(-e.product_rate * np.float32(seconds))
    e.logger_c -= (e.air_c - e.logger_c) * np.expm1(-e.logger_rate * np.float32(seconds))


@dataclass(slots=True, kw_only=True)
class Belief:
    """The guesses, how well each explains the readings so far, and what it missed lately."""

    ensemble: Ensemble
    log_weight: Floats
    missed_c: Floats  # reading less guess, smoothed

    @classmethod
    def before_readings(cls, ensemble: Ensemble) -> Self:
        """Return a belief in which every guess weighs the same."""
        zero = np.zeros_like(ensemble.wall)
        return cls(ensemble=ensemble, log_weight=zero, missed_c=zero.copy())

    def fork(self) -> Self:
        """Return the same belief, free to change."""
        return type(self)(
            ensemble=self.ensemble.fork(),
            log_weight=self.log_weight.copy(),
            missed_c=self.missed_c.copy(),
        )

    def weights(self) -> Floats:
        """Return the guesses' weights (boxes, draws); those of a box sum to 1."""
        raw = np.exp(self.log_weight - self.log_weight.max(axis=1, keepdims=True))
        return raw / raw.sum(axis=1, keepdims=True)


# A guess's misses follow a heavy-tailed distribution: a lid was opened, packs lie unevenly.
_MISS_C: Final = np.float32(0.3)
_MISS_WEIGHT: Final = np.float32(1.25)
_MISS_SMOOTHING: Final = np.float32(0.25)
# Old readings say less of a box that has changed since: half as much after about four hours.
_FORGET: Final = np.float32(0.985)


def follow(
    belief: Belief, logger_c: Floats, ambient_c: Floats, begun: npt.NDArray[np.intp]
) -> None:
    """Let the guesses live through known steps, in place, and weigh them.

    `logger_c` (nan: no reading) and `ambient_c` are (boxes, steps). `begun[k]` says how many boxes,
    counted from the first, were packed before step k ends; the others stand still.
    """
    for k, boxes in enumerate(begun):
        rows = slice(0, int(boxes))
        now = belief.ensemble.pick(rows)
        advance(now, ambient_c[rows, k, None], STEP_S)
        miss_c = logger_c[rows, k, None] - now.logger_c
        known = np.isfinite(miss_c)
        miss_c = np.where(known, miss_c, 0.0)
        square = (miss_c / _MISS_C) ** 2
        belief.log_weight[rows] *= np.where(known, _FORGET, np.float32(1))
        belief.log_weight[rows] -= _MISS_WEIGHT * np.log1p(square / 4)
        smoothing = np.where(known, _MISS_SMOOTHING, np.float32(0))
        belief.missed_c[rows] += smoothing * (miss_c - belief.missed_c[rows])


# The forecast's steps: fine where a warning is decided, coarse later. 7 h in all.
AHEAD_S: Final = np.repeat([300.0, 600.0, 900.0], [12, 12, 16])
AHEAD_ENDS_S: Final = np.cumsum(AHEAD_S)
_MISS_DECAY_S: Final = 3 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """When the guesses leave the zone: shares (boxes, steps + 1), the first is now."""

    left: Floats
    left_upper: Floats


def look_ahead(belief: Belief, ambient_c: Floats, lower_c: Floats, upper_c: Floats) -> Outlook:
    """Let the guesses live on under the same ambient (boxes,), and count those that leave.

    The limits are (boxes,); infinite where there is none. The belief's state is used up.
    """
    e, weights = belief.ensemble, belief.weights()
    lower, upper = lower_c[:, None], upper_c[:, None]
    left_lower = np.zeros(weights.shape, np.bool_)
    left_upper = np.zeros(weights.shape, np.bool_)
    shares = []
    for seconds, ends_s in zip((0.0, *AHEAD_S), (0.0, *AHEAD_ENDS_S), strict=True):
        if seconds:
            drift_c = e.drift_c * np.float32(np.sqrt(ends_s / 3600))
            advance(e, ambient_c[:, None] + drift_c, seconds)
        seen_c = e.logger_c + belief.missed_c * np.float32(np.exp(-ends_s / _MISS_DECAY_S))
        left_upper |= (seen_c > upper) & ~left_lower
        left_lower |= (seen_c < lower) & ~left_upper
        shares.append((_share(weights, left_lower), _share(weights, left_upper)))
    by_lower, by_upper = (np.stack(side, axis=1) for side in zip(*shares, strict=True))
    return Outlook(left=by_lower + by_upper, left_upper=by_upper)


def _share(weights: Floats, which: npt.NDArray[np.bool_]) -> Floats:
    share: Floats = np.einsum("ij,ij->i", weights, which, dtype=np.float32)
    return share
