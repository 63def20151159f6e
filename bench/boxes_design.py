"""Which boxes are sent, and what does their packing record say of them?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.boxes_physics import Design, Floats, State
from firmware_sim.box import BRINE, ICE, PARAFFIN_15, PackMaterial
from gateway.rules.forecast import Packing, PackKind

PACKS: Final = 3
# CRC Handbook: sublimation at 1 atm; the gas leaves, so that what is left holds almost no heat.
_DRY_ICE: Final = PackMaterial(
    melting_c=-78.5, latent_j_per_kg=571e3, solid_j_per_kg_k=1400.0, liquid_j_per_kg_k=20.0
)
_NO_PACK: Final = PackMaterial(
    melting_c=0.0, latent_j_per_kg=1.0, solid_j_per_kg_k=1.0, liquid_j_per_kg_k=1.0
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A way of packing: its share of the boxes, its pack, its zone."""

    share: float
    pack: PackKind
    material: PackMaterial
    lower_c: float | None
    upper_c: float


# The zones of the business: frozen -18, chilled 0 to 4, ambient 15 to 18 °C.
KINDS: Final = (
    Kind(0.55, PackKind.ICE, ICE, 0.0, 4.0),
    Kind(0.18, PackKind.BRINE, BRINE, None, -18.0),
    Kind(0.14, PackKind.DRY_ICE, _DRY_ICE, None, -18.0),
    Kind(0.08, PackKind.PARAFFIN_15, PARAFFIN_15, 15.0, 18.0),
    Kind(0.05, PackKind.NONE, _NO_PACK, 0.0, 4.0),
)
_MATERIALS: Final = ("eps", "epp", "pu", "vip")
_WALL_W_PER_M2_K: Final = np.array([1.0, 0.9, 0.55, 0.28])


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Boxes as they are, and as their records say."""

    kind: npt.NDArray[np.intp]  # index into KINDS
    design: Design
    state: State
    packing: list[Packing]


def _of_kind(kind: npt.NDArray[np.intp], values: list[float]) -> Floats:
    return np.array(values)[kind]


def draw_boxes(random: np.random.Generator, ambient_c: Floats, life_min: Floats) -> Boxes:
    """Return one box for each mean ambient and length of journey (minutes)."""
    count = len(ambient_c)
    kind = random.choice(len(KINDS), count, p=[k.share for k in KINDS])
    material = random.choice(len(_MATERIALS), count, p=[0.35, 0.3, 0.2, 0.15])
    catalogue = _WALL_W_PER_M2_K[material] * random.uniform(0.6, 1.3, count)
    wall = catalogue * np.exp(random.normal(0.05, 0.2, count))  # age, moisture, seams
    product_kg = np.clip(np.exp(random.normal(np.log(4), 0.6, count)), 0.8, 15)
    pack_kg = _pack_kg(random, kind, catalogue * (ambient_c - _melting_c(kind)) * life_min * 60)
    design = _design(random, kind, wall, product_kg, pack_kg)
    return Boxes(
        kind=kind,
        design=design,
        state=_state(random, kind, design, ambient_c),
        packing=_packing(random, kind, material, (catalogue, wall), (pack_kg, product_kg)),
    )


def _melting_c(kind: npt.NDArray[np.intp]) -> Floats:
    return _of_kind(kind, [k.material.melting_c for k in KINDS])


def _pack_kg(random: np.random.Generator, kind: npt.NDArray[np.intp], heat_j: Floats) -> Floats:
    """Return packs chosen for the heat that is expected, with all that planning gets wrong."""
    latent = _of_kind(kind, [k.material.latent_j_per_kg for k in KINDS])
    planned_j = np.abs(heat_j) * np.exp(random.normal(0.2, 0.7, len(kind)))
    packs = np.clip(planned_j / latent, 0.4, 9)
    return np.where(_has_pack(kind), packs, 0.01)


def _has_pack(kind: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    return np.array([k.pack is not PackKind.NONE for k in KINDS])[kind]


def _contact_w_per_k(
    random: np.random.Generator, kind: npt.NDArray[np.intp], wall: Floats
) -> Floats:
    """Return the packs' contact: at 30 °C outside the air is well inside the zone."""
    upper = _of_kind(kind, [k.upper_c for k in KINDS])
    melting = _melting_c(kind)
    depth_k = (upper - melting) * random.uniform(0.2, 0.7, len(kind))
    contact = wall * (30 - melting - depth_k) / depth_k
    return np.where(_has_pack(kind), contact * np.exp(random.normal(0, 0.2, len(kind))), 0.0)


