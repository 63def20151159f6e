"""What is a box like, before it has been measured?"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from gateway.rules.forecast_record import BoxRecord, PackKind
from gateway.rules.thermal import PACK_MATERIALS, Floats, Prior

# UA of a box of 1 m² by its material: conductivities of 0.035 to 0.04 (EPS, EPP), 0.022 (PU) and
# 0.008 W/(m K) (VIP, edges included) at 30 to 40 mm of wall.
_WALL_W_PER_K: Final = {"eps": 1.0, "epp": 0.9, "pu": 0.55, "vip": 0.28}
_TYPICAL_WALL_W_PER_K: Final = 0.66
_TYPICAL_PRODUCT_KG: Final = 4.0
_TYPICAL_PACK_KG: Final = 2.5
# Chilled goods are mostly water; frozen ones hold half as much heat, and some of it melts.
_CHILLED_J_PER_KG_K: Final = 3500.0
_FROZEN_J_PER_KG_K: Final = 2700.0
# Boxes are made for this much heat outside: their packs then hold the middle of the zone.
_DESIGN_AMBIENT_C: Final = 30.0
_TYPICAL_AMBIENT_C: Final = 22.0
_UNKNOWN_AMBIENT_SD_C: Final = 8.0
_KNOWN_AMBIENT_SD_C: Final = 1.0


def typical_pack(lower_c: float, upper_c: float) -> PackKind:
    """Return what usually keeps a zone, where the packing record does not say."""
    if upper_c <= -10:
        return PackKind.BRINE
    return PackKind.PARAFFIN_15 if lower_c >= 10 else PackKind.ICE


def _row(box: BoxRecord) -> tuple[float, ...]:
    lower_c = -math.inf if box.lower_c is None else box.lower_c
    upper_c = math.inf if box.upper_c is None else box.upper_c
    p = box.packing
    kind = typical_pack(lower_c, upper_c) if p.pack_kind is None else p.pack_kind
    material = PACK_MATERIALS[kind]
    wall, wall_sd = _wall(box)
    product_kg = p.product_kg or _TYPICAL_PRODUCT_KG
    pack_kg = 0.0 if kind is PackKind.NONE else p.pack_kg or _TYPICAL_PACK_KG
    goods_c = _goods_c(lower_c, upper_c)
    depth_k = max(0.5, 0.5 * (min(upper_c, material.melting_c + 60) - material.melting_c))
    contact = wall * (_DESIGN_AMBIENT_C - material.melting_c - depth_k) / depth_k
    return (
        wall,
        wall_sd,
        2.6 * math.sqrt(product_kg / 5),
        product_kg * (_FROZEN_J_PER_KG_K if goods_c < -5 else _CHILLED_J_PER_KG_K),
        0.2 if p.product_kg else 0.5,
        goods_c,
        contact if pack_kg else 0.0,
        0.95 * pack_kg * material.latent_j_per_kg,
        0.1 if p.pack_kg and p.pack_kind else 0.5,
        max(pack_kg, 0.1) * material.sensible_j_per_kg_k,
        material.melting_c,
        0.0 if kind in {PackKind.NONE, PackKind.DRY_ICE} else 1.0,
        _KNOWN_AMBIENT_SD_C if len(box.ambient_at_ms) else _UNKNOWN_AMBIENT_SD_C,
    )


def _wall(box: BoxRecord) -> tuple[float, float]:
    if box.packing.wall_w_per_k is not None:
        return box.packing.wall_w_per_k, 0.2
    if box.packing.box_material is not None:
        return _WALL_W_PER_K.get(box.packing.box_material, _TYPICAL_WALL_W_PER_K), 0.35
    return _TYPICAL_WALL_W_PER_K, 0.5


def _goods_c(lower_c: float, upper_c: float) -> float:
    """Return what goods are packed at: the middle of the zone, or 2 °C inside its only limit."""
    if math.isinf(lower_c):
        return 0.0 if math.isinf(upper_c) else upper_c - 2
    return lower_c + 2 if math.isinf(upper_c) else (lower_c + upper_c) / 2


def prior_of(boxes: Sequence[BoxRecord], *, logger_c: Floats, spent_k_s: Floats) -> Prior:
    """Return what is expected of the boxes, from their packing records and zones."""
    columns = np.array([_row(box) for box in boxes], np.float32).reshape(len(boxes), -1).T
    return Prior(*columns, spent_k_s=spent_k_s, logger_c=logger_c)


def typical_ambient_c(ambient_c: Floats) -> Floats:
    """Return the ambient with a typical one where no logger measured it (nan)."""
    return np.where(np.isfinite(ambient_c), ambient_c, np.float32(_TYPICAL_AMBIENT_C))
