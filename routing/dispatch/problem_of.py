"""What is left to plan of a city's day, as a routing problem?

`stand` makes it of a state, with the rest of the living plan as a start that breaks no rule of it.
What is on its way stays there, drivers know what they were told, pins hold, and limits that reality
has broken are widened to what is real. A problem has no memory: the same state gives the same one,
in whatever order its rows were read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from routing.check_travel import reach_faults
from routing.dispatch.duties import Duty, as_vehicle, duties
from routing.dispatch.ground import depot_places, depots_of, places_of, travel_of
from routing.dispatch.mending import mended
from routing.dispatch.sorting import Sorting
from routing.dispatch.standing import FREE, Bound, Crew, Standing, Ways
from routing.dispatch.state import CityState, PlannedUnserved
from routing.dispatch.widening import widened
from routing.dispatch.world import World
from routing.evaluate import Judge
from routing.plan import Draft, Tour, Visit
from routing.problem import Problem, Vehicle
from routing.remembered import remembered


def stand(state: CityState, ways: Ways, bound: Bound = FREE) -> Standing:
    """Return the rest of a city's day as a problem that can be planned, with its start."""
    world = World(state, ways, bound)
    modes = ways.travel_of(depot_places(world), world.holding).modes
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
    left_out: Sequence[PlannedUnserved] = ()
    problem: Problem = field(init=False)

    def __post_init__(self) -> None:
        world, sorting = self.world, Sorting(self.world, self.duties)
        places = tuple(places_of(world, self.duties))
        self.left_out = sorting.left_out
        self.problem = Problem(
            places=places,
            orders=sorting.orders,
            depots=tuple(depots_of(world, self.duties)),
            vehicles=(),
            travel=remembered(travel_of(world, places)),
            now_s=world.now_s,
        )
        self._staff()

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
        drafts = [self._draft(judge, as_planned=planned) for planned in (False, True)]
        planned = {stop.order_id for stop in self.world.state.plan.stops}
        # What is pinned elsewhere is left to the search: what that costs is the pin's price.
        wanted = frozenset(
            number
            for number, order in enumerate(self.problem.orders)
            if order.id in planned and order.only_vehicle is None
        )
        return mended(self.problem, drafts, wanted)

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
