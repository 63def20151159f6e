"""How does a day go without a dispatcher?

Two ways to run a world with nothing else: greedily, as a shop without a planner would, and with one
plan of the router made in the morning, by somebody who knows every order of the day before. They
say what the world is like: how hard its demand is on its fleet, and how many boxes it spoils.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from frostline.day.city import PICKING_S
from frostline.day.demand import ZONES, Ordered
from frostline.day.fleet import REST_S, FleetVehicle
from frostline.day.happenings import Handover, Happening, Instruction
from frostline.day.scenarios import HOUR_S
from frostline.day.setting_up import CLOSES_S, LATE_COST_PER_MIN, is_inner
from frostline.day.truth import World
from routing import problem as routing
from routing.plan import Plan, Route
from routing.solve import solve

Plans = Mapping[str, Sequence[Instruction]]


class Program(Protocol):
    """Who plans."""

    def depot_of(self, world: World, ordered: Ordered) -> str:
        """Return the depot that is to pick an order."""

    def look(self, world: World) -> Plans | None:
        """Look at the world; return new plans, or None."""


_LOOKS_EVERY_S: Final = 60.0
_STOPS: Final = 10
_DEPOTS: Final = 3
_HOLD_S: Final = 8400  # what a plan by hand takes any box to hold
_LATEST_AFTER_S: Final = 2 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a day came to."""

    orders: int
    delivered: int
    on_time: int
    spoiled: int
    failed_aboard: int
    """Boxes that were aboard a compartment that had failed."""
    driven_km: float
    use: float
    """Busy hours of the regular vehicles over their staffed ones."""

    @property
    def on_time_rate(self) -> float:
        """Return the share of all orders that came by their due time."""
        return self.on_time / self.orders


def run_by_hand(world: World, program: Program) -> Outcome:
    """Run a world to its end."""
    arrived: dict[str, float] = {}
    waiting = list(world.ordered)
    while world.now_s < world.ends_s:
        while waiting and waiting[0].placed_s <= world.now_s:
            ordered = waiting.pop(0)
            opens_s = ordered.window_s[0] if ordered.window_s else 0
            world.promised(ordered.id, program.depot_of(world, ordered), opens_s)
        plans = program.look(world)
        if plans is not None:
            world.set_plan(plans)
        _note(arrived, world.advance(world.now_s + _LOOKS_EVERY_S))
    return _outcome(world, arrived)


def due_s(world: World, ordered: Ordered) -> int:
    """Return by when an order is to be there: its window's end, or its tier's hours."""
    if ordered.window_s is not None:
        return ordered.window_s[1]
    hours = max(4, ordered.tier_h) if not is_inner(world.city, ordered.home) else ordered.tier_h
    return min(ordered.placed_s + hours * HOUR_S, CLOSES_S)


def nearest_depots(world: World, ordered: Ordered) -> list[str]:
    """Return the depots by their way to a home, as the crow flies; a satellite has chilled only."""
    home = ordered.home
    ways = [
        ((depot.spot.lat_deg - home.lat_deg) ** 2 + (depot.spot.lon_deg - home.lon_deg) ** 2, k)
        for k, depot in enumerate(world.city.depots)
        if depot.kind != "satellite" or set(ordered.kg) == {"chilled"}
    ]
    return [world.city.depots[k].id for _, k in sorted(ways)]


def _note(arrived: dict[str, float], happened: Sequence[Happening]) -> None:
    for each in happened:
        if isinstance(each, Handover) and each.step == "arrived":
            arrived.setdefault(each.order_id, each.at_s)


