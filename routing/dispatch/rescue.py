"""What is to be done about a box that warms: keep to the plan, hurry, hand over, or give up?

Each way is priced by the evaluator (`routing.dispatch.rescue_ways`), with what the boxes would
lose. The cheapest is taken, and keeping to the plan is one of them. What is uncertain costs little,
so that the ways hardly differ, and nothing is done. docs/thermal-loop.md has the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from routing.dispatch.cold import Began, began_on, chances_of, cold_of, cooled_by, failures
from routing.dispatch.decision import Action, Cause, Option, Rescue
from routing.dispatch.problem_of import stand
from routing.dispatch.rescue_case import Case, case_of
from routing.dispatch.rescue_ways import Priced, priced_ways
from routing.dispatch.standing import FREE, Bound, Standing, Ways
from routing.dispatch.state import (
    Box,
    CityOrder,
    CityState,
    StandingRescue,
    Zone,
)
from routing.dispatch.world import is_to_meet, returning
from routing.plan import Draft

MOST_QUESTIONS: Final = 8
"""Asked in one look; others wait for the next, some seconds later."""
LEAST_SAVING: Final = 500
"""In the smallest currency unit. For less nobody's plan is changed."""
ASK_AGAIN: Final = timedelta(minutes=10)
CHANGED_BY: Final = 0.2
"""Asked again once the chance differs by so much from what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Boxes aboard one vehicle that are in question, and why."""

    cause: Cause
    vehicle_id: str
    orders: tuple[CityOrder, ...]
    boxes: tuple[tuple[str, Box], ...]
    """(order's id, box)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was decided of a question.

    `bound` is what the next plan has to heed, beside what it had to before. `start` is a draft of
    the standing's problem that hurries, where that was chosen.
    """

    rescues: tuple[Rescue, ...]
    bound: Bound
    start: Draft | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """All questions of a moment, answered.

    `state`, `ways` and `bound` are what the next plan is made with: a box that was given up asks
    for nothing more, an order that is hurried stands first among its vehicle's planned stops. What
    is held against the old plan is held against the state that was read.
    """

    rescues: tuple[Rescue, ...]
    state: CityState
    ways: Ways
    bound: Bound


# Which boxes -------------------------------------------------------------------------------------


def questions(state: CityState) -> tuple[Question, ...]:
    """Return what is to be asked now, one question for a vehicle that has failed.

    A rescue that is under way, or was decided a short while ago, is not asked again.
    """
    found: dict[tuple[Cause, str, str], list[tuple[CityOrder, Box]]] = {}
    fleet = _Fleet.of(state)
    meeting, back = _to_be_handed_over(state, fleet.broken), returning(state)
    for order in state.orders:
        if order.stage != "out" or order.aboard is None or order.id in meeting:
            continue
        for box in order.boxes:
            cause = fleet.cause(order.aboard, box)
            if cause is None or not _is_new(state, order, box, cause):
                continue
            if order.id in back and cause != "breakdown":
                continue  # that it goes back was the answer
            key = cause, order.aboard, order.id if cause == "forecast" else ""
            found.setdefault(key, []).append((order, box))
    return tuple(
        Question(
            cause=cause,
            vehicle_id=vehicle,
            orders=tuple({order.id: order for order, _ in pairs}.values()),
            boxes=tuple((order.id, box) for order, box in pairs),
        )
        for (cause, vehicle, _), pairs in sorted(
            found.items(), key=lambda item: (_URGENT[item[0][0]], item[0])
        )
    )


def _to_be_handed_over(state: CityState, broken: frozenset[str]) -> set[str | None]:
    """Return the orders that are on their way to a meeting, to which the giver can come."""
    meets = [stop for stop in state.plan.stops if is_to_meet(stop, state.now)]
    stuck = {stop.order_id for stop in meets if stop.vehicle_id in broken}
    return {stop.order_id for stop in meets} - stuck


_URGENT: Final[Mapping[Cause, int]] = {"breakdown": 0, "cooling_failed": 1, "forecast": 2}


def broken_down(state: CityState) -> frozenset[str]:
    """Return the vehicles that stand."""
    return frozenset(
        each.vehicle_id
        for each in state.disruptions
        if each.kind == "breakdown"
        and each.vehicle_id is not None
        and each.from_at <= state.now
        and (each.until_at is None or state.now < each.until_at)
    )


