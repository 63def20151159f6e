"""What do sources of travel need of places?

Coordinates, and their names in a sentence.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from routing.problem import Place
from routing.travel import GreatCircle, Pace

_NAMED: Final = 3


def coordinates(places: Sequence[Place]) -> tuple[list[float], list[float]]:
    """Return latitudes and longitudes in degrees. Every place must have them."""
    pairs = [
        (place.lat_deg, place.lon_deg)
        for place in places
        if place.lat_deg is not None and place.lon_deg is not None
    ]
    if len(pairs) != len(places):
        raise ValueError("a place has no coordinates")
    return [lat_deg for lat_deg, _ in pairs], [lon_deg for _, lon_deg in pairs]


def great_circle(
    places: Sequence[Place], paces: Mapping[str, Pace], notes: tuple[str, ...] = ()
) -> GreatCircle:
    """Return travel by the coordinates of places."""
    return GreatCircle(*coordinates(places), paces, notes)


def names_of(ids: Sequence[str]) -> str:
    """Name some places, all of them or the first few, up to the verb."""
    names = ", ".join(ids[:_NAMED])
    if len(ids) > _NAMED:
        names += f" and {len(ids) - _NAMED} more"
    return f"{names} {'is' if len(ids) == 1 else 'are'}"
