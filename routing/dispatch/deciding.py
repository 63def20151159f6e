"""What does a dispatcher decide of its city, as it is at this moment?

A function of the state, of what it may use and of a seed: it reads no clock and no database. Each
part's rules stand in the part's own module; here is their order. What was seen comes first, for
everything is planned from where the vehicles really are. Then people's words, boxes in question,
answers to orders, the next plan, and what members are told of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from routing.dispatch import commands, eta, geofence, greedy, learning, promising, rescue, warnings
from routing.dispatch.blinding import without_forecasts
from routing.dispatch.cold import cold_of, weighed
from routing.dispatch.commands import Commanded, Tried, Wishes
from routing.dispatch.decision import Decision, NewPlan, NewPromise
from routing.dispatch.eta import Expected
from routing.dispatch.geofence import Point
from routing.dispatch.keeping import keeping
from routing.dispatch.problem_of import stand
from routing.dispatch.promising import promised_alike
from routing.dispatch.repicking import picked_elsewhere
from routing.dispatch.replanning import Why, as_next, inserted, searched
from routing.dispatch.rescue import Settled
from routing.dispatch.rows import unserved_of
from routing.dispatch.settings import DispatchSettings
from routing.dispatch.standing import Standing, Ways
from routing.dispatch.state import CityState, Pin, Visited
from routing.dispatch.telling import with_events
from routing.dispatch.times import clock_of
from routing.dispatch.travelling import TravelOf
from routing.dispatch.triggers import facts_of, reason_to_search
from routing.dispatch.world import holding
from routing.plan import Plan
from routing.problem import Place
from routing.travel import UNREACHABLE_S, arrival_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a decision may use: the settings of planning, and the ways."""

    settings: DispatchSettings
    travel_of: TravelOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision, and why the plan was searched for, even if it stands; None: it wasn't."""

    decision: Decision
    searched: Why | None = None


def decide(state: CityState, means: Means) -> Decided:
    """Decide all that is to be decided now."""
    if not means.settings.thermal_loop:
        state = without_forecasts(state)
    state = weighed(state, means.settings.thermal_weight_percent)
    seen = geofence.look(state, _leg_seconds(state, means.travel_of))
    state = replace(state, visits=_visits_after(state.visits, seen))
    book = learning.learn(state.visits, state.vehicles)
    expected = eta.expected(state, book)
    loop = means.settings.thermal_loop
    ways = Ways(travel_of=means.travel_of, book=book, cold=cold_of(state, loop=loop))
    planned = _Planning(state, ways, means.settings).plan(expected)
    if planned.plan is not None:
        expected = eta.expected(_with_plan(state, planned.plan), book)
    decision = Decision(
        now=state.now,
        plan=planned.plan,
        promises=planned.promises,
        outcomes=planned.commanded.outcomes,
        pins=_pins_after(state, planned.commanded.wishes),
        rescues=planned.settled.rescues,
        visits=seen.visits,
        visits_withdrawn=seen.withdrawn,
        estimates=warnings.estimates(state, expected),
        milestones=warnings.milestones(state, expected),
    )
    return Decided(decision=with_events(state, decision), searched=planned.why)


def is_empty(decision: Decision) -> bool:
    """Return whether nothing is to be written."""
    return decision == Decision(now=decision.now)


def has_more(state: CityState, decision: Decision) -> bool:
    """Return whether orders or words are left for the next look: one answers only so many."""
    answered = {promise.order_id for promise in decision.promises}
    return len(decision.outcomes) < len(state.commands) or any(
        order.stage == "requested" and order.id not in answered for order in state.orders
    )


# The plan ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """What was decided of the plan. `why` None: it was not searched for."""

    commanded: Commanded
    settled: Settled
    promises: tuple[NewPromise, ...] = ()
    why: Why | None = None
    plan: NewPlan | None = None


