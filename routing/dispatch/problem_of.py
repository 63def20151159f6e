"""What is left to plan of a city's day, as a routing problem?

`stand` makes it of a state, with the rest of the living plan as a start that breaks no rule of it.
What is on its way stays there, drivers know what they were told, pins hold, and limits that reality
has broken are widened to what is real. A problem has no memory: the same state gives the same one,
in whatever order its rows were read.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from routing.check_travel import reach_faults
from routing.dispatch.duties import Duty, as_vehicle, duties
from routing.dispatch.mending import mended
from routing.dispatch.spells import Spelled, spells_of
from routing.dispatch.standing import FREE, Bound, Crew, Standing, Ways
from routing.dispatch.state import CityDepot, CityOrder, CityState, PlannedUnserved
from routing.dispatch.wanted import Carried, Known, Terms, at_locker, wanted
from routing.dispatch.widening import widened
from routing.dispatch.world import ABOARD, World
from routing.evaluate import Judge
from routing.plan import Draft, Reason, Tour, Visit
from routing.problem import Depot, Locker, Order, Place, Problem, Vehicle
from routing.travel import Travel
from routing.weather import Weathered

MOVE_COST: Final = 300
"""Fen to tell a driver of a change, as in `routing.city_under_way`."""
LATER_MOVE_COST: Final = 100
"""Fen for a change of what leaves later than `SOON_S`: nobody has looked at it yet."""
SOON_S: Final = 3600

Why: TypeAlias = tuple[Reason, str, str]
"""Why an order is none of the problem's: the reason, a sentence, what would help."""

NO_WAY: Final[Why] = "unreachable", "No vehicle has a way to it", "open a road to it"


def stand(state: CityState, ways: Ways, bound: Bound = FREE) -> Standing:
    """Return the rest of a city's day as a problem that can be planned, with its start."""
    world = World(state, ways, bound)
    modes = ways.travel_of(_depot_places(world), world.holding).modes
    while True:  # ends: each round leaves out something more
        building = _Building(world, duties(world, modes))
        lost = building.lost()
        if not lost and not building.stuck:
            return building.standing()
        world.cut_off |= lost
        world.stuck |= frozenset() if lost else building.stuck


