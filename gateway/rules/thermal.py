"""How warm will a box get, seen by many guesses of what it is made of?

An ensemble: each box has `DRAWS` guesses of its parameters around what its packing record says. All
boxes and guesses advance together. Arrays are float32 of shape (boxes, draws); units are W/K, J/K,
J, °C and seconds.

Lumped nodes (Incropera, "Fundamentals of Heat and Mass Transfer", ch. 5): the air inside has no
heat capacity, so its temperature is the mean of ambient, goods and pack, weighted by conductance.
The pack keeps its melting point while it melts; before and after, it warms with its heat capacity.
Its contact shrinks with its frozen share. The draws are the same for every box at every moment, so
that a forecast is a function of the box's record alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from gateway.rules.forecast_record import PackKind

Floats = npt.NDArray[np.floating[Any]]

DRAWS: Final = 56
STEP_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class PackMaterial:
    """What a pack does when it takes up heat."""

    melting_c: float
    latent_j_per_kg: float
    sensible_j_per_kg_k: float  # a rounded mean of solid and liquid


# Water: CRC Handbook, as the trade rounds it. Eutectic brine and paraffin: Zalba et al. 2003,
# Applied Thermal Engineering 23, tables 1 to 3. Dry ice: CRC Handbook, sublimation at 1 atm.
PACK_MATERIALS: Final = {
    PackKind.NONE: PackMaterial(0.0, 0.0, 1.0),
    PackKind.ICE: PackMaterial(0.0, 335e3, 3000.0),
    PackKind.BRINE: PackMaterial(-21.2, 222e3, 2600.0),
    PackKind.PARAFFIN_15: PackMaterial(15.0, 155e3, 2000.0),
    PackKind.DRY_ICE: PackMaterial(-78.5, 571e3, 900.0),
}

# A melted pack still passes heat: this much is added to its frozen share.
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
    molten: Floats  # 1 where packs were put in molten
    ambient_sd_c: Floats
    spent_k_s: Floats  # degree-seconds across the wall before the first step
    logger_c: Floats


@dataclass(slots=True, kw_only=True)
class Ensemble:
    """Parameters and state of each box's guesses; all arrays (boxes, draws)."""

    wall: Floats
    product: Floats
    product_keeps: Floats  # share of the goods' distance to the air that is left after a step
    wall_product: Floats  # sum of both
    pack: Floats  # contact is this times s / (s + roundness), s being the frozen share
    roundness: Floats
    full_j: Floats
    per_full_j: Floats
    pack_k_per_j: Floats
    melting_c: Floats
    logger_keeps: Floats  # as `product_keeps`
    ambient_offset_c: Floats
    drift_c: Floats  # of the ambient, in the first hour to come
    frozen_j: Floats
    product_c: Floats
    logger_c: Floats

    def first(self, boxes: int) -> Self:
        """Return views of the first boxes."""
        return type(self)(**{f.name: getattr(self, f.name)[:boxes] for f in fields(self)})


# What the draws are of: each a standard normal, before the readings are known.
_WALL, _PRODUCT, _CAPACITY, _PACK, _ENERGY, _LOGGER, _FROZEN, _MELTING = range(8)
_AMBIENT, _ROUNDNESS, _SUBCOOLED, _GOODS, _DRIFT = range(8, 13)
PARAMETERS: Final = 13
_LOGGER_STEPS: Final = np.float32(-STEP_S / 480)  # a logger's time constant: 8 minutes


def standard_draws(dimensions: int) -> Floats:
    """Return evenly spread standard normals (dimensions, 1, draws).

    The additive recurrence of the generalised golden ratio (Roberts 2018, "The unreasonable
    effectiveness of quasirandom sequences"): no generator, so the same on every machine.
    """
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    uniform = (0.5 + np.arange(1, DRAWS + 1) * steps[:, None]) % 1.0
    normal = np.vectorize(NormalDist().inv_cdf)(uniform)
    normal -= normal.mean(axis=1, keepdims=True)
    normal /= normal.std(axis=1, keepdims=True)
    draws: Floats = normal.astype(np.float32)[:, None, :]
    return draws


def _uniform(normal: Floats) -> Floats:
    """Return a standard normal's probability, to 0.01: the logistic approximation."""
    chance: Floats = 1 / (1 + np.exp(np.float32(-1.702) * normal))
    return chance


def _frozen_share(uniform: Floats) -> Floats:
    """Return the share of a pack that is frozen: 85 % of packs U(0.83, 1), others U(0.25, 0.8)."""
    well = 0.83 + 0.17 * (uniform - 0.15) / 0.85
    badly = 0.25 + 0.55 * uniform / 0.15
    return np.where(uniform < 0.15, badly, well).astype(np.float32)