def _design(
    random: np.random.Generator,
    kind: npt.NDArray[np.intp],
    wall: Floats,
    product_kg: Floats,
    pack_kg: Floats,
) -> Design:
    n = len(kind)
    frozen = _of_kind(kind, [k.upper_c for k in KINDS]) < -10
    goods_j = product_kg * np.where(frozen, 2300.0, 3500.0) * np.exp(random.normal(0, 0.1, n))
    surface_share = random.uniform(0.15, 0.4, n)
    masses = random.dirichlet(np.full(PACKS, 8.0), n)
    contacts = masses * np.exp(random.normal(0, 0.35, (n, PACKS)))
    contacts = contacts / contacts.sum(axis=1, keepdims=True)
    contact = _contact_w_per_k(random, kind, wall)
    return Design(
        wall_w_per_k=wall,
        leak_w_per_k=wall * random.uniform(0.15, 0.8, n),
        open_w_per_k=random.uniform(6, 15, n),
        ajar_w_per_k=random.uniform(1, 4, n),
        air_j_per_k=random.uniform(600, 2500, n),
        surface_w_per_k=2.6 * np.sqrt(product_kg / 5) * np.exp(random.normal(0, 0.35, n)),
        core_w_per_k=random.uniform(1.5, 6, n) * np.sqrt(product_kg / 5),
        surface_j_per_k=goods_j * surface_share,
        core_j_per_k=goods_j * (1 - surface_share),
        pack_w_per_k=contact[:, None] * contacts,
        melted_contact=np.where(_is(kind, PackKind.DRY_ICE), 0.0, random.uniform(0.05, 0.3, n)),
        contact_power=random.uniform(0.1, 0.8, n),
        pack_kg=pack_kg[:, None] * masses,
        melting_c=_melting_c(kind) + random.normal(0, 0.15, n),
        latent_j_per_kg=_of_kind(kind, [k.material.latent_j_per_kg for k in KINDS])
        * random.uniform(0.9, 1.0, n),
        solid_j_per_kg_k=_of_kind(kind, [k.material.solid_j_per_kg_k for k in KINDS]),
        liquid_j_per_kg_k=_of_kind(kind, [k.material.liquid_j_per_kg_k for k in KINDS]),
        logger_pack_share=random.uniform(0, 0.15, n) * _has_pack(kind),
        logger_time_constant_s=480 * np.exp(random.normal(0, 0.4, n)),
    )


def _is(kind: npt.NDArray[np.intp], pack: PackKind) -> npt.NDArray[np.bool_]:
    return np.array([k.pack is pack for k in KINDS])[kind]


def _state(
    random: np.random.Generator,
    kind: npt.NDArray[np.intp],
    design: Design,
    ambient_c: Floats,
) -> State:
    """Return boxes just packed: cold goods, packs frozen more or less, air of the packing room."""
    n = len(kind)
    upper = _of_kind(kind, [k.upper_c for k in KINDS])
    goods_c = np.where(upper < -10, upper - 3, upper - 2) + random.normal(0, 0.8, n)
    packed_well = random.random(n) < 0.85
    share = np.where(packed_well, random.uniform(0.83, 1, n), random.uniform(0.25, 0.8, n))
    each = np.clip(share[:, None] + random.normal(0, 0.05, (n, PACKS)), 0.05, 1)
    # One pack in ten goes from the freezer straight into the box.
    subcooled_k = np.where(random.random(n) < 0.1, random.uniform(0, 10, n), 0.0)
    # Where it is colder outside than the pack melts, packs go in molten, to give heat.
    each = np.where((ambient_c < design.melting_c)[:, None], 1 - each, each)
    subcooled_k = np.where(ambient_c < design.melting_c, 0.0, subcooled_k)
    melted_j = (1 - each) * design.pack_kg * design.latent_j_per_kg[:, None]
    cold_j = subcooled_k[:, None] * design.pack_kg * design.solid_j_per_kg_k[:, None]
    room_c = goods_c + random.uniform(0, 6, n)
    return State(
        air_c=room_c,
        surface_c=goods_c + random.uniform(0, 0.5, n),
        core_c=goods_c,
        pack_j=np.where(subcooled_k[:, None] > 0, -cold_j, melted_j),
        logger_c=room_c + random.uniform(0, 2, n),
        heat_in_j=np.zeros(n),
    )


def _packing(
    random: np.random.Generator,
    kind: npt.NDArray[np.intp],
    material: npt.NDArray[np.intp],
    walls: tuple[Floats, Floats],
    masses: tuple[Floats, Floats],
) -> list[Packing]:
    """Return what the records say: roughly right, and sometimes nothing."""
    n = len(kind)
    catalogue, wall = walls
    learned = random.random(n) < 0.7
    said_wall = np.where(learned, wall * np.exp(random.normal(0, 0.1, n)), catalogue)
    said_pack = masses[0] * np.exp(random.normal(0, 0.05, n))
    said_goods = masses[1] * np.exp(random.normal(0, 0.15, n))
    knows = random.random((n, 4)) >= np.array([0.05, 0.05, 0.05, 0.15])
    return [
        Packing(
            box_material=_MATERIALS[material[i]],
            wall_w_per_k=float(said_wall[i]) if knows[i, 0] else None,
            pack_kind=KINDS[kind[i]].pack if knows[i, 1] else None,
            pack_kg=float(said_pack[i]) if knows[i, 2] else None,
            product_kg=float(said_goods[i]) if knows[i, 3] else None,
        )
        for i in range(n)
    ]
