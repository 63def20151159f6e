"""Which tier does a member's level get in an area, and what does being late cost?

A document a city (`cities.policy`), that api and routing read. Areas are GeoJSON: a
FeatureCollection of Polygons and MultiPolygons whose `properties.area` is a name. The first tier
that names both level and area holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A promise of so many hours, for these levels, in these areas (empty: in all)."""

    hours: int
    levels: tuple[str, ...]
    areas: tuple[str, ...] = ()
    late_cost_per_min: int = 0
    """What the plan pays for a minute late, smallest currency unit; what the member gets is the
    compensation rules' to say."""
    drop_cost: int = 0
    """What it costs to break the promise altogether, beside the goods' margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """What a city promises. Clock hours are local."""

    tiers: tuple[Tier, ...]
    areas: Mapping[str, Any]
    opens_s: int = 8 * 3600
    """Seconds since midnight from which deliveries begin, and until when they end."""
    closes_s: int = 23 * 3600
    latest_after_s: int = 7200
    """How long after its promise an order is still delivered rather than given up."""
    window_s: int = 7200
    """The shortest window that can be booked."""
