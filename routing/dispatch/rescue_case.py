"""What is in question aboard a vehicle, and what does the plan say of it?

The standing problem, with the relay vehicles that it leaves out, and a vehicle that has broken down
with what it carries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from routing.check_values import MAX_TIME_S
from routing.dispatch import relay
from routing.dispatch.cold import Began, Chances, began_on, chances_of, failures
from routing.dispatch.standing import FREE, Standing, Ways
from routing.dispatch.state import Box, CityOrder, CityVehicle, Shift, Zone
from routing.dispatch.times import Clock
from routing.dispatch.wanted import Carried, Terms, drop_cost, tier_of, wanted
from routing.dispatch.world import World
from routing.plan import Draft, Tour
from routing.problem import CurrentTrip, Place, Problem, Vehicle
from schemas.disruptions import BreakdownDetails

Boxes = Sequence[tuple[str, Box]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Boxes in question, with the plan as it is."""

    problem: Problem
    draft: Draft
    clock: Clock
    giver: str
    stands: bool
    orders: Mapping[str, CityOrder]
    chances: Mapping[str, Chances]
    """By box; one that has nothing to lose has none."""
    boxes: tuple[tuple[str, Box], ...]
    began: Began
    fleet: Mapping[str, CityVehicle]
    """The city's vehicle of each vehicle of the problem."""
    failed: Mapping[str, Mapping[Zone, object]]
    drop_costs: Mapping[str, int]
    any_relay: bool = False
    """Whether a relay may come however late, and from trips of its own: nobody else does."""

    def exposure_s(self, at_s: int) -> float:
        """Return the exposure on the giver's trip at a second of the day."""
        return (self.clock.time_of(at_s) - self.began.at).total_seconds() + self.began.doors_s

    def chance(self, box: Box, at_s: int | None) -> float:
        """Return the chance that a box is spoilt by a second of the day; None: nobody comes."""
        chances = self.chances.get(box.id)
        if chances is None:
            return 1.0 if box.has_left_range else 0.0
        return chances.points[-1][1] if at_s is None else chances.at(self.exposure_s(at_s))

    def lost(self, order_id: str, at_s: int) -> int:
        """Return what an order's boxes have lost by then."""
        exposure_s = self.exposure_s(at_s)
        return round(
            sum(
                box.spoil_cost * self.chances[box.id].lost(exposure_s)
                for of, box in self.boxes
                if of == order_id and box.id in self.chances
            )
        )

    def at_stake(self, order_id: str) -> int:
        """Return what an order's boxes lose at most."""
        return self.lost(order_id, MAX_TIME_S)


def case_of(standing: Standing, ways: Ways, vehicle_id: str, boxes: Boxes) -> Case | None:
    """Return what is in question aboard a vehicle. None: nothing of it can be planned."""
    state, world = standing.state, World(standing.state, ways, FREE)
    asked = tuple(dict.fromkeys(order_id for order_id, _ in boxes))
    ground = _Ground.of(standing)
    if not _is_known(ground, world, world.vehicles[vehicle_id]):
        return None
    ground = _with_relays(ground, world)
    giver = next(
        (v for v in (relay.carrier(ground.problem, each) for each in asked) if v is not None), None
    )
    stands = giver is None
    if giver is None:
        ground = _with_stranded(ground, world, vehicle_id, asked)
        giver = len(ground.problem.vehicles) - 1
    row = ground.problem.vehicles[giver]
    if row.current is None:
        return None
    failed = failures(state)
    began = began_on(
        state,
        world.vehicles[vehicle_id],
        at=standing.clock.time_of(row.current.departed_s),
        doors_s=row.current.stops_made * row.door_s,
    )
    orders = {id_: world.orders[id_] for id_ in asked if id_ in relay.aboard(row)}
    if not orders:
        return None
    found = {
        box.id: chances_of(
            orders[id_],
            box,
            now=state.now,
            loop=True,
            hold_percent=world.hold_percent(),
            began=began,
        )
        for id_, box in boxes
        if id_ in orders
    }
    return Case(
        problem=ground.problem,
        draft=ground.draft,
        clock=standing.clock,
        giver=row.id,
        stands=stands,
        orders=orders,
        chances={id_: chances for id_, chances in found.items() if chances is not None},
        boxes=tuple(pair for pair in boxes if pair[0] in orders),
        began=began,
        fleet=ground.fleet,
        failed=failed,
        drop_costs={id_: _broken_promise(world, order) for id_, order in orders.items()},
    )


def _broken_promise(world: World, order: CityOrder) -> int:
    """Return what it costs that an order doesn't come: its member has waited to the very end."""
    tier, policy = tier_of(world, order), world.state.city.policy
    return drop_cost(order, tier) + tier.late_cost_per_min * policy.latest_after_s // 60


