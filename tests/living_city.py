"""States of a made-up city in the middle of its day, for tests of the living plan.

`city_state` takes a day of `routing.city`: its orders are promised, its fleet is staffed, nothing
is planned yet. `later` lets the plan be driven exactly until a moment, with handovers, visits and
fixes as they would have come.
"""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Final

from routing.city import city_day
from routing.dispatch.cold import limits_of
from routing.dispatch.decision import NewPlan
from routing.dispatch.learning import TimeBook
from routing.dispatch.repicking import picked_elsewhere
from routing.dispatch.standing import Ways
from routing.dispatch.state import (
    City,
    CityDepot,
    CityLocker,
    CityOrder,
    CityState,
    CityVehicle,
    LivingPlan,
    PlannedStop,
    Position,
    Shift,
    Stage,
    Visited,
)
from routing.dispatch.travelling import great_circle_of
from routing.problem import Order, Place, Problem, Vehicle
from schemas.delivery_policy import DeliveryPolicy, Tier

SHANGHAI: Final = timezone(timedelta(hours=8))
MIDNIGHT: Final = datetime(2026, 7, 1, tzinfo=SHANGHAI)
POLICY: Final = DeliveryPolicy(
    tiers=(
        Tier(hours=2, levels=("diamond", "V5"), late_cost_per_min=25, drop_cost=6000),
        Tier(hours=4, levels=("V3",), late_cost_per_min=15, drop_cost=5000),
        Tier(hours=6, levels=("V1",), late_cost_per_min=8, drop_cost=4000),
    ),
    areas={},
)
LEVELS: Final = {2: "diamond", 4: "V3", 6: "V1"}
WAYS: Final = Ways(travel_of=great_circle_of, book=TimeBook(), cold=partial(limits_of, loop=True))


def at(clock: str) -> datetime:
    """Return a time of the day, as `15:30`."""
    hours, minutes = clock.split(":")
    return MIDNIGHT + timedelta(hours=int(hours), minutes=int(minutes))


def second(s: int) -> datetime:
    return MIDNIGHT + timedelta(seconds=s)


def city_state(
    *, orders: int = 30, seed: int = 1, scenario: str = "normal", now: str = "16:30"
) -> CityState:
    """Return a city whose orders are promised and not planned yet."""
    problem = city_day(orders=orders, seed=seed, scenario=scenario)
    places = {place.id: place for place in problem.places}
    return CityState(
        now=at(now),
        city=City(id="shanghai", time_zone="Asia/Shanghai", policy=POLICY),
        depots=tuple(
            CityDepot(
                id=depot.id,
                kind=depot.kind,
                lat_deg=places[depot.place].lat_deg or 0.0,
                lon_deg=places[depot.place].lon_deg or 0.0,
                picking_s=depot.picking_s,
                orders_per_hour=depot.orders_per_hour,
            )
            for depot in problem.depots
        ),
        lockers=tuple(_lockers(problem, places)),
        vehicles=tuple(_vehicle(vehicle) for vehicle in problem.vehicles),
        orders=tuple(_order(order, places) for order in problem.orders),
        plan=LivingPlan(version=0),
    )


def _lockers(problem: Problem, places: dict[str, Place]) -> list[CityLocker]:
    ids = sorted({order.locker.place for order in problem.orders if order.locker is not None})
    return [
        CityLocker(
            id=id_, lat_deg=places[id_].lat_deg or 0.0, lon_deg=places[id_].lon_deg or 0.0, free=3
        )
        for id_ in ids
    ]


def _vehicle(vehicle: Vehicle) -> CityVehicle:
    return CityVehicle(
        id=vehicle.id,
        depot_id=vehicle.depot,
        kind=vehicle.kind,
        role="regular",
        mode=vehicle.mode,
        capacity=vehicle.capacity,
        range_m=vehicle.range_m,
        max_trips=vehicle.max_trips,
        reload_s=vehicle.reload_s,
        door_s=vehicle.door_s,
        returns=vehicle.returns,
        fixed_cost=vehicle.fixed_cost,
        cost_per_km=vehicle.cost_per_km,
        cost_per_h=vehicle.cost_per_h,
        cost_per_order=vehicle.cost_per_order,
        shifts=(
            Shift(
                from_at=second(vehicle.start_s),
                until_at=second(vehicle.end_s),
                drivers=("Wang",),
                breaks=tuple(
                    (second(rest.earliest_s), second(rest.latest_s), rest.duration_s)
                    for rest in vehicle.breaks
                ),
            ),
        ),
    )


def _order(order: Order, places: dict[str, Place]) -> CityOrder:
    place = places[order.place]
    tier_h = {25: 2, 15: 4, 8: 6}[order.late_cost_per_min]
    return CityOrder(
        id=order.id,
        stage="waiting",
        level=LEVELS[tier_h],
        tier_h=tier_h,
        lat_deg=place.lat_deg or 0.0,
        lon_deg=place.lon_deg or 0.0,
        load=order.load,
        service_s=order.service_s,
        placed_at=second(order.ready_s),
        requested_at=second(order.ready_s),
        wish="fastest",
        locker_id=order.locker.place if order.locker else None,
        due_at=second(order.due_s),
        depot_id=order.depots[0],
        alternates=order.depots[1:],
    )