@dataclass(slots=True)
class _Building:
    """One problem in the making. `stuck` vehicles have no way to where they must go."""

    world: World
    duties: list[Duty]
    stuck: frozenset[str] = frozenset()
    left_out: list[PlannedUnserved] = field(default_factory=list)
    problem: Problem = field(init=False)

    def __post_init__(self) -> None:
        carried = self._carried()
        known = self._known()
        lockers = self._lockers()
        orders = [
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
        ]
        places = tuple(self._places())
        self.problem = Problem(
            places=places,
            orders=tuple(orders),
            depots=tuple(_depots(self.world, self._leaving())),
            vehicles=(),
            travel=_travel(self.world, places),
            now_s=self.world.now_s,
        )
        self._staff()

    # Orders

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
                found[id_] = Carried(vehicle=duty.name, began=began, here_for_s=here_for_s)
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

    def _leaving(self) -> Counter[tuple[str, int]]:
        """Return how many orders each depot gave away by clock hour: this one's, and what loads."""
        world = self.world
        leaving: Counter[tuple[str, int]] = Counter()
        for order in world.state.orders:
            if order.departed_at is not None and order.depot_id is not None:
                leaving[order.depot_id, world.clock.second_of(order.departed_at) // 3600] += 1
        for duty in self.duties:
            if duty.trip is not None and not duty.trip.departed:
                hour = duty.trip.departed_s // 3600
                leaving[duty.vehicle.depot_id, hour] += len(duty.trip.orders)
        return leaving

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
        """Return the depots that may bring an order: only its own once it is packed."""
        own = [order.depot_id] if order.depot_id is not None else []
        if order.stage != "waiting":
            own = self._packed_at(order) or own
        elif own:
            own += [depot for depot in order.alternates if depot not in own]
        else:
            own = sorted(self.world.depots)
        return [depot for depot in own if depot in self.world.depots]

    def _packed_at(self, order: CityOrder) -> list[str]:
        """Return the depot whose plan it stood in when it was packed."""
        for duty in self.duties:
            if any(order.id in orders for orders, _ in duty.tours):
                return [duty.vehicle.depot_id]
        return []

    def _pin(self, order: CityOrder) -> str | None:
        """Return the vehicle of the problem that a pin means: the shift that can be in time."""
        vehicle = self.world.pinned.get(order.id)
        own = [duty for duty in self.duties if duty.vehicle.id == vehicle]
        due_at = order.due_at or order.requested_at
        in_time = [duty for duty in own if duty.shift.until_at >= due_at]
        return next((duty.name for duty in (*in_time, *own[-1:])), None)

    # Places and vehicles

    def _places(self) -> Iterator[Place]:
        """Yield all places: also those of orders that wait for an answer."""
        yield from _depot_places(self.world)
        for locker in sorted(self.world.state.lockers, key=lambda locker: locker.id):
            yield Place(id=f"locker:{locker.id}", lat_deg=locker.lat_deg, lon_deg=locker.lon_deg)
        for order in sorted(self.world.state.orders, key=lambda order: order.id):
            if order.stage not in {"delivered", "ended"}:
                yield Place(id=f"order:{order.id}", lat_deg=order.lat_deg, lon_deg=order.lon_deg)
        for duty in self.duties:
            if duty.trip is not None and duty.trip.at is not None:
                lat_deg, lon_deg = duty.trip.at
                yield Place(id=f"vehicle:{duty.vehicle.id}", lat_deg=lat_deg, lon_deg=lon_deg)

    def _staff(self) -> None:
        """Add the vehicles, with limits widened to what is real."""
        vehicles: list[Vehicle] = []
        stuck: set[str] = set()
        judge = Judge(self.problem)
        for duty in self.duties:
            vehicle = as_vehicle(self.world, duty)
            real = widened(judge, vehicle, self._visits(judge, self._on_trip(duty)))
            if real is None:
                stuck.add(duty.vehicle.id)
            else:
                vehicle = self._after_the_shift_before(real, vehicles)
            vehicles.append(vehicle)
        self.stuck = frozenset(stuck)
        self.problem = replace(self.problem, vehicles=tuple(vehicles))

    def _on_trip(self, duty: Duty) -> Sequence[str]:
        return duty.trip.orders if duty.trip else ()

    def _after_the_shift_before(self, vehicle: Vehicle, before: Sequence[Vehicle]) -> Vehicle:
        """Let a shift begin when the vehicle is back from the one before."""
        if "#" not in vehicle.id:
            return vehicle
        start_s = max(vehicle.start_s, before[-1].end_s)
        return replace(vehicle, start_s=start_s, end_s=max(vehicle.end_s, start_s))

    def lost(self) -> frozenset[str]:
        """Return the orders that no vehicle can reach."""
        faults = {fault.where for fault in reach_faults(self.problem)}
        return frozenset(
            order.id
            for k, order in enumerate(self.problem.orders)
            if f"orders[{k}].place" in faults
        )

    # The start

    def standing(self) -> Standing:
        """Return what was built, with its start."""
        start = self._start()
        served = {
            self.problem.orders[v.order].id for row in start for tour in row for v in tour.visits
        }
        planned = {id_ for duty in self.duties for ids, _ in duty.tours for id_ in ids}
        return Standing(
            state=self.world.state,
            clock=self.world.clock,
            ways=self.world.ways,
            problem=self.problem,
            start=start,
            crews=tuple(self._crew(duty) for duty in self.duties),
            transfers=self.world.transfers,
            left_out=tuple(self.left_out),
            here=tuple(duty.trip.here for duty in self.duties if duty.trip and duty.trip.here),
            dropped=frozenset(planned - served),
        )

    def _crew(self, duty: Duty) -> Crew:
        return Crew(
            vehicle_id=duty.vehicle.id,
            shift=duty.shift,
            first_trip=duty.where.first_trip if duty.where else 0,
            departed=duty.trip is not None and duty.trip.departed,
        )

    def _start(self) -> Draft:
        """Return the rest of the living plan: as early as it goes, or as planned, or mended."""
        judge = Judge(self.problem)
        return mended(
            self.problem, [self._draft(judge, as_planned=planned) for planned in (False, True)]
        )

    def _draft(self, judge: Judge, *, as_planned: bool) -> Draft:
        rows: list[tuple[Tour, ...]] = []
        for duty in self.duties:
            tours = [Tour(self._visits(judge, duty.trip.orders))] if duty.trip is not None else []
            for orders, leaves_s in duty.tours:
                visits = self._visits(judge, orders)
                if visits:
                    tours.append(Tour(visits, leaves_s if as_planned else 0))
            rows.append(tuple(tours))
        return tuple(rows)

    def _visits(self, judge: Judge, orders: Sequence[str]) -> tuple[Visit, ...]:
        planned = {stop.order_id for stop in self.world.state.plan.stops if stop.to_locker}
        visits = []
        for id_ in orders:
            number = judge.number_of.get(id_)
            if number is not None:
                at_locker_ = judge.problem.orders[number].locker is not None and id_ in planned
                visits.append(Visit(number, to_locker=at_locker_))
        return tuple(visits)


# Depots and travel --------------------------------------------------------------------------------


def _depot_places(world: World) -> list[Place]:
    return [
        Place(id=f"depot:{depot.id}", lat_deg=depot.lat_deg, lon_deg=depot.lon_deg)
        for _, depot in sorted(world.depots.items())
    ]


def _depots(world: World, leaving: Counter[tuple[str, int]]) -> Iterator[Depot]:
    for _, depot in sorted(world.depots.items()):
        yield Depot(
            id=depot.id,
            place=f"depot:{depot.id}",
            kind=depot.kind,
            picking_s=depot.picking_s,
            orders_per_hour=_picking_left(world, depot, leaving),
        )


def _picking_left(
    world: World, depot: CityDepot, leaving: Counter[tuple[str, int]]
) -> tuple[int, ...] | None:
    """Return what a depot can still pick: trips that left or are being loaded took their part."""
    if depot.orders_per_hour is None:
        return None
    left = list(depot.orders_per_hour)
    for hour in range(world.now_s // 3600, world.now_s // 3600 + 24):
        left[hour % 24] = max(0, left[hour % 24] - leaving[depot.id, hour])
    return tuple(left)


def _travel(world: World, places: Sequence[Place]) -> Travel:
    """Return the ways around what is closed, in the day's weather, at the pace that was learned."""
    closed = tuple(one for one in world.holding if one.kind != "weather")
    travel = world.ways.travel_of(places, closed)
    spells = spells_of(world.state)
    if spells:
        travel = Spelled(travel, spells)
    learned = {mode: round(world.ways.book.leg_ratio(mode).q50, 2) for mode in travel.modes}
    if all(ratio == 1.0 for ratio in learned.values()):
        return travel
    return Weathered(travel, dict(learned))
