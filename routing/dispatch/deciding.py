"""What does a dispatcher decide of its city, as it is at this moment?

A function of the state, of what it may use and of a seed: it reads no clock and no database. Each
part's rules stand in the part's own module; here is their order. What was seen comes first, for
everything else is planned from where the vehicles really are.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from routing.dispatch import eta, geofence, learning, warnings
from routing.dispatch.decision import Decision
from routing.dispatch.geofence import Point
from routing.dispatch.learning import TimeBook
from routing.dispatch.settings import DispatchSettings
from routing.dispatch.state import CityState, Disruption, Visited
from routing.dispatch.times import clock_of
from routing.dispatch.travelling import TravelOf
from routing.problem import Place
from routing.travel import UNREACHABLE_S, arrival_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a decision may use: the settings of planning, and the ways."""

    settings: DispatchSettings
    travel_of: TravelOf


def decide(state: CityState, means: Means) -> Decision:
    """Decide all that is to be decided now. An empty decision: everything stands."""
    seen = geofence.look(state, _leg_seconds(state, means))
    state = replace(state, visits=_visits_after(state, seen))
    book = learning.learn(state.visits, state.vehicles)
    return _told_of_the_way(
        state, book, Decision(now=state.now, visits=seen.visits, visits_withdrawn=seen.withdrawn)
    )


def is_empty(decision: Decision) -> bool:
    """Return whether nothing is to be written."""
    return decision == Decision(now=decision.now)


def _told_of_the_way(state: CityState, book: TimeBook, decision: Decision) -> Decision:
    expected = eta.expected(state, book)
    return replace(
        decision,
        estimates=warnings.estimates(state, expected),
        milestones=warnings.milestones(state, expected),
    )


def _visits_after(state: CityState, seen: geofence.Seen) -> tuple[Visited, ...]:
    """Return the visits that are known now."""
    gone = {_key(visit) for visit in (*seen.withdrawn, *seen.visits)}
    kept = [visit for visit in state.visits if _key(visit) not in gone]
    return tuple(sorted([*kept, *seen.visits], key=lambda visit: visit.arrived_at))


def _key(visit: Visited) -> tuple[object, ...]:
    return visit.vehicle_id, visit.order_id, visit.depot_id, visit.arrived_at


def _leg_seconds(state: CityState, means: Means) -> geofence.LegSeconds:
    """Return what tells how long a way takes by the travel's own times."""
    holding = holding_now(state)
    clock = clock_of(state)

    def leg_s(mode: str, origin: Point, destination: Point, departs_at: datetime) -> int | None:
        places = [
            Place(id=str(k), lat_deg=lat_deg, lon_deg=lon_deg)
            for k, (lat_deg, lon_deg) in enumerate((origin, destination))
        ]
        travel = means.travel_of(places, holding)
        if mode not in travel.modes:
            return None
        departs_s = clock.second_of(departs_at)
        arrives_s = arrival_s(departs_s, travel.leg(mode, 0, 1), travel.starts_s(mode))
        return None if arrives_s - departs_s >= UNREACHABLE_S else arrives_s - departs_s

    return leg_s


def holding_now(state: CityState) -> tuple[Disruption, ...]:
    """Return the disruptions that hold at this moment."""
    return tuple(
        each
        for each in state.disruptions
        if each.from_at <= state.now and (each.until_at is None or state.now < each.until_at)
    )