def _outcome(world: World, arrived: Mapping[str, float]) -> Outcome:
    boxes, use = world.truth(), world.use()
    delivered = {box.order_id for box in boxes if box.delivered_s is not None}
    regular = {vehicle.id for vehicle in world.fleet if vehicle.role == "regular"}
    due = {ordered.id: due_s(world, ordered) for ordered in world.ordered}
    staffed_s = sum(each.staffed_s for each in use if each.vehicle_id in regular)
    return Outcome(
        orders=len(world.ordered),
        delivered=len(delivered),
        on_time=sum(arrived[order_id] <= due[order_id] for order_id in delivered),
        spoiled=sum(box.spoiled_s is not None for box in boxes),
        failed_aboard=sum(box.compartment_failed for box in boxes),
        driven_km=sum(each.driven_m for each in use) / 1000,
        use=sum(each.busy_s for each in use if each.vehicle_id in regular) / staffed_s,
    )


# Greedy ----------------------------------------------------------------------------------------


class Greedy:
    """Nearest depot, first come, first served; a trip goes from each stop to the nearest next."""

    def __init__(self) -> None:
        self._trips: dict[str, tuple[Instruction, ...]] = {}
        self._given: set[str] = set()
        self._number = 0

    def depot_of(self, world: World, ordered: Ordered) -> str:
        """Return the nearest depot."""
        return nearest_depots(world, ordered)[0]

    def look(self, world: World) -> Plans | None:
        """Send each vehicle that has nothing to do off with what waits at its depot."""
        sent = False
        for vehicle in world.fleet:
            if vehicle.role != "relay" and world.is_free(vehicle.id):
                sent |= self._send(world, vehicle)
        return dict(self._trips) if sent else None

    def _send(self, world: World, vehicle: FleetVehicle) -> bool:
        chosen: list[Ordered] = []
        left = dict(zip(ZONES, vehicle.model.capacity.by_zone(), strict=True))
        for ordered in world.packed_at(vehicle.depot_id):
            grams = {zone: round(kg * 1000) for zone, kg in ordered.kg.items()}
            fits = all(left[zone] >= need for zone, need in grams.items())
            if ordered.id not in self._given and fits and len(chosen) < _STOPS:
                chosen.append(ordered)
                left |= {zone: left[zone] - need for zone, need in grams.items()}
        if not chosen:
            return False
        self._given |= {ordered.id for ordered in chosen}
        self._number += 1
        self._trips[vehicle.id] = tuple(self._trip(world, vehicle, chosen))
        return True

    def _trip(
        self, world: World, vehicle: FleetVehicle, chosen: list[Ordered]
    ) -> Iterator[Instruction]:
        now_s, trip = world.now_s, self._number
        yield Instruction(
            trip=trip, kind="load", arrives_s=now_s, leaves_s=now_s, depot_id=vehicle.depot_id
        )
        depot = next(depot for depot in world.city.depots if depot.id == vehicle.depot_id)
        here = depot.spot
        while chosen:
            nearest = min(
                chosen,
                key=lambda o: (
                    (o.home.lat_deg - here.lat_deg) ** 2 + (o.home.lon_deg - here.lon_deg) ** 2
                ),
            )
            chosen.remove(nearest)
            here = nearest.home
            yield Instruction(
                trip=trip, kind="deliver", arrives_s=now_s, leaves_s=now_s, order_id=nearest.id
            )


# One plan --------------------------------------------------------------------------------------


class PlannedOnce:
    """The router's plan of the whole day, made by somebody who knows it all."""

    def __init__(self, *, iterations: int, seed: int = 0) -> None:
        self._iterations = iterations
        self._seed = seed
        self.plan: Plan | None = None
        self._depots: dict[str, str] = {}

    def depot_of(self, world: World, ordered: Ordered) -> str:
        """Return the depot of the vehicle that brings it."""
        return self._depots.get(ordered.id) or nearest_depots(world, ordered)[0]

    def look(self, world: World) -> Plans | None:
        """Plan at the first look, and never again."""
        if self.plan is not None:
            return None
        self.plan = solve(problem_of(world), iterations=self._iterations, seed=self._seed)
        depot_of = {vehicle.id: vehicle.depot_id for vehicle in world.fleet}
        self._depots = {
            stop.order: depot_of[_vehicle_of(route)]
            for route in self.plan.routes
            for trip in route.trips
            for stop in trip.stops
        }
        return _stops(self.plan, depot_of)


