"""What makes the world other than planned? The `details` of each kind of disruption.

Places are WGS 84. The api writes them, routing and the simulated day read them.
"""

from dataclasses import dataclass
from typing import Final, Literal

Weather = Literal["rain", "storm", "snow", "heat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherDetails:
    """Everything drives at a share of its speed, each stop takes longer, boxes hold otherwise."""

    weather: Weather
    speed_percent: int = 100
    extra_service_s: int = 0
    hold_percent: int = 100
    """Of a box's nominal hold time: heat shortens it, extra dry ice lengthens it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadClosedDetails:
    """Nothing passes within so many metres of a point."""

    lat_deg: float
    lon_deg: float
    radius_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownDetails:
    """A vehicle stands, and what it carries waits for another."""

    lat_deg: float | None = None
    lon_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayDetails:
    """A vehicle loses time, once."""

    delay_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingFailedDetails:
    """A compartment cools no more; None: all of the vehicle's."""

    zone: Literal["frozen", "chilled", "ambient"] | None = None


DETAILS: Final[dict[str, type]] = {
    "weather": WeatherDetails,
    "road_closed": RoadClosedDetails,
    "breakdown": BreakdownDetails,
    "delay": DelayDetails,
    "cooling_failed": CoolingFailedDetails,
}
"""By the kind of the disruption."""
