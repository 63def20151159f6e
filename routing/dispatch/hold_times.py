"""How long does a box hold by how it was packed, before anybody has measured it?

Closed form, in two parts: as long as the pack melts, the walls' heat is the pack's (heat over
power); then the goods warm up to the limit by Newton's law. It is a guess, and says how wide: what
a packing record leaves open is a factor on the time, log-normally spread (docs/thermal-loop.md).
"""

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from routing.dispatch.state import Box, Zone

DESIGN_C: Final = 30.0
"""What it is assumed to be outside of a box. Heat and extra ice are the weather's percent."""


@dataclass(frozen=True, slots=True)
class _Goods:
    """What is packed at which temperature, leaves its zone at another, and spoils at a third."""

    packed_c: float
    limit_c: float
    spoils_c: float
    j_per_kg_k: float
    pack_kind: str  # what usually keeps them


# The zones of the business, for a box whose own policy the state doesn't say: packed in the middle
# of the range, or 2 °C below its only end; spoilt at the critical limits (docs/policies.md).
# Chilled goods are mostly water, frozen ones hold less (ASHRAE Handbook, Refrigeration, "Thermal
# properties").
_GOODS: Final[dict[Zone, _Goods]] = {
    "frozen": _Goods(-20.0, -18.0, -15.0, 2700.0, "brine"),
    "chilled": _Goods(2.0, 4.0, 8.0, 3500.0, "ice"),
    "ambient": _Goods(16.5, 18.0, 25.0, 3500.0, "paraffin_15"),
}
_BELOW_K: Final = 2.0
_LEAST_GRACE_K: Final = 0.5
"""Some policies bear nothing beyond their range: what a logger measures is no sharper than this."""
# Latent heat. Water and dry ice: CRC Handbook; brine and paraffin: Zalba et al. 2003, Applied
# Thermal Engineering 23, tables 1 to 3.
_LATENT_J_PER_KG: Final = {
    "none": 0.0,
    "ice": 335e3,
    "brine": 222e3,
    "paraffin_15": 155e3,
    "dry_ice": 571e3,
}
# Conductance of a box of 1 m²: 0.035 to 0.04 (EPS, EPP), 0.022 (PU), 0.008 W/(m K) (VIP, edges
# included) at 30 to 40 mm of wall.
_WALL_W_PER_K: Final = {"eps": 1.0, "epp": 0.9, "pu": 0.55, "vip": 0.28}
_TYPICAL_WALL_W_PER_K: Final = 0.66
_TYPICAL_PACK_KG: Final = 2.5
_TYPICAL_PRODUCT_KG: Final = 4.0
# Packs take up less than their latent heat: impurities, and what lids let in.
_USABLE_SHARE: Final = 0.8

# Standard deviations of the logarithm: of the walls, and of the pack's heat (docs/forecast.md).
_WALL_LOG_SD: Final = {True: 0.2, False: 0.4}  # the box's own conductance known, or a material's
_PACK_LOG_SD: Final = {True: 0.2, False: 0.5}  # its mass known, or typical
_GRACE_LOG_SD: Final = 0.4  # walls by their material; what is left of the pack
_Q90: Final = 1.2816  # of the standard normal


class HoldTime(NamedTuple):
    """Seconds until a box leaves its zone: eight times in ten between the first and the last."""

    q10_s: float
    q50_s: float
    q90_s: float


def hold_time(box: Box, *, outside_c: float = DESIGN_C, percent: int = 100) -> HoldTime | None:
    """Return how long a box holds by its packing record, typical values where it says nothing.

    Every quantile is `percent` of it. None: it holds for ever, for it is not warmer outside.
    """
    goods = _goods(box)
    if outside_c <= goods.limit_c:
        return None
    melting_s = _USABLE_SHARE * _pack_j(box, goods)
    melting_s /= _wall_w_per_k(box) * (outside_c - goods.packed_c)
    warming_s = _warming_s(box, outside_c, goods.packed_c, goods.limit_c)
    return _spread((melting_s + warming_s) * percent / 100, _log_sd(box))


def grace_time(box: Box, *, outside_c: float = DESIGN_C, percent: int = 100) -> HoldTime | None:
    """Return how long goods last that have left their zone, until they spoil.

    That is once they are at the critical limit, and have been for as long as their policy bears it.
    None: it is not warm enough outside.
    """
    goods = _goods(box)
    if outside_c <= goods.spoils_c:
        return None
    seconds = _warming_s(box, outside_c, goods.limit_c, goods.spoils_c)
    warming = _spread(seconds * percent / 100, _GRACE_LOG_SD)
    return HoldTime(*(each + box.spoils_after_s for each in warming))


def _goods(box: Box) -> _Goods:
    """Return a box's goods, by the limits of its own policy where they are known."""
    usual = _GOODS[box.zone]
    if box.upper_c is None:
        return usual
    lowest_c = box.upper_c - 2 * _BELOW_K if box.lower_c is None else box.lower_c
    spoils_c = usual.spoils_c if box.spoils_c is None else box.spoils_c
    return replace(
        usual,
        packed_c=(lowest_c + box.upper_c) / 2,
        limit_c=box.upper_c,
        spoils_c=max(spoils_c, box.upper_c + _LEAST_GRACE_K),
    )


def _spread(seconds: float, log_sd: float) -> HoldTime:
    factor = math.exp(_Q90 * log_sd)
    return HoldTime(seconds / factor, seconds, seconds * factor)


def _wall_w_per_k(box: Box) -> float:
    if box.wall_w_per_k is not None:
        return box.wall_w_per_k
    return _WALL_W_PER_K.get(box.box_material or "", _TYPICAL_WALL_W_PER_K)


def _pack_j(box: Box, goods: _Goods) -> float:
    """Return what melts all of the pack."""
    kilos = _TYPICAL_PACK_KG if box.pack_kg is None else box.pack_kg
    return kilos * _LATENT_J_PER_KG[box.pack_kind or goods.pack_kind]


def _warming_s(box: Box, outside_c: float, from_c: float, to_c: float) -> float:
    """Return how long the goods take from one temperature to another, without a pack.

    Newton's law (Incropera, "Fundamentals of Heat and Mass Transfer", eq. 5.6): t = C/UA ln(…).
    """
    kilos = _TYPICAL_PRODUCT_KG if box.product_kg is None else box.product_kg
    j_per_k = kilos * _goods(box).j_per_kg_k
    return j_per_k / _wall_w_per_k(box) * math.log((outside_c - from_c) / (outside_c - to_c))


def _log_sd(box: Box) -> float:
    wall = _WALL_LOG_SD[box.wall_w_per_k is not None]
    pack = _PACK_LOG_SD[box.pack_kg is not None]
    return math.hypot(wall, pack)