@dataclass(frozen=True, slots=True)
class _Planning:
    """One look's planning, from what was read."""

    state: CityState
    ways: Ways
    settings: DispatchSettings
    is_greedy: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_greedy", self.settings.planner == "greedy")

    def plan(self, expected: Sequence[Expected]) -> _Planned:
        """Follow commands, settle questions, answer orders, and plan if there is a reason to."""
        commanded = self._commanded()
        state = commanded.wishes.of(self.state)
        settled = rescue.settle(state, self.ways)
        why = self._why(commanded, settled, expected)
        is_asked = any(order.stage == "requested" for order in self.state.orders)
        if why is None and not is_asked:
            return _Planned(commanded=commanded, settled=settled)
        standing = self._as_read(stand(settled.state, settled.ways, settled.bound))
        promises: tuple[NewPromise, ...] = ()
        if is_asked:
            answers = greedy.answer(standing) if self.is_greedy else promising.answer(standing)
            promises, standing = answers.promises, answers.standing
        plan = self._next(standing, settled, why)
        return _Planned(
            commanded=commanded,
            settled=settled,
            promises=(*promises, *picked_elsewhere(self.state, plan)),
            why=why,
            plan=plan,
        )

    def _commanded(self) -> Commanded:
        if not self.state.commands:
            return Commanded(wishes=Wishes(standing=self.state.pins), outcomes=(), tried=None)
        return commands.follow(self.state, self._tried)

    def _tried(self, state: CityState) -> Tried:
        """Search for the plan of a state in which a command holds."""
        standing = stand(state, self.ways)
        plan = self._searched(standing)
        return Tried(standing, plan, unserved_of(standing, plan))

    def _why(
        self, commanded: Commanded, settled: Settled, expected: Sequence[Expected]
    ) -> Why | None:
        """Return why to search; None: the plan stands, but for what is new."""
        facts = facts_of(self.state, expected)
        if commanded.tried is not None:
            done = [each.command_id for each in commanded.outcomes if each.accepted]
            return Why(reason="command", facts={**facts, "commands": done})
        if settled.rescues:
            causes = {"forecast": "at_risk"}
            cause = settled.rescues[0].cause
            rescued = sorted({each.order_id for each in settled.rescues})
            return Why(reason=causes.get(cause, cause), facts={**facts, "orders": rescued})
        return reason_to_search(self.state, expected, self.settings)

    def _next(self, standing: Standing, settled: Settled, why: Why | None) -> NewPlan | None:
        """Return the next version; None: the living plan stands."""
        carried = self.state.plan.pins_cost if settled.state.pins else 0
        new = why or Why(reason="orders", facts=facts_of(self.state), pins_cost=carried)
        if self.is_greedy:
            return greedy.as_version(standing, new)
        if why is None:
            return inserted(standing, new)
        kept = keeping(standing)
        plan = self._searched(kept)
        if settled.state.pins:
            new = replace(new, pins_cost=self._pins_cost(standing, plan, settled))
        return as_next(kept, plan, new)

    def _searched(self, standing: Standing) -> Plan:
        return searched(standing, seed=self.settings.seed, iterations=self.settings.iterations)

    def _pins_cost(self, standing: Standing, plan: Plan, settled: Settled) -> int:
        """Return what a plan costs more than one that heeds no pins, searched alike."""
        unpinned = replace(settled.state, pins=())
        free = promised_alike(stand(unpinned, settled.ways, settled.bound), standing)
        return plan.cost.total_minor - self._searched(keeping(free)).cost.total_minor

    def _as_read(self, standing: Standing) -> Standing:
        """Hold what is new against the plan that was read, not against one put in its place."""
        return replace(standing, state=replace(standing.state, plan=self.state.plan))


def _pins_after(state: CityState, wishes: Wishes) -> tuple[Pin, ...] | None:
    """Return the pins that stand from now on; None: as they were. Those of ended orders go."""
    open_ = {order.id for order in state.orders if order.stage not in {"delivered", "ended"}}
    pins = tuple(pin for pin in wishes.standing if pin.order_id in open_)
    return None if set(pins) == set(state.pins) else pins


def _with_plan(state: CityState, plan: NewPlan) -> CityState:
    return replace(state, plan=replace(state.plan, stops=plan.stops, unserved=plan.unserved))


# What was seen -----------------------------------------------------------------------------------


def _visits_after(before: Sequence[Visited], seen: geofence.Seen) -> tuple[Visited, ...]:
    """Return the visits that are known now."""
    gone = {visit.key for visit in (*seen.withdrawn, *seen.visits)}
    kept = [visit for visit in before if visit.key not in gone]
    return tuple(sorted([*kept, *seen.visits], key=lambda visit: visit.arrived_at))


def _leg_seconds(state: CityState, travel_of: TravelOf) -> geofence.LegSeconds:
    """Return what tells how long a way takes by the travel's own times."""
    clock, holds = clock_of(state), holding(state)

    def leg_s(mode: str, origin: Point, destination: Point, departs_at: datetime) -> int | None:
        places = [
            Place(id=str(k), lat_deg=lat_deg, lon_deg=lon_deg)
            for k, (lat_deg, lon_deg) in enumerate((origin, destination))
        ]
        travel = travel_of(places, holds)
        if mode not in travel.modes:
            return None
        departs_s = clock.second_of(departs_at)
        arrives_s = arrival_s(departs_s, travel.leg(mode, 0, 1), travel.starts_s(mode))
        return None if arrives_s - departs_s >= UNREACHABLE_S else arrives_s - departs_s

    return leg_s