@dataclass(frozen=True, slots=True)
class _Fleet:
    """Which vehicles stand, whose compartments have failed, and whose cool."""

    broken: frozenset[str]
    failed: Mapping[str, Mapping[Zone, datetime]]
    cooled: Mapping[str, frozenset[Zone]]

    @classmethod
    def of(cls, state: CityState) -> "_Fleet":
        failed = failures(state)
        cooled = {each.id: cooled_by(each, failed.get(each.id, {})) for each in state.vehicles}
        return cls(broken_down(state), failed, cooled)

    def cause(self, vehicle: str, box: Box) -> Cause | None:
        """Return why a box aboard a vehicle is in question."""
        if vehicle in self.broken:
            return "breakdown"
        if box.has_left_range or box.zone in self.cooled.get(vehicle, ()):
            return None
        if box.zone in self.failed.get(vehicle, {}):
            return "cooling_failed"
        return "forecast" if box.forecast is not None and box.forecast.at_risk else None


def _is_new(state: CityState, order: CityOrder, box: Box, cause: Cause) -> bool:
    """Whether a box was not asked about, or things are other than was expected then."""
    last = next((each for each in state.rescues if each.consignment_id == box.id), None)
    if last is None or last.cause != cause:
        return True
    if state.now - last.decided_at < ASK_AGAIN:
        return False
    if cause == "breakdown":
        return True  # nobody has come for it
    return abs(_chance(state, order, box) - last.spoil_chance) >= CHANGED_BY


def _chance(state: CityState, order: CityOrder, box: Box) -> float:
    """Return the chance that a box is spoilt by the time that the plan brings it."""
    began = Began(at=order.departed_at or state.now)
    carrier = next((each for each in state.vehicles if each.id == order.aboard), None)
    if carrier is not None:
        began = began_on(state, carrier, at=began.at)
    chances = chances_of(order, box, now=state.now, loop=True, began=began)
    stops = [s for s in state.plan.stops if s.kind == "deliver" and s.order_id == order.id]
    if chances is None or not stops:
        return 0.0
    return chances.at((stops[0].arrives_at - began.at).total_seconds())


# What is done ------------------------------------------------------------------------------------


def compare(standing: Standing, ways: Ways, question: Question) -> Answer | None:
    """Return the cheapest way out, and what all of them cost.

    None: none of the orders can be planned any more. `standing` heeds what was bound before.
    """
    case = case_of(standing, ways, question.vehicle_id, question.boxes)
    if case is None:
        return None
    tried = _best_of_each(list(priced_ways(case)))
    chosen = _cheapest(tried)
    return Answer(
        rescues=tuple(
            _rescue(case, question, (order_id, box), tried, chosen)
            for order_id, box in question.boxes
            if order_id in case.orders
        ),
        bound=Bound(
            transfers=chosen.way.transfers,
            returning=frozenset(chosen.way.orders or ())
            if chosen.way.action == "return"
            else frozenset(),
        ),
        start=chosen.way.start and chosen.way.start[: len(standing.problem.vehicles)],
    )


def settle(state: CityState, ways: Ways, bound: Bound = FREE) -> Settled:
    """Ask what is to be asked, one question after the other, and plan with each answer."""
    settled = Settled(rescues=(), state=state, ways=ways, bound=bound)
    for question in questions(state)[:MOST_QUESTIONS]:
        standing = stand(settled.state, settled.ways, settled.bound)
        answer = compare(standing, settled.ways, question)
        if answer is not None:
            settled = _with_answer(settled, standing, question.vehicle_id, answer)
    return settled


def _with_answer(settled: Settled, standing: Standing, vehicle: str, answer: Answer) -> Settled:
    state = after(settled.state, answer.rescues)
    if answer.start is not None:
        state = _hurried(state, vehicle, _sequence(standing, vehicle, answer.start))
    return Settled(
        rescues=(*settled.rescues, *answer.rescues),
        state=state,
        ways=replace(settled.ways, cold=cold_of(state, loop=True)),
        bound=Bound(
            transfers=(*settled.bound.transfers, *answer.bound.transfers),
            returning=settled.bound.returning | answer.bound.returning,
        ),
    )


def _sequence(standing: Standing, vehicle: str, start: Draft) -> tuple[str, ...]:
    """Return the orders of a vehicle's trip under way, as a draft has them."""
    orders = standing.problem.orders
    return tuple(
        orders[visit.order].id
        for crew, tours in zip(standing.crews, start, strict=True)
        if crew.vehicle_id == vehicle
        for visit in (tours[0].visits if tours else ())
    )


