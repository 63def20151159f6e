"""Small maps in metres, for tests of the roads.

They lie where equator and prime meridian meet: there a degree is 111,195.08 m both ways.
"""

from collections.abc import Mapping

from routing.problem import Place
from routing.roads.network import Network, Way, cut_at_junctions
from routing.roads.travel import RoadTravel, road_travel
from routing.travel_values import RoadRule

METRES_A_DEGREE = 111_195.08023353
TEN_M_S = {"highway": "residential", "maxspeed": "45"}  # 80 % of 45 km/h are 10 m/s
VAN = RoadRule(kind="van")

Spot = tuple[float, float]
"""Metres east and north."""


def network(spots: Mapping[int, Spot], *ways: Way) -> Network:
    """Make a network of nodes in metres."""
    return cut_at_junctions(ways, {node: degrees(spot) for node, spot in spots.items()})


def degrees(spot: Spot) -> tuple[float, float]:
    """Return latitude and longitude."""
    east, north = spot
    return north / METRES_A_DEGREE, east / METRES_A_DEGREE


def places(*spots: Spot) -> list[Place]:
    """Return places at some spots."""
    return [
        Place(id=f"p{k}", lat_deg=degrees(spot)[0], lon_deg=degrees(spot)[1])
        for k, spot in enumerate(spots)
    ]


def van_on(roads: Network, *spots: Spot, rule: RoadRule = VAN) -> RoadTravel:
    """Return a van's travel between some spots."""
    return road_travel(roads, {"van": rule}, places(*spots))