def with_plan(state: CityState, plan: NewPlan | None) -> CityState:
    """Return the state after a version was written."""
    if plan is None:
        return state
    depots = {each.order_id: each.depot_id for each in picked_elsewhere(state, plan)}
    return replace(
        state,
        orders=tuple(
            replace(order, depot_id=depots.get(order.id, order.depot_id)) for order in state.orders
        ),
        plan=LivingPlan(
            version=plan.base + 1,
            made_at=state.now,
            searched_at=state.now,
            stops=plan.stops,
            unserved=plan.unserved,
        ),
    )


def later(state: CityState, now: datetime) -> CityState:
    """Return the state at a later moment, after the plan was driven exactly."""
    visits: list[Visited] = []
    orders = {order.id: order for order in state.orders}
    vehicles = {vehicle.id: vehicle for vehicle in state.vehicles}
    leaves: dict[tuple[str, int], datetime] = {}
    for stop in state.plan.stops:
        if stop.kind == "load":
            leaves[stop.vehicle_id, stop.trip] = stop.leaves_at
    for stop in state.plan.stops:
        if stop.kind == "deliver" and stop.order_id in orders:
            order = orders[stop.order_id]
            orders[stop.order_id] = _driven(order, stop, leaves[stop.vehicle_id, stop.trip], now)
        if stop.kind != "load" and stop.arrives_at <= now and not _known(state, stop):
            visits.append(_visit(state, stop, orders, now))
    closed = [_closed(visit, state, now) for visit in state.visits]
    visits = [_closed(visit, state, now) for visit in visits]
    for vehicle_id, vehicle in vehicles.items():
        own = sorted(
            (v for v in (*closed, *visits) if v.vehicle_id == vehicle_id),
            key=lambda v: v.arrived_at,
        )
        if (
            own
            and own[-1].lat_deg is not None
            and own[-1].lon_deg is not None
            and own[-1].left_at is None
        ):
            fix = Position(at=now, lat_deg=own[-1].lat_deg, lon_deg=own[-1].lon_deg)
            vehicles[vehicle_id] = replace(vehicle, position=fix)
        else:
            vehicles[vehicle_id] = replace(vehicle, position=None)
    return replace(
        state,
        now=now,
        orders=tuple(orders.values()),
        vehicles=tuple(vehicles.values()),
        visits=(*closed, *visits),
    )


def _known(state: CityState, stop: PlannedStop) -> bool:
    return any(
        visit.vehicle_id == stop.vehicle_id
        and visit.order_id == stop.order_id
        and visit.arrived_at == stop.arrives_at
        for visit in state.visits
    )


def _closed(visit: Visited, state: CityState, now: datetime) -> Visited:
    """Return a visit that has ended by now, if the plan says so."""
    if visit.left_at is not None:
        return visit
    own = [stop for stop in state.plan.stops if stop.vehicle_id == visit.vehicle_id]
    ends = [
        stop.leaves_at
        for stop in own
        if (stop.kind == "load" and visit.depot_id and stop.leaves_at > visit.arrived_at)
        or (stop.kind == "deliver" and stop.order_id == visit.order_id)
    ]
    left_at = min(ends, default=now if visit.order_id else None)
    return replace(visit, left_at=left_at) if left_at and left_at <= now else visit


def _driven(order: CityOrder, stop: PlannedStop, leaves_at: datetime, now: datetime) -> CityOrder:
    stage: Stage = order.stage
    if stop.leaves_at <= now:
        stage = "delivered"
    elif leaves_at <= now:
        stage = "out"
    elif leaves_at - timedelta(minutes=5) <= now:
        stage = "loaded"
    if stage in {order.stage, "waiting"}:
        return order
    return replace(
        order,
        stage=stage,
        aboard=stop.vehicle_id,
        packed_at=order.packed_at or leaves_at - timedelta(minutes=10),
        departed_at=leaves_at if stage != "loaded" else None,
        delivered_at=stop.leaves_at if stage == "delivered" else None,
    )


def _visit(
    state: CityState, stop: PlannedStop, orders: dict[str, CityOrder], now: datetime
) -> Visited:
    depots = {depot.id: depot for depot in state.depots}
    lockers = {locker.id: locker for locker in state.lockers}
    place: CityDepot | CityOrder | CityLocker = (
        depots[stop.depot_id] if stop.depot_id else orders[stop.order_id or ""]
    )
    if stop.to_locker:
        place = lockers[orders[stop.order_id or ""].locker_id or ""]
    return Visited(
        vehicle_id=stop.vehicle_id,
        order_id=stop.order_id,
        depot_id=stop.depot_id,
        arrived_at=stop.arrives_at,
        left_at=stop.leaves_at if stop.depot_id is None and stop.leaves_at <= now else None,
        source="position",
        lat_deg=place.lat_deg,
        lon_deg=place.lon_deg,
    )
