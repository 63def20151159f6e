"""In a large city few days can be tried: those of whoever is suitable and near.

Thirty depots stand on a meridian, 0.1 degrees or 11.1 km apart, with a van each: at 40 km/h 1000 s
from one to the next. Each order stands at a depot, and is wanted there within five minutes.
"""

from dataclasses import replace
from typing import Any

import pytest

from routing.plan import Draft
from routing.problem import Depot, Place, Problem
from routing.travel import GreatCircle, Pace
from routing.unserved import Finding, find_unserved
from tests.routing_street import EIGHT, order, tour, van

DEPOTS = 30
FEW = 16
"""Days tried in all: four alone, and four in the plan."""


def city(*orders: Any, **vans: Any) -> Problem:
    """Return the city; `vans` are changes by the van's name, `van7`."""
    lat_deg, lon_deg = [30 + k / 10 for k in range(DEPOTS)], [120.0] * DEPOTS
    return Problem(
        places=tuple(
            Place(id=f"km{k}", lat_deg=lat, lon_deg=120.0) for k, lat in enumerate(lat_deg)
        ),
        orders=orders,
        depots=tuple(Depot(id=f"depot{k}", place=f"km{k}") for k in range(DEPOTS)),
        vehicles=tuple(
            van(f"van{k}", depot=f"depot{k}", **vans.get(f"van{k}", {})) for k in range(DEPOTS)
        ),
        travel=GreatCircle(lat_deg, lon_deg, {"van": Pace(speed_kmh=(40.0,), road_factor=1.0)}),
    )


def wanted(k: int, at: int, **changes: Any) -> Any:
    """Return an order at a depot's place, which any depot has."""
    depots = tuple(f"depot{n}" for n in range(DEPOTS))
    return order(k, at, latest_s=EIGHT + 300, **({"depots": depots} | changes))


def the_only(problem: Problem, plan: Draft) -> Finding:
    [finding] = find_unserved(problem, plan, tries=FEW)
    return finding


@pytest.mark.parametrize("at", [0, 7, 29])
def test_the_nearest_vehicle_is_tried(at: int) -> None:
    """No other one is there in time."""
    [remedy] = the_only(city(wanted(0, at)), ((),) * DEPOTS).remedies
    assert remedy.vehicle == at
    assert remedy.changes == ()


def test_of_vehicles_that_may_the_nearest_is_tried() -> None:
    """Only van 20 has the skill, and is 13 depots away: 13,000 s too late, but for 300 s."""
    stairs = frozenset({"stairs"})
    problem = city(wanted(0, 7, skills=stairs), van20={"skills": stairs})
    finding = the_only(problem, ((),) * DEPOTS)
    assert finding.unserved.reason == "skill"
    assert finding.remedies[0].vehicle == 7
    problem = city(wanted(0, 20, skills=stairs), van20={"skills": stairs})
    assert the_only(problem, ((),) * DEPOTS).unserved.reason == "search"


@pytest.mark.parametrize(
    ("latest_s", "reason", "vehicle"), [(1800, "promise", 9), (300, "stock", 7)]
)
def test_a_vehicle_whose_depot_has_the_order_is_tried_first(
    latest_s: int, reason: str, vehicle: int
) -> None:
    """Depot 9 has it, 2001 s away: a ninth of half an hour too late, or six times five minutes.

    That is more to ask for than that the nearest depot had it.
    """
    late = replace(wanted(0, 7, depots=("depot9",)), latest_s=EIGHT + latest_s)
    finding = the_only(city(late), ((),) * DEPOTS)
    assert finding.unserved.reason == reason
    assert finding.remedies[0].vehicle == vehicle


def test_the_stops_nearby_are_tried_first() -> None:
    """Every van has its stop at home; van 7 goes on from there, the others would be too late.

    Its one trip is taken, so only the gaps beside its stop will do.
    """
    orders = [wanted(k, k) for k in range(DEPOTS)]
    problem = city(*orders, wanted(DEPOTS, 7))
    [remedy] = the_only(problem, tuple((tour(k),) for k in range(DEPOTS))).remedies
    assert (remedy.vehicle, remedy.changes) == (7, ())
    assert len(remedy.tours) == 1
