"""What is a box like, before it has been measured?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.rules.forecast_record import BoxRecord, PackKind
from gateway.rules.thermal import PACK_MATERIALS, Floats, Prior

# UA of a box of 1 m² by its material: conductivities of 0.035 to 0.04 (EPS, EPP), 0.022 (PU) and
# 0.008 W/(m K) (VIP, edges included) at 30 to 40 mm of wall.
_WALL_W_PER_K: Final = {"eps": 1.0, "epp": 0.9, "pu": 0.55, "vip": 0.28}
_TYPICAL_WALL_W_PER_K: Final = 0.66
_TYPICAL_PRODUCT_KG: Final = 4.0
_LEAST_PRODUCT_KG: Final = 0.1  # a box holds something, if only its own skin
_WALL_LIMITS_W_PER_K: Final = (0.01, 20.0)  # beyond them a record is mistaken
_TYPICAL_PACK_KG: Final = 2.5
# Packs in practice take up less than their latent heat: impurities, and what lids let in.
_USABLE_SHARE: Final = 0.8
# Chilled goods are mostly water; frozen ones hold less, though some of it melts early.
_CHILLED_J_PER_KG_K: Final = 3500.0
_FROZEN_J_PER_KG_K: Final = 2700.0
# Boxes are made for this much heat outside: their packs then hold the middle of the zone.
_DESIGN_AMBIENT_C: Final = 30.0
_TYPICAL_AMBIENT_C: Final = 22.0
_UNKNOWN_AMBIENT_SD_C: Final = 8.0
_KNOWN_AMBIENT_SD_C: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The packing records as columns (boxes,), typical values where they say nothing."""

    kind: npt.NDArray[np.str_]
    wall_w_per_k: Floats
    pack_kg: Floats
    product_kg: Floats
    pack_j: Floats  # latent heat of the whole pack
    melting_c: Floats
    wall_known: npt.NDArray[np.bool_]
    pack_known: npt.NDArray[np.bool_]
    product_known: npt.NDArray[np.bool_]


def typical_pack(box: BoxRecord) -> PackKind:
    """Return what usually keeps a zone, for a packing record that does not say."""
    if box.upper_c is not None and box.upper_c <= -10:
        return PackKind.BRINE
    if box.lower_c is not None and box.lower_c >= 10:
        return PackKind.PARAFFIN_15
    return PackKind.ICE


def known_of(boxes: Sequence[BoxRecord]) -> Known:
    """Return the boxes' packing records as columns."""
    packings = [box.packing for box in boxes]
    kinds = [p.pack_kind or typical_pack(box) for p, box in zip(packings, boxes, strict=True)]
    materials = [PACK_MATERIALS[kind] for kind in kinds]
    pack_kg = np.array(
        [
            0.0 if kind is PackKind.NONE else p.pack_kg or _TYPICAL_PACK_KG
            for p, kind in zip(packings, kinds, strict=True)
        ]
    )
    wall = np.array([_wall_w_per_k(box) for box in boxes], np.float32)
    product_kg = np.array([p.product_kg or _TYPICAL_PRODUCT_KG for p in packings], np.float32)
    return Known(
        kind=np.array(kinds, np.str_),
        wall_w_per_k=np.clip(wall, *_WALL_LIMITS_W_PER_K),
        pack_kg=pack_kg.astype(np.float32),
        product_kg=np.maximum(product_kg, np.float32(_LEAST_PRODUCT_KG)),
        pack_j=(pack_kg * [m.latent_j_per_kg for m in materials]).astype(np.float32),
        melting_c=np.array([m.melting_c for m in materials], np.float32),
        wall_known=np.array([p.wall_w_per_k is not None for p in packings]),
        pack_known=np.array([p.pack_kg is not None for p in packings]),
        product_known=np.array([p.product_kg is not None for p in packings]),
    )


def _wall_w_per_k(box: BoxRecord) -> float:
    if box.packing.wall_w_per_k is not None:
        return box.packing.wall_w_per_k
    return _WALL_W_PER_K.get(box.packing.box_material or "", _TYPICAL_WALL_W_PER_K)


def packed_c(limits_c: Floats) -> Floats:
    """Return what goods are packed at: the middle of the zone, or 2 °C inside its only limit."""
    lower_c, upper_c = limits_c
    inside = np.where(np.isinf(lower_c), upper_c - 2, lower_c + 2)
    middle = (lower_c + upper_c) / 2
    packed: Floats = np.where(np.isfinite(middle), middle, inside)
    return packed


def prior_of(
    known: Known, *, limits_c: Floats, logger_c: Floats, ambient_c: Floats, earlier_s: Floats
) -> Prior:
    """Return what is expected of the boxes (boxes,) as their readings begin.

    `logger_c` is each box's first reading, `ambient_c` the ambient then (nan: not measured), and
    `earlier_s` how long it had been packed.
    """
    goods_c = packed_c(limits_c)
    edge_c = np.where(np.isfinite(limits_c[1]), limits_c[1], goods_c + 2)
    depth_k = np.clip((edge_c - known.melting_c) / 2, 0.5, 30)
    contact = known.wall_w_per_k * (_DESIGN_AMBIENT_C - known.melting_c - depth_k) / depth_k
    j_per_kg_k = np.where(goods_c < -5, _FROZEN_J_PER_KG_K, _CHILLED_J_PER_KG_K)
    sensible = np.array([PACK_MATERIALS[PackKind(k)].sensible_j_per_kg_k for k in known.kind])
    has_pack = known.pack_kg > 0
    outside_c = typical_ambient_c(ambient_c)
    may_be_colder = has_pack & (known.kind != PackKind.DRY_ICE)
    columns = (
        known.wall_w_per_k,
        np.where(known.wall_known, 0.2, 0.4),
        2.6 * np.sqrt(known.product_kg / 5),
        known.product_kg * j_per_kg_k,
        np.where(known.product_known, 0.2, 0.5),
        goods_c,
        np.where(has_pack, np.maximum(contact, 0), 0),
        _USABLE_SHARE * known.pack_j,
        np.where(known.pack_known, 0.2, 0.5),
        np.maximum(known.pack_kg, 0.1) * sensible,
        known.melting_c,
        may_be_colder,
        outside_c < known.melting_c,
        np.where(np.isfinite(ambient_c), _KNOWN_AMBIENT_SD_C, _UNKNOWN_AMBIENT_SD_C),
        earlier_s * (outside_c - goods_c),
        logger_c,
    )
    return Prior(*(np.asarray(column, np.float32) for column in columns))


def typical_ambient_c(ambient_c: Floats) -> Floats:
    """Return the ambient with a typical one where no logger measured it (nan)."""
    return np.where(np.isfinite(ambient_c), ambient_c, np.float32(_TYPICAL_AMBIENT_C))
