"""What becomes of a dispatcher's word, and what does it cost?

A *pin* keeps an order on a vehicle, a *hold* keeps it from its door until a time: both stand until
they are released. A *move* holds for one plan: a later one may move the order again, at the cost of
any change. *Undo* takes back what the commands of a version did. A word's price is the plan's cost
with it less the cost without it, both searched alike; that its own order changes hands is free. A
word that would leave its order behind is refused, with what stands in its way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from routing.dispatch.decision import Outcome
from routing.dispatch.standing import Standing
from routing.dispatch.state import CityOrder, CityState, Command, Earlier, Pin, PlannedUnserved
from routing.dispatch.whereabouts import LOADING
from routing.dispatch.world import ABOARD
from routing.plan import Plan

MOST_FOLLOWED: Final = 10
"""Commands that are answered in one look: each is a search, and who is silent for too long loses
the city (`takeover_s`)."""


class Tried(NamedTuple):
    """A plan that was searched for, of which standing, and what it leaves behind."""

    standing: Standing
    plan: Plan
    unserved: tuple[PlannedUnserved, ...]


PlanOf = Callable[[CityState], Tried]
"""Searches for the plan of a state; the same state gives the same plan."""


class Refused(Exception):
    """A command that can't be followed. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What stands after some commands; `once` holds for the next plan only."""

    standing: tuple[Pin, ...]
    once: tuple[Pin, ...] = ()

    def of(self, state: CityState) -> CityState:
        """Return the state in which they hold; of an order's wishes of a kind the newest does."""
        newest = {(pin.order_id, pin.kind): pin for pin in (*self.standing, *self.once)}
        return replace(state, pins=tuple(newest.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """What the commands of a state led to."""

    wishes: Wishes
    outcomes: tuple[Outcome, ...]
    tried: Tried | None
    """The plan that follows those that were accepted; None: none was."""


_CHANGES: Final[Mapping[str, frozenset[str]]] = {
    "pin": frozenset({"pin"}),
    "hold": frozenset({"hold"}),
    "release": frozenset({"pin", "hold"}),
}
"""Of which kinds an order's standing wishes are changed by a command; the others leave them."""


def follow(state: CityState, plan_of: PlanOf) -> Commanded:
    """Follow a state's first commands in their order, each on top of those before."""
    wishes, outcomes = Wishes(standing=state.pins), []
    before: Tried | None = None
    after: Tried | None = None
    for command in state.commands[:MOST_FOLLOWED]:
        try:
            wanted = _wanted(state, command, wishes)
        except Refused as refusal:
            outcomes.append(_refused(command, str(refusal)))
            continue
        before = after or before or plan_of(wishes.of(state))
        tried = plan_of(wanted.of(state))
        if left_behind := _left_behind(before.unserved, tried.unserved):
            outcomes.append(_refused(command, left_behind))
            continue
        price = tried.plan.cost.total_minor - before.plan.cost.total_minor
        wishes, after = _priced(wanted, wishes, price), tried
        outcomes.append(_accepted(command, price))
    return Commanded(wishes=wishes, outcomes=tuple(outcomes), tried=after)


# What a command wants ------------------------------------------------------------------------


def _wanted(state: CityState, command: Command, wishes: Wishes) -> Wishes:
    """Return the wishes with a command's. Raises Refused."""
    if command.base_version != state.plan.version:
        raise Refused(
            f"You saw version {command.base_version} of the plan, and {state.plan.version} stands; "
            "look again."
        )
    if command.kind == "undo":
        return _undone(state, command, wishes)
    order = _order_under_way(state, command.order_id or "")
    if command.kind == "release":
        return _released(order, wishes)
    if command.kind == "hold":
        _check_not_loading(state, order)
        return _held(order, command, wishes)
    _check_vehicle(state, order, command.vehicle_id or "")
    if command.kind == "move":
        return _moved(order, command, wishes)
    return _with_standing(wishes, _pin(command, vehicle_id=command.vehicle_id))


def _released(order: CityOrder, wishes: Wishes) -> Wishes:
    kept = tuple(pin for pin in wishes.standing if pin.order_id != order.id)
    if len(kept) == len(wishes.standing):
        raise Refused(f"{order.id} is neither pinned nor held.")
    return replace(wishes, standing=kept)


def _check_not_loading(state: CityState, order: CityOrder) -> None:
    """Refuse to hold what leaves in a moment: its trip is loaded as it stands."""
    trips = {(s.vehicle_id, s.trip) for s in state.plan.stops if s.order_id == order.id}
    loads = [s for s in state.plan.stops if s.kind == "load" and (s.vehicle_id, s.trip) in trips]
    for stop in loads:
        if stop.leaves_at <= state.now + LOADING:
            raise Refused(f"{order.id} is being loaded onto {stop.vehicle_id}.")


def _held(order: CityOrder, command: Command, wishes: Wishes) -> Wishes:
    if order.stage in ABOARD:
        raise Refused(f"{order.id} is loaded already: it can't be held any more.")
    if command.hold_until is None or command.hold_until <= command.at:
        raise Refused(f"{order.id} can be held until a time to come only.")
    return _with_standing(wishes, _pin(command, hold_until=command.hold_until))


def _moved(order: CityOrder, command: Command, wishes: Wishes) -> Wishes:
    for pin in wishes.standing:
        if (pin.order_id, pin.kind) == (order.id, "pin") and pin.vehicle_id != command.vehicle_id:
            raise Refused(f"{order.id} is pinned to {pin.vehicle_id}; release it first.")
    return replace(wishes, once=(*wishes.once, _pin(command, vehicle_id=command.vehicle_id)))


def _undone(state: CityState, command: Command, wishes: Wishes) -> Wishes:
    """Take back what was done by the commands of a version, where their orders can still move."""
    done = state.earlier.get(command.undo_version or 0, ())
    if not done:
        raise Refused(f"Version {command.undo_version} was not made by a command.")
    for step in done:
        order = _order_under_way(state, step.order_id)
        wishes = _as_before(wishes, step)
        if step.kind == "move" and step.vehicle_before is not None:
            _check_vehicle(state, order, step.vehicle_before)
            back = replace(command, order_id=order.id)
            wishes = replace(
                wishes, once=(*wishes.once, _pin(back, vehicle_id=step.vehicle_before))
            )
    return wishes


def _as_before(wishes: Wishes, step: Earlier) -> Wishes:
    """Let an order's wishes of the kinds that a command changed stand as they did before it."""
    changed = _CHANGES.get(step.kind, frozenset())
    others = [p for p in wishes.standing if p.order_id != step.order_id or p.kind not in changed]
    back = [pin for pin in step.pins_before if pin.kind in changed]
    return replace(wishes, standing=(*others, *back))


def _order_under_way(state: CityState, order_id: str) -> CityOrder:
    order = next((each for each in state.orders if each.id == order_id), None)
    if order is None:
        raise Refused(f"{order_id} is not under way in this city.")
    if order.stage in {"delivered", "ended"}:
        raise Refused(f"{order_id} is {order.stage} already.")
    if order.stage == "requested":
        raise Refused(f"{order_id} has no promise yet.")
    return order


def _check_vehicle(state: CityState, order: CityOrder, vehicle_id: str) -> None:
    if all(vehicle.id != vehicle_id for vehicle in state.vehicles):
        raise Refused(f"{vehicle_id} is no vehicle of this city.")
    if order.stage in ABOARD and order.aboard not in {None, vehicle_id}:
        raise Refused(f"{order.id} is aboard {order.aboard}: only a relay can take it over.")


def _pin(
    command: Command, *, vehicle_id: str | None = None, hold_until: datetime | None = None
) -> Pin:
    return Pin(
        order_id=command.order_id or "",
        kind="hold" if hold_until else "pin",
        vehicle_id=vehicle_id,
        hold_until=hold_until,
        price=0,
        by=command.by,
    )


def _with_standing(wishes: Wishes, pin: Pin) -> Wishes:
    """Let a wish stand in the place of its order's older one of the kind."""
    others = tuple(
        each for each in wishes.standing if (each.order_id, each.kind) != (pin.order_id, pin.kind)
    )
    return replace(wishes, standing=(*others, pin))


# What it comes to ----------------------------------------------------------------------------


def _left_behind(before: Sequence[PlannedUnserved], after: Sequence[PlannedUnserved]) -> str | None:
    """Return why an order stays behind that a plan without the command serves."""
    known = {unserved.order_id for unserved in before}
    for unserved in after:
        if unserved.order_id not in known:
            return f"{unserved.order_id} would stay behind. {unserved.sentence}"
    return None


def _priced(wanted: Wishes, before: Wishes, price: int) -> Wishes:
    """Write the price on the wish that is new."""
    known = set(before.standing)
    standing = tuple(
        pin if pin in known or pin.price else replace(pin, price=price) for pin in wanted.standing
    )
    return replace(wanted, standing=standing)


def _accepted(command: Command, price: int) -> Outcome:
    done = {
        "pin": f"{command.order_id} is brought by {command.vehicle_id} until it is released.",
        "move": f"{command.order_id} is brought by {command.vehicle_id}.",
        "hold": f"{command.order_id} is not brought before the time that you gave.",
        "release": f"{command.order_id} is planned freely again.",
        "undo": f"What the commands of version {command.undo_version} did is taken back.",
    }
    return Outcome(command_id=command.id, accepted=True, reason=done[command.kind], price=price)


def _refused(command: Command, reason: str) -> Outcome:
    return Outcome(command_id=command.id, accepted=False, reason=reason)