@dataclass(frozen=True, slots=True)
class _Ground:
    """A problem, its draft, and the city's vehicle of each of the problem's."""

    problem: Problem
    draft: Draft
    fleet: Mapping[str, CityVehicle]

    @classmethod
    def of(cls, standing: Standing) -> "_Ground":
        vehicles = {vehicle.id: vehicle for vehicle in standing.state.vehicles}
        pairs = zip(standing.problem.vehicles, standing.crews, strict=True)
        fleet = {row.id: vehicles[crew.vehicle_id] for row, crew in pairs}
        return cls(standing.problem, standing.start, fleet)

    def plus(self, vehicle: Vehicle, city: CityVehicle) -> "_Ground":
        tours = (Tour(()),) if vehicle.current else ()
        return _Ground(
            replace(self.problem, vehicles=(*self.problem.vehicles, vehicle)),
            (*self.draft, tours),
            {**self.fleet, vehicle.id: city},
        )


def _is_known(ground: _Ground, world: World, city: CityVehicle) -> bool:
    """Whether a vehicle can be planned with: its depot is open, and its mode has travel times."""
    return city.depot_id in world.depots and city.mode in ground.problem.travel.modes


def _with_relays(ground: _Ground, world: World) -> _Ground:
    """Add the relay vehicles that are staffed now, where the problem leaves them out."""
    state, clock = world.state, world.clock
    known = {vehicle.id for vehicle in ground.fleet.values()}
    drove = {visit.vehicle_id for visit in state.visits if visit.order_id is not None}
    for city in state.vehicles:
        if city.role != "relay" or city.id in known or world.is_broken(city.id):
            continue
        if not _is_known(ground, world, city):
            continue
        shift = next((s for s in city.shifts if s.from_at <= state.now < s.until_at), None)
        if shift is not None:
            row = replace(
                _vehicle(city, ends_s=clock.second_of(_staffed_until(city, shift))),
                start_s=clock.second_of(shift.from_at),
                fixed_cost=0 if city.id in drove else city.fixed_cost,
            )
            ground = ground.plus(row, city)
    return ground


def _staffed_until(city: CityVehicle, shift: Shift) -> datetime:
    """Return until when somebody drives: crews that follow one another relieve each other."""
    until_at = shift.until_at
    for each in sorted(city.shifts, key=lambda each: each.from_at):
        if each.from_at <= until_at:
            until_at = max(until_at, each.until_at)
    return until_at


def _vehicle(city: CityVehicle, *, ends_s: int) -> Vehicle:
    """Return a vehicle that starts no trip by itself."""
    return Vehicle(
        id=city.id,
        depot=city.depot_id,
        kind=city.kind,
        mode=city.mode,
        capacity=city.capacity,
        start_s=0,
        end_s=ends_s,
        max_trips=0,
        range_m=city.range_m,
        door_s=city.door_s,
        fixed_cost=city.fixed_cost,
        cost_per_km=city.cost_per_km,
        cost_per_h=city.cost_per_h,
        cost_per_order=city.cost_per_order,
    )


def _with_stranded(ground: _Ground, world: World, vehicle_id: str, asked: Sequence[str]) -> _Ground:
    """Add a vehicle that stands, with what it carries: no plan knows of it."""
    city = world.vehicles[vehicle_id]
    at = _stands_at(world, city)
    orders = [world.orders[id_] for id_ in asked]
    left_at = [order.departed_at for order in orders if order.departed_at is not None]
    departed_s = world.clock.second_of(max(left_at, default=world.state.now))
    began = world.began(departed_s, 0, city)
    rows = [
        wanted(
            world,
            order,
            depots=(city.depot_id,),
            terms=Terms(carried=Carried(vehicle=city.id, began=began)),
        )
        for order in orders
    ]
    here = Place(id=f"stands:{city.id}", lat_deg=at[0], lon_deg=at[1])
    doors = {
        row.place: Place(id=row.place, lat_deg=order.lat_deg, lon_deg=order.lon_deg)
        for row, order in zip(rows, orders, strict=True)
    }
    known = {place.id for place in ground.problem.places}
    places = (
        *ground.problem.places,
        here,
        *(place for id_, place in doors.items() if id_ not in known),
    )
    problem = replace(
        ground.problem,
        places=places,
        orders=(*ground.problem.orders, *rows),
        travel=world.ways.travel_of(places, world.holding),
    )
    current = CurrentTrip(
        departed_s=min(departed_s, world.now_s),
        place=here.id,
        free_s=world.now_s,
        aboard=tuple(row.id for row in rows),
    )
    row = replace(_vehicle(city, ends_s=MAX_TIME_S), current=current)
    return _Ground(problem, ground.draft, ground.fleet).plus(row, city)


def _stands_at(world: World, city: CityVehicle) -> tuple[float, float]:
    """Return where a vehicle broke down, as was told, or by its newest fix, or at its depot."""
    told = [
        (each.details.lat_deg, each.details.lon_deg)
        for each in world.holding
        if each.vehicle_id == city.id and isinstance(each.details, BreakdownDetails)
    ]
    for lat_deg, lon_deg in told:
        if lat_deg is not None and lon_deg is not None:
            return lat_deg, lon_deg
    if city.position is not None:
        return city.position.lat_deg, city.position.lon_deg
    return world.home(city)