def problem_of(world: World) -> routing.Problem:
    """Return the whole day as one problem of the router, with hindsight."""
    places = [
        routing.Place(id=depot.id, lat_deg=depot.spot.lat_deg, lon_deg=depot.spot.lon_deg)
        for depot in world.city.depots
    ]
    places += [
        routing.Place(id=each.id, lat_deg=each.home.lat_deg, lon_deg=each.home.lon_deg)
        for each in world.ordered
    ]
    return routing.Problem(
        places=tuple(places),
        orders=tuple(_order(world, ordered) for ordered in world.ordered),
        depots=tuple(
            routing.Depot(id=depot.id, place=depot.id, kind=depot.kind, picking_s=PICKING_S)
            for depot in world.city.depots
        ),
        vehicles=tuple(_vehicles(world)),
        travel=world.believed_travel(places),
    )


def _order(world: World, ordered: Ordered) -> routing.Order:
    latest_s = due_s(world, ordered)
    return routing.Order(
        id=ordered.id,
        place=ordered.id,
        load=routing.Load(**{f"{zone}_g": round(kg * 1000) for zone, kg in ordered.kg.items()}),
        depots=tuple(nearest_depots(world, ordered)[:_DEPOTS]),
        ready_s=ordered.placed_s,
        due_s=latest_s,
        latest_s=min(latest_s + _LATEST_AFTER_S, CLOSES_S),
        not_before_s=ordered.window_s[0] if ordered.window_s else 0,
        drop_cost=20_000,
        late_cost_per_min=LATE_COST_PER_MIN[ordered.tier_h],
        service_s=ordered.service_s,
        hold_s=_HOLD_S,
    )


def _vehicles(world: World) -> Iterator[routing.Vehicle]:
    for vehicle in world.fleet:
        if vehicle.role == "relay":
            continue
        for shift in vehicle.shifts:
            model = vehicle.model
            yield routing.Vehicle(
                id=f"{vehicle.id}/{shift.id}",
                depot=vehicle.depot_id,
                mode=model.mode,
                capacity=model.capacity,
                start_s=shift.from_s,
                end_s=shift.until_s,
                kind=model.kind,
                max_trips=6 if model.returns else 1,
                reload_s=model.reload_s,
                range_m=model.range_m,
                door_s=model.door_s,
                breaks=(
                    routing.Break(
                        earliest_s=shift.rest_s[0], latest_s=shift.rest_s[1], duration_s=REST_S
                    ),
                ),
                returns=model.returns,
                fixed_cost=model.fixed_cost,
                cost_per_km=model.cost_per_km,
                cost_per_h=model.cost_per_h,
                cost_per_order=model.cost_per_order,
            )


def _vehicle_of(route: Route) -> str:
    """Return a route's vehicle; the router's vehicles are one a shift."""
    return route.vehicle.rsplit("/", 1)[0]


def _stops(plan: Plan, depot_of: Mapping[str, str]) -> Plans:
    found: dict[str, list[Instruction]] = {}
    for route in plan.routes:
        vehicle = _vehicle_of(route)
        for n, trip in enumerate(route.trips):
            found.setdefault(vehicle, []).append(
                Instruction(
                    trip=n,
                    kind="load",
                    arrives_s=trip.departs_s,
                    leaves_s=trip.departs_s,
                    depot_id=depot_of[vehicle],
                )
            )
            found[vehicle] += [
                Instruction(
                    trip=n,
                    kind="deliver",
                    arrives_s=stop.arrives_s,
                    leaves_s=stop.leaves_s,
                    order_id=stop.order,
                )
                for stop in trip.stops
            ]
    return found