def draw_ensemble(prior: Prior, normal: Floats) -> Ensemble:
    """Return each box's guesses, given draws (parameters, 1 or boxes, draws)."""

    def column(values: Floats) -> Floats:
        return values[:, None].astype(np.float32)

    def spread(median: Floats, log_sd: Floats, which: int) -> Floats:
        values: Floats = column(median) * np.exp(column(log_sd) * normal[which])
        return values

    ones = np.ones_like(prior.wall_w_per_k)
    full = np.ones((len(ones), normal.shape[2]), np.float32)
    wall = spread(prior.wall_w_per_k, prior.wall_log_sd, _WALL)
    product = spread(prior.product_w_per_k, 0.35 * ones, _PRODUCT)
    capacity = spread(prior.product_j_per_k, prior.product_log_sd, _CAPACITY)
    pack_j_per_k = column(prior.pack_j_per_k) * full
    pack = np.minimum(
        spread(prior.pack_w_per_k, 0.5 * ones, _PACK), _STABLE * pack_j_per_k / STEP_S
    )
    full_j = np.maximum(spread(prior.pack_j, prior.pack_log_sd, _ENERGY), 1.0)
    subcooled_k = column(prior.subcooled) * np.maximum(0, 20 * _uniform(normal[_SUBCOOLED]) - 12)
    roundness = np.float32(0.4) * np.exp(normal[_ROUNDNESS]) * full
    share = _frozen_share(_uniform(normal[_FROZEN]))
    share = np.where(column(prior.molten) > 0, 1 - share, share)
    frozen_j = full_j * share + subcooled_k * pack_j_per_k
    return Ensemble(
        wall=wall,
        product=product,
        product_keeps=np.exp(-product / capacity * np.float32(STEP_S)),
        wall_product=wall + product,
        pack=pack * (1 + roundness),
        roundness=roundness,
        full_j=full_j,
        per_full_j=1 / full_j,
        pack_k_per_j=1 / pack_j_per_k,
        melting_c=column(prior.melting_c) + np.float32(0.3) * normal[_MELTING],
        logger_keeps=np.exp(np.exp(np.float32(-0.4) * normal[_LOGGER]) * _LOGGER_STEPS) * full,
        ambient_offset_c=column(prior.ambient_sd_c) * normal[_AMBIENT],
        drift_c=normal[_DRIFT] * full,
        frozen_j=frozen_j - wall * column(prior.spent_k_s),
        product_c=column(prior.product_c) + normal[_GOODS],
        logger_c=column(prior.logger_c) * full,
    )


def advance(ensemble: Ensemble, ambient_c: Floats, steps: int = 1) -> None:
    """Let so many steps' time pass at once, in place; `ambient_c` is (boxes, 1 or draws)."""
    e = ensemble
    latent_j = np.minimum(np.maximum(e.frozen_j, 0), e.full_j)
    share = latent_j * e.per_full_j + _MELTED
    contact = e.pack * share / (share + e.roundness)
    pack_c = e.melting_c - (e.frozen_j - latent_j) * e.pack_k_per_j
    outside_c = ambient_c + e.ambient_offset_c
    air_c = e.wall * outside_c
    air_c += e.product * e.product_c
    air_c += contact * pack_c
    air_c /= e.wall_product + contact
    pack_c -= air_c
    contact *= np.float32(steps * STEP_S)
    e.frozen_j += contact * pack_c
    _relax(e.product_c, air_c, e.product_keeps, steps)
    _relax(e.logger_c, air_c, e.logger_keeps, steps)


def _relax(value_c: Floats, air_c: Floats, keeps: Floats, steps: int) -> None:
    """Let a temperature come closer to the air's, in place."""
    value_c -= air_c
    for _ in range(steps):
        value_c *= keeps
    value_c += air_c


def live_through(
    ensemble: Ensemble, ambient_c: Floats, begun: npt.NDArray[np.intp]
) -> Iterator[tuple[int, int, Floats]]:
    """Advance through known steps of ambient (boxes, steps), in place; yield after each.

    `begun[k]` says how many boxes, counted from the first, were packed before step k ends; the
    others stand still. Yielded are k, begun[k], and what their guesses' loggers show.
    """
    for k, boxes in enumerate(begun.tolist()):
        living = ensemble.first(boxes)
        advance(living, ambient_c[:boxes, k, None])
        yield k, boxes, living.logger_c


# The steps of what is to come, fine where a warning is decided: 2 hours, then 5 hours more.
AHEAD_STEPS: Final = (1,) * 12 + (2,) * 15
AHEAD_ENDS_S: Final = np.cumsum(AHEAD_STEPS) * STEP_S
_MISS_DECAY_S: Final = 3 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Which share of the guesses has left the zone, by each limit: (boxes, 1 + steps ahead)."""

    by_lower: Floats
    by_upper: Floats


def look_ahead(
    ensemble: Ensemble, weights: Floats, missed_c: Floats, ambient_c: Floats, limits_c: Floats
) -> Outlook:
    """Let the guesses live on, and count those that leave; uses their state up.

    `weights` of a box sum to 1; `missed_c` is what each guess lately missed of the readings, and
    fades; `ambient_c` (boxes,) stays; `limits_c` (2, boxes) are lower and upper, infinite where
    there is none.
    """
    lower, upper = limits_c[:, :, None]
    left_lower = np.zeros(weights.shape, np.bool_)
    left_upper = np.zeros(weights.shape, np.bool_)
    by_lower, by_upper = [], []
    for steps, ends_s in zip((0, *AHEAD_STEPS), (0.0, *AHEAD_ENDS_S), strict=True):
        if steps:
            drift_c = ensemble.drift_c * np.float32(np.sqrt(ends_s / 3600))
            advance(ensemble, ambient_c[:, None] + drift_c, steps)
        seen_c = ensemble.logger_c + missed_c * np.float32(np.exp(-ends_s / _MISS_DECAY_S))
        left_upper |= (seen_c > upper) & ~left_lower
        left_lower |= (seen_c < lower) & ~left_upper
        by_lower.append(weighted(weights, left_lower))
        by_upper.append(weighted(weights, left_upper))
    return Outlook(by_lower=np.stack(by_lower, axis=1), by_upper=np.stack(by_upper, axis=1))


def weighted(weights: Floats, values: npt.NDArray[np.generic]) -> Floats:
    """Return each box's weighted mean (boxes,) of values (boxes, draws)."""
    mean: Floats = np.einsum("ij,ij->i", weights, values.astype(np.float32))
    return mean
