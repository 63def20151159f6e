"""Which ways may a mode use, which way round, and how quickly?

Keys and values are OpenStreetMap's (https://wiki.openstreetmap.org/wiki/Key:access). The speeds are
our assumptions for a city outside the rush hour; a sign (`maxspeed`) counts more.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from routing.travel_values import RoadKind

Tags = Mapping[str, str]

ROAD_KMH: Final[Mapping[str, float]] = {
    "motorway": 90,
    "motorway_link": 45,
    "trunk": 70,
    "trunk_link": 40,
    "primary": 45,
    "primary_link": 30,
    "secondary": 40,
    "secondary_link": 30,
    "tertiary": 35,
    "tertiary_link": 25,
    "unclassified": 30,
    "residential": 25,
    "road": 25,
    "service": 15,
    "living_street": 10,
    "track": 10,
    "busway": 30,
    "cycleway": 25,
    "path": 10,
    "bridleway": 6,
    "footway": 6,
    "pedestrian": 6,
    "steps": 2.5,
    "corridor": 4,
    "elevator": 1,
}
"""How quickly each class of way is passed, and every class that is a way at all."""

SHARE_OF_LIMIT: Final = 0.8
"""How much of a signed limit is driven on average, junctions counted. Our assumption."""

WALK_KMH: Final = 5.0
"""Of whoever carries goods from the road to the door."""

_FAST: Final = frozenset({"motorway", "motorway_link", "trunk", "trunk_link"})
_STREETS: Final = frozenset(
    {"primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link"}
    | {"unclassified", "residential", "road", "service", "living_street", "track"}
)
_ON_FOOT: Final = frozenset({"footway", "pedestrian", "steps", "corridor", "elevator", "path"})
_ALLOWED: Final = frozenset(
    {"yes", "permissive", "designated", "destination", "delivery", "customers", "official"}
)
_MPH_IN_KMH: Final = 1.609344
_SPEED: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?")


class KindRule(NamedTuple):
    """What holds for a kind: its ways, the keys that speak of it, its own speed."""

    classes: frozenset[str]
    keys: tuple[str, ...]
    own_kmh: float


KINDS: Final[Mapping[RoadKind, KindRule]] = {
    "van": KindRule(_FAST | _STREETS, ("motorcar", "motor_vehicle", "vehicle"), 130),
    "tricycle": KindRule(_STREETS | {"cycleway"}, ("motor_vehicle", "vehicle"), 25),
    "bicycle": KindRule(_STREETS | {"cycleway", "path", "bridleway"}, ("bicycle", "vehicle"), 15),
    "foot": KindRule(_STREETS | _ON_FOOT | {"cycleway", "bridleway"}, ("foot",), WALK_KMH),
}
"""The first of its keys that a way has decides. A tricycle is a bicycle on a cycleway, and a motor
vehicle on a road."""


class Speeds(NamedTuple):
    """Kilometres an hour along a way as it is drawn, and against it; 0 where it is not allowed."""

    along_kmh: float
    against_kmh: float


NOWHERE: Final = Speeds(0, 0)


def speeds_of(tags: Tags, kind: RoadKind, most_kmh: float | None = None) -> Speeds:
    """Return how quickly a kind passes a way. `most_kmh` replaces the kind's own speed."""
    if not _may_use(tags, kind):
        return NOWHERE
    own_kmh = most_kmh or KINDS[kind].own_kmh
    along, against = _directions(tags, kind)
    return Speeds(
        min(own_kmh, _road_kmh(tags, "maxspeed:forward")) if along else 0,
        min(own_kmh, _road_kmh(tags, "maxspeed:backward")) if against else 0,
    )


def _may_use(tags: Tags, kind: RoadKind) -> bool:
    """Say whether a kind may use a way. `access` can only close; the kind's own keys also open."""
    highway = tags.get("highway", "")
    if highway not in ROAD_KMH:
        return False
    rule = KINDS[kind]
    keys = rule.keys
    if kind == "tricycle" and highway == "cycleway":
        keys = KINDS["bicycle"].keys
    for key in keys:
        if key in tags:
            return _allows(tags[key])
    return highway in rule.classes and _allows(tags.get("access", "yes"))


def _allows(value: str) -> bool:
    return any(part.strip() in _ALLOWED for part in value.split(";"))


def _directions(tags: Tags, kind: RoadKind) -> tuple[bool, bool]:
    """Return whether a way may be passed along its drawing, and against it."""
    if kind == "foot":
        return True, True
    oneway = tags.get("oneway", "yes" if _is_oneway_by_nature(tags) else "no")
    if kind == "bicycle":
        oneway = _oneway_of_bicycles(tags, oneway)
    if oneway in {"no", "false", "0"}:
        return True, True
    # reversible and alternating ways change by the hour: nothing may count on them
    return oneway in {"yes", "true", "1"}, oneway in {"-1", "reverse"}


def _is_oneway_by_nature(tags: Tags) -> bool:
    return tags.get("junction") in {"roundabout", "circular"} or tags["highway"] == "motorway"


def _oneway_of_bicycles(tags: Tags, oneway: str) -> str:
    if any(tags.get(key, "").startswith("opposite") for key in tags if key.startswith("cycleway")):
        return "no"
    return tags.get("oneway:bicycle", oneway)


def _road_kmh(tags: Tags, directed_key: str) -> float:
    """Return what the road allows: a share of its limit, or its class's speed."""
    limit_kmh = limit_kmh_of(tags.get(directed_key) or tags.get("maxspeed", ""))
    return ROAD_KMH[tags["highway"]] if limit_kmh is None else limit_kmh * SHARE_OF_LIMIT


def limit_kmh_of(maxspeed: str) -> float | None:
    """Read a speed limit; of several the lowest. `None`: no number that can be read."""
    limits = [limit for part in maxspeed.split(";") if (limit := _one_limit(part.strip()))]
    return min(limits, default=None)


def _one_limit(text: str) -> float | None:
    if text == "walk":
        return WALK_KMH
    match = _SPEED.fullmatch(text)
    if match is None:
        return None
    return float(match[1]) * (_MPH_IN_KMH if match[2] == "mph" else 1)
