"""How are a day's boxes packed, and what are they really like?

The packing rule is the grocer's: packs of 250 g, as many as keep the goods in their zone for so
long at 30 °C, by the box's catalogue. Truth differs: walls age, some packs come badly frozen, goods
are a little warmer than they should be. docs/day.md says where the numbers come from.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from firmware_sim.box import BRINE, ICE, PARAFFIN_15, BoxDesign, Floats, PackMaterial
from firmware_sim.haul import Core
from frostline.day.goods import packed_at, rides_bare
from frostline.day.happenings import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How goods of a zone are packed."""

    pack_kind: str
    material: PackMaterial
    boxes: tuple[
        tuple[str, float], ...
    ]  # materials, each with its W/(m² K), one as likely as another
    j_per_kg_k: float
    holds_s: int  # what packs are chosen for


KINDS: Final[dict[Zone, _Kind]] = {
    "frozen": _Kind(
        pack_kind="brine",
        material=BRINE,
        boxes=(("pu", 0.9), ("pu", 0.7)),
        j_per_kg_k=2700.0,
        holds_s=5400,
    ),
    "chilled": _Kind(
        pack_kind="ice",
        material=ICE,
        boxes=(("eps", 2.2), ("epp", 1.8)),
        j_per_kg_k=3500.0,
        holds_s=5400,
    ),
    "ambient": _Kind(
        pack_kind="paraffin_15",
        material=PARAFFIN_15,
        boxes=(("eps", 2.2), ("epp", 1.8)),
        j_per_kg_k=3500.0,
        holds_s=6600,
    ),
}
NO_PACK: Final = "none"
DESIGN_C: Final = 30.0
PACK_KG: Final = 0.25
_SURFACE_M2: Final = 0.73  # at 6 kg of goods
_CRATE_W_PER_M2_K: Final = 3.8  # two still surfaces of 0.13 m² K/W (ISO 6946), a lid, no insulation
PACK_W_PER_K: Final = 8.0
_AIR_J_PER_K: Final = 500.0
_LID_W_PER_K: Final = 5.0
_WALL_LOG_SD: Final = 0.2
_WALL_AGE: Final = 0.05  # of the logarithm
_LEAKS: Final = 0.12  # of the lids: by a share of the walls' conductance
_AJAR: Final = 0.04
_AJAR_W_PER_K: Final = (1.0, 4.0)
_SURFACE: Final = (0.15, 0.40)  # of the goods' mass
_CORE_W_PER_K: Final = (1.5, 6.0)  # at 5 kg
_PACK_LOG_SD: Final = 0.05
_LOGGER_S: Final = 480.0
_LOGGER_LOG_SD: Final = 0.4
_KNOWN_WALL: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPlan:
    """A box that is to be packed: what the packer knows."""

    zone: Zone
    product_class: str | None
    product_kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedBox:
    """How a box was packed: what is written down of it, and what it begins with in truth."""

    box_material: str | None
    wall_w_per_k: float | None
    pack_kind: str
    pack_kg: float
    product_kg: float
    goods_c: float
    air_c: float
    pack_j: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PackingRule:
    """What a day changes of the packing: the hold time asked for, packs on top, bad packs."""

    hold_percent: int = 100
    extra_packs: int = 0
    badly_frozen: float = 0.15


@dataclass(frozen=True, slots=True)
class _True:
    """What a box is like, whatever is written down of it."""

    wall_w_per_k: float
    pack_kg: float
    logger_s: float
    surface: float
    core_w_per_k: float


def draw_boxes(
    plans: list[BoxPlan], rule: PackingRule, *, seed: int
) -> tuple[BoxDesign, Core, list[PackedBox]]:
    """Return the boxes and the cores of their goods as they are, and as they will be packed."""
    random = np.random.default_rng([seed, 0xB0C5])
    drawn = [_draw(random, plan, rule) for plan in plans]
    true = [each for each, _ in drawn]
    goods_j = np.array([plan.product_kg * KINDS[plan.zone].j_per_kg_k for plan in plans])
    surface = np.array([each.surface for each in true])
    design = BoxDesign(
        wall_w_per_k=np.array([each.wall_w_per_k for each in true]),
        lid_w_per_k=np.full(len(plans), _LID_W_PER_K),
        air_j_per_k=np.full(len(plans), _AIR_J_PER_K),
        product_w_per_k=2.6 * np.sqrt(np.array([plan.product_kg for plan in plans]) / 5.0),
        product_j_per_k=goods_j * surface,
        pack_w_per_k=np.full(len(plans), PACK_W_PER_K),
        pack_kg=np.array([each.pack_kg for each in true]),
        melting_c=_of_material(plans, "melting_c"),
        latent_j_per_kg=_of_material(plans, "latent_j_per_kg"),
        solid_j_per_kg_k=_of_material(plans, "solid_j_per_kg_k"),
        liquid_j_per_kg_k=_of_material(plans, "liquid_j_per_kg_k"),
        logger_time_constant_s=np.array([each.logger_s for each in true]),
    )
    core = Core(
        j_per_k=goods_j * (1 - surface), w_per_k=np.array([each.core_w_per_k for each in true])
    )
    return design, core, [packed for _, packed in drawn]


