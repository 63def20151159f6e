"""What is in a day's boxes, by which policy is it judged, and how cold is it packed?

Classes are those of the policies that come along (`gateway/policies`); goods of a zone without a
class are judged by the zone's own. docs/day.md says where the numbers come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frostline.day.happenings import Zone


@dataclass(frozen=True, slots=True)
class _Class:
    """A class of goods: its share of its zone's boxes, and what it is packed at."""

    share: float
    goods_c: float
    goods_sd_c: float
    rides_bare: bool = False
    """In a vehicle that cools it needs no ice of its own."""


ICE_CREAM: Final = "ice-cream"
CLASSES: Final[Mapping[Zone, Mapping[str, _Class]]] = {
    "frozen": {ICE_CREAM: _Class(0.30, -20.0, 1.0, rides_bare=True)},
    "chilled": {
        "fresh-fish": _Class(0.15, 1.0, 0.5),
        "fresh-meat": _Class(0.25, 2.0, 0.5, rides_bare=True),
        "leafy-vegetables": _Class(0.20, 3.0, 0.5, rides_bare=True),
    },
    "ambient": {},
}
_OTHERS: Final[Mapping[Zone, _Class]] = {
    "frozen": _Class(1.0, -20.0, 1.0, rides_bare=True),
    "chilled": _Class(1.0, 3.0, 0.5, rides_bare=True),
    "ambient": _Class(1.0, 16.5, 1.0),
}


def class_of(zone: Zone, luck: float, *, ice_cream_percent: int = 100) -> str | None:
    """Return the class of goods of a zone, by a number from 0 to 1; None: of no class."""
    for product_class, one in CLASSES[zone].items():
        share = one.share * (ice_cream_percent / 100 if product_class == ICE_CREAM else 1)
        if luck < share:
            return product_class
        luck -= share
    return None


def policy_name(zone: Zone, product_class: str | None) -> str:
    """Return the policy that comes along for such goods."""
    return zone if product_class is None else f"{zone}-{product_class}"


def policy_names() -> tuple[str, ...]:
    """Return the policies of all goods that are sold."""
    return tuple(
        policy_name(zone, product_class)
        for zone, classes in CLASSES.items()
        for product_class in (None, *classes)
    )


def packed_at(zone: Zone, product_class: str | None) -> tuple[float, float]:
    """Return how cold such goods are packed, and by how much that varies (sd), °C."""
    one = _one(zone, product_class)
    return one.goods_c, one.goods_sd_c


def rides_bare(zone: Zone, product_class: str | None) -> bool:
    """Say whether such goods get no pack where they ride in a vehicle that cools."""
    return _one(zone, product_class).rides_bare


def _one(zone: Zone, product_class: str | None) -> _Class:
    return _OTHERS[zone] if product_class is None else CLASSES[zone][product_class]