def _hurried(state: CityState, vehicle: str, sequence: Sequence[str]) -> CityState:
    """Return the state whose plan has a vehicle's next stops in another order."""
    rank = {order: k for k, order in enumerate(sequence)}
    own = [s for s in state.plan.stops if s.vehicle_id == vehicle and s.order_id in rank]
    own = [stop for stop in own if stop.kind == "deliver"]
    slots = sorted((stop.trip, stop.position) for stop in own)
    moved = {
        id(stop): replace(stop, trip=trip, position=position)
        for stop, (trip, position) in zip(
            sorted(own, key=lambda stop: rank[stop.order_id or ""]), slots, strict=True
        )
    }
    stops = tuple(moved.get(id(stop), stop) for stop in state.plan.stops)
    return replace(state, plan=replace(state.plan, stops=stops))


def after(state: CityState, rescues: Sequence[Rescue]) -> CityState:
    """Return the state once these rescues are decided: what it reads of them the next time."""
    news = tuple(
        StandingRescue(
            order_id=each.order_id,
            consignment_id=each.consignment_id,
            cause=each.cause,
            chosen=each.chosen,
            decided_at=state.now,
            spoil_chance=min(
                (option.spoil_chance for option in each.options if option.action == each.chosen),
                default=0.0,
            ),
        )
        for each in rescues
    )
    decided = {each.consignment_id for each in news}
    kept = tuple(each for each in state.rescues if each.consignment_id not in decided)
    return replace(state, rescues=(*kept, *news))


def _best_of_each(tried: Sequence[Priced]) -> list[Priced]:
    """Return the cheapest way of each kind, keeping first, then by cost."""
    best: dict[Action, Priced] = {}
    for each in tried:
        if each.way.action not in best or each.cost < best[each.way.action].cost:
            best[each.way.action] = each
    return sorted(best.values(), key=lambda each: (each.way.action != "keep", each.cost))


def _cheapest(tried: Sequence[Priced]) -> Priced:
    """Return what is done: the cheapest way, if it saves enough to be worth the change."""
    best = min(tried, key=lambda each: each.cost)
    keep = tried[0]
    return keep if keep.cost - best.cost < LEAST_SAVING else best


def _rescue(
    case: Case,
    question: Question,
    pair: tuple[str, Box],
    tried: Sequence[Priced],
    chosen: Priced,
) -> Rescue:
    order_id, box = pair
    concerned = chosen.way.orders is None or order_id in chosen.way.orders
    action = chosen.way.action if concerned else "keep"
    return Rescue(
        order_id=order_id,
        consignment_id=box.id,
        cause=question.cause,
        options=tuple(_option(case, pair, each) for each in tried),
        chosen=action,
        why=_why(question.cause, (case, pair), tried, (action, chosen)),
    )


def _option(case: Case, pair: tuple[str, Box], each: Priced) -> Option:
    at_s = each.brought_s.get(pair[0])
    return Option(
        action=each.way.action,
        vehicle_id=each.way.vehicle_of(pair[0]),
        arrives_at=None if at_s is None else case.clock.time_of(at_s),
        cost=each.cost,
        spoil_chance=round(case.chance(pair[1], each.safe_s(pair[0])), 3),
    )


_CAUSES: Final[Mapping[Cause, str]] = {
    "forecast": "it warms",
    "cooling_failed": "its compartment cools no more",
    "breakdown": "its vehicle stands",
}
_DONE: Final[Mapping[Action, str]] = {
    "keep": "stays as planned",
    "bring_forward": "is brought earlier",
    "swap": "is handed to {vehicle}",
    "relay": "is handed to the relay {vehicle}",
    "return": "goes back to its depot",
    "accept": "is given up, and compensated if it spoils",
}


def _why(
    cause: Cause,
    what: tuple[Case, tuple[str, Box]],
    tried: Sequence[Priced],
    chosen: tuple[Action, Priced],
) -> str:
    """Say what was done, what it saves, and what all other ways would have cost."""
    case, (order_id, box) = what
    action, priced = chosen
    done = _DONE[action].format(vehicle=priced.way.vehicle_of(order_id))
    keep = tried[0]
    risk = f"{case.chance(box, keep.safe_s(order_id)):.0%} that it is spoilt as planned"
    others = ", ".join(f"{each.way.action} {_signed(each.cost)}" for each in tried[1:])
    return f"Box {box.id}: {_CAUSES[cause]} ({risk}). It {done}. Against keeping: {others}."


def _signed(minor: int) -> str:
    sign = "-" if minor < 0 else "+"
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02}"