def for_cooled(plan: BoxPlan, packed: PackedBox, rule: PackingRule) -> PackedBox:
    """Return how a box is packed that is planned to ride in a vehicle that cools."""
    if rule.extra_packs or not rides_bare(plan.zone, plan.product_class):
        return packed
    return replace(
        packed,
        box_material=None,
        wall_w_per_k=round(crate_w_per_k(plan), 3),
        pack_kind=NO_PACK,
        pack_kg=0.0,
        pack_j=0.0,
    )


def crate_w_per_k(plan: BoxPlan) -> float:
    """Return what passes through the thin walls of a crate, which is all that bare goods have."""
    return _CRATE_W_PER_M2_K * _surface_m2(plan)


def _surface_m2(plan: BoxPlan) -> float:
    share: float = (plan.product_kg / 6.0) ** (2 / 3)
    return _SURFACE_M2 * min(1.6, max(0.7, share))


def packs_for(
    zone: Zone,
    product_class: str | None = None,
    *,
    wall_w_per_k: float,
    hold_percent: int = 100,
) -> int:
    """Return how many packs the rule asks for: the walls' heat over the hold time."""
    kind = KINDS[zone]
    goods_c, _ = packed_at(zone, product_class)
    heat_j = wall_w_per_k * (DESIGN_C - goods_c) * kind.holds_s * hold_percent / 100
    return max(1, math.ceil(heat_j / (PACK_KG * kind.material.latent_j_per_kg)))


def _of_material(plans: list[BoxPlan], name: str) -> Floats:
    return np.array([float(getattr(KINDS[plan.zone].material, name)) for plan in plans])


def _draw(random: np.random.Generator, plan: BoxPlan, rule: PackingRule) -> tuple[_True, PackedBox]:
    """Return what a box is, and how it was packed."""
    kind = KINDS[plan.zone]
    material, w_per_m2_k = kind.boxes[int(random.integers(len(kind.boxes)))]
    catalogue = w_per_m2_k * _surface_m2(plan)
    wall = catalogue * math.exp(random.normal(_WALL_AGE, _WALL_LOG_SD))
    packs = packs_for(
        plan.zone,
        plan.product_class,
        wall_w_per_k=catalogue,
        hold_percent=rule.hold_percent,
    )
    said_kg = PACK_KG * (packs + rule.extra_packs)
    true = _True(
        wall_w_per_k=wall + _lid_w_per_k(random, wall),
        pack_kg=said_kg * math.exp(random.normal(0, _PACK_LOG_SD)),
        logger_s=_LOGGER_S * math.exp(random.normal(0, _LOGGER_LOG_SD)),
        surface=random.uniform(*_SURFACE),
        core_w_per_k=random.uniform(*_CORE_W_PER_K) * math.sqrt(plan.product_kg / 5.0),
    )
    usual_c, sd_c = packed_at(plan.zone, plan.product_class)
    goods_c = usual_c + sd_c * float(np.clip(random.normal(), -1.5, 1.8))
    learned = wall * math.exp(random.normal(0, 0.1))
    packed = PackedBox(
        box_material=material,
        wall_w_per_k=round(learned if random.random() < _KNOWN_WALL else catalogue, 3),
        pack_kind=kind.pack_kind,
        pack_kg=said_kg,
        product_kg=round(plan.product_kg, 2),
        goods_c=goods_c,
        air_c=goods_c + random.uniform(0, 6),
        pack_j=(1 - _frozen(random, rule.badly_frozen))
        * true.pack_kg
        * kind.material.latent_j_per_kg,
    )
    return true, packed


def _frozen(random: np.random.Generator, badly_frozen: float) -> float:
    """Draw how much of a pack is frozen."""
    luck, badly, well = random.random(), random.uniform(0.1, 0.7), random.uniform(0.83, 1)
    return float(badly if luck < badly_frozen else well)


def _lid_w_per_k(random: np.random.Generator, wall: float) -> float:
    """Draw what a lid lets through that leaks, or stands ajar."""
    luck, leak, ajar = random.random(), random.uniform(0.15, 0.8), random.uniform(*_AJAR_W_PER_K)
    if luck < _AJAR:
        return float(ajar)
    return float(wall * leak) if luck < _AJAR + _LEAKS else 0.0
