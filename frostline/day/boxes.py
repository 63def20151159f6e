"""How are a day's boxes packed, and what are they really like?

The packing rule is the grocer's: packs of 250 g, as many as keep the goods in their zone for so
long at 30 °C, by the box's catalogue. Truth differs: walls age, some packs come badly frozen, goods
are a little warmer than they should be. docs/day.md says where the numbers come from.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from firmware_sim.box import BRINE, ICE, PARAFFIN_15, BoxDesign, Floats, PackMaterial
from frostline.day.happenings import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How goods of a zone are packed."""

    pack_kind: str
    material: PackMaterial
    boxes: tuple[
        tuple[str, float], ...
    ]  # materials, each with its W/(m² K), one as likely as another
    goods_c: float
    j_per_kg_k: float
    holds_s: int  # what packs are chosen for


KINDS: Final[dict[Zone, _Kind]] = {
    "frozen": _Kind(
        pack_kind="brine",
        material=BRINE,
        boxes=(("vip", 0.28), ("pu", 0.55)),
        goods_c=-20.5,
        j_per_kg_k=2700.0,
        holds_s=5400,
    ),
    "chilled": _Kind(
        pack_kind="ice",
        material=ICE,
        boxes=(("eps", 1.0), ("epp", 0.9)),
        goods_c=2.0,
        j_per_kg_k=3500.0,
        holds_s=6600,
    ),
    "ambient": _Kind(
        pack_kind="paraffin_15",
        material=PARAFFIN_15,
        boxes=(("eps", 1.0), ("epp", 0.9)),
        goods_c=16.5,
        j_per_kg_k=3500.0,
        holds_s=6600,
    ),
}
DESIGN_C: Final = 30.0
PACK_KG: Final = 0.25
_SURFACE_M2: Final = 0.73  # at 6 kg of goods
_PACK_W_PER_K: Final = 8.0
_AIR_J_PER_K: Final = 500.0
_LID_W_PER_K: Final = 5.0
_WALL_LOG_SD: Final = 0.2
_WALL_AGE: Final = 0.05  # of the logarithm
_PACK_LOG_SD: Final = 0.05
_BADLY_FROZEN: Final = 0.15
_GOODS_SD_C: Final = 0.8
_LOGGER_S: Final = 480.0
_LOGGER_LOG_SD: Final = 0.4
_KNOWN_WALL: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPlan:
    """A box that is to be packed: what the packer knows."""

    zone: Zone
    product_kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedBox:
    """How a box was packed: what is written down of it, and what it begins with in truth."""

    box_material: str
    wall_w_per_k: float | None
    pack_kind: str
    pack_kg: float
    product_kg: float
    goods_c: float
    air_c: float
    pack_j: float


def draw_boxes(
    plans: list[BoxPlan], *, extra_packs: int, seed: int
) -> tuple[BoxDesign, list[PackedBox]]:
    """Return the boxes as they are, and as they will be packed."""
    random = np.random.default_rng([seed, 0xB0C5])
    rows = [_draw(random, plan, extra_packs) for plan in plans]
    design = BoxDesign(
        wall_w_per_k=_column(rows, 0),
        lid_w_per_k=np.full(len(rows), _LID_W_PER_K),
        air_j_per_k=np.full(len(rows), _AIR_J_PER_K),
        product_w_per_k=2.6 * np.sqrt(np.array([plan.product_kg for plan in plans]) / 5.0),
        product_j_per_k=np.array([p.product_kg * KINDS[p.zone].j_per_kg_k for p in plans]),
        pack_w_per_k=np.full(len(rows), _PACK_W_PER_K),
        pack_kg=_column(rows, 1),
        melting_c=_of_material(plans, "melting_c"),
        latent_j_per_kg=_of_material(plans, "latent_j_per_kg"),
        solid_j_per_kg_k=_of_material(plans, "solid_j_per_kg_k"),
        liquid_j_per_kg_k=_of_material(plans, "liquid_j_per_kg_k"),
        logger_time_constant_s=_column(rows, 2),
    )
    return design, [packed for _, packed in rows]


def packs_for(zone: Zone, *, wall_w_per_k: float) -> int:
    """Return how many packs the rule asks for: the walls' heat over the hold time."""
    kind = KINDS[zone]
    heat_j = wall_w_per_k * (DESIGN_C - kind.goods_c) * kind.holds_s
    return max(1, math.ceil(heat_j / (PACK_KG * kind.material.latent_j_per_kg)))


def _column(rows: list[tuple[tuple[float, float, float], PackedBox]], k: int) -> Floats:
    return np.array([true[k] for true, _ in rows])


def _of_material(plans: list[BoxPlan], name: str) -> Floats:
    return np.array([float(getattr(KINDS[plan.zone].material, name)) for plan in plans])


def _draw(
    random: np.random.Generator, plan: BoxPlan, extra_packs: int
) -> tuple[tuple[float, float, float], PackedBox]:
    """Return (true wall, true pack, logger's time constant), and the box as packed."""
    kind = KINDS[plan.zone]
    material, w_per_m2_k = kind.boxes[int(random.integers(len(kind.boxes)))]
    surface_m2 = _SURFACE_M2 * min(1.6, max(0.7, (plan.product_kg / 6.0) ** (2 / 3)))
    catalogue = w_per_m2_k * surface_m2
    wall = catalogue * math.exp(random.normal(_WALL_AGE, _WALL_LOG_SD))
    said_kg = PACK_KG * (packs_for(plan.zone, wall_w_per_k=catalogue) + extra_packs)
    pack_kg = said_kg * math.exp(random.normal(0, _PACK_LOG_SD))
    frozen = (
        random.uniform(0.25, 0.8) if random.random() < _BADLY_FROZEN else random.uniform(0.83, 1)
    )
    goods_c = kind.goods_c + abs(random.normal(0, _GOODS_SD_C)) * random.choice([-0.5, 1.0])
    air_c = goods_c + random.uniform(0, 6)
    logger_s = _LOGGER_S * math.exp(random.normal(0, _LOGGER_LOG_SD))
    learned = wall * math.exp(random.normal(0, 0.1))
    knows = random.random() < _KNOWN_WALL
    packed = PackedBox(
        box_material=material,
        wall_w_per_k=round(learned, 3) if knows else None,
        pack_kind=kind.pack_kind,
        pack_kg=said_kg,
        product_kg=round(plan.product_kg, 2),
        goods_c=goods_c,
        air_c=air_c,
        pack_j=(1 - frozen) * pack_kg * kind.material.latent_j_per_kg,
    )
    return (wall, pack_kg, logger_s), packed
