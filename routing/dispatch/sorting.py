"""Which orders are planned, on what terms, and why are others not?

An order that is promised and not done is planned, unless nothing that drives can bring it as things
are: then it is left out, with the reason and with what would help.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias

from routing.dispatch.duties import Duty
from routing.dispatch.state import CityOrder, PlannedUnserved
from routing.dispatch.wanted import Carried, Known, Terms, at_locker, wanted
from routing.dispatch.world import ABOARD, World
from routing.plan import Reason
from routing.problem import Load, Locker, Order

MOVE_COST: Final = 300
"""Fen to tell a driver of a change, as in `routing.city_under_way`."""
LATER_MOVE_COST: Final = 100
"""Fen for a change of what leaves later than `SOON_S`: nobody has looked at it yet."""
SOON_S: Final = 3600

Why: TypeAlias = tuple[Reason, str, str]
"""Why an order is none of the problem's: the reason, a sentence, what would help."""

NO_WAY: Final[Why] = "unreachable", "No vehicle has a way to it", "open a road to it"


@dataclass(slots=True)
class Sorting:
    """Orders of a state, sorted into those that are planned and those that are left out."""

    world: World
    duties: Sequence[Duty]
    orders: tuple[Order, ...] = ()
    left_out: list[PlannedUnserved] = field(default_factory=list)
    left_behind: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.left_behind = frozenset(
            {row.order_id for row in self.world.state.plan.unserved} | self._late()
        )
        carried, known, lockers = self._carried(), self._known(), self._lockers()
        self.orders = tuple(
            self._order(
                order,
                Terms(
                    carried=carried.get(order.id),
                    known=known.get(order.id),
                    pin=self._pin(order),
                    locker=lockers.get(order.id),
                ),
            )
            for order in sorted(self.world.state.orders, key=lambda order: order.id)
            if self._is_planned(order, carried)
        )

    def _carried(self) -> dict[str, Carried]:
        """Return the orders that are on a vehicle, or being loaded onto it."""
        found: dict[str, Carried] = {}
        for duty in self.duties:
            trip = duty.trip
            if trip is None:
                continue
            began = None
            if trip.departed:
                began = self.world.began(trip.departed_s, trip.stops_made, duty.vehicle)
            for id_ in trip.orders:
                here_for_s = 0
                if trip.here is not None and trip.here.order_id == id_:
                    here_for_s = self.world.now_s - self.world.clock.second_of(trip.here.since)
                found[id_] = Carried(
                    vehicle=duty.name,
                    began=began,
                    here_for_s=here_for_s,
                    cooled=self.world.cooled_by(duty.vehicle),
                )
        return found

    def _known(self) -> dict[str, Known]:
        """Return who was to bring an order, and what it costs if another does."""
        soon_s = self.world.now_s + SOON_S
        return {
            id_: Known(
                vehicle=duty.name, move_cost=MOVE_COST if leaves_s <= soon_s else LATER_MOVE_COST
            )
            for duty in self.duties
            for orders, leaves_s in duty.tours
            for id_ in orders
        }

    def _lockers(self) -> dict[str, Locker]:
        """Return who may have a locker instead of the door: as many as there is room for."""
        planned = {stop.order_id for stop in self.world.state.plan.stops if stop.to_locker}
        free = {locker.id: locker.free for locker in self.world.state.lockers}
        found: dict[str, Locker] = {}
        for order in sorted(self.world.state.orders, key=lambda o: (o.id not in planned, o.id)):
            locker = at_locker(self.world, order)
            if locker is not None and order.locker_id is not None and free[order.locker_id] > 0:
                free[order.locker_id] -= 1
                found[order.id] = locker
        return found

    def _is_planned(self, order: CityOrder, carried: Mapping[str, Carried]) -> bool:
        """Return whether an order is part of the problem; say why one that should be isn't."""
        if order.stage in {"requested", "delivered", "ended"}:
            return False
        if order.id in carried:
            return True
        why = self._why_aboard(order) if order.stage in ABOARD else None
        why = why or self._why_waiting(order)
        if why is not None:
            self._leave(order, *why)
        return why is None

    def _why_aboard(self, order: CityOrder) -> Why | None:
        """Return why what is on a vehicle can't be brought by it."""
        if order.id in self.world.cut_off or order.aboard in self.world.stuck:
            return NO_WAY
        if order.id in self.world.returning:
            return "cold", "It comes back to its depot", "pack and promise it anew"
        if not self.world.is_broken(order.aboard or ""):
            return "shift", f"{order.aboard} has it and is not at work", "staff it"
        if order.stage == "out":
            return "shift", f"{order.aboard} stands with it", "send a relay vehicle"
        return None

    def _why_waiting(self, order: CityOrder) -> Why | None:
        """Return why what is at a depot can't be brought."""
        if order.id in self.world.cut_off:
            return NO_WAY
        if not self._depots_of(order):
            return "stock", "None of its depots is open", "open one"
        if self._pin(order) is None and order.id in self.world.pinned:
            who = self.world.pinned[order.id]
            return "pin", f"It is pinned to {who}, which is not at work", "release the pin"
        return None

    def _leave(self, order: CityOrder, reason: str, sentence: str, remedy: str) -> None:
        remedy = f"It is served if you {remedy}."
        self.left_out.append(
            PlannedUnserved(
                order_id=order.id, reason=reason, sentence=f"{sentence}.", remedy=remedy
            )
        )

    def _order(self, order: CityOrder, terms: Terms) -> Order:
        depots = self._depots_of(order)
        if terms.carried is not None:
            depots = [
                duty.vehicle.depot_id for duty in self.duties if duty.name == terms.carried.vehicle
            ]
        return wanted(self.world, order, depots=depots, terms=terms)

    def _depots_of(self, order: CityOrder) -> list[str]:
        """Return the depots that may bring an order: its own, which picks from the promise on.

        An alternate picks it anew where its own is closed; any other where its own has nobody at
        work who could carry it, or the plan that stands leaves it behind or brings it too late.
        """
        own, open_ = order.depot_id, sorted(self.world.depots)
        if own is None:
            return open_
        if own not in open_:
            return [depot for depot in order.alternates if depot in open_]
        if order.stage in ABOARD:
            return [own]
        if order.id in self.left_behind or not self._is_staffed(own, order.load):
            return [own, *(depot for depot in open_ if depot != own)]
        return [own]

    def _late(self) -> set[str]:
        """Return the orders that are planned too late, and that another depot has time to pick."""
        plan, world = self.world.state.plan, self.world
        loads = {(s.vehicle_id, s.trip): s.leaves_at for s in plan.stops if s.kind == "load"}
        picking_s = max((depot.picking_s for depot in world.depots.values()), default=0)
        picked_at = world.state.now + timedelta(seconds=picking_s)
        return {
            order.id
            for stop in plan.stops
            if (order := world.orders.get(stop.order_id or "")) is not None
            and order.due_at is not None
            and stop.arrives_at + timedelta(seconds=order.service_s) > order.due_at
            and loads.get((stop.vehicle_id, stop.trip), world.state.now) > picked_at
        }

    def _is_staffed(self, depot: str, load: Load) -> bool:
        """Return whether somebody of a depot could carry a load today."""
        return any(
            duty.vehicle.depot_id == depot
            and all(
                room >= need
                for room, need in zip(duty.vehicle.capacity.by_zone(), load.by_zone(), strict=True)
            )
            for duty in self.duties
        )

    def _pin(self, order: CityOrder) -> str | None:
        """Return the vehicle of the problem that a pin means: the shift that can be in time."""
        vehicle = self.world.pinned.get(order.id)
        own = [duty for duty in self.duties if duty.vehicle.id == vehicle]
        due_at = order.due_at or order.requested_at
        in_time = [duty for duty in own if duty.shift.until_at >= due_at]
        return next((duty.name for duty in (*in_time, *own[-1:])), None)
